"""An ``ExchangeMarket`` that runs against a tiny exchange and keeps what it delivers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from tests.unit.venues.exchange.mini_exchange import Reachable, client_of, exchange_settings
from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import BookDelta, BookSnapshot, FeedStatus, MarketInput
from workstation.core.types import InstrumentKind
from workstation.market.order_book import OrderBook
from workstation.venues.exchange.market.ccxt_market import CcxtMarket
from workstation.venues.exchange.market.market import ExchangeMarket
from workstation.venues.exchange.market.market_reader import Supplies

Kind = TypeVar("Kind")


def instrument(symbol: str = "BTCUSDT", market: str = "spot", **changes: Any) -> Instrument:
    kind = InstrumentKind.SPOT if market == "spot" else InstrumentKind.LINEAR
    steps = {"tick": Decimal("0.01"), "lot": Decimal("0.00001"), "minimum_notional": Decimal(5)} | changes
    return Instrument(symbol=symbol, base=symbol.removesuffix("USDT"), quote="USDT", kind=kind, **steps)


class Run:
    """What came, the engine's own books made of it, and the market itself."""

    def __init__(self) -> None:
        self.inputs: list[MarketInput] = []
        self.books: dict[str, OrderBook] = {}
        self.market: ExchangeMarket
        self._came = asyncio.Event()

    def deliver(self, item: MarketInput) -> None:
        self.inputs.append(item)
        if isinstance(item, BookSnapshot):
            self.books.setdefault(item.symbol, OrderBook(item.symbol)).apply_snapshot(item)
        elif isinstance(item, BookDelta):
            self.books.setdefault(item.symbol, OrderBook(item.symbol)).apply_delta(item)
        self._came.set()

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [item for item in self.inputs if isinstance(item, kind)]

    def statuses(self) -> list[tuple[str, bool]]:
        return [(status.symbol, status.connected) for status in self.of(FeedStatus)]

    async def until(self, holds: Callable[[], Any], seconds: float = 15.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                self._came.clear()
                await self._came.wait()

    def is_up(self, symbol: str = "BTCUSDT") -> bool:
        return [connected for name, connected in self.statuses() if name == symbol][-1:] == [True]


@asynccontextmanager
async def running_market(
    exchange: Reachable,
    market: str = "spot",
    instruments: tuple[Instrument, ...] = (),
    *,
    through_ccxt: bool = False,
    **settings: Any,
) -> AsyncIterator[Run]:
    run = Run()
    async with client_of(exchange, market) as client:
        chosen = exchange_settings(exchange.address, market, **settings)
        traded = instruments or (instrument(market=market),)
        clock = WallClock()
        run.market = ExchangeMarket(client, chosen, traded, clock, run.deliver, Random(1))
        if through_ccxt:
            run.inputs.clear()
            # By ids like those of the stream.
            client.ccxt.options["fetchTradesMethod"] = "publicGetTrades"
            run.market._reader = CcxtMarket(Supplies(client, chosen, traded, clock, run.deliver, Random(1)))
        task = asyncio.create_task(run.market.run())
        try:
            yield run
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
