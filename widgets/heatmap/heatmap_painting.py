"""Painting of the heatmap from its scene, layer by layer."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor

from widgets.chart.scale import round_step
from widgets.chart.tags import spread
from widgets.engine.protocol import Levels
from widgets.heatmap.bubbles import draw_bubbles, radii
from widgets.heatmap.heatmap_scene import HeatmapOrder, HeatmapScene, Parts
from widgets.ladder.ladder_painting import price_text
from widgets.look.numbers import NANOSECONDS, format_number, format_time
from widgets.look.painting import CENTRE, LEFT, Canvas
from widgets.look.short_size import ShortSize
from widgets.look.tokens import Tokens
from workstation.market.order_flow.depth_history import level_rows

LARGEST_BUBBLE: Final = 12
TAG: Final = 18
LABEL_DISTANCE: Final = 44
TIME_DISTANCE: Final = 96
PADDING: Final = 7
TIME_STEPS: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800)


class HeatmapPainter:
    """Paints one scene on one canvas, whose origin is the heatmap's top left."""

    def __init__(self, canvas: Canvas, tokens: Tokens, scene: HeatmapScene) -> None:
        self._canvas, self._tokens, self._scene = canvas, tokens, scene
        self._parts = Parts.of_size(canvas.width, canvas.height, canvas.ratio)
        self._line = canvas.px(1)
        self._cell = canvas.px(scene.view.cell_width)
        self._row = canvas.px(scene.view.row_height)
        self._left = self._parts.width - scene.view.columns * self._cell
        """Pixels of the left edge where no whole column fits."""

    def paint(self) -> None:
        canvas, tokens, parts = self._canvas, self._tokens, self._parts
        self._paint_ground()
        canvas.painter.setClipRect(QRect(0, 0, parts.width, parts.height))
        self._paint_cells()
        self._paint_best()
        sums = self._scene.trades.sums(self._scene.view.first, self._scene.view.last)
        self._paint_bubbles(sums)
        self._paint_since()
        canvas.painter.setClipRect(QRect(0, 0, parts.axis, parts.height))
        self._paint_book()
        tops = self._label_tops()
        for order, top in zip(self._scene.orders, tops, strict=True):
            self._paint_order(order, top)
        canvas.painter.setClipping(False)
        self._paint_price_axis(tops)
        if parts.delta:
            self._paint_delta(sums.delta)
        self._paint_time_axis()
        self._paint_pointer()
        if self._scene.stale_seconds is not None:
            strip = canvas.px(22)
            canvas.fill(0, 0, parts.axis, strip, tokens.warning_ground)
            text = f"The book is {self._scene.stale_seconds:.0f} s old"
            canvas.text(0, 0, parts.axis, strip, text, tokens.warning, CENTRE, 11)

    def _y(self, ticks: Any) -> Any:
        """The middle of a price's row; scalar or array."""
        return (self._scene.view.top - ticks / self._scene.group + 0.5) * self._row

    def _x(self, column: Any) -> Any:
        return self._left + (column - self._scene.view.first) * self._cell

    # --- Heatmap ----------------------------------------------------------------------------------------------------

    def _paint_ground(self) -> None:
        """Around the cells, which cover what is below them."""
        canvas, parts, view, ground = self._canvas, self._parts, self._scene.view, self._tokens.ground
        bottom = min(parts.height, view.rows * self._row)
        canvas.fill(0, 0, self._left, bottom, ground)
        canvas.fill(parts.width, 0, canvas.width - parts.width, bottom, ground)
        canvas.fill(0, bottom, canvas.width, canvas.height - bottom, ground)

    def _paint_cells(self) -> None:
        view, image = self._scene.view, self._scene.image
        image.show(self._scene.history, view.first, view.last, view.top, view.rows, self._scene.group)
        area = QRect(self._left, 0, view.columns * self._cell, view.rows * self._row)
        image.draw(self._canvas.painter, area, view.first, view.last, view.top, view.rows)

    def _paint_best(self) -> None:
        bids, asks = self._scene.history.best(self._scene.view.first, self._scene.view.last)
        self._paint_steps(bids, self._tokens.up)
        self._paint_steps(asks, self._tokens.down)

    def _paint_steps(self, ticks: Any, colour: QColor) -> None:
        """A line that is level within a column and upright between two, one rectangle a change."""
        there = ticks > 0
        y = np.where(there, np.floor(self._y(ticks)), -1.0e6)
        changes = np.flatnonzero(np.diff(y)) + 1
        starts = np.concatenate([[0], changes])
        ends = np.concatenate([changes, [len(y)]])
        kept = there[starts]
        x = self._left + starts * self._cell
        self._canvas.fill_batch(x[kept], y[starts][kept], ((ends - starts) * self._cell)[kept], self._line, colour)
        joined = changes[there[changes] & there[changes - 1]]
        before, after = y[joined - 1], y[joined]
        height = np.abs(after - before) + self._line
        self._canvas.fill_batch(self._left + joined * self._cell, np.minimum(before, after), self._line, height, colour)

    def _paint_bubbles(self, sums: Any) -> None:
        least = max(1, self._scene.smallest_bubble)
        together = np.concatenate([sums.buys, sums.sells])
        shown = together[together >= least]
        if not len(shown):
            return
        rank = len(shown) * 99 // 100
        full = float(np.partition(shown, rank)[rank])
        largest, half = self._canvas.px(LARGEST_BUBBLE), self._cell / 2
        for lots, price, colour in (
            (sums.sells, sums.sell_price, self._tokens.down),
            (sums.buys, sums.buy_price, self._tokens.up),
        ):
            place = np.flatnonzero(lots >= least)
            x = self._left + place * self._cell + half
            radius = radii(lots[place], full, largest)
            draw_bubbles(self._canvas.painter, x, self._y(price[place]), radius, colour, self._tokens.ground)

    def _paint_since(self) -> None:
        """Where recording began, when that is in view."""
        first = self._scene.history.first
        if first <= self._scene.view.first:
            return
        canvas, x = self._canvas, self._x(first) if first > 0 else self._parts.width
        began = first * self._scene.history.column_ns
        text = f"Recorded since {format_time(began)}" if first > 0 else "Nothing is recorded yet"
        on, off = canvas.px(2), canvas.px(3)
        canvas.dashes_down(x, 0, self._parts.height, on, off, self._tokens.border)
        wide, pad = canvas.text_width(text, 11), canvas.px(PADDING)
        if x > wide + 2 * pad:
            canvas.text(x - wide - pad, 0, wide, canvas.px(22), text, self._tokens.text_3, LEFT, 11)

    # --- Own orders -------------------------------------------------------------------------------------------------

    def _label_tops(self) -> list[int]:
        """Tops of the labels of the orders, pushed apart where they meet; what is out of sight stays there."""
        height = self._canvas.px(TAG)
        places = sorted((float(self._y(order.ticks)), number) for number, order in enumerate(self._scene.orders))
        inside = [(y, number) for y, number in places if 0 <= y < self._parts.height]
        wanted = [y - height / 2 for y, _ in inside]
        tops = spread(wanted, [height + self._line] * len(inside), [1.0] * len(inside), self._parts.height)
        found = [-10 * height] * len(places)
        for (_, number), top in zip(inside, tops, strict=True):
            found[number] = round(top)
        return found

    def _paint_order(self, order: HeatmapOrder, top: int) -> None:
        canvas, tokens, parts, line = self._canvas, self._tokens, self._parts, self._line
        y, height = round(self._y(order.ticks)), canvas.px(TAG)
        if top < 0 and not 0 <= y < parts.height:
            return
        born = max(0, self._x(order.created_ns // self._scene.history.column_ns))
        queue = "" if order.ahead is None else f" · queue {format_number(order.ahead * 100, 0)} %"
        text = order.words + queue
        wide = canvas.text_width(text, 12, 500) + 2 * canvas.px(PADDING)
        left = parts.width - wide
        canvas.fill(born, y, max(0, left - born), line, tokens.accent)
        canvas.fill(born, y - canvas.px(3), line, 2 * canvas.px(3) + line, tokens.accent)
        canvas.fill(parts.width, y, parts.axis - parts.width, line, tokens.accent)
        canvas.fill(left, top, wide, height, tokens.ground)
        canvas.frame(left, top, wide, height, tokens.accent, line)
        canvas.fill(left, top, canvas.px(3), height, tokens.accent)
        canvas.text(left, top, wide, height, text, tokens.text_1, CENTRE, 12, 500)

    # --- The book now -----------------------------------------------------------------------------------------------

    def _paint_book(self) -> None:
        canvas, tokens, parts = self._canvas, self._tokens, self._parts
        if parts.book == parts.axis:
            return
        canvas.fill(parts.book, 0, self._line, parts.height, tokens.hairline)
        found = [self._rows_of(self._scene.bids, up=False), self._rows_of(self._scene.asks, up=True)]
        largest = max(int(lots.max(initial=1)) for lots in found)
        room, inset = parts.axis - parts.book - canvas.px(PADDING), self._line if self._row > 3 else 0
        for lots, colour, above in zip(found, (tokens.up, tokens.down), (False, True), strict=True):
            place = np.flatnonzero(lots)
            if not len(place):
                continue
            wide = np.maximum(1, (lots[place] * (room / largest)).astype(np.int64))
            fill = tokens.border if self._scene.stale_seconds is not None else colour
            left = np.full(len(place), parts.book + self._line)
            canvas.fill_batch(left, place * self._row, wide, self._row - inset, fill)
            most = int(place[lots[place].argmax()])
            self._label_largest(most, int(lots[most]), int(wide[lots[place].argmax()]), above)

    def _rows_of(self, levels: Levels, *, up: bool) -> Any:
        """Lots of one side by visible row from the top, prices rounded up or down to their rows: int64."""
        view, group = self._scene.view, self._scene.group
        side = level_rows(levels)
        row = view.top - (-(-side[:, 0] // group) if up else side[:, 0] // group)
        inside = (row >= 0) & (row < view.rows)
        return np.bincount(row[inside], side[inside, 1], minlength=view.rows).astype(np.int64)

    def _label_largest(self, place: int, lots: int, wide: int, above: bool) -> None:
        canvas, parts, height = self._canvas, self._parts, self._canvas.px(14)
        text = ShortSize.of(lots, self._scene.lot).text(lots)
        needs = canvas.text_width(text, 12) + canvas.px(4)
        x = min(parts.book + wide + canvas.px(4), parts.axis - needs)
        y = place * self._row - height if above else (place + 1) * self._row
        canvas.text(x, min(max(0, y), parts.height - height), needs, height, text, self._tokens.text_1, LEFT)

    # --- Axes -------------------------------------------------------------------------------------------------------

    def _paint_price_axis(self, tops: list[int]) -> None:
        canvas, tokens, parts, scene = self._canvas, self._tokens, self._parts, self._scene
        view, height = scene.view, canvas.px(TAG)
        canvas.fill(parts.axis, 0, self._line, canvas.height, tokens.hairline)
        taken = [top for top in tops if top >= 0]
        y_last = round(self._y(scene.last_ticks)) - height // 2
        last_shown = scene.last_ticks > 0 and 0 <= y_last + height // 2 <= parts.height
        if last_shown:
            taken.append(y_last)
        step = max(1, round(round_step(canvas.px(LABEL_DISTANCE) / self._row)))
        labels = []
        for row in range((view.top - view.rows) // step * step + step, view.top + 1, step):
            middle = (view.top - row) * self._row + self._row // 2
            if all(abs(top + height / 2 - middle) > height for top in taken) and middle < parts.height - height // 2:
                canvas.fill(parts.axis, middle, canvas.px(4), self._line, tokens.border)
                labels.append(self._axis_place(middle - height // 2, price_text(row, scene.group, scene.tick)))
        canvas.texts(labels, tokens.text_3, LEFT, 11)
        for order, top in zip(scene.orders, tops, strict=True):
            if top >= 0:
                canvas.fill(parts.axis, top, canvas.width - parts.axis, height, tokens.ground)
                canvas.frame(parts.axis, top, canvas.width - parts.axis, height, tokens.accent, self._line)
                self._axis_text(top, price_text(order.ticks, 1, scene.tick), tokens.text_1)
        if last_shown:
            stale = scene.stale_seconds is not None
            up = scene.last_side == "buy"
            fill = tokens.control if stale else tokens.up_tag if up else tokens.down_tag
            canvas.fill(parts.axis, y_last, canvas.width - parts.axis, height, fill)
            colour = tokens.text_1 if stale else tokens.on_tag
            self._axis_text(y_last, price_text(scene.last_ticks, 1, scene.tick), colour, 600)

    def _axis_text(self, top: int, text: str, colour: QColor, weight: int = 400) -> None:
        self._canvas.text(*self._axis_place(top, text), colour, LEFT, 11, weight)

    def _axis_place(self, top: int, text: str) -> tuple[float, float, float, float, str]:
        """A text of the price axis in its rectangle."""
        left = self._parts.axis + self._canvas.px(PADDING)
        return left, top, self._canvas.width - left, self._canvas.px(TAG), text

    def _paint_delta(self, delta: Any) -> None:
        canvas, tokens, parts = self._canvas, self._tokens, self._parts
        top, height = parts.height, parts.delta
        canvas.fill(0, top, canvas.width, self._line, tokens.hairline)
        highest, lowest = int(delta.max(initial=0)), int(delta.min(initial=0))
        reach, middle = max(highest, -lowest), top + height // 2
        if reach:
            room = height // 2 - canvas.px(4)
            length = np.ceil(np.abs(delta) * (room / reach)).astype(np.int64)
            x = self._left + np.arange(len(delta)) * self._cell
            wide = max(1, self._cell - (1 if self._cell > 2 else 0))
            for side, colour in ((delta > 0, tokens.up), (delta < 0, tokens.down)):
                y = np.where(delta > 0, middle - length, middle)
                canvas.fill_batch(x[side], y[side], wide, length[side], colour)
            short = ShortSize.of(reach, self._scene.lot)
            line = canvas.px(TAG)
            self._axis_text(middle - line, short.text(highest, signed=True), tokens.up_text)
            self._axis_text(middle, short.text(lowest, signed=True), tokens.down_text)
        name = f"Delta, {column_name(self._scene.history.column_ns)}"
        wide = canvas.text_width(name, 11)
        canvas.fill(canvas.px(6), top + canvas.px(3), wide + canvas.px(6), canvas.px(14), tokens.ground)
        canvas.text(canvas.px(8), top + canvas.px(3), wide, canvas.px(14), name, tokens.text_3, LEFT, 11)

    def _paint_time_axis(self) -> None:
        canvas, tokens, parts, view = self._canvas, self._tokens, self._parts, self._scene.view
        column_ns = self._scene.history.column_ns
        top = parts.height + parts.delta
        canvas.fill(0, top, canvas.width, self._line, tokens.hairline)
        seconds = column_ns / NANOSECONDS * canvas.px(TIME_DISTANCE) / self._cell
        step = next((step for step in TIME_STEPS if step >= seconds), TIME_STEPS[-1]) * NANOSECONDS
        room, height, labels = canvas.px(TIME_DISTANCE), canvas.height - top, []
        for time_ns in range(-(-view.first * column_ns // step) * step, view.last * column_ns, step):
            middle = self._x(time_ns // column_ns)
            if room / 3 < middle < parts.width - room / 3:
                labels.append((middle - room / 2, top, room, height, format_time(time_ns)))
        canvas.texts(labels, tokens.text_3, CENTRE, 11)

    def _paint_pointer(self) -> None:
        canvas, tokens, parts, scene = self._canvas, self._tokens, self._parts, self._scene
        if scene.hovered is None:
            return
        x, y = (round(value * canvas.ratio) for value in scene.hovered.toTuple())
        if not (self._left <= x < parts.width and 0 <= y < parts.height):
            return
        on, off, height = canvas.px(4), canvas.px(3), canvas.px(TAG)
        canvas.dashes_across(y, 0, parts.axis, on, off, tokens.border)
        canvas.dashes_down(x, 0, parts.height + parts.delta, on, off, tokens.border)
        row = scene.view.top - y // self._row
        column = scene.view.first + (x - self._left) // self._cell
        canvas.fill(parts.axis, y - height // 2, canvas.width - parts.axis, height, tokens.control)
        self._axis_text(y - height // 2, price_text(row, scene.group, scene.tick), tokens.text_1)
        text = f"{format_time(column * scene.history.column_ns)}  {size_words(scene, column, row)}"
        wide = canvas.text_width(text, 11) + 2 * canvas.px(PADDING)
        left = min(max(0, x - wide // 2), parts.width - wide)
        top = parts.height + parts.delta
        canvas.fill(left, top, wide, canvas.height - top, tokens.control)
        canvas.text(left, top, wide, canvas.height - top, text, tokens.text_1, CENTRE, 11)


def size_words(scene: HeatmapScene, column: int, row: int) -> str:
    """What stood in a cell: ``1.2 BTC``; where no book was recorded it is not known."""
    bids, asks = scene.history.best(column, column)
    if not (bids[0] or asks[0]):
        return "not recorded"
    lots = round(scene.image.lots_at(column, row))
    return f"{ShortSize.of(lots, scene.lot).text(lots) if lots else '0'} {scene.base}"


def column_name(column_ns: int) -> str:
    """``250 ms``, ``1 s``."""
    return f"{column_ns // NANOSECONDS} s" if column_ns >= NANOSECONDS else f"{column_ns // 1_000_000} ms"
