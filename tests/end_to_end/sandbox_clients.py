"""Other people's clients, pointed at a sandbox exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro

from tests.end_to_end.sandbox_server import Sandbox


def point_at(client: Any, address: str) -> None:
    """Send a ccxt client of Binance to the exchange at ``http://127.0.0.1:PORT``."""
    sockets = address.replace("http", "ws", 1)
    urls = client.urls["api"]
    urls["public"] = urls["private"] = f"{address}/api/v3"
    urls["sapi"] = f"{address}/sapi/v1"
    for version in ("", "V2", "V3"):
        urls[f"fapiPublic{version}"] = urls[f"fapiPrivate{version}"] = f"{address}/fapi/{version.lower() or 'v1'}"
    urls["fapiData"] = f"{address}/futures/data"
    urls["ws"]["spot"] = urls["ws"]["margin"] = f"{sockets}/stream"
    urls["ws"]["linear"] = urls["ws"]["future"] = f"{sockets}/fut/ws"
    urls["ws"]["ws-api"] = {"spot": f"{sockets}/ws-api/v3", "linear": f"{sockets}/ws-fapi/v1"}


@asynccontextmanager
async def ccxt_client(
    sandbox: Sandbox, *, key: str = "", secret: str = "", markets: Sequence[str] = ("spot",), **options: Any
) -> AsyncIterator[Any]:
    """A client that has loaded nothing yet."""
    client = ccxt.pro.binance(
        {
            "apiKey": key or sandbox.key,
            "secret": secret or sandbox.secret,
            "enableRateLimit": False,
            "options": {
                "fetchMarkets": {"types": list(markets)},
                "fetchCurrencies": False,
                "fetchMargins": False,
                **options,
            },
        }
    )
    point_at(client, sandbox.address)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def ccxt_session(sandbox: Sandbox, **terms: Any) -> AsyncIterator[Any]:
    """A client that knows the markets."""
    async with ccxt_client(sandbox, **terms) as client:
        await client.load_markets()
        yield client
