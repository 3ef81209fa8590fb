"""The panes of a chart one below the other, with their axes, over one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QGraphicsGridLayout, QGraphicsWidget

from widgets.chart.alert_levels import AlertLevelLayer
from widgets.chart.axes import TIME_AXIS_HEIGHT, TimeAxis
from widgets.chart.crosshair import CrosshairLayer
from widgets.chart.drawings.drawing_layer import DrawingAreaLayer, DrawingLayer
from widgets.chart.fills import FillLayer
from widgets.chart.future import FutureLayer
from widgets.chart.grid import GridLayer
from widgets.chart.indicators import IndicatorLayer
from widgets.chart.last_price import LastPriceLayer
from widgets.chart.layers import Layers
from widgets.chart.legend import LegendLayer
from widgets.chart.model import PRICE_PANE
from widgets.chart.order_lines import OrderLineLayer
from widgets.chart.pane import Pane
from widgets.chart.price_layer import PriceLayer
from widgets.chart.profiles import ProfileLayer
from widgets.chart.volume import VolumeLayer

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView

SUB_PANE_SHARE: Final = 1 / 6
SUB_PANES_SHARE: Final = 0.55
"""Of the chart's height: what a sub-pane takes, and all of them at most, for prices stay what a chart is for."""
ANY_HEIGHT: Final = 16_777_215.0


class PaneStack:
    """The price pane, then sub-panes by name. `item` is what the view shows."""

    def __init__(self, chart: ChartView, order_lines: OrderLineLayer) -> None:
        self._chart = chart
        self.item = QGraphicsWidget()
        self._grid = QGraphicsGridLayout(self.item)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(0)
        self.panes = [_price_pane(chart, order_lines)]
        self.time_axis = TimeAxis(chart)
        self._lay_out()

    def activate(self) -> None:
        """Give every item its place now, not at the next event."""
        self._share_height()
        self._grid.activate()

    def set_sub_panes(self, names: Sequence[str]) -> None:
        """Show these sub-panes; the ones that stay keep their range."""
        if names == [pane.name for pane in self.panes[1:]]:
            return
        known = {pane.name: pane for pane in self.panes[1:]}
        while self._grid.count():
            self._grid.removeAt(0)
        chart = self._chart
        self.panes[1:] = [known[name] if name in known else _sub_pane(chart, name) for name in names]
        for gone in known.keys() - set(names):
            for item in (known[gone].box, known[gone].axis):
                chart.scene().removeItem(item)
        self._lay_out()

    def _lay_out(self) -> None:
        grid = self._grid
        for row in range(grid.rowCount()):
            grid.setRowMinimumHeight(row, 0.0)
            grid.setRowPreferredHeight(row, -1.0)
            grid.setRowMaximumHeight(row, ANY_HEIGHT)
        for row, pane in enumerate(self.panes):
            grid.addItem(pane.box, row, 0)
            grid.addItem(pane.axis, row, 1)
        grid.addItem(self.time_axis, len(self.panes), 0, 1, 2)
        self.activate()

    def _share_height(self) -> None:
        """A layout that stretches gives sub-panes as much as prices where they are many."""
        count = len(self.panes) - 1
        height = max(0.0, self.item.rect().height() - TIME_AXIS_HEIGHT)
        each = float(int(height * min(SUB_PANE_SHARE, SUB_PANES_SHARE / max(1, count))))
        for row in range(1, count + 1):
            if self._grid.rowMinimumHeight(row) != each or self._grid.rowMaximumHeight(row) != each:
                self._grid.setRowFixedHeight(row, each)


def _price_pane(chart: ChartView, order_lines: OrderLineLayer) -> Pane:
    legend = LegendLayer(PRICE_PANE)
    layers = Layers(
        settled=[
            GridLayer(PRICE_PANE),
            FutureLayer(),
            DrawingAreaLayer(chart.drawings),
            VolumeLayer(),
            ProfileLayer(),
            PriceLayer(),
            IndicatorLayer(PRICE_PANE),
            FillLayer(),
        ],
        live=[
            DrawingLayer(chart.drawings),
            AlertLevelLayer(),
            LastPriceLayer(),
            CrosshairLayer(PRICE_PANE),
            order_lines,
            legend,
        ],
    )
    return Pane(chart, PRICE_PANE, layers, legend)


def _sub_pane(chart: ChartView, name: str) -> Pane:
    legend = LegendLayer(name)
    layers = Layers(
        settled=[GridLayer(name), FutureLayer(name), IndicatorLayer(name)], live=[CrosshairLayer(name), legend]
    )
    return Pane(chart, name, layers, legend)
