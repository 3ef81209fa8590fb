"""The order of painting inside a pane: each layer draws one subject on the pane's canvas."""

from __future__ import annotations

from typing import Protocol

from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens


class Layer(Protocol):
    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        """Paint; the canvas and the scale share their pixels."""
