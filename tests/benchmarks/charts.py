"""The chart offscreen at 1600×900 with three indicators: first paint, pan, zoom, and a new tick of the last bar."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from tests.benchmarks.figure import Figure, quiet_collector

COUNTS = (10_000, 100_000, 1_000_000)
INDICATORS = ("EMA(21)", "EMA(55)", "BBANDS(20)")
SIZE = (1600, 900)
FRAMES = 200
MINUTE_NS = 60_000_000_000
FRAME_TARGET_MS = 5.0
TICK_TARGET_MS = 2.0


def chart_figures() -> list[Figure]:
    figures = []
    for count in COUNTS:
        found = _child(count)
        figures.append(Figure(f"chart of {count:,} candles, first paint", found["first"], "ms"))
        for name, words, target in (
            ("pan", "pan", FRAME_TARGET_MS),
            ("zoom", "zoom", FRAME_TARGET_MS),
            ("tick", "a tick of the last bar", TICK_TARGET_MS),
        ):
            for share in ("p50", "p99"):
                limit = target if share == "p50" else None
                figures.append(
                    Figure(
                        f"chart of {count:,} candles, {words}, {share}", found[f"{name}_{share}"], "ms", limit, "less"
                    )
                )
    return figures


def _child(count: int) -> dict[str, float]:
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    command = [sys.executable, "-m", "tests.benchmarks.charts", "--bars", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    measured: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def random_walk(count: int) -> tuple[np.ndarray, ...]:
    """Times in UTC nanoseconds, then open, high, low, close and volume, the same at every call."""
    random = np.random.default_rng(7)
    close = 42_000 * np.exp(np.cumsum(random.normal(0, 2e-4, count)))
    open_ = np.concatenate([close[:1], close[:-1]])
    reach = np.abs(random.normal(0, 4, (2, count)))
    high, low = np.maximum(open_, close) + reach[0], np.minimum(open_, close) - reach[1]
    times = 1_600_000_000_000_000_000 + np.arange(count, dtype=np.int64) * MINUTE_NS
    return times, open_, high, low, close, random.exponential(5, count)


def main() -> None:
    """One size in this process: prints its figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=int, required=True)
    arguments = parser.parse_args()
    from PySide6.QtWidgets import QApplication

    from widgets.look.style import install

    application = QApplication([])
    install(application, None)
    print(json.dumps(_measure(arguments.bars)))


def _measure(count: int) -> dict[str, float]:
    from PySide6.QtWidgets import QApplication

    from widgets.chart.chart_view import ChartView
    from widgets.chart.studies import Studies

    bars = random_walk(count)
    chart = ChartView()
    chart.resize(*SIZE)
    chart.show()
    QApplication.processEvents()
    chart.set_instrument("BTCUSDT", "Perpetual · 1 m", Decimal("0.1"))
    started = time.perf_counter()
    times, open_, high, low, close, volume = bars
    chart.set_bars(times, open_, high, low, close, volume)
    studies = Studies(chart)
    studies.choose(INDICATORS)
    chart.grab()
    found = {"first": (time.perf_counter() - started) * 1000}

    def pan(frame: int) -> None:
        chart.pan_share(-0.02 if frame % 100 < 50 else 0.02)

    def zoom(frame: int) -> None:
        chart.zoom_at(0.93 if frame % 200 < 100 else 1 / 0.93, SIZE[0] / 2)

    first, top, bottom, last, traded = (float(column[-1]) for column in bars[1:])

    def tick(frame: int) -> None:
        price = last + (frame % 7 - 3) * 0.1
        chart.update_last_bar(first, max(top, price), min(bottom, price), price, traded + frame * 0.01)
        studies.follow()

    with quiet_collector():
        for name, act in (("tick", tick), ("pan", pan), ("zoom", zoom)):
            frames = _frames(act)
            found[f"{name}_p50"], found[f"{name}_p99"] = frames[FRAMES // 2], frames[FRAMES * 99 // 100]
    return found


def _frames(act: Callable[[int], None]) -> list[float]:
    """Sorted milliseconds of what happens and the painting that it causes, into the window's own surface."""
    from PySide6.QtWidgets import QApplication

    times = []
    for frame in range(FRAMES + 5):
        started = time.perf_counter()
        act(frame)
        QApplication.processEvents()
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times[5:])


if __name__ == "__main__":
    main()
