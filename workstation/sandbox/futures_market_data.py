"""USD-M's public endpoints."""

from __future__ import annotations

from typing import Any

from workstation.core.timeframe import DAY_NS
from workstation.sandbox import errors
from workstation.sandbox.candles import INTERVALS
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.filters import FUTURES_BAND_PERCENT, FUTURES_TYPES, futures_filters
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.public_history import aggregate_trades, historical_trades, klines, one_or_all, recent_trades
from workstation.sandbox.queries import time_range
from workstation.sandbox.spot_market_data import book_ticker, depth_levels, ping, time
from workstation.sandbox.streams import next_funding_ns
from workstation.sandbox.ticker import day_ticker
from workstation.sandbox.weights import FUTURES_LIMITS
from workstation.sandbox.wire import fixed, milliseconds

FOREVER_MS = 4_133_404_800_000
"""Delivery date of a perpetual, as Binance writes it."""
FIRST_RATE = 10_000
"""Funding rate that is shown before there was one: 1 basis point."""
PERIODS = {name: INTERVALS[name] for name in ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")}
"""Of the history of open interest, in nanoseconds by name."""
OPEN_INTEREST_KEPT_NS = 31 * DAY_NS
INTEREST_RATE = fixed(10_000)
_TIMES = ["GTC", "IOC", "FOK", "GTX", "GTD"]
_SPOT_TICKER_ONLY = ("prevClosePrice", "bidPrice", "bidQty", "askPrice", "askQty")


def exchange_info(call: Call) -> dict[str, Any]:
    listings = call.exchange.listings[Market.FUTURES]
    quotes = sorted({listing.quote for listing in listings.values()})
    return {
        "timezone": "UTC",
        "serverTime": milliseconds(call.now_ns),
        "futuresType": "U_MARGINED",
        "rateLimits": [limit.told() for limit in FUTURES_LIMITS],
        "exchangeFilters": [],
        "assets": [{"asset": quote, "marginAvailable": True, "autoAssetExchange": "0"} for quote in quotes],
        "symbols": [_symbol(listing) for listing in listings.values()],
    }


def _symbol(listing: Listing) -> dict[str, Any]:
    maintenance = listing.instrument.maintenance_margin * 100
    return {
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": FOREVER_MS,
        "onboardDate": 0,
        "status": listing.status,
        "maintMarginPercent": f"{maintenance:.4f}",
        "requiredMarginPercent": f"{100 / listing.instrument.maximum_leverage:.4f}",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.quote,
        "pricePrecision": listing.price_places,
        "quantityPrecision": listing.quantity_places,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.000500",
        "marketTakeBound": f"0.{FUTURES_BAND_PERCENT:02d}",
        "maxMoveOrderLimit": 10_000,
        "filters": futures_filters(listing),
        "orderTypes": FUTURES_TYPES,
        "timeInForce": _TIMES,
        "permissionSets": ["GRID", "COPY"],
    }


def depth(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.FUTURES)
    now = milliseconds(call.exchange.clock.time_ns)
    limit = call.parameters.limit(500, 1000)
    return {"lastUpdateId": listing.update_id, "E": now, "T": now, **depth_levels(listing, limit)}


def premium_index(listing: Listing, now_ns: int) -> dict[str, Any]:
    """Mark price and funding. The index is the mark: there is one market behind both."""
    mark = listing.price_text(listing.mark_price())
    rate = listing.fundings[-1].rate if listing.fundings else FIRST_RATE
    return {
        "symbol": listing.symbol,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": fixed(rate),
        "interestRate": INTEREST_RATE,
        "nextFundingTime": milliseconds(next_funding_ns(now_ns)),
        "time": milliseconds(now_ns),
    }


def mark_price(call: Call) -> Any:
    return call.each(Market.FUTURES, lambda listing: premium_index(listing, call.exchange.clock.time_ns))


def funding_rates(call: Call) -> list[dict[str, Any]]:
    listings = call.exchange.listings[Market.FUTURES]
    wanted, _ = call.parameters.symbols(listings)
    limit = call.parameters.limit(100, 1000)
    start, end = time_range(call.parameters, 1 << 62)
    paid = [(funding, symbol) for symbol in wanted for funding in listings[symbol].fundings]
    found = [
        {
            "symbol": symbol,
            "fundingTime": milliseconds(funding.time_ns),
            "fundingRate": fixed(funding.rate),
            "markPrice": listings[symbol].price_text(funding.mark) if funding.mark else "",
        }
        for funding, symbol in sorted(paid)
        if start <= funding.time_ns <= end
    ]
    return found[:limit] if call.parameters.has("startTime") else found[-limit:]


def funding_info(call: Call) -> list[dict[str, Any]]:
    """Symbols with another interval than 8 hours: there are none."""
    return []


def ticker_24h(call: Call) -> Any:
    def shape(listing: Listing) -> dict[str, Any]:
        told = day_ticker(listing, call.exchange.clock.time_ns)
        return {name: value for name, value in told.items() if name not in _SPOT_TICKER_ONLY}

    return call.each(Market.FUTURES, shape)


def ticker_price(call: Call) -> Any:
    now = milliseconds(call.exchange.clock.time_ns)
    return call.each(Market.FUTURES, lambda x: {"symbol": x.symbol, "price": x.price_text(x.last), "time": now})


def ticker_book(call: Call) -> Any:
    now = milliseconds(call.exchange.clock.time_ns)
    return call.each(
        Market.FUTURES, lambda listing: {**book_ticker(listing), "time": now, "lastUpdateId": listing.update_id}
    )


def open_interest(call: Call) -> dict[str, Any]:
    """Of the market and of the accounts here."""
    listing = call.listing(Market.FUTURES)
    desks = [account.futures for account in call.exchange.accounts.values()]
    lots = sum(abs(desk.books.holdings[key].lots) for desk in desks for key in desk.keys(listing.symbol))
    lots += next((known for _, known in listing.open_interest.rows(1)), 0)
    now = milliseconds(call.exchange.clock.time_ns)
    return {"symbol": listing.symbol, "openInterest": listing.quantity_text(lots), "time": now}


def open_interest_history(call: Call) -> list[dict[str, Any]]:
    """What the market had open as each period began, with its worth at the close of that period."""
    listing, parameters = call.listing(Market.FUTURES), call.parameters
    period_ns = PERIODS[parameters.one_of("period", tuple(PERIODS), errors.invalid_interval())]
    limit, now_ns = parameters.limit(30, 500), call.exchange.clock.time_ns
    start, end = parameters.time_ns("startTime"), parameters.time_ns("endTime")
    if start is not None and start < now_ns - OPEN_INTEREST_KEPT_NS:
        raise ApiError(-1130, "parameter 'startTime' is invalid.")
    if end is not None and start is not None and start > end:
        raise ApiError(-1130, "parameter 'endTime' is invalid.")
    times, amounts = listing.open_interest.arrays
    found = []
    for candle in listing.candles.select(period_ns, start, end, limit, now_ns):
        place = int(times.searchsorted(candle.open_ns, side="right")) - 1
        if place >= 0:
            lots = int(amounts[place])
            found.append(
                {
                    "symbol": listing.symbol,
                    "sumOpenInterest": listing.quantity_text(lots),
                    "sumOpenInterestValue": fixed(listing.worth(candle.close, lots)),
                    "timestamp": milliseconds(candle.open_ns),
                }
            )
    return found


def adl_risk(call: Call) -> Any:
    """Nobody is deleveraged here but by a command or a chaos switch."""
    now = milliseconds(call.exchange.clock.time_ns)
    return call.each(Market.FUTURES, lambda listing: {"symbol": listing.symbol, "adlRisk": "low", "updateTime": now})


def _depth_weight(parameters: Parameters) -> int:
    limit = parameters.whole("limit", 500)
    return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20


def _kline_weight(parameters: Parameters) -> int:
    limit = parameters.whole("limit", 500)
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


NONE = Security.NONE

ENDPOINTS = [
    Endpoint("GET", "/fapi/v1/ping", NONE, 1, ping),
    Endpoint("GET", "/fapi/v1/time", NONE, 1, time),
    Endpoint("GET", "/fapi/v1/exchangeInfo", NONE, 1, exchange_info),
    Endpoint("GET", "/fapi/v1/depth", NONE, _depth_weight, depth),
    Endpoint("GET", "/fapi/v1/trades", NONE, 5, recent_trades(Market.FUTURES)),
    Endpoint("GET", "/fapi/v1/historicalTrades", NONE, 20, historical_trades(Market.FUTURES)),
    Endpoint("GET", "/fapi/v1/aggTrades", NONE, 20, aggregate_trades(Market.FUTURES)),
    Endpoint("GET", "/fapi/v1/klines", NONE, _kline_weight, klines(Market.FUTURES, 1500)),
    Endpoint("GET", "/fapi/v1/premiumIndex", NONE, one_or_all(1, 10), mark_price),
    Endpoint("GET", "/fapi/v1/fundingRate", NONE, 1, funding_rates),
    Endpoint("GET", "/fapi/v1/fundingInfo", NONE, 1, funding_info),
    Endpoint("GET", "/fapi/v1/ticker/24hr", NONE, one_or_all(1, 40), ticker_24h),
    Endpoint("GET", "/fapi/v1/ticker/price", NONE, one_or_all(1, 2), ticker_price),
    Endpoint("GET", "/fapi/v2/ticker/price", NONE, one_or_all(1, 2), ticker_price),
    Endpoint("GET", "/fapi/v1/ticker/bookTicker", NONE, one_or_all(2, 5), ticker_book),
    Endpoint("GET", "/fapi/v1/symbolAdlRisk", NONE, 1, adl_risk),
    Endpoint("GET", "/fapi/v1/openInterest", NONE, 1, open_interest),
    Endpoint("GET", "/futures/data/openInterestHist", NONE, 0, open_interest_history),
]
