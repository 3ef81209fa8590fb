"""The setup of the middle timeframe: a trend that is stacked, strong, and not stretched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workstation.market.ta_lib import talib


def setup(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    emas: tuple[int, int, int],
    adx: int,
    least_adx: float,
    atr: int,
    most_atrs: float,
) -> int:
    """1 or −1 when the three EMAs are stacked in order, ADX is above its least value and the close lies within
    ``most_atrs`` ATRs of the fastest EMA; else 0, as until every indicator is ready. Periods are in bars.
    """
    if len(close) < max(*emas, 2 * adx, atr + 1):
        return 0
    fast, middle, slow = (float(talib.EMA(close, timeperiod=period)[-1]) for period in emas)
    if fast > middle > slow:
        direction = 1
    elif fast < middle < slow:
        direction = -1
    else:
        return 0
    strength = talib.ADX(high, low, close, timeperiod=adx)[-1]
    reach = most_atrs * talib.ATR(high, low, close, timeperiod=atr)[-1]
    if strength > least_adx and abs(close[-1] - fast) <= reach:
        return direction
    return 0
