"""A parent order in work: what was asked for, how far it is, and what of it is remembered over a restart."""

from __future__ import annotations

import msgspec

from workstation.core.algorithms import AlgorithmState, ParentOrder, Scaled


class Parent(msgspec.Struct, eq=False, kw_only=True):
    """The runner alone changes it; others read. ``filled`` has one count, of a scaled order one for each price."""

    algorithm_id: str
    order: ParentOrder
    seed: int
    who: str
    started_ns: int
    state: AlgorithmState = AlgorithmState.RUNNING
    reason: str = ""
    """Why it is paused or has ended."""
    changed_ns: int = 0
    step: int = 0
    delay_ns: int = 0
    filled: list[int] = []
    value: int = 0
    """Lots times ticks of what has filled."""
    cancelling: list[str] = []
    """Client ids of children that the algorithm itself ends; any other that is cancelled was so by somebody else."""
    waits: str = ""
    """Why its next order is not sent yet; not remembered."""
    refusals: int = 0
    """Children that came to nothing since the last fill; not remembered."""

    @property
    def filled_lots(self) -> int:
        return sum(self.filled)

    @property
    def is_live(self) -> bool:
        return self.state.is_live

    def tag(self, slot: int) -> str:
        """What its children are known by, also those that take another one's place."""
        return f"{self.algorithm_id}/{slot}"

    def tags(self) -> set[str]:
        """Of all its children."""
        return {self.tag(slot) for slot in range(len(self.filled))}


def slots_of(order: ParentOrder) -> int:
    """How many parts of it are counted apart."""
    return order.plan.count if isinstance(order.plan, Scaled) else 1


def read_tag(tag: str) -> tuple[str, int]:
    """The algorithm and the part of it that an order's tag names; an empty id when it names none."""
    algorithm_id, slash, slot = tag.rpartition("/")
    return (algorithm_id, int(slot)) if slash and slot.isdigit() else ("", 0)
