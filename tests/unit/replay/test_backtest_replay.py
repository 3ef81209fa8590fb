"""A run goes through a replay as it went the first time, and shows at each moment only what was known by then."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.backtest.test_job import LOADED, REQUEST, job_in
from tests.unit.backtest.test_recorded import INVENTED, recorded
from tests.unit.market.recordings.markets import BTC, market
from workstation.backtest.history import RunFolder
from workstation.backtest.job import read_job, run_job, write_job
from workstation.core.errors import StrategyError
from workstation.core.messages import Trade
from workstation.core.resources import resource_path
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.market.recordings import read_recordings
from workstation.market.recordings.converting import convert_streams
from workstation.replay.backtest import BacktestSource, RecordingSource
from workstation.replay.player import Player
from workstation.storage.journal import MemoryJournal

EVERYTHING = 1 << 40


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = job_in(tmp_path_factory.mktemp("replayed"))
    run_job(folder, lambda event: None)
    return folder


def order_hash(source: BacktestSource) -> str:
    journal = source.engine.journal
    assert isinstance(journal, MemoryJournal)
    return journal.order_hash()


def test_at_its_end_it_is_the_run(run: RunFolder) -> None:
    stored, source = run.load(), BacktestSource(run)
    player = Player(source)
    assert player.advance(source.end_ns, EVERYTHING)
    assert player.ended
    assert order_hash(source) == stored.result.order_hash
    found = source.result_until(player.time_ns)
    assert found is not None
    assert found.trades == stored.result.trades
    assert found.figures.fees == stored.result.figures.fees


def test_at_any_moment_it_is_a_beginning_of_the_run(run: RunFolder) -> None:
    stored, source = run.load().result, BacktestSource(run)
    player = Player(source)
    known = {(trade.number, trade.entry_ns, trade.entry_price) for trade in stored.trades}

    @settings(max_examples=15)
    @given(st.integers(source.start_ns, source.end_ns))
    def at(time_ns: int) -> None:
        if time_ns < player.time_ns:
            player.rewind()
        player.advance(time_ns, EVERYTHING)
        assert player.time_ns == time_ns
        found = source.result_until(time_ns)
        series = player.opened.kernel.markets["BTCUSDT"].series[HOUR_NS]
        assert len(series.close_ns) == 0 or series.close_ns[-1] <= time_ns
        if found is None:
            assert time_ns < source.start_ns + HOUR_NS
            return
        assert found.run.end_ns == time_ns
        assert found.equity_times_ns[-1] <= time_ns
        count = len(found.equity)
        assert np.array_equal(found.equity, stored.equity[:count])
        for trade in found.trades:
            assert trade.entry_ns <= time_ns and trade.exit_ns <= time_ns
            assert (trade.number, trade.entry_ns, trade.entry_price) in known

    at()


def test_a_step_is_a_bar(run: RunFolder) -> None:
    source = BacktestSource(run)
    player = Player(source)
    assert source.pace_ns == HOUR_NS and not source.has_depth
    for bar in range(1, 4):
        assert player.step()
        assert player.time_ns == source.start_ns + bar * HOUR_NS


def test_a_run_whose_strategy_has_changed_is_not_replayed(run: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(tmp_path / "run-000009")
    copy.path.mkdir()
    for each in run.path.iterdir():
        (copy.path / each.name).write_bytes(each.read_bytes())
    copy.write("summary.json", msgspec.json.encode(msgspec.structs.replace(run.summary(), source_hash="another")))
    with pytest.raises(StrategyError, match="has changed since"):
        BacktestSource(copy)
    write_job(copy, msgspec.structs.replace(read_job(run), request=msgspec.structs.replace(REQUEST, strategy="gone")))
    with pytest.raises(StrategyError, match="there is no strategy gone"):
        BacktestSource(copy)


def test_a_run_over_a_recording_replays_on_its_book(tmp_path: Path) -> None:
    streams = [resource_path("data", "BTCUSDT_spot_streams_20240808.gz")]
    recordings = read_recordings(convert_streams(streams, BTC, tmp_path, 1 << 20).paths)
    request = msgspec.structs.replace(
        REQUEST,
        timeframe="1m",
        strategy="market_maker",
        parameters={"spread_bps": "1"},
        start_ns=recordings.first_ns,
        end_ns=recordings.last_ns + 1,
        series=(),
    )
    folder = job_in(tmp_path, request)
    files = tuple(str(file.path) for file in recordings.files)
    write_job(folder, msgspec.structs.replace(read_job(folder), recordings=files))
    run_job(folder, lambda event: None)
    source = BacktestSource(folder)
    player = Player(source)
    assert source.has_depth
    player.advance(source.end_ns, EVERYTHING)
    assert order_hash(source) == folder.summary().order_hash
    assert source.result_until(source.end_ns) is None
    stored = folder.load()
    assert stored.result.fills > 0
    # The minutes that it was traded in are kept for its chart.
    trades = [message for message in recordings if isinstance(message, Trade)]
    rows = stored.market.rows
    assert rows[:, 5].sum() == sum(trade.lots for trade in trades)
    assert (rows[0, 1], rows[-1, 4]) == (trades[0].price, trades[-1].price)
    assert set(np.diff(rows[:, 0]).tolist()) == {MINUTE_NS}


def test_a_recording_replays_without_a_run(tmp_path: Path) -> None:
    recordings = recorded(tmp_path, market(count=1_000), INVENTED)
    source = RecordingSource([file.path for file in recordings.files], LOADED.settings)
    player = Player(source)
    middle = (source.start_ns + source.end_ns) // 2
    player.advance(middle, EVERYTHING)
    state = player.opened.kernel.markets[BTC.symbol]
    assert state.book.best_bid and state.last_ns <= middle
    assert player.opened.views.account().open_positions == 0
