"""One pane: a box for place and mouse, the surface in it that paints layers, and a price axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem, QGraphicsWidget

from widgets.chart.axes import PriceAxis
from widgets.chart.layers import Layers
from widgets.chart.legend import LegendLayer
from widgets.chart.model import PRICE_PANE
from widgets.chart.pane_surface import PaneSurface
from widgets.chart.scale import PaneScale, to_scale
from widgets.chart.volume import VOLUME_SHARE
from widgets.look.numbers import format_number

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView

HEADROOM: Final = 50
SUB_PANE_HEADROOM: Final = 24
FOOTROOM: Final = 6
ORDER_REACH: Final = 0.4  # of the price range: orders within it are brought into view
WHEEL_NOTCH: Final = 120.0


class PaneBox(QGraphicsWidget):
    """Hands the events of the pane and its axes, as pyqtgraph's scene sends them, to the chart.

    It is no view box of pyqtgraph's: what that keeps up to date with every range, nothing here reads.
    """

    def __init__(self, chart: ChartView, pane: Pane) -> None:
        super().__init__()
        self._chart, self._pane = chart, pane
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:
        event.accept()
        notches = event.delta() / WHEEL_NOTCH
        sideways = event.orientation() == Qt.Orientation.Horizontal
        if axis == 1:
            self._pane.stretch(1.1**-notches)
        elif sideways or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._chart.pan_share(-notches / 10)
        else:
            at_pointer = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            self._chart.zoom_at(1.15**notches, self.mapFromScene(event.scenePos()).x(), at_pointer)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        event.accept()
        if event.button() != Qt.MouseButton.LeftButton:
            return
        moved = event.scenePos() - event.lastScenePos()
        start = self.mapFromScene(event.buttonDownScenePos()) if event.isStart() else None
        position = self.mapFromScene(event.scenePos())
        if axis is None and self._chart.hand.drag_by_pointer(self._pane, start, position, event.isFinish()):
            return
        if axis == 1:
            self._pane.stretch(float(np.exp(moved.y() / 200)))
        elif axis == 0:
            self._chart.zoom_at(float(np.exp(moved.x() / 200)), self.rect().width(), True)
        else:
            self._chart.hand.drag(self._pane, moved.x(), moved.y())
            self._chart.hand.point_at(self._pane, position)

    def mouseClickEvent(self, event: Any) -> None:
        event.accept()
        if event.button() == Qt.MouseButton.LeftButton:
            self._chart.hand.click(self._pane, self.mapFromScene(event.scenePos()))
        elif event.button() == Qt.MouseButton.RightButton:
            self._chart.hand.open_menu(self._pane, self.mapFromScene(event.scenePos()), event.screenPos().toPoint())

    def hoverEvent(self, event: Any) -> None:
        if event.isExit():
            self._chart.hand.point_away()
        else:
            self._chart.hand.point_at(self._pane, event.pos())


class Pane:
    """Value range of one row of the chart. Ranges are in log10 while the price pane is logarithmic."""

    def __init__(self, chart: ChartView, name: str, layers: Layers, legend: LegendLayer) -> None:
        self.name = name
        self._chart = chart
        self.bottom, self.top = 0.0, 1.0
        self.auto_scale = True
        self._shown: tuple[float, ...] = ()
        self.legend = legend
        self.box = PaneBox(chart, self)
        self.surface = PaneSurface(chart, self, layers)
        self.axis = PriceAxis(chart, self)

    @property
    def logarithmic(self) -> bool:
        return self._chart.model.logarithmic and self.name == PRICE_PANE

    @property
    def width(self) -> float:
        """Logical pixels, without the axis."""
        return self.box.rect().width()

    @property
    def height(self) -> float:
        return self.box.rect().height()

    def scale(self, width: int, height: int) -> PaneScale:
        """The present range over an area of device pixels."""
        model = self._chart.model
        return PaneScale(
            model.left,
            model.right,
            self.bottom,
            self.top,
            max(1, width),
            max(1, height),
            self.logarithmic,
            model.percent_base() if self.name == PRICE_PANE else None,
        )

    def logical_scale(self) -> PaneScale:
        """The present range over logical pixels, for the pointer."""
        return self.scale(round(self.width), round(self.height))

    def value_text(self, value: float) -> str:
        if self.name == PRICE_PANE:
            return self._chart.model.scale_text(value)
        span = self.top - self.bottom
        return format_number(value, max(0, 2 - int(np.floor(np.log10(span)))) if span > 0 else 2)

    def has_values(self) -> bool:
        """Whether anything gives the axis a meaning."""
        if self.name == PRICE_PANE:
            return len(self._chart.model.series) > 0
        lines = self._chart.model.drawn_in(self.name)
        return any(np.isfinite(line.extremes(0, line.count)[0]) for line in lines)

    def set_auto_scale(self, on: bool) -> None:
        self.auto_scale = on
        self._chart.refresh_ranges()
        if self.name == PRICE_PANE:
            self._chart.auto_scale_changed.emit(on)

    def stretch(self, factor: float) -> None:
        """Multiply the visible value range about its middle; ends the automatic range."""
        middle, half = (self.top + self.bottom) / 2, (self.top - self.bottom) / 2 * factor
        self._set_by_hand(middle - half, middle + half)

    def shift(self, pixels: float) -> None:
        """Move the values by logical pixels downwards."""
        by = pixels * (self.top - self.bottom) / max(1.0, self.height)
        self._set_by_hand(self.bottom + by, self.top + by)

    def fit(self, *, newest_only: bool = False) -> bool:
        """Fit the visible values when automatic and nothing is dragged, and repaint what that changes. True when the
        range changed.

        With `newest_only`, nothing but the newest bar and its indicators' values is new.
        """
        model = self._chart.model
        if self.auto_scale and not self._chart.hand.holds:
            low, high = self._visible_extremes()
            if np.isfinite(low) and np.isfinite(high):
                self._fit_between(to_scale(low, self.logarithmic), to_scale(high, self.logarithmic))
            else:
                self.bottom, self.top = 0.0, 1.0
        self.axis.update()
        shown = (model.left, model.right, self.bottom, self.top)
        if shown == self._shown:
            self.surface.update_newest() if newest_only else self.surface.update()
            return False
        self._shown = shown
        self.surface.update()
        return True

    def _set_by_hand(self, bottom: float, top: float) -> None:
        was_automatic, self.auto_scale = self.auto_scale, False
        self.bottom, self.top = bottom, top
        self.fit()
        if was_automatic and self.name == PRICE_PANE:
            self._chart.auto_scale_changed.emit(False)

    def _fit_between(self, low: float, high: float) -> None:
        if high <= low:
            room = abs(high) * 1e-3 or 1.0
            low, high = low - room, high + room
        height = max(1.0, self.height)
        above = min(HEADROOM if self.name == PRICE_PANE else SUB_PANE_HEADROOM, height * 0.3)
        below = FOOTROOM + (height * VOLUME_SHARE if self.name == PRICE_PANE else 0.0)
        a_pixel = (high - low) / max(1.0, height - above - below)
        self.bottom, self.top = low - below * a_pixel, high + above * a_pixel

    def _visible_extremes(self) -> tuple[float, float]:
        model = self._chart.model
        first, last = int(np.ceil(model.left - 0.5)), int(np.floor(model.right + 0.5)) + 1
        if self.name != PRICE_PANE:
            lines = model.drawn_in(self.name)
            found = [line.extremes(first - line.indicator.shift, last - line.indicator.shift) for line in lines]
            lows = [low for low, _ in found if np.isfinite(low)]
            highs = [high for _, high in found if np.isfinite(high)]
            return (min(lows), max(highs)) if lows else (float("nan"), float("nan"))
        low, high = model.drawn.extremes(first, last)
        reach = (high - low) * ORDER_REACH
        prices = [float(order.price) for order in model.orders]
        if model.position is not None:
            prices.append(float(model.position.price))
        near = [price for price in prices if low - reach <= price <= high + reach]
        return min([low, *near]), max([high, *near])
