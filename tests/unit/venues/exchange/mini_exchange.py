"""A tiny exchange on loopback: the few of Binance's answers that market data need, scripted by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt.pro
import msgspec
from aiohttp import WSMsgType, web

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
        self.closed = asyncio.Event()
        self.on_subscribe: Callable[[MiniExchange, str], None] = lambda exchange, stream: None
        self.refuse_sockets = False
        self.answers: dict[str, Answer] = {
            "time": lambda query: {"serverTime": 1_700_000_000_000},
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
        streams = set(request.query.get("streams", "").split("/")) - {""}
        self.sockets[socket] = streams
        self._note()
        for stream in sorted(streams):
            self.on_subscribe(self, stream)
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                asked = msgspec.json.decode(message.data)
                await socket.send_str(msgspec.json.encode({"result": None, "id": asked["id"]}).decode())
                if asked["method"] == "SUBSCRIBE":
                    streams.update(asked["params"])
                    self._note()
                    for stream in asked["params"]:
                        self.on_subscribe(self, stream)
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
    for prefix in ("/stream", "/ws", "/public/stream", "/market/stream", "/public/ws", "/market/ws"):
        app.router.add_get(prefix, exchange.websocket)
        app.router.add_get(prefix + "/{rest:.*}", exchange.websocket)
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


class Client:
    """What the market data use of ``ExchangeClient``: ccxt's object and names."""

    def __init__(self, address: str, market: str = "spot") -> None:
        self.ccxt = ccxt.pro.binance(
            {
                "enableRateLimit": False,
                "options": {"fetchMarkets": {"types": [market]}, "fetchCurrencies": False, "fetchMargins": False},
            }
        )
        self.ccxt.number = Decimal
        self.suffix = ":USDT" if market == "linear" else ""
        addresses = self.ccxt.urls["api"]
        addresses["public"] = address + "/api/v3"
        addresses["fapiPublic"] = address + "/fapi/v1"
        socket = address.replace("http", "ws", 1)
        addresses["ws"]["spot"] = socket + "/stream"
        addresses["ws"]["linear"] = socket + "/ws"

    def unified(self, symbol: str) -> str:
        return f"{symbol.removesuffix('USDT')}/USDT{self.suffix}"

    def symbol(self, unified: str) -> str:
        return unified.partition(":")[0].replace("/", "")


@asynccontextmanager
async def client_of(exchange: MiniExchange, market: str = "spot") -> AsyncIterator[Client]:
    client = Client(exchange.address, market)
    try:
        await client.ccxt.load_markets()
        yield client
    finally:
        await client.ccxt.close()
