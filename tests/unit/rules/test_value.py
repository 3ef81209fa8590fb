from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.value import notional, position_value

TICKS = st.integers(1, 10**8)
LOTS = st.integers(-(10**6), 10**6)
PARTS = st.integers(1, 10**6)


@given(TICKS, LOTS, PARTS, PARTS)
def test_the_worth_is_exact_but_for_one_rounding(ticks: int, lots: int, numerator: int, denominator: int) -> None:
    linear = Fraction(ticks * lots * numerator, denominator)
    assert position_value(ticks, lots, 0, numerator, denominator) == round(linear)
    inverse = -Fraction(lots * numerator, ticks * denominator)
    assert position_value(ticks, lots, 1, numerator, denominator) == round(inverse)


@given(TICKS, TICKS, st.integers(1, 10**6), PARTS, PARTS, st.booleans())
def test_a_long_position_is_worth_more_at_a_higher_price_and_a_short_one_less(
    first: int, second: int, lots: int, numerator: int, denominator: int, inverse: bool
) -> None:
    low, high = sorted((first, second))
    terms = (int(inverse), numerator, denominator)
    assert position_value(low, lots, *terms) <= position_value(high, lots, *terms)
    assert position_value(low, -lots, *terms) >= position_value(high, -lots, *terms)


@given(TICKS, LOTS, PARTS, PARTS, st.booleans())
def test_both_sides_are_worth_the_same(ticks: int, lots: int, numerator: int, denominator: int, inverse: bool) -> None:
    terms = (int(inverse), numerator, denominator)
    assert position_value(ticks, lots, *terms) == -position_value(ticks, -lots, *terms)
    assert notional(ticks, lots, *terms) == notional(ticks, -lots, *terms) >= 0
