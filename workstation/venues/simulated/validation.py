"""Why the venue refuses a request."""

from __future__ import annotations

from workstation.core.types import OrderType
from workstation.rules.matching import is_marketable
from workstation.rules.trailing import trailed_stop
from workstation.venues.simulated.account import VenueAccount
from workstation.venues.simulated.desk import Desk
from workstation.venues.simulated.order import VenueOrder

DUPLICATE = "DUPLICATE"
UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
QUANTITY = "QUANTITY"
PRICE = "PRICE"
MINIMUM_NOTIONAL = "MINIMUM_NOTIONAL"
REDUCE_ONLY = "REDUCE_ONLY"
BALANCE = "INSUFFICIENT_BALANCE"
MARGIN = "INSUFFICIENT_MARGIN"
PARENT = "PARENT"
ICEBERG = "ICEBERG"
"""Codes of ``OrderRejected``."""

Refusal = tuple[str, str]


def terms_refusal(order: VenueOrder, type_: OrderType) -> Refusal | None:
    """What is wrong with the order's own terms: code and reason."""
    symbol = order.symbol_state.symbol
    if order.lots <= 0 or order.lots > order.symbol_state.maximum_lots:
        most = order.symbol_state.maximum_lots
        return QUANTITY, f"The quantity of {symbol} must be between 1 and {most} lots, not {order.lots}."
    if order.limit < 0 or (order.limit == 0 and type_ is not OrderType.MARKET and type_.value.endswith("limit")):
        return PRICE, f"A {type_.value} order of {symbol} needs a price above 0."
    if order.stop_price < 0 or (order.waiting and not order.trail and order.stop_price == 0):
        return PRICE, f"A {type_.value} order of {symbol} needs a stop price above 0."
    if type_ is OrderType.TRAILING_STOP and order.trail <= 0:
        return PRICE, f"A trailing stop of {symbol} needs a distance above 0."
    if order.display and (type_ is not OrderType.LIMIT or order.immediate or not 0 < order.display <= order.lots):
        return ICEBERG, f"An iceberg of {symbol} is a limit order that rests, and shows at most its quantity."
    return None


def expected_price(order: VenueOrder) -> int:
    """Where the order will probably fill, ticks; 0 when nothing is known."""
    if order.limit:
        return order.limit
    if order.waiting and order.stop_price:
        return order.stop_price
    state = order.symbol_state
    price = state.best_opposite(order.sign) or state.mark_price() or order.reference
    return trailed_stop(0, order.sign, price, order.trail) if order.trail and price else price


def account_refusal(order: VenueOrder, desk: Desk, account: VenueAccount) -> Refusal | None:
    """Why the account cannot carry a live order, with what its other open orders bind."""
    state = order.symbol_state
    symbol = state.symbol
    if order.reduce_only:
        if order.sign * state.lots >= 0:
            return REDUCE_ONLY, f"There is no position in {symbol} that this order would reduce."
        return None
    price = expected_price(order)
    if not price:
        return None
    least = state.minimum_notional
    if account.worth(state, price, order.lots) < least:
        return MINIMUM_NOTIONAL, f"The order is worth less than the least of {symbol}."
    others = [other for other in desk.orders.values() if other is not order and not other.held]
    if not state.is_derivative and order.sign < 0:
        offered = sum(
            o.lots - o.filled
            for o in others
            if o.symbol_state is state and o.sign < 0 and not o.reduce_only and o.group != (order.group or None)
        )
        if order.lots - order.filled > account.sellable(state) - offered:
            return BALANCE, f"There is not enough {state.instrument.base} to sell."
        return None
    needed = account.bound(order, desk.taker_price(order, price) if not order.limit else price)
    free = account.free(state.settle)
    for other in others:
        if other.symbol_state.settle == state.settle and other.group != (order.group or None):
            free -= account.bound(other, expected_price(other))
    if needed > free:
        if state.is_derivative:
            return MARGIN, f"The free margin in {state.settle} does not cover the order."
        return BALANCE, f"There is not enough {state.settle} to buy."
    return None


def would_take(order: VenueOrder) -> bool:
    """Whether a post-only order crosses the book."""
    best = order.symbol_state.best_opposite(order.sign)
    return best > 0 and is_marketable(order.sign, order.limit, best)
