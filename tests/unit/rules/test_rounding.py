from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.rounding import divide_half_even, divide_up, scale_down, scale_up

ANY = st.integers(-(10**18), 10**18)
POSITIVE = st.integers(1, 10**12)


@given(ANY, POSITIVE)
def test_division_rounds_as_its_name_says(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert divide_half_even(numerator, denominator) == round(exact)
    assert divide_up(numerator, denominator) == math.ceil(exact)


@given(st.integers(-1_000, 1_000))
def test_ties_go_to_the_even_neighbour(quotient: int) -> None:
    assert divide_half_even(2 * quotient + 1, 2) % 2 == 0


@given(ANY, st.integers(-(10**9), 10**9), POSITIVE)
def test_scaling_rounds_the_exact_product(amount: int, part: int, whole: int) -> None:
    exact = Fraction(amount) * part / whole
    assert scale_down(amount, part, whole) == math.floor(exact)
    assert scale_up(amount, part, whole) == math.ceil(exact)
