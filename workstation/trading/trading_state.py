"""Whether the engine may trade: the severest of all causes that restrict it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from workstation.core.types import TradingState

KILL = "kill switch"
KILL_ELSEWHERE = "kill switch of the other half"
"""What the other half of a split engine has engaged: it is lifted there."""

_SEVERITY = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


class Restriction(NamedTuple):
    state: TradingState
    reason: str
    until_ns: int


class TradingStateHolder:
    """Causes come and go independently; clearing one never lifts another."""

    def __init__(self, on_change: Callable[[TradingState, str, int], None]) -> None:
        self._on_change = on_change
        self.causes: dict[str, Restriction] = {}
        self.state = TradingState.ACTIVE
        self.reason = ""
        self.until_ns = 0

    def restrict(self, cause: str, state: TradingState, reason: str, until_ns: int = 0) -> None:
        """Add or replace a cause. ``until_ns`` 0 means that a person must lift it."""
        self.causes[cause] = Restriction(state, reason, until_ns)
        self._settle()

    def lift(self, cause: str) -> None:
        if self.causes.pop(cause, None) is not None:
            self._settle()

    @property
    def kill(self) -> Restriction | None:
        """The kill switch that is engaged: this engine's own, or the one that it follows."""
        return self.causes.get(KILL) or self.causes.get(KILL_ELSEWHERE)

    def lift_due(self, now_ns: int) -> None:
        for cause, restriction in list(self.causes.items()):
            if restriction.until_ns and restriction.until_ns <= now_ns:
                self.lift(cause)

    def settle_quietly(self) -> None:
        """Take the causes as they are without telling anyone: for a restart."""
        self.state, self.reason, self.until_ns = self._worst()

    def _settle(self) -> None:
        worst = self._worst()
        if worst != (self.state, self.reason, self.until_ns):
            self.state, self.reason, self.until_ns = worst
            self._on_change(worst.state, worst.reason, worst.until_ns)

    def _worst(self) -> Restriction:
        nothing = Restriction(TradingState.ACTIVE, "", 0)
        return max(self.causes.values(), key=lambda restriction: _SEVERITY[restriction.state], default=nothing)
