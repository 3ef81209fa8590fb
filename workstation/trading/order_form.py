"""What an order must be in itself, and the price at which it counts."""

from __future__ import annotations

from workstation.core.orders import Intent
from workstation.core.types import InstrumentKind, OrderType, Side
from workstation.trading.denials import Denial, DenialCode
from workstation.trading.market_state import MarketState

PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
TARGETS = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})
STOPPED = STOPS | TARGETS
UNSTOPPED = frozenset({OrderType.MARKET, OrderType.LIMIT})
TRIGGERED_LIMITS = frozenset({OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})


def check_form(intent: Intent, market: MarketState, permitted: frozenset[str]) -> Denial | None:
    """Whether an order is whole and consistent in itself."""
    symbol, kind = intent.symbol, intent.type
    if symbol not in permitted and not intent.reduce_only:
        return Denial(DenialCode.NOT_PERMITTED, f"{symbol} is not among the permitted instruments.")
    if type(intent.lots) is not int or type(intent.side) is not Side or intent.lots <= 0:
        return Denial(
            DenialCode.QUANTITY,
            f"An order buys or sells whole lots; the smallest quantity of {symbol} is {market.instrument.lot}.",
        )
    for ticks in (intent.price, intent.stop_price, intent.trail, intent.stop_loss, intent.take_profit):
        if type(ticks) is not int or ticks < 0:
            return Denial(DenialCode.PRICE, f"Prices of {symbol} are whole ticks of {market.instrument.tick}.")
    if (
        (kind in PRICED) != (intent.price > 0)
        or (kind in STOPPED and intent.stop_price == 0)
        or (kind in UNSTOPPED and intent.stop_price > 0)
        or (kind is OrderType.TRAILING_STOP) != (intent.trail > 0)
    ):
        text = f"A {kind.replace('_', ' ')} order needs its own prices above 0 and takes no others."
        return Denial(DenialCode.PRICE, text)
    reference = intent.price or intent.stop_price or market.last_price
    if not intent.reduce_only and reference:
        sign = int(intent.side)
        if (intent.stop_loss and (reference - intent.stop_loss) * sign <= 0) or (
            intent.take_profit and (intent.take_profit - reference) * sign <= 0
        ):
            return Denial(DenialCode.PRICE, "The stop must lie on the losing side of the entry, the target beyond.")
    return None


def dearest_price(intent: Intent, market: MarketState) -> int:
    """The price at which the order would be worth most when it fills, in ticks."""
    last = market.last_price
    if market.instrument.kind is InstrumentKind.INVERSE:
        return min(ticks for ticks in (last, intent.price, intent.stop_price) if ticks > 0)
    if intent.side is Side.BUY and intent.price:
        return intent.price
    return max(last + intent.trail, intent.price, intent.stop_price)
