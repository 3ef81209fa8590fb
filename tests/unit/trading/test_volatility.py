"""When a market's range is far above its usual one."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.trading.bench import BTC, START_NS
from workstation.core.messages import Bar
from workstation.core.timeframe import HOUR_NS
from workstation.trading.volatility import VolatilityWatch


def bar(number: int, reach: int) -> Bar:
    return Bar(BTC, START_NS + number * HOUR_NS, HOUR_NS, 1_000, 1_000 + reach, 1_000 - reach, 1_000, 5)


def test_the_ratio_is_known_once_both_averages_are() -> None:
    watch = VolatilityWatch()
    ratios = [watch.add(bar(number, 10)) for number in range(130)]
    first = VolatilityWatch.PERIOD + VolatilityWatch.AVERAGE
    assert ratios[:first] == [Decimal(0)] * first
    assert set(ratios[first:]) == {Decimal(1)}


def test_a_wild_bar_stands_out_against_the_usual_range() -> None:
    watch = VolatilityWatch()
    for number in range(200):
        watch.add(bar(number, 10))
    assert watch.add(bar(200, 150)) == Decimal(2)
