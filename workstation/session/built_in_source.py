"""The built-in market as a session's source of prices: it is asked for what is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workstation.config.settings import Settings
from workstation.core.messages import History, Input, MarketInput
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS
from workstation.market.built_in.market import BuiltInMarket
from workstation.market.built_in.watching import BuiltInWatching
from workstation.session.candle_keeper import CandleKeeper
from workstation.trading.kernel import Kernel

MINUTE_BARS = 2 * 1440
"""Minutes of the past that a session begins with."""


class BuiltInSource:
    """Goes on where the last session's prices stood."""

    def __init__(self, settings: Settings, kernel: Kernel, seed: int, now_ns: int) -> None:
        self._settings = settings
        self._kernel = kernel
        self._now_ns = now_ns
        prices = {symbol: market.last_price for symbol, market in kernel.markets.items() if market.last_price}
        instruments = [market.instrument for market in kernel.markets.values()]
        self._market = BuiltInMarket(settings.market.built_in, instruments, seed, prices or None, now_ns)

    def watching(self, seed: int, now_ns: Callable[[], int]) -> BuiltInWatching:
        """What the market has beside the engine's symbols."""
        settings = self._settings
        return BuiltInWatching(settings.market.built_in, settings.instruments, self._kernel.markets, seed, now_ns)

    def give_past(self, candles: CandleKeeper, deliver: Callable[[Input], None]) -> None:
        """Hours, then minutes, of every symbol: what earlier sessions kept, else what the market makes up; then what
        it makes up of open interest and funding.
        """
        for symbol in self._kernel.markets:
            for history in self._past(candles, symbol):
                deliver(history)
            perpetual = self._market.perpetual_history(symbol)
            if perpetual is not None:
                deliver(perpetual)
        self._market.forget_past()

    def _past(self, candles: CandleKeeper, symbol: str) -> Iterator[History]:
        days, now_ns = self._settings.market.built_in.history_days, self._now_ns
        for interval_ns, bars, start_ns in (
            (HOUR_NS, days * 24, now_ns - days * DAY_NS),
            (MINUTE_NS, MINUTE_BARS, now_ns - MINUTE_BARS * MINUTE_NS),
        ):
            kept = candles.load(symbol, interval_ns, start_ns, now_ns)
            if kept and self._kernel.markets[symbol].last_price:
                yield History(symbol, now_ns, interval_ns, kept)
            elif bars:
                history = self._market.history(symbol, interval_ns, bars)
                candles.keep(history)
                yield history

    def due(self, now_ns: int, limit: int = 0) -> list[MarketInput]:
        """Everything up to now that was not given yet; with a ``limit`` about so many, until there is none left."""
        return self._market.next_events(now_ns, limit)

    def lacking(self) -> Iterator[MarketInput]:
        """Whole books for those that wait for one after a gap."""
        for symbol, market in self._kernel.markets.items():
            if market.book.sequence >= 0 and not market.book.synchronised:
                yield self._market.snapshot(symbol)
