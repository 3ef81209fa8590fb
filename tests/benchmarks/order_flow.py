"""One frame of the ladder and of the heatmap, offscreen, in a process of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from decimal import Decimal
from typing import Any

from tests.benchmarks.figure import Figure, quiet_collector

FRAMES = 300
LEVELS = 50
UPDATES_A_FRAME = 33  # 1,000 a second at 30 frames a second
COLUMNS, ROWS = 1000, 400
COLUMN_NS = 50_000_000  # a new column each frame at 20 frames a second


def order_flow_figures() -> list[Figure]:
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    command = [sys.executable, "-m", "tests.benchmarks.order_flow"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout.strip().splitlines()[-1])
    figures = []
    for name, words in (
        ("ladder", "ladder of 2×50 levels at 1,000 updates/s"),
        ("ladder_whole", "ladder of 2×50 levels, every row anew"),
        ("heatmap", "heatmap of 1,000×400 at 20 frames/s"),
        ("heatmap_drag", "heatmap of 1,000×400 dragged into the past, 3 columns and 5 rows"),
        ("heatmap_pan", "heatmap of 1,000×400 panned out of its margin"),
    ):
        target = 1.0 if name in ("ladder", "heatmap") else None
        figures.append(Figure(f"{words}, a frame p50", found[name][0], "ms", target, "less"))
        figures.append(Figure(f"{words}, a frame p99", found[name][1], "ms"))
    return figures


def main() -> None:
    """Prints p50 and p99 of each as JSON."""
    from PySide6.QtWidgets import QApplication

    from widgets.look.style import install

    application = QApplication([])
    install(application, None)
    found = {}
    with quiet_collector():
        for measure in (_ladder, _heatmap):
            for name, times in measure(application).items():
                ordered = sorted(times)
                found[name] = [ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]]
    print(json.dumps(found))


def _ladder(application: Any) -> dict[str, list[float]]:
    """All 100 rows are in view; each update changes one level."""
    from widgets.ladder.ladder_painting import FOOT, HEADER
    from widgets.ladder.ladder_view import LadderView
    from widgets.look.theme import current

    rng = random.Random(7)
    bids = {1000 - number: rng.randint(1, 30_000) for number in range(LEVELS)}
    asks = {1001 + number: rng.randint(1, 30_000) for number in range(LEVELS)}
    view = LadderView()
    view.resize(270, HEADER + FOOT + 2 * LEVELS * current().metrics.ladder_row)
    view.set_steps(Decimal("0.1"), Decimal("0.001"))
    view.show()
    view.set_book(list(bids.items()), list(asks.items()), 1000, "buy")
    application.processEvents()
    changed, whole = [], []
    for frame in range(FRAMES):
        for _ in range(UPDATES_A_FRAME):
            side = rng.choice((bids, asks))
            side[rng.choice(list(side))] = rng.randint(1, 30_000)
        started = time.perf_counter()
        view.set_book(list(bids.items()), list(asks.items()), 1000 + frame % 2, "buy")
        application.processEvents()
        changed.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        view.repaint()
        whole.append((time.perf_counter() - started) * 1000)
    view.close()
    return {"ladder": changed, "ladder_whole": whole}


def _heatmap(application: Any) -> dict[str, list[float]]:
    """A book of 200 levels a side that moves, in cells of one pixel by one; with its axes, the book now, the delta."""
    from widgets.heatmap.heatmap_scene import BOOK, DELTA, GAP, PRICE_AXIS, TIME_AXIS
    from widgets.heatmap.heatmap_view import HeatmapView
    from workstation.market.order_flow.depth_history import DepthHistory
    from workstation.market.order_flow.trade_columns import TradeColumns

    rng = random.Random(7)
    history, trades = DepthHistory(COLUMN_NS, 2048), TradeColumns(COLUMN_NS, 2048)
    view = HeatmapView()
    view.resize(COLUMNS + GAP + BOOK + PRICE_AXIS, ROWS + DELTA + TIME_AXIS)
    view.scene.view.cell_width = view.scene.view.row_height = 1
    view.set_history(history, trades)
    middle, now_ns = 50_000, 0
    lots = [rng.randint(1, 30_000) for _ in range(1024)]

    def step() -> None:
        nonlocal middle, now_ns
        now_ns += COLUMN_NS
        middle += rng.choice((-1, 0, 1))
        view.scene.bids = [(middle - n, lots[(middle - n) % 1024]) for n in range(ROWS // 2)]
        view.scene.asks = [(middle + 1 + n, lots[(middle + 1 + n) % 1024]) for n in range(ROWS // 2)]
        view.scene.last_ticks = middle
        trades.add(now_ns, middle, rng.randint(1, 500), rng.random() < 0.5)

    for _ in range(COLUMNS):
        step()
        history.take(now_ns, view.scene.bids, view.scene.asks)
    view.scene.smallest_bubble = 480
    view.show()
    view.resume()
    view.follow(now_ns)
    application.processEvents()
    frames, drags, pans = [], [], []
    for _ in range(FRAMES):
        step()
        started = time.perf_counter()
        history.take(now_ns, view.scene.bids, view.scene.asks)
        view.follow(now_ns)
        view.repaint()
        frames.append((time.perf_counter() - started) * 1000)
    for _ in range(FRAMES // 2):
        view.scene.view.pan(3, 5)
        started = time.perf_counter()
        view.repaint()
        drags.append((time.perf_counter() - started) * 1000)
    view.resume()
    for number in range(FRAMES // 10):
        view.scene.view.pan(0, ROWS if number % 2 else -ROWS)
        started = time.perf_counter()
        view.repaint()
        pans.append((time.perf_counter() - started) * 1000)
    view.close()
    return {"heatmap": frames, "heatmap_drag": drags, "heatmap_pan": pans}


if __name__ == "__main__":
    main()
