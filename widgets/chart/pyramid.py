"""A pyramid of extremes: each level holds the maximum (or minimum) of four entries of the level below."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FACTOR: Final = 4


class Pyramid:
    """Running extremes over an array that grows at its end.

    `extreme` is `np.fmax` or `np.fmin`, so that NaN entries (an indicator that warms up) are passed over.
    The array of values stays with the owner and is handed to every call; `count` is its used length.
    """

    def __init__(self, extreme: np.ufunc) -> None:
        self._extreme = extreme
        self._levels: list[Floats] = []
        self._counts: list[int] = []

    def rebuild(self, values: Floats, count: int) -> None:
        """Compute every level anew from `values[:count]`."""
        self._levels, self._counts = [], []
        below = values[:count]
        while len(below) > FACTOR:
            level = self._extreme.reduceat(below, np.arange(0, len(below), FACTOR))
            self._push(level)
            below = level

    def refresh_last(self, values: Floats, count: int) -> None:
        """Take over a changed or appended last entry: one bucket a level, O(levels)."""
        below, below_count = values, count
        for index in range(len(self._levels)):
            below, below_count = self._refresh_level(index, below, below_count)
        if below_count > FACTOR:
            self._push(self._extreme.reduceat(below[:below_count], np.arange(0, below_count, FACTOR)))

    def over(self, values: Floats, first: int, last: int) -> float:
        """The extreme of `values[first:last]`; NaN when the range is empty or holds only NaN."""
        found: list[float] = []
        for level in (values, *self._levels):
            up = -(-first // FACTOR) * FACTOR
            down = last // FACTOR * FACTOR
            if up >= down or level is (self._levels[-1] if self._levels else values):
                if first < last:
                    found.append(float(self._extreme.reduce(level[first:last])))
                break
            if first < up:
                found.append(float(self._extreme.reduce(level[first:up])))
            if down < last:
                found.append(float(self._extreme.reduce(level[down:last])))
            first, last = up // FACTOR, down // FACTOR
        return float(self._extreme.reduce(np.array(found))) if found else float("nan")

    def buckets(self, values: Floats, count: int, first: int, last: int, size: int) -> Floats:
        """Extremes of the buckets `first` to `last` (exclusive) of `size` entries each.

        `size` is m * 4**k with m from 1 to 4, so that a bucket is at most four entries of one level.
        """
        level, level_count, each = values, count, size
        for index in range(len(self._levels)):
            if each % FACTOR or each == 1:
                break
            level, level_count, each = self._levels[index], self._counts[index], each // FACTOR
        part = level[first * each : min(last * each, level_count)]
        if each == 1:
            return part
        reduced: Floats = self._extreme.reduceat(part, np.arange(0, len(part), each))
        return reduced

    def _push(self, level: Floats) -> None:
        room = np.empty(max(16, len(level) * 2))
        room[: len(level)] = level
        self._levels.append(room)
        self._counts.append(len(level))

    def _refresh_level(self, index: int, below: Floats, below_count: int) -> tuple[Floats, int]:
        bucket = (below_count - 1) // FACTOR
        level = self._levels[index]
        if bucket >= len(level):
            level = np.concatenate([level, np.empty(len(level))])
            self._levels[index] = level
        level[bucket] = self._extreme.reduce(below[bucket * FACTOR : below_count])
        self._counts[index] = bucket + 1
        return level, bucket + 1


def bucket_size(entries_per_column: float) -> int:
    """The smallest m * 4**k (m from 1 to 4) that is not below `entries_per_column`."""
    base = 1
    while base * FACTOR < entries_per_column:
        base *= FACTOR
    return base * max(1, int(np.ceil(entries_per_column / base)))
