"""Orders in the words of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from widgets.look.numbers import format_moment
from widgets.look.tokens import Tone
from workstation.core.messages import CancelRejected, OrderAccepted, OrderExpired, OrderRejected, OrderUnknown
from workstation.core.types import EXTERNAL, OrderRole, OrderState, OrderType
from workstation.core.views import OrderView

TYPE_WORDS = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop limit",
    OrderType.TAKE_PROFIT: "target",
    OrderType.TAKE_PROFIT_LIMIT: "target limit",
    OrderType.TRAILING_STOP: "trailing stop",
}
STATE_WORDS = {
    OrderState.SUBMITTED: "Sent",
    OrderState.UNKNOWN: "In doubt",
    OrderState.HELD: "Held by the engine",
    OrderState.ACCEPTED: "Working",
    OrderState.TRIGGERED: "Triggered",
    OrderState.PARTIALLY_FILLED: "Part filled",
    OrderState.FILLED: "Filled",
    OrderState.CANCELLED: "Cancelled",
    OrderState.EXPIRED: "Expired",
    OrderState.REJECTED: "Rejected",
}
MANUAL_ORDER_NEWS = (OrderAccepted, OrderRejected, OrderExpired, OrderUnknown, CancelRejected)
"""What a person hears of an order of theirs beside its row."""
STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
TARGETS = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})
PROTECTIVE_ROLES = (OrderRole.PROTECTIVE_STOP, OrderRole.TAKE_PROFIT)


def type_words(order: OrderView) -> str:
    """``Buy limit``."""
    return f"{order.side.word.capitalize()} {TYPE_WORDS[order.type]}"


def outcome_words(event: Any, order: OrderView, *, was_in_doubt: bool) -> str:
    """What the venue made of an order, in a sentence; empty where it only did what was asked."""
    price = shown_price(order)
    what = f"{order.side.word} {order.quantity.normalize():f} {order.symbol}, {TYPE_WORDS[order.type]}"
    what += f" {price}" if price is not None and order.type is not OrderType.MARKET else ""
    if isinstance(event, OrderAccepted):
        return f"The venue has it: {what}." if was_in_doubt else ""
    reason = event.reason.rstrip(".")
    if isinstance(event, OrderRejected):
        return f"The venue refused {what}: {reason}."
    if isinstance(event, OrderExpired):
        return f"It has ended: {what}: {reason}."
    if isinstance(event, CancelRejected):
        return f"Not cancelled: {what}: {reason}."
    return f"In doubt, being asked for; do not send it again: {what}: {reason}."


def reason_words(order: OrderView) -> str:
    """Why an order is as it is, or was made; of one that works also the trigger ahead of its limit, until when, and how
    much of it shows."""
    words = [order.note or order.reason]
    if order.state.is_open and order.price is not None and waits_for_trigger(order):
        words.append(f"triggers at {order.stop_price}")
    if order.state.is_open and order.good_till_ns:
        words.append(f"good till {format_moment(order.good_till_ns)}")
    if order.state.is_open and order.visible is not None:
        words.append(f"shows {order.visible.normalize():f}")
    return ", ".join(word for word in words if word)


def state_words(order: OrderView, now_ns: int) -> str:
    """``Working``, ``At venue`` for a stop that rests there, ``Waits for entry`` for an exit, ``In doubt 0.9 s``."""
    if order.state is OrderState.UNKNOWN:
        return f"In doubt {max(0, now_ns - order.in_doubt_since_ns) / 1e9:.1f} s"
    if order.state is OrderState.HELD and order.parent_id:
        return "Waits for entry"
    if order.state is OrderState.ACCEPTED and order.type in STOPS | TARGETS:
        return "At venue"
    return STATE_WORDS[order.state]


def owner_tone(row: Mapping[str, Any]) -> Tone | None:
    """What somebody else placed or bought stands out beside the word that says so."""
    return Tone.WARNING if row["owner"] == EXTERNAL else None


def waits_for_trigger(order: OrderView) -> bool:
    """Whether its trigger is still ahead."""
    return order.stop_price is not None and order.state not in (OrderState.TRIGGERED, OrderState.PARTIALLY_FILLED)


def working_price(order: OrderView) -> Decimal | None:
    """Where it waits: at its trigger until that was reached, then at its limit."""
    return order.stop_price if waits_for_trigger(order) or order.price is None else order.price


def shown_price(order: OrderView) -> Decimal | None:
    """The price that decides: the limit, else the trigger, else what it filled at."""
    return order.price or order.stop_price or order.average_price


def is_protective(order: OrderView) -> bool:
    """Kept by cancel-all and by the kill switch."""
    return order.reduce_only and order.role in PROTECTIVE_ROLES
