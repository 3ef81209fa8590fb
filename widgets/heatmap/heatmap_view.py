"""The heatmap under the hand: zoom and pan in price and time, and the newest followed."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.heatmap.depth_image import DepthImage
from widgets.heatmap.heatmap_painting import HeatmapPainter
from widgets.heatmap.heatmap_scene import PRICE_AXIS, HeatmapScene, Parts
from widgets.ladder.ladder_painting import forget_texts
from widgets.look.painting import Canvas
from widgets.look.theme import current
from workstation.market.order_flow.depth_history import DepthHistory
from workstation.market.order_flow.trade_columns import TradeColumns

WHEEL_NOTCH: Final = 120
KEY_COLUMNS: Final = 20
KEY_ROWS: Final = 5


class HeatmapView(QWidget):
    """The wheel zooms in time, with Ctrl or over the price axis in price; a drag pans; a double click or Home follows.

    What it shows is its ``scene``, which the panel fills in; nothing is decided here.
    """

    following_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        history, trades = DepthHistory(1_000_000_000, 1), TradeColumns(1_000_000_000, 1)
        self.scene = HeatmapScene(history, trades, DepthImage(current().tokens.heatmap))
        self._dragged_from: QPoint | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        current().changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        return QSize(700, 400)

    def set_history(self, history: DepthHistory, trades: TradeColumns) -> None:
        """Show another record: of another symbol, or in other columns; the newest is followed."""
        scene = self.scene
        scene.history, scene.trades = history, trades
        scene.image.forget()
        self.resume()

    def set_group(self, ticks: int) -> None:
        """Ticks in one row; the price in the middle stays there."""
        scene, view = self.scene, self.scene.view
        middle = (view.top - view.rows // 2) * scene.group
        scene.group = ticks
        view.top = middle // ticks + view.rows // 2
        self.update()

    def follow(self, now_ns: int) -> None:
        """Bring the newest into view, as far as it is followed, and paint."""
        scene = self.scene
        best = [side[0][0] for side in (scene.bids, scene.asks) if side]
        centre = sum(best) // len(best) // scene.group if best else None
        scene.view.follow(scene.history.number(now_ns), centre)
        self.update()

    @property
    def following(self) -> bool:
        return self.scene.view.follows

    def set_following(self, on: bool) -> None:
        """Follow the newest and the price, or hold still."""
        view = self.scene.view
        view.follows_time = view.follows_price = on
        self.following_changed.emit(on)
        self.update()

    def ticks_at(self, y: float) -> int:
        """The lowest price of the row at a logical y."""
        return (self.scene.view.top - int(y) // self.scene.view.row_height) * self.scene.group

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        HeatmapPainter(Canvas.of_widget(painter, self), current().tokens, self.scene).paint()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps, at, view = round(event.angleDelta().y() / WHEEL_NOTCH), event.position(), self.scene.view
        width, height = self._area()
        in_price = event.modifiers() & Qt.KeyboardModifier.ControlModifier or at.x() > self.width() - PRICE_AXIS
        if in_price:
            view.zoom_price(steps, height, int(at.y()) // view.row_height)
        else:
            view.zoom_time(steps, width, max(0, int(width - at.x())) // view.cell_width)
        event.accept()
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged_from = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, view = event.position().toPoint(), self.scene.view
        if self._dragged_from is not None:
            moved = at - self._dragged_from
            columns = int(moved.x() / view.cell_width)
            rows = int(moved.y() / view.row_height)
            if columns or rows:
                self._pan(columns, rows)
                self._dragged_from += QPoint(columns * view.cell_width, rows * view.row_height)
        self.scene.hovered = at
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.resume()

    def leaveEvent(self, event: QEvent) -> None:
        self.scene.hovered = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (KEY_COLUMNS, 0),
            Qt.Key.Key_Right: (-KEY_COLUMNS, 0),
            Qt.Key.Key_Up: (0, KEY_ROWS),
            Qt.Key.Key_Down: (0, -KEY_ROWS),
        }
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Home:
            self.resume()
        elif key in moves:
            self._pan(*moves[key])
        else:
            event.ignore()

    def _pan(self, columns: int, rows: int) -> None:
        before = self.following
        self.scene.view.pan(columns, rows)
        if before and not self.following:
            self.following_changed.emit(False)
        self.update()

    def resume(self) -> None:
        """Bring the price to the middle and follow it and the newest."""
        scene = self.scene
        best = [side[0][0] for side in (scene.bids, scene.asks) if side]
        if best:
            scene.view.centre_on(sum(best) // len(best) // scene.group)
        self.set_following(True)

    def _area(self) -> tuple[int, int]:
        """Logical pixels of the heatmap itself."""
        parts = Parts.of_size(self.width(), self.height())
        return parts.width, parts.height

    def _fit(self) -> None:
        self.scene.view.fit(*self._area())
        self.update()

    def _restyle(self) -> None:
        forget_texts()
        self.scene.image.set_ramp(current().tokens.heatmap)
        self._fit()
