"""Grid lines by hand: pyqtgraph's own cost ten milliseconds a frame."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np

from widgets.chart.model import PRICE_PANE, ChartModel
from widgets.chart.scale import PaneScale, value_ticks, whole_pixels
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens

PRICE_DISTANCE: Final = 44
SUB_PANE_DISTANCE: Final = 34
TIME_DISTANCE: Final = 72


def tick_distance(pane: str) -> int:
    """Logical pixels between two labels of a pane's axis."""
    return PRICE_DISTANCE if pane == PRICE_PANE else SUB_PANE_DISTANCE


def smallest_step(pane: str, model: ChartModel) -> Decimal | None:
    return model.tick if pane == PRICE_PANE else None


class GridLayer:
    """Lines at the labels of both axes, and the hairline over a sub-pane."""

    def __init__(self, pane: str) -> None:
        self._pane = pane

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        line = canvas.px(1)
        if self._pane != PRICE_PANE:
            canvas.fill(0, 0, canvas.width, line, tokens.hairline)
        if not len(model.series):
            return
        distance = canvas.px(tick_distance(self._pane))
        ys = whole_pixels(scale.ys(value_ticks(scale, distance, smallest_step(self._pane, model))))
        canvas.fill_batch(np.zeros(len(ys)), ys, canvas.width, line, tokens.grid)
        ticks = model.time_ticks(scale, canvas.px(TIME_DISTANCE))
        xs = whole_pixels(np.array([scale.x(tick.at) for tick in ticks]))
        canvas.fill_batch(xs, np.zeros(len(xs)), line, canvas.height, tokens.grid)
