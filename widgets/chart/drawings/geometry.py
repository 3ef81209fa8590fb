"""Drawings as lines and points of a pane: pure arithmetic over pixels, for painting and for the pointer alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from widgets.chart.drawings.drawing import Drawing, Tool, opposite_line
from widgets.chart.scale import PaneScale, to_scale
from widgets.chart.series import BarSeries

RETRACEMENTS: Final = (0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0)
"""Fibonacci's: the second anchor is 0, the first 1."""
FAR: Final = 1e5  # pixels


class Point(NamedTuple):
    x: float
    y: float


class Segment(NamedTuple):
    start: Point
    end: Point


@dataclass
class Shape:
    """``handles`` are the anchors in their order; ``area`` is what the drawing encloses."""

    handles: list[Point]
    lines: list[Segment] = field(default_factory=list)
    dashed: list[Segment] = field(default_factory=list)
    area: list[Point] = field(default_factory=list)
    levels: list[tuple[float, float]] = field(default_factory=list)
    """Retracement and y of each level."""


def bar_index(series: BarSeries, time_ns: int) -> int:
    """The bar that holds ``time_ns``, extrapolated before the first bar and past the last: exact on every timeframe."""
    if len(series) and time_ns < int(series.open_ns[0]):
        return (time_ns - int(series.open_ns[0])) // series.bar_ns
    return int(series.index_at(time_ns))


def places_of(drawing: Drawing, series: BarSeries) -> tuple[int, ...]:
    """The bars of its anchors."""
    return tuple(bar_index(series, anchor.time_ns) for anchor in drawing.anchors)


class Projection:
    """From bars and prices to the pixels of a scale, prepared for many points."""

    def __init__(self, scale: PaneScale) -> None:
        self.width, self.height = float(scale.width), float(scale.height)
        self._left, self._pitch = scale.left, scale.pitch
        self._top, self._a_unit = scale.top, scale.height / (scale.top - scale.bottom)
        self._logarithmic = scale.logarithmic

    def y(self, price: float) -> float:
        return (self._top - (to_scale(price, True) if self._logarithmic else price)) * self._a_unit

    def point(self, place: int, price: float) -> Point:
        return Point((place - self._left) * self._pitch, self.y(price))


def shape_of(drawing: Drawing, view: Projection, places: tuple[int, ...]) -> Shape:
    """The drawing in pixels; ``places`` are the bars of its anchors. Its lines may reach beyond the pane."""
    handles = [view.point(place, anchor.price) for place, anchor in zip(places, drawing.anchors, strict=True)]
    shape = Shape(handles)
    first, second = handles[0], handles[-1 if len(handles) < 3 else 1]
    match drawing.tool:
        case Tool.TREND_LINE:
            shape.lines = [_extended(first, second, drawing)]
        case Tool.RAY:
            shape.lines = [Segment(first, _far_along(first, second))]
        case Tool.CHANNEL:
            opposite = [view.point(place, anchor.price) for place, anchor in zip(places, opposite_line(drawing))]
            near, far = _extended(first, second, drawing), _extended(opposite[0], opposite[1], drawing)
            shape.lines = [near, far]
            middle = [Point((a.x + b.x) / 2, (a.y + b.y) / 2) for a, b in zip(near, far, strict=True)]
            shape.dashed = [Segment(*middle)]
            shape.area = [near.start, near.end, far.end, far.start]
        case Tool.HORIZONTAL_LINE:
            shape.lines = [Segment(Point(0.0, first.y), Point(view.width, first.y))]
        case Tool.VERTICAL_LINE:
            shape.lines = [Segment(Point(first.x, 0.0), Point(first.x, view.height))]
        case Tool.RETRACEMENT:
            start, end = drawing.anchors
            left, right = _sides(first, second, drawing)
            for share in RETRACEMENTS:
                y = view.y(end.price + (start.price - end.price) * share)
                shape.levels.append((share, y))
                shape.lines.append(Segment(Point(left, y), Point(right, y)))
            shape.dashed = [Segment(first, second)]
        case Tool.RECTANGLE | Tool.MEASURE:
            left, right = _sides(first, second, drawing)
            corners = [Point(left, first.y), Point(right, first.y), Point(right, second.y), Point(left, second.y)]
            shape.area = corners
            shape.lines = [Segment(a, b) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
        case Tool.TEXT:
            pass
    return shape


def clipped(segment: Segment, width: float, height: float) -> Segment | None:
    """The part of a segment inside the pane, or None (Liang and Barsky 1984)."""
    (x, y), end = segment
    dx, dy = end.x - x, end.y - y
    enter, leave = 0.0, 1.0
    for along, room in ((-dx, x), (dx, width - x), (-dy, y), (dy, height - y)):
        if along == 0:
            if room < 0:
                return None
            continue
        share = room / along
        if along < 0:
            enter = max(enter, share)
        else:
            leave = min(leave, share)
    if enter > leave:
        return None
    return Segment(Point(x + enter * dx, y + enter * dy), Point(x + leave * dx, y + leave * dy))


def clipped_area(area: list[Point], width: float, height: float) -> list[Point]:
    """The part of a polygon inside the pane, empty where there is none (Sutherland and Hodgman 1974)."""
    for axis, limit, sign in ((0, 0.0, 1), (0, width, -1), (1, 0.0, 1), (1, height, -1)):
        kept: list[Point] = []
        for before, after in zip([*area[-1:], *area[:-1]], area, strict=True):
            from_edge, to_edge = (before[axis] - limit) * sign, (after[axis] - limit) * sign
            if (from_edge < 0) != (to_edge < 0):
                share = from_edge / (from_edge - to_edge)
                kept.append(Point(*(a + (b - a) * share for a, b in zip(before, after, strict=True))))
            if to_edge >= 0:
                kept.append(after)
        area = kept
    return area


def distance(point: Point, segment: Segment) -> float:
    """From a point to the nearest point of a segment."""
    (x, y), end = segment
    dx, dy = end.x - x, end.y - y
    length = dx * dx + dy * dy
    share = min(1.0, max(0.0, ((point.x - x) * dx + (point.y - y) * dy) / length)) if length else 0.0
    return math.hypot(point.x - x - share * dx, point.y - y - share * dy)


def encloses(area: list[Point], point: Point) -> bool:
    """Whether a polygon holds a point, by the crossings of a ray to the right."""
    inside = False
    for start, end in zip(area, [*area[1:], *area[:1]], strict=True):
        if (start.y > point.y) != (end.y > point.y):
            crossing = start.x + (point.y - start.y) * (end.x - start.x) / (end.y - start.y)
            inside ^= point.x < crossing
    return inside


def _sides(first: Point, second: Point, drawing: Drawing) -> tuple[float, float]:
    """Where it begins and ends from left to right, with what it is extended by."""
    left, right = min(first.x, second.x), max(first.x, second.x)
    return min(left, -FAR) if drawing.extends_left else left, max(right, FAR) if drawing.extends_right else right


def _extended(first: Point, second: Point, drawing: Drawing) -> Segment:
    """The line from the first to the second point, and on where the drawing is extended."""
    begin, end = first, second
    forward = second.x >= first.x
    if drawing.extends_right if forward else drawing.extends_left:
        end = _far_along(first, second)
    if drawing.extends_left if forward else drawing.extends_right:
        begin = _far_along(second, first)
    return Segment(begin, end)


def _far_along(first: Point, second: Point) -> Point:
    """A point on the line beyond the second, outside any pane."""
    length = math.hypot(second.x - first.x, second.y - first.y)
    if not length:
        return second
    reach = (FAR * 2 + abs(first.x) + abs(first.y)) / length
    return Point(first.x + (second.x - first.x) * reach, first.y + (second.y - first.y) * reach)
