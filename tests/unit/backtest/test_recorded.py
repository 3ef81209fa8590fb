"""A backtest over recordings: whose terms hold, what warms it up, what the result says."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.unit.market.recordings.markets import BTC, ETH, START_NS, market
from workstation.backtest.engine import BacktestEngine, BacktestRequest
from workstation.backtest.recorded import RecordedData, load_recorded, recorded_instrument, run_recorded_backtest
from workstation.backtest.result import BacktestResult
from workstation.config.loader import load_settings
from workstation.core.errors import ConfigurationError, DataError
from workstation.core.messages import (
    BookDelta,
    BookSnapshot,
    MarketInput,
    MarkPrice,
    OrderSubmitted,
    StartStrategy,
    Trade,
)
from workstation.core.resources import resource_path
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import InstrumentKind
from workstation.market.history import Candles
from workstation.market.recordings import RecordingHeader, Recordings, read_recordings
from workstation.market.recordings.binance import StreamRecording, spot_terms
from workstation.market.recordings.converting import convert_streams
from workstation.market.recordings.file_format import recording_files
from workstation.market.recordings.recorder import MarketRecorder
from workstation.market.recordings.writing import RecordingWriter
from workstation.market.series import invented
from workstation.trading.registry import StrategyRegistry

SETTINGS = load_settings(Path(__file__).parents[3] / "config" / "strategy.yaml").settings
BUYER = Path(__file__).parent / "strategies"
SPOT = RecordingHeader(instrument=spot_terms(BTC), source="Binance spot")
INVENTED = RecordingHeader(instrument=BTC, source="Built-in market", seed=3)


def recorded(folder: Path, messages: Sequence[MarketInput], header: RecordingHeader) -> Recordings:
    first = messages[0]
    assert isinstance(first, BookSnapshot)
    writer = RecordingWriter(folder, header, first)
    for message in messages[1:]:
        writer.append(message)
    writer.close()
    return read_recordings([writer.path])


def request(recordings: Recordings, strategy: str = "market_maker", timeframe: str = "1m") -> BacktestRequest:
    return BacktestRequest(
        symbol="BTCUSDT",
        timeframe=timeframe,
        strategy=strategy,
        start_ns=recordings.first_ns,
        end_ns=recordings.last_ns + 1,
        cash=Decimal(10_000),
        costs=SETTINGS.backtest.costs,
        parameters={"spread_bps": "1"},
    )


def run(recordings: Recordings) -> BacktestResult:
    data = RecordedData(recordings, recordings.instruments["BTCUSDT"], ())
    result, prices = run_recorded_backtest(SETTINGS, request(recordings), data, StrategyRegistry(None))
    trades = [message for message in recordings if isinstance(message, Trade)]
    assert (int(prices.open[0]), int(prices.close[-1])) == (trades[0].price, trades[-1].price)
    assert (int(prices.high.max()), int(prices.low.min())) == (
        max(trade.price for trade in trades),
        min(trade.price for trade in trades),
    )
    return result


def test_real_spot_is_traded_as_spot_whatever_the_configuration_says(tmp_path: Path) -> None:
    streams = [resource_path("data", "BTCUSDT_spot_streams_20240808.gz")]
    recordings = read_recordings(convert_streams(streams, BTC, tmp_path, 1 << 20).paths)
    result = run(recordings)
    assert result.fills > 0 and result.run.kind is InstrumentKind.SPOT and result.run.matching == "book"
    assert result.run.bars == 1
    assert result.run.market == (
        "Binance spot, traded on the recorded terms: spot, so paid in full, nothing sold short and no funding; the "
        "configuration has BTCUSDT as linear."
    )
    text = result.summary_text(400)
    for sentence in (
        "On the recorded book: market orders take what it shows",
        "None: it is spot.",
        "None: spot is paid in full.",
        "so the strategy began cold",
        "Recorded 588 book changes and 1,371 trades, no gap in the book, 1 bar of 1m.",
    ):
        assert sentence in text
    assert not any(trade.side < 0 for trade in result.trades)
    assert run(recordings).order_hash == result.order_hash


def test_gaps_holes_and_torn_tails_are_told(tmp_path: Path) -> None:
    messages = market(count=4_000)
    gap_at = next(index for index in range(2_000, 3_000) if isinstance(messages[index], BookDelta))
    del messages[gap_at]
    first = recorded(tmp_path, messages, INVENTED).files[0].path
    later = market(count=3_000, start_ns=messages[-1].ts_ns + MINUTE_NS)
    second = recorded(tmp_path, later, INVENTED).files[0].path
    second.write_bytes(second.read_bytes()[:-40])
    result = run(read_recordings([first, second]))
    assert ", 1 gap in the book" in result.run.data
    hole, torn = result.run.warnings[:2]
    assert hole.startswith("The recordings hold nothing of BTCUSDT between 2026-01-02 03:05:24 and 2026-01-02 03:06:24")
    assert torn.startswith("The end of a recording was torn: its last ")
    assert result.run.market.startswith("Built-in market, seed 3, traded on the recorded terms: linear.")


def test_a_recording_must_be_of_the_symbol_and_in_the_configured_steps(tmp_path: Path) -> None:
    btc = recorded(tmp_path, market(count=5), SPOT)
    header = msgspec.structs.replace(SPOT, instrument=spot_terms(ETH))
    eth = recorded(tmp_path, market("ETHUSDT", count=5), header)
    both = Recordings([*btc.files, *eth.files])
    with pytest.raises(DataError, match=r"holds ETHUSDT, not BTCUSDT: leave it out, or give --symbol ETHUSDT\.$"):
        recorded_instrument(both, "BTCUSDT", SETTINGS.instruments)
    with pytest.raises(ConfigurationError, match=r"Symbol BTCUSDT is not under `instruments`"):
        recorded_instrument(btc, "BTCUSDT", {"ETHUSDT": ETH})
    coarse = msgspec.structs.replace(BTC, tick=Decimal("0.1"))
    with pytest.raises(
        ConfigurationError,
        match=r"was recorded with tick 0\.01 and lot 0\.00001, the configuration has 0\.1 and 0\.00001: set "
        r"`instruments\.BTCUSDT` to the recorded ones\.$",
    ):
        recorded_instrument(btc, "BTCUSDT", {"BTCUSDT": coarse})


def test_a_recording_without_trades_is_refused(tmp_path: Path) -> None:
    books = [message for message in market(count=50) if not isinstance(message, Trade)]
    with pytest.raises(DataError, match="holds no trade of BTCUSDT"):
        run(recorded(tmp_path, books, SPOT))


class Heard:
    """A session on paper whose market is recorded from some input on, when its strategy starts, too."""

    def __init__(self, folder: Path, before: Sequence[MarketInput], after: Sequence[MarketInput]) -> None:
        wanted = BacktestRequest(
            symbol="BTCUSDT",
            timeframe="1m",
            strategy="buyer",
            start_ns=before[0].ts_ns,
            end_ns=after[-1].ts_ns + 1,
            cash=Decimal(10_000),
            costs=SETTINGS.backtest.costs,
        )
        registry, minute = StrategyRegistry(BUYER), MINUTE_NS
        engine = BacktestEngine(SETTINGS, wanted, registry, BTC, base_interval_ns=minute, equity_interval_ns=minute)
        kernel = engine.kernel
        kernel.start(before[0].ts_ns)
        for message in before:
            kernel.dispatch(message)
        recorder = MarketRecorder(
            folder,
            kernel.bus,
            kernel.clock,
            kernel.markets,
            {"BTCUSDT": BTC},
            source="Binance linear",
            seed=None,
            segment_bytes=1 << 20,
        )
        recorder.start("BTCUSDT")
        kernel.dispatch(StartStrategy(strategy="buyer", ts_ns=kernel.clock.time_ns, who="test"))
        for message in after:
            kernel.dispatch(message)
        recorder.close()
        self.order_hash = engine.journal.order_hash()
        self.stops = [
            output.stop_price
            for output in engine.journal.outputs
            if isinstance(output, OrderSubmitted) and output.tag == "hard stop"
        ]
        self.recordings = read_recordings(recording_files(folder))


def test_a_mark_from_before_the_recording_decides_where_the_hard_stop_rests(tmp_path: Path) -> None:
    """The stop follows from the equity at the mark, of which none is told after the beginning."""
    market = list(StreamRecording([resource_path("data", "BTCUSDT_spot_streams_20240808.gz")], BTC))
    mark = MarkPrice("BTCUSDT", market[299].ts_ns, 6_100_000)
    heard = Heard(tmp_path, [*market[:300], mark], market[300:])
    assert len(heard.stops) == 1 and heard.recordings.headers[0].opening == (mark,)

    def order_hash(recordings: Recordings) -> str:
        wanted = msgspec.structs.replace(request(recordings, "buyer"), parameters={})
        data = RecordedData(recordings, recordings.instruments["BTCUSDT"], ())
        return run_recorded_backtest(SETTINGS, wanted, data, StrategyRegistry(BUYER))[0].order_hash

    assert order_hash(heard.recordings) == heard.order_hash
    header = msgspec.structs.replace(heard.recordings.headers[0], opening=())
    unmarked = recorded(tmp_path / "without", list(heard.recordings)[1:], header)
    assert order_hash(unmarked) != heard.order_hash, "the mark decides"


class Store:
    """Minutes of one symbol up to some time after the recording begins."""

    def __init__(self, symbol: str) -> None:
        opens = [START_NS // MINUTE_NS * MINUTE_NS + index * MINUTE_NS for index in range(-60, 5)]
        columns = [np.full(len(opens), 10**10, dtype=np.int64) for _ in range(5)]
        self.candles = Candles(symbol, MINUTE_NS, np.array(opens, dtype=np.int64), *columns)

    def load(self, symbol: str, interval_ns: int, start_ns: int, end_ns: int) -> Candles | None:
        assert symbol == self.candles.symbol
        return self.candles.slice(start_ns, end_ns)

    def save(self, candles: Candles) -> int:
        raise AssertionError("nothing is saved")

    def ranges(self) -> list[tuple[str, int, int, int, int]]:
        candles = self.candles
        return [(candles.symbol, MINUTE_NS, candles.first_ns, int(candles.open_ns[-1]), len(candles))]


def test_candles_of_the_same_market_warm_it_up_without_looking_ahead(tmp_path: Path) -> None:
    spot = recorded(tmp_path, market(count=50), SPOT)
    made_up = recorded(tmp_path, market(count=50), INVENTED)

    def warm_up(recordings: Recordings, name: str, timeframe: str = "1m") -> list[int]:
        wanted = request(recordings, timeframe=timeframe)
        data = load_recorded(wanted, recordings, SETTINGS.instruments, Store(name), 40)
        return [row[0] for row in data.warm_up]

    closes = warm_up(spot, "BTCUSDT")
    assert len(closes) == 40 and closes[-1] == START_NS // MINUTE_NS * MINUTE_NS <= START_NS
    assert warm_up(spot, invented("BTCUSDT")) == []
    assert warm_up(made_up, "BTCUSDT") == []
    assert warm_up(made_up, invented("BTCUSDT")) == closes
    assert all(close % (15 * MINUTE_NS) == 0 and close <= START_NS for close in warm_up(spot, "BTCUSDT", "15m"))
    assert warm_up(spot, "BTCUSDT", "1d") == []
