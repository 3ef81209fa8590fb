"""The crosshair: dashed lines through the bar in every pane, and through the value under the pointer."""

from __future__ import annotations

from typing import Final

from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens

DASH: Final = (4, 3)


class CrosshairLayer:
    def __init__(self, pane: str) -> None:
        self._pane = pane

    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        cross = model.crosshair
        if cross is None:
            return
        on, off = (canvas.px(length) for length in DASH)
        x = round(scale.x(cross.index))
        if 0 <= x < canvas.width:
            canvas.dashes_down(x, 0, canvas.height, on, off, tokens.border)
        if cross.pane == self._pane:
            canvas.dashes_across(round(scale.y(cross.value)), 0, canvas.width, on, off, tokens.border)
