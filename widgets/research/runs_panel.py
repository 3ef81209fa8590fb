"""The runs: the one on its way with those that wait, and all that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QRect, QSize, SignalInstance
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from widgets.chart.chart_feed import spaced
from widgets.controls.controls import IconButton, ToneLabel
from widgets.controls.table import Action, Column, Kind, Row, Table
from widgets.engine.engine_model import EngineModel
from widgets.look import shapes
from widgets.look.numbers import format_age
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.research.research import Research
from widgets.research.run_queue import QueuedRun
from workstation.backtest.history import RunSummary
from workstation.core.timeframe import utc_text

LINE_HEIGHT = 30


def progress_words(run: QueuedRun) -> str:
    """``61 %, 5,342 of 8,759, 4s left``."""
    if not run.running:
        return "waiting"
    if not run.total:
        return "reading the market" if run.loading else "starting"
    left = "" if run.left_s is None else f", {format_age(round(run.left_s * 1e9))} left"
    return f"{run.done * 100 // run.total} %, {run.done:,} of {run.total:,}{left}"


class QueueLine(QWidget):
    """A run that waits or runs: its name, how far it is, and a button that takes it out."""

    def __init__(self, run: QueuedRun, cancel: Callable[[int], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self.setFixedHeight(LINE_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.cancel = IconButton("cross", "Cancel this backtest; nothing of it is kept.", parent=self)
        self.cancel.clicked.connect(lambda: cancel(run.number))

    def set_run(self, run: QueuedRun) -> None:
        self._run = run
        self.setAccessibleName(f"Backtest {run.number} {run.title}: {progress_words(run)}")
        self.update()

    @property
    def words(self) -> str:
        return progress_words(self._run)

    def sizeHint(self) -> QSize:
        return QSize(260, LINE_HEIGHT)

    def resizeEvent(self, event: Any) -> None:
        size = self.cancel.sizeHint()
        self.cancel.setGeometry(self.width() - size.width() - 4, 3, size.width(), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current(), QPainter(self)
        tokens, run = theme.tokens, self._run
        painter.fillRect(self.rect(), tokens.ground)
        words, small = progress_words(run), theme.font(11)
        right = self.cancel.x() - 6
        wide = shapes.text_width(words, small)
        shapes.write(painter, QRect(10, 4, 24, 18), str(run.number), tokens.text_3, theme.font())
        title = QRect(36, 4, max(0, right - wide - 46), 18)
        shapes.write(painter, title, run.title, tokens.text_1, theme.font(), elide=True)
        shapes.write(painter, QRect(right - wide, 4, wide + 2, 18), words, tokens.text_2, small)
        track = QRect(10, LINE_HEIGHT - 5, self.width() - 20, 2)
        painter.fillRect(track, tokens.control)
        if run.total:
            track.setWidth(track.width() * run.done // run.total)
            painter.fillRect(track, tokens.accent)


def one(rows: list[Row]) -> bool:
    return len(rows) == 1


def several(rows: list[Row]) -> bool:
    return len(rows) >= 2


class RunsTable(Table):
    key = "number"
    columns = (
        Column("number", "#", Kind.NUMBER, 28, 0, tooltip="By which the run is called"),
        Column("strategy", "Strategy", width=104),
        Column("symbol", "Symbol", width=76, label=True, shown_from=380),
        Column("period", "Period", width=150, label=True, shown_from=560, tooltip="UTC, the end excluded"),
        Column("total_return", "Return", Kind.SIGNED, 62, 1, "%", tooltip="Of the balance at the start, %"),
        Column("sharpe", "Sharpe", Kind.NUMBER, 54, 2, tooltip="Of daily returns, a year"),
        Column("fall", "DD", Kind.NUMBER, 60, 1, "%", tooltip="The deepest drawdown"),
        Column("trades", "Trades", Kind.NUMBER, 50, 0, shown_from=420, tooltip="Round trips"),
    )
    actions_declared = (
        Action("open", "Show", enabled=one),
        Action("replay", "Replay", "play", one),
        Action("compare", "Compare", enabled=several),
        Action("reuse", "Use its settings", enabled=one),
        Action("delete", "Delete", "cross", separated=True),
    )
    empty = "No runs yet. Run a backtest under Backtest."
    sorted_by = "number"


class RunsPanel(LivePanel):
    """A double click or Return shows a run; two or more selected ones can be compared."""

    def __init__(
        self,
        model: EngineModel,
        research: Research,
        show_comparison: Callable[[], None] = lambda: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, parent)
        self.research = research
        self._show_comparison = show_comparison
        self._lines: dict[int, QueueLine] = {}
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.problem.setContentsMargins(10, 4, 10, 4)
        self.problem.hide()
        # Also while the panel is behind others: what became of a run is still there when it comes to the front.
        research.queue.failed.connect(self._tell)
        self.table = RunsTable(self)
        self.table.action_triggered.connect(self._act)
        self.table.row_activated.connect(lambda row: research.open_run(row["number"]))
        self._queue = QVBoxLayout()
        self._queue.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._queue)
        column.addWidget(self.problem)
        column.addWidget(self.table, 1)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return (
            (self.research.runs_changed, self._show_runs),
            (self.research.queue.changed, self._show_queue),
        )

    def refresh(self) -> None:
        self.research.ensure_read()
        self._show_runs()
        self._show_queue()

    @property
    def lines(self) -> Sequence[QueueLine]:
        """Of the runs that wait or run, in their order."""
        return tuple(self._lines.values())

    def _show_queue(self) -> None:
        runs = {run.number: run for run in self.research.queue.runs}
        for number in [number for number in self._lines if number not in runs]:
            line = self._lines.pop(number)
            self._queue.removeWidget(line)
            line.hide()
            line.deleteLater()
        for number, run in runs.items():
            if number not in self._lines:
                self._lines[number] = QueueLine(run, self.research.queue.cancel)
                self._queue.addWidget(self._lines[number])
                self.problem.hide()
            self._lines[number].set_run(run)

    def _show_runs(self) -> None:
        self.table.replace([run_row(summary) for summary in self.research.runs])
        self.table.flush()

    def _tell(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()

    def _act(self, name: str, numbers: list[int]) -> None:
        if name == "open":
            self.research.open_run(numbers[0])
        elif name == "replay":
            self.research.replay_run(numbers[0])
        elif name == "compare":
            self.research.compare(sorted(numbers))
            self._show_comparison()
        elif name == "reuse":
            self.research.reuse(numbers[0])
        elif name == "delete":
            self.research.delete(numbers)


def run_row(summary: RunSummary) -> Row:
    run, figures = summary.run, summary.figures
    total = figures.total_return
    return {
        "number": summary.number,
        "strategy": f"{run.strategy} {spaced(run.timeframe)}",
        "symbol": run.symbol,
        "period": f"{utc_text(run.start_ns)[:10]} – {utc_text(run.end_ns)[:10]}",
        "total_return": None if total is None else total * 100,
        "sharpe": figures.sharpe,
        "fall": -figures.max_drawdown * 100,
        "trades": figures.trade_count,
    }
