"""What the strategy reads from its three timeframes at the close of a bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workstation.market.bars import BarSeries
from workstation.market.ta_lib import talib
from workstation.strategies.confluence.confidence import Conditions, Confidence, confidence
from workstation.strategies.confluence.parameters import ConfluenceParameters
from workstation.strategies.confluence.regime import regime
from workstation.strategies.confluence.setup import setup
from workstation.strategies.confluence.signals import breakout, divergence, pullback

SETTLED = 10
"""An indicator is read over this many of its longest periods, so that a restart with less history reads the same."""

Floats = NDArray[np.float64]


class Reading(NamedTuple):
    """Closed bars of its own timeframe as far as they are looked at, and what was found in them."""

    high: Floats
    low: Floats
    close: Floats
    close_ns: NDArray[np.int64]
    rsi: float
    atr: float
    """In price; NaN until it is ready."""
    regime: int
    setup: int
    volatile: bool
    thin: bool
    signals: dict[str, int]
    """1 or −1 by name of the signal; those that did not fire are left out."""

    @property
    def ready(self) -> bool:
        return bool(self.atr > 0.0)

    def conditions(self, signal: int) -> Conditions:
        return Conditions(self.regime, self.setup, signal, self.volatile, self.thin)


def read_regime(bars: BarSeries, terms: ConfluenceParameters) -> int:
    window = slice(-SETTLED * terms.regime_ema, None)
    return regime(
        bars.close[window],
        terms.regime_ema,
        terms.regime_macd_fast,
        terms.regime_macd_slow,
        terms.regime_macd_signal,
    )


def read_setup(bars: BarSeries, terms: ConfluenceParameters) -> int:
    window = slice(-SETTLED * max(terms.setup_ema_slow, terms.setup_adx, terms.setup_atr), None)
    return setup(
        bars.high[window],
        bars.low[window],
        bars.close[window],
        (terms.setup_ema_fast, terms.setup_ema_middle, terms.setup_ema_slow),
        terms.setup_adx,
        terms.setup_least_adx,
        terms.setup_atr,
        terms.setup_reach,
    )


def read(bars: BarSeries, regime_now: int, setup_now: int, terms: ConfluenceParameters) -> Reading:
    """Signals and conditions at the last closed bar."""
    longest = max(
        terms.pullback_ema, terms.rsi, terms.atr, terms.average_bars, terms.breakout_channel, terms.target_bars
    )
    window = slice(-SETTLED * longest, None)
    high, low, close, volume = bars.high[window], bars.low[window], bars.close[window], bars.volume[window]
    if len(close) <= max(terms.pullback_ema, terms.rsi, terms.atr):
        nothing = float("nan")
        return Reading(high, low, close, bars.close_ns[window], nothing, nothing, 0, 0, False, False, {})
    ema = talib.EMA(close, timeperiod=terms.pullback_ema)
    rsi = talib.RSI(close, timeperiod=terms.rsi)
    atr = talib.ATR(high, low, close, timeperiod=terms.atr)
    found: dict[str, int] = {}
    if terms.use_pullback:
        found["pullback"] = pullback(
            high, low, close, ema, rsi, atr, terms.pullback_buy_rsi, terms.pullback_sell_rsi, terms.pullback_reach
        )
    if terms.use_breakout:
        found["breakout"] = breakout(high, low, close, volume, terms.breakout_channel, terms.breakout_volume)
    if terms.use_divergence:
        found["divergence"] = divergence(high, low, rsi, terms.pivot_bars, terms.divergence_bars)
    return Reading(
        high=high,
        low=low,
        close=close,
        close_ns=bars.close_ns[window],
        rsi=float(rsi[-1]),
        atr=float(atr[-1]),
        regime=regime_now,
        setup=setup_now,
        volatile=beyond_average(atr, terms.average_bars, terms.volatility_multiple),
        thin=below_average(volume, terms.average_bars, terms.volume_multiple),
        signals={name: direction for name, direction in found.items() if direction},
    )


def beyond_average(values: Floats, bars: int, multiple: float) -> bool:
    """The last value is above ``multiple`` times the average of the ``bars`` before it. False until these are ready."""
    average = _average_before(values, bars)
    return average is not None and bool(values[-1] > multiple * average)


def below_average(values: Floats, bars: int, multiple: float) -> bool:
    """The mirror of ``beyond_average``."""
    average = _average_before(values, bars)
    return average is not None and bool(values[-1] < multiple * average)


def _average_before(values: Floats, bars: int) -> float | None:
    if len(values) <= bars or np.isnan(values[-bars - 1]):
        return None
    return float(values[-bars - 1 : -1].mean())


def judge(reading: Reading, terms: ConfluenceParameters) -> tuple[int, Confidence, list[str]] | None:
    """Direction, confidence and names of the signals of the better side; ``None`` without a signal, or when both
    sides are equal.
    """
    judged = []
    for direction in (1, -1):
        names = [name for name, way in reading.signals.items() if way == direction]
        if names:
            found = confidence(direction, reading.conditions(direction), terms.weights)
            judged.append((direction, found, names))
    if len(judged) == 2:
        if judged[0][1].value == judged[1][1].value:
            return None
        judged.sort(key=lambda one: one[1].value)
    return judged[-1] if judged else None
