"""Figures in a grid, months as tinted cells, and facts as lines: painted by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from widgets.look import shapes
from widgets.look.numbers import MISSING, MONTHS, format_number, format_percent
from widgets.look.theme import current
from widgets.look.tokens import Tone, mix
from widgets.research.figures import Shown
from workstation.backtest.statistics import MonthReturn

COLUMNS: Final = 3
CELL_HEIGHT: Final = 64
PADDING: Final = 10
MONTH_HEIGHT: Final = 40
YEAR_HEIGHT: Final = 22
MONTH_GAP: Final = 4
SIX_IN_ROW_FROM: Final = 340
LEAST_TINT, MOST_TINT = 0.12, 0.46
FULL_TINT: Final = 0.10
"""A month of this return, up or down, has the full tint."""


class FiguresView(QWidget):
    """Label over value, three a row; the first one is the hero."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures: Sequence[Shown] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current().changed.connect(self._follow_theme)

    def set_figures(self, figures: Sequence[Shown]) -> None:
        if len(figures) != len(self.figures):
            self.updateGeometry()
        self.figures = figures
        self.setAccessibleDescription(", ".join(f"{figure.label} {figure.text}" for figure in figures))
        self.update()

    def _follow_theme(self) -> None:
        """Its rows are lower in a compact window."""
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(330, -(-max(1, len(self.figures)) // COLUMNS) * self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def _height(self) -> int:
        return CELL_HEIGHT if current().metrics.table_row >= 22 else CELL_HEIGHT - 14

    def cell(self, place: int) -> QRect:
        height = self._height()
        left, right = (self.width() * column // COLUMNS for column in (place % COLUMNS, place % COLUMNS + 1))
        return QRect(left, place // COLUMNS * height, right - left, height)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            found = [each for place, each in enumerate(self.figures) if self.cell(place).contains(event.pos())]
            QToolTip.showText(event.globalPos(), found[0].tip if found else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current(), QPainter(self)
        tokens = theme.tokens
        painter.fillRect(self.rect(), tokens.ground)
        for place, figure in enumerate(self.figures):
            area = self.cell(place)
            painter.fillRect(QRect(area.left(), area.bottom(), area.width(), 1), tokens.hairline)
            if place % COLUMNS:
                painter.fillRect(QRect(area.left(), area.top(), 1, area.height()), tokens.hairline)
            middle = area.center().y()
            left, width = area.left() + PADDING + 2, area.width() - PADDING
            label, value = QRect(left, middle - 21, width, 18), QRect(left, middle - 1, width, 24)
            hero = place == 0
            font = theme.font(20, 600) if hero else theme.font(16, 500)
            shapes.write(painter, label, figure.label, tokens.text_2, theme.font(11))
            shapes.write(painter, value, figure.text, tokens.colour(figure.tone), font, elide=True)


class MonthsView(QWidget):
    """A cell a month, tinted by its return; a month that the run has not reached shows a dash."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.months: Sequence[MonthReturn] = ()
        self._span: Sequence[tuple[int, int]] = ()
        self._in_row = 6
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current().changed.connect(self.update)

    def set_months(self, months: Sequence[MonthReturn], last: tuple[int, int] | None = None) -> None:
        """``last`` is the year and month in which the whole run ends."""
        self.months = months
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

    def _rows(self) -> int:
        if self._many:
            return self._span[-1][0] - self._span[0][0] + 1
        return max(1, -(-len(self._span) // self._in_row))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        in_row = 6 if self.width() >= SIX_IN_ROW_FROM else 4
        if in_row != self._in_row:
            self._in_row = in_row
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        height = YEAR_HEIGHT if self._many else MONTH_HEIGHT + MONTH_GAP
        head = YEAR_HEIGHT if self._many else 0
        return QSize(330, self._rows() * height + head + 2 * PADDING)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), current().tokens.ground)
        known = {(month.year, month.month): month.value for month in self.months}
        if self._many:
            self._paint_years(painter, known)
            return
        width = self.width() - 2 * PADDING + MONTH_GAP
        for place, (year, month) in enumerate(self._span):
            left = PADDING + width * (place % self._in_row) // self._in_row
            right = PADDING + width * (place % self._in_row + 1) // self._in_row - MONTH_GAP
            area = QRect(left, PADDING + place // self._in_row * (MONTH_HEIGHT + MONTH_GAP), right - left, MONTH_HEIGHT)
            self._paint_cell(painter, area, MONTHS[month - 1], known.get((year, month)), tall=True)

    def _paint_years(self, painter: QPainter, known: dict[tuple[int, int], float | None]) -> None:
        theme = current()
        tokens = theme.tokens
        first = self._span[0][0]
        left, width = PADDING + 34, self.width() - 2 * PADDING - 34
        for month in range(12):
            x, right = left + width * month // 12, left + width * (month + 1) // 12
            head = QRect(x, PADDING, right - x, YEAR_HEIGHT)
            shapes.write(painter, head, MONTHS[month][:1], tokens.text_3, theme.font(11), shapes.CENTRE)
            for row in range(self._rows()):
                y = PADDING + (row + 1) * YEAR_HEIGHT
                if month == 0:
                    label = QRect(PADDING, y, 34, YEAR_HEIGHT)
                    shapes.write(painter, label, str(first + row), tokens.text_2, theme.font(11))
                if (first + row, month + 1) in self._span:
                    area = QRect(x + 1, y + 1, right - x - 2, YEAR_HEIGHT - 2)
                    self._paint_cell(painter, area, "", known.get((first + row, month + 1)), tall=False)

    def _paint_cell(self, painter: QPainter, area: QRect, name: str, value: float | None, *, tall: bool) -> None:
        theme = current()
        tokens = theme.tokens
        if value is None:
            painter.setPen(tokens.hairline)
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        else:
            share = LEAST_TINT + (MOST_TINT - LEAST_TINT) * min(1.0, abs(value) / FULL_TINT)
            tone = tokens.up if value >= 0 else tokens.down
            painter.fillRect(area, mix(tone, tokens.ground, share if value else 0.0))
        text = MISSING if value is None else format_percent(value * 100, 1, signed=True)
        colour = tokens.text_3 if value is None else tokens.text_1
        if tall:
            upper = QRect(area.left() + 6, area.top() + 3, area.width() - 8, 16)
            lower = upper.translated(0, 16)
            shapes.write(painter, upper, name, tokens.text_2, theme.font(11))
            shapes.write(painter, lower, text, colour, theme.font(12, 500), elide=True)
        elif value is not None:
            short = format_number(value * 100, 1, signed=True)
            shapes.write(painter, area, short, colour, theme.font(11), shapes.CENTRE)


class LinesView(QWidget):
    """Subjects and sentences, wrapped to the width: assumptions, parameters."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: Sequence[tuple[str, str, Tone]] = ()
        current().changed.connect(self._fit)

    def set_lines(self, lines: Sequence[tuple[str, str, Tone]]) -> None:
        if lines != self.lines:
            self.lines = lines
            self.setAccessibleDescription(" ".join(f"{subject}: {text}" for subject, text, _ in lines))
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _areas(self) -> list[QRect]:
        found, y = [], PADDING
        width = max(60, self.width() - 2 * PADDING - self._label_width())
        for _, text, _ in self.lines:
            lines = max(1, self._height_of(text, width) // 16)
            found.append(QRect(PADDING + self._label_width(), y, width, lines * 16))
            y += lines * 16 + 6
        return found

    def _label_width(self) -> int:
        font = current().font(11)
        return max((shapes.text_width(subject, font) for subject, _, _ in self.lines), default=0) + 14

    @staticmethod
    def _height_of(text: str, width: int) -> int:
        flags = int(Qt.TextFlag.TextWordWrap)
        bounds = QFontMetrics(current().font()).boundingRect(QRect(0, 0, width, 10_000), flags, text)
        return -(-bounds.height() // 16) * 16

    def _fit(self) -> None:
        areas = self._areas()
        self.setMinimumHeight(areas[-1].bottom() + PADDING if areas else 40)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = current(), QPainter(self)
        tokens = theme.tokens
        painter.fillRect(self.rect(), tokens.ground)
        for area, (subject, text, tone) in zip(self._areas(), self.lines):
            label = QRect(PADDING, area.top(), self._label_width(), 16)
            shapes.write(painter, label, subject, tokens.text_3, theme.font(11))
            painter.setPen(tokens.colour(tone))
            painter.setFont(theme.font())
            painter.drawText(area, int(Qt.TextFlag.TextWordWrap), text)
