"""Footprints: exact sums in every timeframe and grouping, imbalances, the most traded row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.timeframe import MINUTE_NS
from workstation.market.order_flow.footprint import Footprint, Imbalance, Traded, imbalances, most_traded

TRADES = st.lists(
    st.tuples(st.integers(0, 40 * 60), st.integers(1000, 1030), st.integers(1, 10**12), st.booleans()),
    min_size=1,
    max_size=80,
).map(lambda trades: sorted(trades, key=lambda trade: trade[0]))


def counted(trades: list[tuple[int, int, int, bool]], footprint: Footprint) -> Footprint:
    for second, ticks, lots, bought in trades:
        footprint.add(second * 1_000_000_000, ticks, lots, bought)
    return footprint


@given(TRADES, st.sampled_from([1, 5, 15]), st.sampled_from([1, 3, 10]), st.booleans())
def test_every_trade_is_counted_once_in_its_bar_row_and_side(
    trades: list[tuple[int, int, int, bool]], minutes: int, group: int, chosen_before: bool
) -> None:
    footprint = Footprint()
    if chosen_before:
        footprint.choose(minutes * MINUTE_NS)
    counted(trades, footprint)
    footprint.choose(minutes * MINUTE_NS)
    seen = {bar.open_ns: bar for bar in footprint.bars}
    by_bar: dict[int, list[tuple[int, int, int, bool]]] = {}
    for trade in trades:
        by_bar.setdefault(trade[0] // (60 * minutes) * minutes * MINUTE_NS, []).append(trade)
    assert list(seen) == sorted(by_bar)
    for open_ns, inside in by_bar.items():
        bar = seen[open_ns]
        prices = [ticks for _, ticks, _, _ in inside]
        assert (bar.open, bar.high, bar.low, bar.close) == (prices[0], max(prices), min(prices), prices[-1])
        rows: dict[int, list[int]] = {}
        for _, ticks, lots, bought in inside:
            rows.setdefault(ticks // group, [0, 0])[bought] += lots
        assert bar.rows(group) == {row: Traded(*sums) for row, sums in rows.items()}
        assert bar.total.delta == sum(lots if bought else -lots for _, _, lots, bought in inside)
        assert bar.total.volume == sum(lots for _, _, lots, _ in inside)


@given(TRADES, st.sampled_from([5, 15]))
def test_a_timeframe_chosen_before_and_after_holds_the_same(
    trades: list[tuple[int, int, int, bool]], minutes: int
) -> None:
    before, after = Footprint(), Footprint()
    before.choose(minutes * MINUTE_NS)
    counted(trades, before)
    counted(trades, after).choose(minutes * MINUTE_NS)
    assert [(b.cells, b.total) for b in before.bars] == [(b.cells, b.total) for b in after.bars]


def test_the_first_bar_and_one_with_missed_trades_are_not_whole() -> None:
    footprint = counted([(0, 10, 1, True), (60, 10, 1, True), (120, 10, 1, True)], Footprint())
    assert [bar.incomplete for bar in footprint.bars] == [True, False, False]
    footprint.missed()
    assert [bar.incomplete for bar in footprint.bars] == [True, False, True]
    footprint.choose(5 * MINUTE_NS)
    assert [bar.incomplete for bar in footprint.bars] == [True]


def test_a_bounded_number_of_bars_is_kept_and_half_a_one_says_so() -> None:
    footprint = counted([(60 * number, 10, 1, True) for number in range(12)], Footprint(kept=4))
    assert [bar.open_ns // MINUTE_NS for bar in footprint.bars] == [8, 9, 10, 11]
    footprint.choose(5 * MINUTE_NS)
    assert [(bar.total.volume, bar.incomplete) for bar in footprint.bars] == [(2, True), (2, False)]


def test_only_multiples_of_the_base_can_be_chosen() -> None:
    with pytest.raises(ValueError, match="no multiple"):
        Footprint().choose(MINUTE_NS + 1)


def test_buyers_are_compared_with_the_sellers_one_row_below() -> None:
    rows = {10: Traded(bid=10, ask=5), 11: Traded(bid=5, ask=30), 12: Traded(bid=60, ask=5), 13: Traded(bid=5, ask=20)}
    assert imbalances(rows, 300) == {11: Imbalance(False, True), 12: Imbalance(True, False)}
    assert imbalances(rows, 301) == {}


def test_a_single_lot_beside_nothing_is_no_imbalance() -> None:
    assert imbalances({10: Traded(0, 1), 11: Traded(50, 50)}, 300) == {11: Imbalance(True, True)}
    assert imbalances({}, 300) == {}


@given(st.dictionaries(st.integers(0, 9), st.builds(Traded, st.integers(0, 50), st.integers(0, 50))))
def test_the_most_traded_row_has_the_largest_volume(rows: dict[int, Traded]) -> None:
    found = most_traded(rows)
    assert (found is None) is (not rows)
    if found is not None:
        assert rows[found].volume == max(traded.volume for traded in rows.values())
