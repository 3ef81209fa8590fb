"""What of the drawings a chart shows now: those of its symbol, the chosen one, and the one under the hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from widgets.chart.drawings.drawing import Drawing, Tool
from widgets.chart.drawings.geometry import Point, Projection, Shape, distance, encloses, places_of, shape_of
from widgets.chart.pyramid import Floats
from widgets.chart.scale import PaneScale
from widgets.chart.series import BarSeries

REACH = 5.0
"""Logical pixels around a line that count as on it."""
HANDLE_REACH = 8.0
TEXT_SIZE = (7.0, 16.0)
"""About the width of a letter and the height of a line, logical pixels."""

Bars = tuple[int, int, int]


class Reaches(NamedTuple):
    """Of each drawing: the bars of its anchors, the first and the last bar that it reaches, and letters after them."""

    places: list[tuple[int, ...]]
    first: Floats
    last: Floats
    letters: NDArray[np.int64]


@dataclass
class DrawingScene:
    """``draft`` is the drawing that is being made or moved; one of its name is not shown beside it."""

    drawings: tuple[Drawing, ...] = ()
    hidden: bool = False
    selected: str | None = None
    hovered: str | None = None
    draft: Drawing | None = None
    watched: frozenset[str] = frozenset()
    """Names of those on which alerts wait."""
    _reaches: tuple[tuple[object, ...], Reaches] | None = None
    _shapes: tuple[tuple[object, ...], list[tuple[Drawing, Shape]]] = ((), [])

    def shown(self) -> Iterator[Drawing]:
        """From the lowest to the uppermost."""
        draft = self.draft
        if not self.hidden:
            for drawing in self.drawings:
                if draft is None or drawing.name != draft.name:
                    yield drawing
        if draft is not None:
            yield draft

    def visible(self, scale: PaneScale, series: BarSeries) -> Iterator[tuple[Drawing, tuple[int, ...]]]:
        """Those that may reach into the bars that are in view, with the bars of their anchors."""
        key = (self.drawings, _bars(series))
        if self._reaches is None or self._reaches[0] != key:
            self._reaches = key, _reaches(self.drawings, series)
        places, first, last, words = self._reaches[1]
        in_view = (first <= scale.right + 1) & (last + words * (TEXT_SIZE[0] / scale.pitch) >= scale.left - 1)
        draft = self.draft
        for number in np.flatnonzero(in_view) if not self.hidden else ():
            drawing = self.drawings[number]
            if draft is None or drawing.name != draft.name:
                yield drawing, places[number]
        if draft is not None:
            yield draft, places_of(draft, series)

    def shapes(self, scale: PaneScale, series: BarSeries) -> list[tuple[Drawing, Shape]]:
        """The visible drawings in pixels; kept until anything of that changes, for every layer and the pointer ask."""
        key = (scale, _bars(series), self.drawings, self.hidden, self.draft)
        if self._shapes[0] != key:
            view = Projection(scale)
            found = [(drawing, shape_of(drawing, view, places)) for drawing, places in self.visible(scale, series)]
            self._shapes = key, found
        return self._shapes[1]

    def at(self, position: QPointF, scale: PaneScale, series: BarSeries) -> Drawing | None:
        """The uppermost drawing under a point; ``scale`` is in logical pixels."""
        point, found = Point(position.x(), position.y()), None
        for drawing, shape in self.shapes(scale, series):
            if self._is_on(drawing, shape, point):
                found = drawing
        return found

    def handle_at(self, position: QPointF, scale: PaneScale, series: BarSeries) -> int | None:
        """Which handle of the chosen drawing is under a point."""
        point = Point(position.x(), position.y())
        for drawing, shape in self.shapes(scale, series):
            if drawing.name == self.selected and not drawing.locked:
                for place, handle in enumerate(shape.handles):
                    if max(abs(handle.x - point.x), abs(handle.y - point.y)) <= HANDLE_REACH:
                        return place
        return None

    def _is_on(self, drawing: Drawing, shape: Shape, point: Point) -> bool:
        if any(distance(point, line) <= REACH for line in (*shape.lines, *shape.dashed)):
            return True
        if drawing.tool is Tool.TEXT:
            x, y = shape.handles[0]
            width, height = TEXT_SIZE
            return x - REACH <= point.x <= x + len(drawing.text) * width and y - height <= point.y <= y + REACH
        # What it encloses belongs to the candles below, until it was chosen by its edge.
        return drawing.name == self.selected and encloses(shape.area, point)


def _reaches(drawings: tuple[Drawing, ...], series: BarSeries) -> Reaches:
    places = [places_of(drawing, series) for drawing in drawings]
    first = np.array([min(each) for each in places], dtype=np.float64)
    last = np.array([max(each) for each in places], dtype=np.float64)
    for number, drawing in enumerate(drawings):
        level = drawing.tool is Tool.HORIZONTAL_LINE
        forward = drawing.tool is Tool.RAY and places[number][1] >= places[number][0]
        if level or drawing.extends_left or (drawing.tool is Tool.RAY and not forward):
            first[number] = -np.inf
        if level or drawing.extends_right or forward:
            last[number] = np.inf
    return Reaches(places, first, last, np.array([len(drawing.text) for drawing in drawings]))


def _bars(series: BarSeries) -> Bars:
    """What the bars of anchors depend on."""
    return len(series), int(series.open_ns[0]) if len(series) else 0, series.bar_ns
