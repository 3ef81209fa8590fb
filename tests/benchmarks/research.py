"""Replay and results: how fast a kernel is fed again, how long a step back takes, what the curves cost a frame."""

from __future__ import annotations

import os
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import numpy as np

from tests.benchmarks.figure import Figure
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.history import RunHistory
from workstation.backtest.job import BacktestJob, run_job, write_job
from workstation.config.loader import load_settings
from workstation.core.timeframe import HOUR_NS, parse_utc
from workstation.replay.backtest import BacktestSource
from workstation.replay.player import Player

SAMPLES = 1_000_000
FRAMES = 50
A_FRAME_MS = 5.0


def research_figures() -> list[Figure]:
    return [*_replay(), *_curves()]


def _replay() -> list[Figure]:
    """Of the shipped year of hourly candles."""
    loaded = load_settings(Path("config/strategy.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        run = RunHistory(Path(folder) / "backtests").begin()
        request = BacktestRequest(
            symbol="BTCUSDT",
            timeframe="1h",
            strategy="ema_cross",
            start_ns=parse_utc("2023-01-02"),
            end_ns=parse_utc("2024-01-01"),
            cash=Decimal(10_000),
            costs=loaded.settings.backtest.costs,
            series=("BTCUSDT",),
        )
        candles = str(Path(folder) / "history.sqlite3")
        write_job(
            run,
            BacktestJob(number=run.number, created_ns=0, request=request, configuration=loaded.json, candles=candles),
        )
        started = time.perf_counter()
        run_job(run, lambda event: None)
        ran = time.perf_counter() - started
        source = BacktestSource(run)
        player = Player(source)
        started = time.perf_counter()
        player.advance(source.end_ns, 1 << 40)
        whole = time.perf_counter() - started
        started = time.perf_counter()
        player.approach(source.end_ns - HOUR_NS)
        player.advance(source.end_ns - HOUR_NS, 1 << 40)
        back = time.perf_counter() - started
        started = time.perf_counter()
        source.result_until(player.time_ns)
        result = time.perf_counter() - started
    return [
        Figure("backtest job over a year of 1h candles, with report", ran, "s"),
        Figure("replay of it, bars a second", player.dispatched / whole, "1/s"),
        Figure("replay: one bar back from its end", back, "s"),
        Figure("replay: figures so far at its end", result * 1000, "ms"),
    ]


def _curves() -> list[Figure]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from widgets.look.style import install
    from widgets.research.curves import CurvesView, curve_of

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    install(application)
    view = CurvesView()
    view.resize(1600, 400)
    times = np.arange(SAMPLES, dtype=np.int64) * HOUR_NS
    steps = np.random.default_rng(1).integers(-(10**8), 10**8, SAMPLES)
    curve = curve_of("Equity", times, 10**12 + np.cumsum(steps))
    view.set_curves((curve,), 0, SAMPLES * HOUR_NS, percent=False, empty="")
    started = time.perf_counter()
    view.grab()
    first = time.perf_counter() - started
    started = time.perf_counter()
    for _ in range(FRAMES):
        view.grab()
    frame = (time.perf_counter() - started) / FRAMES
    view.deleteLater()
    return [
        Figure("equity curve of a million samples, first paint", first * 1000, "ms"),
        Figure("equity curve of a million samples, repainted unchanged", frame * 1000, "ms", A_FRAME_MS, "less"),
    ]
