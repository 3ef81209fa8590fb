"""Average true range against its own average, kept bar by bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isnan

from workstation.core.clock import EventClock
from workstation.core.messages import Bar
from workstation.market.running import Atr, WilderAverage
from workstation.trading.guards import Guards
from workstation.trading.market_state import MarketState


class VolatilityWatch:
    """ATR(14) against its own smoothed average over 100 bars; ``add`` gives their ratio, 0 until both are ready."""

    PERIOD = 14
    AVERAGE = 100

    def __init__(self) -> None:
        self._range = Atr(self.PERIOD)
        self._average = WilderAverage(self.AVERAGE)

    def add(self, bar: Bar) -> Decimal:
        atr = self._range.update(bar.high, bar.low, bar.close)
        if isnan(atr):
            return Decimal(0)
        usual = self._average.value
        self._average.update(atr)
        return Decimal(f"{atr / usual:.4f}") if usual > 0 else Decimal(0)


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
        watch = self._watches[market.symbol] = VolatilityWatch()
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
