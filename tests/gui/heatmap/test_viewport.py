"""What the heatmap shows: following, panning, and zooms that keep what lies under the pointer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.heatmap.viewport import CELL_SIZES, HeatmapViewport

WIDTH, HEIGHT = 900, 400


def fitted() -> HeatmapViewport:
    view = HeatmapViewport(last=1000, top=500)
    view.fit(WIDTH, HEIGHT)
    return view


def test_the_newest_is_at_the_right_and_the_price_in_the_middle_third() -> None:
    view = fitted()
    view.follow(1234, 700)
    assert view.last == 1234
    assert view.first == 1234 - 300 + 1
    assert view.top - view.rows < 700 < view.top
    before = view.top
    view.follow(1235, 701)
    assert (view.last, view.top) == (1235, before)


def test_a_pan_ends_following_in_its_direction_alone() -> None:
    view = fitted()
    view.pan(10, 0)
    assert (view.last, view.follows_time, view.follows_price) == (990, False, True)
    view.follow(2000, 5000)
    assert view.last == 990
    assert view.top - view.rows < 5000 < view.top
    view.pan(0, 7)
    assert not view.follows_price
    view.resume()
    assert view.follows


@given(st.integers(-12, 12), st.integers(0, 299))
def test_a_zoom_in_time_keeps_the_column_under_the_pointer(steps: int, at: int) -> None:
    view = fitted()
    view.follows_time = False
    column, before = view.last - at, view.cell_width
    view.zoom_time(steps, WIDTH, at)
    assert view.cell_width in CELL_SIZES
    assert view.columns == WIDTH // view.cell_width
    assert abs((view.last - column) * view.cell_width - at * before) <= view.cell_width


@given(st.integers(-12, 12), st.integers(0, 99))
def test_a_zoom_in_price_keeps_the_row_under_the_pointer(steps: int, at: int) -> None:
    view = fitted()
    row, before = view.top - at, view.row_height
    view.zoom_price(steps, HEIGHT, at)
    assert view.rows == HEIGHT // view.row_height
    assert abs((view.top - row) * view.row_height - at * before) <= view.row_height


@given(st.integers(0, 5))
def test_a_zoom_while_the_newest_is_followed_leaves_it_at_the_right(steps: int) -> None:
    view = fitted()
    view.zoom_time(-steps, WIDTH, 250)
    assert view.last == 1000
