"""Open interest and funding over time: in order, one a minute, however they come."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.exchange.running_market import instrument
from workstation.core.messages import FundingRate, OpenInterest, PerpetualHistory
from workstation.core.timeframe import MINUTE_NS
from workstation.market.built_in.open_interest import open_interest_lots
from workstation.market.perpetual_figures import KEPT, PerpetualFigures, TimedValues

ROWS = st.lists(st.tuples(st.integers(0, 50 * MINUTE_NS), st.integers(1, 1_000)), max_size=40)


@given(ROWS, ROWS)
def test_values_stay_in_order_and_what_was_heard_wins_over_the_past(past: list, live: list) -> None:
    live = sorted(live, key=lambda row: row[0])
    late, early = TimedValues(), TimedValues()
    early.add_past(past)
    for row in live:
        late.add(*row)
        early.add(*row)
    heard = {ts_ns // MINUTE_NS: (ts_ns, value) for ts_ns, value in live}
    late.add_past(past)
    for values in (late, early):
        times, amounts = values.arrays
        minutes = [int(time) // MINUTE_NS for time in times]
        assert minutes == sorted(set(minutes))
        assert set(minutes) == {ts_ns // MINUTE_NS for ts_ns, _ in [*past, *live]}
        assert values.rows() == tuple(zip(times.tolist(), amounts.tolist()))
    found = {row[0] // MINUTE_NS: row for row in late.rows()}
    assert {minute: found[minute] for minute in heard} == heard


def test_the_oldest_go_when_there_are_too_many() -> None:
    values = TimedValues()
    for minute in range(KEPT + 5):
        values.add(minute * MINUTE_NS, minute)
    assert len(values) == KEPT
    assert values.rows(2) == (((KEPT + 3) * MINUTE_NS, KEPT + 3), ((KEPT + 4) * MINUTE_NS, KEPT + 4))
    assert values.rows(0) == ()


def test_who_begins_now_is_told_all_that_is_known() -> None:
    figures, late = PerpetualFigures(), PerpetualFigures()
    assert not figures
    figures.take(PerpetualHistory("BTCUSDT", 9 * MINUTE_NS, ((MINUTE_NS, 5), (2 * MINUTE_NS, 6)), ((MINUTE_NS, -3),)))
    figures.take(OpenInterest("BTCUSDT", 9 * MINUTE_NS, 7))
    figures.take(FundingRate("BTCUSDT", 9 * MINUTE_NS, 4, 100))
    late.take(figures.history("BTCUSDT", 10 * MINUTE_NS))
    assert late.open_interest.rows() == ((MINUTE_NS, 5), (2 * MINUTE_NS, 6), (9 * MINUTE_NS, 7))
    assert late.fundings.rows() == ((MINUTE_NS, -3), (9 * MINUTE_NS, 4))


@given(st.integers(1_600_000_000, 1_900_000_000))
def test_the_built_in_market_moves_it_little_by_little(second: int) -> None:
    terms = instrument(market="linear", lot=Decimal("0.001"))
    now, soon = open_interest_lots(terms, np.array([second, second + 60]) * 10**9).tolist()
    assert abs(now - soon) / now < 0.01
    assert 50_000 < now * terms.lot < 100_000
