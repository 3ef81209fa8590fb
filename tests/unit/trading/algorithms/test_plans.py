"""What plans come to: nothing is lost or added by slicing, whatever the numbers."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.algorithms import Iceberg, ParentOrder, Scaled, Twap
from workstation.core.errors import OrderError
from workstation.core.instrument import Instrument
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.core.types import InstrumentKind, Side
from workstation.trading.algorithms import plans

RATE = 100_000_000
TERMS = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind=InstrumentKind.LINEAR,
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    minimum_notional=Decimal(5),
)
seeds = st.integers(0, 1 << 48)
randomness = st.integers(0, RATE // 2)
plan_of_slices = st.builds(
    Twap,
    duration_ns=st.integers(600, 3_600).map(lambda seconds: seconds * SECOND_NS),
    slices=st.integers(2, plans.MOST_SLICES),
    randomness=randomness,
)
plan_of_rungs = st.builds(
    Scaled,
    first_price=st.integers(100_000, 200_000),
    last_price=st.integers(300_000, 400_000),
    count=st.integers(2, plans.MOST_RUNGS),
    sizes=st.sampled_from(["linear", "geometric"]),
    ratio=st.integers(RATE // 100, RATE * 100),
)


@given(plan_of_slices, st.integers(1, 1 << 40), seeds)
def test_slices_add_up_and_come_in_their_order_within_the_duration(plan: Twap, lots: int, seed: int) -> None:
    timetable = plans.slices(plan, lots, seed)
    assert len(timetable) == plan.slices
    assert timetable[-1].lots == lots
    assert all(earlier.lots <= later.lots for earlier, later in pairwise(timetable))
    interval_ns = plan.duration_ns // plan.slices
    for number, part in enumerate(timetable):
        late_ns = part.after_ns - number * interval_ns
        assert 0 <= late_ns <= interval_ns * plan.randomness // RATE
    assert timetable == plans.slices(plan, lots, seed)


@given(st.integers(2, 100), st.integers(1, 1_000), seeds)
def test_without_randomness_slices_are_as_equal_as_lots_allow(slices: int, each: int, seed: int) -> None:
    timetable = plans.slices(Twap(duration_ns=MINUTE_NS * 60, slices=slices), each * slices, seed)
    assert [part.lots for part in timetable] == [each * number for number in range(1, slices + 1)]


@given(plan_of_rungs, st.integers(1, 1 << 40))
def test_rungs_add_up_between_the_two_prices_and_sizes_go_one_way(plan: Scaled, lots: int) -> None:
    ladder = plans.rungs(plan, lots)
    assert sum(rung.lots for rung in ladder) == lots
    prices = [rung.price for rung in ladder]
    assert prices == sorted(set(prices))
    assert (prices[0], prices[-1]) == (plan.first_price, plan.last_price)
    growing = 1 if plan.ratio >= RATE else -1
    assert all((later.lots - earlier.lots) * growing >= -1 for earlier, later in pairwise(ladder))


def test_the_last_rung_is_as_much_larger_as_was_asked() -> None:
    plan = Scaled(first_price=100, last_price=200, count=5, ratio=3 * RATE)
    assert [rung.lots for rung in plans.rungs(plan, 1_000)] == [100, 150, 200, 250, 300]
    doubling = Scaled(first_price=200, last_price=100, count=5, sizes="geometric", ratio=16 * RATE)
    ladder = plans.rungs(doubling, 3_100)
    assert [rung.lots for rung in ladder] == [100, 200, 400, 800, 1_600]
    assert [rung.price for rung in ladder] == [200, 175, 150, 125, 100]


@given(st.integers(1, 1_000_000), randomness, seeds, st.integers(0, 100))
def test_what_shows_of_an_iceberg_stays_within_its_randomness(size: int, rate: int, seed: int, shown: int) -> None:
    plan = Iceberg(price=1, visible=size, randomness=rate)
    lots = plans.visible(plan, seed, shown)
    assert abs(lots - size) <= size * rate // RATE
    assert lots == plans.visible(plan, seed, shown)


MINUTE = MINUTE_NS
WRONG: dict[str, tuple[int, Twap | Iceberg | Scaled, str]] = {
    "no quantity": (0, Twap(duration_ns=MINUTE, slices=2), "whole lots"),
    "too short": (10, Twap(duration_ns=1, slices=2), "from 1 s to 7 days"),
    "one slice": (10, Twap(duration_ns=MINUTE, slices=1), "from 2 to 500 slices"),
    "slices too near": (1_000, Twap(duration_ns=MINUTE, slices=100), "at least 1 s apart"),
    "slices too small": (10, Twap(duration_ns=MINUTE, slices=11), "too little for so many slices"),
    "too random": (10, Twap(duration_ns=MINUTE, slices=2, randomness=RATE), "from 0 % to 50 %"),
    "nothing to show": (10, Iceberg(price=1, visible=0), "above 0 and at most its quantity"),
    "all to show": (10, Iceberg(price=1, visible=11), "above 0 and at most its quantity"),
    "no price": (10, Iceberg(price=0, visible=1), "price above 0"),
    "always refilled": (10, Iceberg(price=1, visible=1, refill=RATE), "below 100 %"),
    "one order": (10, Scaled(first_price=1, last_price=9, count=1), "from 2 to 50 orders"),
    "prices too near": (10, Scaled(first_price=1, last_price=4, count=5), "too near"),
    "orders too small": (3, Scaled(first_price=1, last_price=9, count=4), "too little for so many orders"),
    "a factor too large": (10, Scaled(first_price=1, last_price=9, count=2, ratio=101 * RATE), "times as large"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_plan_that_cannot_be_is_refused_in_words(name: str) -> None:
    lots, plan, words = WRONG[name]
    with pytest.raises(OrderError, match=words):
        plans.check(ParentOrder(symbol="BTCUSDT", side=Side.BUY, lots=lots, plan=plan), TERMS)
