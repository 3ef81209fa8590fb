"""Market data of Binance spot and USD-M, read without ccxt's parsing from the streams that ccxt reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import aiohttp
from ccxt.base.errors import BaseError

from workstation.core.messages import Trade
from workstation.venues.exchange.connection.patience import Pauses, short_reason
from workstation.venues.exchange.market.binance_messages import DepthUpdate, MarkPriceUpdate
from workstation.venues.exchange.market.binance_requests import MOST_MISSING, BinanceRequests
from workstation.venues.exchange.market.binance_route import MarketUpdate, Route
from workstation.venues.exchange.market.binance_symbol import BinanceSymbol
from workstation.venues.exchange.market.exact_steps import NotWhole
from workstation.venues.exchange.market.feed_status import FeedStatuses
from workstation.venues.exchange.market.figures import MarketFigures, StreamCounter
from workstation.venues.exchange.market.market_reader import Supplies
from workstation.venues.exchange.market.refusals import Refusals

log = logging.getLogger("workstation.venues.exchange")

BOOK, TRADES, MARK = "book", "trades", "mark"
SPOT_ROUTES = {"": {BOOK: "depth@100ms", TRADES: "trade"}}
LINEAR_ROUTES = {"public": {BOOK: "depth@100ms"}, "market": {TRADES: "aggTrade", MARK: "markPrice@1s"}}
"""Streams by the connection that Binance serves them on; single trades of USD-M are not documented, aggregates are."""
FILL_ATTEMPTS, FILL_ANSWERS = 10, 3
"""How often missing trades are asked for, half a minute in all, and how often an answer without them is doubted."""
REFRESH_S = 60.0
"""A book is taken anew at its edge no more often than this."""
CATCH_UP_S = 1.0
"""What REST has must reach a living stream within this."""


class BinanceMarket:
    def __init__(self, supplies: Supplies) -> None:
        exchange, ccxt, clock, deliver = supplies.exchange, supplies.client.ccxt, supplies.clock, supplies.deliver
        self._linear = exchange.market == "linear"
        self._silent_s = float(exchange.silent_feed_s)
        self._random = supplies.random
        self._clock = clock
        self._requests = BinanceRequests(supplies.client, self._linear, exchange.book_depth)
        now_s = asyncio.get_running_loop().time()
        self._symbols = {
            instrument.symbol: BinanceSymbol(
                instrument, clock, deliver, self._on_gap, self._on_edge, self._on_missing_trades, now_s
            )
            for instrument in supplies.instruments
        }
        routes = LINEAR_ROUTES if self._linear else SPOT_ROUTES
        self._routes = [
            Route(name, streams, self._symbols, self._address(ccxt, name), self, self._silent_s, supplies.random)
            for name, streams in routes.items()
        ]
        self._statuses = FeedStatuses(self._symbols, [BOOK, *(route.part for route in self._routes)], clock, deliver)
        self._refreshed_s: dict[str, float] = {}
        self._refusals = Refusals()

    async def run(self) -> None:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as self._tasks:
            for route in self._routes:
                self._tasks.create_task(route.socket.run(session))
            self._tasks.create_task(self._doubt_silence())

    def figures(self) -> MarketFigures:
        now_s = asyncio.get_running_loop().time()
        symbols = self._symbols.values()
        trades = [symbol.trades for symbol in symbols]
        return MarketFigures(
            streams=tuple(counter.figures(now_s) for symbol in symbols for counter in self._counters(symbol)),
            gaps=sum(symbol.book.gaps for symbol in symbols),
            resyncs=sum(max(0, symbol.book.snapshots - 1) for symbol in symbols),
            reconnects=sum(route.socket.reconnects for route in self._routes),
            trades_filled=sum(sequence.filled for sequence in trades),
            trades_lost=sum(sequence.lost for sequence in trades),
            duplicates=sum(sequence.duplicates for sequence in trades),
            unreadable=self._refusals.count,
        )

    def _address(self, ccxt: Any, route: str) -> str:
        return f"{ccxt.get_ws_url('linear', route) if self._linear else ccxt.urls['api']['ws']['spot']}/0"

    def _route(self, kind: str) -> Route:
        return next(route for route in self._routes if kind in route.streams)

    def _counters(self, symbol: BinanceSymbol) -> list[StreamCounter]:
        counters = [symbol.book_counter, symbol.trade_counter]
        return [*counters, symbol.mark_counter] if self._linear else counters

    def _start(self, task: Coroutine[Any, Any, None]) -> None:
        self._tasks.create_task(task)

    # --- What connections tell --------------------------------------------------------------------------------------

    def opened(self, route: Route) -> None:
        if BOOK in route.streams:
            for symbol in self._symbols.values():
                symbol.book.lose()

    def subscribed(self, route: Route) -> None:
        if BOOK in route.streams:
            for symbol in self._symbols:
                self._start_synchronising(symbol)

    def went_down(self, route: Route, reason: str) -> None:
        for name, symbol in self._symbols.items():
            self._statuses.down(name, route.part, reason)
            if BOOK in route.streams:
                symbol.book.lose()
                self._statuses.down(name, BOOK, reason)

    def flowing(self, route: Route) -> None:
        for symbol in self._symbols:
            self._statuses.up(symbol, route.part)

    def take(self, update: MarketUpdate, now_s: float) -> None:
        symbol = self._symbols.get(update.symbol)
        if symbol is None:
            return
        kind = type(update)
        try:
            if kind is DepthUpdate:
                counter = symbol.book_counter
                symbol.on_depth(update)  # type: ignore[arg-type]
            elif kind is MarkPriceUpdate:
                counter = symbol.mark_counter
                symbol.on_mark(update)  # type: ignore[arg-type]
            else:
                counter = symbol.trade_counter
                symbol.on_trade(update)  # type: ignore[arg-type]
        except NotWhole as error:
            self._refusals.add(update.symbol, error)
            if kind is DepthUpdate:
                symbol.book.lose()
                self._resynchronise(update.symbol, short_reason(error))
            return
        counter.messages += 1
        counter.last_s = now_s

    def refuse_message(self, error: ValueError) -> None:
        self._refusals.add("every symbol", error)

    # --- Books ------------------------------------------------------------------------------------------------------

    def _on_gap(self, symbol: str) -> None:
        missing = self._symbols[symbol].book.missing
        self._resynchronise(symbol, f"gap in the order book, {missing} changes missing")

    def _on_edge(self, symbol: str) -> None:
        """Trades come near prices where the book is unknown: get it again, without a break."""
        now_s = asyncio.get_running_loop().time()
        book = self._symbols[symbol].book
        if not book.wanting and now_s - self._refreshed_s.get(symbol, -REFRESH_S) >= REFRESH_S:
            self._refreshed_s[symbol] = now_s
            book.refresh()
            self._start_synchronising(symbol)

    def _resynchronise(self, symbol: str, reason: str) -> None:
        self._statuses.down(symbol, BOOK, reason)
        self._start_synchronising(symbol)

    def _start_synchronising(self, symbol: str) -> None:
        route = self._route(BOOK)
        self._start(self._synchronise(symbol, route, route.socket.connections))

    async def _synchronise(self, symbol: str, route: Route, connection: int) -> None:
        """Get the whole book until it connects to the changes; left off when the connection is another one."""
        pauses = Pauses(self._random, first_s=0.2, most_s=30.0)
        feed = self._symbols[symbol]
        while True:
            try:
                answer = await self._requests.book(symbol)
                if not (route.open and route.socket.connections == connection and feed.book.wanting):
                    return
                if feed.on_snapshot(answer, self._requests.depth):
                    break
            except BaseError as error:
                if not feed.book.synchronised:
                    self._statuses.down(symbol, BOOK, f"the order book cannot be had yet: {short_reason(error)}")
            except NotWhole as error:
                self._refusals.add(symbol, error)
            await asyncio.sleep(pauses.next_s())
        if feed.book.synchronised:
            self._statuses.up(symbol, BOOK)

    # --- Trades -----------------------------------------------------------------------------------------------------

    def _on_missing_trades(self, symbol: str, first_id: int, last_id: int) -> None:
        self._start(self._fill_trades(symbol, first_id, last_id))

    async def _fill_trades(self, symbol: str, first_id: int, last_id: int) -> None:
        pauses = Pauses(self._random, first_s=0.2, most_s=5.0)
        feed = self._symbols[symbol]
        found: list[Trade] = []
        wanted = min(last_id - first_id + 1, MOST_MISSING)
        answers = 0
        while answers < FILL_ANSWERS and pauses.attempts < FILL_ATTEMPTS:
            try:
                past = await self._requests.trades(symbol, first_id, last_id)
                found = [feed.trade(trade) for trade in past]
                answers += 1
                if len(found) >= wanted:
                    break
            except BaseError as error:
                log.info("Trades %s to %s of %s: %s", first_id, last_id, symbol, short_reason(error))
            except NotWhole as error:
                self._refusals.add(symbol, error)
                break
            await asyncio.sleep(pauses.next_s())
        lost = feed.trades.lost
        feed.trades.fill(self._clock.now_ns(), found)
        if feed.trades.lost > lost:
            log.warning("%s trades of %s are missing and could not be had.", feed.trades.lost - lost, symbol)

    # --- Silence ----------------------------------------------------------------------------------------------------

    async def _doubt_silence(self) -> None:
        """A symbol without messages is quiet, or its stream is dead although its connection lives: REST tells."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._silent_s)
            for symbol, feed in self._symbols.items():
                for kind, counter in ((BOOK, feed.book_counter), (TRADES, feed.trade_counter)):
                    if not self._statuses.is_up(symbol) or loop.time() - counter.last_s < self._silent_s:
                        continue
                    if await self._is_behind(symbol, kind, counter):
                        self._route(kind).socket.end(f"the {kind} of {symbol} was silent for {self._silent_s:g} s")

    async def _is_behind(self, symbol: str, kind: str, counter: StreamCounter) -> bool:
        """Whether the exchange has something that its stream does not bring."""
        feed, messages = self._symbols[symbol], counter.messages
        if kind == TRADES and feed.trades.last_id < 0:
            return False
        try:
            theirs = await (self._requests.book_id(symbol) if kind == BOOK else self._requests.trade_id(symbol))
        except BaseError:
            return False
        await asyncio.sleep(CATCH_UP_S)
        ours = feed.book.sequence if kind == BOOK else feed.trades.last_id
        return counter.messages == messages and theirs > ours
