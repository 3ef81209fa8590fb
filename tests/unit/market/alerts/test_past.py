"""The bars of the time when nothing watched: leaving out those that cannot have crossed leaves out no crossing."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.market.alerts.test_crossing import BTC, MINUTE, at_level, book
from workstation.market.alerts.alert import Condition, IndicatorLevel, PriceLevel, PriceLine
from workstation.market.alerts.alert_book import AlertBook, Firing
from workstation.market.alerts.crossing import path_of_bar
from workstation.market.alerts.past import past_prices

PRICE = st.integers(95, 105)
BARS = st.lists(st.tuples(PRICE, PRICE, st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=15)
CONDITIONS = st.sampled_from(
    [PriceLevel(Decimal(10)), PriceLine(0, Decimal("9.6"), 15 * MINUTE, Decimal("10.4"), extends=True)]
)


def columns(bars: list[tuple[int, int, int, int]]) -> SimpleNamespace:
    """Bars of open, close and how far they reach beyond, in ticks of 0.1, from the second minute on."""
    opens = (np.arange(len(bars), dtype=np.int64) + 1) * MINUTE
    open_, close, up, down = (np.array(column, dtype=np.float64) for column in zip(*bars, strict=True))
    high, low = np.maximum(open_, close) + up, np.minimum(open_, close) - down
    parts = {"open": open_ / 10, "high": high / 10, "low": low / 10, "close": close / 10}

    class Columns(SimpleNamespace):
        def __len__(self) -> int:
            return len(bars)

    return Columns(open_ns=opens, close_ns=opens + MINUTE, **parts)


def restored(condition: Condition, first: int) -> AlertBook:
    """An alert in every bar that saw one price before it was saved."""
    before, after = book(), book()
    before.add(at_level(condition=condition, timeframe="1m"))
    before.on_price("BTCUSDT", first, 1)
    after.restore(before.alerts, before.next_number)
    return after


@given(BARS, CONDITIONS, PRICE)
def test_what_is_left_out_crosses_nothing(
    bars: list[tuple[int, int, int, int]], condition: Condition, first: int
) -> None:
    table = columns(bars)
    every, some = restored(condition, first), restored(condition, first)
    whole: list[Firing | None] = []
    for place in range(len(bars)):
        path = path_of_bar(*(float(getattr(table, name)[place]) for name in ("open", "high", "low", "close")))
        for step, price in enumerate(path):
            ts_ns = int(table.open_ns[place]) + step * MINUTE // 4
            whole.append(every.on_past("alert 1", BTC.ticks_rounded(round(price, 1)), ts_ns))
    few = [some.on_past("alert 1", past.ticks, past.ts_ns) for past in past_prices(some.alerts[0], BTC, table)]
    assert [firing for firing in few if firing] == [firing for firing in whole if firing]


def test_only_bars_since_it_was_seen_count_and_an_indicator_has_none() -> None:
    table = columns([(99, 101, 0, 0), (101, 99, 0, 0)])
    alert = at_level(condition=PriceLevel(Decimal(10)), seen_ns=MINUTE + 1)
    assert {price.ts_ns // MINUTE for price in past_prices(alert, BTC, table)} == {2}
    assert not list(past_prices(at_level(condition=IndicatorLevel("RSI(14)", "real", 1.0)), BTC, table))
    assert float(table.low[1]) == pytest.approx(9.9), "the bars themselves are left as they were"
