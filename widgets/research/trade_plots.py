"""Pictures of a run's trades: how results are distributed, and how far trades went against and for their holder."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from widgets.look.numbers import format_number
from widgets.look.painting import CENTRE, LEFT, RIGHT, Canvas
from widgets.look.theme import current
from widgets.look.tokens import mix
from workstation.backtest.breakdown import Distribution

AXIS: Final = 58
HEAD: Final = 24
FOOT: Final = 20
LABELS: Final = 6
NEAR: Final = 12
DOT: Final = 5
BAR_SHARE: Final = 0.55


def round_values(low: float, high: float, most: int) -> list[float]:
    """At most about ``most`` round numbers between two values."""
    if high <= low:
        return [low]
    least = (high - low) / most
    power = 10.0 ** floor(log10(least))
    step = power * next(each for each in (1, 2, 5, 10) if each >= least / power - 1e-9)
    first = int(np.ceil(low / step - 1e-9))
    return [place * step for place in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def _text(value: float, step: float) -> str:
    return format_number(value, max(0, -floor(log10(step) + 1e-9)) if step < 1 else 0)


class DistributionView(QWidget):
    """How many trades ended in each range of results; those that lost stand left of zero."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.distribution = Distribution((), False)
        self._unit = ""
        current().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(330, 180)

    def set_distribution(self, found: Distribution, currency: str) -> None:
        self.distribution = found
        self._unit = "R" if found.in_r else currency
        bins = [f"{each.low:g} to {each.high:g}: {each.trades}" for each in found.bins if each.trades]
        self.setAccessibleDescription(", ".join(bins))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        canvas, tokens = Canvas.of_widget(QPainter(self), self), current().tokens
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        bins, head, foot = self.distribution.bins, canvas.px(HEAD), canvas.px(FOOT)
        title = f"Trades by net result, {self._unit}" if bins else "Trades by net result"
        canvas.text(canvas.px(12), 0, canvas.width, head, title, tokens.text_2)
        if not bins:
            canvas.text(0, 0, canvas.width, canvas.height, "No closed trades.", tokens.text_2, CENTRE)
            return
        left, right = canvas.px(12), canvas.width - canvas.px(36)
        bottom = canvas.height - foot
        low, high = bins[0].low, bins[-1].high
        most = max(each.trades for each in bins)
        room = max(1, bottom - head - canvas.px(4))

        def x(value: float) -> float:
            return left + (value - low) / (high - low) * (right - left)

        for count in round_values(0, most, 4):
            y = bottom - round(count / most * room)
            canvas.fill(left, y, right - left, 1, tokens.grid)
            canvas.text(
                right, y - canvas.px(7), canvas.px(30), canvas.px(14), _text(count, 1), tokens.text_3, RIGHT, 11
            )
        for each in bins:
            begins, ends = round(x(each.low)), round(x(each.high))
            tall = round(each.trades / most * room)
            tone = tokens.up if each.low >= -1e-9 else tokens.down
            canvas.fill(begins + 1, bottom - tall, max(1, ends - begins - 1), tall, mix(tone, tokens.ground, BAR_SHARE))
        if low < 0 < high:
            canvas.fill(round(x(0)), head, 1, bottom - head, tokens.border)
        canvas.fill(0, bottom, canvas.width, 1, tokens.hairline)
        marks = round_values(low, high, LABELS)
        step = marks[1] - marks[0] if len(marks) > 1 else abs(high - low) or 1.0
        for value in marks:
            half = canvas.px(34)
            place = min(max(x(value), left + half / 2), right - half / 2)
            text = _text(value, step)
            canvas.text(place - half, bottom, 2 * half, foot, text, tokens.text_3, CENTRE, 11)


class Point(NamedTuple):
    """A trade: its number, how far it went, and what it came to."""

    number: int
    reach: float
    net: float


class ExcursionView(QWidget):
    """A dot a trade: to the right how far it went on the way, upwards its result. A click asks for the trade."""

    trade_wanted = Signal(int)

    def __init__(self, title: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points: Sequence[Point] = ()
        self._title = title
        self._unit = ""
        self._net: NDArray[np.float64] = np.empty(0)
        self._reach: NDArray[np.float64] = np.empty(0)
        self._under = -1
        self.setToolTip(tip)
        self.setMouseTracking(True)
        current().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 180)

    def set_points(self, points: Sequence[Point], unit: str) -> None:
        self.points, self._unit, self._under = points, unit, -1
        self._reach = np.array([point.reach for point in points], dtype=np.float64)
        self._net = np.array([point.net for point in points], dtype=np.float64)
        self.setAccessibleDescription(f"{self._title} of {len(points):,} trades, {unit}")
        self.update()

    def _places(self) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float, float]]:
        """Where the dots are in logical pixels, and the ranges: the widest reach, the lowest and highest result."""
        widest = float(self._reach.max()) or 1.0
        low, high = min(0.0, float(self._net.min())), max(0.0, float(self._net.max()))
        room = (high - low) * 0.06 or 1.0
        low, high = low - room, high + room
        width, height = max(1, self.width() - AXIS - 20), max(1, self.height() - HEAD - FOOT)
        x = 12 + self._reach / (widest * 1.04) * width
        y = HEAD + (high - self._net) / (high - low) * height
        return x, y, (widest * 1.04, low, high)

    def trade_at(self, position: QPointF) -> int:
        """The index of the dot under the pointer, -1 without one."""
        if not len(self._net):
            return -1
        x, y, _ = self._places()
        distance = np.hypot(x - position.x(), y - position.y())
        nearest = int(distance.argmin())
        return nearest if distance[nearest] <= NEAR else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        under = self.trade_at(event.position())
        if under != self._under:
            self._under = under
            self.setCursor(Qt.CursorShape.PointingHandCursor if under >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._under = -1
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        under = self.trade_at(event.position())
        if under >= 0:
            self.trade_wanted.emit(self.points[under].number)

    def paintEvent(self, event: QPaintEvent) -> None:
        canvas, tokens = Canvas.of_widget(QPainter(self), self), current().tokens
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        head, foot, bottom = canvas.px(HEAD), canvas.px(FOOT), canvas.height - canvas.px(FOOT)
        title = f"{self._title}, {self._unit}" if self._unit else self._title
        if 0 <= self._under < len(self.points):
            point = self.points[self._under]
            decimals = 2 if self._unit == "R" or abs(point.net) < 1000 else 0
            net = format_number(point.net, decimals, signed=True)
            title = f"Trade {point.number}: {format_number(point.reach, decimals)} on the way, {net} in the end"
        canvas.text(canvas.px(12), 0, canvas.width - canvas.px(12), head, title, tokens.text_2, LEFT)
        if not len(self._net):
            canvas.text(0, 0, canvas.width, canvas.height, "No closed trades.", tokens.text_2, CENTRE)
            return
        x, y, (widest, low, high) = self._places()
        left, right = canvas.px(12), canvas.width - canvas.px(AXIS)
        results = round_values(low, high, LABELS)
        step = results[1] - results[0] if len(results) > 1 else high - low
        for value in results:
            level = head + round((high - value) / (high - low) * (bottom - head))
            canvas.fill(left, level, right - left, 1, tokens.border if not value else tokens.grid)
            box = (right, level - canvas.px(7), canvas.px(AXIS - 8), canvas.px(14))
            canvas.text(*box, _text(value, step), tokens.text_3, RIGHT, 11)
        canvas.fill(0, bottom, canvas.width, 1, tokens.hairline)
        reaches = round_values(0, widest, 4)
        step = reaches[1] - reaches[0] if len(reaches) > 1 else widest
        for value in reaches:
            place, half = left + value / widest * (right - left), canvas.px(30)
            side, start = (LEFT, place) if not value else (CENTRE, place - half)
            canvas.text(start, bottom, 2 * half, foot, _text(value, step), tokens.text_3, side, 11)
        size, ratio = canvas.px(DOT), canvas.ratio
        gained = self._net > 0
        for chosen, colour in ((gained, tokens.up), (~gained, tokens.down)):
            canvas.fill_batch(x[chosen] * ratio - size // 2, y[chosen] * ratio - size // 2, size, size, colour)
        if self._under >= 0:
            reach = canvas.px(DOT + 4)
            across, down = round(x[self._under] * ratio), round(y[self._under] * ratio)
            canvas.frame(across - reach // 2, down - reach // 2, reach, reach, tokens.text_1)
