"""The result that the result panels show: a finished run, or a replay's run as far as it has come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from workstation.backtest.history import RunMarket, StoredRun
from workstation.backtest.result import BacktestResult
from workstation.core.instrument import Instrument


class Shown(NamedTuple):
    """``end_ns`` is that of the whole run; what lies between the result's own end and it is not known yet."""

    title: str
    number: int
    result: BacktestResult
    start_ns: int
    end_ns: int
    instrument: Instrument
    market: RunMarket | None = None
    report: Path | None = None

    @property
    def whole(self) -> bool:
        return self.result.run.end_ns >= self.end_ns


def shown_run(stored: StoredRun, instrument: Instrument) -> Shown:
    run = stored.result.run
    return Shown(
        f"Run {stored.summary.number} · {run.strategy} {run.symbol} {run.timeframe}",
        stored.summary.number,
        stored.result,
        run.start_ns,
        run.end_ns,
        instrument,
        stored.market,
        stored.report,
    )


class ShownResult(QObject):
    """Holds it, and says when it is another one."""

    changed = Signal()
    trade_chosen = Signal(int)  # its number; the panels that show trades mark it

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.now: Shown | None = None
        self.trade = 0
        """The number of the trade that a person looks at; 0 for none."""
        self.compared: Sequence[StoredRun] = ()
        """Two or more runs that are held against each other."""
        self.hint = "No run is shown. Choose one under Runs, or run a backtest."

    def show(self, shown: Shown | None) -> None:
        if shown is None or self.now is None or shown.title != self.now.title:
            self.trade = 0
        self.now = shown
        self.changed.emit()

    def choose_trade(self, number: int) -> None:
        """Look at one of the shown run's trades."""
        if number != self.trade:
            self.trade = number
            self.trade_chosen.emit(number)

    def compare(self, runs: Sequence[StoredRun]) -> None:
        self.compared = tuple(runs)
        self.changed.emit()
