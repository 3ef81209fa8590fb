"""Indicators kept bar by bar: each takes one value at a time and costs the same however long the past is."""

from __future__ import annotations

from math import nan


class Ema:
    """Exponential moving average seeded with the first value, as pandas' ``ewm(span=period, adjust=False)``."""

    __slots__ = ("_weight", "value")

    def __init__(self, period: int) -> None:
        self._weight = 2.0 / (period + 1.0)
        self.value = nan
        """NaN before the first value."""

    def update(self, price: float) -> float:
        value = self.value
        # NaN differs from itself.
        self.value = value = price if value != value else value + self._weight * (price - value)
        return value


class WilderAverage:
    """Wilder's smoothing, seeded with the mean of the first ``period`` values."""

    __slots__ = ("_count", "_sum", "period", "value")

    def __init__(self, period: int) -> None:
        self.period = period
        self.value = nan
        """NaN before ``period`` values."""
        self._count = 0
        self._sum = 0.0

    def update(self, amount: float) -> float:
        if self._count < self.period:
            self._count += 1
            self._sum += amount
            if self._count == self.period:
                self.value = self._sum / self.period
        else:
            self.value += (amount - self.value) / self.period
        return self.value


class Rsi:
    """Wilder's relative strength index, 0 to 100, as TA-Lib's."""

    __slots__ = ("_before", "_gains", "_losses", "value")

    def __init__(self, period: int) -> None:
        self._gains = WilderAverage(period)
        self._losses = WilderAverage(period)
        self._before = nan
        self.value = nan

    def update(self, close: float) -> float:
        before, self._before = self._before, close
        if before != before:
            return nan
        gain = self._gains.update(max(close - before, 0.0))
        loss = self._losses.update(max(before - close, 0.0))
        total = gain + loss
        self.value = 100.0 * gain / total if total != 0.0 else 0.0
        return self.value


class Atr:
    """Wilder's average true range, as TA-Lib's: the first bar only gives the close that the next starts from."""

    __slots__ = ("_average", "_before")

    def __init__(self, period: int) -> None:
        self._average = WilderAverage(period)
        self._before = nan

    @property
    def value(self) -> float:
        return self._average.value

    def update(self, high: float, low: float, close: float) -> float:
        before, self._before = self._before, close
        if before != before:
            return nan
        return self._average.update(max(high, before) - min(low, before))
