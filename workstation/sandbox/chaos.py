"""What goes wrong, on purpose: switches that are set while the exchange runs, and strike by seed.

A switch has a kind and, all optional: a probability, a count of strikes after which it is gone, a duration, the
endpoint or connection that it is about, and a value whose meaning the kind tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

import msgspec

from workstation.core.errors import ConfigurationError
from workstation.core.timeframe import SECOND_NS
from workstation.sandbox.wire import MILLISECOND_NS

REQUEST_KINDS = {
    "latency": "requests are answered late, half of it before they are executed: milliseconds, 500 by default",
    "drop_request": "the connection is closed, nothing executed: milliseconds to hang before, 0 by default",
    "drop_reply": "the request is executed, then the connection closed: milliseconds to hang before, 0 by default",
    "server_error": "nothing is executed: HTTP status, 502 by default",
    "timeout": "-1007, execution status unknown: 1 executed, 0 not executed, by default drawn",
    "rate_limit": "429 with Retry-After: seconds, 1 by default",
    "ban": "the address is banned with 418 and Retry-After: seconds, 120 by default",
}
MESSAGE_KINDS = {
    "message_latency": "messages are sent late, in order: milliseconds, 500 by default",
    "duplicate": "a message is sent twice",
    "reorder": "a message is sent after the next one",
    "drop_message": "a message is not sent",
    "gap": "a diff of the order book is left out, and the next does not follow on",
    "silent": "the connection stays open and sends nothing: 1 pings are answered, 0 they are not",
    "disconnect": "the connection is closed",
}
STATE_KINDS = {
    "clock_skew": "the server's clock is ahead: milliseconds, may be negative, 5000 by default",
    "maintenance": "everything answers 503 and connections are closed",
    "partial_fill": "an order that takes finds only a part: per cent, 40 by default",
    "liquidation": "each second a position is liquidated",
    "adl": "each second a position is deleveraged",
    "delist": "each second the trading of a symbol ends on a market: seconds until it goes on, by default never",
}
KINDS = {**REQUEST_KINDS, **MESSAGE_KINDS, **STATE_KINDS}
"""Every kind of switch and what it does; the part after the colon is its value."""


Choice = TypeVar("Choice")


class Switch(msgspec.Struct, kw_only=True):
    """``endpoint`` is the beginning of a request's name, ``POST /api/v3/order`` or ``order.place``, or of a stream's,
    ``btcusdt@depth``; ``connection`` is market, user or api, or a connection's number; empty means all."""

    kind: str
    probability: float = 1.0
    count: int | None = None
    duration_s: float | None = None
    endpoint: str = ""
    connection: str = ""
    value: float | None = None
    until_ns: int = 0
    struck: int = 0

    def problem(self) -> str:
        """What is wrong with it, as a sentence; empty when nothing is."""
        if self.kind not in KINDS:
            return f"There is no chaos switch {self.kind!r}; there are {', '.join(KINDS)}."
        if not 0 < self.probability <= 1:
            return f"The probability must be above 0 and at most 1, not {self.probability}."
        if self.count is not None and self.count < 1:
            return f"The count must be 1 or more, not {self.count}."
        if self.duration_s is not None and not 0 < self.duration_s <= 86_400:
            return f"The duration must be above 0 and at most 86400 seconds, not {self.duration_s}."
        if self.value is not None and abs(self.value) > 1e9:
            return f"The value {self.value} is out of range."
        return ""

    def is_about(self, endpoint: str, connection: tuple[str, ...]) -> bool:
        return endpoint.startswith(self.endpoint) and (not self.connection or self.connection in connection)

    def milliseconds_ns(self, default: int) -> int:
        """The value, as milliseconds, in nanoseconds."""
        return int((default if self.value is None else self.value) * MILLISECOND_NS)


class Chaos:
    """The switches that are on. Every draw comes from ``random``, in the order in which things happen."""

    def __init__(self, random: Random, now_ns: Callable[[], int]) -> None:
        self._random = random
        self._now_ns = now_ns
        self.switches: list[Switch] = []
        self.on_change: Callable[[], None] = _ignore

    def add(self, switch: Switch) -> None:
        """Set a switch. Raises ``ConfigurationError``."""
        problem = switch.problem()
        if problem:
            raise ConfigurationError(problem)
        if switch.duration_s is not None:
            switch.until_ns = self._now_ns() + int(switch.duration_s * SECOND_NS)
        self.switches.append(switch)
        self.on_change()

    def set(self, kind: str, **terms: object) -> Switch:
        """Set a switch from its terms, for tests and scripts."""
        switch = msgspec.convert({"kind": kind, **terms}, Switch)
        self.add(switch)
        return switch

    def clear(self, kind: str = "") -> int:
        """Take the switches of a kind off, or all; how many there were."""
        before = len(self.switches)
        self.switches = [switch for switch in self.switches if kind and switch.kind != kind]
        self.on_change()
        return before - len(self.switches)

    def active(self) -> list[Switch]:
        """Those that can still strike."""
        now_ns = self._now_ns()
        self.switches = [
            switch
            for switch in self.switches
            if not (switch.until_ns and now_ns >= switch.until_ns)
            and (switch.count is None or switch.struck < switch.count)
        ]
        return self.switches

    def strikes(self, kind: str, endpoint: str = "", connection: tuple[str, ...] = ()) -> Switch | None:
        """The switch that strikes now, if one does; it is counted."""
        if not self.switches:
            return None
        for switch in self.active():
            if switch.kind == kind and switch.is_about(endpoint, connection):
                if switch.probability < 1 and self._random.random() >= switch.probability:
                    continue
                switch.struck += 1
                return switch
        return None

    def holds(self, kind: str) -> Switch | None:
        """A switch of a lasting state, without counting."""
        return next((switch for switch in self.active() if switch.kind == kind), None) if self.switches else None

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """One of several, drawn."""
        return self._random.choice(choices)

    def decides(self, switch: Switch) -> bool:
        """A value of yes or no; drawn where it is not given."""
        return self._random.random() < 0.5 if switch.value is None else switch.value > 0


def _ignore() -> None:
    """Nobody asks."""
