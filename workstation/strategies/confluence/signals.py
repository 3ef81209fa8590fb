"""The signals of the lowest timeframe: pullback, breakout, divergence.

Each looks at closed bars as float arrays, oldest first, and answers for the last bar: 1 to buy, −1 to sell, 0 none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def pullback(
    high: Floats,
    low: Floats,
    close: Floats,
    ema: Floats,
    rsi: Floats,
    atr: Floats,
    buy_level: float,
    sell_level: float,
    reach: float,
) -> int:
    """The bar before came back to the EMA (within ``reach`` ATRs) with RSI beyond its level, and this bar bounces:
    it closes further in the direction of the trade, and RSI turns with it.
    """
    if len(close) < 2 or np.isnan(ema[-2]) or np.isnan(rsi[-2]) or np.isnan(atr[-2]):
        return 0
    band = reach * atr[-2]
    if not low[-2] - band <= ema[-2] <= high[-2] + band:
        return 0
    if rsi[-2] < buy_level and close[-1] > close[-2] and rsi[-1] > rsi[-2]:
        return 1
    if rsi[-2] > sell_level and close[-1] < close[-2] and rsi[-1] < rsi[-2]:
        return -1
    return 0


def breakout(high: Floats, low: Floats, close: Floats, volume: Floats, channel: int, volume_factor: float) -> int:
    """The last close lies beyond the channel of the ``channel`` bars before it, on ``volume_factor`` times their
    average volume or more.
    """
    if len(close) <= channel:
        return 0
    before = slice(-channel - 1, -1)
    if volume[-1] < volume_factor * volume[before].mean():
        return 0
    if close[-1] > high[before].max():
        return 1
    if close[-1] < low[before].min():
        return -1
    return 0


def pivot_lows(low: Floats, k: int) -> list[int]:
    """Indices whose low is below the ``k`` before and not above the ``k`` after; the newest is ``k`` bars old."""
    count = len(low) - 2 * k
    if count <= 0:
        return []
    middle = low[k : k + count]
    is_pivot = np.ones(count, dtype=np.bool_)
    for step in range(1, k + 1):
        is_pivot &= middle < low[k - step : k - step + count]
        is_pivot &= middle <= low[k + step : k + step + count]
    return [int(index) + k for index in np.flatnonzero(is_pivot)]


def pivot_highs(high: Floats, k: int) -> list[int]:
    """The mirror of ``pivot_lows``."""
    return pivot_lows(-high, k)


def divergence(high: Floats, low: Floats, rsi: Floats, k: int, most_bars: int) -> int:
    """A pivot confirmed by the last bar against the one before it, at most ``most_bars`` earlier: a lower low in
    price with a higher low in RSI buys, a higher high with a lower high in RSI sells.
    """
    newest = len(low) - 1 - k
    window = 2 * k + most_bars + 1
    start = max(0, len(low) - window)
    for direction, prices, pivots in (
        (1, low, pivot_lows(low[start:], k)),
        (-1, -high, pivot_highs(high[start:], k)),
    ):
        if len(pivots) < 2 or pivots[-1] + start != newest:
            continue
        last, before = pivots[-1] + start, pivots[-2] + start
        if np.isnan(rsi[before]) or last - before > most_bars:
            continue
        if prices[last] < prices[before] and direction * (rsi[last] - rsi[before]) > 0:
            return direction
    return 0
