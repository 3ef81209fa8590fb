"""Trades summed in columns."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workstation.market.order_flow.trade_columns import TradeColumns

TRADES = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 1000), st.integers(1, 10**9), st.booleans()), max_size=60)


@given(TRADES)
def test_every_lot_is_in_its_column_and_side(trades: list[tuple[int, int, int, bool]]) -> None:
    columns = TradeColumns(10, columns=16)
    for number, ticks, lots, bought in trades:
        columns.add(number * 10 + 3, ticks, lots, bought)
    sums = columns.sums(0, 9)
    for number in range(10):
        for side, found, price in ((True, sums.buys, sums.buy_price), (False, sums.sells, sums.sell_price)):
            here = [(ticks, lots) for at, ticks, lots, bought in trades if at == number and bought is side]
            assert found[number] == sum(lots for _, lots in here)
            if here:
                mean = sum(ticks * lots for ticks, lots in here) / sum(lots for _, lots in here)
                np.testing.assert_allclose(price[number], mean)
            else:
                assert np.isnan(price[number])
    assert (sums.delta == sums.buys - sums.sells).all()


def test_the_ring_forgets_and_takes_nothing_older() -> None:
    columns = TradeColumns(10, columns=4)
    for number in range(8):
        columns.add(number * 10, 1, number + 1, True)
    columns.add(0, 1, 99, True)
    assert columns.sums(0, 7).buys.tolist() == [0, 0, 0, 0, 5, 6, 7, 8]


def test_wound_back_the_column_and_the_later_ones_are_empty() -> None:
    columns = TradeColumns(1_000, 64)
    for number in range(100, 110):
        columns.add(number * 1_000, 1000, 3, number % 2 == 0)
    columns.wind(105 * 1_000 + 1)
    assert columns.sums(100, 109).delta.tolist() == [3, -3, 3, -3, 3, 0, 0, 0, 0, 0]
    columns.add(105 * 1_000, 1000, 4, True)
    assert columns.sums(105, 105).delta.tolist() == [4]
