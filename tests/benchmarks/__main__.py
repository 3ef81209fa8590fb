"""``python -m tests.benchmarks``: prints a table and writes ``bench.json``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.benchmarks.charts import chart_figures
from tests.benchmarks.desktop import desktop_figures, memory_figures
from tests.benchmarks.drawings import drawing_figures
from tests.benchmarks.engine import engine_figures
from tests.benchmarks.exchange import exchange_figures
from tests.benchmarks.figure import print_table, write_json
from tests.benchmarks.order_flow import order_flow_figures
from tests.benchmarks.recordings import recording_figures
from tests.benchmarks.research import research_figures
from tests.benchmarks.services import service_figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each run with the window open")
    parser.add_argument("--memory-seconds", type=float, default=120.0, help="length of the memory run")
    parser.add_argument("--memory-only", action="store_true", help="measure nothing but the memory of the desktop")
    parser.add_argument("--no-window", action="store_true", help="leave out what needs Qt")
    parser.add_argument("--recording", type=Path, help="folder of recorded Binance streams; else they are made up")
    arguments = parser.parse_args()
    if arguments.memory_only:
        print_table(memory_figures(arguments.memory_seconds))
        return
    figures = engine_figures() + recording_figures() + exchange_figures(arguments.recording) + service_figures()
    if not arguments.no_window:
        figures += chart_figures() + order_flow_figures() + research_figures()
        figures += desktop_figures(arguments.seconds, arguments.memory_seconds)
        figures += drawing_figures()
    print_table(figures)
    write_json(figures, Path("bench.json"))
    print("Written to bench.json.")


if __name__ == "__main__":
    main()
