"""The order book over time: one column a stretch of time, in a ring."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST_WIDTH = 64
FARTHEST = 2**30 - 1
"""Ticks from the middle beyond which a level is left out: far outside anything that is looked at."""

Levels = Sequence[tuple[int, int]]
Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def level_rows(levels: Levels) -> Integers:
    """Ticks and lots of levels: int64, n × 2. In half of the time that numpy needs for a list of pairs."""
    return np.fromiter(chain.from_iterable(levels), dtype=np.int64, count=2 * len(levels)).reshape(-1, 2)


class DepthHistory:
    """The book as it stood last in each of the newest ``columns`` columns of ``column_ns`` nanoseconds.

    Columns are numbered by their time: number = UTC nanoseconds // ``column_ns``. Prices are ticks and exact;
    quantities are lots in float32, for colours only.
    """

    def __init__(self, column_ns: int, columns: int = 2048, bridge_ns: int = 2_000_000_000) -> None:
        """``bridge_ns``: over a gap between two looks that is no longer, the book counts as unchanged."""
        self.column_ns = column_ns
        self.columns = columns
        self.last = -1
        """Number of the newest column; -1 before the first."""
        self._bridge = max(1, bridge_ns // column_ns)
        self._numbers: Integers = np.full(columns, -1, dtype=np.int64)
        self._base: Integers = np.zeros(columns, dtype=np.int64)
        self._best: Integers = np.zeros((columns, 2), dtype=np.int64)
        self._bid_counts: Integers = np.zeros(columns, dtype=np.int64)
        self._counts: Integers = np.zeros(columns, dtype=np.int64)
        self._offsets = np.zeros((columns, FIRST_WIDTH), dtype=np.int32)
        self._lots: Floats = np.zeros((columns, FIRST_WIDTH), dtype=np.float32)

    @property
    def first(self) -> int:
        """Number of the oldest column that is kept; -1 before the first."""
        kept = self._numbers[self._numbers >= 0]
        return int(kept.min()) if len(kept) else -1

    def number(self, ts_ns: int) -> int:
        """The column of a time."""
        return ts_ns // self.column_ns

    def take(self, ts_ns: int, bids: Levels, asks: Levels) -> None:
        """The book at a time (UTC ns), levels as ticks and lots, best first. What is older than the newest is left."""
        number = self.number(ts_ns)
        if number < self.last:
            return
        before, gap = self.last, number - self.last
        if before >= 0 and 1 < gap <= self._bridge:
            for between in range(before + 1, number):
                self._copy(before, between)
        self.last = number
        self._put(number % self.columns, number, bids, asks)

    def wind(self, ts_ns: int) -> None:
        """Forget the column of a time and the later ones: a replay goes back."""
        number = self.number(ts_ns)
        self._numbers[self._numbers >= number] = -1
        self.last = int(self._numbers.max())

    def best(self, first: int, last: int) -> tuple[Integers, Integers]:
        """Best bid and ask of the columns ``first`` to ``last`` in ticks, 0 where there is none: int64, one each."""
        slots, known = self._slots(first, last)
        best = np.where(known[:, None], self._best[slots], 0)
        return best[:, 0], best[:, 1]

    def grid(self, first: int, last: int, top: int, rows: int, group: int) -> Floats:
        """Lots by price row and column: float32, shape (rows, last - first + 1).

        Row 0 is number ``top``, the next ones lie below. Row r holds ``group`` ticks: bids down to r * group, asks
        up to it, as in a ladder.
        """
        slots, known = self._slots(first, last)
        counts = np.where(known, self._counts[slots], 0)
        width, count = int(counts.max(initial=0)), last - first + 1
        # Rows below the top one, reckoned from each column's base: in 32 bits where they fit, at half the cost.
        quotient, rest = np.divmod(self._base[slots], group)
        below = top - quotient
        near = int(np.abs(below).max(initial=0)) + group <= FARTHEST
        kind: Any = np.int32 if near else np.int64
        place, steps = np.arange(width, dtype=np.int32), self._offsets[slots, :width].astype(kind, copy=False)
        if group > 1:
            steps = steps + rest[:, None].astype(kind)
            steps += (place >= self._bid_counts[slots, None]) * kind(group - 1)
            steps //= kind(group)
        row = below[:, None].astype(kind) - steps
        inside = (row >= 0) & (row < rows) & (place < counts[:, None])
        cells = row[inside] * np.int64(count) + np.repeat(np.arange(count), np.count_nonzero(inside, axis=1))
        grid = np.zeros(rows * count, dtype=np.float32)
        np.add.at(grid, cells, self._lots[slots, :width][inside])
        return grid.reshape(rows, count)

    def _slots(self, first: int, last: int) -> tuple[Integers, NDArray[np.bool_]]:
        """Where the columns lie in the ring, and which of them are there."""
        numbers = np.arange(first, last + 1)
        slots = numbers % self.columns
        return slots, self._numbers[slots] == numbers

    def _put(self, slot: int, number: int, bids: Levels, asks: Levels) -> None:
        best_bid, best_ask = bids[0][0] if bids else 0, asks[0][0] if asks else 0
        base = best_bid or best_ask
        levels = level_rows([*bids, *asks])
        offsets, bid_count = levels[:, 0] - base, len(bids)
        if len(levels) and int(np.abs(offsets).max()) > FARTHEST:
            near = np.abs(offsets) <= FARTHEST
            bid_count = int(near[:bid_count].sum())
            levels, offsets = levels[near], offsets[near]
        count = len(levels)
        self._make_room(count)
        self._numbers[slot], self._base[slot] = number, base
        self._best[slot] = best_bid, best_ask
        self._bid_counts[slot], self._counts[slot] = bid_count, count
        self._offsets[slot, :count] = offsets
        self._lots[slot, :count] = levels[:, 1]

    def _copy(self, before: int, number: int) -> None:
        source, slot = before % self.columns, number % self.columns
        for array in (self._base, self._best, self._bid_counts, self._counts, self._offsets, self._lots):
            array[slot] = array[source]
        self._numbers[slot] = number

    def _make_room(self, count: int) -> None:
        width = self._offsets.shape[1]
        if count > width:
            wider = max(count, 2 * width) - width
            self._offsets = np.pad(self._offsets, ((0, 0), (0, wider)))
            self._lots = np.pad(self._lots, ((0, 0), (0, wider)))
