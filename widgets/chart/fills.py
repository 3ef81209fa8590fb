"""Own executions as triangles, and the signals of strategies as small outlined numbers."""

from __future__ import annotations

from typing import Final

import numpy as np

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
            buy = fill.side == "buy"
            x = round(scale.x(model.series.index_at(fill.time_ns))) + 0.5
            y = scale.y(fill.price)
            away = 1 if buy else -1
            tip, base = y + away * canvas.px(1), y + away * canvas.px(1 + HEIGHT)
            half = canvas.px(HALF_WIDTH)
            points = [(x, tip), (x + half, base), (x - half, base)]
            canvas.polygon(points, tokens.up if buy else tokens.down, tokens.ground)
        for signal in model.signals:
            self._draw_signal(canvas, scale, model, tokens, signal)

    def _draw_signal(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens, signal: Signal) -> None:
        index = int(model.series.index_at(signal.time_ns))
        if not scale.left <= index <= scale.right:
            return
        bar = model.series.bar(min(index, len(model.series) - 1))
        width, height = canvas.px(BOX[0]), canvas.px(BOX[1])
        away = canvas.px(CLEARANCE + HEIGHT)
        x = round(scale.x(index)) - width // 2
        y = round(scale.y(bar.low)) + away if signal.side == "buy" else round(scale.y(bar.high)) - away - height
        canvas.fill(x, y, width, height, tokens.ground)
        canvas.frame(x, y, width, height, tokens.border, canvas.px(1))
        canvas.text(x, y, width, height, str(signal.confidence), tokens.text_2, CENTRE, 11)


def visible_fills(model: ChartModel, scale: PaneScale) -> list[Fill]:
    """Fills of the visible bars, thinned to the newest one of each side in each pixel column."""
    low = model.series.time_at(scale.first_bar())
    high = model.series.time_at(scale.last_bar())
    first, last = np.searchsorted(model.fill_times, (low, high))
    kept: dict[tuple[int, str], Fill] = {}
    for fill in model.fills[first:last]:
        kept[(round(scale.x(model.series.index_at(fill.time_ns))), fill.side)] = fill
    return list(kept.values())
