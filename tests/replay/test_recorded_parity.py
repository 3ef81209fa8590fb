"""Lesson 20 once more: a backtest over what a paper session recorded of its market decides as the session did."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.replay.paper_session import PaperSession, busy_configuration, with_settings
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.recorded import load_recorded, run_recorded_backtest
from workstation.config.settings import Costs, Settings
from workstation.core.messages import OrderFilled, OrderSubmitted, Output
from workstation.core.types import InstrumentKind
from workstation.market.recordings import Recordings, read_recordings
from workstation.market.recordings.file_format import recording_files
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database
from workstation.storage.disk_journal import JournalReader
from workstation.storage.journal import ORDER_KINDS, order_hash
from workstation.storage.layout import DataFolder
from workstation.trading.registry import StrategyRegistry

pytestmark = pytest.mark.allow_log_warnings

SEED = 12
Change = Callable[[Settings], Settings]


def paper_session(
    data: Path, strategy: str, *, symbols: tuple[str, ...], history_days: int, segment_bytes: int
) -> Settings:
    """Four minutes of a strategy on BTCUSDT alone, recorded from the first book to the last."""
    loaded = busy_configuration()
    settings, replace = loaded.settings, msgspec.structs.replace
    rate = Decimal(4 if strategy == "ema_cross" else 20)
    built_in = replace(settings.market.built_in, history_days=history_days, messages_per_second=rate)
    settings = replace(
        settings,
        market=replace(settings.market, symbols=symbols, built_in=built_in),
        strategies={strategy: replace(settings.strategies[strategy], symbol="BTCUSDT", timeframe="1m")},
        record=replace(settings.record, symbols=("BTCUSDT",)),
        backtest=replace(
            settings.backtest, costs=settings.paper, cash=settings.account.cash, warm_up_bars=2_880, timeframe="1m"
        ),
    )
    session = PaperSession(data, with_settings(loaded, settings), SEED)
    session.session.recordings._recordings["BTCUSDT"]._segment_bytes = segment_bytes
    session.let_pass(1_800 if strategy == "ema_cross" else 90)
    session.close()
    return settings


def decisions(records: list[Output]) -> list[Output]:
    return [record for record in records if isinstance(record, ORDER_KINDS)]


def journalled(data: Path) -> list[Output]:
    reader = JournalReader(DataFolder(data).journal)
    try:
        return decisions(list(reader.records(1)))
    finally:
        reader.close()


def backtest(data: Path, settings: Settings, strategy: str, costs: Costs) -> tuple[str, Recordings]:
    """As ``workstation backtest --recording`` runs it; the hash of what it decided."""
    recordings = read_recordings(recording_files(DataFolder(data).recordings))
    request = BacktestRequest(
        symbol="BTCUSDT",
        timeframe="1m",
        strategy=strategy,
        start_ns=recordings.first_ns,
        end_ns=recordings.last_ns + 1,
        cash=settings.backtest.cash,
        costs=costs,
        parameters=dict(settings.strategies[strategy].parameters),
        seed=SEED,
    )
    database = open_database(DataFolder(data).history)
    try:
        store = CandleDatabase(database)
        fed = load_recorded(request, recordings, settings.instruments, store, settings.backtest.warm_up_bars)
    finally:
        database.close()
    assert fed.instrument.kind is InstrumentKind.LINEAR
    result, _ = run_recorded_backtest(settings, request, fed, StrategyRegistry(None))
    return result.order_hash, recordings


@pytest.mark.parametrize(
    ("strategy", "symbols", "history_days", "segment_bytes"),
    [
        pytest.param("ema_cross", ("BTCUSDT",), 0, 1_000_000, id="ema_cross, cold"),
        pytest.param("ema_cross", ("BTCUSDT",), 2, 1_000_000, id="ema_cross, warmed up by the same candles"),
        pytest.param("market_maker", ("BTCUSDT",), 0, 1_000_000, id="market_maker"),
        pytest.param("market_maker", ("BTCUSDT",), 0, 2_000, id="market_maker, in many files"),
        pytest.param("ema_cross", ("SOLUSDT", "BTCUSDT"), 0, 1_000_000, id="ema_cross, beside another symbol"),
        pytest.param("grid", ("BTCUSDT", "ETHUSDT", "SOLUSDT"), 0, 1_000_000, id="grid, beside other symbols"),
    ],
)
def test_lesson_20_a_backtest_over_the_recording_decides_as_the_paper_session(
    tmp_path: Path, strategy: str, symbols: tuple[str, ...], history_days: int, segment_bytes: int
):
    settings = paper_session(
        tmp_path, strategy, symbols=symbols, history_days=history_days, segment_bytes=segment_bytes
    )
    paper = journalled(tmp_path)
    assert {type(record) for record in paper} >= {OrderSubmitted, OrderFilled}
    tested, recordings = backtest(tmp_path, settings, strategy, settings.paper)
    # The session's clock went on to its end after the last input of the market.
    heard = [record for record in paper if record.ts_ns <= recordings.last_ns]
    assert len(heard) >= 4 and tested == order_hash(heard)
    assert not recordings.holes and (len(recordings.files) > 8) == (segment_bytes == 2_000)


def test_the_comparison_would_see_other_costs_and_a_lost_minute(tmp_path: Path):
    settings = paper_session(tmp_path, "market_maker", symbols=("BTCUSDT",), history_days=0, segment_bytes=2_000)
    paper = journalled(tmp_path)
    files = recording_files(DataFolder(tmp_path).recordings)
    replace = msgspec.structs.replace
    slower = replace(settings.paper, latency_mean_ms=settings.paper.latency_mean_ms + 1)
    tested, recordings = backtest(tmp_path, settings, "market_maker", slower)
    assert tested != order_hash([record for record in paper if record.ts_ns <= recordings.last_ns])
    for lost in files[2:6]:
        lost.unlink()
    tested, recordings = backtest(tmp_path, settings, "market_maker", settings.paper)
    assert tested != order_hash([record for record in paper if record.ts_ns <= recordings.last_ns])
    assert len(recordings.holes) == 1
