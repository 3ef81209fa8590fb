"""The bars of one chart as growing columns, with pyramids for fast ranges and zoomed-out columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from widgets.chart.pyramid import Floats, Pyramid, bucket_size

Nanoseconds = NDArray[np.int64]


class Bar(NamedTuple):
    """One bar; `open_ns` in UTC nanoseconds, the rest as plotted floats."""

    open_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Columns(NamedTuple):
    """Bars merged into buckets of `size`, anchored to absolute indices: `starts` are multiples of `size`."""

    size: int
    starts: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class BarSeries:
    """OHLCV columns that grow at the end. Index 0 is the oldest bar."""

    def __init__(self) -> None:
        self._count = 0
        self._times = np.zeros(16, dtype=np.int64)
        self._values = np.zeros((5, 16))
        self._volume_before = np.zeros(17)
        self._highs, self._lows = Pyramid(np.fmax), Pyramid(np.fmin)
        self.bar_ns = 60_000_000_000

    def __len__(self) -> int:
        return self._count

    @property
    def open_ns(self) -> Nanoseconds:
        """Opening times, UTC nanoseconds, ascending."""
        return self._times[: self._count]

    def column(self, row: int) -> Floats:
        """One of open, high, low, close, volume (0 to 4) as a view."""
        return self._values[row, : self._count]

    def bar(self, index: int) -> Bar:
        """The bar at `index`; IndexError outside the series."""
        if not 0 <= index < self._count:
            raise IndexError(f"Bar {index} is outside 0 to {self._count - 1}.")
        return Bar(int(self._times[index]), *(float(value) for value in self._values[:, index]))

    def set_bars(self, open_ns: ArrayLike, *columns: ArrayLike, bar_ns: int | None = None) -> None:
        """Replace all bars. `columns` are open, high, low, close, volume.

        Raises ValueError when the lengths differ. Without `bar_ns` the smallest recent distance is taken.
        """
        times = np.asarray(open_ns, dtype=np.int64)
        given = [np.asarray(column, dtype=np.float64) for column in columns]
        if len(given) != 5 or any(column.shape != times.shape for column in given):
            raise ValueError("Times, open, high, low, close and volume must have one length.")
        self._count = len(times)
        room = max(16, self._count + self._count // 2)
        self._times = np.zeros(room, dtype=np.int64)
        self._times[: self._count] = times
        self._values = np.zeros((5, room))
        for row, column in enumerate(given):
            self._values[row, : self._count] = column
        self._volume_before = np.zeros(room + 1)
        np.cumsum(given[4], out=self._volume_before[1 : self._count + 1])
        self._highs.rebuild(self._values[1], self._count)
        self._lows.rebuild(self._values[2], self._count)
        if bar_ns is not None:
            self.bar_ns = bar_ns
        elif self._count > 1:
            self.bar_ns = max(1, int(np.diff(times[-1000:]).min()))

    def append_bar(self, bar: Bar) -> None:
        """Add a bar after the last one, O(levels)."""
        if self._count == len(self._times):
            self._times = np.concatenate([self._times, np.zeros_like(self._times)])
            self._values = np.concatenate([self._values, np.zeros_like(self._values)], axis=1)
            self._volume_before = np.concatenate([self._volume_before, np.zeros(len(self._volume_before) - 1)])
        self._count += 1
        self._write_last(bar)

    def update_last_bar(self, bar: Bar) -> None:
        """Overwrite the last bar, O(levels). IndexError when there is none."""
        if not self._count:
            raise IndexError("There is no last bar yet.")
        self._write_last(bar)

    def _write_last(self, bar: Bar) -> None:
        last = self._count - 1
        self._times[last] = bar.open_ns
        self._values[:, last] = bar[1:]
        self._volume_before[last + 1] = self._volume_before[last] + bar.volume
        self._highs.refresh_last(self._values[1], self._count)
        self._lows.refresh_last(self._values[2], self._count)

    def extremes(self, first: int, last: int) -> tuple[float, float]:
        """Lowest low and highest high of the bars `first` to `last` (exclusive); NaN when there are none."""
        first, last = max(0, first), min(self._count, last)
        if first >= last:
            return float("nan"), float("nan")
        low, high = self._lows, self._highs
        return low.over(self._values[2], first, last), high.over(self._values[1], first, last)

    def columns(self, first: int, last: int, bars_per_column: float) -> Columns:
        """Bars `first` to `last` (exclusive) in buckets of at least `bars_per_column` bars."""
        size = bucket_size(bars_per_column)
        count = self._count
        start = max(0, first) // size
        stop = -(-min(count, last) // size)
        starts = np.arange(start, max(start, stop), dtype=np.int64) * size
        ends = np.minimum(starts + size, count)
        open_, high, low, close, _ = self._values
        if not len(starts):
            empty = np.empty(0)
            return Columns(size, starts, empty, empty, empty, empty, empty)
        return Columns(
            size,
            starts,
            open_[starts],
            self._highs.buckets(high, count, start, stop, size),
            self._lows.buckets(low, count, start, stop, size),
            close[ends - 1],
            self._volume_before[ends] - self._volume_before[starts],
        )

    def index_at(self, time_ns: int) -> float:
        """The index of the bar that holds `time_ns`; past the last bar it is extrapolated."""
        if not self._count:
            return 0.0
        last = int(self._times[self._count - 1])
        if time_ns >= last + self.bar_ns:
            return float(self._count - 1 + (time_ns - last) // self.bar_ns)
        return float(max(0, int(np.searchsorted(self.open_ns, time_ns, side="right")) - 1))

    def time_at(self, index: int) -> int:
        """Opening time of the bar at `index`, extrapolated before the first and past the last bar."""
        if not self._count:
            return 0
        if index < 0:
            return int(self._times[0]) + index * self.bar_ns
        if index >= self._count:
            return int(self._times[self._count - 1]) + (index - self._count + 1) * self.bar_ns
        return int(self._times[index])
