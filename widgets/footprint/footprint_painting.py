"""Painting of the footprint from its scene."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor

from widgets.footprint.footprint_scene import CELL, PRICE_AXIS, SUMS, TEXT_PITCH, TIME_AXIS, FootprintScene
from widgets.ladder.ladder_painting import price_text
from widgets.look.numbers import format_date, format_time
from widgets.look.painting import CENTRE, LEFT, RIGHT, Canvas
from widgets.look.short_size import ShortSize
from widgets.look.tokens import Tokens, mix
from workstation.core.timeframe import DAY_NS
from workstation.market.order_flow.footprint import FootprintBar, Imbalance, Traded, imbalances, most_traded

CANDLE: Final = 5
MARGIN: Final = 9  # of a column with figures, beside its candle
GAP: Final = 6  # on either side of the middle of a cell
FAINTEST, STRONGEST, SHADES = 0.06, 0.30, 16
LINE_OF_SUMS: Final = 17
PADDING: Final = 7
LABEL_EVERY: Final = 2
NONE: Final = Imbalance(False, False)


class FootprintPainter:
    """Paints one scene on one canvas."""

    def __init__(self, canvas: Canvas, tokens: Tokens, scene: FootprintScene) -> None:
        self._canvas, self._tokens, self._scene = canvas, tokens, scene
        self._line, self._row = canvas.px(1), canvas.px(CELL)
        self._axis = canvas.width - canvas.px(PRICE_AXIS)
        self._bottom = canvas.height - canvas.px(SUMS + TIME_AXIS)
        self._pitch = canvas.px(scene.pitch)
        self._figures = scene.pitch >= TEXT_PITCH
        self._bars = scene.visible()
        self._rows = [bar.rows(scene.group) for bar in self._bars]
        cells = [traded for rows in self._rows for traded in rows.values()]
        self._most = max((traded.volume for traded in cells), default=1)
        largest = max((max(traded) for traded in cells), default=1)
        self._short = ShortSize.of(largest, scene.lot)

    def paint(self) -> None:
        canvas, tokens, scene = self._canvas, self._tokens, self._scene
        canvas.fill(0, 0, canvas.width, canvas.height, tokens.ground)
        if scene.top is None:
            return
        canvas.painter.setClipRect(QRect(0, 0, self._axis, self._bottom))
        self._paint_last_line()
        for place, (bar, rows) in enumerate(zip(self._bars, self._rows, strict=True)):
            self._paint_bar(self._left(place), bar, rows)
        canvas.painter.setClipping(False)
        self._paint_price_axis(scene.top)
        self._paint_sums()
        self._paint_times()

    def _left(self, place: int) -> int:
        """The left edge of a bar's column; the newest stands at the right."""
        return self._axis - (len(self._bars) - place) * self._pitch

    def _y(self, ticks: int) -> int:
        """Where a price lies within its row, whose lower edge is the row's own price."""
        assert self._scene.top is not None
        return round((self._scene.top + 1 - ticks / self._scene.group) * self._row)

    def _paint_bar(self, left: int, bar: FootprintBar, rows: Mapping[int, Traded]) -> None:
        canvas, tokens, scene = self._canvas, self._tokens, self._scene
        rises = bar.close >= bar.open
        colour = tokens.up if rises else tokens.down
        body = min(canvas.px(CANDLE), max(1, self._pitch // 4))
        middle = left + body // 2
        high, low = self._y(bar.high), self._y(bar.low)
        canvas.fill(middle, high, self._line, low - high + self._line, colour)
        first, last = sorted((self._y(bar.open), self._y(bar.close)))
        canvas.fill(left, first, body, last - first + self._line, colour)
        x = left + body + canvas.px(3)
        wide = self._pitch - body - canvas.px(MARGIN if self._figures else 4)
        if wide < 2:
            return
        found, most = imbalances(rows, scene.imbalance_percent), most_traded(rows)
        assert scene.top is not None
        for row, traded in rows.items():
            if scene.top - scene.rows <= row <= scene.top:
                y = (scene.top - row) * self._row
                self._paint_cell(x, y, wide, traded, found.get(row, NONE))
                if row == most and self._figures:
                    canvas.frame(x, y, wide, self._row, tokens.series_1, self._line)

    def _paint_cell(self, x: int, y: int, wide: int, traded: Traded, imbalance: Imbalance) -> None:
        canvas, tokens, height = self._canvas, self._tokens, self._row
        colour = tokens.up if traded.delta >= 0 else tokens.down
        step = SHADES * traded.volume // self._most
        canvas.fill(x, y, wide, height - self._line, _tint(colour.rgb(), tokens.ground.rgb(), step))
        if not self._figures:
            return
        middle, gap, edge = x + wide // 2, canvas.px(GAP), canvas.px(3)
        for lots, strong, side in ((traded.bid, imbalance.sellers, 0), (traded.ask, imbalance.buyers, 1)):
            left = x if side == 0 else middle + gap
            align = RIGHT if side == 0 else LEFT
            ink, weight = (tokens.text_1, 700) if strong else (tokens.text_2, 400)
            canvas.text(left, y, middle - gap - x, height, self._short.text(lots), ink, align, 11, weight)
            if strong:
                bar = x if side == 0 else x + wide - edge
                canvas.fill(bar, y, edge, height - self._line, tokens.up if side else tokens.down)
        canvas.text(middle - gap, y, 2 * gap, height, "×", tokens.text_3, CENTRE, 11)

    def _paint_last_line(self) -> None:
        scene, canvas = self._scene, self._canvas
        if scene.last_ticks:
            colour = self._tokens.up if scene.last_side == "buy" else self._tokens.down
            on, off = canvas.px(1), canvas.px(3)
            canvas.dashes_across(self._y(scene.last_ticks), 0, self._axis, on, off, colour)

    def _paint_price_axis(self, top: int) -> None:
        canvas, tokens, scene, height = self._canvas, self._tokens, self._scene, self._canvas.px(18)
        canvas.fill(self._axis, 0, self._line, canvas.height, tokens.hairline)
        last = self._y(scene.last_ticks) if scene.last_ticks else -height
        for row in range(top, top - scene.rows, -1):
            middle = (top - row) * self._row + self._row // 2
            if row % LABEL_EVERY == 0 and abs(middle - last) > height and middle < self._bottom - height // 2:
                canvas.fill(self._axis, middle, canvas.px(4), self._line, tokens.border)
                self._axis_text(middle - height // 2, price_text(row, scene.group, scene.tick), tokens.text_3)
        if 0 <= last < self._bottom:
            up = scene.last_side == "buy"
            fill = tokens.control if scene.stale else tokens.up_tag if up else tokens.down_tag
            canvas.fill(self._axis, last - height // 2, canvas.width - self._axis, height, fill)
            colour = tokens.text_1 if scene.stale else tokens.on_tag
            self._axis_text(last - height // 2, price_text(scene.last_ticks, 1, scene.tick), colour, 600)

    def _axis_text(self, top: int, text: str, colour: QColor, weight: int = 400) -> None:
        left = self._axis + self._canvas.px(PADDING)
        self._canvas.text(left, top, self._canvas.width - left, self._canvas.px(18), text, colour, LEFT, 11, weight)

    def _paint_sums(self) -> None:
        canvas, tokens, line = self._canvas, self._tokens, self._canvas.px(LINE_OF_SUMS)
        top, inset = self._bottom, canvas.px(5)
        canvas.fill(0, top, canvas.width, self._line, tokens.hairline)
        self._axis_text(top + inset, "Delta", tokens.text_3)
        self._axis_text(top + inset + line, "Volume", tokens.text_3)
        most = max((bar.total.volume for bar in self._bars), default=1)
        short = ShortSize.of(most, self._scene.lot)
        for place, bar in enumerate(self._bars):
            left, wide = self._left(place) + canvas.px(2), self._pitch - canvas.px(8)
            delta = bar.total.delta
            if self._figures:
                tone = tokens.text_2 if not delta else tokens.up_text if delta > 0 else tokens.down_text
                canvas.text(left, top + inset, wide, line, short.text(delta, signed=True), tone, CENTRE)
                volume = short.text(bar.total.volume)
                canvas.text(left, top + inset + line, wide, line, volume, tokens.text_2, CENTRE)
            else:
                colour = tokens.up if delta > 0 else tokens.down
                high = max(1, (2 * line - inset) * abs(delta) // most)
                canvas.fill(left, top + inset + 2 * line - high, max(1, wide), high, colour)
            share = max(1, wide * bar.total.volume // most)
            canvas.fill(left, top + inset + 2 * line + canvas.px(4), share, canvas.px(3), tokens.border)

    def _paint_times(self) -> None:
        canvas, tokens = self._canvas, self._tokens
        top = canvas.height - canvas.px(TIME_AXIS)
        canvas.fill(0, top, canvas.width, self._line, tokens.hairline)
        room = max(self._pitch, canvas.px(72))
        every = -(-room // self._pitch)
        for place, bar in enumerate(self._bars):
            number = bar.open_ns // self._scene.interval_ns
            if number % every:
                continue
            text = format_time(bar.open_ns)[:5] if self._scene.interval_ns < DAY_NS else format_date(bar.open_ns)
            colour = tokens.text_3
            if bar.incomplete:
                text, colour = f"{text} part", tokens.warning
            middle = self._left(place) + self._pitch // 2
            canvas.text(middle - room // 2, top, room, canvas.height - top, text, colour, CENTRE, 11)


@lru_cache(maxsize=256)
def _tint(colour: int, ground: int, step: int) -> QColor:
    """A colour over the ground, from the faintest to the strongest in ``SHADES`` steps."""
    share = FAINTEST + (STRONGEST - FAINTEST) * min(step, SHADES) / SHADES
    return mix(QColor.fromRgb(colour), QColor.fromRgb(ground), share)
