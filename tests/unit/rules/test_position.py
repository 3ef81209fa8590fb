from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.position import apply_fill

FILLS = st.lists(st.tuples(st.integers(-200, 200).filter(bool), st.integers(1, 10**9)), min_size=1, max_size=40)


@given(FILLS)
def test_the_value_of_all_fills_is_what_is_left_at_cost_less_what_was_realised(fills: list[tuple[int, int]]) -> None:
    lots = cost = realised = entered = 0
    for fill_lots, price in fills:
        effect = apply_fill(lots, cost, fill_lots, fill_lots * price)
        lots, cost = effect.lots, effect.cost
        realised += effect.realised
        entered += fill_lots * price
        assert entered == cost - realised
        assert lots == 0 or (cost > 0) == (lots > 0)
        assert lots != 0 or cost == 0


@given(st.integers(1, 10**6), st.integers(-(10**15), 10**15), st.integers(1, 10**6), st.integers(-(10**15), 10**15))
def test_an_exit_releases_the_cost_in_proportion(have: int, cost: int, closing: int, value: int) -> None:
    effect = apply_fill(have, cost, -closing, value)
    closed = min(have, closing)
    exact = -Fraction(value) * closed / closing - Fraction(cost) * closed / have
    assert abs(effect.realised - exact) < 2
    assert effect.lots == have - closing


def test_figures_by_hand() -> None:
    assert apply_fill(0, 0, 10, 1_000) == (10, 1_000, 0)
    assert apply_fill(10, 1_000, 5, 600) == (15, 1_600, 0)
    assert apply_fill(10, 1_000, -4, -480) == (6, 600, 80)
    assert apply_fill(10, 1_000, -10, -900) == (0, 0, -100)
    assert apply_fill(10, 1_000, -15, -1_500) == (-5, -500, 0)
    assert apply_fill(-10, -1_000, 10, 900) == (0, 0, 100)
    assert apply_fill(3, 100, -1, -40) == (2, 67, 7)
