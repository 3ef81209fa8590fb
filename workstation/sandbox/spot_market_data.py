"""The spot market's public endpoints."""

from __future__ import annotations

from typing import Any

from workstation.sandbox import errors
from workstation.sandbox.candles import Candle
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.filters import SPOT_TYPES, spot_filters
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.tape import AggregateTrade, TapeTrade
from workstation.sandbox.ticker import average_price, day_ticker, mini_ticker
from workstation.sandbox.weights import SPOT_LIMITS
from workstation.sandbox.wire import fixed, milliseconds

HOUR_NS = 3_600_000_000_000


def ping(call: Call) -> dict[str, Any]:
    return {}


def time(call: Call) -> dict[str, Any]:
    return {"serverTime": milliseconds(call.now_ns)}


def exchange_info(call: Call) -> dict[str, Any]:
    listings = call.exchange.listings[Market.SPOT]
    wanted, _ = call.parameters.symbols(listings)
    return {
        "timezone": "UTC",
        "serverTime": milliseconds(call.now_ns),
        "rateLimits": [limit.told() for limit in SPOT_LIMITS],
        "exchangeFilters": [],
        "symbols": [_symbol(listings[symbol]) for symbol in wanted],
    }


def _symbol(listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.symbol,
        "status": listing.status,
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": SPOT_TYPES,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": spot_filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_TAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER"],
    }


def depth_levels(listing: Listing, limit: int) -> dict[str, Any]:
    """The public book's best levels, as texts."""
    public = listing.public
    return {
        "bids": [[listing.price_text(p), listing.quantity_text(q)] for p, q in public.top_bids(limit)],
        "asks": [[listing.price_text(p), listing.quantity_text(q)] for p, q in public.top_asks(limit)],
    }


def depth(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.SPOT)
    limit = call.parameters.limit(100, 5000)
    return {"lastUpdateId": listing.update_id, **depth_levels(listing, limit)}


def trade(listing: Listing, trade: TapeTrade) -> dict[str, Any]:
    """A public trade."""
    return {
        "id": trade.trade_id,
        "price": listing.price_text(trade.price),
        "qty": listing.quantity_text(trade.lots),
        "quoteQty": fixed(trade.worth),
        "time": milliseconds(trade.ts_ns),
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def aggregate(listing: Listing, trade: AggregateTrade) -> dict[str, Any]:
    return {
        "a": trade.trade_id,
        "p": listing.price_text(trade.price),
        "q": listing.quantity_text(trade.lots),
        "f": trade.first_id,
        "l": trade.last_id,
        "T": milliseconds(trade.ts_ns),
        "m": trade.buyer_is_maker,
        "M": True,
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


def recent_trades(call: Call) -> list[dict[str, Any]]:
    listing = call.listing(Market.SPOT)
    return [trade(listing, done) for done in listing.tape.trades.latest(call.parameters.limit(500, 1000))]


def historical_trades(call: Call) -> list[dict[str, Any]]:
    listing = call.listing(Market.SPOT)
    return [trade(listing, done) for done in past_trades(listing, call.parameters)]


def past_trades(listing: Listing, parameters: Parameters) -> list[TapeTrade]:
    limit = parameters.limit(500, 1000)
    from_id = parameters.optional_whole("fromId")
    trades = listing.tape.trades
    return trades.latest(limit) if from_id is None else trades.since_id(from_id, limit)


def aggregate_trades(call: Call) -> list[dict[str, Any]]:
    listing = call.listing(Market.SPOT)
    return [aggregate(listing, done) for done in wanted_aggregates(listing, call.parameters)]


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


def klines(call: Call) -> list[list[Any]]:
    return wanted_klines(call, call.listing(Market.SPOT), 1000)


def wanted_klines(call: Call, listing: Listing, most: int) -> list[list[Any]]:
    """Candles as the parameters ask."""
    parameters = call.parameters
    interval_ns = parameters.interval_ns()
    start, end = parameters.time_ns("startTime"), parameters.time_ns("endTime")
    if start is not None and end is not None and start > end:
        raise ApiError(-1023, "Start time is greater than end time.")
    candles = listing.candles.select(interval_ns, start, end, parameters.limit(500, most), call.exchange.clock.time_ns)
    return [candle(listing, found, interval_ns) for found in candles]


def average(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.SPOT)
    return {
        "mins": 5,
        "price": average_price(listing, call.exchange.clock.time_ns),
        "closeTime": milliseconds(call.exchange.clock.time_ns),
    }


def ticker_24h(call: Call) -> Any:
    kind = call.parameters.one_of("type", ("FULL", "MINI"), ApiError(-1139, "Invalid ticker type."), "FULL")
    shape = day_ticker if kind == "FULL" else mini_ticker
    return call.each(Market.SPOT, lambda listing: shape(listing, call.exchange.clock.time_ns))


def ticker_price(call: Call) -> Any:
    return call.each(Market.SPOT, lambda listing: {"symbol": listing.symbol, "price": listing.price_text(listing.last)})


def book_ticker(listing: Listing) -> dict[str, Any]:
    public = listing.public
    bid, ask = public.best_bid, public.best_ask
    return {
        "symbol": listing.symbol,
        "bidPrice": listing.price_text(bid),
        "bidQty": listing.quantity_text(public.bids.get(bid, 0)),
        "askPrice": listing.price_text(ask),
        "askQty": listing.quantity_text(public.asks.get(ask, 0)),
    }


def ticker_book(call: Call) -> Any:
    return call.each(Market.SPOT, book_ticker)


def _depth_weight(parameters: Parameters) -> int:
    limit = parameters.whole("limit", 100)
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


def _ticker_weight(one: int, all_: int) -> Any:
    return lambda parameters: one if parameters.has("symbol") else all_


NONE, KEY = Security.NONE, Security.KEY

ENDPOINTS = [
    Endpoint("GET", "/api/v3/ping", NONE, 1, ping),
    Endpoint("GET", "/api/v3/time", NONE, 1, time),
    Endpoint("GET", "/api/v3/exchangeInfo", NONE, 20, exchange_info),
    Endpoint("GET", "/api/v3/depth", NONE, _depth_weight, depth),
    Endpoint("GET", "/api/v3/trades", NONE, 25, recent_trades),
    Endpoint("GET", "/api/v3/historicalTrades", NONE, 25, historical_trades),
    Endpoint("GET", "/api/v3/aggTrades", NONE, 4, aggregate_trades),
    Endpoint("GET", "/api/v3/klines", NONE, 2, klines),
    Endpoint("GET", "/api/v3/uiKlines", NONE, 2, klines),
    Endpoint("GET", "/api/v3/avgPrice", NONE, 2, average),
    Endpoint("GET", "/api/v3/ticker/24hr", NONE, _ticker_weight(2, 80), ticker_24h),
    Endpoint("GET", "/api/v3/ticker/price", NONE, _ticker_weight(2, 4), ticker_price),
    Endpoint("GET", "/api/v3/ticker/bookTicker", NONE, _ticker_weight(2, 4), ticker_book),
]
