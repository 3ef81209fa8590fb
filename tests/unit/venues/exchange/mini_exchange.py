"""A tiny exchange on loopback: the few of Binance's answers that market data need, scripted by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec
from aiohttp import WSMsgType, web

from workstation.config.loader import load_settings
from workstation.config.settings import Exchange
from workstation.core.clock import WallClock
from workstation.venues.exchange.connection.client import ExchangeClient

SPOT_FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
    {"filterType": "NOTIONAL", "minNotional": "5", "applyMinToMarket": True, "maxNotional": "9000000"},
]
ORDER_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]


def listed(symbol: str = "BTCUSDT", linear: bool = False) -> dict[str, Any]:
    perpetual = {"pair": symbol, "contractType": "PERPETUAL"} if linear else {}
    return perpetual | {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 5,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "orderTypes": ORDER_TYPES,
        "isSpotTradingAllowed": True,
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "filters": SPOT_FILTERS,
    }


Answer = Callable[[dict[str, str]], Any]


class MiniExchange:
    """``answers`` gives each REST path (``time``, ``klines``, …) its function of the query, spot and USD-M alike.

    An answer that is a ``web.Response`` is sent as it is. Websocket connections are in ``sockets`` with the streams
    that they asked for; ``push`` sends a frame to those that asked for its stream.
    """

    def __init__(self) -> None:
        self.address = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sockets: dict[web.WebSocketResponse, set[str]] = {}
        self.opened = 0
        self.changed = asyncio.Event()
        self.refuse_sockets = False
        self.refusal: dict[str, Any] = {}
        """What subscriptions are answered instead of being taken."""
        self.answers_subscriptions = True
        self.answers: dict[str, Answer] = {
            "time": lambda query: {"serverTime": 1_700_000_000_000},
            "openInterest": lambda query: {"symbol": query["symbol"], "openInterest": "80000.50000", "time": 1},
            "openInterestHist": lambda query: [],
            "fundingRate": lambda query: [],
        }

    async def rest(self, request: web.Request) -> web.Response:
        path, query = request.match_info["path"], dict(request.query)
        self.asked.append((path, query))
        self._note()
        if path == "exchangeInfo":
            symbols = [listed(symbol, linear=request.path.startswith("/fapi")) for symbol in ("BTCUSDT", "ETHUSDT")]
            return web.json_response({"symbols": symbols, "rateLimits": []})
        answer = self.answers[path](query)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, web.Response):
            return answer
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

    async def websocket(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return web.Response(status=503, text="maintenance")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened += 1
        streams: set[str] = set()
        self.sockets[socket] = streams
        self._note()
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                asked = msgspec.json.decode(message.data)
                answer = self.refusal or {"result": None, "id": asked["id"]}
                if self.answers_subscriptions:
                    await socket.send_str(msgspec.json.encode(answer).decode())
                if not self.refusal and asked["method"] == "SUBSCRIBE":
                    streams.update(asked["params"])
                    self._note()
        finally:
            self.sockets.pop(socket, None)
            self._note()
        return socket

    async def push(self, stream: str, event: dict[str, Any]) -> None:
        frame = msgspec.json.encode({"stream": stream, "data": event}).decode()
        for socket, streams in list(self.sockets.items()):
            if stream in streams:
                await socket.send_str(frame)

    async def drop(self) -> None:
        """Close every websocket."""
        for socket in list(self.sockets):
            await socket.close()

    async def until(self, holds: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for something that a request or a connection brings about."""
        async with asyncio.timeout(seconds):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    def count(self, path: str) -> int:
        return sum(1 for asked, _ in self.asked if asked == path)

    def _note(self) -> None:
        self.changed.set()


@asynccontextmanager
async def mini_exchange() -> AsyncIterator[MiniExchange]:
    exchange = MiniExchange()
    app = web.Application()
    app.router.add_get("/api/v3/{path:.*}", exchange.rest)
    app.router.add_get("/fapi/v1/{path:.*}", exchange.rest)
    app.router.add_get("/futures/data/{path:.*}", exchange.rest)
    for prefix in ("/stream", "/fut/public/ws", "/fut/market/ws"):
        app.router.add_get(prefix + "/{number}", exchange.websocket)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    exchange.address = f"http://{host}:{port}"
    try:
        yield exchange
    finally:
        await exchange.drop()
        await runner.cleanup()


def exchange_settings(address: str, market: str = "spot", **changes: Any) -> Exchange:
    settings = load_settings(Path("config/strategy.yaml")).settings.exchange
    return msgspec.structs.replace(settings, address=address, market=market, **changes)


class Reachable(Protocol):
    @property
    def address(self) -> str: ...


@asynccontextmanager
async def client_of(exchange: Reachable, market: str = "spot") -> AsyncIterator[ExchangeClient]:
    client = ExchangeClient(exchange_settings(exchange.address, market), None, WallClock())
    try:
        await client.open()
        yield client
    finally:
        await client.close()
