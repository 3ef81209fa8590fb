"""Bybit, OKX and Kraken through ccxt: ids, exact numbers, the expiry in each one's own field, and their refusals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.unit.venues.exchange.fake_binance import KEYS, FakeBinance, WallTime, exchange_settings, instrument
from tests.unit.venues.exchange.venue_bench import order
from workstation.core.credentials import Credentials
from workstation.core.messages import (
    AmendRejected,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderStatus,
    OrderUnknown,
    VenueReport,
)
from workstation.core.orders import AmendRequest, CancelRequest, QueryRequest
from workstation.core.types import InstrumentKind, Liquidity, OrderState, OrderType, TimeInForce
from workstation.venues.exchange.account.venue import ExchangeVenue
from workstation.venues.exchange.connection.client import ExchangeClient

BYBIT_CREATE, OKX_CREATE, KRAKEN_CREATE = "/v5/order/create", "/api/v5/trade/order", "/0/private/AddOrder"
IDS = {"bybit": "BTCUSDT", "okx": "BTC-USDT", "kraken": "XXBTUSDT"}


def soon_ns() -> int:
    """An expiry that a change sent now meets."""
    return time.time_ns() + 4_000_000_000


class Desk:
    def __init__(self, fake: FakeBinance, client: ExchangeClient) -> None:
        self.fake = fake
        self.client = client
        self.reports: list[VenueReport] = []
        self._news = asyncio.Event()
        self.venue = ExchangeVenue(client, {"BTCUSDT": instrument(InstrumentKind.SPOT)}, self._take, lambda: None)

    def _take(self, report: VenueReport) -> None:
        self.reports.append(report)
        self._news.set()

    async def report(self, kind: type[Any]) -> Any:
        async with asyncio.timeout(10):
            while not any(isinstance(report, kind) for report in self.reports):
                self._news.clear()
                await self._news.wait()
        return next(report for report in self.reports if isinstance(report, kind))


@asynccontextmanager
async def desk(name: str) -> AsyncIterator[Desk]:
    """A venue of ours on an exchange whose every address is a fake's."""
    keys = Credentials(KEYS.key, "c2VjcmV0", "a-passphrase")
    async with FakeBinance().serving() as fake:
        client = ExchangeClient(exchange_settings(name=name), keys, WallTime())
        exchange = client.ccxt
        exchange.timeout_on_exit = 0
        exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], fake.address)
        exchange.options["brokerId"] = ""
        if name == "bybit":
            exchange.options["enableUnifiedAccount"] = exchange.options["enableUnifiedMargin"] = True
        exchange.set_markets(
            [
                exchange.safe_market_structure(
                    {
                        "id": IDS[name],
                        "symbol": "BTC/USDT",
                        "base": "BTC",
                        "quote": "USDT",
                        "baseId": "BTC",
                        "quoteId": "USDT",
                        "type": "spot",
                        "spot": True,
                        "swap": False,
                        "contract": False,
                        "active": True,
                        "precision": {"price": Decimal("0.01"), "amount": Decimal("0.00001")},
                        "info": {},
                    }
                )
            ]
        )
        exchange.markets_loading = asyncio.get_running_loop().create_future()
        exchange.markets_loading.set_result(exchange.markets)
        client.learn_symbols()
        made = Desk(fake, client)
        try:
            yield made
        finally:
            await made.venue.close()
            await client.close()


async def test_bybit_gets_the_id_exact_numbers_and_a_receive_window_up_to_the_expiry() -> None:
    async with desk("bybit") as made:
        made.fake.on("POST", BYBIT_CREATE, {"retCode": 0, "result": {"orderId": "b-1", "orderLinkId": "w1-1"}})
        made.venue.send(order(expires_s=3))
        assert (await made.report(OrderAccepted)).venue_id == "b-1"
        (sent,) = made.fake.asked("POST", BYBIT_CREATE)
        assert (sent["orderLinkId"], sent["qty"], sent["price"]) == ("w1-1", "0.01", "50000")
        assert (sent["symbol"], sent["side"], sent["orderType"]) == ("BTCUSDT", "Buy", "Limit")
        assert 1_000 < int(made.fake.headers["X-BAPI-RECV-WINDOW"]) <= 3_000
        assert made.client.ccxt.options["recvWindow"] == 5_000


async def test_bybit_holds_conditional_orders_itself() -> None:
    async with desk("bybit") as made:
        made.fake.on("POST", BYBIT_CREATE, {"retCode": 0, "result": {"orderId": "b-1"}})
        made.venue.send(order(type=OrderType.STOP, stop_price=4_900_001))
        await made.report(OrderAccepted)
        assert made.fake.asked("POST", BYBIT_CREATE)[0]["triggerPrice"] == "49000.01"


async def test_okx_gets_an_id_of_letters_and_digits_and_an_expiry_header() -> None:
    async with desk("okx") as made:
        answer = {"code": "0", "data": [{"ordId": "o-1", "clOrdId": "TWw1z01", "sCode": "0", "sMsg": ""}]}
        made.fake.on("POST", OKX_CREATE, answer)
        made.venue.send(order(expires_s=3, time_in_force=TimeInForce.IOC))
        assert (await made.report(OrderAccepted)).venue_id == "o-1"
        (sent,) = made.fake.asked("POST", OKX_CREATE)
        assert (sent["clOrdId"], sent["sz"], sent["px"], sent["ordType"]) == ("TWw1z01", "0.01000", "50000.00", "ioc")
        assert 0 < int(made.fake.headers["expTime"]) - time.time_ns() // 1_000_000 <= 3_000


async def test_kraken_gets_a_deadline() -> None:
    async with desk("kraken") as made:
        made.fake.on(
            "POST",
            KRAKEN_CREATE,
            {"error": [], "result": {"descr": {"order": "buy 0.01 XBTUSDT @ limit 50000.0"}, "txid": ["K-1"]}},
        )
        made.venue.send(order(expires_s=3))
        assert (await made.report(OrderAccepted)).venue_id == "K-1"
        (sent,) = made.fake.asked("POST", KRAKEN_CREATE)
        assert (sent["cl_ord_id"], sent["volume"], sent["price"]) == ("w1-1", "0.01000", "50000.00")
        left = datetime.fromisoformat(sent["deadline"]) - datetime.now(UTC)
        assert 0 < left.total_seconds() <= 3


@pytest.mark.parametrize(
    ("name", "path", "answer", "kind"),
    [
        ("bybit", BYBIT_CREATE, {"retCode": 170131, "retMsg": "Insufficient balance."}, OrderRejected),
        ("bybit", BYBIT_CREATE, {"retCode": 10000, "retMsg": "Server Timeout"}, OrderUnknown),
        ("okx", OKX_CREATE, {"code": "1", "data": [{"sCode": "51008", "sMsg": "Insufficient"}]}, OrderRejected),
        ("okx", OKX_CREATE, {"code": "50004", "data": [], "msg": "Endpoint request timeout"}, OrderUnknown),
        ("kraken", KRAKEN_CREATE, {"error": ["EOrder:Insufficient funds"]}, OrderRejected),
        ("kraken", KRAKEN_CREATE, {"error": ["EService:Deadline elapsed"]}, OrderExpired),
        ("kraken", KRAKEN_CREATE, {"error": ["EGeneral:Internal error"]}, OrderUnknown),
    ],
)
async def test_each_ones_refusals_are_told_from_what_is_unknown(
    name: str, path: str, answer: dict[str, Any], kind: type[Any]
) -> None:
    async with desk(name) as made:
        made.fake.on("POST", path, answer)
        made.venue.send(order())
        assert type(await made.report(kind)) is kind
        assert len(made.fake.asked("POST", path)) == 1


async def test_a_cancel_and_a_change() -> None:
    async with desk("bybit") as made:
        made.fake.on("POST", BYBIT_CREATE, {"retCode": 0, "result": {"orderId": "b-1"}})
        made.fake.on("POST", "/v5/order/cancel", {"retCode": 0, "result": {"orderId": "b-1"}})
        made.venue.send(order())
        await made.report(OrderAccepted)
        made.venue.send(AmendRequest("w1-1", 1, 0, 1, 1, soon_ns()))
        assert "cancel it and place another" in (await made.report(AmendRejected)).reason
        made.venue.send(CancelRequest("w1-1"))
        await made.report(OrderCancelled)
        assert made.fake.asked("POST", "/v5/order/cancel")[0]["orderId"] == "b-1"


def listed(made: Desk, **changes: Any) -> dict[str, Any]:
    """An order as ccxt gives it."""
    return {
        "id": "b-1",
        "clientOrderId": "w1-1",
        "symbol": "BTC/USDT",
        "side": "buy",
        "type": "limit",
        "status": "open",
        "amount": Decimal("0.01"),
        "filled": Decimal(0),
        "price": Decimal("50000.00"),
        **changes,
    }


async def test_a_query_looks_through_the_lists_and_takes_all_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk("bybit") as made:
        made.fake.on("POST", BYBIT_CREATE, {"retCode": 0, "result": {"orderId": "b-1"}})
        made.venue.send(order())
        await made.report(OrderAccepted)
        trade = {
            "id": "t-9",
            "order": "b-1",
            "symbol": "BTC/USDT",
            "side": "buy",
            "price": Decimal("49999.99"),
            "amount": Decimal("0.01"),
            "timestamp": 1_700_000_000_000,
            "takerOrMaker": "maker",
            "fee": {"cost": Decimal("0.00001"), "currency": "BTC"},
        }
        done = listed(made, status="closed", filled=Decimal("0.01"))
        answers = {"fetch_open_orders": [], "fetch_closed_orders": [done], "fetch_my_trades": [trade]}
        for name, rows in answers.items():

            async def answer(*_: Any, rows: list[Any] = rows) -> list[Any]:
                return rows

            monkeypatch.setattr(made.client.ccxt, name, answer)
        made.venue.send(QueryRequest("w1-1", 5))
        status: OrderStatus = await made.report(OrderStatus)
        assert (status.found, status.state, status.venue_id) == (True, OrderState.FILLED, "b-1")
        (fill,) = status.fills
        assert isinstance(fill, OrderFilled)
        assert (fill.fill_id, fill.price, fill.lots, fill.fee) == ("BTCUSDT:t-9", 4_999_999, 1_000, 1_000)
        assert fill.liquidity is Liquidity.MAKER


async def test_the_accounts_stream_tells_orders_and_fills_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk("okx") as made:
        reconnected = asyncio.Event()
        made.venue._on_reconnected = reconnected.set
        orders: asyncio.Queue[Any] = asyncio.Queue()
        trades: asyncio.Queue[Any] = asyncio.Queue()

        def watching(queue: asyncio.Queue[Any]) -> Any:
            async def watch() -> Any:
                told = await queue.get()
                if isinstance(told, Exception):
                    raise told
                return told

            return watch

        monkeypatch.setattr(made.client.ccxt, "watch_orders", watching(orders))
        monkeypatch.setattr(made.client.ccxt, "watch_my_trades", watching(trades))
        made.venue.start()
        orders.put_nowait([listed(made, id="o-1", clientOrderId="TWw1z01")])
        assert (await made.report(OrderAccepted)).client_id == "w1-1"
        trade = {
            "id": "t-9",
            "order": "o-1",
            "symbol": "BTC/USDT",
            "side": "buy",
            "price": Decimal("49999.99"),
            "amount": Decimal("0.01"),
            "timestamp": 1_700_000_000_000,
            "takerOrMaker": "taker",
            "fee": {"cost": Decimal("0.00001"), "currency": "BTC"},
        }
        trades.put_nowait([trade])
        fill = await made.report(OrderFilled)
        assert (fill.client_id, fill.fill_id) == ("w1-1", "BTCUSDT:t-9")
        orders.put_nowait(ccxt.NetworkError("connection reset"))
        await reconnected.wait()
        orders.put_nowait([listed(made, id="o-1", clientOrderId="TWw1z01", status="canceled")])
        assert (await made.report(OrderCancelled)).client_id == "w1-1"
