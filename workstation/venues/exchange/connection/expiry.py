"""How each exchange is told until when it may take a request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from workstation.venues.exchange.connection.errors import RequestExpired

Signed = dict[str, Any]
Sign = Callable[[dict[str, Any]], Signed]
LONGEST_MS = 60_000


def sign_with_expiry(exchange: Any, path: str, params: dict[str, Any], left_ms: int, sign: Sign) -> Signed:
    """Sign a request that the exchange must not take when ``left_ms`` from now have passed.

    Raises ``RequestExpired`` when nothing is left. An exchange without such a field gets the request as it is.
    """
    if left_ms <= 0:
        raise RequestExpired("the time in which the exchange might take it was over")
    left_ms = min(left_ms, LONGEST_MS)
    family = exchange.id
    if family.startswith("binance"):
        return sign({**params, "recvWindow": left_ms})
    if family.startswith("bybit"):
        usual = exchange.options.get("recvWindow")
        exchange.options["recvWindow"] = left_ms
        try:
            return sign(params)
        finally:
            exchange.options["recvWindow"] = usual
    if family in ("okx", "okxus", "myokx"):
        signed = sign(params)
        if path in ("trade/order", "trade/amend-order"):
            signed["headers"]["expTime"] = str(exchange.nonce() + left_ms)
        return signed
    if family == "kraken" and path in ("AddOrder", "AmendOrder"):
        until = datetime.fromtimestamp((exchange.nonce() + left_ms) / 1000, UTC)
        return sign({**params, "deadline": until.isoformat(timespec="milliseconds").replace("+00:00", "Z")})
    return sign(params)
