"""The market data of an exchange: history first, then the streams, with the clock's offset beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from random import Random

from msgspec.structs import replace

from workstation.config.settings import Exchange
from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import ClockOffset, History, MarketInput
from workstation.market.history import BarRow
from workstation.venues.exchange.connection.errors import CallFailed
from workstation.venues.exchange.connection.patience import short_reason
from workstation.venues.exchange.market.binance_market import BinanceMarket
from workstation.venues.exchange.market.candles import fetch_candles
from workstation.venues.exchange.market.ccxt_market import CcxtMarket
from workstation.venues.exchange.market.figures import MarketFigures
from workstation.venues.exchange.market.market_reader import MarketClient, MarketReader, Supplies
from workstation.venues.exchange.market.perpetual_figures import PerpetualReader

log = logging.getLogger("workstation.venues.exchange")

OFFSET_INTERVAL_S = 60.0
"""How often the clock's offset is measured."""
BINANCE = frozenset({"binance", "binanceusdm"})
"""ccxt's names of the exchange whose streams we read ourselves."""


class ExchangeMarket:
    """Delivers the engine's market inputs, stamped with our clock as they come.

    ``client`` is open: its markets are loaded. Made and used within a running event loop. Raises
    ``ConfigurationError`` for a symbol that the exchange does not list.
    """

    def __init__(
        self,
        client: MarketClient,
        exchange: Exchange,
        instruments: tuple[Instrument, ...],
        clock: WallClock,
        deliver: Callable[[MarketInput], None],
        random: Random,
    ) -> None:
        self._client = client
        self._instruments = instruments
        self._clock = clock
        self._deliver = deliver
        self._offset_ns = 0
        for instrument in instruments:
            client.unified(instrument.symbol)
        self._perpetuals = PerpetualReader(client, instruments if exchange.market == "linear" else (), clock, deliver)
        supplies = Supplies(client, exchange, instruments, clock, deliver, random)
        self._reader: MarketReader = (BinanceMarket if client.ccxt.id in BINANCE else CcxtMarket)(supplies)

    async def load_history(self, bars: Mapping[int, int]) -> None:
        """Deliver so many closed bars of each interval (in nanoseconds) for every symbol, the largest interval first.

        Raises ``DataError`` when the exchange does not give them.
        """
        for instrument in self._instruments:
            for interval_ns in sorted(bars, reverse=True):
                await self._load(instrument, interval_ns, bars[interval_ns])

    async def run(self) -> None:
        """Deliver until cancelled. Nothing that the exchange or the network does ends it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reader.run())
            tasks.create_task(self._follow_clock())
            tasks.create_task(self._perpetuals.run())

    def figures(self) -> MarketFigures:
        return replace(self._reader.figures(), clock_offset_ns=self._offset_ns)

    async def _load(self, instrument: Instrument, interval_ns: int, count: int) -> None:
        end_ns = self._clock.now_ns()
        start_ns = end_ns - (count + 1) * interval_ns
        rows: list[BarRow] = []
        async for page in fetch_candles(self._client, instrument.symbol, interval_ns, start_ns, end_ns):
            rows += page.rows(instrument)
        if rows:
            self._deliver(History(instrument.symbol, self._clock.now_ns(), interval_ns, tuple(rows[-count:])))

    async def _follow_clock(self) -> None:
        while True:
            try:
                self._offset_ns = (await self._client.measure_clock()).offset_ns
                self._deliver(ClockOffset(self._clock.now_ns(), self._offset_ns))
            except CallFailed as error:
                log.info("The exchange's clock could not be read: %s", short_reason(error))
            await asyncio.sleep(OFFSET_INTERVAL_S)
