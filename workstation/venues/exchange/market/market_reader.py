"""What every reader of an exchange's market data is given and offers."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

import msgspec

from workstation.config.settings import Exchange
from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import MarketInput
from workstation.venues.exchange.connection.budget import Budget
from workstation.venues.exchange.market.figures import MarketFigures


class ClockReading(Protocol):
    @property
    def offset_ns(self) -> int:
        """The exchange's clock less ours."""


class MarketClient(Protocol):
    """An open ``ExchangeClient``, as far as market data need it."""

    @property
    def ccxt(self) -> Any: ...

    @property
    def budget(self) -> Budget: ...

    def unified(self, symbol: str) -> str: ...

    async def measure_clock(self) -> ClockReading: ...


class Supplies(msgspec.Struct, frozen=True):
    """What a reader works with. ``deliver`` takes the engine's inputs, in order, stamped with ``clock``."""

    client: MarketClient
    exchange: Exchange
    instruments: tuple[Instrument, ...]
    clock: WallClock
    deliver: Callable[[MarketInput], None]
    random: Random


class MarketReader(Protocol):
    """Reads books, trades and, of perpetuals, mark prices and funding."""

    async def run(self) -> None:
        """Deliver until cancelled. No failure of the exchange or of the network ends it."""

    def figures(self) -> MarketFigures:
        """Without the clock's offset, which is not the reader's."""
