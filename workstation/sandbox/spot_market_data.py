"""The spot market's public endpoints."""

from __future__ import annotations

from typing import Any

from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.filters import SPOT_TYPES, spot_filters
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.public_history import aggregate_trades, historical_trades, klines, one_or_all, recent_trades
from workstation.sandbox.ticker import average_price, day_ticker, mini_ticker
from workstation.sandbox.weights import SPOT_LIMITS
from workstation.sandbox.wire import milliseconds

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


NONE, KEY = Security.NONE, Security.KEY

ENDPOINTS = [
    Endpoint("GET", "/api/v3/ping", NONE, 1, ping),
    Endpoint("GET", "/api/v3/time", NONE, 1, time),
    Endpoint("GET", "/api/v3/exchangeInfo", NONE, 20, exchange_info),
    Endpoint("GET", "/api/v3/depth", NONE, _depth_weight, depth),
    Endpoint("GET", "/api/v3/trades", NONE, 25, recent_trades(Market.SPOT)),
    Endpoint("GET", "/api/v3/historicalTrades", NONE, 25, historical_trades(Market.SPOT)),
    Endpoint("GET", "/api/v3/aggTrades", NONE, 4, aggregate_trades(Market.SPOT)),
    Endpoint("GET", "/api/v3/klines", NONE, 2, klines(Market.SPOT, 1000)),
    Endpoint("GET", "/api/v3/uiKlines", NONE, 2, klines(Market.SPOT, 1000)),
    Endpoint("GET", "/api/v3/avgPrice", NONE, 2, average),
    Endpoint("GET", "/api/v3/ticker/24hr", NONE, one_or_all(2, 80), ticker_24h),
    Endpoint("GET", "/api/v3/ticker/price", NONE, one_or_all(2, 4), ticker_price),
    Endpoint("GET", "/api/v3/ticker/bookTicker", NONE, one_or_all(2, 4), ticker_book),
]
