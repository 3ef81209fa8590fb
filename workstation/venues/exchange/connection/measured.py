"""A ccxt exchange whose every REST request goes through our limits, our clock and our scrubbing."""

from __future__ import annotations

import logging
import re
import socket
from decimal import Decimal
from typing import Any

import aiohttp
import ccxt.pro
from ccxt.base import errors

from workstation.core.credentials import Credentials
from workstation.venues.exchange.connection.budget import Budget
from workstation.venues.exchange.connection.call import calling, current_call
from workstation.venues.exchange.connection.expiry import sign_with_expiry
from workstation.venues.exchange.connection.latency import RequestLatency
from workstation.venues.exchange.connection.venue_clock import MILLISECOND_NS, VenueClock

SPOT_WEIGHTS_PER_COST = 5
"""ccxt counts a weight of Binance's spot interface as a cost of 0.2."""
_QUERY = re.compile(r"(https?://[^\s?]+)\?\S*")
_SIGNED = re.compile(r"((?:signature|listenKey|apiKey|api_key|sign)=)[^&\s\"']+", re.IGNORECASE)
_QUIET = logging.getLogger("workstation.exchange.ccxt")
_QUIET.setLevel(logging.WARNING)
"""ccxt writes whole requests, keys and signatures included, to the debug level of its logger."""


class MeasuredExchange:
    """Mixed in before a class of ``ccxt.pro``; see ``measured_class``."""

    budget: Budget
    latency: RequestLatency
    venue_clock: VenueClock
    credentials: Credentials | None

    id: str
    options: dict[str, Any]
    rateLimit: float
    _signing_ns = 0

    @property
    def _is_binance(self) -> bool:
        return self.id.startswith("binance")

    # --- before a request ---------------------------------------------------------------------------------------------

    async def fetch2(
        self, path: Any, api: Any = ("public",), method: str = "GET", params: Any = None, config: Any = None
    ) -> Any:
        """Wait for the limits, then sign and send at once, so that what is signed is fresh."""
        call = current_call()
        params, config = params or {}, config or {}
        cost = self.calculate_rate_limiter_cost(api, method, path, params, config)  # type: ignore[attr-defined]
        name = api[0] if isinstance(api, list | tuple) else api
        await self.budget.admit(call, *self._weight_and_pace(str(name), float(cost)))
        with calling(call):
            return await super().fetch2(path, api, method, params, config)  # type: ignore[misc]

    def _weight_and_pace(self, api: str, cost: float) -> tuple[int, int]:
        if not self._is_binance:
            return 0, int(cost * self.rateLimit * MILLISECOND_NS)
        if api.startswith("sapi"):
            return 0, 0
        return round(cost * SPOT_WEIGHTS_PER_COST) if api in ("public", "private") else round(cost), 0

    async def throttle(self, cost: Any = None) -> None:
        """ccxt's own queue would let an order wait behind questions; ``fetch2`` has asked our limits instead."""

    def nonce(self) -> int:
        """Milliseconds of the exchange's clock, as measured; one instant while a request is signed."""
        return (self._signing_ns or self.venue_clock.now_ns()) // MILLISECOND_NS

    def sign(
        self, path: str, api: Any = ("public",), method: str = "GET", params: Any = None, *rest: Any, **named: Any
    ) -> dict[str, Any]:
        """Sign, with the expiry where the call has one."""
        call = current_call()

        def plain(final: dict[str, Any]) -> dict[str, Any]:
            signed: dict[str, Any] = super(MeasuredExchange, self).sign(path, api, method, final, *rest, **named)  # type: ignore[misc]
            return signed

        if not call.expires_ns:
            return plain(params or {})
        reading = self.venue_clock.reading
        self._signing_ns = self.venue_clock.now_ns()
        try:
            # What the measurement may be wrong by is taken off: it must not live longer by the exchange's clock.
            left_ns = call.expires_ns + reading.offset_ns - self._signing_ns - reading.uncertainty_ns
            return sign_with_expiry(self, path, params or {}, left_ns // MILLISECOND_NS, plain)
        finally:
            self._signing_ns = 0

    # --- on the way ---------------------------------------------------------------------------------------------------

    async def fetch(self, url: Any, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        """Send. What comes back besides an answer is a ccxt error whose text holds no secret."""
        call = current_call()
        call.sent = True
        call.left += 1
        call.status, call.body = 0, None
        began_ns = self.latency.begin()
        try:
            answer = await super().fetch(url, method, headers, body)  # type: ignore[misc]
            self.latency.end(began_ns)
        except errors.BaseError as error:
            if error.__cause__ is not None:
                call.cause = type(error.__cause__)
            if never_connected(error):
                call.left -= 1
                call.sent = call.left > 0
            refused = isinstance(error, errors.DDoSProtection | errors.RateLimitExceeded)
            if refused and call.status not in (418, 429) and not self._is_binance:
                # Binance tells it by its status alone; there, ccxt calls a key without permission by the same name.
                self.budget.refuse("the exchange asked for a pause")
            error.args = (self.scrub(str(error)),)
            error.__cause__ = error.__context__ = None
            error.__suppress_context__ = True
            raise
        if isinstance(answer, dict) and "rateLimits" in answer:
            self.budget.learn(answer["rateLimits"])
        return answer

    def log(self, *told: Any) -> None:
        """ccxt prints whole requests when it is asked to be verbose; here they go to the log, without secrets."""
        _QUIET.info("%s", self.scrub(" ".join(map(str, told)).strip()))

    def on_rest_response(
        self, code: Any, reason: Any, url: Any, method: Any, headers: Any, body: Any, *rest: Any
    ) -> Any:
        """Count what the answer tells, whichever request it answers; ``last_response_headers`` may be another's."""
        call = current_call()
        call.status = int(code)
        call.body = body
        self.budget.note(int(code), headers or {}, body or "")
        return super().on_rest_response(code, reason, url, method, headers, body, *rest)  # type: ignore[misc]

    def get_exceptions_by_url(self, url: Any, kind: str) -> Any:
        """ccxt tells Binance's markets apart by host; a sandbox exchange has one host, so look at the path."""
        known = super().get_exceptions_by_url(url, kind)  # type: ignore[misc]
        if known or not isinstance(url, str):
            return known
        market = "linear" if "/fapi/" in url else "spot"
        return self.exceptions.get(market, {}).get(kind, {})  # type: ignore[attr-defined]

    # --- exact ------------------------------------------------------------------------------------------------------

    def amount_to_precision(self, symbol: Any, amount: Any) -> Any:
        """Exactly as given: the engine's quantities are whole lots already."""
        return exact_text(amount)

    def price_to_precision(self, symbol: Any, price: Any) -> Any:
        """Exactly as given: the engine's prices are whole ticks already."""
        return exact_text(price)

    def scrub(self, text: str) -> str:
        """Without keys, signatures and the queries of addresses."""
        text = _SIGNED.sub(r"\1(hidden)", _QUERY.sub(r"\1", text))
        return self.credentials.hide(text) if self.credentials is not None else text


def exact_text(number: Any) -> str:
    """A number without exponent and without a digit lost."""
    return f"{number if isinstance(number, Decimal) else Decimal(str(number)):f}"


def never_connected(error: BaseException) -> bool:
    """Whether the request certainly did not reach the exchange: no connection could be made."""
    cause = error.__cause__
    return isinstance(
        cause, socket.gaierror | aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL
    )


def measured_class(name: str) -> Any:
    """The class of ``ccxt.pro`` with ours before it."""
    return type(f"Measured{name.capitalize()}", (MeasuredExchange, getattr(ccxt.pro, name)), {"logger": _QUIET})
