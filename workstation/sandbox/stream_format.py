"""Messages of the market streams, of both markets."""

from __future__ import annotations

from typing import Any

from workstation.core.messages import Levels
from workstation.sandbox.candles import Candle
from workstation.sandbox.listing import DepthChange, Listing, Market
from workstation.sandbox.tape import AggregateTrade, TapeTrade
from workstation.sandbox.ticker import day_ticker
from workstation.sandbox.wire import fixed, milliseconds

_TICKER_NAMES = {
    "symbol": "s",
    "priceChange": "p",
    "priceChangePercent": "P",
    "weightedAvgPrice": "w",
    "prevClosePrice": "x",
    "lastPrice": "c",
    "lastQty": "Q",
    "bidPrice": "b",
    "bidQty": "B",
    "askPrice": "a",
    "askQty": "A",
    "openPrice": "o",
    "highPrice": "h",
    "lowPrice": "l",
    "volume": "v",
    "quoteVolume": "q",
    "openTime": "O",
    "closeTime": "C",
    "firstId": "F",
    "lastId": "L",
    "count": "n",
}
_SPOT_ONLY = ("x", "b", "B", "a", "A")
_MINI = ("s", "c", "o", "h", "l", "v", "q")


def trade(listing: Listing, trade: TapeTrade) -> dict[str, Any]:
    time = milliseconds(trade.ts_ns)
    body = {
        "e": "trade",
        "E": time,
        "s": listing.symbol,
        "t": trade.trade_id,
        "p": listing.price_text(trade.price),
        "q": listing.quantity_text(trade.lots),
        "T": time,
        "m": trade.buyer_is_maker,
    }
    return {**body, "M": True} if listing.market is Market.SPOT else {**body, "X": "MARKET"}


def aggregate(listing: Listing, trade: AggregateTrade) -> dict[str, Any]:
    time = milliseconds(trade.ts_ns)
    body = {
        "e": "aggTrade",
        "E": time,
        "s": listing.symbol,
        "a": trade.trade_id,
        "p": listing.price_text(trade.price),
        "q": listing.quantity_text(trade.lots),
        "f": trade.first_id,
        "l": trade.last_id,
        "T": time,
        "m": trade.buyer_is_maker,
    }
    return {**body, "M": True} if listing.market is Market.SPOT else body


def depth(listing: Listing, change: DepthChange, previous_id: int, now_ns: int) -> dict[str, Any]:
    """A diff. USD-M tells the last id of the message before it, and its ids overlap: a snapshot at that id fits."""
    time = milliseconds(now_ns)
    body = {"e": "depthUpdate", "E": time, "s": listing.symbol, "U": change.first_id, "u": change.last_id}
    if listing.market is Market.FUTURES:
        body.update(U=previous_id, T=time, pu=previous_id)
    return {**body, "b": levels(listing, change.bids), "a": levels(listing, change.asks)}


def levels(listing: Listing, pairs: Levels) -> list[list[str]]:
    return [[listing.price_text(price), listing.quantity_text(lots)] for price, lots in pairs]


def partial_depth(listing: Listing, count: int, now_ns: int) -> dict[str, Any]:
    """The best levels as they are."""
    bids = levels(listing, tuple(listing.public.top_bids(count)))
    asks = levels(listing, tuple(listing.public.top_asks(count)))
    if listing.market is Market.SPOT:
        return {"lastUpdateId": listing.update_id, "bids": bids, "asks": asks}
    time = milliseconds(now_ns)
    last = listing.update_id
    body = {"e": "depthUpdate", "E": time, "T": time, "s": listing.symbol, "U": last, "u": last, "pu": last - 1}
    return {**body, "b": bids, "a": asks}


def book_ticker(listing: Listing, now_ns: int) -> dict[str, Any]:
    public = listing.public
    body = {
        "u": listing.update_id,
        "s": listing.symbol,
        "b": listing.price_text(public.best_bid),
        "B": listing.quantity_text(public.bids.get(public.best_bid, 0)),
        "a": listing.price_text(public.best_ask),
        "A": listing.quantity_text(public.asks.get(public.best_ask, 0)),
    }
    if listing.market is Market.SPOT:
        return body
    time = milliseconds(now_ns)
    return {"e": "bookTicker", **body, "T": time, "E": time}


def kline(listing: Listing, candle: Candle, name: str, interval_ns: int, closed: bool, now_ns: int) -> dict[str, Any]:
    opened, high, low, close = (listing.price_text(price) for price in candle[1:5])
    body = {
        "t": milliseconds(candle.open_ns),
        "T": milliseconds(candle.open_ns + interval_ns) - 1,
        "s": listing.symbol,
        "i": name,
        "f": candle.first_id,
        "L": candle.last_id,
        "o": opened,
        "c": close,
        "h": high,
        "l": low,
        "v": listing.quantity_text(candle.lots),
        "n": candle.trades,
        "x": closed,
        "q": fixed(candle.worth),
        "V": listing.quantity_text(candle.bought_lots),
        "Q": fixed(candle.bought_worth),
        "B": "0",
    }
    return {"e": "kline", "E": milliseconds(now_ns), "s": listing.symbol, "k": body}


def ticker(listing: Listing, now_ns: int) -> dict[str, Any]:
    told = day_ticker(listing, now_ns)
    body = {short: told[name] for name, short in _TICKER_NAMES.items()}
    if listing.market is Market.FUTURES:
        body = {short: value for short, value in body.items() if short not in _SPOT_ONLY}
    return {"e": "24hrTicker", "E": milliseconds(now_ns), **body}


def mini_ticker(listing: Listing, now_ns: int) -> dict[str, Any]:
    told = ticker(listing, now_ns)
    return {"e": "24hrMiniTicker", "E": told["E"], **{short: told[short] for short in _MINI}}


def mark_price(listing: Listing, next_funding_ns: int, now_ns: int) -> dict[str, Any]:
    mark = listing.price_text(listing.mark_price())
    rate = listing.fundings[-1].rate if listing.fundings else 10_000
    return {
        "e": "markPriceUpdate",
        "E": milliseconds(now_ns),
        "s": listing.symbol,
        "p": mark,
        "i": mark,
        "P": mark,
        "ap": mark,
        "r": fixed(rate),
        "T": milliseconds(next_funding_ns),
    }


def force_order(order: dict[str, Any], now_ns: int) -> dict[str, Any]:
    return {"e": "forceOrder", "E": milliseconds(now_ns), "o": order}
