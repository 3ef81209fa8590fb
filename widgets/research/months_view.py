"""The months of a run as tinted cells, or a row a year."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from widgets.look import shapes
from widgets.look.numbers import MISSING, MONTHS, format_number, format_percent
from widgets.look.theme import current
from widgets.research.cell_grid import PADDING, SIX_IN_ROW_FROM, CellGrid, paint_named, paint_tint
from workstation.backtest.statistics import MonthReturn

YEAR_HEIGHT: Final = 22
YEAR_WIDTH: Final = 34
FULL_TINT: Final = 0.10
"""A month of this return, up or down, has the full tint."""


class MonthsView(CellGrid):
    """A cell a month, tinted by its return; a month that the run has not reached shows a dash."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.months: Sequence[MonthReturn] = ()
        self._known: dict[tuple[int, int], float | None] = {}
        self._span: Sequence[tuple[int, int]] = ()
        self._in_row = 6

    def set_months(self, months: Sequence[MonthReturn], last: tuple[int, int] | None = None) -> None:
        """``last`` is the year and month in which the whole run ends."""
        self.months = months
        self._known = {(month.year, month.month): month.value for month in months}
        span = [(month.year, month.month) for month in months]
        while last is not None and span and span[-1] < last:
            year, month = span[-1]
            span.append((year + 1, 1) if month == 12 else (year, month + 1))
        if len(span) != len(self._span):
            self.updateGeometry()
        self._span = span
        self.update()

    @property
    def _many(self) -> bool:
        return len(self._span) > 12

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        in_row = 6 if self.width() >= SIX_IN_ROW_FROM else 4
        if in_row != self._in_row:
            self._in_row = in_row
            self.updateGeometry()

    def count(self) -> int:
        return len(self._span)

    def cell(self, place: int) -> QRect:
        if not self._many:
            return self.tinted_cell(place, self._in_row)
        first, (year, month) = self._span[0][0], self._span[place]
        left, right = self._across(month - 1)
        return QRect(left + 1, PADDING + (year - first + 1) * YEAR_HEIGHT + 1, right - left - 2, YEAR_HEIGHT - 2)

    def tip(self, place: int) -> str:
        year, month = self._span[place]
        return f"{MONTHS[month - 1]} {year}: {self._text(self._span[place])}"

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(0, PADDING)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), current()
        painter.fillRect(self.rect(), theme.tokens.ground)
        if self._many:
            self._paint_heads(painter)
        for place, month in enumerate(self._span):
            area, value = self.cell(place), self._known.get(month)
            paint_tint(painter, area, value, FULL_TINT)
            if not self._many:
                paint_named(painter, area, MONTHS[month[1] - 1], self._text(month))
            elif value is not None:
                short = format_number(value * 100, 1, signed=True)
                shapes.write(painter, area, short, theme.tokens.text_1, theme.font(11), shapes.CENTRE)

    def _paint_heads(self, painter: QPainter) -> None:
        """The months above and the years at the left."""
        theme, first = current(), self._span[0][0]
        for month in range(12):
            left, right = self._across(month)
            head = QRect(left, PADDING, right - left, YEAR_HEIGHT)
            shapes.write(painter, head, MONTHS[month][:1], theme.tokens.text_3, theme.font(11), shapes.CENTRE)
        for row in range(self._span[-1][0] - first + 1):
            label = QRect(PADDING, PADDING + (row + 1) * YEAR_HEIGHT, YEAR_WIDTH, YEAR_HEIGHT)
            shapes.write(painter, label, str(first + row), theme.tokens.text_2, theme.font(11))

    def _across(self, month: int) -> tuple[int, int]:
        """Left and right of a month's column, where there is a row a year."""
        left, width = PADDING + YEAR_WIDTH, self.width() - 2 * PADDING - YEAR_WIDTH
        return left + width * month // 12, left + width * (month + 1) // 12

    def _text(self, month: tuple[int, int]) -> str:
        value = self._known.get(month)
        return MISSING if value is None else format_percent(value * 100, 1, signed=True)
