"""Limits of requests and orders, counted as Binance counts them: by address, and orders by account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from workstation.core.timeframe import DAY_NS, MINUTE_NS, SECOND_NS
from workstation.sandbox.errors import ApiError
from workstation.sandbox.wire import milliseconds

OFFENCES_TO_BAN = 10
"""Requests that come although they were told to wait, after which the address is banned."""
BAN_NS = 2 * MINUTE_NS

_UNITS = {SECOND_NS: ("SECOND", "S"), MINUTE_NS: ("MINUTE", "M"), DAY_NS: ("DAY", "D")}


class Limit(NamedTuple):
    kind: str
    unit_ns: int
    intervals: int
    most: int

    @property
    def interval_ns(self) -> int:
        return self.unit_ns * self.intervals

    @property
    def suffix(self) -> str:
        """As in the header's name: 1M."""
        return f"{self.intervals}{_UNITS[self.unit_ns][1]}"

    def told(self) -> dict[str, Any]:
        """As exchangeInfo tells it."""
        return {
            "rateLimitType": self.kind,
            "interval": _UNITS[self.unit_ns][0],
            "intervalNum": self.intervals,
            "limit": self.most,
        }


SPOT_WEIGHT = Limit("REQUEST_WEIGHT", MINUTE_NS, 1, 6000)
SPOT_ORDERS = (Limit("ORDERS", SECOND_NS, 10, 100), Limit("ORDERS", DAY_NS, 1, 200_000))
SPOT_LIMITS = (SPOT_WEIGHT, *SPOT_ORDERS, Limit("RAW_REQUESTS", MINUTE_NS, 5, 61_000))
FUTURES_WEIGHT = Limit("REQUEST_WEIGHT", MINUTE_NS, 1, 2400)
FUTURES_ORDERS = (Limit("ORDERS", MINUTE_NS, 1, 1200), Limit("ORDERS", SECOND_NS, 10, 300))
FUTURES_LIMITS = (FUTURES_WEIGHT, *FUTURES_ORDERS)


class Counter:
    """Uses within the running intervals of one limit, by who uses."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._used: dict[str, tuple[int, int]] = {}

    def used(self, who: str, now_ns: int) -> int:
        interval, used = self._used.get(who, (0, 0))
        return used if interval == now_ns // self.limit.interval_ns else 0

    def add(self, who: str, amount: int, now_ns: int) -> int:
        used = self.used(who, now_ns) + amount
        self._used[who] = now_ns // self.limit.interval_ns, used
        return used

    def seconds_left(self, now_ns: int) -> int:
        """Until the running interval ends, rounded up."""
        return -(-(self.limit.interval_ns - now_ns % self.limit.interval_ns) // SECOND_NS)

    def told(self, who: str, now_ns: int) -> dict[str, Any]:
        """With its use, as the websocket API tells it."""
        return {**self.limit.told(), "count": self.used(who, now_ns)}


class Weights:
    """The limits of one market. A request that passes a limit is refused with 429, and one that goes on with 418."""

    def __init__(self, weight: Limit, orders: Iterable[Limit]) -> None:
        self.weight = Counter(weight)
        self.orders = [Counter(limit) for limit in orders]
        self._offences: dict[str, int] = {}
        self._banned: dict[str, int] = {}

    def charge(self, address: str, weight: int, now_ns: int) -> dict[str, str]:
        """Count a request; headers that tell the use. Raises ``ApiError`` with what to wait."""
        self.refuse_banned(address, now_ns)
        used = self.weight.add(address, weight, now_ns)
        if used > self.weight.limit.most:
            self._offences[address] = self._offences.get(address, 0) + 1
            if self._offences[address] > OFFENCES_TO_BAN:
                self.ban(address, now_ns, BAN_NS)
                self.refuse_banned(address, now_ns)
            raise too_much_weight(self.weight.limit, self.weight.seconds_left(now_ns))
        self._offences.pop(address, None)
        return {"X-MBX-USED-WEIGHT": str(used), f"X-MBX-USED-WEIGHT-{self.weight.limit.suffix}": str(used)}

    def charge_orders(self, account: str, orders: int, now_ns: int) -> dict[str, str]:
        """Count new orders; headers that tell the use. Raises ``ApiError`` with what to wait."""
        headers = {}
        for counter in self.orders:
            if counter.used(account, now_ns) + orders > counter.limit.most:
                raise ApiError(
                    -1015,
                    f"Too many new orders; current limit is {counter.limit.most} orders per "
                    f"{counter.limit.intervals} {_UNITS[counter.limit.unit_ns][0]}.",
                    429,
                    retry_after_s=counter.seconds_left(now_ns),
                )
        for counter in self.orders:
            headers[f"X-MBX-ORDER-COUNT-{counter.limit.suffix}"] = str(counter.add(account, orders, now_ns))
        return headers

    def ban(self, address: str, now_ns: int, duration_ns: int) -> None:
        """Refuse everything from an address for so long."""
        self._banned[address] = now_ns + duration_ns

    def refuse_banned(self, address: str, now_ns: int) -> None:
        """Raise ``ApiError`` while the address is banned."""
        until_ns = self._banned.get(address, 0)
        if now_ns < until_ns:
            raise banned(until_ns, now_ns)
        if until_ns:
            del self._banned[address]
            self._offences.pop(address, None)


def too_much_weight(limit: Limit, seconds: int) -> ApiError:
    return ApiError(
        -1003,
        f"Too much request weight used; current limit is {limit.most} request weight per {limit.intervals} "
        f"{_UNITS[limit.unit_ns][0]}. Please use WebSocket Streams for live updates to avoid polling the API.",
        429,
        retry_after_s=seconds,
    )


def banned(until_ns: int, now_ns: int) -> ApiError:
    return ApiError(
        -1003,
        f"Way too much request weight used; IP banned until {milliseconds(until_ns)}. Please use WebSocket Streams for "
        "live updates to avoid bans.",
        418,
        retry_after_s=-(-(until_ns - now_ns) // SECOND_NS),
    )
