"""Real streams of Binance through the book and the bar builder: the shipped minute always, the whole where it is.

Books come each 100 ms, trades at once, so a trade is compared with everything that was shown around its time: with the
book within 120 ms, with the quotes of ``bookTicker`` within 200 ms.
"""

from __future__ import annotations

import gzip
import json
import os
from bisect import bisect_left, bisect_right
from pathlib import Path

import pytest

from tests.unit.market.recordings.markets import BTC
from workstation.core.errors import DataError
from workstation.core.messages import Bar, BookDelta, BookSnapshot, MarketInput, Trade
from workstation.core.resources import resource_path
from workstation.core.timeframe import SECOND_NS
from workstation.market.bars import BarBuilder
from workstation.market.order_book import OrderBook
from workstation.market.recordings import read_recordings
from workstation.market.recordings.binance import StreamRecording, spot_terms
from workstation.market.recordings.converting import convert_streams

MILLISECOND_NS = 1_000_000
SHIPPED = [resource_path("data", "BTCUSDT_spot_streams_20240808.gz")]
WHOLE = sorted(Path(os.environ.get("WORKSTATION_L2_DATA", "absent")).glob("binance_spot_btcusdt_*.gz"))
both = pytest.mark.parametrize(
    "files",
    [
        pytest.param(SHIPPED, id="shipped"),
        pytest.param(
            WHOLE,
            id="whole",
            marks=pytest.mark.skipif(not WHOLE, reason="WORKSTATION_L2_DATA names no folder with the recording"),
        ),
    ],
)


class Shown:
    """Best bid and ask by time."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.bids: list[int] = []
        self.asks: list[int] = []

    def add(self, ts_ns: int, bid: int, ask: int) -> None:
        assert 0 < bid < ask, f"crossed at {ts_ns}: {bid} {ask}"
        self.times.append(ts_ns)
        self.bids.append(bid)
        self.asks.append(ask)

    def outside(self, ts_ns: int, price: int, within_ms: int) -> int:
        """Ticks by which a price lies beyond everything shown around its time, the last before it included."""
        first = max(0, bisect_right(self.times, ts_ns - within_ms * MILLISECOND_NS) - 1)
        last = bisect_left(self.times, ts_ns + within_ms * MILLISECOND_NS) + 1
        return max(min(self.bids[first:last]) - price, price - max(self.asks[first:last]), 0)


def play(messages: list[MarketInput]) -> tuple[Shown, list[Trade]]:
    """The book after each change, never crossed and without a gap, and the trades."""
    book, shown, trades = OrderBook("BTCUSDT"), Shown(), []
    for message in messages:
        if isinstance(message, Trade):
            trades.append(message)
            continue
        if isinstance(message, BookSnapshot):
            book.apply_snapshot(message)
        elif isinstance(message, BookDelta):
            assert book.apply_delta(message), f"a gap at {message.sequence}"
        shown.add(message.ts_ns, book.best_bid, book.best_ask)
    return shown, trades


def quotes(files: list[Path]) -> tuple[Shown, dict[int, tuple[int, int]]]:
    """What ``bookTicker`` showed, by time and by update of the book."""
    shown, by_update = Shown(), {}
    for path in files:
        for text in gzip.decompress(path.read_bytes()).decode().splitlines():
            if "@bookTicker" in text[:60]:
                data = json.loads(text[20:])["data"]
                bid, ask = BTC.ticks(data["b"]), BTC.ticks(data["a"])
                shown.add(int(text[:19]), bid, ask)
                by_update[data["u"]] = (bid, ask)
    return shown, by_update


@both
def test_real_streams_have_no_gap_and_their_bars_fit_the_book(files: list[Path]) -> None:
    recording = StreamRecording(files, spot_terms(BTC))
    messages = list(recording)
    assert (recording.book_gaps, recording.missing_trades) == (0, 0)
    book, trades = play(messages)
    assert [trade.trade_id for trade in trades] == list(range(trades[0].trade_id, trades[0].trade_id + len(trades)))
    ticker, by_update = quotes(files)
    assert not [trade for trade in trades if ticker.outside(trade.ts_ns, trade.price, 200)]
    beyond = [far for trade in trades if (far := book.outside(trade.ts_ns, trade.price, 120))]
    if files is SHIPPED:
        assert len(trades) == 1_371 and len(book.times) == 589
        assert not beyond
    else:
        # Sweeps that come back within 100 ms: the book of each 100 ms never shows them.
        assert len(trades) == 19_903 and len(book.times) == 6_494
        assert len(beyond) < 0.04 * len(trades) and max(beyond) < 0.0005 * trades[0].price
    same = [m for m in messages if isinstance(m, BookDelta) and m.sequence in by_update]
    assert len(same) > 20
    at = dict(zip(book.times, zip(book.bids, book.asks)))
    assert all(at[m.ts_ns] == by_update[m.sequence] for m in same)


@both
def test_bars_of_real_trades_hold_every_trade_once(files: list[Path]) -> None:
    trades = [m for m in StreamRecording(files, spot_terms(BTC)) if isinstance(m, Trade)]
    ticker, _ = quotes(files)
    builder = BarBuilder("BTCUSDT", SECOND_NS)
    bars: list[Bar] = [bar for t in trades if (bar := builder.add_trade(t.ts_ns, t.price, t.lots)) is not None]
    last = builder.take_closed(trades[-1].ts_ns + SECOND_NS)
    assert last is not None
    bars.append(last)
    assert sum(bar.lots for bar in bars) == sum(trade.lots for trade in trades)
    for bar in bars:
        inside = [trade for trade in trades if bar.open_ns <= trade.ts_ns < bar.ts_ns]
        prices = [trade.price for trade in inside]
        assert (bar.open, bar.high, bar.low, bar.close) == (prices[0], max(prices), min(prices), prices[-1])
        middle = (bar.open_ns + bar.ts_ns) // 2
        assert ticker.outside(middle, bar.high, 700) == ticker.outside(middle, bar.low, 700) == 0


@both
def test_converted_streams_are_the_same_market(files: list[Path], tmp_path: Path) -> None:
    done = convert_streams(files, BTC, tmp_path, segment_bytes=20_000 if files is SHIPPED else 1_000_000)
    recordings = read_recordings(done.paths)
    assert len(done.paths) > 1 and list(recordings) == list(StreamRecording(files, spot_terms(BTC)))
    assert recordings.holes == [] and recordings.instruments == {"BTCUSDT": spot_terms(BTC)}
    assert (recordings.first_ns, recordings.last_ns) == (done.first_ns, done.last_ns)
    assert recordings.inputs == done.book_changes + done.trades + len(done.paths)
    with pytest.raises(DataError, match="imported before"):
        convert_streams(files, BTC, tmp_path, segment_bytes=1_000_000)


def test_what_cannot_be_converted_whole_leaves_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(gzip.decompress(SHIPPED[0].read_bytes()) + b"\nnonsense\n")
    with pytest.raises(DataError, match=r"line 7245: it does not begin with a receive time"):
        convert_streams([bad], BTC, tmp_path / "here", segment_bytes=20_000)
    assert list((tmp_path / "here").iterdir()) == []
