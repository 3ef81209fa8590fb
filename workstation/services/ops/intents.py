"""Orders as the API takes them, in ticks and lots."""

from __future__ import annotations

from collections.abc import Callable

from workstation.core.instrument import Instrument
from workstation.core.messages import AmendOrder
from workstation.core.orders import Intent
from workstation.core.types import MANUAL, OrderType, Side, TimeInForce
from workstation.messaging.moments import nanoseconds
from workstation.services.ops.problems import Problem
from workstation.services.ops.requests import Amendment, OrderTerms

_LARGEST = 1 << 62


def intent_of(terms: OrderTerms, instrument: Instrument) -> Intent:
    """Raises ``Problem`` where a price is no multiple of the tick or a quantity none of the lot."""
    lots = _lots(instrument, terms.quantity)
    if not lots:
        raise Problem(409, "The quantity is 0; an order needs one above it.")
    return Intent(
        symbol=instrument.symbol,
        side=Side.BUY if terms.side == "buy" else Side.SELL,
        lots=lots,
        type=OrderType(terms.type),
        price=_ticks(instrument, terms.price),
        stop_price=_ticks(instrument, terms.stop_price),
        trail=_ticks(instrument, terms.trail),
        time_in_force=TimeInForce(terms.time_in_force),
        good_till_ns=_moment(terms.good_till),
        visible_lots=0 if terms.visible is None else _lots(instrument, terms.visible),
        post_only=terms.post_only,
        reduce_only=terms.reduce_only,
        stop_loss=_ticks(instrument, terms.stop_loss),
        take_profit=_ticks(instrument, terms.take_profit),
        owner=MANUAL,
        reason=terms.reason or "ops API",
    )


def amendment_of(client_id: str, terms: Amendment, instrument: Instrument) -> AmendOrder:
    """Raises ``Problem`` as ``intent_of`` does, and where nothing is to change."""
    if terms.price is None and terms.stop_price is None and terms.quantity is None:
        raise Problem(409, "Nothing is to change: give price, stop_price or quantity.")
    return AmendOrder(
        client_id=client_id,
        price=None if terms.price is None else _ticks(instrument, terms.price),
        stop_price=None if terms.stop_price is None else _ticks(instrument, terms.stop_price),
        lots=None if terms.quantity is None else _lots(instrument, terms.quantity),
    )


def _ticks(instrument: Instrument, price: str | None) -> int:
    return 0 if price is None else _bounded(instrument.ticks, price)


def _lots(instrument: Instrument, quantity: str) -> int:
    return _bounded(instrument.lots, quantity)


def _moment(text: str | None) -> int:
    try:
        until_ns = 0 if text is None else nanoseconds(text)
    except ValueError:
        raise Problem(409, f"{text} is no time: write it as 2026-01-31T12:00:00Z, in UTC.") from None
    if until_ns >= _LARGEST:
        raise Problem(409, f"{text} is further ahead than an order can last.")
    return until_ns


def _bounded(steps_of: Callable[[str], int], text: str) -> int:
    try:
        steps = steps_of(text)
    except ValueError as error:
        raise Problem(409, str(error)) from None
    if steps >= _LARGEST:
        raise Problem(409, f"{text} is more than can be traded.")
    return steps
