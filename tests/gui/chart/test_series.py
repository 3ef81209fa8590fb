"""The pyramid and the bar series against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.chart.model import Indicator, IndicatorLine
from widgets.chart.pyramid import Pyramid, bucket_size
from widgets.chart.series import Bar, BarSeries

PRICES = st.floats(1, 1e6, allow_nan=False)
MINUTE = 60_000_000_000
SIZES = [factor * 4**power for power in range(5) for factor in (1, 2, 3, 4)]


def grown(values: list[float], start: int, extreme: np.ufunc) -> tuple[Pyramid, np.ndarray]:
    """A pyramid built from the first `start` values and fed the rest one by one."""
    array = np.array(values)
    pyramid = Pyramid(extreme)
    pyramid.rebuild(array, start)
    for count in range(start + 1, len(array) + 1):
        pyramid.refresh_last(array, count)
    return pyramid, array


@given(st.lists(PRICES | st.just(float("nan")), min_size=1, max_size=400), st.data())
def test_pyramid_extreme_of_any_range_equals_brute_force(values: list[float], data: st.DataObject) -> None:
    start = data.draw(st.integers(1, len(values)))
    first = data.draw(st.integers(0, len(values)))
    last = data.draw(st.integers(first, len(values)))
    for extreme in (np.fmax, np.fmin):
        pyramid, array = grown(values, start, extreme)
        expected = extreme.reduce(array[first:last]) if last > first else np.nan
        assert pyramid.over(array, first, last) == pytest.approx(expected, nan_ok=True)


@given(st.lists(PRICES, min_size=1, max_size=600), st.sampled_from(SIZES), st.data())
def test_pyramid_buckets_equal_brute_force(values: list[float], size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(1, len(values)))
    pyramid, array = grown(values, start, np.fmax)
    buckets = -(-len(values) // size)
    first = data.draw(st.integers(0, buckets - 1))
    last = data.draw(st.integers(first + 1, buckets))
    expected = [array[bucket * size : (bucket + 1) * size].max() for bucket in range(first, last)]
    assert pyramid.buckets(array, len(array), first, last, size).tolist() == expected


@given(st.lists(PRICES, min_size=2, max_size=200), st.lists(PRICES, min_size=1, max_size=20))
def test_pyramid_follows_a_last_value_that_changes(values: list[float], changes: list[float]) -> None:
    pyramid, array = grown(values, 1, np.fmin)
    for change in changes:
        array[-1] = change
        pyramid.refresh_last(array, len(array))
        assert pyramid.over(array, 0, len(array)) == array.min()


@given(st.floats(0.01, 1e7))
def test_bucket_size_is_the_next_size_of_the_pyramid(wanted: float) -> None:
    sizes = [factor * 4**power for power in range(13) for factor in (1, 2, 3, 4)]
    assert bucket_size(wanted) == min(size for size in sizes if size >= wanted)


def filled(count: int, seed: int = 1) -> BarSeries:
    random = np.random.default_rng(seed)
    close = 100 + np.cumsum(random.normal(0, 1, count))
    open_ = np.roll(close, 1)
    high, low = np.maximum(open_, close) + 0.5, np.minimum(open_, close) - 0.5
    series = BarSeries()
    series.set_bars(np.arange(count) * MINUTE, open_, high, low, close, random.uniform(0, 9, count))
    return series


@given(st.integers(1, 300), st.integers(0, 60), st.sampled_from(SIZES), st.integers(0, 320), st.integers(0, 320))
def test_columns_equal_brute_force_after_appends(built: int, added: int, size: int, one: int, other: int) -> None:
    whole = filled(built + added)
    series = BarSeries()
    series.set_bars(whole.open_ns[:built], *(whole.column(row)[:built] for row in range(5)))
    for index in range(built, built + added):
        bar = whole.bar(index)
        series.append_bar(bar._replace(close=bar.open, high=bar.open + 9))
        series.update_last_bar(bar)
    first, last = min(one, other), max(one, other)
    columns = series.columns(first, last, size)
    assert (columns.starts % columns.size == 0).all()
    for number, start in enumerate(columns.starts):
        part = slice(int(start), min(int(start) + columns.size, len(whole)))
        assert columns.open[number] == whole.column(0)[part][0]
        assert columns.high[number] == whole.column(1)[part].max()
        assert columns.low[number] == whole.column(2)[part].min()
        assert columns.close[number] == whole.column(3)[part][-1]
        assert columns.volume[number] == pytest.approx(whole.column(4)[part].sum())
    visible = set(range(first, min(last, len(whole))))
    assert visible <= {bar for start in columns.starts for bar in range(start, start + columns.size)}


def test_buckets_do_not_shift_when_the_view_moves_by_one_bar() -> None:
    series = filled(1000)
    one, other = series.columns(100, 900, 7), series.columns(101, 901, 7)
    assert set(one.starts[1:-1]) <= set(other.starts)


def test_times_are_extrapolated_on_both_sides() -> None:
    series = filled(10)
    assert series.time_at(-2) == -2 * MINUTE
    assert series.time_at(12) == 12 * MINUTE
    assert series.index_at(12 * MINUTE + 5) == 12
    assert series.index_at(3 * MINUTE + 5) == 3
    assert series.index_at(-5) == 0


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        BarSeries().set_bars([0, 1], [1.0], [1.0], [1.0], [1.0], [1.0])


def test_updating_without_bars_is_refused() -> None:
    with pytest.raises(IndexError):
        BarSeries().update_last_bar(Bar(0, 1, 1, 1, 1, 1))


def test_indicator_values_grow_with_the_bars_and_leave_skipped_ones_empty() -> None:
    line = IndicatorLine(Indicator("ema", "EMA", 1, np.array([np.nan, 2.0])))
    assert line.extremes(0, 2) == (2.0, 2.0)
    line.write_tail(np.array([3.0]), 2)
    line.write_tail(np.array([9.0]), 4)
    assert np.array_equal(line.values, [np.nan, 3.0, np.nan, 9.0], equal_nan=True)
    assert line.extremes(0, 4) == (3.0, 9.0)
