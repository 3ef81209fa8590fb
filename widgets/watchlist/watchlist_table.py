"""The rows of a watchlist: symbol, its last 24 hours as a line, last price and change; rows can be dragged."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from widgets.controls.sparkline import draw_sparkline
from widgets.controls.table import Column, Kind, Row, RowState, Table
from widgets.controls.table_model import TableModel
from widgets.look.numbers import format_age
from widgets.look.tokens import Tone

WATCHED_MARK = "○"


class Standing(Enum):
    """What a symbol is to this window: the engine runs it, it is only watched, or a search found it."""

    TRADED = "traded"
    WATCHED = "watched"
    FOUND = "found"


def paint_spark(painter: QPainter, cell: QRect, row: Row) -> None:
    area = QRectF(cell.adjusted(0, 5, -4, -5))
    draw_sparkline(painter, area, row["spark"], painter.device().devicePixelRatioF())


def symbol_text(row: Row) -> str:
    marks = {Standing.WATCHED: f" {WATCHED_MARK}"}
    return f"{row['symbol']}{marks.get(row['standing'], '')}"


def change_text(row: Row) -> str | None:
    if row["standing"] is Standing.FOUND:
        return "add"
    return f"{format_age(row['age'])} old" if row["row_state"] is RowState.STALE else None


def change_tone(row: Row) -> Tone | None:
    if row["standing"] is Standing.FOUND:
        return Tone.ACCENT
    return Tone.WARNING if row["row_state"] is RowState.STALE else None


class WatchlistTable(Table):
    dragged = Signal(QPoint)  # on the screen, while rows are under the hand
    dropped = Signal(list, QPoint)  # the symbols, and where

    key = "symbol"
    columns = (
        Column(
            "symbol",
            "Symbol",
            width=88,
            text=symbol_text,
            tone=lambda row: Tone.NORMAL if row["standing"] is Standing.TRADED else Tone.LABEL,
            tooltip=f"{WATCHED_MARK} is watched, not traded",
        ),
        Column("spark", "24 h", width=60, paint=paint_spark, shown_from=240),
        Column("last", "Last", Kind.PRICE, 72, "tick", tooltip="Last price in the quote asset"),
        Column("change", "Chg %", Kind.SIGNED, 54, 2, text=change_text, tone=change_tone, tooltip="Over 24 hours, %"),
    )
    empty = "No symbols in this list. Search above adds one of the venue's."

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pressed: QPoint | None = None
        self._carried: list[str] = []
        self.dragging = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        selected = self.selected_keys()
        super().mousePressEvent(event)
        is_left = event.button() is Qt.MouseButton.LeftButton
        self._pressed = event.position().toPoint() if is_left and index.isValid() else None
        if index.isValid():
            key = index.data(TableModel.ROW_ROLE)[self.key]
            self._carried = selected if key in selected else [key]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            super().mouseMoveEvent(event)
            return
        moved = (event.position().toPoint() - self._pressed).manhattanLength()
        if self.dragging or moved >= QApplication.startDragDistance():
            if not self.dragging:
                self.dragging = True
                self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self.dragged.emit(event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._pressed = None
        if self.dragging:
            self.dragging = False
            self.viewport().unsetCursor()
            self.dropped.emit(self._carried, event.globalPosition().toPoint())
