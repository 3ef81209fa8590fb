"""Every indicator by name, those of our own against their definition, and refusals that say what to do."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from workstation.core.errors import ConfigurationError
from workstation.core.timeframe import DAY_NS, HOUR_NS
from workstation.market.indicators import indicator, indicator_names, indicator_parameters, parse_indicator
from workstation.market.running import Atr, Ema, Rsi, WilderAverage
from workstation.market.ta_lib import talib


def bars(count: int, seed: int = 1) -> SimpleNamespace:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    open_ = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(open_, close) * (1 + rng.uniform(0, 0.01, count))
    low = np.minimum(open_, close) * (1 - rng.uniform(0, 0.01, count))
    close_ns = (np.arange(count, dtype=np.int64) + 1) * HOUR_NS
    volume = rng.uniform(0, 10, count)
    return SimpleNamespace(close_ns=close_ns, open=open_, high=high, low=low, close=close, volume=volume)


SERIES = bars(300)


def test_every_indicator_computes_by_name() -> None:
    names = indicator_names()
    assert set(talib.get_functions()) < set(names)
    assert {"VWAP", "SUPERTREND", "ICHIMOKU", "DONCHIAN", "VOLUME"} < set(names)
    for name in names:
        lines = parse_indicator(name).compute(SERIES)
        assert lines, name
        for values in lines.values():
            assert values.dtype == np.float64 and len(values) == 300, name
        for values in indicator(name, bars(0)).values():
            assert len(values) == 0, name


def test_talib_by_name_gives_what_talib_gives() -> None:
    assert_allclose(indicator("ema", SERIES, timeperiod=21)["ema"], talib.EMA(SERIES.close, 21))
    assert_allclose(indicator("EMA", SERIES, timeperiod=21, source="high")["ema"], talib.EMA(SERIES.high, 21))
    assert_allclose(indicator("ATR", SERIES)["atr"], talib.ATR(SERIES.high, SERIES.low, SERIES.close, 14))
    assert_allclose(indicator("OBV", SERIES)["obv"], talib.OBV(SERIES.close, SERIES.volume))
    bands = parse_indicator("Bollinger(20, 3)").compute(SERIES)
    upper, middle, lower = talib.BBANDS(SERIES.close, 20, 3, 3)
    assert list(bands) == ["upperband", "middleband", "lowerband"]
    assert_allclose(bands["upperband"], upper)
    assert_allclose(bands["lowerband"], lower)
    assert_allclose(bands["middleband"], middle)
    assert_allclose(indicator("MAVP", SERIES, periods=5)["mavp"][30:], talib.SMA(SERIES.close, 5)[30:])


def test_vwap_starts_anew_each_utc_day() -> None:
    vwap = indicator("VWAP", SERIES)["vwap"]
    typical = (SERIES.high + SERIES.low + SERIES.close) / 3
    for index in (0, 5, 23, 24, 30, 299):
        since = index // 24 * 24
        part = slice(since, index + 1)
        expected = np.sum(typical[part] * SERIES.volume[part]) / np.sum(SERIES.volume[part])
        assert vwap[index] == pytest.approx(expected)
    assert SERIES.close_ns[23] == DAY_NS
    silent = bars(30)
    silent.volume[:26] = 0.0
    assert np.isnan(indicator("VWAP", silent)["vwap"][:26]).all()
    assert indicator("VWAP", silent)["vwap"][26] == pytest.approx((silent.high + silent.low + silent.close)[26] / 3)


def test_donchian_and_ichimoku_by_their_definition() -> None:
    channel = indicator("DONCHIAN", SERIES, period=20)
    cloud = indicator("ICHIMOKU", SERIES)

    def middle(end: int, period: int) -> float:
        part = slice(end - period + 1, end + 1)
        return float(SERIES.high[part].max() + SERIES.low[part].min()) / 2

    for index in (19, 100, 299):
        assert channel["upper"][index] == SERIES.high[index - 19 : index + 1].max()
        assert channel["lower"][index] == SERIES.low[index - 19 : index + 1].min()
        assert channel["middle"][index] == pytest.approx(middle(index, 20))
    assert np.isnan(channel["upper"][:19]).all()
    for index in (110, 200, 299):
        assert cloud["conversion"][index] == pytest.approx(middle(index, 9))
        assert cloud["base"][index] == pytest.approx(middle(index, 26))
        assert cloud["span_a"][index] == pytest.approx((middle(index - 26, 9) + middle(index - 26, 26)) / 2)
        assert cloud["span_b"][index] == pytest.approx(middle(index - 26, 52))
    assert cloud["lagging"][100] == SERIES.close[126]
    assert np.isnan(cloud["lagging"][-26:]).all()


def test_supertrend_trails_the_price_and_turns_when_it_is_passed() -> None:
    lines = indicator("SUPERTREND", SERIES, period=10, multiplier=2)
    line, direction = lines["supertrend"], lines["direction"]
    assert np.isnan(line[:10]).all()
    assert set(direction[10:]) == {1.0, -1.0}
    for index in range(11, 300):
        assert (SERIES.close[index] >= line[index]) == (direction[index] > 0)
        if direction[index] == direction[index - 1]:
            assert (line[index] - line[index - 1]) * direction[index] >= 0
        else:
            assert (SERIES.close[index] - line[index - 1]) * direction[index] > 0


def test_supertrend_is_that_of_tradingview_line_by_line() -> None:
    """``ta.supertrend`` as its reference writes it out, over enough bars that the hidden band decides some turns."""
    series = bars(4_000)
    high, low, close = series.high, series.low, series.close
    atr = talib.ATR(high, low, close, timeperiod=10)
    upper_before = lower_before = line_before = np.nan
    expected, directions = np.full(len(close), np.nan), np.full(len(close), np.nan)
    for index in range(10, len(close)):
        middle = (high[index] + low[index]) / 2
        upper, lower = middle + 3 * atr[index], middle - 3 * atr[index]
        if index == 10:
            down = True
        else:
            lower = lower if lower > lower_before or close[index - 1] < lower_before else lower_before
            upper = upper if upper < upper_before or close[index - 1] > upper_before else upper_before
            down = close[index] <= upper if line_before == upper_before else close[index] < lower
        expected[index], directions[index] = (upper, -1) if down else (lower, 1)
        upper_before, lower_before, line_before = upper, lower, expected[index]
    lines = indicator("SUPERTREND", series)
    assert_allclose(lines["supertrend"], expected)
    assert_allclose(lines["direction"], directions)


def test_parameters_are_listed_with_their_defaults() -> None:
    assert indicator_parameters("MACD") == {"fastperiod": 12, "slowperiod": 26, "signalperiod": 9, "source": "close"}
    assert indicator_parameters("supertrend") == {"period": 10, "multiplier": 3.0}
    assert indicator_parameters("VOLUME") == {}
    assert dict(parse_indicator(" macd( 5, slowperiod=8 ) ").parameters) == {"fastperiod": 5, "slowperiod": 8}


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("EMMA(3)", "There is no indicator EMMA; did you mean EMA"),
        ("QQQQ", "There is no indicator QQQQ; use a name of TA-Lib"),
        ("EMA(", "is not an indicator; write it as"),
        ("", "is not an indicator; write it as"),
        ("EMA(0)", "EMA cannot be computed with timeperiod=0; it takes timeperiod"),
        ("EMA(1.5)", "timeperiod of the indicator EMA must be a whole number, not 1.5"),
        ("EMA(x)", "timeperiod of the indicator EMA must be a number, not 'x'"),
        ("EMA(length=3)", "The indicator EMA has no parameter length; it takes timeperiod"),
        ("EMA(1,2,3)", "has too many parameters"),
        ("EMA(5, source=price)", "The source of EMA is one of open, high, low, close, volume, not price"),
        ("VOLUME(5)", "has too many parameters; it takes none"),
        ("SUPERTREND(10, -1)", "multiplier of the indicator SUPERTREND must be above 0, not -1"),
    ],
)
def test_a_wrong_indicator_is_refused(text: str, refusal: str) -> None:
    with pytest.raises(ConfigurationError, match=refusal):
        parse_indicator(text)


def test_running_indicators_equal_those_of_the_whole_series() -> None:
    rsi, atr = Rsi(14), Atr(14)
    assert_allclose([rsi.update(close) for close in SERIES.close], talib.RSI(SERIES.close, 14))
    ranges = [atr.update(*bar) for bar in zip(SERIES.high, SERIES.low, SERIES.close)]
    assert_allclose(ranges, talib.ATR(SERIES.high, SERIES.low, SERIES.close, 14))
    assert atr.value == ranges[-1]


def test_the_running_ema_is_seeded_with_the_first_value() -> None:
    ema = Ema(3)
    assert np.isnan(ema.value)
    assert [ema.update(price) for price in (10.0, 12.0, 11.0)] == [10.0, 11.0, 11.0]
    assert ema.value == 11.0


def test_wilders_average_begins_with_the_mean() -> None:
    average = WilderAverage(2)
    assert np.isnan(average.update(1.0))
    assert [average.update(amount) for amount in (3.0, 4.0, 1.0)] == [2.0, 3.0, 2.0]


def test_a_flat_market_has_no_strength() -> None:
    rsi = Rsi(2)
    assert [rsi.update(5.0) for _ in range(5)][-1] == 0.0 == talib.RSI(np.full(5, 5.0), 2)[-1]
