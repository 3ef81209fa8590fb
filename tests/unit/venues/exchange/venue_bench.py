"""A venue on a fake exchange, with what it reported."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tests.unit.venues.exchange.fake_binance import FakeBinance, connected, instrument
from workstation.core.messages import VenueReport
from workstation.core.orders import GATE_SEAL, Approved, Intent
from workstation.core.types import InstrumentKind, OrderType, Side
from workstation.venues.exchange.account.venue import ExchangeVenue
from workstation.venues.exchange.connection.client import ExchangeClient

R = TypeVar("R", bound=Any)
SECOND_NS = 1_000_000_000


class Bench:
    def __init__(self, fake: FakeBinance, client: ExchangeClient, market: str) -> None:
        self.fake = fake
        self.client = client
        self.reports: list[VenueReport] = []
        self.reconnects = 0
        self._news = asyncio.Event()
        kind = InstrumentKind.SPOT if market == "spot" else InstrumentKind.LINEAR
        self.instruments = {"BTCUSDT": instrument(kind), "ETHUSDT": instrument(kind, "ETH")}
        self.venue = ExchangeVenue(client, self.instruments, self._take, self._reconnected)

    def _take(self, report: VenueReport) -> None:
        self.reports.append(report)
        self._news.set()

    def _reconnected(self) -> None:
        self.reconnects += 1
        self._news.set()

    async def until(self, condition: Any) -> None:
        """Wait until something that was reported makes it true."""
        async with asyncio.timeout(10):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def report(self, kind: type[R], number: int = 1) -> R:
        """The n-th report of a kind, waited for."""
        await self.until(lambda: len(self.of(kind)) >= number)
        return self.of(kind)[number - 1]

    def of(self, kind: type[R]) -> list[R]:
        return [report for report in self.reports if isinstance(report, kind)]

    async def quiet(self) -> None:
        """Wait until no request is under way."""
        pending = [task for task in self.venue._tasks if "run" not in repr(task.get_coro())]
        if pending:
            await asyncio.wait(pending)


def order(client_id: str = "w1-1", *, expires_s: float = 5, **terms: Any) -> Approved:
    fields: dict[str, Any] = {"symbol": "BTCUSDT", "side": Side.BUY, "lots": 1000, "type": OrderType.LIMIT}
    if terms.get("type", OrderType.LIMIT) in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT):
        fields["price"] = 5_000_000
    return Approved(
        GATE_SEAL, Intent(**{**fields, **terms}), client_id, 5_000_000, time.time_ns() + int(expires_s * SECOND_NS)
    )


@asynccontextmanager
async def bench(market: str = "spot", *, stream: bool = False, **changes: Any) -> AsyncIterator[Bench]:
    async with FakeBinance().serving() as fake, connected(fake, market, **changes) as client:
        made = Bench(fake, client, market)
        fake.on("POST", "/fapi/v1/listenKey", {"listenKey": "a-listen-key"})
        if stream:
            made.venue.start()
            while not made.venue.stream.connected:
                await asyncio.sleep(0)
        try:
            yield made
        finally:
            await made.venue.close()


def placed(client_id: str = "w1-1", **changes: Any) -> dict[str, Any]:
    """Binance's answer to a spot order, or to a perpetual's."""
    return {
        "symbol": "BTCUSDT",
        "orderId": 11,
        "clientOrderId": client_id,
        "price": "50000.00",
        "origQty": "0.01000",
        "executedQty": "0.00000",
        "status": "NEW",
        "type": "LIMIT",
        "side": "BUY",
        "timeInForce": "GTC",
        "fills": [],
        **changes,
    }


def trade(trade_id: int, order_id: int = 11, **changes: Any) -> dict[str, Any]:
    """A row of /api/v3/myTrades."""
    return {
        "symbol": "BTCUSDT",
        "id": trade_id,
        "orderId": order_id,
        "price": "50000.00",
        "qty": "0.00400",
        "commission": "0.00000400",
        "commissionAsset": "BTC",
        "time": 1_700_000_000_000 + trade_id,
        "isBuyer": True,
        "isMaker": True,
        **changes,
    }


def execution_report(what: str, status: str, **changes: Any) -> dict[str, Any]:
    """An event of the spot user stream, as it is wrapped there."""
    event = {
        "e": "executionReport",
        "E": 1,
        "s": "BTCUSDT",
        "c": "w1-1",
        "C": "",
        "S": "BUY",
        "o": "LIMIT",
        "q": "0.01000",
        "p": "50000.00",
        "x": what,
        "X": status,
        "r": "NONE",
        "i": 11,
        "l": "0.00000",
        "L": "0.00",
        "n": "0",
        "N": None,
        "t": -1,
        "m": False,
        "w": True,
        **changes,
    }
    return {"subscriptionId": 0, "event": event}


def linear_update(what: str, status: str, **changes: Any) -> dict[str, Any]:
    """An ORDER_TRADE_UPDATE of the user stream of perpetuals."""
    return {
        "e": "ORDER_TRADE_UPDATE",
        "E": 1,
        "T": 1,
        "o": {
            "s": "BTCUSDT",
            "c": "w1-1",
            "S": "SELL",
            "o": "MARKET",
            "q": "0.010",
            "p": "0",
            "sp": "0",
            "x": what,
            "X": status,
            "i": 11,
            "l": "0",
            "L": "0",
            "t": 0,
            "m": False,
            "R": True,
            **changes,
        },
    }
