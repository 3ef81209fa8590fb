"""Average true range against its own average, kept bar by bar."""

from __future__ import annotations

from decimal import Decimal

from workstation.core.messages import Bar


class VolatilityWatch:
    """Wilder's ATR(14) and its smoothed average over 100 bars; ``add`` gives their ratio, 0 until both are ready."""

    PERIOD = 14
    AVERAGE = 100

    def __init__(self, interval_ns: int) -> None:
        self.interval_ns = interval_ns
        self.count = 0
        self.average_range = 0.0
        self.long_average = 0.0
        self._previous_close = 0

    def add(self, bar: Bar) -> Decimal:
        previous = self._previous_close or bar.open
        true_range = max(bar.high, previous) - min(bar.low, previous)
        self._previous_close = bar.close
        self.count += 1
        self.average_range += (true_range - self.average_range) / min(self.count, self.PERIOD)
        ratio = Decimal(0)
        if self.count > self.AVERAGE and self.long_average > 0:
            ratio = Decimal(f"{self.average_range / self.long_average:.4f}")
        self.long_average += (self.average_range - self.long_average) / min(self.count, self.AVERAGE)
        return ratio
