"""Recordings: writing, reading, a backtest over one, and importing real streams."""

from __future__ import annotations

import gzip
import tempfile
import time
from collections import deque
from itertools import islice
from pathlib import Path

from tests.benchmarks.figure import Figure, quiet_collector
from workstation.assembly import strategy_registry
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.recorded import RecordedData, run_recorded_backtest
from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.messages import MarketInput
from workstation.core.resources import resource_path
from workstation.core.timeframe import parse_utc
from workstation.market.built_in.market import BuiltInMarket
from workstation.market.order_book import OrderBook
from workstation.market.recordings import RecordingHeader, Recordings, read_recordings
from workstation.market.recordings.converting import convert_streams
from workstation.market.recordings.file_format import BUILT_IN
from workstation.market.recordings.writing import KnownMarket, SymbolRecording

CONFIGURATION = Path("config/strategy.yaml")
START_NS = parse_utc("2023-11-14T22:00")
EVENTS = 200_000


def recording_figures() -> list[Figure]:
    settings = load_settings(CONFIGURATION).settings
    with tempfile.TemporaryDirectory() as folder:
        market = BuiltInMarket(settings.market.built_in, [settings.instruments["BTCUSDT"]], 7, None, START_NS)
        events = list(islice(market.events(), EVENTS))
        writing, recordings = _write(settings, Path(folder), events)
        size = sum(file.path.stat().st_size for file in recordings.files)
        with quiet_collector():
            started = time.perf_counter()
            deque(recordings, maxlen=0)
            reading = time.perf_counter() - started
        backtest = _backtest(settings, recordings)
    return [
        Figure("inputs a second written to a recording", len(events) / writing, "1/s"),
        Figure("inputs a second read from a recording", len(events) / reading, "1/s"),
        Figure("inputs a second of a backtest over it, market_maker", len(events) / backtest, "1/s"),
        Figure("bytes an input of that recording", size / len(events), "B"),
        *_real_streams(settings),
    ]


def _write(settings: Settings, folder: Path, events: list[MarketInput]) -> tuple[float, Recordings]:
    header = RecordingHeader(instrument=settings.instruments["BTCUSDT"], source=BUILT_IN, seed=7)
    book = OrderBook("BTCUSDT")
    recording = SymbolRecording(folder, header, KnownMarket(book), settings.record.segment_megabytes * 1_000_000)
    with quiet_collector():
        started = time.perf_counter()
        for event in events:
            recording.take(event)
        recording.close()
        seconds = time.perf_counter() - started
    return seconds, read_recordings(recording.paths)


def _backtest(settings: Settings, recordings: Recordings) -> float:
    request = BacktestRequest(
        symbol="BTCUSDT",
        timeframe="1m",
        strategy="market_maker",
        start_ns=recordings.first_ns,
        end_ns=recordings.last_ns + 1,
        cash=settings.backtest.cash,
        costs=settings.backtest.costs,
        parameters=dict(settings.strategies["market_maker"].parameters),
    )
    data = RecordedData(recordings, recordings.instruments["BTCUSDT"], ())
    registry = strategy_registry(settings, CONFIGURATION)
    registry.create(request.strategy, request.strategy, request.symbol, request.timeframe, request.parameters)
    with quiet_collector():
        started = time.perf_counter()
        result, _ = run_recorded_backtest(settings, request, data, registry)
        seconds = time.perf_counter() - started
    assert result.fills > 10
    return seconds


def _real_streams(settings: Settings) -> list[Figure]:
    """The shipped minute of Binance spot."""
    streams = resource_path("data", "BTCUSDT_spot_streams_20240808.gz")
    lines = len(gzip.decompress(streams.read_bytes()).splitlines())
    with tempfile.TemporaryDirectory() as folder, quiet_collector():
        started = time.perf_counter()
        done = convert_streams([streams], settings.instruments["BTCUSDT"], Path(folder), 1 << 30)
        seconds = time.perf_counter() - started
        size = done.paths[0].stat().st_size
    return [
        Figure("lines a second of importing Binance's streams", lines / seconds, "1/s"),
        Figure("bytes an input of real spot books and trades", size / (done.book_changes + done.trades), "B"),
    ]
