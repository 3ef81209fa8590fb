"""What drawings and alerts cost: panning with hundreds of drawings in view, and a trade with a hundred alerts."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from decimal import Decimal

import numpy as np

from tests.benchmarks.figure import Figure, quiet_collector

BARS = 100_000
DRAWINGS = 1_000
IN_VIEW = 20
ALERTS = 100
FRAMES = 200
TRADES = 20_000
MINUTE = 60_000_000_000
SIZE = (1100, 620)


def drawing_figures() -> list[Figure]:
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    command = [sys.executable, "-m", "tests.benchmarks.drawings"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    drawn, bare = f"chart pan with {IN_VIEW} of {DRAWINGS:,} drawings in view", "the same without drawings"
    ratio = found["drawn_p50"] / found["bare_p50"]
    return [
        Figure(f"{drawn}, p50", found["drawn_p50"], "ms", peer=bare, ratio=ratio),
        Figure(f"{drawn}, p99", found["drawn_p99"], "ms", 5.0, "less"),
        Figure(f"a trade judged for {ALERTS} alerts", found["trade_us"], "µs"),
    ]


def main() -> None:
    """In this process: prints the figures as JSON."""
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    found = {**_frames("bare", 0), **_frames("drawn", DRAWINGS), "trade_us": _trade_us()}
    print(json.dumps(found))
    application.processEvents()


def _frames(name: str, drawings: int) -> dict[str, float]:
    from PySide6.QtCore import QEvent
    from PySide6.QtWidgets import QApplication

    from widgets.chart.chart_view import ChartView
    from widgets.chart.drawings.drawing import ANCHORS, Anchor, Drawing, Tool

    view = ChartView()
    view.resize(*SIZE)
    generator = np.random.default_rng(1)
    close = 42_000 + np.cumsum(generator.normal(0, 5, BARS))
    times = np.arange(BARS, dtype=np.int64) * MINUTE
    view.set_instrument("BTCUSDT", "Perpetual · 1 m", Decimal("0.1"))
    view.set_bars(times, close, close + 8, close - 8, close, np.full(BARS, 5.0))
    tools = [tool for tool in Tool if tool not in (Tool.HORIZONTAL_LINE, Tool.RAY)]
    view.drawings.drawings = tuple(
        Drawing(
            f"drawing {number}",
            tools[number % len(tools)],
            tuple(
                Anchor(_bar(generator, times, number < IN_VIEW), float(close[-1] + generator.normal(0, 40)))
                for _ in range(ANCHORS[tools[number % len(tools)]])
            ),
            text="Words",
        )
        for number in range(drawings)
    )
    view.show()
    QApplication.processEvents()
    taken = []
    with quiet_collector():
        for number in range(FRAMES):
            started = time.process_time()
            view.hand.drag(view.price_pane, 2.0 if number % 40 < 20 else -2.0, 0.0)
            view.grab()
            taken.append((time.process_time() - started) * 1000)
    view.close()
    view.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return {f"{name}_p50": statistics.median(taken), f"{name}_p99": statistics.quantiles(taken, n=100)[98]}


def _bar(generator: np.random.Generator, times: np.ndarray, in_view: bool) -> int:
    """The time of one of the newest bars, or of an old one."""
    return int(times[-1 - int(generator.integers(0, 150) if in_view else generator.integers(5_000, BARS))])


def _trade_us() -> float:
    from workstation.core.instrument import Instrument
    from workstation.core.types import InstrumentKind
    from workstation.market.alerts.alert import Alert, PriceLevel, PriceLine
    from workstation.market.alerts.alert_book import AlertBook

    instrument = Instrument(
        symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        kind=InstrumentKind.LINEAR,
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        minimum_notional=Decimal(5),
    )
    book = AlertBook(lambda symbol: instrument)
    for number in range(ALERTS):
        level = Decimal(40_000 + number)
        line = PriceLine(0, level, 1 << 60, level + 500, True)
        condition = line if number % 2 else PriceLevel(level)
        book.add(Alert(name="", symbol="BTCUSDT", condition=condition))
    prices = np.random.default_rng(2).integers(420_000, 421_000, TRADES).tolist()
    started = time.process_time()
    for place, price in enumerate(prices):
        book.on_price("BTCUSDT", price, place * 1_000_000)
    return (time.process_time() - started) / TRADES * 1e6


if __name__ == "__main__":
    main()
