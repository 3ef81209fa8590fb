"""The market streams: who has subscribed to what, and what they are sent when."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

import orjson

from workstation.core.timeframe import HOUR_NS, SECOND_NS
from workstation.sandbox import stream_format
from workstation.sandbox.candles import INTERVALS, Candle
from workstation.sandbox.exchange import Exchange
from workstation.sandbox.listing import DepthChange, Listing, Market
from workstation.sandbox.tape import AggregateTrade, TapeTrade
from workstation.sandbox.ticker import average_price
from workstation.sandbox.wire import MILLISECOND_NS

TICK_NS = 100 * MILLISECOND_NS
KLINE_TICKS = 2
MOST_STREAMS = 1024
"""Of one connection."""

_DEPTH = re.compile(r"depth(?P<levels>5|10|20)?(@(?P<speed>100|250|500|1000)ms)?")


class Subscriber(Protocol):
    """A connection: takes messages of the streams that it has subscribed to."""

    def take(self, stream: str, message: bytes) -> None: ...


class Stream(NamedTuple):
    """A stream that somebody has subscribed to: ``symbol`` is empty for all of a market."""

    market: Market
    name: str
    symbol: str
    kind: str
    """What comes after the @ in its name, or the whole name."""


class DepthFeed:
    """Changes of the public book since the last message of a diff stream."""

    def __init__(self, listing: Listing) -> None:
        self.last_sent = listing.update_id
        self.first_id = 0
        self.last_id = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def add(self, change: DepthChange) -> None:
        self.first_id = self.first_id or change.first_id
        self.last_id = change.last_id
        self.bids.update(change.bids)
        self.asks.update(change.asks)

    def take(self) -> DepthChange | None:
        """What has gathered; nothing when nothing has."""
        if not self.first_id:
            return None
        bids = sorted(self.bids.items(), key=lambda level: -level[0])
        change = DepthChange(self.first_id, self.last_id, tuple(bids), tuple(sorted(self.asks.items())))
        self.first_id = 0
        self.bids, self.asks = {}, {}
        return change


class StreamHub:
    """Listens to the exchange and sends; what nobody has subscribed to costs nothing."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._subscribers: dict[Stream, dict[Subscriber, None]] = {}
        self._depths: dict[Stream, DepthFeed] = {}
        self._klines: dict[Stream, Candle] = {}
        self._tops: dict[tuple[Market, str], tuple[int, int, int, int]] = {}
        self._ticks = 0
        self.withhold_diff: Callable[[Stream], bool] = lambda stream: False
        """Chaos: whether the next diff is left out, which makes a gap."""
        exchange.floor.listener = self
        self._schedule()

    # --- subscribing -------------------------------------------------------------------------------------------------

    def find(self, market: Market, name: str) -> Stream | None:
        """The stream of that name; ``None`` when the market has none."""
        if name.startswith("!"):
            allowed = (
                "!ticker@arr",
                "!miniTicker@arr",
                "!bookTicker",
                "!markPrice@arr",
                "!markPrice@arr@1s",
                "!forceOrder@arr",
            )
            return Stream(market, name, "", name) if name in allowed else None
        symbol, _, kind = name.partition("@")
        if symbol.upper() not in self._exchange.listings[market] or not _is_kind(market, kind):
            return None
        return Stream(market, name, symbol.upper(), kind)

    def subscribe(self, subscriber: Subscriber, stream: Stream) -> None:
        if stream not in self._subscribers:
            self._subscribers[stream] = {}
            if _DEPTH.fullmatch(stream.kind) and not _levels_of(stream.kind):
                self._depths[stream] = DepthFeed(self._listing(stream))
        self._subscribers[stream][subscriber] = None

    def unsubscribe(self, subscriber: Subscriber, stream: Stream) -> None:
        subscribers = self._subscribers.get(stream, {})
        subscribers.pop(subscriber, None)
        if not subscribers:
            self._subscribers.pop(stream, None)
            self._depths.pop(stream, None)
            self._klines.pop(stream, None)

    def _listing(self, stream: Stream) -> Listing:
        return self._exchange.listings[stream.market][stream.symbol]

    def _named(self, market: Market, name: str) -> Stream | None:
        """The stream of that name if somebody has subscribed to it."""
        symbol, _, kind = name.partition("@")
        whole = name.startswith("!")
        stream = Stream(market, name, "" if whole else symbol.upper(), name if whole else kind)
        return stream if stream in self._subscribers else None

    def _deliver(self, stream: Stream, body: Any) -> None:
        subscribers = self._subscribers.get(stream)
        if subscribers:
            message = orjson.dumps(body)
            for subscriber in list(subscribers):
                subscriber.take(stream.name, message)

    # --- what happens ------------------------------------------------------------------------------------------------

    def on_trade(self, listing: Listing, trade: TapeTrade) -> None:
        stream = self._named(listing.market, f"{listing.symbol.lower()}@trade")
        if stream is not None:
            self._deliver(stream, stream_format.trade(listing, trade))

    def on_aggregate(self, listing: Listing, trade: AggregateTrade) -> None:
        stream = self._named(listing.market, f"{listing.symbol.lower()}@aggTrade")
        if stream is not None:
            self._deliver(stream, stream_format.aggregate(listing, trade))

    def on_depth(self, listing: Listing, change: DepthChange) -> None:
        for stream, feed in self._depths.items():
            if stream.symbol == listing.symbol and stream.market is listing.market:
                feed.add(change)
        wanted = self._both(listing, "bookTicker", "!bookTicker")
        if not wanted:
            return
        public = listing.public
        bid, ask = public.best_bid, public.best_ask
        top = bid, public.bids.get(bid, 0), ask, public.asks.get(ask, 0)
        if self._tops.get((listing.market, listing.symbol)) != top:
            self._tops[listing.market, listing.symbol] = top
            body = stream_format.book_ticker(listing, self._exchange.clock.time_ns)
            for stream in wanted:
                self._deliver(stream, body)

    def on_mark(self, listing: Listing) -> None:
        """Marks are sent by the second."""

    def on_liquidation(self, listing: Listing, order: dict[str, Any]) -> None:
        body = stream_format.force_order(order, self._exchange.clock.time_ns)
        for stream in self._both(listing, "forceOrder", "!forceOrder@arr"):
            self._deliver(stream, body)

    def _both(self, listing: Listing, kind: str, whole: str) -> list[Stream]:
        """Of a symbol's stream and the whole market's, those that somebody has subscribed to."""
        names = f"{listing.symbol.lower()}@{kind}", whole
        streams = (self._named(listing.market, name) for name in names)
        return [stream for stream in streams if stream is not None]

    # --- by the clock ------------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        clock = self._exchange.clock
        clock.call_at(clock.time_ns // TICK_NS * TICK_NS + TICK_NS, self._tick)

    def _tick(self) -> None:
        now_ns = self._exchange.clock.time_ns
        self._ticks = now_ns // TICK_NS
        for stream in list(self._subscribers):
            if stream.kind.startswith("depth"):
                self._send_depth(stream, now_ns)
            elif stream.kind.startswith("kline_"):
                if self._ticks % KLINE_TICKS == 0:
                    self._send_kline(stream, now_ns)
            elif now_ns % SECOND_NS == 0:
                self._send_by_second(stream, now_ns)
        self._schedule()

    def _send_depth(self, stream: Stream, now_ns: int) -> None:
        found = _DEPTH.fullmatch(stream.kind)
        assert found is not None
        default = 1000 if stream.market is Market.SPOT else 250
        # Ticks are at full tenths of a second: what is told every 250 ms goes out at 300, 500, 800, 1,000.
        speed_ns = int(found["speed"] or default) * MILLISECOND_NS
        if (now_ns - TICK_NS) // speed_ns == now_ns // speed_ns:
            return
        listing = self._listing(stream)
        if found["levels"]:
            self._deliver(stream, stream_format.partial_depth(listing, int(found["levels"]), now_ns))
            return
        feed = self._depths[stream]
        change = feed.take()
        if change is None:
            return
        previous, feed.last_sent = feed.last_sent, change.last_id
        if not self.withhold_diff(stream):
            self._deliver(stream, stream_format.depth(listing, change, previous, now_ns))

    def _send_kline(self, stream: Stream, now_ns: int) -> None:
        listing = self._listing(stream)
        name = stream.kind.removeprefix("kline_")
        interval_ns = INTERVALS[name]
        before = self._klines.get(stream)
        newest = listing.candles.newest(interval_ns, now_ns)
        if newest is None:
            return
        if before is not None and newest.open_ns != before.open_ns:
            done = listing.candles.at(interval_ns, before.open_ns, now_ns)
            if done is not None:
                self._deliver(stream, stream_format.kline(listing, done, name, interval_ns, True, now_ns))
        if newest != before:
            self._klines[stream] = newest
            self._deliver(stream, stream_format.kline(listing, newest, name, interval_ns, False, now_ns))

    def _send_by_second(self, stream: Stream, now_ns: int) -> None:
        second = now_ns // SECOND_NS
        kind = stream.kind.removeprefix("!").removesuffix("@arr").removesuffix("@1s").removesuffix("@arr")
        shape = _BY_SECOND.get(kind)
        if shape is None or (kind == "markPrice" and not stream.kind.endswith("@1s") and second % 3):
            return
        if stream.symbol:
            self._deliver(stream, shape(self._listing(stream), now_ns))
        else:
            listings: Iterable[Listing] = self._exchange.listings[stream.market].values()
            self._deliver(stream, [shape(listing, now_ns) for listing in listings])


def _mark_price(listing: Listing, now_ns: int) -> dict[str, Any]:
    return stream_format.mark_price(listing, next_funding_ns(now_ns), now_ns)


def _average_price(listing: Listing, now_ns: int) -> dict[str, Any]:
    time = now_ns // MILLISECOND_NS
    price = average_price(listing, now_ns)
    return {"e": "avgPrice", "E": time, "s": listing.symbol, "i": "5m", "w": price, "T": time}


def next_funding_ns(now_ns: int) -> int:
    """When funding falls due next: every 8 hours of UTC."""
    return (now_ns // (8 * HOUR_NS) + 1) * 8 * HOUR_NS


_BY_SECOND: dict[str, Callable[[Listing, int], dict[str, Any]]] = {
    "ticker": stream_format.ticker,
    "miniTicker": stream_format.mini_ticker,
    "markPrice": _mark_price,
    "avgPrice": _average_price,
}


def _levels_of(kind: str) -> str:
    found = _DEPTH.fullmatch(kind)
    return (found["levels"] or "") if found else ""


def _is_kind(market: Market, kind: str) -> bool:
    if kind in ("trade", "aggTrade", "bookTicker", "ticker", "miniTicker") or _DEPTH.fullmatch(kind):
        return True
    if kind.startswith("kline_"):
        return kind.removeprefix("kline_") in INTERVALS
    if market is Market.SPOT:
        return kind == "avgPrice"
    return kind in ("markPrice", "markPrice@1s", "forceOrder")
