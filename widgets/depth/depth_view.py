"""The depth chart: how much the book holds up to each price, bids left and asks right of the middle."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.chart.scale import round_step
from widgets.engine.protocol import Levels
from widgets.ladder.ladder_painting import forget_texts, price_text
from widgets.look.numbers import format_percent
from widgets.look.painting import CENTRE, LEFT, RIGHT, Canvas
from widgets.look.short_size import ShortSize
from widgets.look.theme import current
from widgets.look.tokens import Tokens, mix
from workstation.market.order_flow.liquidity import CumulativeDepth, cumulative

AXIS: Final = 24
HEADROOM: Final = 30
LABEL_DISTANCE: Final = 84
AREA: Final = 0.30
ZOOM: Final = 1.25
NEAREST: Final = 0.02  # of the book's reach: as far as one can zoom in
WHEEL_NOTCH: Final = 120
EMPTY: Final = CumulativeDepth((), ())


class DepthView(QWidget):
    """The wheel zooms around the middle. Under the pointer: price, distance, and what the book holds up to there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bids, self._asks = EMPTY, EMPTY
        self._tick, self._lot, self._base = Decimal("0.01"), Decimal("0.001"), ""
        self._share = 1.0
        self._stale = False
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        current().changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        return QSize(270, 300)

    def set_steps(self, tick: Decimal, lot: Decimal, base: str) -> None:
        """Of another instrument."""
        self._tick, self._lot, self._base, self._share = tick, lot, base, 1.0

    def set_book(self, bids: Levels, asks: Levels, *, stale: bool) -> None:
        """Levels as ticks and lots, best first."""
        self._bids, self._asks, self._stale = cumulative(bids), cumulative(asks), stale
        self.update()

    @property
    def span(self) -> tuple[float, float]:
        """The prices at the left and right edge in ticks; both 0 for a book without two sides."""
        if not (self._bids.ticks and self._asks.ticks):
            return 0.0, 0.0
        middle = (self._bids.ticks[0] + self._asks.ticks[0]) / 2
        # Both sides as wide as the narrower one is deep: a wall far out on one side would squeeze the other.
        reach = min(middle - self._bids.ticks[-1], self._asks.ticks[-1] - middle)
        reach = max(1.0, reach * self._share)
        return middle - reach, middle + reach

    def reading(self, x: float) -> tuple[int, int] | None:
        """Ticks and cumulative lots under a logical x; None where nothing is."""
        left, right = self.span
        if left == right or self.width() <= 0:
            return None
        ticks = round(left + (right - left) * x / self.width())
        side = self._bids if ticks <= self._bids.ticks[0] else self._asks
        inside = [
            lots
            for level, lots in zip(*side, strict=True)
            if (level >= ticks if side is self._bids else level <= ticks)
        ]
        return ticks, inside[-1] if inside else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        canvas, tokens = Canvas.of_widget(painter, self), current().tokens
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        left, right = self.span
        if left != right:
            self._paint_book(canvas, tokens, left, right)
        painter.end()

    def _paint_book(self, canvas: Canvas, tokens: Tokens, left: float, right: float) -> None:
        height = canvas.height - canvas.px(AXIS)
        pitch = canvas.width / (right - left)
        sides = []
        for side in (self._bids, self._asks):
            ticks, lots = np.array(side.ticks, dtype=np.float64), np.array(side.lots, dtype=np.float64)
            shown = (ticks >= left) & (ticks <= right)
            sides.append(((ticks[shown] - left) * pitch, lots[shown]))
        most = max((float(lots[-1]) for _, lots in sides if len(lots)), default=1.0)
        room = height - canvas.px(HEADROOM)
        self._paint_axes(canvas, tokens, (left, right), height, room, most)
        for (x, lots), edge, colour in zip(sides, (0, canvas.width), (tokens.up, tokens.down), strict=True):
            line = tokens.border if self._stale else colour
            self._paint_side(canvas, x, lots * (room / most), edge, height, line, tokens.ground)
        middle = canvas.width // 2
        canvas.dashes_down(middle, 0, height, canvas.px(2), canvas.px(3), tokens.border)
        self._paint_reading(canvas, tokens, height)

    def _paint_side(
        self, canvas: Canvas, x: Any, high: Any, edge: int, height: int, colour: QColor, ground: QColor
    ) -> None:
        """Steps from the middle outwards, each as far as the next level, one rectangle each."""
        if not len(x):
            return
        ends = np.append(x[1:], float(edge))
        start, end = np.floor(np.minimum(x, ends)), np.floor(np.maximum(x, ends))
        tops, line = np.floor(height - high), canvas.px(1)
        canvas.fill_batch(start, tops, end - start, height - tops, mix(colour, ground, AREA))
        canvas.fill_batch(start, tops, end - start, line, colour)
        inner = np.append(float(height), tops[:-1])
        at = np.floor(x)
        canvas.fill_batch(at, tops, line, inner - tops, colour)

    def _paint_axes(
        self, canvas: Canvas, tokens: Tokens, span: tuple[float, float], height: int, room: int, most: float
    ) -> None:
        left, right = span
        canvas.fill(0, height, canvas.width, canvas.px(1), tokens.hairline)
        distance, wide = canvas.px(LABEL_DISTANCE), canvas.px(LABEL_DISTANCE)
        step = max(1, round(round_step((right - left) * distance / canvas.width)))
        for ticks in range(int(left) // step * step + step, int(right) + 1, step):
            x = (ticks - left) * canvas.width / (right - left)
            if wide / 2 < x < canvas.width - wide / 2:
                text = price_text(ticks // step, step, self._tick)
                canvas.text(x - wide / 2, height, wide, canvas.height - height, text, tokens.text_3, CENTRE, 11)
        short, line = ShortSize.of(round(most), self._lot), canvas.px(14)
        for share in (0.5, 1.0):
            y = round(height - share * room)
            canvas.fill(0, y, canvas.width, 1, tokens.grid)
            text = short.text(round(share * most))
            canvas.text(canvas.px(6), y - line, canvas.px(90), line, text, tokens.text_3, LEFT, 11)

    def _paint_reading(self, canvas: Canvas, tokens: Tokens, height: int) -> None:
        found = None if self._hovered is None else self.reading(self._hovered)
        if found is None or self._hovered is None:
            return
        ticks, lots = found
        x = round(self._hovered * canvas.ratio)
        canvas.dashes_down(x, 0, height, canvas.px(4), canvas.px(3), tokens.border)
        middle = (self._bids.ticks[0] + self._asks.ticks[0]) / 2
        away = format_percent((ticks - middle) / middle * 100, 3, signed=True)
        size = ShortSize.of(lots, self._lot).text(lots) if lots else "0"
        text = f"{price_text(ticks, 1, self._tick)}  {away}  {size} {self._base}"
        canvas.fill(0, 0, canvas.width, canvas.px(20), tokens.ground)
        canvas.text(0, 0, canvas.width - canvas.px(8), canvas.px(20), text, tokens.text_1, RIGHT, 11)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / WHEEL_NOTCH
        self._share = min(1.0, max(NEAREST, self._share / ZOOM**notches))
        event.accept()
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = int(event.position().x())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def _restyle(self) -> None:
        forget_texts()
        self.update()
