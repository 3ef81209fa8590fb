"""Average true range against its own average, kept bar by bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from workstation.core.clock import EventClock
from workstation.core.messages import Bar
from workstation.trading.guards import Guards
from workstation.trading.market_state import MarketState


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


class VolatilityGuard:
    """A watch for each market; one whose range passes ``multiple`` times its average means crisis."""

    def __init__(self, clock: EventClock, guards: Guards, interval_ns: int, multiple: Decimal) -> None:
        self._clock = clock
        self._guards = guards
        self._interval_ns = interval_ns
        self._multiple = multiple
        self._watches: dict[str, VolatilityWatch] = {}

    def watch(self, markets: Mapping[str, MarketState], base_interval_ns: int) -> None:
        """Follow these markets from now on, ahead of the strategies."""
        for market in markets.values():
            self._watch(market, base_interval_ns)

    def _watch(self, market: MarketState, base_interval_ns: int) -> None:
        watch = self._watches[market.symbol] = VolatilityWatch(self._interval_ns)
        market.want_bars(self._interval_ns, base_interval_ns)

        def check(bar: Bar) -> None:
            multiple = watch.add(bar)
            if multiple > self._multiple:
                self._guards.on_volatility(self._clock.time_ns, market.symbol, multiple)

        market.bar_listeners.setdefault(self._interval_ns, []).insert(0, check)

    def add_history(self, symbol: str, interval_ns: int, bars: Sequence[Bar]) -> None:
        """Warm up with bars from before the session."""
        watch = self._watches.get(symbol)
        if watch is not None and interval_ns == self._interval_ns:
            for bar in bars:
                watch.add(bar)
