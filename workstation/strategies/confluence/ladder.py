"""When the second and third entry of the ladder are due, and when they are given up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def confirmed(side: int, close: int, signal_close: int) -> bool:
    """The move has held: the close is not behind that of the signal."""
    return (close - signal_close) * side >= 0


def has_momentum(side: int, close: NDArray[np.float64], bars: int, rsi: float, level: float) -> bool:
    """The last ``bars`` bars closed further, and RSI is on the trade's side of ``level``."""
    if len(close) <= bars or np.isnan(rsi):
        return False
    return bool((close[-1] - close[-1 - bars]) * side > 0 and (rsi - level) * side > 0)


def give_up(
    side: int,
    entry: int,
    best: int,
    risk: int,
    far_enough: float,
    confidence_then: float,
    confidence_now: float,
    decay: float,
    least: float,
) -> str:
    """Why deeper entries are given up: the trade came ``far_enough`` (in R), or its confidence fell by ``decay``
    points or below ``least``. Empty while they stand.
    """
    if entry and (best - entry) * side >= far_enough * risk:
        return f"the trade is at +{far_enough:g} R"
    if confidence_now < least or confidence_then - confidence_now >= decay:
        return f"confidence fell from {confidence_then:.0f} to {confidence_now:.0f}"
    return ""
