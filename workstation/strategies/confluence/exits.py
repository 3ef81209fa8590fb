"""Planned reward, and where the soft stop moves. Arrays are closed bars as float prices, oldest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workstation.strategies.confluence.signals import pivot_highs, pivot_lows

Floats = NDArray[np.float64]


def planned_reward(side: int, entry: float, high: Floats, low: Floats, target_bars: int, channel: int) -> float:
    """Distance in price to the planned target: the extreme of the last ``target_bars`` bars, or the height of the
    channel projected from the entry where that is farther, as it is when nothing lies ahead.
    """
    height = float(high[-channel:].max() - low[-channel:].min())
    ahead = float(high[-target_bars:].max() - entry) if side > 0 else float(entry - low[-target_bars:].min())
    return max(height, ahead)


def structure(side: int, high: Floats, low: Floats, close_ns: NDArray[np.int64], since_ns: int, k: int) -> float:
    """Price of the newest confirmed pivot against the trade whose bar closed after ``since_ns``; 0.0 when none."""
    pivots = pivot_lows(low, k) if side > 0 else pivot_highs(high, k)
    if not pivots or close_ns[pivots[-1]] <= since_ns:
        return 0.0
    return float(low[pivots[-1]] if side > 0 else high[pivots[-1]])
