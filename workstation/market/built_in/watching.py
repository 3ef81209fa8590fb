"""Symbols that the built-in market has beside those that the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal

import numpy as np

from workstation.config.settings import BuiltInMarket as MarketSettings
from workstation.core.instrument import Instrument
from workstation.core.timeframe import DAY_NS, MINUTE_NS, SECOND_NS
from workstation.core.types import InstrumentKind
from workstation.market.built_in.assets import ASSETS, asset_of, typical_price
from workstation.market.built_in.past import Past
from workstation.market.built_in.price_path import GRID_NS, AssetFactors, PricePath
from workstation.market.watching import ListedSymbol, Quote

QUOTE = "USDT"
DIGITS = 5
"""Significant digits of a price, by which the tick of an asset is chosen."""
SPARK_NS = 15 * MINUTE_NS


def offered_instruments(configured: Mapping[str, Instrument]) -> dict[str, Instrument]:
    """Every symbol of the built-in market: the configured ones, and each asset that it knows against ``QUOTE``."""
    found = dict(configured)
    for base, asset in ASSETS.items():
        symbol = base + QUOTE
        if symbol not in found:
            tick = Decimal(1).scaleb(asset.price.adjusted() - DIGITS + 1)
            kind, lot = InstrumentKind.LINEAR, Decimal("0.001")
            found[symbol] = Instrument(symbol, base, QUOTE, kind, tick, lot, minimum_notional=Decimal(5))
    return found


class BuiltInWatching:
    """Quotes are made when they are asked for, from a price path of their own that begins with the first watch.

    ``running`` are the engine's own symbols, whose prices the engine tells. ``now_ns`` is UTC.
    """

    problem = ""

    def __init__(
        self,
        settings: MarketSettings,
        configured: Mapping[str, Instrument],
        running: Collection[str],
        seed: int,
        now_ns: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._seed = seed
        self._now_ns = now_ns
        offered = offered_instruments(configured)
        self.listing = tuple(
            ListedSymbol(symbol, each.base, each.quote, each.kind, each.tick)
            for symbol, each in sorted(offered.items())
        )
        self._offered = {symbol: each for symbol, each in offered.items() if symbol not in running}
        self._watched: tuple[str, ...] = ()
        self._path: PricePath | None = None
        self._closes: dict[str, tuple[float, ...]] = {}

    def watch(self, symbols: Collection[str]) -> None:
        self._watched = tuple(symbol for symbol in self._offered if symbol in symbols)
        if self._watched and self._path is None:
            self._begin()

    def quotes(self) -> Mapping[str, Quote]:
        return {symbol: self._quote(symbol) for symbol in self._watched}

    def _begin(self) -> None:
        settings, now_ns = self._settings, self._now_ns()
        volatility, crashes = float(settings.volatility), float(settings.crashes_per_day)
        assets = {symbol: asset_of(each) for symbol, each in self._offered.items()}
        starts = {symbol: max(8, typical_price(each)) for symbol, each in self._offered.items()}
        factors = AssetFactors(self._seed, "watched", assets, GRID_NS / SECOND_NS, volatility, crashes)
        past = Past(self._offered, self._seed, 2, volatility, crashes, float(settings.messages_per_second))
        for symbol, each in self._offered.items():
            history = past.history(symbol, SPARK_NS, DAY_NS // SPARK_NS, now_ns, starts[symbol])
            self._closes[symbol] = tuple(row[4] * each.tick_lossy for row in history.bars)
        self._path = PricePath(factors, starts, now_ns)

    def _quote(self, symbol: str) -> Quote:
        assert self._path is not None
        instrument, now_ns = self._offered[symbol], self._now_ns()
        prices, _ = self._path.at(symbol, np.array([now_ns], dtype=np.int64))
        last = instrument.price(max(1, round(float(prices[0]))))
        closes = self._closes[symbol]
        return Quote(now_ns, last, (float(last) / closes[0] - 1) * 100 if closes else None, closes)
