"""The desktop with its window open, offscreen: loop lag, tick-to-order latency, memory. Each run is its own process."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks.figure import Figure

RATES = (50, 500, 5000)
OPEN_RATES = (1_000, 5_000)
SIZE = (1600, 900)
STARTS = 7
FIRST_WINDOW = """
import time
began = time.perf_counter()
import sys
from workstation.__main__ import main
import workstation.commands.run
from widgets.window.main_window import MainWindow

paint = MainWindow.paintEvent

def paint_and_tell(window, event):
    paint(window, event)
    MainWindow.paintEvent = paint
    print(time.perf_counter() - began, flush=True)

MainWindow.paintEvent = paint_and_tell
sys.exit(main(["--data", sys.argv[1], "--for", "0.1"]))
"""
SETTLED_S = 600.0
"""After so long, or half of a shorter run, memory is to stay as it is."""
FLOATING = ("heatmap", "footprint", "depth", "liquidity", "fills", "log")


def desktop_figures(seconds: float, memory_seconds: float) -> list[Figure]:
    figures = []
    for rate in RATES:
        found = _child(rate, seconds)
        figures.append(Figure(f"loop lag with the window open at {rate:,} messages/s, p50", found["lag_p50"], "ms"))
        figures.append(
            Figure(f"loop lag with the window open at {rate:,} messages/s, p99", found["lag_p99"], "ms", 20.0, "less")
        )
        if rate == 500:
            figures += [
                Figure("tick to order with the window open, p50", found["order_p50"], "ms"),
                Figure("tick to order with the window open, p99", found["order_p99"], "ms", 2.0, "less"),
                Figure("orders measured for that", found["orders"], ""),
            ]
    for rate in OPEN_RATES:
        found = _child(rate, seconds, "--everything")
        name = f"loop lag with everything open at {rate:,} messages/s"
        figures.append(Figure(f"{name}, p50", found["lag_p50"], "ms"))
        figures.append(Figure(f"{name}, p99", found["lag_p99"], "ms", 20.0, "less"))
    return figures + memory_figures(memory_seconds)


def memory_figures(seconds: float) -> list[Figure]:
    """The shipped demo, its strategy started, for so long: what it takes at the end, and by how much that grew once it
    had settled."""
    found = _child(0, seconds)
    settled = f"{min(SETTLED_S, seconds / 2):,.0f} s"
    return [
        Figure("memory of the desktop at the end of the demo", found["memory_end"], "MB", 500.0, "less"),
        Figure(f"its growth after {settled}", found["memory_end"] - found["memory_settled"], "MB", 10.0, "less"),
        Figure("start to first window", first_window(), "s", 0.3, "less"),
        Figure("start to trading", found["trading"], "s"),
    ]


def first_window() -> float:
    """Seconds from the interpreter's first line to the first picture of the window, the middle one of some starts.

    Each is the program itself on an empty data folder, its modules compiled by the start before the first that counts.
    """
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen", PYTHONDONTWRITEBYTECODE="")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        for number in range(1 + STARTS):
            command = [sys.executable, "-c", FIRST_WINDOW, f"{folder}/{number}"]
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
            found.append(float(done.stdout.splitlines()[0]))
    return statistics.median(found[1:])


def _child(rate: int, seconds: float, *flags: str) -> dict[str, float]:
    environment = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    command = [sys.executable, "-m", "tests.benchmarks.desktop", "--rate", str(rate), "--seconds", str(seconds)]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, env=environment, check=True)
    measured: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def main() -> None:
    """One run in this process: prints its figures as JSON."""
    started = time.perf_counter()
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--rate", type=int, required=True, help="messages a second, with a strategy on ticks; 0: as shipped"
    )
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--everything", action="store_true", help="two charts, and every market view beside them")
    arguments = parser.parse_args()
    import qasync
    from PySide6.QtWidgets import QApplication

    from widgets.application import Application
    from widgets.look.style import install
    from widgets.start_options import StartOptions

    loaded = _loaded(arguments.rate, 2 if arguments.everything else 1)
    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    install(application, None)
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    with tempfile.TemporaryDirectory() as folder:
        options = StartOptions(data=Path(folder), seed=7, seconds=arguments.seconds, size=SIZE)
        desktop = Application(application, loaded, options)
        found: dict[str, float] = {}
        with loop:
            loop.run_until_complete(_run(desktop, arguments.seconds, started, found, arguments.everything))
    print(json.dumps(found))


def _loaded(rate: int, charts: int) -> Any:
    """The shipped configuration with its strategies started; at another pace, with so many charts and a strategy that
    orders on ticks unless the rate is 0."""
    from workstation.config.loader import load_settings, settings_json
    from workstation.config.settings import StrategyEntry

    loaded = load_settings(Path("config/strategy.yaml"))
    settings = loaded.settings
    if not rate:
        started = {name: msgspec.structs.replace(entry, start=True) for name, entry in settings.strategies.items()}
        settings = msgspec.structs.replace(settings, strategies=started)
        return msgspec.structs.replace(loaded, settings=settings, json=settings_json(settings))
    built_in = msgspec.structs.replace(
        settings.market.built_in, messages_per_second=Decimal(rate) / len(settings.market.symbols)
    )
    ticking = StrategyEntry(strategy="tick_to_order", symbol="BTCUSDT", timeframe="1m", start=True)
    settings = msgspec.structs.replace(
        settings,
        market=msgspec.structs.replace(settings.market, built_in=built_in),
        desktop=msgspec.structs.replace(settings.desktop, charts=settings.desktop.charts[:1] * charts),
        strategies={**settings.strategies, "tick_to_order": ticking},
        strategy_folder=str(Path(__file__).with_name("strategies").resolve()),
    )
    return msgspec.structs.replace(loaded, settings=settings, json=settings_json(settings))


def _open_everything(area: Any) -> None:
    """What lies behind a tab becomes a window of its own."""
    for name in ("chart 2", *FLOATING):
        panel = area.panel(name)
        panel.setFloating(True)
        panel.resize(900, 500)
        panel.show()


async def _run(desktop: Any, seconds: float, started: float, found: dict[str, float], everything: bool) -> None:
    task = asyncio.ensure_future(desktop.main())
    while desktop._session is None or desktop._model is None:
        await asyncio.sleep(0.01)
    if everything:
        _open_everything(desktop.window.area)
    found["trading"] = time.perf_counter() - started
    session = desktop._session
    latencies = _measure_orders(session)
    lags: list[float] = []
    session.health.add_lag = lambda lag: lags.append(lag * 1000)
    start = min(SETTLED_S, seconds / 2)
    await asyncio.sleep(start)
    found["memory_settled"] = _resident_megabytes()
    before = len(lags)
    await asyncio.sleep(seconds - start - 0.3)
    found["memory_end"] = _resident_megabytes()
    await task
    # The first part holds the start; what is stated is how it runs.
    settled = sorted(lags[before:])
    found["lag_p50"] = _quantile(settled, 0.5)
    found["lag_p99"] = _quantile(settled, 0.99)
    found["orders"] = len(latencies)
    found["order_p50"] = _quantile(sorted(latencies), 0.5)
    found["order_p99"] = _quantile(sorted(latencies), 0.99)


def _measure_orders(session: Any) -> list[float]:
    """Milliseconds from taking an input to handing an order that it caused to the venue."""
    from workstation.core.orders import Approved

    latencies: list[float] = []
    taken = [0.0]
    dispatch, send = session.kernel.dispatch, session.kernel.venue.send

    def timed_dispatch(event: Any) -> None:
        taken[0] = time.perf_counter()
        dispatch(event)

    def timed_send(request: Any) -> None:
        if type(request) is Approved:
            latencies.append((time.perf_counter() - taken[0]) * 1000)
        send(request)

    session.kernel.dispatch = timed_dispatch
    session.kernel.venue.send = timed_send
    return latencies


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
