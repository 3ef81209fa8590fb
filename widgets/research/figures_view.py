"""Figures in a grid, and facts as lines: painted by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from widgets.look import shapes
from widgets.look.theme import current
from widgets.look.tokens import Tone
from widgets.research.cell_grid import PADDING, CellGrid
from widgets.research.figures import Shown

COLUMNS: Final = 3
CELL_HEIGHT: Final = 64


class FiguresView(CellGrid):
    """Label over value, three a row; the first one is the hero."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures: Sequence[Shown] = ()

    def set_figures(self, figures: Sequence[Shown]) -> None:
        if len(figures) != len(self.figures):
            self.updateGeometry()
        self.figures = figures
        self.setAccessibleDescription(", ".join(f"{figure.label} {figure.text}" for figure in figures))
        self.update()

    def count(self) -> int:
        return len(self.figures)

    def tip(self, place: int) -> str:
        return self.figures[place].tip

    def _height(self) -> int:
        return CELL_HEIGHT if current().metrics.table_row >= 22 else CELL_HEIGHT - 14

    def cell(self, place: int) -> QRect:
        height = self._height()
        left, right = (self.width() * column // COLUMNS for column in (place % COLUMNS, place % COLUMNS + 1))
        return QRect(left, place // COLUMNS * height, right - left, height)

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
