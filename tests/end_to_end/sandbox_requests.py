"""Raw requests to a sandbox exchange, for what clients hide."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp

from tests.end_to_end.sandbox_server import Sandbox


class Told(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]


class Requests:
    """Signs as a client does. ``clock_ms`` is added to the timestamp."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self._session = session
        self.clock_ms = 0

    async def public(self, path: str, **values: Any) -> Told:
        async with self._session.get(f"{self.sandbox.address}{path}", params=values) as answer:
            return Told(answer.status, await answer.json(), dict(answer.headers))

    async def signed(self, method: str, path: str, **values: Any) -> Told:
        stamp = self.sandbox.server._wall.now_ns() // 1_000_000 + self.clock_ms
        query = urlencode({**values, "timestamp": stamp})
        proof = hmac.new(self.sandbox.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = f"{self.sandbox.address}{path}?{query}&signature={proof}"
        headers = {"X-MBX-APIKEY": self.sandbox.key}
        async with self._session.request(method, url, headers=headers) as answer:
            return Told(answer.status, await answer.json(), dict(answer.headers))

    async def buy(self, quantity: str = "0.01", **values: Any) -> Told:
        """A market order on spot."""
        terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": quantity, **values}
        return await self.signed("POST", "/api/v3/order", **terms)
