"""Pauses, the state of a feed, funding's due times, and the figures: the small parts of the market data."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.clock import WallClock
from workstation.core.messages import FeedStatus
from workstation.venues.exchange.connection.patience import Pauses, short_reason
from workstation.venues.exchange.market.feed_status import FeedStatuses
from workstation.venues.exchange.market.figures import StreamCounter
from workstation.venues.exchange.market.funding_schedule import FundingSchedule


@given(seed=st.integers(0, 1000), attempts=st.integers(1, 2_000))
def test_pauses_grow_to_their_bound_with_jitter(seed: int, attempts: int) -> None:
    pauses = Pauses(Random(seed), first_s=0.5, most_s=60)
    for attempt in range(attempts):
        whole = min(60, 0.5 * 2 ** min(attempt, 20))
        assert whole / 2 <= pauses.next_s() <= whole
    pauses.reset()
    assert pauses.next_s() <= 0.5


def test_two_clients_do_not_come_back_in_the_same_moment() -> None:
    assert Pauses(Random(1)).next_s() != Pauses(Random(2)).next_s()


def test_a_long_error_is_one_short_line() -> None:
    assert short_reason(ValueError("first\n  second")) == "first second"
    assert short_reason(TimeoutError()) == "TimeoutError"
    assert len(short_reason(ValueError("x" * 1000))) == 200


def test_a_feed_is_up_when_no_part_is_down_and_each_new_reason_is_told_once() -> None:
    told: list[FeedStatus] = []
    statuses = FeedStatuses(["BTCUSDT", "ETHUSDT"], ["book", "connection"], WallClock(), told.append)
    assert [status.connected for status in told] == [False, False]
    told.clear()
    statuses.down("BTCUSDT", "connection", "refused")
    statuses.down("BTCUSDT", "connection", "refused")
    statuses.up("BTCUSDT", "connection")
    assert [status.detail for status in told] == ["BTCUSDT: refused"]
    statuses.up("BTCUSDT", "book")
    statuses.up("BTCUSDT", "book")
    assert [status.connected for status in told] == [False, True]
    assert statuses.is_up("BTCUSDT") and not statuses.is_up("ETHUSDT")
    statuses.down("BTCUSDT", "book", "gap")
    assert told[-1].detail == "BTCUSDT: gap" and not told[-1].connected


def test_funding_falls_due_once_at_its_time_with_the_last_rate_before_it() -> None:
    schedule = FundingSchedule()
    assert schedule.announce(1_000, 8_000, 10) is None
    assert schedule.announce(7_999, 8_000, 12) is None
    assert schedule.announce(8_001, 16_000, 20) == 12
    assert schedule.announce(9_000, 16_000, 21) is None


def test_a_changed_interval_is_no_payment() -> None:
    schedule = FundingSchedule()
    schedule.announce(1_000, 8_000, 10)
    assert schedule.announce(1_100, 4_000, 10) is None
    assert schedule.announce(1_200, 12_000, 10) is None


def test_funding_that_fell_due_while_the_line_was_down_comes_with_the_first_message_after() -> None:
    schedule = FundingSchedule()
    schedule.announce(1_000, 8_000, 10)
    assert schedule.announce(30_000, 32_000, 11) == 10


def test_a_rate_is_of_a_second_or_more_however_many_ask() -> None:
    counter = StreamCounter("BTCUSDT", "book", 100.0)
    counter.messages, counter.last_s = 50, 104.0
    first = counter.figures(105.0)
    assert (first.messages_per_second, first.age_s) == (10.0, 1.0)
    counter.messages = 60
    assert counter.figures(105.001).messages_per_second == 10.0
    assert counter.figures(107.0).messages_per_second == 5.0
    assert counter.figures(107.0).messages_per_second == 5.0
