"""What a ticket for an execution algorithm says, turned into a parent order, and what the gate is asked about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from widgets.ticket.ticket_order import SizeUnit, TicketEntry, TicketProblem, lots_of, ticks_of
from workstation.core.algorithms import Iceberg, ParentOrder, Scaled, Twap
from workstation.core.errors import OrderError
from workstation.core.instrument import Instrument
from workstation.core.money import to_rate
from workstation.core.orders import Intent
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import OrderRole, OrderType, Side
from workstation.rules.rounding import divide_half_even
from workstation.trading.algorithms import plans


class AlgorithmKind(Enum):
    """The execution algorithms by the names that people know."""

    TWAP = "TWAP"
    ICEBERG = "Iceberg"
    SCALED = "Scaled"


WORDS = {
    AlgorithmKind.TWAP: " by TWAP",
    AlgorithmKind.ICEBERG: " as an iceberg",
    AlgorithmKind.SCALED: ", scaled,",
}
"""How the ticket's button says it, after the size."""


@dataclass(frozen=True)
class AlgorithmEntry:
    """The fields as they were typed, by name; ``None`` where one is empty or no number."""

    kind: AlgorithmKind
    figures: dict[str, Decimal | None]
    geometric: bool = False

    def needed(self, name: str, what: str) -> Decimal:
        figure = self.figures[name]
        if figure is None or figure <= 0:
            raise TicketProblem(name, f"{what} above 0 is needed.")
        return figure

    def whole(self, name: str, what: str) -> int:
        figure = self.needed(name, what)
        if figure != figure.to_integral_value():
            raise TicketProblem(name, f"{what} is a whole number.")
        return int(figure)

    def rate(self, name: str) -> int:
        """Of a field in per cent; an empty one is 0."""
        return to_rate((self.figures[name] or Decimal(0)) / 100)


def expected_price(entry: AlgorithmEntry, best: Decimal | None) -> Decimal | None:
    """Where it would trade on average, as far as its plan says: ``best`` is the other side of the book."""
    if entry.kind is AlgorithmKind.ICEBERG:
        return entry.figures["price"]
    if entry.kind is AlgorithmKind.SCALED:
        first, last = entry.figures["first"], entry.figures["last"]
        return (first + last) / 2 if first and last else None
    return best


def make_parent_order(
    ticket: TicketEntry, entry: AlgorithmEntry, instrument: Instrument, price: Decimal | None, equity: Decimal
) -> ParentOrder:
    """The parent order of a ticket; ``price`` is where it would trade on average. Raises ``TicketProblem``."""
    plan = _PLANS[entry.kind](entry, instrument)
    if ticket.unit is SizeUnit.RISK:
        raise TicketProblem("size", "An algorithm has no stop to size it by: choose another unit.")
    if price is None:
        raise TicketProblem("size", "There is no price yet; wait for the book.")
    order = ParentOrder(
        symbol=ticket.symbol,
        side=ticket.side,
        lots=lots_of(ticket, instrument, price, equity),
        plan=plan,
        reduce_only=ticket.reduce_only,
        reason="ticket",
    )
    try:
        plans.check(order, instrument)
    except OrderError as error:
        raise TicketProblem("", str(error)) from None
    return order


def _twap(entry: AlgorithmEntry, instrument: Instrument) -> Twap:
    offset = entry.figures["offset"]
    if offset is not None and offset != offset.to_integral_value():
        raise TicketProblem("offset", "The offset is a whole number of ticks; empty sends market orders.")
    return Twap(
        duration_ns=int(entry.needed("duration", "A duration") * MINUTE_NS),
        slices=entry.whole("slices", "A number of slices"),
        offset=None if offset is None else int(offset),
        randomness=entry.rate("randomness"),
    )


def _iceberg(entry: AlgorithmEntry, instrument: Instrument) -> Iceberg:
    shown = entry.needed("visible", "A size to show")
    try:
        visible = instrument.lots(shown)
    except ValueError:
        sentence = f"Sizes of {instrument.symbol} move in steps of {instrument.lot}."
        raise TicketProblem("visible", sentence) from None
    return Iceberg(
        price=ticks_of(instrument, "price", entry.figures["price"]),
        visible=visible,
        refill=entry.rate("refill"),
        randomness=entry.rate("randomness"),
    )


def _scaled(entry: AlgorithmEntry, instrument: Instrument) -> Scaled:
    return Scaled(
        first_price=ticks_of(instrument, "first", entry.figures["first"]),
        last_price=ticks_of(instrument, "last", entry.figures["last"]),
        count=entry.whole("count", "A number of orders"),
        sizes="geometric" if entry.geometric else "linear",
        ratio=to_rate(entry.needed("ratio", "A ratio")),
    )


_PLANS: dict[AlgorithmKind, Callable[[AlgorithmEntry, Instrument], Twap | Iceberg | Scaled]] = {
    AlgorithmKind.TWAP: _twap,
    AlgorithmKind.ICEBERG: _iceberg,
    AlgorithmKind.SCALED: _scaled,
}


def first_child(order: ParentOrder, bid: int, ask: int) -> Intent:
    """The order that it would begin with, which the gate is asked about; ``bid`` and ``ask`` are ticks."""
    plan = order.plan
    if isinstance(plan, Twap):
        best = ask if order.side is Side.BUY else bid
        price = 0 if plan.offset is None else max(1, best + int(order.side) * plan.offset)
        return _intent(order, max(1, order.lots // plan.slices), price)
    if isinstance(plan, Iceberg):
        return _intent(order, min(plan.visible, order.lots), plan.price)
    rung = plans.rungs(plan, order.lots)[0]
    return _intent(order, rung.lots, rung.price)


def average_ticks(order: ParentOrder) -> int:
    """Average price of a scaled order by the sizes of its orders, ticks; 0 for any other."""
    if not isinstance(order.plan, Scaled):
        return 0
    rungs = plans.rungs(order.plan, order.lots)
    return divide_half_even(sum(rung.price * rung.lots for rung in rungs), order.lots)


def whole(order: ParentOrder, price: int) -> Intent:
    """All of it as one order at a price in ticks, for what it would cost."""
    return _intent(order, order.lots, price)


def _intent(order: ParentOrder, lots: int, price: int) -> Intent:
    return Intent(
        symbol=order.symbol,
        side=order.side,
        lots=lots,
        type=OrderType.LIMIT if price else OrderType.MARKET,
        price=price,
        reduce_only=order.reduce_only,
        role=OrderRole.EXIT if order.reduce_only else OrderRole.ENTRY,
        reason=order.reason,
    )
