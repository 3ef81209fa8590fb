"""A venue of ours on a sandbox exchange, with every report that it gave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, TypeVar

from tests.end_to_end.sandbox_server import Sandbox
from workstation.config.settings import Exchange, Reconciliation
from workstation.core.clock import WallClock
from workstation.core.credentials import Credentials
from workstation.core.messages import AccountSnapshot, OrderFilled, VenueReport
from workstation.core.orders import GATE_SEAL, Approved, Intent, SnapshotRequest
from workstation.core.types import OrderType, Side
from workstation.venues.exchange.account.venue import ExchangeVenue
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.instruments import Instruments

R = TypeVar("R", bound=Any)
SECOND_NS = 1_000_000_000


def exchange_settings(sandbox: Sandbox, market: str, **changes: Any) -> Exchange:
    fields: dict[str, Any] = {
        "name": "binance",
        "market": market,
        "address": sandbox.address,
        "testnet": False,
        "key": "practice",
        "withdrawal_permission": "refuse",
        "book_depth": 1000,
        "silent_feed_s": Decimal(10),
        "dead_man_s": Decimal(60),
        "dead_man_refresh_s": Decimal(15),
        "reconciliation": Reconciliation(orders_s=Decimal(10), positions_s=Decimal(60), tolerance=Decimal("0.000001")),
    }
    return Exchange(**{**fields, **changes})


class ExchangeDesk:
    """Sends orders as the engine would, without the engine."""

    def __init__(self, sandbox: Sandbox, client: ExchangeClient) -> None:
        self.sandbox = sandbox
        self.client = client
        described = Instruments(client, {})
        self.instruments = {symbol: described.described(symbol) for symbol in ("BTCUSDT", "ETHUSDT")}
        self.reports: list[VenueReport] = []
        self.reconnects = 0
        self._news = asyncio.Event()
        self._number = 0
        self.venue = ExchangeVenue(client, self.instruments, self._take, self._reconnected)

    def _take(self, report: VenueReport) -> None:
        self.reports.append(report)
        self._news.set()

    def _reconnected(self) -> None:
        self.reconnects += 1
        self._news.set()

    async def until(self, condition: Any, seconds: float = 15) -> None:
        """Wait until what was reported makes it true."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def about(self, client_id: str, kind: type[R]) -> list[R]:
        """The reports of a kind about an order."""
        return [r for r in self.reports if isinstance(r, kind) and getattr(r, "client_id", "") == client_id]

    async def report(self, client_id: str, kind: type[R]) -> R:
        """The first report of a kind about an order, waited for."""
        await self.until(lambda: self.about(client_id, kind))
        return self.about(client_id, kind)[0]

    def place(self, side: Side, quantity: str, type: OrderType = OrderType.MARKET, **terms: Any) -> str:
        """Send an order; quantities and prices as decimals. Gives its client id."""
        self._number += 1
        client_id = f"w1-{self._number}"
        symbol = terms.pop("symbol", "BTCUSDT")
        instrument = self.instruments[symbol]
        for name in ("price", "stop_price"):
            if name in terms:
                terms[name] = instrument.ticks_rounded(Decimal(terms[name]))
        intent = Intent(symbol=symbol, side=side, lots=instrument.lots(quantity), type=type, **terms)
        self.venue.send(Approved(GATE_SEAL, intent, client_id, 0, time.time_ns() + 5 * SECOND_NS))
        return client_id

    async def last_price(self, symbol: str = "BTCUSDT") -> Decimal:
        ticker = await self.client.ask(self.client.ccxt.fetch_ticker, self.client.unified(symbol))
        return Decimal(ticker["last"])

    async def snapshot(self, **parts: Any) -> AccountSnapshot:
        number = sum(isinstance(report, AccountSnapshot) for report in self.reports)
        self.venue.send(SnapshotRequest(time.time_ns(), **parts))

        def told() -> list[AccountSnapshot]:
            return [report for report in self.reports if isinstance(report, AccountSnapshot)][number:]

        await self.until(told)
        return told()[0]

    def fills(self) -> list[OrderFilled]:
        return [report for report in self.reports if isinstance(report, OrderFilled)]


@asynccontextmanager
async def exchange_desk(sandbox: Sandbox, market: str = "spot", **changes: Any) -> AsyncIterator[ExchangeDesk]:
    """Connected, with the account's stream standing."""
    keys = Credentials(sandbox.key, sandbox.secret)
    client = ExchangeClient(exchange_settings(sandbox, market, **changes), keys, WallClock())
    try:
        await client.open()
        desk = ExchangeDesk(sandbox, client)
        desk.venue.start()
        async with asyncio.timeout(10):
            while not desk.venue.stream.connected:
                await asyncio.sleep(0.01)
        yield desk
        await desk.venue.close()
    finally:
        await client.close()
