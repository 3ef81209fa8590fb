"""The price ladder: own orders, bids, prices, asks and traded volume, painted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.ladder.ladder_painting import (
    ASK,
    BID,
    FOOT,
    HEADER,
    MINE,
    PRICE,
    Drag,
    LadderPainter,
    LadderScene,
    RowState,
    cell_area,
    column_at,
    forget_texts,
)
from widgets.ladder.ladder_rows import LadderOrder, LadderRows, Levels, Side, followed_top
from widgets.look.painting import Canvas
from widgets.look.theme import current
from widgets.look.tokens import Mode

WHEEL_ROWS: Final = 3
WHEEL_NOTCH: Final = 120
SLACK: Final = 24
"""Pixels that the hand may stray sideways with an order; further out, as above and below the rows, it is put back."""


class LadderView(QWidget):
    """Rows of prices from high to low. It tells of clicks and drags; nothing is decided here.

    The wheel scrolls, Ctrl+wheel changes the grouping, a double click on a price or Home centres again. Only cells
    that changed are painted. Rows stand still under the pointer as long as the spread is in view, and while an order is
    dragged; a click that they moved away from is not told.
    """

    level_clicked = Signal(str, object)  # "buy" for the bid column or "sell" for the ask column, and ticks as int
    stop_clicked = Signal(str, object)  # the same with the right button
    order_moved = Signal(object, int)  # the names of the orders, and by how many ticks
    order_menu_wanted = Signal(object)  # the names of the orders of a cell, right-clicked
    group_changed = Signal(int)
    centred_changed = Signal(bool)
    click_missed = Signal()  # the rows had moved under the pointer since it moved last

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = LadderScene()
        self._bids: Levels = ()
        self._asks: Levels = ()
        self._orders: Mapping[int, LadderOrder] = {}
        self._traded: Mapping[int, int] = {}
        self._painted: list[RowState] = []
        self._painted_sums = (0, 0)
        self._centred = True
        self._moved_under = False
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
        self._update_changed()

    def set_orders(self, orders: Mapping[int, LadderOrder]) -> None:
        """Own working orders by ticks."""
        self._orders = orders
        self._scene.rows.set_orders(orders)
        self._update_changed()

    def set_traded(self, lots_by_ticks: Mapping[int, int]) -> None:
        """Lots traded at each price, for the volume column."""
        self._traded = lots_by_ticks
        self._scene.rows.set_traded(lots_by_ticks)
        self._update_changed()

    def set_stale(self, age_seconds: float | None) -> None:
        """Grey all figures and show the age of the book; None when it is fresh."""
        if age_seconds != self._scene.stale_seconds:
            self._scene.stale_seconds = age_seconds
            self.update()

    def set_armed(self, words: str, mode: Mode) -> None:
        """A frame and a strip with these words in the mode's colour: a click trades; none for no words."""
        if (words, mode) != (self._scene.armed, self._scene.mode):
            self._scene.armed, self._scene.mode = words, mode
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
        self._scene.rows, self._scene.dragged = rows, None
        self.centre()
        self.group_changed.emit(ticks)

    @property
    def centred(self) -> bool:
        """Whether the ladder follows the spread; scrolling ends it, `centre` resumes it."""
        return self._centred

    def centre(self) -> None:
        """Bring the spread to the middle and follow it from now on."""
        self._scene.top = None
        self._set_centred(True)
        self._follow()
        self.update()

    def hold(self) -> None:
        """Static: rows stay where they are, whatever the price does."""
        self._set_centred(False)

    def ticks_at(self, y: float) -> int | None:
        """Price in ticks of the row at a logical y; None outside the rows."""
        row = self._row_at(y)
        return None if row is None else row * self.group

    # --- Painting ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        LadderPainter(Canvas.of_widget(painter, self), current().tokens, self._scene).paint(event.region())
        painter.end()

    def _update_changed(self) -> None:
        """Ask for the cells that are another than what was painted, and for the foot."""
        states, before, height = self._scene.row_states(), self._painted, self._scene.row_height
        self._painted = states
        if len(states) != len(before) or (states and states[0].row != before[0].row):
            self.update()
            return
        ratio = self.devicePixelRatioF()
        width = round(self.width() * ratio)
        for number, (state, old) in enumerate(zip(states, before, strict=True)):
            if state != old:
                self.update(cell_area(number, *state.changed_columns(old), height, width, ratio))
        sums = self._scene.rows.bid_sum, self._scene.rows.ask_sum
        if sums != self._painted_sums:
            self._painted_sums = sums
            self.update(QRect(0, self.height() - FOOT, self.width(), FOOT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    # --- The hand ---------------------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / WHEEL_NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_group(next_group(self.group, up=notches < 0))
        else:
            self._scroll(round(notches * WHEEL_ROWS))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._moved_under = False
        row, drag = self._row_at(event.position().y()), self._scene.dragged
        if drag is not None:
            if not event.buttons() & Qt.MouseButton.LeftButton:
                self._let_go()
            elif row is None or not -SLACK <= event.position().x() < self.width() + SLACK:
                self._drag_to(drag.taken_from)
            else:
                self._drag_to(row)
        self._hover(self._row_number(event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y())
        column = column_at(event.position().x(), self.width())
        if self._scene.dragged is not None:
            # Another button ends the drag as Esc does.
            self._let_go()
            return
        if row is None:
            return
        if self._moved_under:
            self._moved_under = False
            self.click_missed.emit()
            return
        left, right = (event.button() == button for button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton))
        own = self._scene.rows.orders.get(row)
        if column in (BID, ASK) and (left or right):
            signal = self.level_clicked if left else self.stop_clicked
            signal.emit("buy" if column == BID else "sell", row * self.group)
        elif column == MINE and own is not None and own.names:
            if left:
                self._scene.dragged = Drag(own, row, row)
            elif right:
                self.order_menu_wanted.emit(own.names)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._scene.dragged = self._scene.dragged, None
        if drag is not None and event.button() == Qt.MouseButton.LeftButton:
            self.update()
            if drag.row != drag.taken_from:
                self.order_moved.emit(drag.order.names, (drag.row - drag.taken_from) * self.group)

    def _drag_to(self, row: int) -> None:
        drag = self._scene.dragged
        if drag is not None and row != drag.row:
            self._scene.dragged = drag._replace(row=row)
            self.update()

    def _let_go(self) -> None:
        self._scene.dragged = None
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if column_at(event.position().x(), self.width()) == PRICE:
            self.centre()

    def event(self, event: QEvent) -> bool:
        """While an order is under the hand, Esc lets it go instead of doing what it does in the window."""
        takes = event.type() is QEvent.Type.ShortcutOverride and self._scene.dragged is not None
        if takes and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        half = self._scene.visible // 2
        rows = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: half, Qt.Key.Key_PageDown: -half}
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Home:
            self.centre()
        elif key in rows:
            self._scroll(rows[key])
        elif key == Qt.Key.Key_Escape and self._scene.dragged is not None:
            self._let_go()
        else:
            event.ignore()

    def _scroll(self, rows: int) -> None:
        if self._scene.top is not None:
            self._scene.top += rows
            self._set_centred(False)
            self.update()

    def _set_centred(self, centred: bool) -> None:
        if centred != self._centred:
            self._centred = centred
            self.centred_changed.emit(centred)

    def _hover(self, number: int | None) -> None:
        if number != self._scene.hovered:
            for each in (self._scene.hovered, number):
                if each is not None:
                    height = self._scene.row_height
                    self.update(QRect(0, HEADER + each * height, self.width(), height))
            self._scene.hovered = number

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
        elif self._centred and scene.dragged is None:
            in_view = scene.top - scene.visible < centre <= scene.top
            if scene.hovered is None or not in_view:
                top = followed_top(scene.top, scene.visible, centre)
                self._moved_under = self._moved_under or (scene.hovered is not None and top != scene.top)
                scene.top = top

    def _row_number(self, y: float) -> int | None:
        number = int(y - HEADER) // self._scene.row_height
        return number if y >= HEADER and number < self._scene.visible else None

    def _row_at(self, y: float) -> int | None:
        number = self._row_number(y)
        return None if number is None or self._scene.top is None else self._scene.top - number


def next_group(group: int, *, up: bool) -> int:
    """The next of 1, 2, 5, 10, 20, 50 … ticks a row."""
    steps = [factor * 10**power for power in range(7) for factor in (1, 2, 5)]
    if up:
        return next((step for step in steps if step > group), group)
    return next((step for step in reversed(steps) if step < group), group)
