"""The book over time: what a grid holds, gaps, and the ring's end."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workstation.market.order_flow.depth_history import FARTHEST, DepthHistory

SECOND = 1_000_000_000
Book = tuple[list[tuple[int, int]], list[tuple[int, int]]]


@st.composite
def books(draw: st.DrawFn) -> Book:
    middle = draw(st.integers(200, 400))
    bids = draw(st.lists(st.tuples(st.integers(0, 150), st.integers(1, 5000)), max_size=80, unique_by=lambda x: x[0]))
    asks = draw(st.lists(st.tuples(st.integers(1, 150), st.integers(1, 5000)), max_size=80, unique_by=lambda x: x[0]))
    return [(middle - away, lots) for away, lots in sorted(bids)], [
        (middle + away, lots) for away, lots in sorted(asks)
    ]


@given(st.lists(books(), min_size=1, max_size=5), st.sampled_from([1, 2, 5, 50]), st.integers(0, 300))
def test_a_grid_holds_every_lot_in_the_row_of_a_ladder(taken: list[Book], group: int, top: int) -> None:
    history = DepthHistory(SECOND, columns=16)
    for number, (bids, asks) in enumerate(taken):
        history.take(number * SECOND, bids, asks)
    rows, count = 40, len(taken)
    expected = np.zeros((rows, count))
    for column, (bids, asks) in enumerate(taken):
        for row, lots in [*((p // group, n) for p, n in bids), *((-(-p // group), n) for p, n in asks)]:
            if 0 <= top - row < rows:
                expected[top - row, column] += lots
    np.testing.assert_array_equal(history.grid(0, count - 1, top, rows, group), expected)
    bids_seen, asks_seen = history.best(0, count - 1)
    assert bids_seen.tolist() == [bids[0][0] if bids else 0 for bids, _ in taken]
    assert asks_seen.tolist() == [asks[0][0] if asks else 0 for _, asks in taken]


def test_a_column_holds_the_book_as_it_stood_last() -> None:
    history = DepthHistory(SECOND)
    history.take(5 * SECOND, [(10, 1)], [(11, 2)])
    history.take(5 * SECOND + 900_000_000, [(9, 7)], [(11, 2)])
    history.take(4 * SECOND, [(1, 1)], [(2, 1)])
    assert history.grid(5, 5, 11, 3, 1)[:, 0].tolist() == [2, 0, 7]
    assert history.last == history.first == 5


def test_a_short_gap_is_bridged_and_a_long_one_stays_empty() -> None:
    history = DepthHistory(SECOND, bridge_ns=3 * SECOND)
    history.take(0, [(10, 1)], [(11, 1)])
    history.take(3 * SECOND, [(10, 5)], [(11, 1)])
    history.take(9 * SECOND, [(10, 9)], [(11, 1)])
    assert history.grid(0, 9, 10, 1, 1)[0].tolist() == [1, 1, 1, 5, 0, 0, 0, 0, 0, 9]


def test_the_ring_forgets_the_oldest() -> None:
    history = DepthHistory(SECOND, columns=4)
    for number in range(10):
        history.take(number * SECOND, [(10, number + 1)], [])
    assert history.first == 6
    assert history.grid(4, 9, 10, 1, 1)[0].tolist() == [0, 0, 7, 8, 9, 10]


def test_levels_out_of_reach_are_left_out_and_nothing_is_nothing() -> None:
    history = DepthHistory(SECOND)
    assert history.first == history.last == -1
    assert not history.grid(0, 3, 10, 5, 1).any()
    history.take(0, [(FARTHEST + 10, 1), (5, 99)], [(FARTHEST + 11, 2)])
    assert history.grid(0, 0, FARTHEST + 11, 3, 1)[:, 0].tolist() == [2, 1, 0]
    assert not history.grid(0, 0, 6, 5, 1).any()


def test_wound_back_it_holds_what_came_before_and_takes_the_rest_again() -> None:
    history, again = DepthHistory(SECOND, 64), DepthHistory(SECOND, 64)
    for number in range(100, 130):
        history.take(number * SECOND, [(1000 + number, 5)], [(1001 + number, 7)])
    history.wind(120 * SECOND + 5)
    assert (history.first, history.last) == (100, 119)
    for number in range(100, 125):
        again.take(number * SECOND, [(1000 + number, 5)], [(1001 + number, 7)])
    for number in range(120, 125):
        history.take(number * SECOND, [(1000 + number, 5)], [(1001 + number, 7)])
    assert (history.grid(90, 130, 1140, 60, 1) == again.grid(90, 130, 1140, 60, 1)).all()
    history.wind(0)
    assert (history.first, history.last) == (-1, -1)
