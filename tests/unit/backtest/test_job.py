"""A backtest as a job: its folder says all that is needed, and what it tells arrives whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.backtest.engine import BacktestRequest
from workstation.backtest.history import RunFolder, RunHistory
from workstation.backtest.job import (
    BacktestJob,
    Failed,
    Finished,
    JobEvent,
    Loading,
    Running,
    decode_event,
    encode_event,
    job_command,
    read_job,
    run_job,
    write_job,
)
from workstation.backtest.runner import load_data, run_backtest
from workstation.config.loader import load_settings
from workstation.core.errors import DataError, StrategyError
from workstation.core.timeframe import parse_utc
from workstation.trading.registry import StrategyRegistry

ROOT = Path(__file__).parents[3]
LOADED = load_settings(ROOT / "config" / "strategy.yaml")
REQUEST = BacktestRequest(
    symbol="BTCUSDT",
    timeframe="1h",
    strategy="ema_cross",
    start_ns=parse_utc("2023-03-01"),
    end_ns=parse_utc("2023-03-11"),
    cash=LOADED.settings.backtest.cash,
    costs=LOADED.settings.backtest.costs,
    parameters={"fast": 5, "slow": 12},
    series=("BTCUSDT",),
)


def job_in(tmp_path: Path, request: BacktestRequest = REQUEST) -> RunFolder:
    folder = RunHistory(tmp_path / "backtests").begin()
    candles = str(tmp_path / "history.sqlite3")
    write_job(
        folder,
        BacktestJob(number=folder.number, created_ns=1, request=request, configuration=LOADED.json, candles=candles),
    )
    return folder


def test_a_job_gives_what_the_command_line_gives(tmp_path: Path) -> None:
    folder = job_in(tmp_path)
    told: list[JobEvent] = []
    run_job(folder, told.append)
    assert isinstance(told[0], Loading) and isinstance(told[-1], Finished)
    stored = folder.load()
    settings = LOADED.settings
    instrument = settings.instruments["BTCUSDT"]
    data = load_data(REQUEST, instrument, None, settings.backtest.warm_up_bars)
    result = run_backtest(settings, REQUEST, data, StrategyRegistry(None))
    assert stored.result.order_hash == result.order_hash
    assert stored.result.to_json() == result.to_json()
    assert stored.market.bars("BTCUSDT", data.bars[0].interval_ns) == data.bars
    assert stored.market.warm_up_rows() == data.warm_up
    assert stored.report.stat().st_size > 1_000


def test_progress_is_told_sparingly_and_never_falls(tmp_path: Path) -> None:
    told: list[JobEvent] = []
    run_job(job_in(tmp_path, msgspec.structs.replace(REQUEST, end_ns=parse_utc("2023-12-01"))), told.append)
    running = [event for event in told if isinstance(event, Running)]
    assert 1 <= len(running) <= 201
    assert running == sorted(running, key=lambda event: event.done)
    assert running[-1].done == running[-1].total


@given(
    st.one_of(
        st.just(Loading()),
        st.builds(Running, st.integers(0, 10**9), st.integers(0, 10**9)),
        st.just(Finished()),
        st.builds(Failed, st.text()),
    )
)
def test_events_survive_the_pipe(event: JobEvent) -> None:
    line = encode_event(event)
    assert b"\n" not in line
    assert decode_event(line) == event


@given(st.binary())
def test_what_a_strategy_prints_is_no_event(line: bytes) -> None:
    found = decode_event(line)
    assert found is None or encode_event(found)


def test_a_job_is_the_same_after_its_folder(tmp_path: Path) -> None:
    folder = job_in(tmp_path)
    job = read_job(folder)
    assert msgspec.json.decode(msgspec.json.encode(job.request), type=BacktestRequest) == REQUEST
    assert job.settings() == LOADED.settings


def test_a_newer_job_is_left_alone(tmp_path: Path) -> None:
    folder = job_in(tmp_path)
    write_job(folder, msgspec.structs.replace(read_job(folder), version=99))
    with pytest.raises(DataError, match="newer version"):
        read_job(folder)


def test_an_unknown_strategy_is_a_sentence(tmp_path: Path) -> None:
    folder = job_in(tmp_path, msgspec.structs.replace(REQUEST, strategy="nobody"))
    with pytest.raises(StrategyError, match="nobody"):
        run_job(folder, lambda event: None)
    assert not (folder.path / "summary.json").exists()


def test_the_child_runs_anywhere_and_tells_on_its_output(tmp_path: Path) -> None:
    folder = job_in(tmp_path, msgspec.structs.replace(REQUEST, end_ns=parse_utc("2023-03-03")))
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    done = subprocess.run(job_command(folder.path), cwd=tmp_path, env=environment, capture_output=True, check=False)
    events = [decode_event(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr.decode()
    assert isinstance(events[-1], Finished)
    assert folder.summary().number == folder.number


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert job_command(tmp_path) == [sys.executable, "backtest-job", str(tmp_path)]
