"""What the tape of the built-in market trades in a step on average, so that past bars go over into those of the tape.

An ordinary trade takes from the best level, at most what stands there. Where the price leaves, whole levels are swept:
the more, the more levels it passes from one step to the next, which a fine tick and few steps a second make many.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from workstation.market.built_in.symbol_feed import (
    LEVEL_SPREAD,
    TOUCH_DOLLARS,
    TRADE_DOLLARS,
    TRADE_SPREAD,
    slot_fineness,
    slot_width,
)

Floats = NDArray[np.float64]

ORDINARY_TRADES, SWEPT_INSTEAD = 0.42, 0.7
"""Ordinary trades a step where nothing is swept, and how many fewer a swept level leaves; measured on the tape."""
MOST_SWEPT, SWEPT_DOLLARS = 0.35, 12_500.0
"""Levels a step that are swept at most, and what such a level holds for an asset of size 1; measured on the tape."""
TIGHTNESS, TIGHTNESS_OF_SLOTS = 1.15, 1.85
"""Levels that the price must pass in a step before it sweeps: a constant, and a part by the slots' fineness."""


def step_dollars(price: int, activity: Floats, move: Floats) -> Floats:
    """Mean dollars of a step for an asset of size 1 whose tape started at ``price`` ticks.

    ``activity`` is a multiple of a trade's mean, ``move`` the standard deviation of a step's log return.
    """
    width = slot_width(price)
    tight = TIGHTNESS + TIGHTNESS_OF_SLOTS * slot_fineness(price)
    swept = MOST_SWEPT * np.exp(-tight * width / np.maximum(move * price, 1e-9))
    dollars: Floats = (ORDINARY_TRADES - SWEPT_INSTEAD * swept) * _ordinary(activity) + swept * SWEPT_DOLLARS
    return dollars


def _ordinary(activity: Floats) -> Floats:
    """Mean dollars of a trade that takes no more than the level holds.

    The mean of the smaller of two lognormal sizes (Margrabe, The Value of an Option to Exchange One Asset for Another,
    Journal of Finance 1978, without time value).
    """
    below = NormalDist().cdf
    both = math.hypot(TRADE_SPREAD, LEVEL_SPREAD)
    grid = np.linspace(-6.0, 4.0, 81)
    means = []
    for log_activity in grid.tolist():
        wanted = TRADE_DOLLARS * math.exp(log_activity)
        apart = math.log(TOUCH_DOLLARS / wanted)
        means.append(wanted * below(apart / both - both / 2) + TOUCH_DOLLARS * below(-apart / both - both / 2))
    return np.interp(np.log(np.maximum(activity, 1e-9)), grid, means)
