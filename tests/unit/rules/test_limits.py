from __future__ import annotations

from fractions import Fraction
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.limits import allowance, decline, within_collar, worst_position

TICKS = st.integers(1, 10**9)
MONEY = st.integers(-(10**14), 9 * 10**14)


@given(TICKS, TICKS, st.integers(0, 10**8))
def test_the_collar_is_exact_on_the_costly_side_and_open_on_the_other(price: int, reference: int, collar: int) -> None:
    distance = Fraction(price, reference) - 1
    assert within_collar(1, price, reference, collar) == (distance <= Fraction(collar, 10**8))
    assert within_collar(-1, price, reference, collar) == (-distance <= Fraction(collar, 10**8))


@given(st.lists(st.integers(-9, 9), max_size=4), st.lists(st.integers(-9, 9), max_size=4))
def test_the_worst_position_is_the_worst_that_any_fills_and_closings_lead_to(
    held: list[int], pending: list[int]
) -> None:
    """Each owner may close its part, and each pending order may fill, alone."""
    reached = set()
    for choice in product((False, True), repeat=len(held) + len(pending)):
        reached.add(sum(lots for lots, counts in zip(held + pending, choice) if counts))
    longs, shorts = sum(lots for lots in held if lots > 0), -sum(lots for lots in held if lots < 0)
    buys, sells = sum(lots for lots in pending if lots > 0), -sum(lots for lots in pending if lots < 0)
    assert worst_position(longs, shorts, buys, sells) == max(abs(position) for position in reached)


@given(MONEY, st.integers(0, 10**9))
def test_an_allowance_is_rounded_down_and_nothing_of_a_debt(equity: int, rate: int) -> None:
    assert allowance(equity, rate) == max(0, equity) * rate // 10**8


@given(MONEY, MONEY)
def test_a_decline_is_the_exact_loss_rounded_down(start: int, now: int) -> None:
    expected = (start - now) * 10**8 // start if start > 0 and now < start else 0
    assert decline(start, now) == expected
