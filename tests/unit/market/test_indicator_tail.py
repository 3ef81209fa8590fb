"""Every indicator is described, computes with its defaults, and gives over few bars what it gives over all."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.core.timeframe import MINUTE_NS
from workstation.market.indicator_catalogue import indicator_catalogue
from workstation.market.indicator_tail import IndicatorTail
from workstation.market.indicators import IndicatorCall, indicator_names, parse_indicator

BARS = 3_000


class Walk:
    """The first bars of a random walk, one a minute since 2024-01-01."""

    def __init__(self, count: int, first: int = 0) -> None:
        self._count = count
        random = np.random.default_rng(11)
        close = 100 * np.exp(np.cumsum(random.normal(0, 1e-3, BARS + 50)))
        open_ = np.concatenate([close[:1], close[:-1]])
        reach = np.abs(random.normal(0, 0.05, (2, BARS + 50)))
        chosen = slice(first, count)
        self.close_ns = (1_704_067_200_000_000_000 + np.arange(1, BARS + 51) * MINUTE_NS)[chosen]
        self.open, self.close = open_[chosen], close[chosen]
        self.high = (np.maximum(open_, close) + reach[0])[chosen]
        self.low = (np.minimum(open_, close) - reach[1])[chosen]
        self.volume = random.exponential(5, BARS + 50)[chosen]

    def since(self, first: int) -> Walk:
        return Walk(self._count, first)


def test_the_catalogue_has_every_indicator_and_tells_its_lines() -> None:
    catalogue = indicator_catalogue()
    assert sorted(catalogue) == indicator_names()
    series = Walk(300)
    for name, info in catalogue.items():
        assert info.title and info.group
        lines = IndicatorCall(name, (), name).compute(series)
        assert set(info.lines) <= set(lines), name


@pytest.mark.parametrize("name", sorted(indicator_catalogue()))
def test_the_newest_values_are_those_of_the_whole(name: str) -> None:
    call = IndicatorCall(name, (), name)
    tail = IndicatorTail(call, Walk(BARS))
    now = BARS + 3
    whole = {line: np.where(np.isfinite(values), values, np.nan) for line, values in call.compute(Walk(now)).items()}
    found = tail.newest(Walk(now), {line: values[: now - 2] for line, values in whole.items()}, 2)
    for line, values in found.items():
        assert np.allclose(values, whole[line][-2:], rtol=1e-7, atol=1e-7, equal_nan=True), line


def test_few_bars_are_computed_whole_and_many_are_not() -> None:
    call = parse_indicator("EMA(21)")
    assert not IndicatorTail(call, Walk(200)).cheap
    assert IndicatorTail(call, Walk(BARS)).cheap


def test_an_anchored_vwap_counts_from_the_bar_of_its_anchor() -> None:
    series = Walk(400)
    anchor = int(series.close_ns[100] - MINUTE_NS) // 1_000_000_000
    values = parse_indicator(f"VWAP(anchor={anchor})").compute(series)["vwap"]
    typical = (series.high + series.low + series.close) / 3
    assert np.isnan(values[:100]).all()
    assert values[100] == pytest.approx(typical[100])
    expected = (typical * series.volume)[100:].sum() / series.volume[100:].sum()
    assert values[-1] == pytest.approx(expected)
