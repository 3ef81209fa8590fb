"""The public trades of one symbol since a program began to listen, as arrays of exact integers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
CAPACITY = 100_000
PENDING = 1024
"""Trades that wait as Python objects, at six times the memory of a row, while nobody asks for them."""


class Trades(NamedTuple):
    """Columns of one length, oldest first: UTC nanoseconds, ticks, lots, and the taker's side as 1 (buy) or -1."""

    ts_ns: Integers
    ticks: Integers
    lots: Integers
    side: Integers


class TradeTape:
    """The newest ``capacity`` trades at least; appending is cheap, and memory grows with what there is."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.total = 0
        """Trades ever added."""
        self._known = 0
        """Trades that were ever added; those after ``total`` are not shown."""
        self._pending: list[tuple[int, int, int, int]] = []
        self._rows = np.zeros((4, 256), dtype=np.int64)
        self._length = 0

    def add(self, ts_ns: int, ticks: int, lots: int, side: int) -> None:
        """One trade, not older than the one before."""
        self.total += 1
        if self.total <= self._known:
            return
        self._known = self.total
        self._pending.append((ts_ns, ticks, lots, side))
        if len(self._pending) >= min(PENDING, self.capacity):
            self._take_pending()

    def wind(self, total: int) -> None:
        """Stand after the first ``total``, as a replay that goes back or comes again. The trades that follow are then
        added again, the same ones."""
        assert total <= self._known
        self.total = total

    def since(self, total: int) -> Trades:
        """The trades after the first ``total`` ever added, as far as they are kept."""
        if self._pending:
            self._take_pending()
        end = max(0, self._length - (self._known - self.total))
        kept = min(end, max(0, self.total - total))
        return Trades(*self._rows[:, end - kept : end])

    def _take_pending(self) -> None:
        fresh = np.array(self._pending, dtype=np.int64).T
        self._pending.clear()
        end = self._length + fresh.shape[1]
        if end > self._rows.shape[1]:
            kept = min(self._length, max(0, self.capacity - fresh.shape[1]))
            end = kept + fresh.shape[1]
            # Room to double while there is little, for as much again as is kept when it is full.
            rows = np.zeros((4, 2 * end), dtype=np.int64)
            rows[:, :kept] = self._rows[:, self._length - kept : self._length]
            self._rows, self._length = rows, kept
        self._rows[:, self._length : end] = fresh
        self._length = end
