"""Cells in rows that tell more in tooltips, and how a cell is tinted by what it came to."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize
from PySide6.QtGui import QHelpEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from widgets.look import shapes
from widgets.look.numbers import MISSING
from widgets.look.theme import current
from widgets.look.tokens import mix

PADDING: Final = 10
TINTED_HEIGHT: Final = 40
GAP: Final = 4
SIX_IN_ROW_FROM: Final = 340
LEAST_TINT, MOST_TINT = 0.12, 0.46


class CellGrid(QWidget):
    """As high as its rows; each kind says how many cells there are, where one stands and what it tells."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current().changed.connect(self._follow_theme)

    def count(self) -> int:
        raise NotImplementedError

    def cell(self, place: int) -> QRect:
        """Logical pixels."""
        raise NotImplementedError

    def tip(self, place: int) -> str:
        raise NotImplementedError

    def sizeHint(self) -> QSize:
        return QSize(330, self.cell(max(1, self.count()) - 1).bottom() + 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            found = [place for place in range(self.count()) if self.cell(place).contains(event.pos())]
            QToolTip.showText(event.globalPos(), self.tip(found[0]) if found else "", self)
            return True
        return super().event(event)

    def tinted_cell(self, place: int, in_row: int) -> QRect:
        """One of so many in a row, each with a gap around it."""
        width = self.width() - 2 * PADDING + GAP
        left = PADDING + width * (place % in_row) // in_row
        right = PADDING + width * (place % in_row + 1) // in_row - GAP
        return QRect(left, PADDING + place // in_row * (TINTED_HEIGHT + GAP), right - left, TINTED_HEIGHT)

    def _follow_theme(self) -> None:
        """Rows are lower in a compact window."""
        self.updateGeometry()
        self.update()


def paint_tint(painter: QPainter, area: QRect, value: float | None, full: float) -> None:
    """The ground of a cell: green above 0 and red below it, the deepest from ``full`` on; a frame without a value."""
    tokens = current().tokens
    if value is None:
        painter.setPen(tokens.hairline)
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        return
    share = LEAST_TINT + (MOST_TINT - LEAST_TINT) * min(1.0, abs(value) / full)
    painter.fillRect(area, mix(tokens.up if value >= 0 else tokens.down, tokens.ground, share if value else 0.0))


def paint_named(painter: QPainter, area: QRect, name: str, text: str) -> None:
    """A name over what it came to."""
    theme, there = current(), text != MISSING
    upper = QRect(area.left() + 6, area.top() + 3, area.width() - 8, 16)
    shapes.write(painter, upper, name, theme.tokens.text_2, theme.font(11))
    colour = theme.tokens.text_1 if there else theme.tokens.text_3
    shapes.write(painter, upper.translated(0, 16), text, colour, theme.font(12, 500), elide=True)
