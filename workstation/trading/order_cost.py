"""What an order would cost if it filled at the price that can be expected now."""

from __future__ import annotations

from typing import NamedTuple

from workstation.core.orders import Intent
from workstation.core.types import OrderType, Side
from workstation.market.order_book import OrderBook
from workstation.rules.fees import trade_fee
from workstation.rules.margin import increasing_lots, initial_margin
from workstation.rules.value import notional, position_value
from workstation.trading.market_state import MarketState


class FeeRates(NamedTuple):
    """Fractions of an order's worth in 1e-8; a negative one is a rebate."""

    maker: int
    taker: int


class OrderCost(NamedTuple):
    """Amounts in 1e-8 of the asset that the symbol settles in."""

    cost: int
    """Worth at the expected price."""
    fee: int
    """Negative is a rebate."""
    margin: int
    """What it binds beyond what is bound now: nothing for what closes a position, all of its worth on spot."""
    risk: int | None
    """Loss from the expected price to its stop, fees aside; ``None`` without one."""
    maker: bool


def order_cost(intent: Intent, market: MarketState, held: int, *, leverage: int, rates: FeeRates) -> OrderCost | None:
    """``held`` are the account's signed lots in the symbol. ``None`` while there is no price."""
    instrument, lots = market.instrument, int(intent.side) * intent.lots
    price = intent.price or intent.stop_price or best_opposite(intent, market.book) or market.last_price
    if price <= 0 or intent.lots <= 0:
        return None
    cost = notional(price, lots, *instrument.valuation)
    maker = intent.post_only or (intent.type is OrderType.LIMIT and not _crosses(intent, market.book))
    if instrument.is_derivative:
        opening = 0 if intent.reduce_only else increasing_lots(held, lots)
        margin = initial_margin(notional(price, opening, *instrument.valuation), max(1, leverage))
    else:
        margin = cost if intent.side is Side.BUY else 0
    risk = None
    if intent.stop_loss:
        at_stop = position_value(intent.stop_loss, lots, *instrument.valuation)
        risk = abs(position_value(price, lots, *instrument.valuation) - at_stop)
    return OrderCost(cost, trade_fee(cost, rates.maker if maker else rates.taker), margin, risk, maker)


def best_opposite(intent: Intent, book: OrderBook) -> int:
    """The price that an order at the market would begin with, ticks; 0 where nothing is offered."""
    return (book.best_ask if intent.side is Side.BUY else book.best_bid) or 0


def _crosses(intent: Intent, book: OrderBook) -> bool:
    best = best_opposite(intent, book)
    return bool(best) and (intent.price - best) * intent.side >= 0
