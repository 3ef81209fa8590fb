from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.limits import allowance, decline, within_collar, worst_long, worst_position, worst_short

TICKS = st.integers(1, 10**9)
MONEY = st.integers(-(10**14), 9 * 10**14)


@given(TICKS, TICKS, st.integers(0, 10**8))
def test_the_collar_is_exact_on_the_costly_side_and_open_on_the_other(price: int, reference: int, collar: int) -> None:
    distance = Fraction(price, reference) - 1
    assert within_collar(1, price, reference, collar) == (distance <= Fraction(collar, 10**8))
    assert within_collar(-1, price, reference, collar) == (-distance <= Fraction(collar, 10**8))


@given(st.integers(-20, 20), st.lists(st.integers(-9, 9), max_size=4))
def test_the_worst_position_is_that_of_the_worst_order_of_fills(net: int, pending: list[int]) -> None:
    buys = sum(lots for lots in pending if lots > 0)
    sells = -sum(lots for lots in pending if lots < 0)
    reached = {net}
    for order in permutations(pending):
        position = net
        for lots in order:
            position += lots
            reached.add(position)
    assert worst_long(net, buys) == max(0, *reached)
    assert worst_short(net, sells) == max(0, *(-position for position in reached))
    assert worst_position(net, buys, sells) == max(abs(position) for position in reached)


@given(MONEY, st.integers(0, 10**9))
def test_an_allowance_is_rounded_down_and_nothing_of_a_debt(equity: int, rate: int) -> None:
    assert allowance(equity, rate) == max(0, equity) * rate // 10**8


@given(MONEY, MONEY)
def test_a_decline_is_the_exact_loss_rounded_down(start: int, now: int) -> None:
    expected = (start - now) * 10**8 // start if start > 0 and now < start else 0
    assert decline(start, now) == expected
