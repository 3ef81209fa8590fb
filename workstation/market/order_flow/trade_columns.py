"""Trades summed over stretches of time, in a ring."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BUYS, SELLS = 0, 1


class TradeSums(NamedTuple):
    """One entry a column: lots that takers bought and sold (int64), and the mean prices in ticks, weighted by lots
    (float64, NaN without trades)."""

    buys: NDArray[np.int64]
    sells: NDArray[np.int64]
    buy_price: NDArray[np.float64]
    sell_price: NDArray[np.float64]

    @property
    def delta(self) -> NDArray[np.int64]:
        """Bought less sold."""
        return self.buys - self.sells


class TradeColumns:
    """The newest ``columns`` columns of ``column_ns`` nanoseconds, numbered as in ``DepthHistory``."""

    def __init__(self, column_ns: int, columns: int = 2048) -> None:
        self.column_ns = column_ns
        self.columns = columns
        self._numbers = np.full(columns, -1, dtype=np.int64)
        self._lots = np.zeros((2, columns), dtype=np.int64)
        self._weighted = np.zeros((2, columns))

    def add(self, ts_ns: int, ticks: int, lots: int, bought: bool) -> None:
        """Count a trade. One that is older than the ring is passed over."""
        number = ts_ns // self.column_ns
        slot = number % self.columns
        if number != self._numbers[slot]:
            if number < self._numbers[slot]:
                return
            self._numbers[slot] = number
            self._lots[:, slot] = 0
            self._weighted[:, slot] = 0.0
        side = BUYS if bought else SELLS
        self._lots[side, slot] += lots
        self._weighted[side, slot] += float(ticks) * lots

    def wind(self, ts_ns: int) -> None:
        """Forget the column of a time and the later ones: a replay goes back."""
        self._numbers[self._numbers >= ts_ns // self.column_ns] = -1

    def sums(self, first: int, last: int) -> TradeSums:
        """Of the columns ``first`` to ``last``."""
        numbers = np.arange(first, last + 1)
        slots = numbers % self.columns
        known = self._numbers[slots] == numbers
        lots = np.where(known, self._lots[:, slots], 0)
        price = np.full(lots.shape, np.nan)
        np.divide(self._weighted[:, slots], lots, out=price, where=lots > 0)
        return TradeSums(lots[BUYS], lots[SELLS], price[BUYS], price[SELLS])
