"""Where an own order stands in its level's queue, told from the public book and trades."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.market.order_flow.queue_estimate import QueueEstimate


def resting(shown: int = 100, ticks: int = 50, buys: bool = True) -> QueueEstimate:
    queue = QueueEstimate()
    queue.follow("a", ticks, buys, shown)
    return queue


def test_an_order_begins_behind_all_that_its_level_shows() -> None:
    queue = resting()
    assert queue.ahead("a") == 100
    assert queue.share("a") == 1.0
    assert queue.ahead("b") is None
    assert queue.share("b") is None


def test_trades_at_the_price_take_what_is_ahead_and_those_of_the_own_side_do_not() -> None:
    queue = resting()
    queue.trade(50, 30, taker_buys=False)
    queue.trade(50, 30, taker_buys=True)
    queue.trade(51, 30, taker_buys=False)
    queue.refresh("a", 70)
    assert queue.ahead("a") == 70
    queue.trade(50, 200, taker_buys=False)
    assert queue.ahead("a") == 0


def test_cancels_were_behind_as_far_as_they_can_have_been() -> None:
    queue = resting()
    queue.refresh("a", 180)
    assert queue.ahead("a") == 100
    assert queue.share("a") == 100 / 180
    queue.refresh("a", 120)
    assert queue.ahead("a") == 100
    queue.refresh("a", 60)
    assert queue.ahead("a") == 60


def test_a_trade_through_the_price_has_taken_all() -> None:
    buy, sell = resting(), resting(buys=False)
    buy.trade(49, 1, taker_buys=False)
    sell.trade(51, 1, taker_buys=True)
    assert buy.ahead("a") == sell.ahead("a") == 0


def test_a_moved_order_begins_at_the_end_again_and_an_ended_one_is_forgotten() -> None:
    queue = resting()
    queue.trade(50, 100, taker_buys=False)
    queue.follow("a", 51, True, 40)
    assert queue.ahead("a") == 40
    queue.forget_others(set())
    assert queue.ahead("a") is None


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 500)), max_size=20))
def test_what_is_ahead_never_grows_and_never_exceeds_the_level(first: int, steps: list[tuple[int, int]]) -> None:
    queue = resting(first)
    before = first
    for traded, shown in steps:
        if traded:
            queue.trade(50, traded, taker_buys=False)
        queue.refresh("a", shown)
        ahead = queue.ahead("a")
        assert ahead is not None
        assert 0 <= ahead <= min(before, shown)
        before = ahead
