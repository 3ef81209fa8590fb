"""What a ticket says, turned into an intent: sizes in every unit, stop and target, and what is wrong, in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import Enum

from widgets.engine.order_words import STOPS
from workstation.core.instrument import Instrument
from workstation.core.orders import Intent
from workstation.core.types import OrderRole, OrderType, Side, TimeInForce

LIMITS = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
TRIGGERED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})


class SizeUnit(Enum):
    """What the size of a ticket counts in."""

    QUANTITY = "Qty"
    VALUE = "Value"
    EQUITY = "% eq."
    RISK = "Risk"


class TicketProblem(Exception):
    """A field of the ticket is wrong; ``field`` names it, the message is one sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True)
class TicketEntry:
    """The fields as they were typed. Amounts are ``None`` where a field is empty or no number."""

    symbol: str
    side: Side
    type: OrderType
    price: Decimal | None
    trigger: Decimal | None
    trail: Decimal | None
    size: Decimal | None
    unit: SizeUnit
    stop: Decimal | None
    target: Decimal | None
    with_stop: bool
    with_target: bool
    post_only: bool
    reduce_only: bool
    time_in_force: TimeInForce = TimeInForce.GTC
    until_ns: int | None = None
    """When a good-till-date order ends, UTC; ``None`` where the field holds no time."""
    iceberg: bool = False
    visible: Decimal | None = None
    """What of an iceberg shows."""


def expected_price(entry: TicketEntry, best_bid: Decimal | None, best_ask: Decimal | None) -> Decimal | None:
    """Where the order would trade: its limit, else its trigger, else the other side of the book."""
    if entry.type in LIMITS and entry.price:
        return entry.price
    if entry.type in TRIGGERED and entry.trigger:
        return entry.trigger
    return best_ask if entry.side is Side.BUY else best_bid


def multiple_of_risk(entry: TicketEntry, price: Decimal | None) -> Decimal | None:
    """Reward over risk of the ticket's target and stop."""
    if price is None or not (entry.with_stop and entry.with_target) or entry.stop is None or entry.target is None:
        return None
    risk = (price - entry.stop) * entry.side
    return (entry.target - price) * entry.side / risk if risk > 0 else None


def make_intent(entry: TicketEntry, instrument: Instrument, price: Decimal | None, equity: Decimal) -> Intent:
    """The intent of a ticket. ``price`` is where it would trade. Raises ``TicketProblem``."""
    limit = ticks_of(instrument, "price", entry.price) if entry.type in LIMITS else 0
    trigger = ticks_of(instrument, "trigger", entry.trigger) if entry.type in TRIGGERED else 0
    trail = ticks_of(instrument, "trail", entry.trail) if entry.type is OrderType.TRAILING_STOP else 0
    if price is None:
        raise TicketProblem("price", "There is no price yet; wait for the book.")
    stop = _exit(instrument, entry, "stop", entry.stop, price) if entry.with_stop else 0
    target = _exit(instrument, entry, "target", entry.target, price) if entry.with_target else 0
    if entry.time_in_force is TimeInForce.GTD and entry.until_ns is None:
        raise TicketProblem("until", "Write a time as 2024-01-31 13:00 or 13:00.")
    return Intent(
        symbol=entry.symbol,
        side=entry.side,
        lots=lots_of(entry, instrument, price, equity),
        type=entry.type,
        price=limit,
        stop_price=trigger,
        trail=trail,
        time_in_force=entry.time_in_force,
        post_only=entry.post_only and entry.type is OrderType.LIMIT,
        reduce_only=entry.reduce_only,
        role=OrderRole.PROTECTIVE_STOP if entry.reduce_only and entry.type in STOPS else OrderRole.ENTRY,
        reason="ticket",
        stop_loss=stop,
        take_profit=target,
        good_till_ns=(entry.until_ns or 0) if entry.time_in_force is TimeInForce.GTD else 0,
        visible_lots=_quantity_lots(instrument, "visible", entry.visible) if entry.iceberg else 0,
    )


def ticks_of(instrument: Instrument, field: str, amount: Decimal | None) -> int:
    """Ticks of a typed price or distance. Raises ``TicketProblem``."""
    if amount is None or amount <= 0:
        raise TicketProblem(field, f"A {'distance' if field == 'trail' else 'price'} above 0 is needed.")
    try:
        return instrument.ticks(amount)
    except ValueError:
        raise TicketProblem(field, f"Prices of {instrument.symbol} move in steps of {instrument.tick}.") from None


def _exit(instrument: Instrument, entry: TicketEntry, field: str, amount: Decimal | None, price: Decimal) -> int:
    ticks = ticks_of(instrument, field, amount)
    assert amount is not None
    gain = (amount - price) * entry.side
    if field == "stop" and gain >= 0:
        where = "below" if entry.side is Side.BUY else "above"
        raise TicketProblem(field, f"The stop of a {entry.side.word} lies {where} its price.")
    if field == "target" and gain <= 0:
        where = "above" if entry.side is Side.BUY else "below"
        raise TicketProblem(field, f"The target of a {entry.side.word} lies {where} its price.")
    return ticks


def lots_of(entry: TicketEntry, instrument: Instrument, price: Decimal, equity: Decimal) -> int:
    """Lots of the ticket's size, rounded down where the unit is not a quantity."""
    size = entry.size
    if entry.unit is SizeUnit.QUANTITY:
        return _quantity_lots(instrument, "size", size)
    if size is None or size <= 0:
        raise TicketProblem("size", "A size above 0 is needed.")
    if entry.unit is SizeUnit.RISK:
        if not entry.with_stop or entry.stop is None:
            raise TicketProblem("size", "A size by risk needs a stop; tick Stop and give its price.")
        quantity = equity * size / 100 / _loss_of_one(instrument, price, entry.stop)
    else:
        value = equity * size / 100 if entry.unit is SizeUnit.EQUITY else size
        quantity = value / _worth_of_one(instrument, price)
    lots = int((quantity / instrument.lot).to_integral_value(ROUND_FLOOR))
    if lots < 1:
        raise TicketProblem("size", f"That is less than one step of {instrument.lot} {instrument.base}.")
    return lots


def _quantity_lots(instrument: Instrument, field: str, amount: Decimal | None) -> int:
    if amount is None or amount <= 0:
        raise TicketProblem(field, "A size above 0 is needed.")
    try:
        return instrument.lots(amount)
    except ValueError:
        raise TicketProblem(field, f"Sizes of {instrument.symbol} move in steps of {instrument.lot}.") from None


def _worth_of_one(instrument: Instrument, price: Decimal) -> Decimal:
    """Worth of quantity 1 in the quote asset at a price; of a contract that is worth a fixed amount, per price."""
    return instrument.contract_size if instrument.valuation.inverse else price * instrument.contract_size


def _loss_of_one(instrument: Instrument, price: Decimal, stop: Decimal) -> Decimal:
    """What quantity 1 loses from a price to its stop, in the quote asset at the stop."""
    loss = abs(price - stop) * instrument.contract_size
    return loss / price if instrument.valuation.inverse else loss
