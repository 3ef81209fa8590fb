"""A small market with a real book, for the tests of recordings."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

from workstation.core.bus import Bus
from workstation.core.clock import EventClock
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, FeedStatus, Input, LogLine, MarketInput, MarkPrice, Trade
from workstation.core.types import InstrumentKind, Side
from workstation.market.order_book import OrderBook
from workstation.market.recordings.recorder import MarketRecorder
from workstation.market.recordings.writing import KnownMarket

START_NS = 1_767_323_045_000_000_000
"""2026-01-02 03:04:05 UTC."""
BTC = Instrument("BTCUSDT", "BTC", "USDT", InstrumentKind.LINEAR, Decimal("0.01"), Decimal("0.00001"), Decimal(5))
ETH = Instrument("ETHUSDT", "ETH", "USDT", InstrumentKind.LINEAR, Decimal("0.01"), Decimal("0.0001"), Decimal(5))


def market(symbol: str = "BTCUSDT", seed: int = 1, count: int = 1_000, start_ns: int = START_NS) -> list[MarketInput]:
    """A snapshot, then changes that apply one after the other, and trades."""
    rng = random.Random(seed)
    bids = tuple((10_000 - level, rng.randrange(1, 900)) for level in range(20))
    asks = tuple((10_001 + level, rng.randrange(1, 900)) for level in range(20))
    messages: list[MarketInput] = [BookSnapshot(symbol, start_ns, 7, bids, asks)]
    sequence = 7
    for number in range(1, count):
        ts_ns = start_ns + number * 20_000_000
        if rng.random() < 0.4:
            side = rng.choice((Side.BUY, Side.SELL))
            messages.append(Trade(symbol, ts_ns, 10_000 + (side is Side.BUY), rng.randrange(1, 50), side, number))
        else:
            changed = ((10_000 - rng.randrange(30), rng.randrange(900)),)
            step = rng.randrange(1, 4)
            messages.append(BookDelta(symbol, ts_ns, sequence, sequence + step, changed, ()))
            sequence += step
    return messages


class Session:
    """What a session is to a recorder: books that follow the inputs, and a bus that tells of them."""

    def __init__(self, folder: Path, segment_bytes: int = 1 << 20) -> None:
        self.errors: list[BaseException] = []
        self.log: list[str] = []
        self.clock = EventClock(START_NS)
        self.books = {symbol: OrderBook(symbol) for symbol in ("BTCUSDT", "ETHUSDT")}
        self.markets = {symbol: KnownMarket(book) for symbol, book in self.books.items()}
        self.bus = Bus(lambda message, error: self.errors.append(error))
        self.bus.subscribe(LogLine, lambda line: self.log.append(line.text))
        self.recorder = MarketRecorder(
            folder,
            self.bus,
            self.clock,
            self.markets,
            {"BTCUSDT": BTC, "ETHUSDT": ETH},
            source="Built-in market",
            seed=3,
            segment_bytes=segment_bytes,
        )

    def feed(self, messages: list[MarketInput]) -> None:
        for message in messages:
            self.clock.advance(message.ts_ns)
            if isinstance(message, BookSnapshot):
                self.books[message.symbol].apply_snapshot(message)
            elif isinstance(message, BookDelta):
                self.books[message.symbol].apply_delta(message)
            elif isinstance(message, MarkPrice):
                self.markets[message.symbol].mark_price = message.price
            elif isinstance(message, FeedStatus):
                self.markets[message.symbol].connected = message.connected
            self.bus.publish(message)


def replayed_book(messages: list[Input] | list[MarketInput], symbol: str = "BTCUSDT") -> OrderBook:
    """The book after these inputs. Fails when one of them does not apply."""
    book = OrderBook(symbol)
    for message in messages:
        if isinstance(message, BookSnapshot):
            book.apply_snapshot(message)
        elif isinstance(message, BookDelta):
            assert book.apply_delta(message), message
    return book
