"""Equity and drawdown of the shown result."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from widgets.research.curves import CurvesView, curve_of
from widgets.research.result_panels import ResultPanel
from widgets.research.shown_result import Shown


class EquityPanel(ResultPanel):
    def build(self) -> None:
        self.view = CurvesView()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    def show_result(self, shown: Shown | None) -> None:
        if shown is None:
            self.view.set_curves((), 0, 1, percent=False, empty=self.shown.hint)
            return
        result = shown.result
        curve = curve_of("Equity", result.equity_times_ns, result.equity)
        self.view.set_curves((curve,), shown.start_ns, shown.end_ns, percent=False, empty="")
