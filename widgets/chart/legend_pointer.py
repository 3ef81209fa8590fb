"""The mouse on the legend: the gear of an indicator edits it, its cross removes it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt

from widgets.chart.chart_view import ChartView
from widgets.chart.legend import LegendAct
from widgets.chart.pane import Pane
from widgets.chart.pointer import ChartPointer


class LegendPointer(ChartPointer):
    """A pointer of the chart; `edit` and `remove` get the place among the chosen indicators."""

    def __init__(self, view: ChartView, edit: Callable[[int], object], remove: Callable[[int], object]) -> None:
        self._view = view
        self._acts = {LegendAct.EDIT: edit, LegendAct.REMOVE: remove}

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        hit = pane.legend.hit(position)
        self._view.model.hovered_study = hit.study if hit else None
        return Qt.CursorShape.PointingHandCursor if hit and hit.act in self._acts else None

    def click(self, pane: Pane, position: QPointF) -> bool:
        hit = pane.legend.hit(position)
        if hit is None or hit.act not in self._acts:
            return False
        self._view.model.hovered_study = None
        self._acts[hit.act](int(hit.study))
        return True
