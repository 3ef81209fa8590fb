"""The prices of closed bars that an alert may have crossed while nothing watched it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from workstation.core.instrument import Instrument
from workstation.market.alerts.alert import Alert, IndicatorLevel, PriceLevel, PriceLine
from workstation.market.alerts.crossing import path_of_bar

MOST_BARS = 2_000
"""Bars that reach the level; of more the newest are taken."""


class PastPrice(NamedTuple):
    ts_ns: int
    ticks: int


def past_prices(alert: Alert, instrument: Instrument, bars: Any) -> Iterator[PastPrice]:
    """Prices in the order of time, since the alert was seen last, of the bars that may have crossed its level.

    ``bars`` has equally long columns ``open_ns``, ``close_ns`` (int64, UTC), ``open``, ``high``, ``low`` and ``close``
    (float64). What a bar went through is supposed, as ``path_of_bar`` says.
    """
    condition = alert.condition
    if isinstance(condition, IndicatorLevel) or not len(bars):
        return
    opens = np.asarray(bars.open_ns)
    first = int(np.searchsorted(opens, alert.seen_ns))
    opens, closes = opens[first:], np.asarray(bars.close_ns)[first:]
    if not len(opens):
        return
    low, high, close = (np.array(column[first:]) for column in (bars.low, bars.high, bars.close))
    # From one bar to the next the price may jump.
    low[1:], high[1:] = np.minimum(low[1:], close[:-1]), np.maximum(high[1:], close[:-1])
    tick = instrument.tick_lossy
    reached = np.zeros(len(opens), dtype=bool)
    if isinstance(condition, PriceLevel):
        edges = [(condition.price, condition.price)]
    elif isinstance(condition, PriceLine):
        edges = [(condition.start_price, condition.end_price)]
    else:
        edges = [(condition.low_start, condition.low_end), (condition.high_start, condition.high_end)]
    for start, end in edges:
        floor = ceiling = np.full(len(opens), float(start))
        if not isinstance(condition, PriceLevel):
            slope = float(end - start) / (condition.end_ns - condition.start_ns)
            ends = [float(start) + (times - condition.start_ns) * slope for times in (opens, closes)]
            floor, ceiling = np.minimum(*ends), np.maximum(*ends)
        reached |= (low <= ceiling + tick) & (high >= floor - tick)
    # Where the price stood when it was seen is not in the bars: the first one may have jumped from there.
    reached[0] = True
    for place in np.flatnonzero(reached)[-MOST_BARS:]:
        bar = [float(np.asarray(column)[first + place]) for column in (bars.open, bars.high, bars.low, bars.close)]
        begin, length = int(opens[place]), int(closes[place] - opens[place])
        for step, price in enumerate(path_of_bar(*bar)):
            yield PastPrice(
                begin + step * length // 4, instrument.ticks_rounded(round(price, instrument.price_decimals))
            )
