"""From a place of the price pane to a point of the market: on ticks, at the magnet, straight from another point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF

from widgets.chart.drawings.drawing import Anchor
from widgets.chart.drawings.geometry import bar_index

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView

MAGNET_REACH: Final = 24.0
"""Logical pixels within which a point jumps to the open, high, low or close of its bar."""
EIGHTH: Final = math.pi / 4


class Anchoring:
    """Of one chart, as it is scaled now. Places are logical pixels of the price pane."""

    def __init__(self, view: ChartView) -> None:
        self._view = view

    def anchor(self, position: QPointF, *, magnet: bool = False, free: bool = False) -> Anchor:
        """The point under a place; with ``magnet`` near a price of its bar that price, ``free`` not on a tick."""
        scale, series = self._view.price_pane.logical_scale(), self._view.model.series
        index = round(scale.index_at(position.x()))
        price = scale.value_at(position.y())
        if magnet and 0 <= index < len(series):
            nearest = min(series.bar(index)[1:5], key=lambda each: abs(scale.y(each) - position.y()))
            if abs(scale.y(nearest) - position.y()) <= MAGNET_REACH:
                price = nearest
        return Anchor(int(series.time_at(index)), price if free else self.rounded(price))

    def straight(self, position: QPointF, from_: Anchor) -> Anchor:
        """The point near a place that lies level with another, right above or below it, or at 45° on the screen."""
        scale, series = self._view.price_pane.logical_scale(), self._view.model.series
        x, y = scale.x(bar_index(series, from_.time_ns)), scale.y(from_.price)
        across, down = position.x() - x, position.y() - y
        eighths = round(math.atan2(down, across) / EIGHTH)
        if eighths % 2:
            reach = max(abs(across), abs(down))
            position = QPointF(x + math.copysign(reach, across), y + math.copysign(reach, down))
        found = self.anchor(position)
        upright, level = eighths % 4 == 2, eighths % 4 == 0
        return Anchor(from_.time_ns if upright else found.time_ns, from_.price if level else found.price)

    def rounded(self, price: float) -> float:
        """To whole ticks, so that an alert and the drawing agree."""
        tick = self._view.model.tick
        return float(round(price / float(tick)) * tick)
