"""The parent orders of an engine: found by id or by a child's tag, brought forward by records, kept over a restart."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import msgspec

from workstation.core.errors import OrderError
from workstation.core.messages import (
    AlgorithmAdvanced,
    AlgorithmChanged,
    AlgorithmStarted,
    OrderFilled,
    PositionLiquidated,
)
from workstation.core.orders import Order
from workstation.trading.algorithms.parent import Parent, read_tag, slots_of

KEPT_ENDED = 50


class ParentBook:
    def __init__(self) -> None:
        self.parents: dict[str, Parent] = {}
        """Live ones and those that ended last, oldest first."""

    def live(self, algorithm_id: str) -> Parent:
        """One that has not ended. Raises ``OrderError``."""
        parent = self.parents.get(algorithm_id)
        if parent is None:
            raise OrderError(f"There is no algorithm {algorithm_id}.")
        if not parent.is_live:
            raise OrderError(f"Algorithm {algorithm_id} is {parent.state} already.")
        return parent

    def of(self, tag: str) -> tuple[Parent | None, int]:
        """The parent of a child by its tag, and the slot that it fills."""
        algorithm_id, slot = read_tag(tag)
        parent = self.parents.get(algorithm_id) if algorithm_id else None
        return (parent, slot) if parent is not None and slot < len(parent.filled) else (None, 0)

    def count(self, order: Order, fill: OrderFilled | PositionLiquidated) -> None:
        """Count an execution of a child, in a restart too."""
        parent, slot = self.of(order.tag)
        if parent is not None:
            parent.filled[slot] += fill.lots
            parent.value += fill.lots * fill.price
            parent.refusals = 0

    def know(self, record: AlgorithmStarted | AlgorithmAdvanced | AlgorithmChanged) -> None:
        """Be where a journalled record says."""
        if isinstance(record, AlgorithmStarted):
            self.parents[record.algorithm_id] = Parent(
                algorithm_id=record.algorithm_id,
                order=record.order,
                seed=record.seed,
                who=record.who,
                started_ns=record.ts_ns,
                changed_ns=record.ts_ns,
                filled=[0] * slots_of(record.order),
            )
            return
        parent = self.parents.get(record.algorithm_id)
        if parent is None:
            return
        if isinstance(record, AlgorithmAdvanced):
            parent.step, parent.delay_ns = record.step, record.delay_ns
            return
        parent.state, parent.reason, parent.changed_ns = record.state, record.reason, record.ts_ns
        parent.waits = ""

    def snapshot(self, orders: Mapping[str, Order]) -> list[Any]:
        """Every parent, as JSON values; ``orders`` are the engine's by client id."""
        rows: list[Any] = []
        for parent in self._kept():
            row: dict[str, Any] = msgspec.to_builtins(parent)
            del row["waits"], row["refusals"]
            open_ = (client_id for client_id in parent.cancelling if client_id in orders)
            row["cancelling"] = sorted(client_id for client_id in open_ if orders[client_id].is_open)
            rows.append(row)
        return rows

    def restore(self, snapshot: list[Any], symbols: Container[str]) -> None:
        """Take over what ``snapshot`` gave, of these symbols."""
        for parent in msgspec.convert(snapshot, list[Parent]):
            if parent.order.symbol in symbols:
                self.parents[parent.algorithm_id] = parent

    def _kept(self) -> list[Parent]:
        """Live ones, and the newest of those that have ended."""
        ended = sorted((p for p in self.parents.values() if not p.is_live), key=lambda p: p.changed_ns)
        forgotten = {parent.algorithm_id for parent in ended[:-KEPT_ENDED]}
        return [parent for parent in self.parents.values() if parent.algorithm_id not in forgotten]

    def forget_old(self) -> None:
        """Keep only the newest of those that have ended."""
        kept = self._kept()
        if len(kept) < len(self.parents):
            self.parents = {parent.algorithm_id: parent for parent in kept}
