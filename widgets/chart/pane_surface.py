"""Paints the layers of one pane, and keeps a picture of the bars so that a new tick draws the newest ones alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject

from widgets.chart.layers import Layer, Layers
from widgets.chart.scale import PaneScale
from widgets.look.painting import Canvas
from widgets.look.theme import current

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView
    from widgets.chart.pane import Pane

SEAM: Final = 3  # pixels that the thick end of a line reaches over the point where it begins
REDRAWN_COLUMNS: Final = 6  # at a pixel each: the newest, and all that touches the pixels from the seam on
LEGEND_HEIGHT: Final = 44
LINE_REACH: Final = 2


class PaneSurface(QGraphicsObject):
    """Paints the layers in order, in device pixels."""

    def __init__(self, chart: ChartView, pane: Pane, layers: Layers) -> None:
        super().__init__(pane.box)
        self._chart, self._pane, self._layers = chart, pane, layers
        self._seen: tuple[Any, ...] = ()
        self._picture: QPixmap | None = None
        self._line_y = 0.0
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption, False)
        pane.box.geometryChanged.connect(self.prepareGeometryChange)

    def add_layer(self, layer: Layer) -> None:
        """Draw one more subject, over everything but the legend."""
        self._layers.live.insert(len(self._layers.live) - 1, layer)
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(self._pane.box.rect())

    @property
    def keeps_picture(self) -> bool:
        """Whether the bars before the newest are drawn from a picture."""
        return self._picture is not None

    def update_newest(self) -> None:
        """Repaint what a change of the newest bar alone can have changed."""
        if self._picture is None or not len(self._chart.model.series):
            self.update()
            return
        area, ratio = self.boundingRect(), self._chart.devicePixelRatioF()
        scale = self._pane.scale(round(area.width() * ratio), round(area.height() * ratio))
        left = self._newest_from(scale) / ratio
        self.update(QRectF(left, 0, area.width() - left, area.height()))
        self.update(QRectF(0, 0, area.width(), LEGEND_HEIGHT))
        before, self._line_y = self._line_y, scale.y(float(self._chart.model.series.column(3)[-1])) / ratio
        for y in (before, self._line_y):
            self.update(QRectF(0, y - LINE_REACH, area.width(), 2 * LINE_REACH))

    def _newest_from(self, scale: PaneScale) -> int:
        """Pixel of the seam: left of the middle of the column before the newest, where lines to the newest begin."""
        columns = self._chart.model.columns(scale)
        if not len(columns.starts):
            return scale.width
        return max(0, int(np.floor(scale.x(columns.starts[-1] - columns.size))) - SEAM)

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        painter.save()
        canvas = Canvas(painter, self.boundingRect(), self._chart.devicePixelRatioF())
        scale = self._pane.scale(canvas.width, canvas.height)
        try:
            self._draw_settled(canvas, scale)
            for layer in self._layers.live:
                layer.draw(canvas, scale, self._chart.model, current().tokens)
        finally:
            painter.restore()

    def _draw_settled(self, canvas: Canvas, scale: PaneScale) -> None:
        model, tokens = self._chart.model, current().tokens
        columns = model.columns(scale)
        largest = float(columns.volume.max()) if len(columns.volume) else 0.0
        scene = self._chart.drawings
        drawn = (scene.drawings, scene.hidden, scene.draft)
        key = (scale, canvas.ratio, model.settled, largest, id(tokens), model.kind, drawn)
        if key != self._seen or not len(columns.starts):
            # Drawn once, as while panning: a picture would cost more than it saves.
            self._seen, self._picture = key, None
            self._draw(canvas, scale)
            return
        if self._picture is None:
            self._picture = self._take_picture(canvas, scale)
        canvas.painter.drawPixmap(
            QRectF(0, 0, canvas.width, canvas.height), self._picture, QRectF(self._picture.rect())
        )
        from_bar = int(columns.starts[-1]) - REDRAWN_COLUMNS * columns.size
        left = self._newest_from(scale)
        canvas.painter.save()
        canvas.painter.setClipRect(left, 0, canvas.width - left, canvas.height)
        canvas.fill(left, 0, canvas.width - left, canvas.height, tokens.ground)
        self._draw(canvas, replace(scale, from_bar=max(0, from_bar)))
        canvas.painter.restore()

    def _take_picture(self, canvas: Canvas, scale: PaneScale) -> QPixmap:
        picture = QPixmap(canvas.width, canvas.height)
        picture.setDevicePixelRatio(canvas.ratio)
        picture.fill(current().tokens.ground)
        painter = QPainter(picture)
        area = QRectF(0, 0, canvas.width / canvas.ratio, canvas.height / canvas.ratio)
        self._draw(Canvas(painter, area, canvas.ratio), scale)
        painter.end()
        return picture

    def _draw(self, canvas: Canvas, scale: PaneScale) -> None:
        for layer in self._layers.settled:
            layer.draw(canvas, scale, self._chart.model, current().tokens)
