"""A window with the research panels in place, and waiting for what happens elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation, as_loaded, small_settings
from widgets.docks.dock_layout import RESEARCH
from widgets.research.backtest_panel import BacktestPanel
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.history import RunHistory
from workstation.backtest.job import BacktestJob, run_job, write_job
from workstation.core.timeframe import parse_utc

WAIT_MS = 120_000


class Bench:
    """Research panels of a window over a paper session."""

    def __init__(self, station: Workstation, qtbot: QtBot) -> None:
        self.station = station
        self.qtbot = qtbot
        self.window = station.window
        self.research = station.research
        station.area.apply(RESEARCH)
        station.frame()

    def panel(self, name: str) -> object:
        return self.station.area.panel(name).widget()

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=WAIT_MS)
        self.station.frame()

    @property
    def form(self) -> BacktestPanel:
        form = self.panel("backtest")
        assert isinstance(form, BacktestPanel)
        self.until(lambda: form.setup.candles)
        return form

    def run(self, strategy: str = "ema_cross", start: str = "2023-03-01", end: str = "2023-03-21") -> int:
        """A short backtest from the form to its end; its number."""
        form = self.form
        form.setup.strategy.setCurrentText(strategy)
        form.setup.timeframe.setCurrentText("1h")
        form.setup.start.setText(start)
        form.setup.end.setText(end)
        before = len(self.research.runs)
        self.station.click(form.run_button)
        assert form.problem.text() == ""
        number = self.research.queue.runs[-1].number
        self.until(lambda: not self.research.queue.runs and len(self.research.runs) > before)
        self.until(lambda: self.research.shown.now is not None and self.research.shown.now.number == number)
        return number

    def adopt(self, runs: Path, number: int) -> int:
        """Take runs that were made before into the data folder, and show one."""
        shutil.copytree(runs, self.research.folder.backtests, dirs_exist_ok=True)
        self.research.read_runs()
        self.until(lambda: self.research.runs)
        self.research.open_run(number)
        self.until(lambda: self.research.shown.now is not None)
        return number


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs over March 2023 that differ in one parameter."""
    loaded = as_loaded(small_settings())
    history = RunHistory(tmp_path_factory.mktemp("made") / "backtests")
    for fast in (12, 5):
        folder = history.begin()
        request = BacktestRequest(
            symbol="BTCUSDT",
            timeframe="1h",
            strategy="ema_cross",
            start_ns=parse_utc("2023-03-01"),
            end_ns=parse_utc("2023-04-01"),
            cash=loaded.settings.backtest.cash,
            costs=loaded.settings.backtest.costs,
            parameters={"fast": fast},
            series=("BTCUSDT",),
        )
        candles = str(history.path.parent / "history.sqlite3")
        job = BacktestJob(
            number=folder.number, created_ns=1, request=request, configuration=loaded.json, candles=candles
        )
        write_job(folder, job)
        run_job(folder, lambda event: None)
    return history.path


@pytest.fixture
def bench(station: Workstation, qtbot: QtBot) -> Bench:
    return Bench(station, qtbot)
