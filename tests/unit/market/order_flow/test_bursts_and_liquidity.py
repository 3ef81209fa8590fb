"""Bursts of one aggressor, the liquidity near the price, and the trades of the last minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.market.order_flow.bursts import Burst
from workstation.market.order_flow.liquidity import TradeWindow, cumulative, liquidity


def test_trades_of_one_side_that_come_together_are_one_burst() -> None:
    first, second = Burst.of(100, 10, 5, True), Burst.of(120, 12, 7, True)
    both = first.joined(second, within_ns=20)
    assert both == Burst(100, 120, 10, 12, 12, 10 * 5 + 12 * 7, 2, True)
    assert first.joined(second, within_ns=19) is None
    assert first.joined(Burst.of(110, 12, 7, False), within_ns=20) is None


def test_depth_near_the_price_and_imbalance() -> None:
    bids = [(9_999, 10), (9_991, 20), (9_990, 30), (9_989, 40)]
    asks = [(10_001, 1), (10_010, 2), (10_011, 4)]
    found = liquidity(bids, asks, 10)
    assert found is not None
    assert (found.spread, found.bid_lots, found.ask_lots, found.whole) == (2, 60, 3, True)
    assert found.imbalance == (60 - 3) / 63
    shallow = liquidity(bids[:2], asks, 10)
    assert shallow is not None
    assert not shallow.whole
    assert liquidity([], asks, 10) is None


@given(st.lists(st.tuples(st.integers(1, 999), st.integers(1, 999)), max_size=30))
def test_the_sums_of_a_side_rise_to_its_whole(levels: list[tuple[int, int]]) -> None:
    side = cumulative(levels)
    assert len(side.ticks) == len(side.lots) == len(levels)
    assert list(side.lots) == sorted(side.lots)
    assert (side.lots[-1] if levels else 0) == sum(lots for _, lots in levels)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 99), st.booleans()), max_size=60))
def test_a_window_holds_the_last_trades_alone(steps: list[tuple[int, int, bool]]) -> None:
    window, now, trades = TradeWindow(100), 0, []
    for pause, lots, bought in steps:
        now += pause
        window.add(now, lots, bought)
        window.pass_time(now)
        trades.append((now, lots if bought else -lots))
        inside = [signed for at, signed in trades if at > now - 100]
        assert (window.count, window.delta) == (len(inside), sum(inside))
