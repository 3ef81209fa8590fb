"""Lines of the position, working orders, stops and targets, with their labels at the right."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from widgets.chart.model import ChartModel, LineKind
from widgets.chart.scale import PaneScale
from widgets.chart.tags import LAST_PRICE, POSITION, TAG_HEIGHT, line_colour, pane_tags, place
from widgets.look.numbers import format_money, tone_of
from widgets.look.painting import CENTRE, Canvas
from widgets.look.tokens import Tokens

GRIP: Final = 3
PADDING: Final = 7
CLOSE_WIDTH: Final = 16
MARGIN: Final = 10
DASH: Final = (6, 4)
GHOST_DASH: Final = (2, 4)
REACH: Final = 4  # logical pixels around a line that count as on it


class _Line(NamedTuple):
    key: str
    kind: LineKind | None
    price: Decimal
    born_ns: int
    text: str
    profit: Decimal | None


class Hit(NamedTuple):
    """What lies under the pointer: a line, and whether it is its ×."""

    key: str
    close: bool


class OrderLineLayer:
    """Remembers where it drew each label, so that the pointer finds it."""

    def __init__(self, pane: str) -> None:
        self._pane = pane
        self._areas: list[tuple[QRectF, Hit]] = []

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        self._areas = []
        tags = [tag for tag in pane_tags(self._pane, model, tokens) if tag.key != LAST_PRICE]
        tops = {placed.tag.key: placed.top for placed in place(tags, scale, canvas)}
        for ghost in model.ghosts:
            y, start = round(scale.y(float(ghost.price))), max(0, round(scale.x(model.series.index_at(ghost.born_ns))))
            on, off = (canvas.px(length) for length in GHOST_DASH)
            canvas.dashes_across(y, start, canvas.width, on, off, tokens.text_3)
        for line in _lines(model):
            if line.key in tops:
                self._draw_line(canvas, scale, model, tokens, line, tops[line.key])

    def hit(self, point: QPointF) -> Hit | None:
        """The label or line at a point of the pane, in logical pixels; labels win."""
        found = [hit for area, hit in self._areas if area.contains(point)]
        return next((hit for hit in found if hit.close), found[0] if found else None)

    def _draw_line(
        self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens, line: _Line, top: int
    ) -> None:
        colour = line_colour(line.kind, tokens)
        y = round(scale.y(float(line.price)))
        thick = canvas.px(2 if model.hovered_line == line.key else 1)
        start = max(0, round(scale.x(model.series.index_at(line.born_ns))))
        label = self._draw_label(canvas, tokens, line, colour, top, model.hovered_line == line.key)
        ends = ((start, label.left()), (label.right(), canvas.width))
        for left, right in ends:
            if line.kind is None:
                canvas.fill(left, y, max(0, right - left), thick, colour)
            else:
                on, off = (canvas.px(length) for length in DASH)
                canvas.dashes_across(y, round(left), round(right), on, off, colour, thick)
        reach = canvas.px(REACH)
        self._remember(canvas, QRectF(start, y - reach, label.left() - start, 2 * reach), Hit(line.key, False))

    def _draw_label(
        self, canvas: Canvas, tokens: Tokens, line: _Line, colour: QColor, top: int, hovered: bool
    ) -> QRectF:
        edge, padding, height = canvas.px(1), canvas.px(PADDING), canvas.px(TAG_HEIGHT)
        profit = "" if line.profit is None else format_money(line.profit, signed=True)
        text_width = canvas.text_width(line.text, 12, 500) + 2 * padding
        profit_width = canvas.text_width(profit) + 2 * padding - edge if profit else 0
        close_width = canvas.px(CLOSE_WIDTH)
        grip = canvas.px(GRIP)
        width = grip + text_width + profit_width + close_width
        left = canvas.width - canvas.px(MARGIN) - width
        canvas.fill(left, top, width, height, tokens.raised if hovered else tokens.ground)
        canvas.frame(left, top, width, height, colour, edge)
        canvas.fill(left, top, grip, height, colour)
        x = left + grip
        canvas.text(x, top, text_width, height, line.text, tokens.text_1, CENTRE, 12, 500)
        x += text_width
        if profit:
            canvas.fill(x, top, edge, height, colour)
            tone = tokens.colour(tone_of(line.profit))
            canvas.text(x, top, profit_width, height, profit, tone, CENTRE)
            x += profit_width
        canvas.fill(x, top, edge, height, colour)
        _draw_cross(canvas, x + close_width // 2, top + height // 2, tokens.text_1)
        self._remember(canvas, QRectF(x, top, close_width, height), Hit(line.key, True))
        label = QRectF(left, top, width, height)
        self._remember(canvas, label, Hit(line.key, False))
        return label

    def _remember(self, canvas: Canvas, area: QRectF, hit: Hit) -> None:
        ratio = canvas.ratio
        logical = QRectF(area.x() / ratio, area.y() / ratio, area.width() / ratio, area.height() / ratio)
        self._areas.append((logical, hit))


def _draw_cross(canvas: Canvas, x: int, y: int, colour: QColor) -> None:
    reach, line = canvas.px(3), canvas.px(1)
    for step in range(-reach, reach + 1):
        canvas.fill(x + step, y + step, line, line, colour)
        canvas.fill(x + step, y - step, line, line, colour)


def _lines(model: ChartModel) -> Iterator[_Line]:
    if model.position is not None:
        yield _Line(POSITION, None, *model.position)
    for order in model.orders:
        yield _Line(*order)
