"""The P&L panel's picture: result of the day, range switch, equity line and figures."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from widgets.chart.scale import PaneScale, round_step, value_ticks, whole_pixels
from widgets.look.numbers import (
    MONEY_DECIMALS,
    NANOSECONDS,
    format_date,
    format_money,
    format_number,
    format_percent,
    format_time,
    tone_of,
)
from widgets.look.painting import CENTRE, LEFT, RIGHT, Canvas
from widgets.look.theme import current
from widgets.look.tokens import Tokens, Tone, mix

DAY_NS: Final = 86_400 * NANOSECONDS
RANGES: Final = (("1 d", DAY_NS), ("1 w", 7 * DAY_NS), ("All", None))
PADDING: Final = 10
HEAD: Final = 46
SEGMENT: Final = (32, 20)
FIGURES_HEIGHT: Final = 40
LABELS_WIDTH: Final = 64
LEAST_ROOM: Final = 0.05
"""Above and below a flat line, in the currency: its labels need no more than cents."""
LABEL_DISTANCE: Final = 24
AREA_SHARE: Final = 0.13
EMPTY_TEXT: Final = "No line yet. It begins with the next sample of the equity."


class Figure(NamedTuple):
    """A label over a formatted value, coloured by its tone; ``about`` is its tooltip."""

    label: str
    text: str
    tone: Tone = Tone.NORMAL
    about: str = ""


class EquityView(QWidget):
    """Shows what it is given. The left and right arrow keys and the switch choose the range."""

    range_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._times: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._equity: NDArray[np.float64] = np.empty(0)
        self._currency = ""
        self._day: Decimal | None = None
        self._figures: Sequence[Figure] = ()
        self._range = 1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        current().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(350, 240)

    def set_curve(self, times_ns: ArrayLike, equity: ArrayLike, currency: str) -> None:
        """Equity (float64, in `currency`) at ascending UTC times; ValueError when the lengths differ."""
        times, values = np.asarray(times_ns, dtype=np.int64), np.asarray(equity, dtype=np.float64)
        if times.shape != values.shape:
            raise ValueError("Times and equity must have one length.")
        self._times, self._equity, self._currency = times, values, currency
        self.update()

    def set_day_result(self, result: Decimal | None) -> None:
        """The hero figure; None shows a dash."""
        self._day = result
        self.update()

    def set_figures(self, figures: Sequence[Figure]) -> None:
        """Up to four figures below the line."""
        self._figures = figures[:4]
        day = format_money(self._day, signed=True, currency=self._currency)
        told = (f"{figure.label} {figure.text}" for figure in self._figures)
        self.setAccessibleDescription("; ".join((f"Today {day}", *told)))
        self.update()

    @property
    def range_name(self) -> str:
        return RANGES[self._range][0]

    def set_range(self, name: str) -> None:
        """Choose "1 d", "1 w" or "All"; KeyError for another name."""
        names = [known for known, _ in RANGES]
        if name not in names:
            raise KeyError(name)
        if name != self.range_name:
            self._range = names.index(name)
            self.range_changed.emit(name)
            self.update()

    def visible(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times and equity within the range, which ends at the newest point."""
        length = RANGES[self._range][1]
        if length is None or not len(self._times):
            return self._times, self._equity
        first = int(np.searchsorted(self._times, self._times[-1] - length))
        return self._times[first:], self._equity[first:]

    def event(self, event: QEvent) -> bool:
        """What is under the pointer, as a tooltip."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words_at(event.pos()), self)
            return True
        return super().event(event)

    def words_at(self, point: QPoint) -> str:
        """What a figure means, or the equity at that time; empty beside both."""
        if self._figures and point.y() >= self.height() - FIGURES_HEIGHT:
            place = min(len(self._figures) - 1, point.x() * len(self._figures) // max(1, self.width()))
            return self._figures[place].about
        times, equity = self.visible()
        share = (point.x() - PADDING) / max(1, self.width() - LABELS_WIDTH - 2 * PADDING)
        if len(equity) < 2 or point.y() < HEAD or not 0 <= share <= 1:
            return ""
        at = int(np.abs(times - (times[0] + share * (times[-1] - times[0]))).argmin())
        when = f"{format_date(int(times[at]))} {format_time(int(times[at]))}"
        high = float(self._equity[: len(self._equity) - len(equity) + at + 1].max())
        below = format_percent((equity[at] / high - 1) * 100) if high > equity[at] else ""
        fall = f", {below} from the highest before" if below else ""
        return f"{when}: {format_money(float(equity[at]), currency=self._currency)}{fall}"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        canvas = Canvas.of_widget(painter, self)
        tokens = current().tokens
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        self._paint_head(canvas, tokens)
        bottom = canvas.height - canvas.px(FIGURES_HEIGHT if self._figures else 0)
        self._paint_figures(canvas, tokens, bottom)
        _, equity = self.visible()
        if len(equity) < 2:
            canvas.text(0, canvas.px(HEAD), canvas.width, bottom - canvas.px(HEAD), EMPTY_TEXT, tokens.text_3, CENTRE)
        else:
            self._paint_curve(canvas, tokens, canvas.px(HEAD), bottom - canvas.px(6))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for (name, _), area in zip(RANGES, self._segments(), strict=True):
            if area.contains(event.position().toPoint()):
                self.set_range(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()
        else:
            self.set_range(RANGES[min(len(RANGES) - 1, max(0, self._range + step))][0])

    def _segments(self) -> list[QRect]:
        wide, tall = SEGMENT
        left = self.width() - PADDING - wide * len(RANGES)
        return [QRect(left + number * wide, 12, wide, tall) for number in range(len(RANGES))]

    def _paint_head(self, canvas: Canvas, tokens: Tokens) -> None:
        text = format_money(self._day, signed=True)
        left, height = canvas.px(PADDING), canvas.px(HEAD - 2)
        canvas.text(
            left, 0, canvas.width, height, text, tokens.colour(tone_of(self._day, MONEY_DECIMALS)), LEFT, 20, 600
        )
        after = left + canvas.text_width(text, 20, 600) + canvas.px(8)
        canvas.text(after, canvas.px(3), canvas.width, height, f"{self._currency} today".strip(), tokens.text_2)
        line = canvas.px(1)
        for number, (area, (name, _)) in enumerate(zip(self._segments(), RANGES, strict=True)):
            x, y, wide, tall = (canvas.px(value) for value in (area.x(), area.y(), area.width(), area.height()))
            chosen = number == self._range
            if chosen:
                canvas.fill(x, y, wide, tall, tokens.control)
            canvas.frame(x, y, wide + line, tall, tokens.border, line)
            colour = tokens.text_1 if chosen else tokens.text_2
            canvas.text(x, y, wide, tall, name, colour, CENTRE, 11, 500 if chosen else 400)

    def _paint_figures(self, canvas: Canvas, tokens: Tokens, top: int) -> None:
        if not self._figures:
            return
        line, wide = canvas.px(1), canvas.width // len(self._figures)
        canvas.fill(0, top, canvas.width, line, tokens.hairline)
        for number, figure in enumerate(self._figures):
            x = number * wide + canvas.px(PADDING)
            if number:
                canvas.fill(number * wide, top + canvas.px(6), line, canvas.px(FIGURES_HEIGHT - 12), tokens.hairline)
            canvas.text(x, top + canvas.px(5), wide, canvas.px(14), figure.label, tokens.text_2, LEFT, 11)
            canvas.text(x, top + canvas.px(20), wide, canvas.px(16), figure.text, tokens.colour(figure.tone))

    def _paint_curve(self, canvas: Canvas, tokens: Tokens, top: int, bottom: int) -> None:
        times, equity = self.visible()
        high_water = np.maximum.accumulate(self._equity)[-len(equity) :]
        left, right = canvas.px(PADDING), canvas.width - canvas.px(LABELS_WIDTH + PADDING)
        if right - left < 2 or bottom - top < 2:
            return
        low, high = float(equity.min()), float(equity.max())
        room = max((high - low) * 0.06, abs(high) * 1e-6, LEAST_ROOM)
        scale = PaneScale(0, 1, low - room, high + room, right - left, bottom - top)
        self._paint_values(canvas, tokens, scale, left, right, top)
        share = (times - times[0]) / max(1, int(times[-1] - times[0]))
        x = left + share * (right - left - 1)
        y = top + scale.ys(equity)
        gained = equity[-1] >= equity[0]
        colour = tokens.up if gained else tokens.down
        columns, heights = _by_column(x, y)
        area = mix(colour, tokens.ground, AREA_SHARE)
        canvas.fill_batch(columns, heights, 1, bottom - heights, area)
        record_columns, record = _by_column(x, top + scale.ys(np.minimum(high_water, high + room)))
        canvas.fill_batch(record_columns, record, 1, canvas.px(1), tokens.border)
        canvas.curve(x, y, colour, 1.4)

    def _paint_values(self, canvas: Canvas, tokens: Tokens, scale: PaneScale, left: int, right: int, top: int) -> None:
        values = value_ticks(scale, canvas.px(LABEL_DISTANCE))
        step = float(np.diff(values).min()) if len(values) > 1 else round_step(scale.top - scale.bottom)
        decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
        height = canvas.px(14)
        for value, y in zip(values, whole_pixels(scale.ys(values)), strict=True):
            canvas.fill(left, top + y, right - left, canvas.px(1), tokens.grid)
            text = format_number(float(value), decimals)
            edge = canvas.width - canvas.px(PADDING)
            canvas.text(right, top + y - height // 2, edge - right, height, text, tokens.text_3, RIGHT, 11)


def _by_column(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Whole pixel columns between the first and last x, and the interpolated height in each."""
    columns = np.arange(np.ceil(x[0]), np.floor(x[-1]) + 1)
    return columns, whole_pixels(np.interp(columns, x, y))
