"""What takes the mouse and the keys of a chart before the chart itself does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

if TYPE_CHECKING:
    from widgets.chart.pane import Pane


class PanePoint(NamedTuple):
    """A place on a chart, in logical pixels of the pane, with what stands there."""

    pane: str
    position: QPointF
    time_ns: int
    """Opening time of the bar, UTC nanoseconds."""
    value: float


class ChartPointer:
    """Each is asked in turn; the first that answers takes the event. What is not said otherwise takes nothing."""

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        """The pointer moved; the cursor that it should have."""
        return None

    def click(self, pane: Pane, position: QPointF) -> bool:
        """A left click without a drag: whether it is taken."""
        return False

    def press(self, pane: Pane, position: QPointF) -> bool:
        """A drag begins: whether it is taken."""
        return False

    def move(self, pane: Pane, position: QPointF) -> None:
        """The drag that was taken goes on."""

    def release(self, pane: Pane, position: QPointF) -> None:
        """It ends."""

    def key(self, event: QKeyEvent) -> bool:
        """A key was pressed: whether it is taken."""
        return False

    def wants_escape(self) -> bool:
        """Whether Esc would end something here."""
        return False
