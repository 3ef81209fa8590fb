"""Has the user click bars: where a VWAP begins, or from where to where a volume profile goes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from widgets.chart.chart_view import ChartView
from widgets.chart.pane import Pane
from widgets.chart.pointer import ChartPointer


class BarPicker(ChartPointer):
    """A pointer of the chart that takes clicks while bars are wanted. Esc ends it without a result."""

    def __init__(self, view: ChartView) -> None:
        self._view = view
        self._wanted = 0
        self._times: list[int] = []
        self._done: Callable[[list[int]], None] | None = None

    def pick(self, count: int, hint: str, done: Callable[[list[int]], None]) -> None:
        """Show `hint` in the legend until `count` bars were clicked; then hand over their times, ascending."""
        self._wanted, self._times, self._done = count, [], done
        self._view.set_hint(hint)
        self._view.setFocus()

    def stop(self) -> None:
        self._done = None
        self._view.set_hint("")

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        return Qt.CursorShape.CrossCursor if self._done is not None else None

    def click(self, pane: Pane, position: QPointF) -> bool:
        done = self._done
        if done is None:
            return False
        self._times.append(self._view.model.series.time_at(round(pane.logical_scale().index_at(position.x()))))
        if len(self._times) == self._wanted:
            self.stop()
            done(sorted(self._times))
        return True

    def key(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Escape or self._done is None:
            return False
        self.stop()
        return True

    def wants_escape(self) -> bool:
        return self._done is not None
