"""The built-in market itself: every symbol's events in one order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heapify, heapreplace

import numpy as np

from workstation.config.settings import BuiltInMarket as MarketSettings
from workstation.core.errors import DataError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    BookSnapshot,
    FundingRate,
    History,
    MarketInput,
    MarkPrice,
    OpenInterest,
    PerpetualHistory,
)
from workstation.core.money import BASIS_POINT
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.market.built_in.assets import asset_of, typical_price
from workstation.market.built_in.open_interest import open_interest_lots
from workstation.market.built_in.past import Ends, Past
from workstation.market.built_in.price_path import GRID_NS, AssetFactors, PricePath, generator
from workstation.market.built_in.symbol_feed import SymbolFeed

FUNDING_NS = 8 * HOUR_NS
OPEN_INTEREST_NS = 10 * SECOND_NS
PAST_OPEN_INTEREST = ((HOUR_NS, 20 * DAY_NS), (5 * MINUTE_NS, 2 * DAY_NS))
"""Of the past it is told each hour, and of the last days in finer steps: interval and how far back."""

Source = Callable[[int], tuple[list[MarketInput], int]]
"""Makes the events that are due at a time, and tells when it is due next."""


class BuiltInMarket:
    """A seeded simulation of several symbols from ``start_ns`` (UTC) on.

    The events are a function of the arguments alone: how far and how often they are pulled changes nothing.
    ``start_prices`` are ticks by symbol; a symbol without one starts at its asset's typical price.
    """

    def __init__(
        self,
        settings: MarketSettings,
        instruments: Sequence[Instrument],
        seed: int,
        start_prices: Mapping[str, int] | None,
        start_ns: int,
    ) -> None:
        self.start_ns = start_ns
        self.now_ns = start_ns
        """Time of the newest event handed out."""
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        given = start_prices or {}
        self.start_prices = {
            symbol: max(8, given.get(symbol) or typical_price(instrument))
            for symbol, instrument in self._instruments.items()
        }
        assets = {symbol: asset_of(instrument) for symbol, instrument in self._instruments.items()}
        volatility, crashes = float(settings.volatility), float(settings.crashes_per_day)
        factors = AssetFactors(seed, "live", assets, GRID_NS / SECOND_NS, volatility, crashes)
        self._path = PricePath(factors, self.start_prices, start_ns)
        self._forget_ns = start_ns
        self._seed = seed
        self._past_days = settings.history_days
        rate = float(settings.messages_per_second)
        self._feeds: dict[str, SymbolFeed] = {}
        self._funding = {symbol: generator(seed, "funding", symbol) for symbol in self._instruments}
        self._sources: list[Source] = []
        self._opening: list[MarketInput] = []
        self._due: list[tuple[int, int]] = []
        for symbol, instrument in self._instruments.items():
            rng = generator(seed, "feed", symbol)
            feed = SymbolFeed(instrument, rng, self._path, self.start_prices[symbol], start_ns, rate, settings.depth)
            self._feeds[symbol] = feed
            self._opening.append(feed.snapshot(start_ns))
            self._add(_steps(feed), feed.next_ns)
            if instrument.is_derivative:
                self._add(self._marks(symbol), start_ns)
                self._add(self._fundings(symbol), start_ns // FUNDING_NS * FUNDING_NS + FUNDING_NS)
                first_ns = start_ns // OPEN_INTEREST_NS * OPEN_INTEREST_NS + OPEN_INTEREST_NS
                self._add(self._open_interest(instrument), first_ns)
        ends = Ends(factors.start, {symbol: feed.activity_at_start for symbol, feed in self._feeds.items()})
        self._past = Past(self._instruments, seed, settings.history_days, volatility, crashes, rate, ends)
        heapify(self._due)

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self._instruments)

    @property
    def next_ns(self) -> int:
        """When the next event is due."""
        return self.start_ns if self._opening else self._due[0][0]

    def next_events(self, until_ns: int, limit: int = 0) -> list[MarketInput]:
        """Every event up to and including ``until_ns`` that was not handed out yet, in order of time.

        With a ``limit`` it stops soon after so many; the rest comes with the next call.
        """
        events: list[MarketInput] = []
        if self._opening and self.start_ns <= until_ns:
            events, self._opening = self._opening, []
        due, sources = self._due, self._sources
        while due[0][0] <= until_ns and not 0 < limit <= len(events):
            time_ns, index = due[0]
            made, next_ns = sources[index](time_ns)
            events += made
            heapreplace(due, (next_ns, index))
            self.now_ns = time_ns
            if time_ns >= self._forget_ns:
                self._path.forget_before(time_ns)
                self._forget_ns = time_ns + MINUTE_NS
        return events

    def events(self) -> Iterator[MarketInput]:
        """Every event from here on, without end."""
        while True:
            yield from self.next_events(self.next_ns)

    def snapshot(self, symbol: str) -> BookSnapshot:
        """The whole book after the events handed out so far, to synchronise again. Raises ``DataError``."""
        if symbol not in self._feeds:
            known = ", ".join(self._feeds)
            raise DataError(f"The built-in market has no symbol {symbol}; it has {known}.")
        return self._feeds[symbol].snapshot(self.now_ns)

    def history(
        self, symbol: str, interval_ns: int, bars: int, end_ns: int | None = None, end_price: int | None = None
    ) -> History:
        """Closed bars from before ``end_ns``, at most ``bars`` of them and ``history_days`` back.

        Their minutes end at ``end_price`` (ticks), by default where the market starts. Bars of different intervals
        with the same end agree: the smaller ones add up to the larger. Raises ``DataError``.
        """
        if symbol not in self._feeds:
            known = ", ".join(self._feeds)
            raise DataError(f"The built-in market has no symbol {symbol}; it has {known}.")
        end = self.start_ns if end_ns is None else end_ns
        price = self.start_prices[symbol] if end_price is None else end_price
        return self._past.history(symbol, interval_ns, bars, end, price)

    def perpetual_history(self, symbol: str) -> PerpetualHistory | None:
        """Open interest and funding from before the start; ``None`` for a symbol that has neither."""
        instrument = self._instruments[symbol]
        if not instrument.is_derivative:
            return None
        start_ns = self.start_ns
        times = [
            np.arange((start_ns - span_ns) // interval_ns * interval_ns, start_ns, interval_ns)
            for interval_ns, span_ns in PAST_OPEN_INTEREST
        ]
        told = np.unique(np.concatenate(times))
        open_interest = tuple(zip(told.tolist(), open_interest_lots(instrument, told).tolist()))
        rng = generator(self._seed, "past funding", symbol)
        first_ns = (start_ns - self._past_days * DAY_NS) // FUNDING_NS * FUNDING_NS
        fundings = tuple((ts_ns, _funding_rate(rng)) for ts_ns in range(first_ns, start_ns, FUNDING_NS))
        return PerpetualHistory(symbol, start_ns, open_interest, fundings)

    def forget_past(self) -> None:
        """Free the memory of the past once its bars are taken; asking again draws it anew."""
        self._past.forget()

    def _add(self, source: Source, first_ns: int) -> None:
        self._due.append((first_ns, len(self._sources)))
        self._sources.append(source)

    def _marks(self, symbol: str) -> Source:
        def source(time_ns: int) -> tuple[list[MarketInput], int]:
            return [MarkPrice(symbol, time_ns, self._fair_ticks(symbol, time_ns))], time_ns + SECOND_NS

        return source

    def _fundings(self, symbol: str) -> Source:
        rng = self._funding[symbol]

        def source(time_ns: int) -> tuple[list[MarketInput], int]:
            rate, price = _funding_rate(rng), self._fair_ticks(symbol, time_ns)
            return [FundingRate(symbol, time_ns, rate, price)], time_ns + FUNDING_NS

        return source

    def _open_interest(self, instrument: Instrument) -> Source:
        def source(time_ns: int) -> tuple[list[MarketInput], int]:
            lots = int(open_interest_lots(instrument, np.array([time_ns]))[0])
            return [OpenInterest(instrument.symbol, time_ns, lots)], time_ns + OPEN_INTEREST_NS

        return source

    def _fair_ticks(self, symbol: str, time_ns: int) -> int:
        fair, _ = self._path.at(symbol, np.array([time_ns], dtype=np.int64))
        return max(1, round(float(fair[0])))


def _funding_rate(rng: np.random.Generator) -> int:
    return int(BASIS_POINT * np.clip(1.0 + 1.2 * rng.standard_normal(), -7.5, 7.5))


def _steps(feed: SymbolFeed) -> Source:
    def source(time_ns: int) -> tuple[list[MarketInput], int]:
        return feed.step(), feed.next_ns

    return source
