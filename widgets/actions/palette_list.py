"""The rows of the command palette: groups, names with the matched letters, what they act on, key caps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.look import shapes
from widgets.look.theme import current

HEADER = 26
SHOWN_HEIGHT = 352
LEAST_HEIGHT = 48
ICON = 38


class Entry(NamedTuple):
    """One row; ``places`` are the letters in accent, ``why_not`` greys it."""

    name: str
    group: str
    text: str
    places: tuple[int, ...] = ()
    scope: str = ""
    keys: str = ""
    icon: str = ""
    why_not: str = ""


class PaletteList(QWidget):
    """Draws only what is in view; the wheel and the chosen row move it."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: Sequence[Entry] = ()
        self._tops: list[int] = []
        self._height = 0
        self._offset = 0
        self.index = -1
        self.setMouseTracking(True)
        self.setFixedHeight(SHOWN_HEIGHT)
        self.setAccessibleName("Actions")

    def sizeHint(self) -> QSize:
        return QSize(520, SHOWN_HEIGHT)

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Show these, in groups as they come; the first is chosen."""
        self._entries = entries
        self._tops, top, group = [], 0, ""
        for entry in entries:
            if entry.group != group:
                group = entry.group
                top += HEADER
            self._tops.append(top)
            top += current().metrics.palette_row
        self._height = top
        self._offset = 0
        self.setFixedHeight(max(LEAST_HEIGHT, min(top + 6, SHOWN_HEIGHT)))
        self.choose(0 if entries else -1)

    @property
    def entries(self) -> Sequence[Entry]:
        return self._entries

    @property
    def entry(self) -> Entry | None:
        return self._entries[self.index] if 0 <= self.index < len(self._entries) else None

    def move_by(self, steps: int) -> None:
        """Choose another row; past one end it goes on at the other."""
        if self._entries:
            self.choose((self.index + steps) % len(self._entries))

    def choose(self, index: int) -> None:
        self.index = index
        if index >= 0:
            top, row = self._tops[index], current().metrics.palette_row
            lead = HEADER if index == 0 or self._entries[index].group != self._entries[index - 1].group else 0
            self._scroll_to(max(min(self._offset, top - lead), top + row - self.height()))
        entry = self.entry
        self.setAccessibleDescription(f"{entry.text}. {entry.why_not or entry.scope}" if entry else "Nothing matches")
        self.update()

    def _scroll_to(self, offset: int) -> None:
        self._offset = max(0, min(offset, self._height - self.height()))
        self.update()

    def row_rect(self, index: int) -> QRect:
        return QRect(0, self._tops[index] - self._offset, self.width(), current().metrics.palette_row)

    def _at(self, event: QMouseEvent) -> int:
        point = event.position().toPoint()
        return next((at for at in range(len(self._entries)) if self.row_rect(at).contains(point)), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self._at(event)
        if at >= 0 and at != self.index:
            self.choose(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._at(event)
        if event.button() is Qt.MouseButton.LeftButton and at >= 0:
            self.choose(at)
            self.chosen.emit(self._entries[at].name)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._scroll_to(self._offset - event.angleDelta().y() // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.tokens.raised)
        if not self._entries:
            area = QRect(14, 0, self.width() - 28, 48)
            shapes.write(painter, area, "Nothing matches.", theme.tokens.text_2, theme.font())
        for at, entry in enumerate(self._entries):
            row = self.row_rect(at)
            if row.top() > self.height():
                break
            if at == 0 or self._entries[at - 1].group != entry.group:
                header = QRect(14, row.top() - HEADER, row.width() - 28, HEADER)
                shapes.write(painter, header, entry.group, theme.tokens.text_3, theme.font(11))
            if row.bottom() >= 0:
                self._paint_row(painter, row, entry, at == self.index)

    def _paint_row(self, painter: QPainter, row: QRect, entry: Entry, chosen: bool) -> None:
        theme = current()
        tokens = theme.tokens
        if chosen:
            painter.fillRect(row, tokens.accent_ground)
            painter.fillRect(QRect(0, row.top(), 2, row.height()), tokens.accent)
        able = not entry.why_not
        if entry.icon:
            place = QRect(14, row.top(), 14, row.height())
            shapes.place_pixmap(painter, place, theme.pixmap(entry.icon, "text_2" if able else "text_3"))
        right = row.right() - 14
        for cap in reversed(entry.keys.split("+") if entry.keys else []):
            width = shapes.text_width(cap, theme.font(10)) + 10
            box = QRect(right - width, row.top() + (row.height() - 16) // 2, width, 16)
            shapes.box(painter, box, None, tokens.border, radius=2)
            shapes.write(painter, box, cap, tokens.text_2, theme.font(10), shapes.CENTRE)
            right -= width + 6
        x = row.left() + ICON
        matched = set(entry.places)
        run, lit = "", False
        for at, letter in enumerate(entry.text):
            if (at in matched) != lit:
                x = self._write_run(painter, row, x, run, lit, able)
                run, lit = "", at in matched
            run += letter
        x = self._write_run(painter, row, x, run, lit, able)
        words = entry.why_not or entry.scope
        if words:
            colour = tokens.text_2 if chosen else tokens.text_3
            shapes.write(
                painter, QRect(x + 12, row.top(), right - x - 20, row.height()), words, colour, theme.font(), elide=True
            )

    def _write_run(self, painter: QPainter, row: QRect, x: int, run: str, lit: bool, able: bool) -> int:
        if not run:
            return x
        theme = current()
        font = theme.font(12, 600) if lit else theme.font(12, 500)
        colour = theme.tokens.accent if lit else theme.tokens.text_1 if able else theme.tokens.text_3
        width = shapes.text_width(run, font)
        shapes.write(painter, QRect(x, row.top(), width + 2, row.height()), run, colour, font)
        return x + width
