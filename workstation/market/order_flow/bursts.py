"""Trades of one aggressor put together: an order that takes several levels is told as several trades."""

from __future__ import annotations

from typing import NamedTuple


class Burst(NamedTuple):
    """``trades`` trades of one side in a row. Prices in ticks, from the first to the last; ``weighted`` is the sum of
    ticks times lots."""

    first_ns: int
    last_ns: int
    first_ticks: int
    last_ticks: int
    lots: int
    weighted: int
    trades: int
    bought: bool

    @classmethod
    def of(cls, ts_ns: int, ticks: int, lots: int, bought: bool) -> Burst:
        return cls(ts_ns, ts_ns, ticks, ticks, lots, ticks * lots, 1, bought)

    def joined(self, later: Burst, within_ns: int) -> Burst | None:
        """Both as one, when ``later`` is of the same side and comes within so many nanoseconds; else ``None``."""
        if later.bought is not self.bought or later.first_ns - self.last_ns > within_ns:
            return None
        return Burst(
            self.first_ns,
            later.last_ns,
            self.first_ticks,
            later.last_ticks,
            self.lots + later.lots,
            self.weighted + later.weighted,
            self.trades + later.trades,
            self.bought,
        )
