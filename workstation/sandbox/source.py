"""Where the sandbox exchange's prices come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from workstation.config.settings import BuiltInMarket as MarketSettings
from workstation.core.instrument import Instrument
from workstation.core.messages import History, MarketInput, PerpetualHistory
from workstation.market.built_in import BuiltInMarket


class MarketSource(Protocol):
    """A market's events in order of time, each once."""

    @property
    def symbols(self) -> tuple[str, ...]: ...

    @property
    def next_ns(self) -> int:
        """When the next event is due."""
        ...

    def next_events(self, until_ns: int, limit: int = 0) -> list[MarketInput]:
        """Every event up to and including ``until_ns``; with a ``limit`` about so many, the rest with the next call."""
        ...

    def history(self, symbol: str, interval_ns: int, bars: int) -> History:
        """Closed bars from before the start, at most so many; none when it knows no past."""
        ...

    def perpetual_history(self, symbol: str) -> PerpetualHistory | None:
        """Open interest and funding from before the start; ``None`` when it knows no past."""
        ...


def built_in_source(
    settings: MarketSettings,
    instruments: Sequence[Instrument],
    seed: int,
    start_prices: Mapping[str, int],
    start_ns: int,
) -> MarketSource:
    """The built-in market."""
    return BuiltInMarket(settings, instruments, seed, start_prices, start_ns)
