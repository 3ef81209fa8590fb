"""Own executions as triangles, and the signals of strategies as small outlined numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from widgets.chart.model import ChartModel, Fill, Signal
from widgets.chart.scale import PaneScale
from widgets.look.painting import CENTRE, Canvas
from widgets.look.tokens import Tokens

HALF_WIDTH: Final = 5
HEIGHT: Final = 7
BOX: Final = (22, 16)
CLEARANCE: Final = 6


class FillLayer:
    """Triangles with their tip at the price: below it for buys, above it for sells."""

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        if not len(model.series):
            return
        for fill in visible_fills(model, scale):
            points = _triangle(fill, model, scale, canvas.ratio)
            canvas.polygon(points, tokens.up if fill.side == "buy" else tokens.down, tokens.ground)
        for signal in model.signals:
            self._draw_signal(canvas, scale, model, tokens, signal)

    def _draw_signal(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens, signal: Signal) -> None:
        box = _box(signal, model, scale, canvas.ratio)
        if box is None:
            return
        x, y, width, height = box
        canvas.fill(x, y, width, height, tokens.ground)
        edge, colour = (tokens.up, tokens.up_text) if signal.side == "buy" else (tokens.down, tokens.down_text)
        canvas.frame(x, y, width, height, edge, canvas.px(1))
        canvas.text(x, y, width, height, str(signal.confidence), colour, CENTRE, 11, 500)


def mark_at(model: ChartModel, scale: PaneScale, position: QPointF) -> Fill | Signal | None:
    """The execution or signal at a point; `scale` is in logical pixels."""
    if not len(model.series):
        return None
    for signal in reversed(model.signals):
        box = _box(signal, model, scale, 1.0)
        if box is not None and QRectF(*box).contains(position):
            return signal
    for fill in reversed(visible_fills(model, scale)):
        (x, tip), (right, base), _ = _triangle(fill, model, scale, 1.0)
        if abs(position.x() - x) <= right - x and min(tip, base) - 1 <= position.y() <= max(tip, base) + 1:
            return fill
    return None


def _triangle(fill: Fill, model: ChartModel, scale: PaneScale, ratio: float) -> list[tuple[float, float]]:
    """The tip at the price, then the two ends of the base; `ratio` device pixels a logical one."""
    x = round(scale.x(model.series.index_at(fill.time_ns))) + 0.5
    y, away, half = scale.y(fill.price), 1 if fill.side == "buy" else -1, HALF_WIDTH * ratio
    base = y + away * (1 + HEIGHT) * ratio
    return [(x, y + away), (x + half, base), (x - half, base)]


def _box(signal: Signal, model: ChartModel, scale: PaneScale, ratio: float) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of a signal's box; None out of view."""
    index = int(model.series.index_at(signal.time_ns))
    if not scale.left <= index <= scale.right:
        return None
    bar = model.series.bar(min(index, len(model.series) - 1))
    width, height, away = round(BOX[0] * ratio), round(BOX[1] * ratio), round((CLEARANCE + HEIGHT) * ratio)
    y = round(scale.y(bar.low)) + away if signal.side == "buy" else round(scale.y(bar.high)) - away - height
    return round(scale.x(index)) - width // 2, y, width, height


def visible_fills(model: ChartModel, scale: PaneScale) -> list[Fill]:
    """Fills of the visible bars, thinned to the newest one of each side in each pixel column."""
    low = model.series.time_at(scale.first_bar())
    high = model.series.time_at(scale.last_bar())
    first, last = np.searchsorted(model.fill_times, (low, high))
    kept: dict[tuple[int, str], Fill] = {}
    for fill in model.fills[first:last]:
        kept[(round(scale.x(model.series.index_at(fill.time_ns))), fill.side)] = fill
    return list(kept.values())
