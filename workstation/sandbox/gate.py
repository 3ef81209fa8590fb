"""The way in, the same for REST and the websocket API: limits, proof, permission, then the endpoint, in one turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from workstation.sandbox import errors
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.exchange import Exchange
from workstation.sandbox.listing import Market
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.signing import check_signed, known_key
from workstation.sandbox.weights import FUTURES_ORDERS, FUTURES_WEIGHT, SPOT_ORDERS, SPOT_WEIGHT, Weights


class Asked(NamedTuple):
    """A request as it came in. ``payload`` is what its signature covers."""

    address: str
    key: str | None
    values: dict[str, str]
    payload: str


class Answer(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]


class Gate:
    """``now_ns`` is the server's clock, against which requests are in time or not when they are executed."""

    def __init__(self, exchange: Exchange, endpoints: Iterable[Endpoint], now_ns: Callable[[], int]) -> None:
        self.exchange = exchange
        self.now_ns = now_ns
        self._endpoints = {(endpoint.method, endpoint.path): endpoint for endpoint in endpoints}
        self.weights: Mapping[Market, Weights] = {
            Market.SPOT: Weights(SPOT_WEIGHT, SPOT_ORDERS),
            Market.FUTURES: Weights(FUTURES_WEIGHT, FUTURES_ORDERS),
        }

    def find(self, method: str, path: str) -> Endpoint | None:
        return self._endpoints.get((method, path))

    def execute(self, endpoint: Endpoint, asked: Asked) -> Answer:
        """Let a request in and carry it out. A refusal is an answer too."""
        headers: dict[str, str] = {}
        try:
            with self.exchange.turn():
                return Answer(200, self._admitted(endpoint, asked, headers), headers)
        except ApiError as refusal:
            return refused(refusal, headers)

    def _admitted(self, endpoint: Endpoint, asked: Asked, headers: dict[str, str]) -> Any:
        now_ns = self.now_ns()
        weights = self.weights[market_of(endpoint.path)]
        weight = endpoint.weight_of(Parameters(asked.values))
        headers.update(weights.charge(asked.address, weight, now_ns))
        key: ApiKey | None = None
        if endpoint.security is not Security.NONE:
            key = known_key(self.exchange.keys, asked.key, asked.address)
        if key is not None and endpoint.security.signed:
            check_signed(key, endpoint.security, asked.values, asked.payload, now_ns)
        if key is not None and endpoint.orders:
            headers.update(weights.charge_orders(key.account, endpoint.orders, now_ns))
        return endpoint.handler(Call(self.exchange, asked.values, key, now_ns, self.weights))

    def told_limits(self, market: Market, address: str) -> list[dict[str, Any]]:
        """The limit of weight and its use, as the websocket API tells it."""
        return [self.weights[market].weight.told(address, self.now_ns())]

    def ban(self, address: str, duration_ns: int) -> None:
        """Refuse everything from an address on both markets for so long."""
        for weights in self.weights.values():
            weights.ban(address, self.now_ns(), duration_ns)


def refused(refusal: ApiError, headers: dict[str, str]) -> Answer:
    if refusal.retry_after_s is not None:
        headers = {**headers, "Retry-After": str(refusal.retry_after_s)}
    return Answer(refusal.status, refusal.body(), headers)


def market_of(path: str) -> Market:
    return Market.FUTURES if path.startswith(("/fapi", "/futures")) else Market.SPOT


def unknown_path() -> Answer:
    return refused(errors.unknown_path(), {})
