"""What takes the mouse and the keys of a chart before the chart itself does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

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


class ChartPointer(Protocol):
    """Each is asked in turn; the first that answers takes the event."""

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        """The pointer moved; the cursor that it should have."""

    def click(self, pane: Pane, position: QPointF) -> bool:
        """A left click without a drag."""

    def press(self, pane: Pane, position: QPointF) -> bool:
        """A drag begins: whether it is taken."""

    def move(self, pane: Pane, position: QPointF) -> None: ...
    def release(self, pane: Pane, position: QPointF) -> None: ...
    def key(self, event: QKeyEvent) -> bool:
        """A key was pressed: whether it is taken."""

    def wants_escape(self) -> bool:
        """Whether Esc would end something here."""
