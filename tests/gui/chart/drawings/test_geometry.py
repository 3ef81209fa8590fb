"""Drawings in pixels: clipping, distances, and the same place on every timeframe."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.chart.drawings.drawing import ANCHORS, Anchor, Drawing, Tool, opposite_line
from widgets.chart.drawings.drawing_scene import DrawingScene
from widgets.chart.drawings.geometry import (
    Point,
    Projection,
    Segment,
    bar_index,
    clipped,
    clipped_area,
    distance,
    encloses,
    places_of,
    shape_of,
)
from widgets.chart.scale import PaneScale
from widgets.chart.series import BarSeries

WIDTH, HEIGHT = 400.0, 300.0
PIXEL = st.floats(-2000, 2000)
POINT = st.builds(Point, PIXEL, PIXEL)
MINUTE = 60_000_000_000
BEGIN = 1_700_000_000 // 3600 * 3600 * 1_000_000_000


def series(bars: int, minutes: int, begin: int = BEGIN) -> BarSeries:
    made = BarSeries()
    flat = np.full(bars, 100.0)
    made.set_bars(begin + np.arange(bars) * minutes * MINUTE, flat, flat, flat, flat, flat, bar_ns=minutes * MINUTE)
    return made


def inside(point: Point) -> bool:
    return -1e-6 <= point.x <= WIDTH + 1e-6 and -1e-6 <= point.y <= HEIGHT + 1e-6


@given(POINT, POINT, st.floats(0, 1))
def test_what_is_clipped_is_the_part_that_is_inside(start: Point, end: Point, share: float) -> None:
    line = Segment(start, end)
    seen = clipped(line, WIDTH, HEIGHT)
    point = Point(start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)
    if seen is None:
        assert not (1e-6 < point.x < WIDTH - 1e-6 and 1e-6 < point.y < HEIGHT - 1e-6)
        return
    assert inside(seen.start)
    assert inside(seen.end)
    assert distance(seen.start, line) < 1e-6
    assert distance(seen.end, line) < 1e-6
    if 0 <= point.x <= WIDTH and 0 <= point.y <= HEIGHT:
        assert distance(point, seen) < 1e-6


@given(st.tuples(POINT, POINT, POINT), st.floats(1, WIDTH - 1), st.floats(1, HEIGHT - 1))
def test_a_clipped_area_holds_the_same_visible_points(area: tuple[Point, ...], x: float, y: float) -> None:
    corners, point = list(area), Point(x, y)
    seen = clipped_area(corners, WIDTH, HEIGHT)
    assert all(inside(corner) for corner in seen)
    edges = [Segment(a, b) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
    if min(distance(point, edge) for edge in edges) > 1e-3:
        assert encloses(seen, point) == encloses(corners, point)


@given(POINT, POINT, POINT)
def test_the_distance_to_a_segment_is_that_to_its_nearest_point(point: Point, start: Point, end: Point) -> None:
    line = Segment(start, end)
    shares = np.linspace(0, 1, 101)
    sampled = min(
        math.hypot(start.x + (end.x - start.x) * s - point.x, start.y + (end.y - start.y) * s - point.y) for s in shares
    )
    assert distance(point, line) <= sampled + 1e-6
    assert distance(point, line) >= sampled - math.hypot(end.x - start.x, end.y - start.y) / 100


@given(st.integers(-500, 900), st.sampled_from([1, 5, 15, 60]))
def test_an_anchor_is_on_the_bar_that_holds_it_whatever_the_timeframe(minute: int, minutes: int) -> None:
    bars = series(100, minutes)
    index = bar_index(bars, BEGIN + minute * MINUTE + 17)
    opens = BEGIN + index * minutes * MINUTE
    assert opens <= BEGIN + minute * MINUTE + 17 < opens + minutes * MINUTE


@given(st.integers(0, 300), st.integers(1, 300), st.integers(0, 300), st.tuples(*[st.integers(1, 1000)] * 3))
def test_the_lines_of_a_channel_are_parallel_and_the_other_goes_through_the_third_anchor(
    begin: int, span: int, third: int, prices: tuple[int, int, int]
) -> None:
    times = (begin * MINUTE, (begin + span) * MINUTE, third * MINUTE)
    anchors = tuple(Anchor(t, float(p)) for t, p in zip(times, prices, strict=True))
    first, second = opposite_line(Drawing("c", Tool.CHANNEL, anchors))
    assert second.price - first.price == pytest.approx(prices[1] - prices[0])
    at_third = first.price + (second.price - first.price) * (third - begin) / span
    assert at_third == pytest.approx(prices[2])


@pytest.mark.parametrize("tool", list(Tool))
def test_every_tool_has_its_handles_on_its_anchors(tool: Tool) -> None:
    bars, scale = series(100, 1), PaneScale(0, 100, 50, 150, 400, 300)
    anchors = tuple(Anchor(BEGIN + 10 * (n + 1) * MINUTE, 90.0 + 10 * n) for n in range(ANCHORS[tool]))
    drawing = Drawing("d", tool, anchors, text="words")
    shape = shape_of(drawing, Projection(scale), places_of(drawing, bars))
    assert shape.handles == [(40.0 * (n + 1), 180.0 - 30 * n) for n in range(ANCHORS[tool])]
    scene = DrawingScene(drawings=(drawing,))
    assert [each for each, _ in scene.shapes(scale, bars)] == [drawing]


def test_only_what_reaches_into_view_is_drawn() -> None:
    bars, scale = series(100, 1), PaneScale(50, 60, 50, 150, 400, 300)
    early, late = Anchor(BEGIN, 90.0), Anchor(BEGIN + 20 * MINUTE, 100.0)
    line, ray = Drawing("1", Tool.TREND_LINE, (early, late)), Drawing("2", Tool.RAY, (early, late))
    back = Drawing("3", Tool.RAY, (late, early))
    level = Drawing("4", Tool.HORIZONTAL_LINE, (early,))
    scene = DrawingScene(drawings=(line, ray, back, level))
    assert [drawing for drawing, _ in scene.visible(scale, bars)] == [ray, level]
    scene.hidden = True
    assert list(scene.visible(scale, bars)) == []


@pytest.mark.parametrize(
    "parts",
    [
        {"anchors": (Anchor(0, 1.0),)},
        {"anchors": (Anchor(0, 1.0), Anchor(0, math.inf))},
        {"colour": "pink"},
        {"width": 9},
        {"text": "x" * 201},
    ],
)
def test_a_drawing_whose_parts_do_not_fit_is_refused(parts: dict[str, object]) -> None:
    given_parts = {"anchors": (Anchor(0, 1.0), Anchor(1, 2.0)), **parts}
    with pytest.raises(ValueError, match=r"anchor|colour"):
        Drawing("d", Tool.TREND_LINE, **given_parts)  # type: ignore[arg-type]


@given(st.integers(0, 400), st.integers(0, 400), st.booleans(), st.booleans())
def test_what_is_extended_reaches_the_edge_on_that_side_and_stays_on_its_line(
    start: int, end: int, left: bool, right: bool
) -> None:
    if start == end:
        return
    anchors = Anchor(start, 10.0), Anchor(end, 30.0)
    scale = PaneScale(0.0, 400.0, 0.0, 40.0, 400, 400)
    for tool in (Tool.TREND_LINE, Tool.RECTANGLE, Tool.RETRACEMENT):
        drawn = Drawing("d", tool, anchors, extends_left=left, extends_right=right)
        line = shape_of(drawn, Projection(scale), (start, end)).lines[0]
        reach = sorted(point.x for point in line)
        plain = sorted(
            point.x for point in shape_of(Drawing("d", tool, anchors), Projection(scale), (start, end)).lines[0]
        )
        assert (reach[0] < -1_000) if left else reach[0] == plain[0]
        assert (reach[1] > 1_000) if right else reach[1] == plain[1]
        if tool is Tool.TREND_LINE:
            handles = shape_of(drawn, Projection(scale), (start, end)).handles
            assert all(distance(handle, line) < 1e-3 for handle in handles)
