"""A run as CSV files."""

from __future__ import annotations

import os
from pathlib import Path

from workstation.backtest.result import BacktestResult
from workstation.core.errors import StorageError
from workstation.core.money import from_money
from workstation.core.timeframe import iso_text


def write_csv(folder: Path, number: int, trades: str, result: BacktestResult) -> tuple[Path, Path]:
    """Write the trades and the equity of a run; the paths of the two files. Raises ``StorageError``."""
    lines = [f"time,equity {result.run.currency}"]
    samples = zip(result.equity_times_ns.tolist(), result.equity.tolist())
    lines += [f"{iso_text(time_ns)},{from_money(equity):f}" for time_ns, equity in samples]
    texts = {"trades": trades, "equity": "\n".join(lines) + "\n"}
    paths = []
    for name, text in texts.items():
        path = folder / f"backtest-{number:06d}-{name}.csv"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".part")
            draft.write_text(text, encoding="utf-8")
            os.replace(draft, path)
        except OSError as error:
            raise StorageError(f"The file {path} cannot be written: {error.strerror or error}.") from None
        paths.append(path)
    return paths[0], paths[1]
