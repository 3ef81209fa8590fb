from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.trailing import trail_worth_telling, trailed_stop


def test_follows_and_never_retreats():
    assert trailed_stop(0, -1, 100, 10) == 90
    assert trailed_stop(90, -1, 105, 10) == 95
    assert trailed_stop(95, -1, 96, 10) == 95
    assert trailed_stop(0, 1, 100, 10) == 110
    assert trailed_stop(110, 1, 95, 10) == 105
    assert trailed_stop(105, 1, 104, 10) == 105
    assert trailed_stop(0, -1, 5, 10) == 1


def test_told_each_tenth_of_the_distance():
    assert not trail_worth_telling(90, 99, 100)
    assert trail_worth_telling(90, 100, 100)


@given(prices=st.lists(st.integers(1, 10**6), min_size=1), trail=st.integers(1, 1_000))
def test_stands_at_the_distance_from_the_best_price(prices, trail):
    sell = buy = 0
    for price in prices:
        sell = trailed_stop(sell, -1, price, trail)
        buy = trailed_stop(buy, 1, price, trail)
    assert sell == max(max(prices) - trail, 1)
    assert buy == min(prices) + trail
