from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.fees import RATE_SCALE
from workstation.rules.matching import (
    bar_share,
    better_price,
    is_low_first,
    is_marketable,
    is_triggered,
    queue_after_refresh,
    queue_after_trade,
    slice_to_fill,
    slippage_cost,
    slippage_reference,
    slipped_price,
    taken_after_refresh,
)

BP = RATE_SCALE // 10_000


def test_triggers_include_the_stop_price_itself():
    assert is_triggered(1, 100, 100) and is_triggered(1, 100, 101) and not is_triggered(1, 100, 99)
    assert is_triggered(-1, 100, 100) and is_triggered(-1, 100, 99) and not is_triggered(-1, 100, 101)


def test_marketable_and_better_price():
    assert is_marketable(1, 100, 100) and not is_marketable(1, 100, 101)
    assert is_marketable(-1, 100, 100) and not is_marketable(-1, 100, 99)
    assert is_marketable(1, 0, 10**9) and is_marketable(-1, 0, 1)
    assert better_price(1, 5, 7) == 5 and better_price(-1, 5, 7) == 7


def test_slippage_rounds_against_the_trader_and_stops_at_the_bound():
    assert slipped_price(1, 10_001, 5 * BP, 0) == 10_007  # 5.0005 ticks become 6
    assert slipped_price(-1, 10_001, 5 * BP, 0) == 9_995
    assert slipped_price(1, 10_000, 5 * BP, 10_003) == 10_003
    assert slipped_price(-1, 10_000, 5 * BP, 9_998) == 9_998
    # A price that is beyond the bound already is not improved by it.
    assert slipped_price(1, 10_010, 5 * BP, 10_003) == 10_010
    assert slipped_price(-1, 9_990, 5 * BP, 9_998) == 9_990
    assert slipped_price(-1, 1, RATE_SCALE, 0) == 1


def test_slippage_is_measured_against_what_the_order_promised():
    assert slippage_reference(1, 0, 0, 100, 0) == 100  # at the market: the price that it was decided at
    assert slippage_reference(-1, 0, 95, 100, 0) == 95  # a stop: its trigger, not the market when it was placed
    assert slippage_reference(-1, 94, 95, 100, 1) == 95
    assert slippage_reference(1, 90, 0, 100, 1) == 90  # what rested is filled at its limit, wherever the market was
    assert slippage_reference(1, 105, 0, 100, 0) == 100 and slippage_reference(-1, 95, 0, 100, 0) == 100
    assert slippage_reference(1, 99, 0, 100, 0) == 99 and slippage_reference(-1, 101, 0, 100, 0) == 101
    assert slippage_reference(1, 0, 0, 0, 0) == 0


def test_slippage_cost_is_positive_when_worse():
    assert slippage_cost(101, 100, 10, 0, 1, 1) == 10
    assert slippage_cost(99, 100, 10, 0, 1, 1) == -10
    assert slippage_cost(99, 100, -10, 0, 1, 1) == 10
    assert slippage_cost(101, 0, 10, 0, 1, 1) == 0
    # Inverse: 10 contracts of 1,000 at 100 are worth 100, at 125 they are worth 80; buying at 125 gives 20 less.
    assert slippage_cost(125, 100, 10, 1, 1_000, 1) == 20


def test_level_refresh_hand_cases():
    assert taken_after_refresh(6, 10, 10) == 6
    assert taken_after_refresh(6, 10, 8) == 4  # two of what was taken have gone from the feed
    assert taken_after_refresh(6, 10, 3) == 0
    assert taken_after_refresh(6, 10, 15) == 6  # five new lots, four old ones
    assert taken_after_refresh(6, 10, 0) == 0


@given(shown=st.lists(st.integers(0, 50), min_size=1, max_size=30), wishes=st.lists(st.integers(0, 50), min_size=30))
def test_a_level_never_gives_more_than_it_showed_and_was_added(shown, wishes):
    taken, total, granted, before = 0, 0, 0, 0
    for now, wish in zip(shown, wishes, strict=False):
        taken = taken_after_refresh(taken, before, now)
        total += max(0, now - before)
        before = now
        lots = min(wish, now - taken)
        assert 0 <= lots <= now
        taken += lots
        granted += lots
        assert granted <= total


def test_queue_after_trade():
    assert queue_after_trade(10, 4) == (6, 0)
    assert queue_after_trade(10, 10) == (0, 0)
    assert queue_after_trade(10, 13) == (0, 3)


def test_queue_after_cancels():
    # 100 shown, 40 ahead; 50 lots cancelled.
    assert queue_after_refresh(40, 100, 50, 0, 0) == 40
    assert queue_after_refresh(40, 100, 50, 0, 1) == 20
    assert queue_after_refresh(41, 100, 50, 0, 1) == 21  # rounded against the order
    # What is left cannot have more ahead than there is.
    assert queue_after_refresh(40, 100, 30, 0, 0) == 30
    # The level shrank by trades only, which were counted already.
    assert queue_after_refresh(40, 100, 50, 50, 1) == 40
    assert queue_after_refresh(40, 100, 150, 0, 1) == 40


@given(ahead=st.integers(0, 100), rest=st.integers(0, 100), shown=st.integers(0, 200), traded=st.integers(0, 250))
def test_cancels_never_move_an_order_back(ahead, rest, shown, traded):
    for proportional in (0, 1):
        after = queue_after_refresh(ahead, ahead + rest, shown, traded, proportional)
        assert 0 <= after <= min(ahead, shown)


def test_slices():
    rate = RATE_SCALE * 15 // 100
    assert slice_to_fill(14, 100, 100, 0, rate, 4) == 0
    assert slice_to_fill(15, 100, 100, 0, rate, 4) == 15
    assert slice_to_fill(60, 70, 100, 3, rate, 4) == 0  # the last slice waits for all
    assert slice_to_fill(70, 70, 100, 3, rate, 4) == 70
    assert slice_to_fill(3, 3, 100, 1, rate, 4) == 3


def test_bar_share_rounds_down():
    assert bar_share(105, RATE_SCALE // 10) == 10


def test_worse_extreme_first():
    assert is_low_first(5, 0, 100, 90) and not is_low_first(-5, 0, 100, 110)
    assert not is_low_first(0, 1, 100, 90) and is_low_first(0, -1, 100, 110)
    assert is_low_first(0, 0, 100, 110) and not is_low_first(0, 0, 100, 90)
