"""Where ccxt sends its requests when the exchange is a sandbox exchange at an address of our own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

SPOT_STREAM = "/stream"
"""ccxt takes a stream for spot when its address contains this, and for a derivative's when it does not."""
LINEAR_STREAM = "/fut/ws"
"""ccxt puts the category (public, market, private) before a last ``/ws``."""


def at_address(urls: dict[str, Any], address: str) -> dict[str, Any]:
    """ccxt's addresses of Binance, every one of them moved to ``address``: none of the exchange's own is left."""
    moved: dict[str, Any] = {
        name: address + urlsplit(url).path for name, url in urls.items() if isinstance(url, str) and url
    }
    streams = "ws" + address.removeprefix("http")
    moved["ws"] = {
        "spot": streams + SPOT_STREAM,
        "margin": streams + SPOT_STREAM,
        "linear": streams + LINEAR_STREAM,
        "ws-api": {"spot": streams + "/ws-api/v3", "linear": streams + "/ws-fapi/v1"},
    }
    return moved
