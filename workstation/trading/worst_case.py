"""The largest position that what is held and in flight could lead to, owner by owner.

Owners are counted apart: what one holds long does not make up for what another holds short, since each may close its
part alone. So no fill, cancel or refusal can make the worst case worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from workstation.core.types import OrderRole, Side
from workstation.rules.limits import worst_position
from workstation.trading.ledger import Ledger, Position
from workstation.trading.order_manager import OrderManager, SymbolOrders

_NO_ORDERS = SymbolOrders()


class Sides(NamedTuple):
    """Lots of a symbol: what all owners hold long and short together, and what may still be bought and sold."""

    longs: int
    shorts: int
    buys: int
    sells: int

    @property
    def worst(self) -> int:
        longs, shorts, buys, sells = self
        return worst_position(longs, shorts, buys, sells)

    def with_order(self, side: Side, lots: int) -> Sides:
        longs, shorts, buys, sells = self
        return (
            Sides(longs, shorts, buys + lots, sells) if side is Side.BUY else Sides(longs, shorts, buys, sells + lots)
        )


class WorstCase:
    """Reads the ledger and the open orders; holds nothing."""

    def __init__(self, ledger: Ledger, orders: OrderManager) -> None:
        self._ledger = ledger
        self._orders = orders

    def sides(self, symbol: str, *, overrun: bool = True) -> Sides:
        """Without ``overrun``, as if every reducing order ended where its owner's position does.

        Those sides grow by new and larger orders alone; the overrun also by reducing orders, which always pass.
        """
        group = self._orders.by_symbol.get(symbol, _NO_ORDERS)
        buys, sells = group.worst_buys, group.worst_sells
        longs = shorts = 0
        holders: Sequence[Position] = self._ledger.by_symbol.get(symbol, ())
        for position in holders:
            lots = position.lots
            if lots > 0:
                longs += lots
            else:
                shorts -= lots
        found = Sides(longs, shorts, buys, sells)
        return self._with_overrun(found, group, holders) if overrun and group.reductions else found

    def with_overrun(self, sides: Sides, symbol: str) -> Sides:
        """The symbol's sides with what reducing orders could overrun."""
        group = self._orders.by_symbol.get(symbol)
        if group is None or not group.reductions:
            return sides
        return self._with_overrun(sides, group, self._ledger.by_symbol.get(symbol, ()))

    def _with_overrun(self, sides: Sides, group: SymbolOrders, holders: Sequence[Position]) -> Sides:
        beyond = self._beyond_flat(group, holders)
        return sides.with_order(Side.BUY, beyond[Side.BUY]).with_order(Side.SELL, beyond[Side.SELL])

    def opposed(self, owner: str, symbol: str, side: Side) -> bool:
        """Whether another owner holds what an order of this side would reduce, were it that owner's own.

        The venue knows the net position alone: there it may not look like a reduction.
        """
        return any(p.lots * side > 0 and p.owner != owner for p in self._ledger.by_symbol.get(symbol, ()))

    def _beyond_flat(self, group: SymbolOrders, holders: Sequence[Position]) -> dict[Side, int]:
        """What reducing orders could trade beyond their owner's position.

        Of orders that cancel each other the largest counts. Protective stops do not: one that takes another's place is
        there before the other has gone, and both may execute at one price.

        The venue stops them where the account's net position ends, which need not be where the owner's does; and one
        that seems to have nothing to reduce may have executed before we heard of it.
        """
        stops: dict[tuple[str, Side, str], int] = {}
        parts: dict[tuple[str, Side, str], int] = {}
        for order in group.orders.values():
            if order.reduce_only:
                lots = order.remaining
                entry = self._orders.open_parent(order)
                if entry is not None:
                    # An exit fills no further than its entry has.
                    lots = min(lots, max(0, entry.filled_lots - order.filled_lots))
                key = (order.owner, order.side, order.oco_group or order.client_id)
                if order.role is OrderRole.PROTECTIVE_STOP:
                    lots = stops[key] = stops.get(key, 0) + lots
                parts[key] = max(parts.get(key, 0), lots)
        totals: dict[tuple[str, Side], int] = {}
        for (owner, side, _), lots in parts.items():
            totals[owner, side] = totals.get((owner, side), 0) + lots
        held = {position.owner: position.lots for position in holders}
        beyond = {Side.BUY: 0, Side.SELL: 0}
        for (owner, side), lots in totals.items():
            beyond[side] += max(0, lots - max(0, -side * held.get(owner, 0)))
        return beyond
