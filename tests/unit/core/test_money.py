from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.money import BASIS_POINT, from_money, from_rate, to_money, to_rate


@given(st.integers(-(10**18), 10**18))
def test_money_goes_to_decimal_and_back_unchanged(money: int) -> None:
    assert to_money(from_money(money)) == money
    assert from_money(money).as_tuple().exponent == -8
    assert to_rate(from_rate(money)) == money


def test_amounts_finer_than_money_round_half_to_even() -> None:
    assert to_money("0.000000005") == 0
    assert to_money("0.000000015") == 2
    assert to_money("-0.000000015") == -2
    assert to_money("0.0000000050001") == 1


def test_a_basis_point_is_a_hundredth_of_a_per_cent() -> None:
    assert to_rate(Decimal("0.0001")) == BASIS_POINT == 10_000
