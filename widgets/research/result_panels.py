"""The base of the panels over the shown result, and its figures with months, costs and assumptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.segmented import Segmented
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_date
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.research.cells_view import CellsView
from widgets.research.figures import COSTS, ROWS, shown_figures
from widgets.research.figures_view import FiguresView, LinesView
from widgets.research.months_view import MonthsView
from widgets.research.shown_result import Shown, ShownResult
from workstation.backtest.breakdown import by_hour, by_weekday
from workstation.backtest.result import BacktestResult
from workstation.backtest.wording import assumptions, period, warnings
from workstation.core.timeframe import utc_datetime

SECTIONS = ("Figures", "Costs", "Assumptions", "Parameters")
PERIODS = ("Months", "Weekdays", "Hours")


class ResultPanel(LivePanel):
    """Hears of the shown result while it is shown itself; ``show_result`` brings it up to date."""

    def __init__(self, model: EngineModel, shown: ShownResult, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.shown = shown
        self._built = False

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.shown.changed, self.refresh),)

    def refresh(self) -> None:
        if not self._built:
            self._built = True
            self.build()
        self.show_result(self.shown.now)

    def build(self) -> None:
        """Make the widgets, when the panel is first shown."""
        raise NotImplementedError

    def show_result(self, shown: Shown | None) -> None:
        raise NotImplementedError


class FiguresPanel(ResultPanel):
    def build(self) -> None:
        self.title = ToneLabel("", weight=500)
        self.detail = ToneLabel("", Tone.LABEL, pixels=11)
        self.detail.setWordWrap(True)
        self.section = Segmented(SECTIONS, framed=False)
        self.section.chosen.connect(lambda _: self._choose())
        self.figures = FiguresView()
        self.months = MonthsView()
        self.cells = CellsView()
        self.period = Segmented(PERIODS, framed=False)
        self.period.setToolTip("Returns of months; results of trades by the UTC weekday or hour of their entry")
        self.period.chosen.connect(lambda _: self._choose())
        self.costs = FiguresView()
        self.lines = LinesView()
        inside = QWidget()
        inside.setBackgroundRole(QPalette.ColorRole.Base)
        inside.setAutoFillBackground(True)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QWidget()
        words = QVBoxLayout(head)
        words.setContentsMargins(12, 8, 12, 6)
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.detail)
        self.period_row = QWidget()
        beside = QHBoxLayout(self.period_row)
        beside.setContentsMargins(6, 6, 12, 0)
        beside.addWidget(self.period)
        beside.addStretch(1)
        for widget in (head, self.figures, self.period_row, self.months, self.cells, self.costs, self.lines):
            column.addWidget(widget)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        bar = Toolbar()
        bar.row.addWidget(self.section)
        bar.row.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(bar)
        whole.addWidget(area, 1)

    def show_result(self, shown: Shown | None) -> None:
        if shown is None:
            self.title.setText("No result")
            self.detail.setText(self.shown.hint)
        else:
            self._fill(shown)
        self._choose()

    def _fill(self, shown: Shown) -> None:
        run = shown.result.run
        self.title.setText(shown.title)
        if shown.whole:
            self.detail.setText(" ".join((f"{period(run)}.", f"Money in {run.currency}.", *warnings(run))))
            last = None
        else:
            until = format_date(run.end_ns, year=True)
            self.detail.setText(f"To {until}; what comes after is not shown. Money in {run.currency}.")
            moment = utc_datetime(shown.end_ns - 1)
            last = (moment.year, moment.month)
        self.figures.set_figures(shown_figures(shown.result.figures, ROWS))
        self.costs.set_figures(shown_figures(shown.result.figures, COSTS))
        self.months.set_months(shown.result.figures.months, last)

    def _choose(self) -> None:
        shown, section = self.shown.now, self.section.text
        there = shown is not None
        self.figures.setVisible(there and section == "Figures")
        self.period_row.setVisible(there and section == "Figures")
        self.months.setVisible(there and section == "Figures" and self.period.text == "Months")
        self.cells.setVisible(there and section == "Figures" and self.period.text != "Months")
        self.costs.setVisible(there and section == "Costs")
        self.lines.setVisible(there and section in ("Assumptions", "Parameters"))
        if shown is not None:
            groups = by_weekday if self.period.text == "Weekdays" else by_hour
            self.cells.set_groups(groups(shown.result.trades))
        if shown is not None and section == "Assumptions":
            self.lines.set_lines([(subject, text, Tone.NORMAL) for subject, text in assumptions(shown.result.run)])
        elif shown is not None and section == "Parameters":
            self.lines.set_lines(parameter_lines(shown.result))


def parameter_lines(result: BacktestResult) -> list[tuple[str, str, Tone]]:
    """Each parameter with its value."""
    return [(name, str(value).replace("-", "−"), Tone.NORMAL) for name, value in result.run.parameters.items()]
