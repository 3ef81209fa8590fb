"""The regime of the highest timeframe: which side, if any, the long trend favours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workstation.market.ta_lib import talib


def regime(close: NDArray[np.float64], ema: int, fast: int, slow: int, signal: int) -> int:
    """1 when the last close is above its EMA and MACD above 0, −1 for the mirror, else 0.

    ``close`` are closed bars, oldest first; periods are in bars. 0 until both indicators are ready.
    """
    if len(close) < max(ema, slow + signal - 1):
        return 0
    average = talib.EMA(close, timeperiod=ema)[-1]
    macd = talib.MACD(close, fastperiod=fast, slowperiod=slow, signalperiod=signal)[0][-1]
    last = close[-1]
    if last > average and macd > 0.0:
        return 1
    if last < average and macd < 0.0:
        return -1
    return 0
