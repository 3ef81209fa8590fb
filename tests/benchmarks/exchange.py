"""Market data of an exchange, received, decoded and applied on one core: ours beside plain ccxt.pro in the same run."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import ccxt.pro
import msgspec

from tests.benchmarks.exchange_frames import BOOK_STREAM, TRADE_STREAM, made_frames, recorded_frames
from tests.benchmarks.exchange_server import burst_server
from tests.benchmarks.figure import Figure
from workstation.config.loader import load_settings
from workstation.config.settings import Exchange
from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, MarketInput, Trade
from workstation.core.types import InstrumentKind
from workstation.market.order_book import OrderBook
from workstation.venues.exchange.connection.addresses import at_address
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.market.binance_market import BinanceMarket
from workstation.venues.exchange.market.ccxt_market import CcxtMarket
from workstation.venues.exchange.market.market_reader import Supplies

RUNS = 3
PEER = "plain ccxt.pro, same run"
INSTRUMENT = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.SPOT,
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    minimum_notional=Decimal(5),
)


def exchange_figures(recording: Path | None) -> list[Figure]:
    """``recording`` is a folder of recorded streams; without one the frames are made up in the same shape."""
    frames = recorded_frames(recording) if recording is not None else made_frames()
    last_update = int(msgspec.json.decode(frames.changes[-1])["data"]["u"])
    last_trade = int(msgspec.json.decode(frames.trades[-1])["data"]["t"])
    figures = []
    for what, stream, messages, last, plain in (
        ("order book changes a second", BOOK_STREAM, len(frames.changes), last_update, _plain_books),
        ("trades a second", TRADE_STREAM, len(frames.trades), last_trade, _plain_trades),
    ):
        # Taken in turn, so that whatever else the machine does falls on all of them.
        seconds: dict[str, list[float]] = {"ours": [], "any": [], "plain": []}
        gc.collect()
        gc.freeze()
        with burst_server(recording, stream) as address:
            for _ in range(RUNS):
                for name, run in (("ours", _ours(BinanceMarket)), ("any", _ours(CcxtMarket)), ("plain", plain)):
                    seconds[name].append(asyncio.run(run(address, last)))
        gc.unfreeze()
        rates = {name: messages / median(spent) for name, spent in seconds.items()}
        title = f"{what}, {frames.origin}, one core"
        ratio = rates["ours"] / rates["plain"]
        figures += [
            Figure(f"Binance: {title}", rates["ours"], "1/s", None, "more", PEER, ratio),
            Figure(f"any exchange: {title}", rates["any"], "1/s", None, "more", PEER, rates["any"] / rates["plain"]),
        ]
    return figures


def _settings(address: str) -> Exchange:
    settings = load_settings(Path("config/strategy.yaml")).settings.exchange
    return msgspec.structs.replace(settings, address=address, market="spot")


class _Sink:
    """The engine's book, and processor time until the last message was taken."""

    def __init__(self, last: int, sequence_of: Callable[[BookDelta], int]) -> None:
        self.book = OrderBook("BTCUSDT")
        self._sequence_of = sequence_of
        self.ended = asyncio.Event()
        self.spent_s = 0.0
        self._last = last
        self._first_s = 0.0

    def take(self, item: MarketInput) -> None:
        if isinstance(item, BookDelta):
            self.book.apply_delta(item)
            self._reach(self._sequence_of(item))
        elif isinstance(item, Trade):
            self._reach(item.trade_id)
        elif isinstance(item, BookSnapshot):
            self.book.apply_snapshot(item)

    def _reach(self, number: int) -> None:
        if not self._first_s:
            self._first_s = time.process_time()
        if number == self._last:
            self.spent_s = time.process_time() - self._first_s
            self.ended.set()


def _ours(reader: type[BinanceMarket] | type[CcxtMarket]) -> Callable[[str, int], Coroutine[Any, Any, float]]:
    async def run(address: str, last: int) -> float:
        clock, settings = WallClock(), _settings(address)
        client = ExchangeClient(settings, None, clock)
        await client.open()
        books = client.ccxt.orderbooks
        own = reader is BinanceMarket
        sink = _Sink(last, lambda delta: delta.sequence if own else int(books["BTC/USDT"]["nonce"]))
        market = reader(Supplies(client, settings, (INSTRUMENT,), clock, sink.take, Random(1)))
        reading = asyncio.create_task(market.run())
        try:
            async with asyncio.timeout(120):
                await sink.ended.wait()
        finally:
            await _cancel(reading)
            await client.close()
        figures = market.figures()
        assert figures.gaps == figures.trades_lost == figures.unreadable == 0, figures
        return sink.spent_s

    return run


async def _plain_books(address: str, last: int) -> float:
    return await _plain(address, last, lambda plain: plain.watch_order_book("BTC/USDT"), lambda book: book["nonce"])


async def _plain_trades(address: str, last: int) -> float:
    return await _plain(address, last, lambda plain: plain.watch_trades("BTC/USDT"), lambda new: int(new[-1]["id"]))


async def _plain(
    address: str, last: int, watch: Callable[[Any], Awaitable[object]], reached: Callable[..., int]
) -> float:
    """ccxt.pro at its defaults, which lose some of the trades."""
    exchange = ccxt.pro.binance(
        {"options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}}
    )
    exchange.urls["api"] = at_address(exchange.urls["api"], address)
    await exchange.load_markets()
    first_s = 0.0
    try:
        async with asyncio.timeout(120):
            while True:
                told = await watch(exchange)
                first_s = first_s or time.process_time()
                if reached(told) >= last:
                    return time.process_time() - first_s
    finally:
        await exchange.close()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
