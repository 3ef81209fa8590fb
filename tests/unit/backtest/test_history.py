"""Runs on disk: what is kept comes back, a run that died is none, the number is bounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.backtest.runs import crossing_run, random_bars
from workstation.backtest.history import ABANDONED_NS, RunFolder, RunHistory, RunMarket
from workstation.backtest.result import BacktestResult
from workstation.core.errors import DataError, StorageError
from workstation.core.messages import Bar
from workstation.core.timeframe import HOUR_NS

NOW_NS = 1_700_000_000_000_000_000
RESULT = crossing_run(random_bars(300))


def keep(folder: RunFolder, result: BacktestResult = RESULT) -> None:
    market = RunMarket.of([Bar("BTCUSDT", HOUR_NS, HOUR_NS, 1, 3, 1, 2, 9)], [(0, 1, 1, 1, 1, 1)])
    folder.keep(folder.number, NOW_NS, result, market, "<html></html>", "hash of the source")


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    folder = RunHistory(tmp_path).begin()
    keep(folder)
    stored = RunHistory(tmp_path).folder(folder.number).load()
    assert stored.result.to_json() == RESULT.to_json()
    assert stored.result.trades == RESULT.trades
    assert np.array_equal(stored.result.equity, RESULT.equity)
    assert np.array_equal(stored.result.equity_times_ns, RESULT.equity_times_ns)
    assert stored.summary.source_hash == "hash of the source"
    assert stored.report.read_text() == "<html></html>"
    assert stored.market.bars("BTCUSDT", HOUR_NS) == [Bar("BTCUSDT", HOUR_NS, HOUR_NS, 1, 3, 1, 2, 9)]
    assert stored.market.warm_up_rows() == ((0, 1, 1, 1, 1, 1),)


def test_the_newest_comes_first_and_one_without_a_result_is_left_out(tmp_path: Path) -> None:
    history = RunHistory(tmp_path)
    for _ in range(3):
        keep(history.begin())
    died = history.begin()
    found, problems = history.summaries()
    assert [summary.number for summary in found] == [3, 2, 1]
    assert problems == [] and died.number == 4


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    history = RunHistory(tmp_path)
    keep(history.begin())
    history.begin()
    assert RunHistory(tmp_path).begin().number == 3


def test_pruning_keeps_the_newest_and_those_that_run(tmp_path: Path) -> None:
    history = RunHistory(tmp_path)
    for _ in range(5):
        keep(history.begin())
    running = history.begin()
    written = running.path.stat().st_mtime_ns
    assert history.prune(2, written + 1) == [3, 2, 1]
    assert running.path.is_dir()
    assert history.prune(2, written + ABANDONED_NS + 1) == [running.number]
    assert [summary.number for summary in history.summaries()[0]] == [5, 4]


def test_a_damaged_run_is_told_and_the_others_are_listed(tmp_path: Path) -> None:
    history = RunHistory(tmp_path)
    keep(history.begin())
    bad = history.begin()
    keep(bad)
    (bad.path / "summary.json").write_text("{")
    found, problems = history.summaries()
    assert [summary.number for summary in found] == [1]
    assert len(problems) == 1 and "summary.json is damaged" in problems[0]
    history.delete([2])
    assert history.summaries()[1] == []


@example(b"PK\x03\x04A", "market.npz")
@given(st.binary(max_size=40), st.sampled_from(["equity.npz", "market.npz", "trades.json"]))
def test_damage_is_one_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    folder = RunHistory(tmp_path_factory.mktemp("runs")).begin()
    keep(folder)
    (folder.path / name).write_bytes(content)
    with pytest.raises((DataError, StorageError), match=name):
        folder.load()


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int
) -> None:
    folder = RunHistory(tmp_path_factory.mktemp("runs")).begin()
    keep(folder)
    content = bytearray((folder.path / "equity.npz").read_bytes())
    content[place % len(content)] ^= change
    (folder.path / "equity.npz").write_bytes(bytes(content))
    try:
        times_ns, equity = folder.equity()
    except DataError as error:
        assert "equity.npz is damaged" in str(error)
    else:
        assert np.array_equal(equity, RESULT.equity) and np.array_equal(times_ns, RESULT.equity_times_ns)


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    with pytest.raises(StorageError, match="cannot be kept"):
        RunHistory(place).begin()
