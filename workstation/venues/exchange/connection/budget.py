"""The exchange's limits: what is used of them, who waits, and until when it wants no request at all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.venues.exchange.connection.call import Call, Priority
from workstation.venues.exchange.connection.errors import RequestExpired

RESERVE_PERCENT = 20
"""Part of the request weight that is kept for orders and cancels."""
SETTLE_NS = SECOND_NS // 10
"""Queries let orders go first when a new window begins."""
_UNITS_NS = {"S": SECOND_NS, "M": MINUTE_NS, "H": HOUR_NS, "D": DAY_NS}
_WORDS_NS = {"SECOND": SECOND_NS, "MINUTE": MINUTE_NS, "HOUR": HOUR_NS, "DAY": DAY_NS}
_WEIGHT = "x-mbx-used-weight-"
_ORDERS = "x-mbx-order-count-"
_BANNED_UNTIL_MS = re.compile(r"banned until (\d+)")


class LimitUse(msgspec.Struct, frozen=True):
    """How much of one limit is used in the running window. ``limit`` 0 is not known."""

    name: str
    used: int
    limit: int
    window_s: int


class Limits(msgspec.Struct, frozen=True):
    """The exchange's limits as they stand, for screens."""

    uses: tuple[LimitUse, ...]
    waiting: int
    """Requests that wait for their turn."""
    refusals: int
    """How often the exchange refused us for asking too much."""
    blocked_until_ns: int
    """It takes no request before this, UTC ns; 0 when it does."""
    blocked_reason: str


class Window:
    """A count that the exchange begins anew at each full interval of its own clock."""

    __slots__ = ("counts_orders", "interval_ns", "limit", "number", "used")

    def __init__(self, interval_ns: int, counts_orders: bool, limit: int = 0) -> None:
        self.interval_ns = interval_ns
        self.counts_orders = counts_orders
        self.limit = limit
        self.number = 0
        self.used = 0

    def at(self, venue_ns: int) -> int:
        """What is used at this time of the exchange's clock."""
        number = venue_ns // self.interval_ns
        if number > self.number:
            self.number, self.used = number, 0
        return self.used

    def until_next_ns(self, venue_ns: int) -> int:
        return self.interval_ns - venue_ns % self.interval_ns

    @property
    def name(self) -> str:
        return "orders" if self.counts_orders else "request weight"


class Budget:
    """Lets requests leave in the exchange's limits, orders before cancels before queries.

    ``now_ns`` is our clock and ``venue_now_ns`` the exchange's, both UTC ns. Where an exchange tells no counts in its
    headers, queries are paced by ccxt's own figures instead (``pace_ns``), and orders go at once.
    """

    def __init__(self, now_ns: Callable[[], int], venue_now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._venue_now_ns = venue_now_ns
        self._windows: dict[tuple[bool, int], Window] = {}
        self._told: dict[str, LimitUse] = {}
        self._waiting = 0
        self._refusals = 0
        self._in_a_row = 0
        self._blocked_until_ns = 0
        self._blocked_reason = ""
        self._free_ns = 0

    # --- before a request ---------------------------------------------------------------------------------------------

    async def admit(self, call: Call, weight: int, pace_ns: int = 0) -> None:
        """Wait until the request may leave, and count it. Raises ``RequestExpired`` when that would be too late."""
        wait_ns = self._wait_ns(call.priority, weight)
        if wait_ns > 0:
            self._waiting += 1
            try:
                while wait_ns > 0:
                    if call.expires_ns and self._now_ns() + wait_ns >= call.expires_ns:
                        raise RequestExpired(self._blocked_reason or "the exchange's limits are used up")
                    await asyncio.sleep(wait_ns / SECOND_NS)
                    wait_ns = self._wait_ns(call.priority, weight)
            finally:
                self._waiting -= 1
        venue_ns = self._venue_now_ns()
        for window in self._windows.values():
            window.at(venue_ns)
            window.used += int(call.priority is Priority.ORDER) if window.counts_orders else weight
        if pace_ns and not self._windows:
            self._free_ns = max(self._free_ns, self._now_ns()) + pace_ns

    def _wait_ns(self, priority: Priority, weight: int) -> int:
        now_ns, venue_ns = self._now_ns(), self._venue_now_ns()
        wait_ns = self._blocked_until_ns - now_ns
        if priority is Priority.QUERY:
            wait_ns = max(wait_ns, self._free_ns - now_ns)
        for window in self._windows.values():
            if not window.limit or (window.counts_orders and priority is not Priority.ORDER):
                continue
            used = window.at(venue_ns)
            added = 1 if window.counts_orders else weight
            limit = window.limit
            if priority is Priority.QUERY:
                limit -= limit * RESERVE_PERCENT // 100
            if used and used + added > limit:
                settle_ns = SETTLE_NS if priority is Priority.QUERY else 0
                wait_ns = max(wait_ns, window.until_next_ns(venue_ns) + settle_ns)
        return wait_ns

    # --- after an answer ----------------------------------------------------------------------------------------------

    def note(self, status: int, headers: Mapping[str, str], body: str) -> None:
        """Take the counts and the wait that an answer's headers tell."""
        lower = {name.lower(): value for name, value in headers.items()}
        for name, value in lower.items():
            if name.startswith((_WEIGHT, _ORDERS)):
                self._note_count(name, value)
        self._note_bybit(lower)
        if status in (418, 429):
            self._refusals += 1
            self._in_a_row += 1
            self._block(self._retry_ns(lower, body), f"the exchange answered {status}: too many requests")
        elif status:
            self._in_a_row = 0

    def refuse(self, reason: str) -> None:
        """The exchange refused for its limits in a way of its own: back off, longer each time."""
        self._refusals += 1
        self._in_a_row += 1
        self._block(self._backoff_ns(), reason)

    def learn(self, limits: Iterable[Mapping[str, Any]]) -> None:
        """Take the limits as Binance's exchangeInfo lists them."""
        for limit in limits:
            kind = str(limit.get("rateLimitType", ""))
            unit_ns = _WORDS_NS.get(str(limit.get("interval", "")))
            if unit_ns is None or kind not in ("REQUEST_WEIGHT", "ORDERS"):
                continue
            window = self._window(kind == "ORDERS", unit_ns * int(limit.get("intervalNum", 1)))
            window.limit = int(limit.get("limit", 0))

    def _window(self, counts_orders: bool, interval_ns: int) -> Window:
        key = (counts_orders, interval_ns)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window(interval_ns, counts_orders)
        return window

    def _note_count(self, name: str, value: str) -> None:
        counts_orders = name.startswith(_ORDERS)
        interval = name.removeprefix(_ORDERS if counts_orders else _WEIGHT).upper()
        unit_ns = _UNITS_NS.get(interval[-1:])
        if unit_ns is None or not interval[:-1].isdigit() or not value.isdigit():
            return
        window = self._window(counts_orders, unit_ns * int(interval[:-1]))
        window.used = max(window.at(self._venue_now_ns()), int(value))

    def _note_bybit(self, headers: Mapping[str, str]) -> None:
        left, limit = headers.get("x-bapi-limit-status", ""), headers.get("x-bapi-limit", "")
        if left.isdigit() and limit.isdigit():
            self._told["requests"] = LimitUse("requests", int(limit) - int(left), int(limit), 1)

    def _retry_ns(self, headers: Mapping[str, str], body: str) -> int:
        told = headers.get("retry-after", "")
        if told.isdigit():
            return int(told) * SECOND_NS
        banned = _BANNED_UNTIL_MS.search(body)
        if banned:
            return max(SECOND_NS, int(banned[1]) * 1_000_000 - self._venue_now_ns())
        return self._backoff_ns()

    def _backoff_ns(self) -> int:
        return min(MINUTE_NS, SECOND_NS << min(self._in_a_row, 6))

    def _block(self, wait_ns: int, reason: str) -> None:
        self._blocked_until_ns = max(self._blocked_until_ns, self._now_ns() + wait_ns)
        self._blocked_reason = reason

    # --- for screens --------------------------------------------------------------------------------------------------

    def limits(self) -> Limits:
        now_ns, venue_ns = self._now_ns(), self._venue_now_ns()
        blocked = self._blocked_until_ns > now_ns
        uses = [
            LimitUse(window.name, window.at(venue_ns), window.limit, window.interval_ns // SECOND_NS)
            for _, window in sorted(self._windows.items())
        ]
        return Limits(
            uses=(*uses, *self._told.values()),
            waiting=self._waiting,
            refusals=self._refusals,
            blocked_until_ns=self._blocked_until_ns if blocked else 0,
            blocked_reason=self._blocked_reason if blocked else "",
        )
