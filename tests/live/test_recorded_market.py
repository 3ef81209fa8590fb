"""Prices of an exchange on paper, and a real recording as the exchange's market."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.end_to_end.program import ROOT, journal
from tests.end_to_end.sandbox_server import running_sandbox
from tests.live.checks import check_everything
from tests.live.recorded_fills import assert_recorded
from tests.live.world import STRATEGIES, lenient_risk, live_configuration, live_world
from tests.replay.paper_session import CONFIGURATION, with_settings
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.recorded import load_recorded, run_recorded_backtest
from workstation.config.loader import Loaded, load_settings
from workstation.config.settings import Settings, StrategyEntry
from workstation.core.clock import WallClock
from workstation.core.messages import OrderFilled, OrderSubmitted
from workstation.core.types import Mode
from workstation.market.recordings import read_recordings
from workstation.market.recordings.converting import convert_streams
from workstation.market.recordings.file_format import recording_files
from workstation.sandbox.recording import RecordingSource, open_recording
from workstation.session import Session
from workstation.storage.journal import ORDER_KINDS, order_hash
from workstation.storage.layout import DataFolder
from workstation.trading.registry import StrategyRegistry
from workstation.verification import verify

pytestmark = pytest.mark.allow_log_warnings
SYMBOL = "BTCUSDT"
REAL = ROOT / "resources" / "data" / "BTCUSDT_spot_streams_20240808.gz"
SEED = 4


def only_btc(settings: Settings, strategy: str, parameters: dict[str, Any], **changes: Any) -> Settings:
    entry = StrategyEntry(strategy=strategy, symbol=SYMBOL, timeframe="1m", start=True, parameters=parameters)
    market = msgspec.structs.replace(settings.market, source="exchange", symbols=(SYMBOL,))
    return msgspec.structs.replace(settings, market=market, strategies={strategy: entry}, **changes)


def backtested(settings: Settings, files: Sequence[Path], strategy: str) -> tuple[Any, int]:
    """What a backtest over recordings decides, and when they end."""
    recordings = read_recordings(list(files))
    request = BacktestRequest(
        symbol=SYMBOL,
        timeframe="1m",
        strategy=strategy,
        start_ns=recordings.first_ns,
        end_ns=recordings.last_ns + 1,
        cash=settings.account.cash,
        costs=settings.paper,
        parameters=dict(settings.strategies[strategy].parameters),
        seed=SEED,
    )
    fed = load_recorded(request, recordings, settings.instruments, None, 0)
    result, _ = run_recorded_backtest(settings, request, fed, StrategyRegistry(STRATEGIES))
    return result, recordings.last_ns


def paper_configuration(address: str) -> Loaded:
    loaded = load_settings(CONFIGURATION)
    settings, replace = loaded.settings, msgspec.structs.replace
    settings = only_btc(
        settings,
        "by_number",
        {},
        exchange=replace(settings.exchange, address=address, key="practice"),
        record=replace(settings.record, symbols=(SYMBOL,)),
        risk=lenient_risk(settings, "spot"),
        strategy_folder=str(STRATEGIES),
    )
    return with_settings(loaded, settings)


async def test_lesson_20_and_31_paper_on_exchange_prices_holds_no_key_and_is_what_a_backtest_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise AssertionError("a paper session looked for a key")

    monkeypatch.setattr("workstation.session.exchange_access.load_credentials", refuse)
    async with running_sandbox(seed=SEED, symbols=(SYMBOL,), messages_per_second=100) as sandbox:
        session = Session(paper_configuration(sandbox.address), tmp_path, SEED)
        await session.connect()
        session.open()
        try:
            await session.run(6)
            session.recordings.stop(SYMBOL)
        finally:
            await session.close()
        assert session.mode is Mode.PAPER and not sandbox.account.futures.orders
    assert verify(DataFolder(tmp_path), STRATEGIES).orders > 5
    result, last_ns = backtested(session.settings, recording_files(DataFolder(tmp_path).recordings), "by_number")
    decided = [r for r in journal(tmp_path)[1] if isinstance(r, ORDER_KINDS) and r.ts_ns <= last_ns]
    assert any(isinstance(r, OrderSubmitted) and r.tag == "hard stop" for r in decided)
    assert result.order_hash == order_hash(decided)


async def test_the_real_recording_is_served_traded_on_and_backtested(tmp_path: Path):
    instruments = load_settings(CONFIGURATION).settings.instruments
    symbols, inputs = open_recording(REAL, instruments)
    start_ns = WallClock().now_ns()
    source = RecordingSource(tuple(symbols), inputs, start_ns)
    settings = only_btc(live_configuration("", "spot").settings, "live_reckless", {"draw": 3, "interval_ms": 100})
    changes = {"market": settings.market, "strategies": settings.strategies}
    terms: dict[str, Any] = {"source": source, "start_ns": start_ns, "symbols": symbols, "settings": changes}
    async with live_world(tmp_path / "live", "spot", SEED, **terms) as world:
        world.sandbox.exchange.floor.brings_funding = False
        await world.start()
        await world.until_trading()
        await asyncio.sleep(4)
        await world.settle()
        await world.stop()
        met = check_everything(world)
        assert met["OrderFilled"] > 3
        executions = list(world.desk.executions)
    filled = Counter(execution.price for execution in executions)
    assert filled == Counter(r.price for r in journal(world.data)[1] if isinstance(r, OrderFilled))
    assert_recorded(executions, RecordingSource(tuple(symbols), inputs, start_ns))
    converted = convert_streams([REAL], settings.instruments[SYMBOL], tmp_path / "recordings", 1_000_000)
    result, _ = backtested(settings, converted.paths, "live_reckless")
    assert result.order_hash == backtested(settings, converted.paths, "live_reckless")[0].order_hash
