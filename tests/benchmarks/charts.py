"""The chart offscreen at 1600×900 with three indicators: first paint, pan, zoom, and a new tick of the last bar."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from decimal import Decimal

from tests.benchmarks.chart_frames import SIZE, measure, random_walk, run
from tests.benchmarks.figure import Figure, quiet_collector

COUNTS = (10_000, 100_000, 1_000_000)
INDICATORS = ("EMA(21)", "EMA(55)", "BBANDS(20)")
FRAME_TARGET_MS = 5.0
TICK_TARGET_MS = 2.0


def chart_figures() -> list[Figure]:
    figures = []
    for count in COUNTS:
        found = measured(sys.executable, "tests.benchmarks.charts", count)
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


def measured(python: str, module: str, count: int) -> dict[str, float]:
    """What a program of ``chart_frames.run`` finds, in a process and an environment of its own."""
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen", PYTHONPATH=os.getcwd())
    command = [python, "-m", module, "--bars", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def measure_chart(count: int) -> dict[str, float]:
    """Our chart in this process."""
    from PySide6.QtWidgets import QApplication

    from widgets.chart.chart_view import ChartView
    from widgets.chart.studies import Studies
    from widgets.look.style import install
    from workstation.market.indicators import parse_indicator

    # Loaded before, as the peers load theirs before they are measured: TA-Lib, and what the studies read.
    importlib.import_module("widgets.chart.market_lines")
    for text in INDICATORS:
        parse_indicator(text)
    application = QApplication([])
    install(application, None)
    times, open_, high, low, close, volume = bars = random_walk(count)
    chart = ChartView()
    chart.resize(*SIZE)
    chart.show()
    application.processEvents()
    chart.set_instrument("BTCUSDT", "Perpetual · 1 m", Decimal("0.1"))
    started = time.perf_counter()
    chart.set_bars(times, open_, high, low, close, volume)
    studies = Studies(chart)
    studies.choose(INDICATORS)
    chart.grab()
    first_paint = (time.perf_counter() - started) * 1000
    first, top, bottom, last, traded = (float(column[-1]) for column in bars[1:])

    def pan(frame: int) -> None:
        chart.pan_share(-0.02 if frame % 100 < 50 else 0.02)

    def zoom(frame: int) -> None:
        """From two hundred bars out to hundreds of thousands, and in again."""
        chart.zoom_at(0.93 if frame % 200 < 100 else 1 / 0.93, SIZE[0] / 2)

    def zoom_near(frame: int) -> None:
        """As far as the peers zoom: to four times as many bars."""
        chart.zoom_at(1 / 1.05 if frame % 60 < 30 else 1.05, SIZE[0] / 2)

    def tick(frame: int) -> None:
        price = last + (frame % 7 - 3) * 0.1
        chart.update_last_bar(first, max(top, price), min(bottom, price), price, traded + frame * 0.01)
        studies.follow()

    with quiet_collector():
        found = measure({"tick": tick, "pan": pan, "zoom_near": zoom_near, "zoom": zoom}, application.processEvents)
    return {"first": first_paint, **found}


if __name__ == "__main__":
    run(measure_chart)
