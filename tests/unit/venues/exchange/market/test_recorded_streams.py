"""Real streams of Binance play through the adapter without a gap, a lost trade, or a message that is not understood."""

from __future__ import annotations

import gzip

import msgspec

from tests.unit.venues.exchange.running_market import Run, instrument
from workstation.core.clock import WallClock
from workstation.core.messages import BookDelta, Trade
from workstation.core.resources import resource_path
from workstation.venues.exchange.market.binance_messages import BookAnswer, DepthUpdate, TradeUpdate, decode
from workstation.venues.exchange.market.binance_symbol import BinanceSymbol

RECORDING = resource_path("data", "BTCUSDT_spot_streams_20240808.gz")
DEPTH = 1000


def nothing(*_: object) -> None:
    pass


def test_a_recorded_minute_plays_without_a_gap() -> None:
    run = Run()
    feed = BinanceSymbol(instrument(), WallClock(), run.deliver, nothing, nothing, nothing, 0.0)
    feed.book.lose()
    updates, last_depth = 0, None
    with gzip.open(RECORDING) as lines:
        for line in lines:
            frame = line.partition(b" ")[2].strip()
            if frame.startswith(b'{"lastUpdateId"'):
                assert feed.on_snapshot(msgspec.json.decode(frame, type=BookAnswer), DEPTH)
                continue
            if b"@bookTicker" in frame[:40]:
                continue
            update = decode(frame)
            updates += 1
            if isinstance(update, DepthUpdate):
                feed.on_depth(update)
                last_depth = update
            elif isinstance(update, TradeUpdate):
                feed.on_trade(update)
    assert updates == 590 + 1_372
    assert last_depth is not None
    book = run.books["BTCUSDT"]
    assert book.gaps == feed.book.gaps == 0 and book.synchronised and not book.crossed
    assert book.sequence == last_depth.last
    trades = run.of(Trade)
    assert [trade.trade_id for trade in trades] == list(range(trades[0].trade_id, trades[0].trade_id + 1_372))
    assert len(run.of(BookDelta)) > 500
    assert abs(trades[-1].price - book.best_bid) < 1_000
