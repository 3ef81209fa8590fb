"""Painting of the ladder from its scene: header, rows and foot."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from math import ceil, floor
from typing import Final, NamedTuple

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QRegion

from widgets.ladder.ladder_rows import LadderOrder, LadderRows, Side
from widgets.look.numbers import decimals_of, format_number
from widgets.look.painting import CENTRE, LEFT, RIGHT, Canvas
from widgets.look.tokens import Mode, Tokens

HEADER: Final = 22
FOOT: Final = 26
PADDING: Final = 6
SUM_WIDTH: Final = 56
SHARES: Final = (0.18, 0.225, 0.26, 0.235)  # of the width: mine, bid, price, ask; the rest is volume
HEADINGS: Final = ("Mine", "Bid", "Price", "Ask", "Vol")
MINE, BID, PRICE, ASK, VOLUME = range(5)
BAR_STEPS: Final = 128  # a bar whose length changes by less than one of them is left as it is


@dataclass
class LadderScene:
    """What the ladder shows: `top` is the number of its first row, `visible` how many fit."""

    rows: LadderRows = field(default_factory=LadderRows)
    tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal("0.001")
    last_ticks: int | None = None
    last_side: Side = "buy"
    top: int | None = None
    visible: int = 1
    row_height: int = 18
    hovered: int | None = None
    stale_seconds: float | None = None
    armed: str = ""
    """Words of the strip while a click trades; empty when it does not."""
    mode: Mode = Mode.PAPER
    dragged: Drag | None = None

    def row_states(self) -> list[RowState]:
        """What each visible row shows, from the top: a row with the same state needs no painting."""
        rows, top = self.rows, self.top
        if top is None:
            return []
        largest, most = rows.largest(top - self.visible + 1, top), max(1, max(rows.traded.values(), default=1))
        last = None if self.last_ticks is None else rows.last_row(self.last_ticks)
        bids, asks, orders, traded, best_ask = rows.bids, rows.asks, rows.orders, rows.traded, rows.best_ask
        return [
            RowState(
                row,
                bids.get(row),
                bids.get(row, 0) * BAR_STEPS // largest,
                asks.get(row),
                asks.get(row, 0) * BAR_STEPS // largest,
                traded.get(row, 0) * BAR_STEPS // most,
                orders.get(row),
                self.last_side if row == last else "",
                row == best_ask,
                row - 1 == rows.best_bid,
            )
            for row in range(top, top - self.visible, -1)
        ]


class RowState(NamedTuple):
    """All that a row's picture is made of; bars in ``BAR_STEPS`` of the column."""

    row: int
    bid: int | None
    bid_bar: int
    ask: int | None
    ask_bar: int
    traded_bar: int
    order: LadderOrder | None
    last: str
    is_best_ask: bool
    over_spread: bool

    def changed_columns(self, before: RowState) -> tuple[int, int]:
        """The first and the last column whose picture is another than before."""
        if self[6:] != before[6:]:
            return MINE, VOLUME
        changed = [
            column for column, place in ((BID, 1), (ASK, 3)) if self[place : place + 2] != before[place : place + 2]
        ]
        changed += [VOLUME] if self.traded_bar != before.traded_bar else []
        return changed[0], changed[-1]


class Drag(NamedTuple):
    """An own order under the hand: rows where it was taken and where it is."""

    order: LadderOrder
    taken_from: int
    row: int


@lru_cache(maxsize=64)
def column_edges(width: int) -> tuple[int, ...]:
    """Left edges of the columns, and the right edge of the last, of a ladder so many device pixels wide."""
    return 0, *(round(share * width) for share in _running(SHARES)), width


@lru_cache(maxsize=4096)
def cell_area(number: int, first: int, last: int, row_height: int, width: int, ratio: float) -> QRect:
    """The logical pixels that hold cells of a row, counted from the top; ``width`` in device pixels."""
    edges = column_edges(width)
    left, right = floor(edges[first] / ratio), ceil(edges[last + 1] / ratio)
    return QRect(left, HEADER + number * row_height, right - left, row_height)


def column_at(x: float, width: float) -> int:
    """The column under a horizontal position."""
    return sum(x >= share * width for share in _running(SHARES))


class LadderPainter:
    """Paints one scene on one canvas."""

    def __init__(self, canvas: Canvas, tokens: Tokens, scene: LadderScene) -> None:
        self._canvas, self._tokens, self._scene = canvas, tokens, scene
        self._edges = column_edges(canvas.width)
        self._region = QRegion()
        self._line = canvas.px(1)
        self._height = canvas.px(scene.row_height)
        self._stale = scene.stale_seconds is not None
        self._figures = tokens.text_3 if self._stale else tokens.text_1
        self._sizes: list[tuple[float, float, float, float, str]] = []
        self._prices: list[tuple[float, float, float, float, str]] = []
        """Texts of one look, which are drawn at once when the rows are there."""

    def paint(self, region: QRegion) -> None:
        """What lies within a region in logical pixels, to which the painter is clipped already."""
        self._region = region
        canvas = self._canvas
        canvas.fill(0, 0, canvas.width, canvas.height, self._tokens.ground)
        if self._scene.top is not None:
            self._paint_rows(self._scene.top)
        self._paint_header()
        self._paint_foot()
        if self._scene.armed:
            colour = self._tokens.mode(self._scene.mode).fill
            canvas.frame(0, 0, canvas.width, canvas.height, colour, canvas.px(2))

    def _paint_header(self) -> None:
        canvas, tokens, edges, height = self._canvas, self._tokens, self._edges, self._canvas.px(HEADER)
        if self._stale:
            text = f"The book is {self._scene.stale_seconds:.0f} s old"
            canvas.fill(0, 0, canvas.width, height, tokens.warning_ground)
            canvas.text(0, 0, canvas.width, height, text, tokens.warning, CENTRE, 11)
        elif self._scene.armed:
            colours = tokens.mode(self._scene.mode)
            canvas.fill(0, 0, canvas.width, height, colours.fill)
            canvas.text(0, 0, canvas.width, height, self._scene.armed, colours.on_fill, CENTRE, 11, 600)
        else:
            for column, heading in enumerate(HEADINGS):
                wide = edges[column + 1] - edges[column] - (0 if column == PRICE else canvas.px(PADDING))
                align = CENTRE if column == PRICE else RIGHT
                canvas.text(edges[column], 0, wide, height, heading, tokens.text_3, align, 11)
        canvas.fill(0, height - self._line, canvas.width, self._line, tokens.hairline)

    def _within(self, number: int, first: int = MINE, last: int = VOLUME) -> bool:
        """Whether cells of a row, counted from the top, are to be painted."""
        canvas, height = self._canvas, self._scene.row_height
        return self._region.intersects(cell_area(number, first, last, height, canvas.width, canvas.ratio))

    def _paint_rows(self, top: int) -> None:
        canvas, scene, rows, edges = self._canvas, self._scene, self._scene.rows, self._edges
        body, count, line = canvas.px(HEADER), self._scene.visible, self._line
        canvas.fill(edges[PRICE], body, edges[ASK] - edges[PRICE], count * self._height, self._tokens.raised)
        largest = rows.largest(top - count + 1, top)
        most_traded = max(1, max(rows.traded.values(), default=1))
        last = None if scene.last_ticks is None else rows.last_row(scene.last_ticks)
        for number in range(count):
            if not self._within(number):
                continue
            row, y = top - number, body + number * self._height
            self._paint_sizes(number, row, y, largest)
            if self._within(number, PRICE, PRICE):
                self._paint_price(row, y, row == last)
            if row in rows.traded:
                self._paint_traded(rows.traded[row] / most_traded, y)
            if row in rows.orders:
                self._paint_order(rows.orders[row], y)
        canvas.texts(self._sizes, self._figures, RIGHT)
        canvas.texts(self._prices, self._figures, CENTRE)
        for column in (BID, PRICE, ASK, VOLUME):
            canvas.fill(edges[column] - line, body, line, count * self._height, self._tokens.hairline)
        if rows.best_bid is not None and top - count < rows.best_bid < top:
            spread = body + (top - rows.best_bid) * self._height - line
            canvas.fill(0, spread, canvas.width, line, self._tokens.border)
        if scene.hovered is not None and scene.hovered < count:
            y = body + scene.hovered * self._height
            canvas.frame(0, y, canvas.width, self._height, self._tokens.border, line)
        drag = scene.dragged
        if drag is not None and top - count < drag.row <= top:
            y = body + (top - drag.row) * self._height
            self._paint_order(drag.order, y)
            canvas.frame(0, y, edges[BID] - line, self._height, self._tokens.accent, line)

    def _paint_sizes(self, number: int, row: int, y: int, largest: int) -> None:
        canvas, edges, tokens = self._canvas, self._edges, self._tokens
        bid, ask = self._scene.rows.bids.get(row), self._scene.rows.asks.get(row)
        for column, lots, ground in ((BID, bid, tokens.up_ground), (ASK, ask, tokens.down_ground)):
            if lots is None or not self._within(number, column, column):
                continue
            left, room = edges[column], edges[column + 1] - edges[column] - self._line
            wide = max(1, room * lots // largest)
            bar = left + room - wide if column == BID else left
            canvas.fill(bar, y + self._line, wide, self._height - self._line, ground)
            text = self._size_text(lots)
            self._sizes.append((left, y, room - canvas.px(PADDING), self._height, text))

    def _paint_price(self, row: int, y: int, last: bool) -> None:
        canvas, tokens, left = self._canvas, self._tokens, self._edges[PRICE]
        wide = self._edges[ASK] - left - self._line
        place = left, y, wide, self._height, self._price_text(row)
        if last and not self._stale:
            fill = tokens.up_tag if self._scene.last_side == "buy" else tokens.down_tag
            canvas.fill(left, y, wide, self._height, fill)
            canvas.text(*place, tokens.on_tag, CENTRE, 12, 600)
        elif row == self._scene.rows.best_ask and not self._stale:
            canvas.text(*place, tokens.down_text, CENTRE)
        else:
            self._prices.append(place)

    def _paint_traded(self, share: float, y: int) -> None:
        canvas, left = self._canvas, self._edges[VOLUME] + 2 * self._line
        wide = max(1, round((canvas.width - left - 2 * self._line) * share))
        inset = canvas.px(3)
        canvas.fill(left, y + inset, wide, self._height - 2 * inset, self._tokens.border)

    def _paint_order(self, order: LadderOrder, y: int) -> None:
        canvas, tokens, wide = self._canvas, self._tokens, self._edges[BID] - self._line
        if order.stop:
            # It does not rest in the book: an outline, not a filled cell.
            canvas.frame(0, y, wide, self._height, tokens.accent, self._line)
        else:
            canvas.fill(0, y, wide, self._height, tokens.accent_ground)
            canvas.fill(0, y, canvas.px(2), self._height, tokens.accent)
        if order.ahead is not None:
            done = wide * (1.0 - min(1.0, max(0.0, order.ahead)))
            canvas.fill(0, y + self._height - self._line, done, self._line, tokens.accent)
        self._text_right(0, y, wide, self._size_text(order.lots), tokens.text_3 if self._stale else tokens.accent)

    def _paint_foot(self) -> None:
        canvas, tokens, rows = self._canvas, self._tokens, self._scene.rows
        bids, asks = self._sum_text(rows.bid_sum), self._sum_text(rows.ask_sum)
        widest = max(canvas.text_width(bids), canvas.text_width(asks)) + canvas.px(PADDING)
        height, side, inset = canvas.px(FOOT), max(canvas.px(SUM_WIDTH), widest), canvas.px(PADDING + 2)
        top = canvas.height - height
        canvas.fill(0, top, canvas.width, height, tokens.ground)
        canvas.fill(0, top, canvas.width, self._line, tokens.hairline)
        everything = rows.bid_sum + rows.ask_sum
        if not everything:
            return
        up, down = (tokens.border, tokens.border) if self._stale else (tokens.up, tokens.down)
        up_text, down_text = (self._figures,) * 2 if self._stale else (tokens.up_text, tokens.down_text)
        canvas.text(inset, top, side, height, bids, up_text, LEFT)
        right_sum = canvas.width - side - inset
        canvas.text(right_sum, top, side, height, asks, down_text, RIGHT)
        left, right, thick = inset + side, right_sum, canvas.px(3)
        y = top + (height - thick) // 2
        middle = left + (right - left) * rows.bid_sum // everything
        canvas.fill(left, y, middle - self._line - left, thick, up)
        canvas.fill(middle + self._line, y, right - middle - self._line, thick, down)

    def _text_right(self, left: int, y: int, room: int, text: str, colour: QColor) -> None:
        self._canvas.text(left, y, room - self._canvas.px(PADDING), self._height, text, colour, RIGHT)

    def _price_text(self, row: int) -> str:
        return price_text(row, self._scene.rows.group, self._scene.tick)

    def _size_text(self, lots: int) -> str:
        return size_text(lots, self._scene.lot)

    def _sum_text(self, lots: int) -> str:
        return format_number(lots * self._scene.lot, min(1, decimals_of(self._scene.lot)))


@lru_cache(maxsize=4096)
def price_text(row: int, group: int, tick: Decimal) -> str:
    """The price of a row, with the decimals of the grouped tick."""
    return format_number(row * group * tick, decimals_of(group * tick))


@lru_cache(maxsize=4096)
def size_text(lots: int, lot: Decimal) -> str:
    return format_number(lots * lot, decimals_of(lot))


def forget_texts() -> None:
    """Drop cached figures, for a locale that changed."""
    price_text.cache_clear()
    size_text.cache_clear()


def _running(shares: tuple[float, ...]) -> list[float]:
    return [sum(shares[: number + 1]) for number in range(len(shares))]
