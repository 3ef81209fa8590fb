"""The public past of a listing, the same on both markets: trades, aggregates of them, and klines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workstation.sandbox import errors
from workstation.sandbox.candles import Candle
from workstation.sandbox.endpoint import Call, Handler
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.tape import AggregateTrade, TapeTrade
from workstation.sandbox.wire import fixed, milliseconds


def trade(listing: Listing, trade: TapeTrade) -> dict[str, Any]:
    """A public trade."""
    return {
        "id": trade.trade_id,
        "price": listing.price_text(trade.price),
        "qty": listing.quantity_text(trade.lots),
        "quoteQty": fixed(trade.worth),
        "time": milliseconds(trade.ts_ns),
        "isBuyerMaker": trade.buyer_is_maker,
        **({"isBestMatch": True} if listing.market is Market.SPOT else {"isRPITrade": False}),
    }


def aggregate(listing: Listing, trade: AggregateTrade) -> dict[str, Any]:
    """Trades of one aggressor at one price."""
    return {
        "a": trade.trade_id,
        "p": listing.price_text(trade.price),
        "q": listing.quantity_text(trade.lots),
        "f": trade.first_id,
        "l": trade.last_id,
        "T": milliseconds(trade.ts_ns),
        "m": trade.buyer_is_maker,
        **({"M": True} if listing.market is Market.SPOT else {}),
    }


def candle(listing: Listing, candle: Candle, interval_ns: int) -> list[Any]:
    """A kline: an array of 12."""
    return [
        milliseconds(candle.open_ns),
        *(listing.price_text(price) for price in candle[1:5]),
        listing.quantity_text(candle.lots),
        milliseconds(candle.open_ns + interval_ns) - 1,
        fixed(candle.worth),
        candle.trades,
        listing.quantity_text(candle.bought_lots),
        fixed(candle.bought_worth),
        "0",
    ]


def recent_trades(market: Market) -> Handler:
    """The endpoint of the newest trades."""

    def answer(call: Call) -> list[dict[str, Any]]:
        listing = call.listing(market)
        return [trade(listing, done) for done in listing.tape.trades.latest(call.parameters.limit(500, 1000))]

    return answer


def historical_trades(market: Market) -> Handler:
    """The endpoint of trades from an id on."""

    def answer(call: Call) -> list[dict[str, Any]]:
        listing, limit = call.listing(market), call.parameters.limit(500, 1000)
        from_id, trades = call.parameters.optional_whole("fromId"), listing.tape.trades
        found = trades.latest(limit) if from_id is None else trades.since_id(from_id, limit)
        return [trade(listing, done) for done in found]

    return answer


def aggregate_trades(market: Market) -> Handler:
    """The endpoint of aggregates."""

    def answer(call: Call) -> list[dict[str, Any]]:
        listing = call.listing(market)
        return [aggregate(listing, done) for done in wanted_aggregates(listing, call.parameters)]

    return answer


def wanted_aggregates(listing: Listing, parameters: Parameters) -> list[AggregateTrade]:
    """By id, by time, or the newest."""
    limit = parameters.limit(500, 1000)
    from_id, start, end = (
        parameters.optional_whole("fromId"),
        parameters.time_ns("startTime"),
        parameters.time_ns("endTime"),
    )
    aggregates = listing.tape.aggregates
    if from_id is not None:
        if start is not None or end is not None:
            raise errors.bad_combination()
        return aggregates.since_id(from_id, limit)
    if start is None and end is None:
        return aggregates.latest(limit)
    return aggregates.between(start or 0, (end + 999_999) if end is not None else 1 << 62, limit)


def klines(market: Market, most: int) -> Handler:
    """The endpoint of candles, at most so many at once."""

    def answer(call: Call) -> list[list[Any]]:
        listing, parameters = call.listing(market), call.parameters
        interval_ns = parameters.interval_ns()
        start, end = parameters.time_ns("startTime"), parameters.time_ns("endTime")
        if start is not None and end is not None and start > end:
            raise ApiError(-1023, "Start time is greater than end time.")
        limit, now_ns = parameters.limit(500, most), call.exchange.clock.time_ns
        candles = listing.candles.select(interval_ns, start, end, limit, now_ns)
        return [candle(listing, found, interval_ns) for found in candles]

    return answer


def one_or_all(one: int, every: int) -> Callable[[Parameters], int]:
    """The weight of a query that a symbol makes cheaper."""
    return lambda parameters: one if parameters.has("symbol") else every
