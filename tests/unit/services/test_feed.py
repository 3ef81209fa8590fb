"""The feed handler and its readers over a real nats-server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.end_to_end.program import ROOT
from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.waiting import until
from workstation.assembly import configured_instruments
from workstation.config.loader import load_settings
from workstation.core.messages import (
    BookDelta,
    BookSnapshot,
    FeedStatus,
    History,
    MarkPrice,
    OpenInterest,
    PerpetualHistory,
    Trade,
)
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.core.types import Side
from workstation.market.built_in.market import BuiltInMarket
from workstation.market.order_book import OrderBook
from workstation.market.perpetual_figures import PerpetualFigures
from workstation.messaging.bodies import BarBody, MarketData
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink
from workstation.messaging.remote_market import FIGURES_BESIDE_BARS, RemoteMarket
from workstation.messaging.server import EmbeddedServer
from workstation.services.feed_handler import FeedHandler
from workstation.services.flow import FlowWindow

SETTINGS = load_settings(ROOT / "config" / "strategy.yaml").settings
SYMBOLS = ("BTCUSDT", "ETHUSDT")
INSTRUMENTS = configured_instruments(SETTINGS, SYMBOLS)
SUBJECTS = SETTINGS.messaging.subjects
START_NS = 1_700_000_000 * SECOND_NS


class Feed:
    """A feed handler over the built-in market, whose time the test moves."""

    def __init__(self, link: NatsLink, rate: int = 400) -> None:
        pace = msgspec.structs.replace(SETTINGS.market.built_in, messages_per_second=Decimal(rate))
        self.market = BuiltInMarket(pace, list(INSTRUMENTS.values()), 5, None, START_NS)
        self.now_ns = START_NS
        self.handler = FeedHandler(link, SUBJECTS, INSTRUMENTS, lambda: self.now_ns)
        self.told: list[Any] = []
        for symbol in SYMBOLS:
            self.handler.take(self.market.history(symbol, MINUTE_NS, 30))
            perpetual = self.market.perpetual_history(symbol)
            assert perpetual is not None
            self.handler.take(perpetual)

    def step(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)
        for event in self.market.next_events(self.now_ns):
            self.told.append(event)
            self.handler.take(event)


class Reader:
    """What an engine hears, and the books that it makes of it."""

    def __init__(self, link: NatsLink) -> None:
        self.heard: list[Any] = []
        self.books = {symbol: OrderBook(symbol) for symbol in SYMBOLS}
        self.market = RemoteMarket(link, SUBJECTS, INSTRUMENTS, lambda: START_NS, self._deliver)
        self._task: asyncio.Task[None] | None = None

    def _deliver(self, event: Any) -> None:
        self.heard.append(event)
        if isinstance(event, BookSnapshot):
            self.books[event.symbol].apply_snapshot(event)
        elif isinstance(event, BookDelta):
            assert self.books[event.symbol].apply_delta(event)

    async def start(self) -> None:
        await self.market.start({"1m": 20})
        self._task = asyncio.ensure_future(self.market.run())

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def trades(self) -> list[Trade]:
        return [event for event in self.heard if isinstance(event, Trade)]


@asynccontextmanager
async def a_feed(server: EmbeddedServer, rate: int = 400) -> AsyncIterator[Feed]:
    async with connected(server, "feed") as link:
        feed = Feed(link, rate)
        running = asyncio.ensure_future(feed.handler.run())
        await asyncio.sleep(0.1)
        yield feed
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def a_reader(server: EmbeddedServer, name: str) -> AsyncIterator[Reader]:
    async with connected(server, name) as link:
        reader = Reader(link)
        await reader.start()
        yield reader
        await reader.stop()


def same_books(reader: Reader, feed: Feed) -> bool:
    return all(
        (book.bids, book.asks, book.sequence) == (own.bids, own.asks, own.sequence)
        for own, book in ((feed.handler._symbols[s].book, reader.books[s]) for s in SYMBOLS)
    )


async def test_several_engines_share_one_feed_and_a_late_one_misses_nothing(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, a_feed(server) as feed, a_reader(server, "early") as early:
        feed.step(1)
        await until(lambda: len(early.market._symbols) == 2 and same_books(early, feed))
        joins = len(feed.told)
        for _ in range(20):
            feed.step(0.2)
            await asyncio.sleep(0)
        async with a_reader(server, "late") as late:
            for _ in range(50):
                feed.step(0.2)
                await asyncio.sleep(0.005)
            await until(lambda: same_books(late, feed) and same_books(early, feed))
            assert early.market.gaps == late.market.gaps == 0
            trades = [event for event in feed.told if isinstance(event, Trade)]
            assert len(trades) > 300
            for symbol in SYMBOLS:
                told = [trade for trade in trades if trade.symbol == symbol]
                heard = [trade for trade in late.trades() if trade.symbol == symbol]
                assert heard == told[-len(heard) :] and len(heard) > 50
                first = [trade for trade in early.trades() if trade.symbol == symbol]
                assert first == told[-len(first) :]
            assert joins
        past = next(event for event in early.heard if isinstance(event, History) and event.symbol == "BTCUSDT")
        assert len(past.bars) == 20
        assert past.bars == feed.market.history("BTCUSDT", MINUTE_NS, 30).bars[-20:]
        assert any(isinstance(event, MarkPrice) for event in early.heard)
        known = feed.handler._symbols["BTCUSDT"]._perpetual
        heard_late = PerpetualFigures()
        for event in late.heard:
            if isinstance(event, OpenInterest | PerpetualHistory) and event.symbol == "BTCUSDT":
                heard_late.take(event)
        assert heard_late.open_interest.rows(FIGURES_BESIDE_BARS) == known.open_interest.rows(FIGURES_BESIDE_BARS)
        assert heard_late.fundings.rows() == known.fundings.rows() != ()


@pytest.mark.allow_log_warnings("NATS", "nats")
async def test_after_the_server_was_killed_the_reader_resynchronises(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, a_feed(server) as feed, a_reader(server, "engine") as reader:
        feed.step(1)
        await until(lambda: same_books(reader, feed))
        os.kill(server.process_id, signal.SIGKILL)
        for _ in range(10):
            feed.step(0.2)
            await asyncio.sleep(0.05)
        await until(lambda: server.restarts == 1)
        for _ in range(100):
            feed.step(0.1)
            await asyncio.sleep(0.05)
            if reader.market.gaps and same_books(reader, feed):
                break
        await until(lambda: same_books(reader, feed))
        states = [event.connected for event in reader.heard if isinstance(event, FeedStatus) and event.symbol]
        assert False in states and states[-1] is True, "while messages were missed the symbol counted as disconnected"


async def test_a_restarted_feed_handler_is_noticed_by_its_session(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, a_reader(server, "engine") as reader:
        async with a_feed(server) as feed:
            feed.step(1)
            await until(lambda: same_books(reader, feed))
        async with connected(server, "again") as link:
            again = Feed(link)
            running = asyncio.ensure_future(again.handler.run())
            again.step(2)
            await asyncio.sleep(0.3)
            again.step(0.5)
            await until(lambda: reader.market.gaps == len(SYMBOLS) and same_books(reader, again))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_bars_and_the_enriched_message_are_published(tmp_path: Path) -> None:
    bars: list[Message] = []
    enriched: list[Message] = []
    async with running_server(tmp_path) as server, connected(server, "monitor") as link:
        await link.subscribe(f"{SUBJECTS.market_bars}.BTCUSDT.>", bars.append, BarBody)
        await link.subscribe(SUBJECTS.market_data, enriched.append, MarketData)
        await link.confirm()
        async with a_feed(server, rate=40) as feed:
            for _ in range(30):
                feed.step(7)
                await asyncio.sleep(0.01)
            await until(lambda: len(bars) >= 5 and len(enriched) >= 2)
            own = feed.handler._symbols["BTCUSDT"]
            await until(lambda: not own.changed)
    minutes = [message.body for message in bars if isinstance(message.body, BarBody) and message.body.timeframe == "1m"]
    trades = [event for event in feed.told if isinstance(event, Trade) and event.symbol == "BTCUSDT"]
    first = minutes[0]
    within = [t for t in trades if t.ts_ns >= START_NS and t.ts_ns // MINUTE_NS == START_NS // MINUTE_NS]
    tick = INSTRUMENTS["BTCUSDT"].tick
    assert first.high == tick * max(t.price for t in within) and first.low == tick * min(t.price for t in within)
    assert {message.body.timeframe for message in bars if isinstance(message.body, BarBody)} >= {"1m", "3m"}
    told = [m.body for m in enriched if isinstance(m.body, MarketData) and m.body.symbol == "BTCUSDT"][-1]
    assert told.best_bid is not None and told.best_ask is not None and told.best_bid < told.best_ask
    assert -1 <= told.order_flow_imbalance <= 1


def test_order_flow_forgets_after_a_minute() -> None:
    flow = FlowWindow()
    flow.add(0, Side.BUY, 30)
    flow.add(SECOND_NS, Side.SELL, 10)
    assert flow.imbalance(SECOND_NS) == Decimal("0.5")
    assert flow.imbalance(MINUTE_NS) == Decimal(-1)
    assert flow.imbalance(2 * MINUTE_NS) == 0
