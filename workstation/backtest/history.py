"""The runs that were made, kept on disk: a folder each, with what was asked, figures, trades, log, equity and market.

``summary.json`` is written last: a folder without it is a run that is going on, or one that died.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from workstation.backtest.result import BacktestResult, Run
from workstation.backtest.round_trips import PriceBars, Trade
from workstation.backtest.statistics import Figures
from workstation.core.errors import DataError, StorageError
from workstation.core.messages import Bar, LogLine
from workstation.core.timeframe import DAY_NS
from workstation.market.history import BarRow

FORMAT = 1
REPORT = "report.html"
LOG = "log.json"
ABANDONED_NS = DAY_NS
"""After this, a folder without a result is taken for one that died."""

_NAME = re.compile(r"run-(\d{6,})$")
_ENCODER = msgspec.json.Encoder()


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the list of runs shows, and what a comparison needs but for the equity."""

    number: int
    created_ns: int
    run: Run
    figures: Figures
    order_hash: str
    source_hash: str
    """SHA-256 of the strategy's source that was run."""
    format: int = FORMAT


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    trades: tuple[Trade, ...]
    fills: int


class RunMarket(msgspec.Struct, frozen=True, eq=False):
    """The bars that a run was fed with, or the minutes of its recording, and those that warmed it up.

    Both are int64 rows as in ``History.bars``.
    """

    rows: NDArray[np.int64]
    warm_up: NDArray[np.int64]

    @classmethod
    def of(cls, bars: Sequence[Bar], warm_up: Sequence[BarRow]) -> RunMarket:
        rows = [(bar.ts_ns, bar.open, bar.high, bar.low, bar.close, bar.lots) for bar in bars]
        return cls(_rows(rows), _rows(warm_up))

    @classmethod
    def of_prices(cls, prices: PriceBars, warm_up: Sequence[BarRow]) -> RunMarket:
        """``prices`` with the lots that were traded."""
        assert prices.lots is not None
        columns = (prices.close_ns, prices.open, prices.high, prices.low, prices.close, prices.lots)
        return cls(np.column_stack(columns), _rows(warm_up))

    def bars(self, symbol: str, interval_ns: int) -> list[Bar]:
        return [Bar(symbol, row[0], interval_ns, *row[1:]) for row in self.rows.tolist()]

    def warm_up_rows(self) -> tuple[BarRow, ...]:
        return tuple(tuple(row) for row in self.warm_up.tolist())


class StoredRun(msgspec.Struct, frozen=True, eq=False):
    """A run read back."""

    summary: RunSummary
    result: BacktestResult
    market: RunMarket
    path: Path

    @property
    def report(self) -> Path:
        return self.path / REPORT


class RunFolder:
    """The folder of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def number(self) -> int:
        """0 for a folder that is no run's."""
        found = _NAME.match(self.path.name)
        return int(found[1]) if found else 0

    def write(self, name: str, content: bytes) -> None:
        """Whole or not at all. Raises ``StorageError``."""
        try:
            draft = self.path / f"{name}.part"
            draft.write_bytes(content)
            os.replace(draft, self.path / name)
        except OSError as error:
            raise StorageError(
                f"The run cannot be kept in {self.path} ({error.strerror}): free some space or check the disk."
            ) from error

    def read(self, name: str) -> bytes:
        """Raises ``StorageError``."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise StorageError(
                f"The run's file {self.path / name} cannot be read ({error.strerror}): delete the run, make it again."
            ) from error

    def keep(
        self,
        number: int,
        created_ns: int,
        result: BacktestResult,
        market: RunMarket | None,
        report: str,
        source_hash: str,
    ) -> None:
        """Write everything, the summary last. Raises ``StorageError``."""
        kept = _Kept(trades=result.trades, fills=result.fills)
        summary = RunSummary(
            number=number,
            created_ns=created_ns,
            run=result.run,
            figures=result.figures,
            order_hash=result.order_hash,
            source_hash=source_hash,
        )
        self.write("trades.json", _ENCODER.encode(kept))
        self.write(LOG, _ENCODER.encode(result.log))
        self.write("equity.npz", _packed(times_ns=result.equity_times_ns, equity=result.equity))
        market = market or RunMarket.of([], [])
        self.write("market.npz", _packed(rows=market.rows, warm_up=market.warm_up))
        self.write(REPORT, report.encode("utf-8"))
        self.write("summary.json", _ENCODER.encode(summary))

    def summary(self) -> RunSummary:
        """Raises ``StorageError``, and ``DataError`` for a run of another version or a damaged one."""
        summary: RunSummary = self._decoded("summary.json", RunSummary)
        return summary

    def load(self) -> StoredRun:
        """Everything. Raises as ``summary`` does."""
        summary = self.summary()
        kept = self._decoded("trades.json", _Kept)
        equity = self._unpacked("equity.npz", "times_ns", "equity")
        result = BacktestResult(
            run=summary.run,
            figures=summary.figures,
            trades=kept.trades,
            fills=kept.fills,
            order_hash=summary.order_hash,
            equity_times_ns=equity[0],
            equity=equity[1],
            # Runs of earlier versions have none.
            log=self._decoded(LOG, tuple[LogLine, ...]) if (self.path / LOG).exists() else (),
        )
        return StoredRun(summary, result, self.market(), self.path)

    def equity(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Times in UTC nanoseconds and equity in 1e-8. Raises as ``summary`` does."""
        times_ns, equity = self._unpacked("equity.npz", "times_ns", "equity")
        return times_ns, equity

    def market(self) -> RunMarket:
        """Raises as ``summary`` does."""
        return RunMarket(*self._unpacked("market.npz", "rows", "warm_up"))

    def _decoded(self, name: str, kind: Any) -> Any:
        try:
            return msgspec.json.decode(self.read(name), type=kind)
        except msgspec.MsgspecError as error:
            raise DataError(
                f"{self.path / name} is damaged, or of another version of the workstation: {error}."
            ) from None

    def _unpacked(self, name: str, *columns: str) -> list[NDArray[np.int64]]:
        try:
            with np.load(io.BytesIO(self.read(name)), allow_pickle=False) as arrays:
                return [arrays[column] for column in columns]
        except (ValueError, KeyError, EOFError, OSError, RuntimeError, BadZipFile, zlib.error) as error:
            raise DataError(f"{self.path / name} is damaged ({error}): delete the run and make it again.") from None


class RunHistory:
    """All runs of a data folder. Several processes may read; each run is written by its own child alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def folder(self, number: int) -> RunFolder:
        return RunFolder(self.path / f"run-{number:06d}")

    def begin(self) -> RunFolder:
        """An empty folder with the next number. Raises ``StorageError``."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            number = max((each.number for each in self._folders()), default=0)
            while True:
                number += 1
                made = self.folder(number)
                try:
                    made.path.mkdir()
                    return made
                except FileExistsError:
                    continue
        except OSError as error:
            raise StorageError(
                f"The runs cannot be kept in {self.path} ({error.strerror}): free some space or check the folder."
            ) from error

    def summaries(self) -> tuple[list[RunSummary], list[str]]:
        """Those that finished, newest first, and a sentence for each that cannot be read."""
        found: list[RunSummary] = []
        problems: list[str] = []
        for folder in sorted(self._folders(), key=lambda each: -each.number):
            if (folder.path / "summary.json").exists():
                try:
                    found.append(folder.summary())
                except (StorageError, DataError) as error:
                    problems.append(str(error))
        return found, problems

    def delete(self, numbers: Iterable[int]) -> None:
        """Remove runs for good; one that is gone already is none."""
        for number in numbers:
            shutil.rmtree(self.folder(number).path, ignore_errors=True)

    def prune(self, keep: int, now_ns: int) -> list[int]:
        """Remove all but the newest ``keep`` that finished, and those that died long ago; their numbers."""
        finished: list[int] = []
        removed: list[int] = []
        for folder in sorted(self._folders(), key=lambda each: -each.number):
            if (folder.path / "summary.json").exists():
                finished.append(folder.number)
            elif _written_ns(folder.path) < now_ns - ABANDONED_NS:
                removed.append(folder.number)
        removed += finished[keep:]
        self.delete(removed)
        return removed

    def _folders(self) -> list[RunFolder]:
        if not self.path.is_dir():
            return []
        return [folder for folder in map(RunFolder, self.path.iterdir()) if folder.number]


def _rows(rows: Sequence[BarRow]) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(len(rows), 6)


def _packed(**arrays: NDArray[np.int64]) -> bytes:
    out = io.BytesIO()
    # mypy takes the keywords for the option of the same function.
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
