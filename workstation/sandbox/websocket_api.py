"""The websocket API: the REST endpoints by method names, and the subscription to the user's stream on spot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import orjson
from aiohttp import web

from workstation.sandbox.connection import Connection
from workstation.sandbox.endpoint import Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.gate import Answer, Asked, Gate, refused
from workstation.sandbox.listing import Market
from workstation.sandbox.signing import check_signed, known_key, sorted_payload
from workstation.sandbox.user_streams import UserStreams

SPOT_METHODS = {
    "ping": ("GET", "/api/v3/ping"),
    "time": ("GET", "/api/v3/time"),
    "exchangeInfo": ("GET", "/api/v3/exchangeInfo"),
    "depth": ("GET", "/api/v3/depth"),
    "trades.recent": ("GET", "/api/v3/trades"),
    "trades.historical": ("GET", "/api/v3/historicalTrades"),
    "trades.aggregate": ("GET", "/api/v3/aggTrades"),
    "klines": ("GET", "/api/v3/klines"),
    "uiKlines": ("GET", "/api/v3/uiKlines"),
    "avgPrice": ("GET", "/api/v3/avgPrice"),
    "ticker.24hr": ("GET", "/api/v3/ticker/24hr"),
    "ticker.price": ("GET", "/api/v3/ticker/price"),
    "ticker.book": ("GET", "/api/v3/ticker/bookTicker"),
    "order.place": ("POST", "/api/v3/order"),
    "order.test": ("POST", "/api/v3/order/test"),
    "order.status": ("GET", "/api/v3/order"),
    "order.cancel": ("DELETE", "/api/v3/order"),
    "order.cancelReplace": ("POST", "/api/v3/order/cancelReplace"),
    "openOrders.status": ("GET", "/api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
    "allOrders": ("GET", "/api/v3/allOrders"),
    "orderList.place": ("POST", "/api/v3/order/oco"),
    "orderList.place.oco": ("POST", "/api/v3/orderList/oco"),
    "orderList.place.oto": ("POST", "/api/v3/orderList/oto"),
    "orderList.place.otoco": ("POST", "/api/v3/orderList/otoco"),
    "orderList.status": ("GET", "/api/v3/orderList"),
    "orderList.cancel": ("DELETE", "/api/v3/orderList"),
    "openOrderLists.status": ("GET", "/api/v3/openOrderList"),
    "allOrderLists": ("GET", "/api/v3/allOrderList"),
    "myTrades": ("GET", "/api/v3/myTrades"),
    "account.status": ("GET", "/api/v3/account"),
    "account.rateLimits.orders": ("GET", "/api/v3/rateLimit/order"),
    "account.commission": ("GET", "/api/v3/account/commission"),
}
FUTURES_METHODS = {
    "depth": ("GET", "/fapi/v1/depth"),
    "ticker.price": ("GET", "/fapi/v1/ticker/price"),
    "ticker.book": ("GET", "/fapi/v1/ticker/bookTicker"),
    "order.place": ("POST", "/fapi/v1/order"),
    "order.modify": ("PUT", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "account.status": ("GET", "/fapi/v2/account"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
    "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
    "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
    "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
}


class ApiRequest(msgspec.Struct):
    id: int | str | None = None
    method: str = ""
    params: dict[str, Any] = {}


Executor = Callable[[Endpoint, str, Asked], Awaitable[Answer | None]]
"""Carries a request out under the name it goes by; ``None`` when it is not to be answered."""


class ApiConnection:
    """One connection to the websocket API of a market."""

    def __init__(
        self, connection: Connection, gate: Gate, users: UserStreams, market: Market, address: str, execute: Executor
    ) -> None:
        self.connection = connection
        self._gate = gate
        self._users = users
        self._market = market
        self._address = address
        self._execute = execute
        self._methods = SPOT_METHODS if market is Market.SPOT else FUTURES_METHODS

    async def run(self, request: web.Request, spawn: Callable[[Awaitable[None]], None]) -> web.WebSocketResponse:
        """Serve. ``spawn`` runs what takes time, so that a late answer does not hold up the next request."""
        try:
            return await self.connection.run(request, lambda raw: spawn(self._on_message(raw)))
        finally:
            self._users.forget(self)

    def take_event(self, stream: str, message: bytes) -> None:
        """An event of an account."""
        self.connection.push(message, stream)

    async def _on_message(self, raw: bytes) -> None:
        try:
            asked = msgspec.json.decode(raw, type=ApiRequest)
        except msgspec.MsgspecError:
            refusal = ApiError(-1135, "Invalid JSON Request")
            self.connection.send({"id": None, "status": 400, "error": refusal.body(), "rateLimits": []})
            return
        values = {name: _text(value) for name, value in asked.params.items() if value is not None}
        request = Asked(
            self._address, values.pop("apiKey", None), values, sorted_payload(_with_key(values, asked.params))
        )
        if asked.method.startswith("userDataStream.") and self._market is Market.SPOT:
            answer: Answer | None = self._user_stream(asked.method, request)
        else:
            endpoint = self._gate.find(*self._methods.get(asked.method, ("", "")))
            if endpoint is None:
                answer = refused(ApiError(-1000, f"Unknown method: {asked.method}"), {})
            else:
                answer = await self._execute(endpoint, asked.method, request)
        if answer is not None:
            self._send(asked.id, answer, request)

    def _send(self, id_: int | str | None, answer: Answer, request: Asked) -> None:
        body: dict[str, Any] = {"id": id_, "status": answer.status}
        body["result" if answer.status == 200 else "error"] = answer.body
        body["rateLimits"] = self._gate.told_limits(self._market, self._address)
        self.connection.send(body)

    def _user_stream(self, method: str, request: Asked) -> Answer:
        try:
            if method == "userDataStream.subscribe.signature":
                return Answer(200, {"subscriptionId": self._subscribe(request)}, {})
            if method == "userDataStream.unsubscribe":
                number = request.values.get("subscriptionId")
                if not self._users.unsubscribe(self, int(number) if number and number.isdigit() else None):
                    raise ApiError(-1234, "There is no such subscription on this connection.")
                return Answer(200, {}, {})
        except ApiError as refusal:
            return refused(refusal, {})
        text = "The spot listenKey and session methods are retired: use userDataStream.subscribe.signature."
        return refused(ApiError(-1000, f"Unknown method: {method}. {text}"), {})

    def _subscribe(self, request: Asked) -> int:
        exchange = self._gate.exchange
        key = known_key(exchange.keys, request.key, request.address)
        check_signed(key, Security.READ, request.values, request.payload, self._gate.now_ns())
        return self._users.subscribe(self, key.account, self._market)


def _with_key(values: dict[str, str], params: dict[str, Any]) -> dict[str, str]:
    return {**values, "apiKey": _text(params["apiKey"])} if "apiKey" in params else values


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
