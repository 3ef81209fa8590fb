"""Bars that trades close: nothing is lost, and each bar keeps within its bounds."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.market.recordings.markets import BTC as INSTRUMENT
from workstation.core.errors import ConfigurationError
from workstation.market.trade_bars import (
    BUILDERS,
    RangeBars,
    RenkoBars,
    TickBars,
    TradeBar,
    TradeBarBuilder,
    TradeBarKind,
    VolumeBars,
    parse_trade_bars,
)

TRADES = st.lists(st.tuples(st.integers(0, 3), st.integers(-40, 40), st.integers(1, 500)), min_size=1, max_size=120)
SIZES = st.integers(1, 60)


def feed(builder: TradeBarBuilder, steps: list[tuple[int, int, int]]) -> tuple[list[TradeBar], list[tuple[int, int]]]:
    """Trades of a walk that begins at 1,000 ticks; the closed bars, and the trades' ticks and lots."""
    closed, trades, ts_ns, ticks = [], [], 0, 1_000
    for passed, moved, lots in steps:
        ts_ns, ticks = ts_ns + passed, max(1, ticks + moved)
        closed += builder.add(ts_ns, ticks, lots)
        trades.append((ticks, lots))
    return closed, trades


@given(st.sampled_from(list(TradeBarKind)), TRADES, SIZES)
def test_volume_is_conserved_and_bars_are_whole(
    kind: TradeBarKind, steps: list[tuple[int, int, int]], size: int
) -> None:
    builder = BUILDERS[kind](size)
    closed, trades = feed(builder, steps)
    every = [*closed, *([builder.forming] if builder.forming else [])]
    assert sum(bar.lots for bar in every) == sum(lots for _, lots in trades)
    assert all(before.open_ns < after.open_ns for before, after in pairwise(every))
    for bar in every:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    if builder.forming:
        assert builder.forming.close == trades[-1][0]


@given(TRADES, SIZES)
def test_tick_bars_hold_so_many_trades(steps: list[tuple[int, int, int]], size: int) -> None:
    builder = TickBars(size)
    closed, trades = feed(builder, steps)
    assert len(closed) == len(trades) // size
    for number, bar in enumerate(closed):
        part = trades[number * size : (number + 1) * size]
        assert (bar.open, bar.close) == (part[0][0], part[-1][0])
        assert (bar.low, bar.high) == (min(part)[0], max(part)[0])
        assert bar.lots == sum(lots for _, lots in part)


@given(TRADES, SIZES)
def test_volume_bars_hold_exactly_their_size(steps: list[tuple[int, int, int]], size: int) -> None:
    builder = VolumeBars(size)
    closed, _ = feed(builder, steps)
    assert all(bar.lots == size for bar in closed)
    assert builder.forming is None or 0 < builder.forming.lots < size


@given(TRADES, SIZES)
def test_range_bars_keep_their_range_and_close_only_when_they_must(
    steps: list[tuple[int, int, int]], size: int
) -> None:
    builder = RangeBars(size)
    closed, _ = feed(builder, steps)
    every = [*closed, *([builder.forming] if builder.forming else [])]
    assert all(bar.high - bar.low <= size for bar in every)
    for before, after in pairwise(every):
        assert max(before.high, after.open) - min(before.low, after.open) > size


@given(TRADES, SIZES)
def test_renko_bricks_stand_on_one_grid_and_turn_after_two(steps: list[tuple[int, int, int]], size: int) -> None:
    builder = RenkoBars(size)
    closed, trades = feed(builder, steps)
    first = trades[0][0]
    for bar in closed:
        assert abs(bar.close - bar.open) == size == bar.high - bar.low
        assert (bar.open - first) % size == 0
    for before, after in pairwise(closed):
        same = (before.close > before.open) == (after.close > after.open)
        assert after.open == (before.close if same else before.open)
    if closed:
        last = trades[-1][0]
        assert closed[-1].low - size < last < closed[-1].high + size


@pytest.mark.parametrize("text", ["tick 100", "volume 2.5", "range 50", "renko 12"])
def test_a_text_is_read_and_written(text: str) -> None:
    assert parse_trade_bars(text).text == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tick", "'tick' are no bars of trades; write tick 100, volume 2.5, range 50 or renko 50."),
        ("kagi 5", "'kagi 5' are no bars of trades; write tick 100, volume 2.5, range 50 or renko 50."),
        ("range 2.5", "The size of range bars is a whole number above 0, not 2.5."),
        ("volume -1", "The size of volume bars is a quantity above 0, not -1."),
        ("renko NaN", "The size of renko bars is a whole number above 0, not NaN."),
    ],
)
def test_what_is_no_size_is_told(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_trade_bars(text)
    assert str(caught.value) == sentence


def test_a_volume_below_a_lot_is_refused() -> None:
    tiny = parse_trade_bars(f"volume {INSTRUMENT.lot / 2:f}")
    with pytest.raises(ConfigurationError, match="are smaller than a lot of"):
        tiny.builder(INSTRUMENT)
    assert parse_trade_bars(f"volume {INSTRUMENT.lot * 7:f}").builder(INSTRUMENT).size == 7
    assert parse_trade_bars("range 7").size == Decimal(7)
