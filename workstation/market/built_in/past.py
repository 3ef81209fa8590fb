"""Bars from before the built-in market's start, which lead to its first price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import History
from workstation.core.timeframe import DAY_NS, MINUTE_NS, TIMEFRAME_NAMES, bar_open_ns
from workstation.market.built_in.assets import asset_of, lots_per_dollar_lossy
from workstation.market.built_in.price_path import YEAR_S, Activity, AssetFactors, Regimes, folded, generator
from workstation.market.built_in.symbol_feed import MESSAGES_PER_STEP
from workstation.market.built_in.turnover import step_dollars

CALM, STRESSED, BY_STRESS = 0.56, 0.82, 0.62
"""Volatility within a minute as a part of the asset's own: in a calm one, and in others from where it begins and how it
grows with the stress; measured on the paths."""

Rows = NDArray[np.int64]


class Ends(NamedTuple):
    """The regimes of volatility and of activity with which the past ends, so that bars do not jump at the start."""

    volatility: Mapping[str, Regimes] = {}
    activity: Mapping[str, Regimes] = {}


class Past:
    """One-minute bars by symbol and end, from which all larger ones are aggregated."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        seed: int,
        days: int,
        volatility: float,
        crashes_per_day: float,
        messages_per_second: float,
        ends: Ends | None = None,
    ) -> None:
        self._ends = ends or Ends()
        self._instruments = instruments
        self._seed = seed
        self._days = max(2, days)
        self._volatility = volatility
        self._crashes_per_day = crashes_per_day
        self._steps_per_minute = 60 * messages_per_second / MESSAGES_PER_STEP
        self._paths: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._minutes: dict[tuple[str, int, int], Rows] = {}

    def history(self, symbol: str, interval_ns: int, bars: int, end_ns: int, end_price: int) -> History:
        """See ``BuiltInMarket.history``."""
        if interval_ns <= 0 or interval_ns % MINUTE_NS:
            names = ", ".join(TIMEFRAME_NAMES.values())
            raise DataError(f"The built-in market has no bars of {interval_ns} ns; it has {names}.")
        rows = _aggregated(self._minute_rows(symbol, end_ns // MINUTE_NS * MINUTE_NS, end_price), interval_ns)
        kept = rows[max(0, len(rows) - bars) :].tolist() if bars > 0 else []
        return History(symbol, end_ns, interval_ns, tuple(map(tuple, kept)))

    def forget(self) -> None:
        """Free what was drawn; it is drawn again, the same, when it is asked for."""
        self._paths.clear()
        self._minutes.clear()

    def _minute_rows(self, symbol: str, end_ns: int, end_price: int) -> Rows:
        key = (symbol, end_ns, end_price)
        if key not in self._minutes:
            # One symbol at a time: a year of minutes takes 25 MB.
            self._minutes = {key: self._draw(symbol, end_ns, end_price)}
        return self._minutes[key]

    def _draw(self, symbol: str, end_ns: int, end_price: int) -> Rows:
        """Close time, open, high, low, close in ticks, volume in lots."""
        count = self._days * (DAY_NS // MINUTE_NS)
        if not self._paths:
            assets = {name: asset_of(instrument) for name, instrument in self._instruments.items()}
            factors = AssetFactors(
                self._seed, "past", assets, 60.0, self._volatility, self._crashes_per_day, self._ends.volatility
            )
            self._paths = factors.take(count)
        returns, stress = self._paths[symbol]
        rng = generator(self._seed, "bars", symbol)
        instrument = self._instruments[symbol]
        asset = asset_of(instrument)
        travelled = np.cumsum(returns)
        ends = folded(np.concatenate(([-travelled[-1]], travelled - travelled[-1])))
        opens, closes = ends[:-1], ends[1:]
        # The extremes of a Brownian bridge between open and close, drawn from their exact distribution.
        part = np.where(stress > 0.0, STRESSED + BY_STRESS * stress, CALM)
        sigma = self._volatility * asset.volatility * (60 / YEAR_S) ** 0.5 * part
        reach = -2.0 * sigma**2 * np.log(rng.uniform(1e-12, 1.0, (2, count)))
        width = (closes - opens) ** 2
        highs = (opens + closes + np.sqrt(width + reach[0])) / 2
        lows = (opens + closes - np.sqrt(width + reach[1])) / 2
        prices = np.maximum(1, np.rint(end_price * np.exp(np.stack((opens, highs, lows, closes))))).astype(np.int64)
        close_ns = end_ns - MINUTE_NS * np.arange(count - 1, -1, -1, dtype=np.int64)
        backwards = Activity(rng, 60.0, self._ends.activity.get(symbol, ()))
        activity = backwards.take(close_ns[::-1], stress[::-1])[::-1]
        steps = self._steps_per_minute * (0.85 + 0.6 * stress)
        dollars = asset.size * steps * step_dollars(end_price, activity, sigma / np.sqrt(steps))
        lots = lots_per_dollar_lossy(instrument, end_price) * np.exp(-closes)
        volume = np.rint(dollars * lots * (0.6 + np.minimum(np.abs(returns) / sigma, 4.0) / 2))
        rows = np.empty((count, 6), dtype=np.int64)
        rows[:, 0] = close_ns
        rows[:, 1:5] = prices.T
        rows[:, 2] = np.maximum(rows[:, 2], np.maximum(rows[:, 1], rows[:, 4]))
        rows[:, 3] = np.minimum(rows[:, 3], np.minimum(rows[:, 1], rows[:, 4]))
        rows[:, 5] = np.maximum(1, volume)
        rows[-1, 4] = end_price
        return rows


def _aggregated(minutes: Rows, interval_ns: int) -> Rows:
    """Complete bars of a larger interval."""
    if interval_ns == MINUTE_NS or not len(minutes):
        return minutes
    first_open = int(minutes[0, 0]) - MINUTE_NS
    opening = bar_open_ns(first_open, interval_ns)
    skipped = 0 if opening == first_open else (opening + interval_ns - first_open) // MINUTE_NS
    each = interval_ns // MINUTE_NS
    whole = max(0, (len(minutes) - skipped) // each)
    bars = minutes[skipped : skipped + whole * each].reshape(whole, each, 6)
    rows = np.empty((whole, 6), dtype=np.int64)
    rows[:, 0] = bars[:, -1, 0]
    rows[:, 1] = bars[:, 0, 1]
    rows[:, 2] = bars[:, :, 2].max(axis=1)
    rows[:, 3] = bars[:, :, 3].min(axis=1)
    rows[:, 4] = bars[:, -1, 4]
    rows[:, 5] = bars[:, :, 5].sum(axis=1)
    return rows
