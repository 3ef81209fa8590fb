"""The footprint under the hand: zoom of bars and rows, pan, and the newest followed."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.footprint.footprint_painting import FootprintPainter
from widgets.footprint.footprint_scene import CELL, PITCHES, FootprintScene
from widgets.ladder.ladder_painting import forget_texts
from widgets.ladder.ladder_view import next_group
from widgets.look.painting import Canvas
from widgets.look.theme import current

WHEEL_NOTCH: Final = 120


class FootprintView(QWidget):
    """The wheel zooms the bars, with Ctrl it groups prices; a drag or an arrow pans; a double click or Home follows."""

    group_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = FootprintScene()
        self._dragged_from: QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        current().changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        return QSize(700, 320)

    def set_group(self, ticks: int) -> None:
        """Put so many ticks into a row."""
        if ticks != self.scene.group:
            self.scene.group = ticks
            self.scene.resume()
            self.group_changed.emit(ticks)
            self.update()

    def show_newest(self) -> None:
        """The bars or the price changed."""
        self.scene.follow()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        FootprintPainter(Canvas.of_widget(painter, self), current().tokens, self.scene).paint()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = round(event.angleDelta().y() / WHEEL_NOTCH)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_group(next_group(self.scene.group, up=steps < 0))
        else:
            place = PITCHES.index(self.scene.pitch) + steps
            self.scene.pitch = PITCHES[max(0, min(len(PITCHES) - 1, place))]
            self._fit()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged_from = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is None:
            return
        moved = event.position().toPoint() - self._dragged_from
        bars, rows = int(moved.x() / self.scene.pitch), int(moved.y() / CELL)
        if bars or rows:
            self._dragged_from += QPoint(bars * self.scene.pitch, rows * CELL)
            self._pan(bars, rows)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.scene.resume()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (1, 0),
            Qt.Key.Key_Right: (-1, 0),
            Qt.Key.Key_Up: (0, 2),
            Qt.Key.Key_Down: (0, -2),
        }
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Home:
            self.scene.resume()
            self.update()
        elif key in moves:
            self._pan(*moves[key])
        else:
            event.ignore()

    def _pan(self, bars: int, rows: int) -> None:
        self.scene.pan(bars, rows)
        self.update()

    def _fit(self) -> None:
        self.scene.fit(self.width(), self.height())
        if self.scene.follows_price:
            self.scene.top = None
        self.show_newest()

    def _restyle(self) -> None:
        forget_texts()
        self.update()
