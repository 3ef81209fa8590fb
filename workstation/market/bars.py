"""Bars from trades and from smaller bars, and the growing series that charts and strategies read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workstation.core.instrument import Instrument
from workstation.core.messages import Bar
from workstation.core.timeframe import bar_open_ns


class FormingBar(NamedTuple):
    """The bar under construction: opening time in UTC nanoseconds, prices in ticks, volume in lots."""

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int


class BarBuilder:
    """Builds bars of one symbol and interval. Time alone closes them; an interval without trades makes no bar."""

    __slots__ = ("close", "close_ns", "covered_ns", "high", "interval_ns", "lots", "low", "open", "symbol")

    def __init__(self, symbol: str, interval_ns: int) -> None:
        self.symbol = symbol
        self.interval_ns = interval_ns
        self.close_ns = 0
        """Close time of the bar under construction; 0 when there is none."""
        self.covered_ns = -(1 << 62)
        """Close of the last smaller bar that was taken."""
        self.open = self.high = self.low = self.close = self.lots = 0

    def add_trade(self, ts_ns: int, price: int, lots: int) -> Bar | None:
        """Take a trade; the bar that it closed, if any."""
        if ts_ns < self.close_ns:
            if price > self.high:
                self.high = price
            elif price < self.low:
                self.low = price
            self.close = price
            self.lots += lots
            return None
        closed = self.take_closed(ts_ns)
        self.close_ns = bar_open_ns(ts_ns, self.interval_ns) + self.interval_ns
        self.open = self.high = self.low = self.close = price
        self.lots = lots
        return closed

    def add_bar(self, bar: Bar) -> tuple[Bar, ...]:
        """Take a closed smaller bar; the bars that it completes. What is covered already is not counted again."""
        open_ns = bar.ts_ns - bar.interval_ns
        if open_ns < self.covered_ns:
            return ()
        self.covered_ns = bar.ts_ns
        earlier: Bar | None = None
        if self.close_ns == 0 or open_ns >= self.close_ns:
            earlier = self.take_closed(open_ns)
            self.close_ns = bar_open_ns(open_ns, self.interval_ns) + self.interval_ns
            self.open, self.high, self.low, self.lots = bar.open, bar.high, bar.low, bar.lots
        else:
            if bar.high > self.high:
                self.high = bar.high
            if bar.low < self.low:
                self.low = bar.low
            self.lots += bar.lots
        self.close = bar.close
        if bar.ts_ns < self.close_ns and earlier is None:
            return ()
        return tuple(done for done in (earlier, self.take_closed(bar.ts_ns)) if done is not None)

    def take_closed(self, now_ns: int) -> Bar | None:
        """The bar under construction if its time is over; it is handed out once."""
        if self.close_ns == 0 or now_ns < self.close_ns:
            return None
        bar = Bar(
            self.symbol,
            self.close_ns,
            self.interval_ns,
            self.open,
            self.high,
            self.low,
            self.close,
            self.lots,
        )
        self.close_ns = 0
        return bar


class BarSeries:
    """Closed bars of one symbol and interval, at most ``capacity`` of the newest guaranteed.

    Appending is cheap; the arrays are brought up to date when they are read. ``open``, ``high``, ``low``, ``close``
    and ``volume`` are float64 prices and quantities, for indicators and plots only; times are UTC nanoseconds.
    """

    def __init__(self, instrument: Instrument, interval_ns: int, capacity: int = 20_000) -> None:
        self.instrument = instrument
        self.interval_ns = interval_ns
        self.capacity = capacity
        self.total = 0
        """Bars ever appended."""
        self._pending: list[tuple[int, int, int, int, int, int]] = []
        self._length = 0
        self._close_ns = np.zeros(256, dtype=np.int64)
        self._values = np.zeros((5, 256), dtype=np.float64)

    def append(self, close_ns: int, open_: int, high: int, low: int, close: int, lots: int) -> None:
        """Close time, prices in ticks, volume in lots."""
        self.total += 1
        self._pending.append((close_ns, open_, high, low, close, lots))

    def extend(self, bars: tuple[tuple[int, int, int, int, int, int], ...]) -> None:
        """Append many, each as ``append`` takes one."""
        self.total += len(bars)
        self._pending.extend(bars)
        if self._pending:
            self._take_pending()

    def _take_pending(self) -> None:
        rows = np.array(self._pending, dtype=np.int64)
        self._pending.clear()
        end = self._length + len(rows)
        if end > self._close_ns.shape[0]:
            kept = min(self._length, max(0, self.capacity - len(rows)))
            start = self._length - kept
            end = kept + len(rows)
            size = max(2 * end, 256)
            close_ns = np.zeros(size, dtype=np.int64)
            values = np.zeros((5, size), dtype=np.float64)
            close_ns[:kept] = self._close_ns[start : self._length]
            values[:, :kept] = self._values[:, start : self._length]
            self._close_ns, self._values = close_ns, values
            self._length = kept
        self._close_ns[self._length : end] = rows[:, 0]
        scale = np.array([self.instrument.tick_lossy] * 4 + [self.instrument.lot_lossy])
        self._values[:, self._length : end] = (rows[:, 1:] * scale).T
        self._length = end

    def __len__(self) -> int:
        if self._pending:
            self._take_pending()
        return self._length

    @property
    def close_ns(self) -> NDArray[np.int64]:
        length = len(self)
        return self._close_ns[:length]

    @property
    def open_ns(self) -> NDArray[np.int64]:
        return self.close_ns - self.interval_ns

    @property
    def open(self) -> NDArray[np.float64]:
        return self._column(0)

    @property
    def high(self) -> NDArray[np.float64]:
        return self._column(1)

    @property
    def low(self) -> NDArray[np.float64]:
        return self._column(2)

    @property
    def close(self) -> NDArray[np.float64]:
        return self._column(3)

    @property
    def volume(self) -> NDArray[np.float64]:
        return self._column(4)

    def _column(self, index: int) -> NDArray[np.float64]:
        length = len(self)
        return self._values[index, :length]
