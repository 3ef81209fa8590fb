"""Open interest of the built-in market's perpetuals: it swells and ebbs over days, hours and minutes."""

from __future__ import annotations

from math import exp, sin, tau
from zlib import crc32

from workstation.core.instrument import Instrument
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.market.built_in.assets import asset_of, lots_per_dollar_lossy, typical_price

DOLLARS_OF_SIZE = 3e9
"""Open interest of an asset of size 1, which is bitcoin."""
WAVES = (
    (93 * HOUR_NS, 0.10),
    (29 * HOUR_NS, 0.05),
    (7 * HOUR_NS, 0.02),
    (53 * MINUTE_NS, 0.006),
    (4 * MINUTE_NS, 0.001),
)
"""Period and share of each wave; no period is a multiple of another."""


def open_interest_lots(instrument: Instrument, ts_ns: int) -> int:
    """Lots that are open at a time (UTC ns).

    A function of symbol and time alone, so that the past agrees with what follows, over restarts and seeds too.
    """
    typical = DOLLARS_OF_SIZE * asset_of(instrument).size
    lots = typical * lots_per_dollar_lossy(instrument, typical_price(instrument))
    swell = sum(
        share * sin(tau * (ts_ns % period_ns / period_ns + crc32(f"{instrument.symbol} {period_ns}".encode()) / 2**32))
        for period_ns, share in WAVES
    )
    return max(1, round(lots * exp(swell)))
