"""Stops of the spot market: which trade sets one off, and how a trailing one follows the price."""

from __future__ import annotations

from workstation.rules.matching import is_triggered
from workstation.rules.rounding import scale_up
from workstation.sandbox.orders import NEW, NewOrder, OrderRecord

BASIS_POINTS = 10_000


def is_conditional(order: NewOrder | OrderRecord) -> bool:
    """Whether it waits for a price before it works."""
    return bool(order.stop_price or order.trailing_delta)


def is_waiting(record: OrderRecord) -> bool:
    """Whether it waits for a price now."""
    return record.status == NEW and not record.is_working and is_conditional(record)


def direction(order: NewOrder | OrderRecord) -> int:
    """1 when its stop price is met at or above it, -1 at or below."""
    return -int(order.side) if order.type.startswith("TAKE_PROFIT") else int(order.side)


def follow(record: OrderRecord, price: int, now_ns: int) -> bool:
    """Let a trade's price come to a waiting order; whether it sets the order off.

    A trailing stop with a stop price begins to follow once that was met; a sell falls behind the highest price from
    then on by its distance, a buy rises above the lowest.
    """
    if not record.trailing_delta:
        return is_triggered(direction(record), record.stop_price, price)
    if not record.is_trailing:
        if record.stop_price and not is_triggered(direction(record), record.stop_price, price):
            return False
        record.trailing_ns, record.best = now_ns, price
    sign = int(record.side)
    record.best = min(record.best, price) if sign > 0 else max(record.best, price)
    return (price * BASIS_POINTS - record.best * (BASIS_POINTS + sign * record.trailing_delta)) * sign >= 0


def lock_price(order: NewOrder | OrderRecord, last: int) -> int:
    """What a lot of an order to buy holds back, as a price: its limit, or the worst at which it may be set off."""
    if order.price:
        return order.price
    start = order.stop_price or (last if order.trailing_delta else 0)
    return start + scale_up(start, order.trailing_delta, BASIS_POINTS)
