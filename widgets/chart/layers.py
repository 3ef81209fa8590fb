"""The order of painting inside a pane: each layer draws one subject on the pane's canvas."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale
from widgets.look.painting import Canvas
from widgets.look.tokens import Tokens


class Layer(Protocol):
    def draw(self, canvas: Canvas, scale: PaneScale, model: ChartModel, tokens: Tokens) -> None:
        """Paint; the canvas and the scale share their pixels."""


class Layers(NamedTuple):
    """`settled` ones draw bars and what belongs to them, and are kept as a picture while only the newest bar changes;
    `live` ones are drawn each time, over them."""

    settled: list[Layer]
    live: list[Layer]
