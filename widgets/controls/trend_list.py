"""Small plots below each other: a name, the figure now, and its line over the last minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.look import shapes
from widgets.look.numbers import format_number
from widgets.look.painting import Canvas
from widgets.look.theme import current

HEAD = 16
PLOT = 30
STEP = HEAD + PLOT + 10
PADDING = 10
PLOTTED = 600
"""Values that a plot has room for, from its left edge to now."""


class Trend(NamedTuple):
    """A line with its unit, NaN where nothing is known; and the line of the highest beside it where there is one."""

    name: str
    unit: str
    decimals: int
    values: NDArray[np.float64]
    highest: NDArray[np.float64] | None = None


def figure(value: float, trend: Trend) -> str:
    return format_number(value, trend.decimals, unit=trend.unit)


class TrendList(QWidget):
    """Each line has the scale of what it holds; 0 belongs to it unless the line is below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.trends: Sequence[Trend] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current().changed.connect(self.update)

    def show_trends(self, trends: Sequence[Trend]) -> None:
        grown = len(trends) != len(self.trends)
        self.trends = trends
        self.setAccessibleDescription("; ".join(f"{each.name} {self.now(each)}" for each in trends))
        if grown:
            self.updateGeometry()
        self.update()

    @staticmethod
    def now(trend: Trend) -> str:
        """The newest that is known."""
        known = trend.values[np.isfinite(trend.values)]
        return figure(float(known[-1]), trend) if len(known) else figure(float("nan"), trend)

    def sizeHint(self) -> QSize:
        return QSize(240, max(1, len(self.trends)) * STEP + PADDING)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), current().tokens.ground)
        for place, trend in enumerate(self.trends):
            area = QRect(PADDING, PADDING + place * STEP, self.width() - 2 * PADDING, STEP - 10)
            if area.intersects(event.rect()):
                self._paint_trend(painter, trend, area)

    def _paint_trend(self, painter: QPainter, trend: Trend, area: QRect) -> None:
        theme = current()
        tokens = theme.tokens
        head = QRect(area.left(), area.top(), area.width(), HEAD)
        now = self.now(trend)
        room = shapes.text_width(now, theme.font(12, 500)) + 10
        shapes.write(painter, head.adjusted(0, 0, -room, 0), trend.name, tokens.text_2, theme.font(11), elide=True)
        shapes.write(painter, head, now, tokens.text_1, theme.font(12, 500), shapes.RIGHT)
        plot = QRect(area.left(), area.top() + HEAD, area.width(), PLOT)
        painter.fillRect(QRect(plot.left(), plot.bottom(), plot.width(), 1), tokens.hairline)
        lines = [line for line in (trend.highest, trend.values) if line is not None]
        known = np.concatenate([line[np.isfinite(line)] for line in lines])
        if len(known) < 2:
            return
        low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
        if low == high:
            high = low + 1.0
        label = figure(high if high > 0 else low, trend)
        shapes.write(painter, plot.adjusted(2, 0, 0, -PLOT // 2), label, tokens.text_3, theme.font(11))
        painter.save()
        canvas = Canvas(painter, QRectF(plot), self.devicePixelRatioF())
        for line in lines:
            colour = tokens.text_3 if line is trend.highest else tokens.series[1]
            self._draw(canvas, line, low, high, colour)
        painter.restore()

    @staticmethod
    def _draw(canvas: Canvas, line: NDArray[np.float64], low: float, high: float, colour: QColor) -> None:
        shown = np.isfinite(line)
        # The newest is at the right edge; a line of less than the whole time begins within.
        x = (np.arange(len(line)) + PLOTTED - len(line)) / (PLOTTED - 1) * (canvas.width - 1)
        y = (1 - (line - low) / (high - low)) * (canvas.height - 2) + 1
        if shown.sum() >= 2:
            canvas.curve(x[shown], y[shown], colour)
