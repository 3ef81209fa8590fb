"""A few of Binance's endpoints, answering what a test scripts; it remembers every request."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from aiohttp import WSMsgType, web

from workstation.config.settings import Exchange, Reconciliation
from workstation.core.credentials import Credentials
from workstation.core.instrument import Instrument
from workstation.core.types import InstrumentKind
from workstation.venues.exchange.connection.client import ExchangeClient

KEYS = Credentials("the-api-key-of-a-test", "the-secret-of-a-test")
Answer = tuple[int, Any, dict[str, str]]
Handler = Callable[[dict[str, str]], Answer]


def spot_symbol(base: str = "BTC", quote: str = "USDT") -> dict[str, Any]:
    return {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": [
            "LIMIT",
            "LIMIT_MAKER",
            "MARKET",
            "STOP_LOSS",
            "STOP_LOSS_LIMIT",
            "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_MAKER"],
        "defaultSelfTradePreventionMode": "NONE",
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001000"},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "maxNotional": "9000000"},
        ],
    }


def linear_symbol(base: str = "BTC", quote: str = "USDT") -> dict[str, Any]:
    return {
        "symbol": base + quote,
        "pair": base + quote,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": quote,
        "marginAsset": quote,
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "underlyingType": "COIN",
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "1000000", "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "100", "stepSize": "0.001"},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
        ],
    }


RATE_LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200000},
]


class FakeBinance:
    """``script[(method, path)]`` holds answers to give in turn, ``handlers`` what answers when none is left."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.script: dict[tuple[str, str], deque[Answer | Exception]] = defaultdict(deque)
        self.handlers: dict[tuple[str, str], Handler] = {}
        self.headers: dict[str, str] = {}
        """Of the last request."""
        self.clock_ahead_ms = 0
        self.sockets: list[web.WebSocketResponse] = []
        self.socket_opened = asyncio.Event()
        self.address = ""
        limits = {"timezone": "UTC", "serverTime": 0, "rateLimits": RATE_LIMITS}
        self.on("GET", "/api/v3/exchangeInfo", {**limits, "symbols": [spot_symbol(), spot_symbol("ETH")]})
        self.on("GET", "/fapi/v1/exchangeInfo", {**limits, "symbols": [linear_symbol(), linear_symbol("ETH")]})
        for path in ("/api/v3/time", "/fapi/v1/time"):
            self.handlers["GET", path] = lambda _: (200, {"serverTime": self.now_ms()}, {})

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.clock_ahead_ms

    def on(self, method: str, path: str, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer always so."""
        answer = (status, body, headers or {})
        self.handlers[method, path] = lambda _: answer

    def once(self, method: str, path: str, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer so to the next request that has no earlier answer waiting."""
        self.script[method, path].append((status, body, headers or {}))

    def drop(self, method: str, path: str) -> None:
        """Close the connection to the next such request instead of answering."""
        self.script[method, path].append(ConnectionResetError())

    def asked(self, method: str, path: str) -> list[dict[str, str]]:
        """Parameters of the requests to an endpoint, in order."""
        return [parameters for verb, where, parameters in self.requests if (verb, where) == (method, path)]

    async def push(self, message: dict[str, Any]) -> None:
        """Send to every user stream."""
        for socket in self.sockets:
            await socket.send_json(message)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        sent: Any = await request.json() if request.content_type == "application/json" else await request.post()
        parameters = {**request.query, **{key: str(value) for key, value in sent.items()}}
        self.headers = dict(request.headers)
        key = (request.method, request.path)
        self.requests.append((*key, parameters))
        waiting = self.script[key]
        if waiting:
            answer = waiting.popleft()
        elif key in self.handlers:
            answer = self.handlers[key](parameters)
        else:
            answer = (404, {"code": -1000, "msg": f"no {key} in this fake"}, {})
        if isinstance(answer, Exception):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        status, body, headers = answer
        return web.json_response(body, status=status, headers=headers)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.requests.append(("WS", request.path, dict(request.query)))
        if "listenKey" in request.query:
            self._opened(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                body = message.json()
                self.requests.append(("WS", body["method"], {k: str(v) for k, v in body.get("params", {}).items()}))
                waiting = self.script["WS", body["method"]]
                answer = waiting.popleft() if waiting else (200, {"result": {"subscriptionId": 0}}, {})
                assert not isinstance(answer, Exception)
                await socket.send_json({"id": body["id"], "status": answer[0], **answer[1]})
                if answer[0] == 200:
                    self._opened(socket)
        if socket in self.sockets:
            self.sockets.remove(socket)
        return socket

    def _opened(self, socket: web.WebSocketResponse) -> None:
        self.sockets.append(socket)
        self.socket_opened.set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FakeBinance]:
        app = web.Application()
        app.router.add_get("/ws-api/v3", self._stream)
        app.router.add_get("/fut/private/ws", self._stream)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        self.address = f"http://{host}:{port}"
        try:
            yield self
        finally:
            for socket in list(self.sockets):
                await socket.close()
            await runner.cleanup()


def exchange_settings(address: str = "", market: str = "spot", **changes: Any) -> Exchange:
    fields: dict[str, Any] = {
        "name": "binance",
        "market": market,
        "address": address,
        "testnet": False,
        "key": "main",
        "withdrawal_permission": "refuse",
        "book_depth": 1000,
        "silent_feed_s": Decimal(10),
        "dead_man_s": Decimal(60),
        "dead_man_refresh_s": Decimal(15),
        "reconciliation": Reconciliation(orders_s=Decimal(10), positions_s=Decimal(60), tolerance=Decimal("0.000001")),
    }
    return Exchange(**{**fields, **changes})


class WallTime:
    """Our clock, with a fault that a test sets."""

    def __init__(self) -> None:
        self.ahead_ns = 0

    def now_ns(self) -> int:
        return time.time_ns() + self.ahead_ns


@asynccontextmanager
async def connected(fake: FakeBinance, market: str = "spot", **changes: Any) -> AsyncIterator[ExchangeClient]:
    """A client of the fake, opened."""
    client = ExchangeClient(exchange_settings(fake.address, market, **changes), KEYS, WallTime())
    client.ccxt.timeout_on_exit = 0
    try:
        await client.open()
        yield client
    finally:
        await client.close()


def instrument(kind: InstrumentKind = InstrumentKind.SPOT, base: str = "BTC") -> Instrument:
    spot = kind is InstrumentKind.SPOT
    return Instrument(
        symbol=f"{base}USDT",
        base=base,
        quote="USDT",
        kind=kind,
        tick=Decimal("0.01" if spot else "0.10"),
        lot=Decimal("0.00001" if spot else "0.001"),
        minimum_notional=Decimal(5 if spot else 100),
        maximum_leverage=1 if spot else 125,
    )
