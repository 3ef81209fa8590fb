"""Of a chart that ends: what comes after its last bar is a blank area, labelled "not yet"."""

from __future__ import annotations

from typing import Final

from widgets.chart.model import PRICE_PANE, ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.painting import CENTRE, Canvas
from widgets.look.tokens import Tokens

LEAST_ROOM: Final = 56
TOP: Final = 8


class FutureLayer:
    """From the edge of the last bar to the axis, behind everything but the grid."""

    def __init__(self, pane: str = PRICE_PANE) -> None:
        self._named = pane == PRICE_PANE

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        if not model.ends or not len(model.series):
            return
        left = round(scale.x(len(model.series) - 0.5)) + canvas.px(1)
        width = canvas.width - left
        if width <= 0:
            return
        canvas.fill(left, 0, width, canvas.height, tokens.raised)
        canvas.fill(left, 0, canvas.px(1), canvas.height, tokens.replay)
        if self._named and width > canvas.px(LEAST_ROOM):
            canvas.text(left, canvas.px(TOP), width, canvas.px(16), "not yet", tokens.text_3, CENTRE)
