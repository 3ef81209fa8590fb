"""Equity and drawdown curves, of one run or of several over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from widgets.chart.scale import PaneScale, value_ticks, whole_pixels
from widgets.look.numbers import format_number, format_percent
from widgets.look.painting import CENTRE, LEFT, RIGHT, Canvas
from widgets.look.theme import current
from widgets.look.tokens import Tokens, mix
from workstation.backtest.plot import time_marks
from workstation.backtest.statistics import drawdowns

AXIS: Final = 70
HEAD: Final = 26
FOOT: Final = 20
FALL_SHARE: Final = 0.28
LABEL_DISTANCE: Final = 34
AREA_SHARE: Final = 0.13
FALL_AREA_SHARE: Final = 0.30

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class Curve(NamedTuple):
    """Equity at ascending UTC times, in the account's currency or in per cent of the balance."""

    name: str
    times_ns: Times
    equity: Floats
    fall: Floats
    """The drawdown at each time, a fraction, 0 or above."""


def curve_of(name: str, times_ns: Times, equity: NDArray[np.int64], *, in_percent: bool = False) -> Curve:
    """From equity in 1e-8 of the currency."""
    values = equity / equity[0] * 100 - 100 if in_percent and equity[0] else equity / 1e8
    return Curve(name, times_ns, values, drawdowns(equity))


class CurvesView(QWidget):
    """Draws at most four points a pixel column of each curve; what was painted is kept until something changes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves: Sequence[Curve] = ()
        self._start_ns = self._end_ns = 0
        self._known_ns = 0
        self._percent = False
        self._empty = ""
        self._picture: tuple[tuple[QSize, float, Tokens], QPixmap] | None = None
        self._thin: tuple[int, list[tuple[Floats, Floats, Floats]]] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        current().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(640, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 90)

    def set_curves(self, curves: Sequence[Curve], start_ns: int, end_ns: int, *, percent: bool, empty: str) -> None:
        """The time axis runs from ``start_ns`` to ``end_ns``; what no curve reaches of it is not known yet."""
        self.curves, self._percent, self._empty = curves, percent, empty
        self._start_ns, self._end_ns = start_ns, max(end_ns, start_ns + 1)
        self._known_ns = max((int(curve.times_ns[-1]) for curve in curves), default=start_ns)
        self._thin = self._picture = None
        last = [f"{curve.name} {curve.equity[-1]:,.2f}" for curve in curves]
        self.setAccessibleDescription(", ".join(last) or empty)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """From the picture that was painted last; it is painted anew when something of it has changed."""
        look = (self.size(), self.devicePixelRatioF(), current().tokens)
        if self._picture is None or self._picture[0] != look:
            picture = QPixmap(self.size() * self.devicePixelRatioF())
            picture.setDevicePixelRatio(self.devicePixelRatioF())
            painter = QPainter(picture)
            self._paint(Canvas(painter, QRectF(self.rect()), self.devicePixelRatioF()))
            painter.end()
            self._picture = look, picture
        QPainter(self).drawPixmap(0, 0, self._picture[1])

    def _paint(self, canvas: Canvas) -> None:
        tokens = current().tokens
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        if not self.curves:
            canvas.text(0, 0, canvas.width, canvas.height, self._empty, tokens.text_2, CENTRE)
            return
        right = canvas.width - canvas.px(AXIS)
        head, bottom = canvas.px(HEAD), canvas.height - canvas.px(FOOT)
        middle = bottom - round((bottom - head) * FALL_SHARE)
        thin = self._thinned(max(2, right))
        self._paint_time(canvas, tokens, right, bottom)
        self._paint_future(canvas, tokens, right, bottom)
        self._paint_equity(canvas, tokens, thin, (head, middle), right)
        self._paint_falls(canvas, tokens, thin, (middle, bottom), right)
        self._paint_legend(canvas, tokens)

    def _x(self, times_ns: Times, width: int) -> Floats:
        share: Floats = (times_ns - self._start_ns) / (self._end_ns - self._start_ns)
        return share * (width - 1)

    def _thinned(self, width: int) -> list[tuple[Floats, Floats, Floats]]:
        if self._thin is None or self._thin[0] != width:
            made = []
            for curve in self.curves:
                x = self._x(curve.times_ns, width)
                kept = thinned_places(x, curve.equity)
                made.append((x[kept], curve.equity[kept], curve.fall[kept]))
            self._thin = width, made
        return self._thin[1]

    def _paint_time(self, canvas: Canvas, tokens: Tokens, right: int, bottom: int) -> None:
        canvas.fill(0, bottom, canvas.width, 1, tokens.hairline)
        last = -1e9
        for ts_ns, label in time_marks(self._start_ns, self._end_ns):
            x = float(self._x(np.array([ts_ns]), right)[0])
            canvas.fill(x, 0, 1, bottom, tokens.grid)
            if x - last >= canvas.px(56) and canvas.px(16) <= x <= right - canvas.px(16):
                last = x
                half = canvas.px(40)
                canvas.text(x - half, bottom, 2 * half, canvas.px(FOOT), label, tokens.text_3, CENTRE, 11)

    def _paint_future(self, canvas: Canvas, tokens: Tokens, right: int, bottom: int) -> None:
        x = round(float(self._x(np.array([self._known_ns]), right)[0])) + 1
        if self._known_ns >= self._end_ns or right - x < 2:
            return
        canvas.fill(x, 0, right - x, bottom, tokens.raised)
        canvas.fill(x, 0, canvas.px(1), bottom, tokens.replay)
        if right - x > canvas.px(60):
            canvas.text(x, canvas.px(8), right - x, canvas.px(16), "not yet", tokens.text_3, CENTRE)

    def _paint_equity(
        self,
        canvas: Canvas,
        tokens: Tokens,
        thin: list[tuple[Floats, Floats, Floats]],
        rows: tuple[int, int],
        right: int,
    ) -> None:
        top, bottom = rows
        low = min(float(equity.min()) for _, equity, _ in thin)
        high = max(float(equity.max()) for _, equity, _ in thin)
        room = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
        scale = PaneScale(0.0, 1.0, low - room, high + room, max(1, right), max(1, bottom - top))
        values = value_ticks(scale, canvas.px(LABEL_DISTANCE))
        step = float(np.diff(values).min()) if len(values) > 1 else high - low or 1.0
        decimals = min(8, max(0, -int(np.floor(np.log10(step) + 1e-9))))
        single = len(thin) == 1
        tagged = top + scale.y(float(self.curves[0].equity[-1])) if single else -1e9
        for value, y in zip(values, whole_pixels(scale.ys(values))):
            canvas.fill(0, top + y, right, 1, tokens.grid)
            text = format_percent(value, decimals) if self._percent else format_number(value, decimals)
            if abs(top + y - tagged) > canvas.px(16):
                self._label(canvas, right, top + float(y), text, tokens)
        for place, (x, equity, _) in enumerate(thin):
            y = top + scale.ys(equity)
            gained = self.curves[place].equity[-1] >= self.curves[place].equity[0]
            colour = (tokens.up if gained else tokens.down) if single else line_colour(tokens, place)
            if single:
                columns = np.arange(np.ceil(x[0]), np.floor(x[-1]) + 1)
                level = whole_pixels(np.interp(columns, x, y))
                canvas.fill_batch(columns, level, 1, bottom - level, mix(colour, tokens.ground, AREA_SHARE))
            canvas.curve(x, y, colour, 1.4)
            if single:
                self._tag(canvas, tokens, right, float(y[-1]), gained)

    def _tag(self, canvas: Canvas, tokens: Tokens, right: int, y: float, gained: bool) -> None:
        value = float(self.curves[0].equity[-1])
        text = format_percent(value, 1) if self._percent else format_number(value, 0)
        height = canvas.px(18)
        top = round(max(0.0, y - height / 2))
        canvas.fill(right, top, canvas.px(AXIS), height, tokens.up_tag if gained else tokens.down_tag)
        canvas.text(right + canvas.px(6), top, canvas.px(AXIS), height, text, tokens.on_tag, LEFT, 12, 600)

    def _paint_falls(
        self,
        canvas: Canvas,
        tokens: Tokens,
        thin: list[tuple[Floats, Floats, Floats]],
        rows: tuple[int, int],
        right: int,
    ) -> None:
        top, bottom = rows
        canvas.fill(0, top, canvas.width, 1, tokens.hairline)
        deepest = max((float(fall.max()) for _, _, fall in thin), default=0.0) or 1e-9
        height = bottom - top - canvas.px(6)
        for place, (x, _, fall) in enumerate(thin):
            y = top + fall / deepest * height
            colour = tokens.down if len(thin) == 1 else line_colour(tokens, place)
            if len(thin) == 1:
                columns = np.arange(np.ceil(x[0]), np.floor(x[-1]) + 1)
                level = whole_pixels(np.interp(columns, x, y))
                canvas.fill_batch(columns, np.full(len(columns), top + 1), 1, level - top, tokens.drawdown_area)
            canvas.curve(x, y, colour, 1.0)
        self._label(canvas, right, float(top + height), format_percent(-deepest * 100, 1), tokens)

    def _label(self, canvas: Canvas, right: int, y: float, text: str, tokens: Tokens) -> None:
        height = canvas.px(14)
        canvas.text(right, y - height // 2, canvas.px(AXIS - 8), height, text, tokens.text_3, RIGHT, 11)

    def _paint_legend(self, canvas: Canvas, tokens: Tokens) -> None:
        x, height = canvas.px(10), canvas.px(HEAD)
        for place, curve in enumerate(self.curves):
            value = float(curve.equity[-1])
            figure = format_percent(value, 1, signed=True) if self._percent else format_number(value, 2)
            gained = curve.equity[-1] >= curve.equity[0]
            single = tokens.up_text if gained else tokens.down_text
            several = tokens.series_text[place] if place < len(tokens.series_text) else tokens.text_2
            colour = single if len(self.curves) == 1 else several
            if len(self.curves) > 1:
                canvas.fill(x, height // 2 - canvas.px(1), canvas.px(14), canvas.px(2), line_colour(tokens, place))
                x += canvas.px(20)
            for text, tint in ((curve.name, tokens.text_2), (figure, colour)):
                width = canvas.text_width(text)
                canvas.text(x, 0, width + canvas.px(4), height, text, tint)
                x += width + canvas.px(8)
            x += canvas.px(12)


def line_colour(tokens: Tokens, place: int) -> QColor:
    """Of one curve among several: the series' colours, then two greys."""
    return (*tokens.series, tokens.text_1, tokens.text_3)[place % 6]


def thinned_places(x: Floats, y: Floats) -> NDArray[np.int64]:
    """Which points to draw: the first, lowest, highest and last of each pixel column, in order."""
    columns = np.floor(x).astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], columns[1:] != columns[:-1])))
    if len(x) <= 4 * len(starts):
        return np.arange(len(x))
    ends = np.concatenate((starts[1:], [len(x)])) - 1
    of_column = np.repeat(np.arange(len(starts)), ends - starts + 1)
    kept = [starts, ends]
    for extreme in (np.minimum, np.maximum):
        reached = np.flatnonzero(y == extreme.reduceat(y, starts)[of_column])
        kept.append(reached[np.unique(of_column[reached], return_index=True)[1]])
    return np.unique(np.concatenate(kept))
