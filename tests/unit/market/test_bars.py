from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.instrument import Instrument
from workstation.core.messages import Bar
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, TIMEFRAMES, bar_open_ns
from workstation.core.types import InstrumentKind
from workstation.market.bars import BarBuilder, BarSeries

SYMBOL = "BTCUSDT"
START_NS = 19_000 * DAY_NS
FIVE = 5 * MINUTE_NS
TERMS = Instrument(SYMBOL, "BTC", "USDT", InstrumentKind.SPOT, Decimal("0.5"), Decimal("0.01"), Decimal(5))

Row = tuple[int, int, int]
"""Time, price and lots of a trade."""


def trades_of(steps: list[Row]) -> list[Row]:
    now_ns, rows = START_NS, []
    for wait_s, price, lots in steps:
        now_ns += wait_s * SECOND_NS
        rows.append((now_ns, price, lots))
    return rows


TRADES = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 99), st.integers(1, 9)), min_size=1, max_size=60).map(
    trades_of
)


def bars_by_hand(trades: list[Row], interval_ns: int, until_ns: int) -> list[Bar]:
    groups: dict[int, list[Row]] = {}
    for row in trades:
        groups.setdefault(bar_open_ns(row[0], interval_ns), []).append(row)
    return [
        Bar(
            SYMBOL,
            open_ns + interval_ns,
            interval_ns,
            rows[0][1],
            max(row[1] for row in rows),
            min(row[1] for row in rows),
            rows[-1][1],
            sum(row[2] for row in rows),
        )
        for open_ns, rows in groups.items()
        if open_ns + interval_ns <= until_ns
    ]


def bars_from_trades(trades: list[Row], interval_ns: int, until_ns: int) -> list[Bar]:
    builder = BarBuilder(SYMBOL, interval_ns)
    done = [builder.add_trade(*row) for row in trades]
    done.append(builder.take_closed(until_ns))
    return [bar for bar in done if bar is not None]


@given(TRADES, st.sampled_from((MINUTE_NS, FIVE, HOUR_NS)))
def test_bars_of_trades_are_those_made_by_hand(trades: list[Row], interval_ns: int) -> None:
    until_ns = trades[-1][0] + 2 * interval_ns
    assert bars_from_trades(trades, interval_ns, until_ns) == bars_by_hand(trades, interval_ns, until_ns)


@given(TRADES, st.sampled_from((3 * MINUTE_NS, FIVE, HOUR_NS)))
def test_bars_of_smaller_bars_are_those_of_the_trades(trades: list[Row], interval_ns: int) -> None:
    until_ns = bar_open_ns(trades[-1][0], interval_ns) + 2 * interval_ns
    builder = BarBuilder(SYMBOL, interval_ns)
    made: list[Bar] = []
    for bar in bars_from_trades(trades, MINUTE_NS, until_ns):
        made.extend(builder.add_bar(bar))
    last = builder.take_closed(until_ns)
    made.extend([last] if last is not None else [])
    assert made == bars_by_hand(trades, interval_ns, until_ns)


@given(TRADES)
def test_lesson_21_a_bar_is_handed_out_only_when_its_time_is_over(trades: list[Row]) -> None:
    builder = BarBuilder(SYMBOL, FIVE)
    for bar in bars_from_trades(trades, MINUTE_NS, trades[-1][0] + MINUTE_NS):
        for done in builder.add_bar(bar):
            assert done.ts_ns <= bar.ts_ns


def minute(number: int, price: int = 50) -> Bar:
    return Bar(SYMBOL, START_NS + (number + 1) * MINUTE_NS, MINUTE_NS, price, price, price, price, 1)


def test_the_last_smaller_bar_closes_the_larger_at_once() -> None:
    builder = BarBuilder(SYMBOL, FIVE)
    assert [len(builder.add_bar(minute(n))) for n in range(10)] == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]


def test_a_gap_closes_the_larger_bar_late_but_with_what_it_had() -> None:
    builder = BarBuilder(SYMBOL, FIVE)
    for number in (0, 1):
        assert builder.add_bar(minute(number, 40 + number)) == ()
    late = builder.add_bar(minute(13, 60))
    assert [(bar.ts_ns, bar.open, bar.close, bar.lots) for bar in late] == [(START_NS + FIVE, 40, 41, 2)]
    both = BarBuilder(SYMBOL, FIVE)
    both.add_bar(minute(1, 40))
    done = both.add_bar(minute(9, 60))
    assert [(bar.ts_ns, bar.close) for bar in done] == [(START_NS + FIVE, 40), (START_NS + 2 * FIVE, 60)]


def test_a_smaller_bar_that_is_covered_already_counts_once() -> None:
    builder = BarBuilder(SYMBOL, FIVE)
    for number in (0, 1, 1, 0, 2, 3, 4, 4):
        for bar in builder.add_bar(minute(number)):
            assert bar.lots == 5
    assert builder.close_ns == 0


def test_weeks_are_made_of_days_from_monday() -> None:
    week_ns = TIMEFRAMES["1w"]
    builder = BarBuilder(SYMBOL, week_ns)
    monday = bar_open_ns(START_NS, week_ns)
    done: list[Bar] = []
    for day in range(14):
        close_ns = monday + (day + 1) * DAY_NS
        done.extend(builder.add_bar(Bar(SYMBOL, close_ns, DAY_NS, day, day, day, day, 1)))
    assert [(bar.open_ns, bar.open, bar.close, bar.lots) for bar in done] == [
        (monday, 0, 6, 7),
        (monday + week_ns, 7, 13, 7),
    ]


# --- The series ------------------------------------------------------------------------------------------------------


def row(number: int) -> tuple[int, int, int, int, int, int]:
    return (number * MINUTE_NS, number, number + 2, number - 2, number + 1, 3 * number)


@pytest.mark.parametrize("capacity", [1, 10, 300])
@given(chunks=st.lists(st.integers(0, 700), max_size=12))
def test_the_series_keeps_the_newest_and_stays_bounded(capacity: int, chunks: list[int]) -> None:
    series, number = BarSeries(TERMS, MINUTE_NS, capacity), 0
    for chunk in chunks:
        series.extend(tuple(row(number + offset) for offset in range(chunk)))
        number += chunk
        kept = len(series)
        assert min(capacity, number) <= kept <= number
        assert kept <= max(256, 2 * (capacity + 700))
        expected = np.arange(number - kept, number)
        np.testing.assert_array_equal(series.close_ns, expected * MINUTE_NS)
        np.testing.assert_array_equal(series.open_ns, (expected - 1) * MINUTE_NS)
        np.testing.assert_array_equal(series.open, expected * 0.5)
        np.testing.assert_array_equal(series.high, (expected + 2) * 0.5)
        np.testing.assert_array_equal(series.low, (expected - 2) * 0.5)
        np.testing.assert_array_equal(series.close, (expected + 1) * 0.5)
        np.testing.assert_array_equal(series.volume, 3 * expected * 0.01)
    assert series.total == number


def test_an_array_that_was_read_does_not_change_afterwards() -> None:
    series = BarSeries(TERMS, MINUTE_NS, 50)
    for number in range(40):
        series.append(*row(number))
    before = series.close
    copy = before.copy()
    for number in range(40, 2_000):
        series.append(*row(number))
        len(series)
    np.testing.assert_array_equal(before, copy)


def test_an_empty_series_has_empty_arrays() -> None:
    series = BarSeries(TERMS, MINUTE_NS)
    assert (len(series), series.close.shape, series.close_ns.shape) == (0, (0,), (0,))
