"""Rolling statistics of a listing, and mean prices."""

from __future__ import annotations

from typing import Any

from workstation.core.timeframe import DAY_NS, MINUTE_NS
from workstation.rules.rounding import divide_half_even
from workstation.sandbox.candles import Candle, merged
from workstation.sandbox.futures_format import unit_price
from workstation.sandbox.listing import Listing
from workstation.sandbox.wire import MILLISECOND_NS, fixed, milliseconds


def day_candle(listing: Listing, now_ns: int) -> Candle:
    """The last 24 hours in whole minutes; zeros before the first trade."""
    first_ns = (now_ns - DAY_NS) // MINUTE_NS * MINUTE_NS + MINUTE_NS
    parts = listing.candles.select(MINUTE_NS, first_ns, now_ns, DAY_NS // MINUTE_NS, now_ns)
    return merged(parts) if parts else Candle(now_ns // MINUTE_NS * MINUTE_NS, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def average_price(listing: Listing, now_ns: int) -> str:
    """Mean price of the last 5 minutes by volume; the last price without trades."""
    parts = listing.candles.select(MINUTE_NS, now_ns - 5 * MINUTE_NS, now_ns, 6, now_ns)
    day = merged(parts) if parts else None
    if day is None or not day.lots:
        return listing.price_text(listing.last)
    return unit_price(listing, day.worth, day.lots)


def mini_ticker(listing: Listing, now_ns: int) -> dict[str, Any]:
    day = day_candle(listing, now_ns)
    return {
        "symbol": listing.symbol,
        "openPrice": listing.price_text(day.open),
        "highPrice": listing.price_text(day.high),
        "lowPrice": listing.price_text(day.low),
        "lastPrice": listing.price_text(listing.last or day.close),
        "volume": listing.quantity_text(day.lots),
        "quoteVolume": fixed(day.worth),
        **_window(day, now_ns),
    }


def day_ticker(listing: Listing, now_ns: int) -> dict[str, Any]:
    day = day_candle(listing, now_ns)
    last = listing.last or day.close
    public = listing.public
    newest = listing.tape.trades.latest(1)
    change = last - day.open
    percent = divide_half_even(abs(change) * 100_000, day.open) * (1 if change >= 0 else -1) if day.open else 0
    return {
        "symbol": listing.symbol,
        "priceChange": listing.price_text(change),
        "priceChangePercent": fixed(percent * 10**5, 3),
        "weightedAvgPrice": unit_price(listing, day.worth, day.lots),
        "prevClosePrice": listing.price_text(day.open),
        "lastPrice": listing.price_text(last),
        "lastQty": listing.quantity_text(newest[0].lots if newest else 0),
        "bidPrice": listing.price_text(public.best_bid),
        "bidQty": listing.quantity_text(public.bids.get(public.best_bid, 0)),
        "askPrice": listing.price_text(public.best_ask),
        "askQty": listing.quantity_text(public.asks.get(public.best_ask, 0)),
        "openPrice": listing.price_text(day.open),
        "highPrice": listing.price_text(day.high),
        "lowPrice": listing.price_text(day.low),
        "volume": listing.quantity_text(day.lots),
        "quoteVolume": fixed(day.worth),
        **_window(day, now_ns),
    }


def _window(day: Candle, now_ns: int) -> dict[str, Any]:
    return {
        "openTime": milliseconds(day.open_ns),
        "closeTime": now_ns // MILLISECOND_NS,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.trades,
    }
