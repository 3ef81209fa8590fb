"""USD-M's listen keys: what a client asks for in order to hear an account's events, and keeps alive."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from workstation.core.clock import EventClock, Timer
from workstation.core.timeframe import MINUTE_NS
from workstation.sandbox.errors import ApiError

LIFE_NS = 60 * MINUTE_NS
"""How long a key lives without being kept alive."""


class ListenKeys:
    """One key an account."""

    def __init__(self, clock: EventClock) -> None:
        self._clock = clock
        self._owners: dict[str, str] = {}
        self._timers: dict[str, Timer] = {}
        self._given = 0
        self.on_ended: Callable[[str, bool], None] = _ignore
        """Hears of a key that has ended, and whether its time was over."""

    def open(self, account: str) -> str:
        """The account's key, with a new life; it is made when there is none."""
        key = self._key_of(account)
        if not key:
            self._given += 1
            seed = f"{account} {self._given} {self._clock.time_ns}"
            key = hashlib.sha256(seed.encode()).hexdigest()
            self._owners[key] = account
        self._live_on(key)
        return key

    def keep_alive(self, account: str) -> str:
        """Give the account's key another hour. Raises ``ApiError`` when there is none."""
        key = self._key_of(account)
        if not key:
            raise ApiError(-1125, "This listenKey does not exist.")
        self._live_on(key)
        return key

    def close(self, account: str) -> None:
        """End the account's key."""
        key = self._key_of(account)
        if key:
            self._end(key, False)

    def owner(self, key: str) -> str:
        """The account of a key that lives; empty for any other."""
        return self._owners.get(key, "")

    def _key_of(self, account: str) -> str:
        return next((key for key, owner in self._owners.items() if owner == account), "")

    def _live_on(self, key: str) -> None:
        if key in self._timers:
            self._timers[key].cancel()
        self._timers[key] = self._clock.call_at(self._clock.time_ns + LIFE_NS, lambda: self._end(key, True))

    def _end(self, key: str, expired: bool) -> None:
        del self._owners[key]
        self._timers.pop(key).cancel()
        self.on_ended(key, expired)


def _ignore(key: str, expired: bool) -> None:
    """Nobody listens."""
