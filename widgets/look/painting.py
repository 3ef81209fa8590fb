"""Painting on whole device pixels: rectangles in batches, crisp lines, text in the theme's fonts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QWidget
from shiboken6 import Shiboken

from widgets.look.text import CENTRE, LEFT, RIGHT, draw_texts, text_advance
from widgets.look.theme import current

__all__ = ["CENTRE", "LEFT", "LIMIT", "RIGHT", "Canvas"]

LIMIT: Final = 32_000  # pixels; keeps what lies far outside the view within Qt's raster range

Pixels = NDArray[np.int32]


class Canvas:
    """A painter whose unit is one device pixel, with its origin at the top left of the painted area.

    `width` and `height` are device pixels; `px` turns the design's logical pixels into them, by the widget's
    device pixel `ratio`.
    """

    def __init__(self, painter: QPainter, area: QRectF, ratio: float) -> None:
        self.painter = painter
        self.ratio = ratio
        corner = painter.worldTransform().map(area.topLeft())
        end = painter.worldTransform().map(area.bottomRight())
        left, top = round(corner.x() * self.ratio), round(corner.y() * self.ratio)
        self.width = round(end.x() * self.ratio) - left
        self.height = round(end.y() * self.ratio) - top
        step = 1.0 / self.ratio
        painter.setWorldTransform(QTransform(step, 0, 0, step, left * step, top * step))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)

    @classmethod
    def of_widget(cls, painter: QPainter, widget: QWidget) -> Canvas:
        return cls(painter, QRectF(widget.rect()), widget.devicePixelRatioF())

    def px(self, pixels: float) -> int:
        """Logical pixels as whole device pixels; a line of 1 stays one device pixel at any scale."""
        return 1 if pixels == 1 else round(pixels * self.ratio)

    def fill(self, x: float, y: float, width: float, height: float, colour: QColor) -> None:
        self.painter.fillRect(QRect(round(x), round(y), round(width), round(height)), colour)

    def frame(self, x: int, y: int, width: int, height: int, colour: QColor, line: int = 1) -> None:
        """The outline of a rectangle, drawn inside it."""
        self.fill(x, y, width, line, colour)
        self.fill(x, y + height - line, width, line, colour)
        self.fill(x, y + line, line, height - 2 * line, colour)
        self.fill(x + width - line, y + line, line, height - 2 * line, colour)

    def fill_batch(
        self,
        x: NDArray[np.number],
        y: NDArray[np.number],
        width: NDArray[np.number] | int,
        height: NDArray[np.number] | int,
        colour: QColor,
    ) -> None:
        """Many rectangles of one colour in one call, through a flat array that Qt reads in place."""
        count = len(x)
        if not count:
            return
        edges = np.empty((4, count))
        edges[0], edges[1] = x, y
        np.add(x, width, out=edges[2])
        np.add(y, height, out=edges[3])
        np.minimum(np.maximum(edges, -LIMIT, out=edges), LIMIT, out=edges)
        edges[2:] -= 1
        rects: Pixels = np.ascontiguousarray(edges.T, dtype=np.int32)
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(colour)
        self.painter.drawRects(cast(QRect, Shiboken.wrapInstance(rects.ctypes.data, QRect)), count)

    def dashes_across(self, y: int, left: int, right: int, on: int, off: int, colour: QColor, line: int = 1) -> None:
        """A dashed horizontal line; its pattern is anchored at x = 0 and stands still while an end moves."""
        starts = np.arange(left // (on + off) * (on + off), right, on + off)
        ends = np.minimum(starts + on, right)
        starts = np.maximum(starts, left)
        kept = ends > starts
        self.fill_batch(starts[kept], np.full(kept.sum(), y), (ends - starts)[kept], line, colour)

    def dashes_down(self, x: int, top: int, bottom: int, on: int, off: int, colour: QColor) -> None:
        starts = np.arange(top, bottom, on + off)
        self.fill_batch(np.full(len(starts), x), starts, 1, np.minimum(on, bottom - starts), colour)

    def curve(self, x: NDArray[np.float64], y: NDArray[np.float64], colour: QColor, width: float = 1.0) -> None:
        """An antialiased line through finite points; `width` in logical pixels."""
        count = len(x)
        if count < 2:
            return
        pieces = np.empty((count - 1, 4))
        level = np.minimum(np.maximum(y, -LIMIT), LIMIT) + 0.5
        pieces[:, 0], pieces[:, 2] = x[:-1] + 0.5, x[1:] + 0.5
        pieces[:, 1], pieces[:, 3] = level[:-1], level[1:]
        painter = self.painter
        painter.setPen(QPen(colour, width * self.ratio))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.drawLines(cast(QLineF, Shiboken.wrapInstance(pieces.ctypes.data, QLineF)), count - 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)

    def polygon(self, points: list[tuple[float, float]], fill: QColor, outline: QColor | None = None) -> None:
        """An antialiased closed shape, with a 1-pixel outline on request."""
        painter = self.painter
        painter.setBrush(fill)
        painter.setPen(QPen(outline, self.ratio) if outline is not None else QPen(Qt.PenStyle.NoPen))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)

    def text(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        text: str,
        colour: QColor,
        align: Qt.AlignmentFlag = LEFT,
        pixels: int = 12,
        weight: int = 400,
    ) -> None:
        """One line of text inside a rectangle of device pixels; `align` is LEFT, RIGHT or CENTRE."""
        self.texts(((x, y, width, height, text),), colour, align, pixels, weight)

    def texts(
        self,
        places: Iterable[tuple[float, float, float, float, str]],
        colour: QColor,
        align: Qt.AlignmentFlag = LEFT,
        pixels: int = 12,
        weight: int = 400,
    ) -> None:
        """Lines of one look, each by the x, y, width and height of its rectangle in device pixels."""
        painter, ratio, font = self.painter, self.ratio, current().font(pixels, weight)
        if ratio == 1.0:
            draw_texts(painter, places, colour, font, align)
        else:
            logical = [(x / ratio, y / ratio, w / ratio, h / ratio, text) for x, y, w, h, text in places]
            before = painter.worldTransform()
            painter.scale(ratio, ratio)
            draw_texts(painter, logical, colour, font, align, ratio)
            painter.setWorldTransform(before)
        painter.setPen(Qt.PenStyle.NoPen)

    def text_width(self, text: str, pixels: int = 12, weight: int = 400) -> int:
        """Width of a line of text in device pixels."""
        return int(np.ceil(text_advance(text, current().font(pixels, weight)) * self.ratio))
