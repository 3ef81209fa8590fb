"""The price ladder: own orders, bids, prices, asks and traded volume, painted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.ladder.ladder_painting import (
    ASK,
    BID,
    FOOT,
    HEADER,
    PRICE,
    LadderPainter,
    LadderScene,
    column_at,
    forget_texts,
)
from widgets.ladder.ladder_rows import LadderOrder, LadderRows, Levels, Side, followed_top
from widgets.look.painting import Canvas
from widgets.look.theme import current

WHEEL_ROWS: Final = 3
WHEEL_NOTCH: Final = 120


class LadderView(QWidget):
    """Rows of prices from high to low. A click on a bid or ask cell says so; nothing else is decided here.

    The wheel scrolls, Ctrl+wheel changes the grouping, a double click on a price or Home centres again.
    """

    level_clicked = Signal(str, object)  # "buy" for the bid column or "sell" for the ask column, and ticks as int
    group_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = LadderScene()
        self._bids: Levels = ()
        self._asks: Levels = ()
        self._orders: Mapping[int, LadderOrder] = {}
        self._traded: Mapping[int, int] = {}
        self._centred = True
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        current().changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        return QSize(270, 480)

    def set_steps(self, tick: Decimal, lot: Decimal) -> None:
        """Tick and lot size, for the figures; the next book is centred."""
        self._scene.tick, self._scene.lot, self._scene.top = tick, lot, None
        self.update()

    def set_book(self, bids: Levels, asks: Levels, last_ticks: int | None, last_side: Side) -> None:
        """The book as (ticks, lots) levels of each side, and the last trade."""
        self._bids, self._asks = bids, asks
        self._scene.last_ticks, self._scene.last_side = last_ticks, last_side
        self._scene.rows.set_book(bids, asks)
        self._follow()
        self.update()

    def set_orders(self, orders: Mapping[int, LadderOrder]) -> None:
        """Own working orders by ticks."""
        self._orders = orders
        self._scene.rows.set_orders(orders)
        self.update()

    def set_traded(self, lots_by_ticks: Mapping[int, int]) -> None:
        """Lots traded at each price, for the volume column."""
        self._traded = lots_by_ticks
        self._scene.rows.set_traded(lots_by_ticks)
        self.update()

    def set_stale(self, age_seconds: float | None) -> None:
        """Grey all figures and show the age of the book; None when it is fresh."""
        if age_seconds != self._scene.stale_seconds:
            self._scene.stale_seconds = age_seconds
            self.update()

    @property
    def group(self) -> int:
        """Ticks in one row."""
        return self._scene.rows.group

    def set_group(self, ticks: int) -> None:
        """Put `ticks` prices into one row, and centre. Raises ValueError below 1."""
        if ticks < 1:
            raise ValueError("A row holds at least 1 tick.")
        if ticks == self.group:
            return
        rows = LadderRows(group=ticks)
        rows.set_book(self._bids, self._asks)
        rows.set_orders(self._orders)
        rows.set_traded(self._traded)
        self._scene.rows = rows
        self.centre()
        self.group_changed.emit(ticks)

    @property
    def centred(self) -> bool:
        """Whether the ladder follows the spread; scrolling ends it, `centre` resumes it."""
        return self._centred

    def centre(self) -> None:
        """Bring the spread to the middle and follow it from now on."""
        self._centred, self._scene.top = True, None
        self._follow()
        self.update()

    def ticks_at(self, y: float) -> int | None:
        """Price in ticks of the row at a logical y; None outside the rows."""
        number = self._row_number(y)
        return None if number is None or self._scene.top is None else (self._scene.top - number) * self.group

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        LadderPainter(Canvas.of_widget(painter, self), current().tokens, self._scene).paint()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / WHEEL_NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_group(next_group(self.group, up=notches < 0))
        else:
            self._scroll(round(notches * WHEEL_ROWS))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._row_number(event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        ticks = self.ticks_at(event.position().y())
        column = column_at(event.position().x(), self.width())
        if event.button() == Qt.MouseButton.LeftButton and ticks is not None and column in (BID, ASK):
            self.level_clicked.emit("buy" if column == BID else "sell", ticks)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if column_at(event.position().x(), self.width()) == PRICE:
            self.centre()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        half = self._scene.visible // 2
        rows = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: half, Qt.Key.Key_PageDown: -half}
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Home:
            self.centre()
        elif key in rows:
            self._scroll(rows[key])
        else:
            event.ignore()

    def _scroll(self, rows: int) -> None:
        if self._scene.top is not None:
            self._scene.top += rows
            self._centred = False
            self.update()

    def _hover(self, number: int | None) -> None:
        if number != self._scene.hovered:
            self._scene.hovered = number
            self.update()

    def _fit(self) -> None:
        scene = self._scene
        scene.row_height = current().metrics.ladder_row
        scene.visible = max(1, (self.height() - HEADER - FOOT) // scene.row_height)
        if self._centred:
            scene.top = None
            self._follow()
        self.update()

    def _restyle(self) -> None:
        forget_texts()
        self._fit()

    def _follow(self) -> None:
        scene, centre = self._scene, self._scene.rows.centre_row()
        if centre is None:
            return
        if scene.top is None:
            scene.top = centre + scene.visible // 2
        elif self._centred:
            scene.top = followed_top(scene.top, scene.visible, centre)

    def _row_number(self, y: float) -> int | None:
        number = int(y - HEADER) // self._scene.row_height
        return number if y >= HEADER and number < self._scene.visible else None


def next_group(group: int, *, up: bool) -> int:
    """The next of 1, 2, 5, 10, 20, 50 … ticks a row."""
    steps = [factor * 10**power for power in range(7) for factor in (1, 2, 5)]
    if up:
        return next((step for step in steps if step > group), group)
    return next((step for step in reversed(steps) if step < group), group)
