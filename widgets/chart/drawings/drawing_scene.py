"""What of the drawings a chart shows now: those of its symbol, the chosen one, and the one under the hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF

from widgets.chart.drawings.drawing import Drawing, Tool
from widgets.chart.drawings.geometry import Point, Shape, bar_index, distance, encloses, shape_of
from widgets.chart.scale import PaneScale
from widgets.chart.series import BarSeries

REACH = 5.0
"""Logical pixels around a line that count as on it."""
HANDLE_REACH = 8.0
TEXT_SIZE = (7.0, 16.0)
"""About the width of a letter and the height of a line, logical pixels."""


@dataclass
class DrawingScene:
    """``draft`` is the drawing that is being made or moved; one of its name is not shown beside it."""

    drawings: tuple[Drawing, ...] = ()
    hidden: bool = False
    selected: str | None = None
    hovered: str | None = None
    draft: Drawing | None = None
    _spans: dict[str, tuple[Drawing, tuple[int, int, int], int, int]] = field(default_factory=dict)

    def shown(self) -> Iterator[Drawing]:
        """From the lowest to the uppermost."""
        draft = self.draft
        if not self.hidden:
            for drawing in self.drawings:
                if draft is None or drawing.name != draft.name:
                    yield drawing
        if draft is not None:
            yield draft

    def visible(self, scale: PaneScale, series: BarSeries) -> Iterator[Drawing]:
        """Those that may reach into the bars that are in view."""
        key = (len(series), int(series.open_ns[0]) if len(series) else 0, series.bar_ns)
        for drawing in self.shown():
            if drawing.tool is Tool.HORIZONTAL_LINE:
                yield drawing
                continue
            first, last = self._span(drawing, key, series)
            if drawing.tool is Tool.RAY:
                start, end = (bar_index(series, anchor.time_ns) for anchor in drawing.anchors)
                first, last = (start, 1 << 62) if end >= start else (-(1 << 62), start)
            text = len(drawing.text) * TEXT_SIZE[0] / scale.pitch
            if first <= scale.right + 1 and last + text >= scale.left - 1:
                yield drawing

    def shapes(self, scale: PaneScale, series: BarSeries) -> Iterator[tuple[Drawing, Shape]]:
        for drawing in self.visible(scale, series):
            yield drawing, shape_of(drawing, scale, series)

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
        for drawing in self.drawings if not self.hidden else ():
            if drawing.name == self.selected and not drawing.locked:
                for place, handle in enumerate(shape_of(drawing, scale, series).handles):
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

    def _span(self, drawing: Drawing, key: tuple[int, int, int], series: BarSeries) -> tuple[int, int]:
        known = self._spans.get(drawing.name)
        if known is None or known[0] is not drawing or known[1] != key:
            places = [bar_index(series, anchor.time_ns) for anchor in drawing.anchors]
            known = self._spans[drawing.name] = drawing, key, min(places), max(places)
        return known[2], known[3]
