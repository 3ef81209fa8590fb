"""Scales, ticks, tags and the viewport: what a chart computes before it paints."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.chart.candles import column_slots, column_width
from widgets.chart.model import ChartModel
from widgets.chart.scale import PaneScale, round_step, value_ticks
from widgets.chart.series import BarSeries
from widgets.chart.tags import countdown, spread
from widgets.chart.time_ticks import crosshair_time, time_ticks
from widgets.chart.viewport import FREE_BARS, Viewport
from widgets.look.numbers import set_zone

HOUR = 3_600_000_000_000
SECOND = 1_000_000_000


def series_from(start: datetime, count: int, bar_ns: int = HOUR) -> BarSeries:
    series = BarSeries()
    times = int(start.timestamp()) * SECOND + np.arange(count, dtype=np.int64) * bar_ns
    flat = np.full(count, 100.0)
    series.set_bars(times, flat, flat + 1, flat - 1, flat, flat, bar_ns=bar_ns)
    return series


@given(st.floats(0.0, 1e5), st.booleans())
def test_value_and_pixel_are_inverse(y: float, logarithmic: bool) -> None:
    bottom, top = (2.0, 5.0) if logarithmic else (100.0, 900.0)
    scale = PaneScale(0, 100, bottom, top, 800, 400, logarithmic)
    pixel = y % 400
    assert scale.y(scale.value_at(pixel)) == pytest.approx(pixel, abs=1e-6)
    assert scale.x(scale.index_at(pixel)) == pytest.approx(pixel)


@given(st.floats(1e-9, 1e9))
def test_round_step_is_one_two_or_five(wanted: float) -> None:
    step = round_step(wanted)
    assert wanted * (1 - 1e-6) <= step <= wanted * 2.5 * (1 + 1e-6)
    digit = step / 10 ** np.floor(np.log10(step) + 1e-9)
    assert round(digit, 6) in (1, 2, 5)


def test_price_ticks_are_never_finer_than_the_tick() -> None:
    scale = PaneScale(0, 10, 100.0, 100.4, 500, 800)
    ticks = value_ticks(scale, 40, Decimal("0.1"))
    assert np.allclose(ticks, [100.0, 100.1, 100.2, 100.3, 100.4])


def test_logarithmic_ticks_keep_their_distance() -> None:
    scale = PaneScale(0, 10, 2.0, 5.0, 500, 600, True)
    ys = scale.ys(value_ticks(scale, 40))
    assert len(ys) > 5
    assert all(before - after >= 40 for before, after in pairwise(ys))


@given(
    st.lists(st.tuples(st.floats(0, 500), st.integers(10, 30), st.sampled_from([1.0, 1e6])), max_size=12).map(sorted)
)
def test_tags_that_meet_are_pushed_apart_and_stay_inside(boxes: list[tuple[float, int, float]]) -> None:
    tops, heights, weights = ([box[number] for box in boxes] for number in range(3))
    placed = spread(tops, heights, weights, 500)
    for (top, height), below in zip(zip(placed, heights), placed[1:]):
        assert below >= top + height - 1e-6
    assert all(-1e-6 <= top <= 500 - height + 1e-6 for top, height in zip(placed, heights))


def test_tags_that_do_not_meet_stay_and_the_last_price_does_not_move() -> None:
    assert spread([10, 100], [18, 18], [1, 1], 500) == [10, 100]
    moved = spread([90, 100, 105], [18, 30, 18], [1, 1e6, 1], 500)
    assert moved[1] == pytest.approx(100, abs=0.01)
    assert moved[0] == pytest.approx(82, abs=0.01)
    assert moved[2] == pytest.approx(130, abs=0.01)


def test_time_ticks_are_round_and_days_are_strong() -> None:
    series = series_from(datetime(2023, 12, 5, 3, tzinfo=UTC), 48)
    ticks = time_ticks(series, 0, 60, 1000, 60)
    assert [tick.text for tick in ticks][:7] == ["04:00", "08:00", "12:00", "16:00", "20:00", "6 Dec", "04:00"]
    assert [tick.at for tick in ticks][:3] == [1, 5, 9]
    assert [tick.strong for tick in ticks][5]
    assert ticks[-1].at > 48


def test_time_ticks_follow_the_chosen_zone() -> None:
    series = series_from(datetime(2023, 12, 5, 3, tzinfo=UTC), 48)
    set_zone("America/New_York")
    try:
        ticks = time_ticks(series, 0, 60, 1000, 60)
        assert [tick.text for tick in ticks][:3] == ["5 Dec", "04:00", "08:00"]
        assert [tick.at for tick in ticks][:3] == [2, 6, 10], "midnight there is 05:00 UTC"
        assert crosshair_time(series.time_at(2), 2023) == "Tue 5 Dec 00:00"
    finally:
        set_zone("UTC")


@pytest.mark.parametrize(
    ("bar_hours", "expected"),
    [(24, ["Apr", "Jul", "Oct", "2024", "Apr"]), (24 * 30, ["2024", "2026", "2028", "2030", "2032"])],
)
def test_time_ticks_of_months_and_years(bar_hours: int, expected: list[str]) -> None:
    series = series_from(datetime(2023, 1, 2, tzinfo=UTC), 600, bar_hours * HOUR)
    width = 1000 if bar_hours == 24 else 1100
    bars = 600 if bar_hours == 24 else 150
    texts = [tick.text for tick in time_ticks(series, 0, bars, width, 120)]
    assert texts[:5] == expected


def test_crosshair_time_names_the_year_when_it_is_another() -> None:
    moment = int(datetime(2023, 12, 6, 3, 30, tzinfo=UTC).timestamp()) * SECOND
    assert crosshair_time(moment, 2023) == "Wed 6 Dec 03:30"
    assert crosshair_time(moment + 5 * SECOND, 2024) == "Wed 6 Dec 2023 03:30:05"


@pytest.mark.parametrize(("left_ns", "text"), [(138 * SECOND, "02:18"), (1, "00:01"), (-5, "00:00")])
def test_countdown_to_the_close_of_the_bar(left_ns: int, text: str) -> None:
    model = ChartModel(series=series_from(datetime(2023, 1, 1, tzinfo=UTC), 3))
    assert countdown(model) == ""
    model.now_ns = int(model.series.open_ns[-1]) + HOUR - left_ns
    assert countdown(model) == text


@given(st.floats(0.001, 60))
def test_candle_widths_are_odd_and_leave_a_gap(pitch: float) -> None:
    width = column_width(pitch)
    assert width == 0 if pitch < 2 else (width % 2 == 1 and width <= pitch - 1 + 1e-9)


@given(st.integers(1, 20_000), st.integers(50, 1600), st.floats(0, 1))
def test_lesson_24_at_most_one_candle_a_pixel_column_and_only_what_is_visible(
    bars: int, width: int, place: float
) -> None:
    model = ChartModel(series=series_from(datetime(2020, 1, 1, tzinfo=UTC), 20_000))
    left = place * (20_000 - bars)
    scale = PaneScale(left, left + bars, 0, 200, width, 300)
    columns = model.columns(scale)
    slots = column_slots(columns, scale)
    assert len(columns.starts) <= width + 3
    assert (np.diff(slots.left) >= 1).all()
    assert (slots.left[1:] >= (slots.left + slots.width)[:-1]).all()


def test_viewport_follows_the_newest_bar_until_it_is_panned_away() -> None:
    state = Viewport(width=670)
    state.reset(500)
    assert state.right == 499 + FREE_BARS
    state.append()
    assert state.right == 500 + FREE_BARS
    state.pan(-200)
    assert not state.following
    right = state.right
    state.append()
    assert state.right == right
    state.follow()
    assert state.following


@given(st.floats(0.2, 5), st.floats(100, 400))
def test_zoom_keeps_the_anchor_where_it_was(factor: float, anchor: float) -> None:
    state = Viewport(width=800)
    state.reset(10_000)
    state.pan(-5000)
    anchor += state.left - 100
    before = (anchor - state.left) * state.pitch
    state.zoom(factor, anchor)
    assert (anchor - state.left) * state.pitch == pytest.approx(before, rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(st.sampled_from(["pan", "zoom"]), st.floats(-3, 3)), max_size=30))
def test_some_bars_always_stay_in_view(moves: list[tuple[str, float]]) -> None:
    state = Viewport(width=800)
    state.reset(300)
    for kind, amount in moves:
        if kind == "pan":
            state.pan(amount * 500)
        else:
            state.zoom(float(np.exp(amount)), state.left + state.bars / 2)
        assert state.left < 299
        assert state.right > 0
