"""The mouse and the keys on a chart: others are asked first, and then the chart is moved, zoomed and pointed at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from widgets.chart.kinds import PriceScale, switched
from widgets.chart.model import Crosshair
from widgets.chart.pointer import ChartPointer, PanePoint
from widgets.chart.tags import POSITION

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView
    from widgets.chart.pane import Pane

PANS: Final = {
    Qt.Key.Key_Left: -0.1,
    Qt.Key.Key_Right: 0.1,
    Qt.Key.Key_PageUp: -0.9,
    Qt.Key.Key_PageDown: 0.9,
}
ZOOMS: Final = {Qt.Key.Key_Plus: 1.25, Qt.Key.Key_Equal: 1.25, Qt.Key.Key_Minus: 0.8}


class ChartHand:
    """Dragging pans; arrow keys pan, + and - zoom, Home and End go to the first and the newest bar. With Alt: R resets
    zoom and range, F shows all bars, A fits prices or leaves them, L and P switch to logarithmic prices and to percent,
    and back.
    """

    def __init__(self, view: ChartView) -> None:
        self._view = view
        self.pointers: list[ChartPointer] = []
        """Asked before the chart itself, in this order."""
        self._dragged_by: ChartPointer | None = None

    @property
    def holds(self) -> bool:
        """Whether something is being dragged: prices stay where they are meanwhile, or it would run from the hand."""
        return self._dragged_by is not None

    # --- The mouse --------------------------------------------------------------------------------------------------

    def point_at(self, pane: Pane, position: QPointF) -> None:
        """The pointer is over a pane at logical pixels: move the crosshair, light the line under it."""
        view, scale = self._view, pane.logical_scale()
        index = round(scale.index_at(position.x()))
        value = scale.value_at(position.y())
        hit = view.line_at(pane, position)
        view.model.hovered_line = hit.key if hit else None
        cursor = Qt.CursorShape.PointingHandCursor if hit and hit.close else Qt.CursorShape.ArrowCursor
        wished = [pointer.hover(pane, position) for pointer in self.pointers]
        view.viewport().setCursor(next((each for each in wished if each is not None), cursor))
        view.model.crosshair = Crosshair(index, pane.name, value)
        price = value if pane is view.price_pane else None
        view.crosshair_moved.emit(view.model.series.time_at(index), price)
        view.repaint_all()

    def point_away(self) -> None:
        view, model = self._view, self._view.model
        if model.crosshair is None:
            return
        model.crosshair = model.hovered_line = model.hovered_study = None
        view.crosshair_moved.emit(None, None)
        view.repaint_all()

    def click(self, pane: Pane, position: QPointF) -> None:
        """A click without a drag: the × of a label asks for its order or position to end."""
        if any(pointer.click(pane, position) for pointer in self.pointers):
            return
        hit = self._view.line_at(pane, position)
        if hit is None or not hit.close:
            return
        if hit.key == POSITION:
            self._view.position_close_requested.emit()
        else:
            self._view.order_cancel_requested.emit(hit.key)

    def drag_by_pointer(self, pane: Pane, start: QPointF | None, position: QPointF, ends: bool) -> bool:
        """Hand a drag, from `start` where it begins, to the first that takes it; whether any did."""
        if start is not None:
            self._dragged_by = next((pointer for pointer in self.pointers if pointer.press(pane, start)), None)
        pointer = self._dragged_by
        if pointer is None:
            return False
        pointer.move(pane, position)
        if ends:
            self._dragged_by = None
            pointer.release(pane, position)
            self._view.refresh_ranges()
        self.point_at(pane, position)
        return True

    def drag(self, pane: Pane, x: float, y: float) -> None:
        """Pan by logical pixels; vertically only where the range is set by hand."""
        state = self._view.viewport_state
        state.pan(-x / state.pitch)
        if not pane.auto_scale and y:
            pane.shift(y)
        self._view.refresh_ranges()

    def open_menu(self, pane: Pane, position: QPointF, screen: QPoint) -> None:
        """Open what others offer for a place of a pane; nothing where there is nothing."""
        view, scale = self._view, pane.logical_scale()
        time_ns = int(view.model.series.time_at(round(scale.index_at(position.x()))))
        menu = QMenu(view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        view.menu_wanted.emit(menu, PanePoint(pane.name, position, time_ns, scale.value_at(position.y())))
        if menu.isEmpty():
            menu.deleteLater()
        else:
            menu.popup(screen)

    # --- The keys ---------------------------------------------------------------------------------------------------

    def wants_escape(self) -> bool:
        """Whether Esc would end something here; it is the window's shortcut otherwise."""
        return any(pointer.wants_escape() for pointer in self.pointers)

    def key(self, event: QKeyEvent) -> bool:
        """A key was pressed: whether it is taken."""
        if any(pointer.key(event) for pointer in self.pointers):
            return True
        view, key = self._view, Qt.Key(event.key())
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and self._press_with_alt(key):
            return True
        if key in PANS:
            view.pan_share(PANS[key])
        elif key in ZOOMS:
            view.zoom_at(ZOOMS[key], view.price_pane.width / 2)
        elif key == Qt.Key.Key_End:
            view.follow()
        elif key == Qt.Key.Key_Home:
            view.viewport_state.first()
            view.refresh_ranges()
        else:
            return False
        return True

    def _press_with_alt(self, key: Qt.Key) -> bool:
        view, scale = self._view, self._view.model.price_scale
        acts: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_R: view.reset_zoom,
            Qt.Key.Key_F: view.show_all,
            Qt.Key.Key_A: lambda: view.set_auto_scale(not view.price_pane.auto_scale),
            Qt.Key.Key_L: lambda: view.set_price_scale(switched(scale, PriceScale.LOGARITHMIC)),
            Qt.Key.Key_P: lambda: view.set_price_scale(switched(scale, PriceScale.PERCENT)),
        }
        if key not in acts:
            return False
        acts[key]()
        return True
