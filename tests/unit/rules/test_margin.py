from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.fees import RATE_SCALE
from workstation.rules.margin import (
    increasing_lots,
    initial_margin,
    is_liquidated,
    liquidation_price,
    maintenance_margin,
)
from workstation.rules.value import position_value

HALF_PERCENT = RATE_SCALE // 200


def test_margins_round_up():
    assert initial_margin(101, 10) == 11
    assert maintenance_margin(201, HALF_PERCENT) == 2


def test_increasing_lots():
    assert increasing_lots(0, -5) == 5
    assert increasing_lots(3, 5) == 5
    assert increasing_lots(3, -5) == 2
    assert increasing_lots(8, -5) == 0


def test_liquidation_of_a_long_at_ten_times():
    # 10 lots at 10,000 ticks of 1,000: worth 1e8, margin 1e7. (1e8 - 1e7) / (0.995 * 10 * 1000) = 9,045.2
    cost = position_value(10_000, 10, 0, 1_000, 1)
    assert liquidation_price(10, cost, initial_margin(cost, 10), HALF_PERCENT, 0, 1_000, 1) == 9_045
    assert liquidation_price(10, cost, initial_margin(cost, 10), 0, 0, 1_000, 1) == 9_000


def test_liquidation_of_a_short_at_ten_times():
    # (1e8 + 1e7) / (1.005 * 10 * 1000) = 10,945.3
    cost = position_value(10_000, -10, 0, 1_000, 1)
    assert liquidation_price(-10, cost, initial_margin(-cost, 10), HALF_PERCENT, 0, 1_000, 1) == 10_946


def test_without_leverage_a_long_is_never_liquidated():
    cost = position_value(10_000, 10, 0, 1_000, 1)
    assert liquidation_price(10, cost, cost, HALF_PERCENT, 0, 1_000, 1) == 0
    assert liquidation_price(0, 0, 0, HALF_PERCENT, 0, 1_000, 1) == 0


def test_an_inverse_short_without_leverage_is_never_liquidated():
    cost = position_value(10_000, -10, 1, 10**12, 1)
    assert liquidation_price(-10, cost, cost, HALF_PERCENT, 1, 10**12, 1) == 0


@given(
    entry=st.integers(100, 1_000_000),
    lots=st.integers(-1_000, 1_000).filter(bool),
    leverage=st.integers(2, 100),
    inverse=st.integers(0, 1),
    rate=st.integers(0, RATE_SCALE // 200),
)
def test_liquidation_price_is_the_first_tick_that_liquidates(entry, lots, leverage, inverse, rate):
    unit = 10**14 if inverse else 10_000
    cost = position_value(entry, lots, inverse, unit, 1)
    margin = initial_margin(abs(cost), leverage)
    price = liquidation_price(lots, cost, margin, rate, inverse, unit, 1)
    if price == 0:
        assert lots > 0
        return
    beyond = price + 1 if lots > 0 else price - 1
    assert is_liquidated(price, lots, cost, margin, rate, inverse, unit, 1)
    assert beyond == 0 or not is_liquidated(beyond, lots, cost, margin, rate, inverse, unit, 1)
