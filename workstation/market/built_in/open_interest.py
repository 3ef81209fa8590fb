"""Open interest of the built-in market's perpetuals: it swells and ebbs over days, hours and minutes."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from workstation.core.instrument import Instrument
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.market.built_in.assets import asset_of, lots_per_dollar_lossy, typical_price

DOLLARS_OF_SIZE = 3e9
"""Open interest of an asset of size 1, which is bitcoin."""
OCTAVES = (
    (89 * HOUR_NS, 0.16),
    (23 * HOUR_NS, 0.07),
    (5 * HOUR_NS, 0.025),
    (67 * MINUTE_NS, 0.01),
    (11 * MINUTE_NS, 0.003),
    (2 * MINUTE_NS, 0.001),
)
"""Value noise (Ebert and others, Texturing and Modeling, chapter 2): distance of the random points, and their share."""


def open_interest_lots(instrument: Instrument, times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lots that are open at each time (UTC ns).

    A function of symbol and time alone, so that the past agrees with what follows, over restarts and seeds too.
    """
    typical = DOLLARS_OF_SIZE * asset_of(instrument).size
    lots = typical * lots_per_dollar_lossy(instrument, typical_price(instrument))
    swell = np.zeros(len(times_ns))
    for period_ns, share in OCTAVES:
        key = crc32(f"{instrument.symbol} {period_ns}".encode())
        point, within = np.divmod(times_ns, period_ns)
        along = within / period_ns
        smooth = along * along * (3 - 2 * along)
        swell += share * (_random(point, key) * (1 - smooth) + _random(point + 1, key) * smooth)
    return np.maximum(1, np.rint(lots * np.exp(swell))).astype(np.int64)


def _random(points: NDArray[np.int64], key: int) -> NDArray[np.float64]:
    """From −1 to 1, the same for the same point and key (the finaliser of splitmix64, Steele and others 2014)."""
    mixed = points.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed.astype(np.float64) / 2.0**63 - 1
