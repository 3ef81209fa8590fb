"""Who hears an account's events: subscriptions of the websocket API on spot, listen keys on USD-M."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple, Protocol

import orjson

from workstation.core.timeframe import MINUTE_NS
from workstation.sandbox.errors import ApiError
from workstation.sandbox.floor import UserEvent
from workstation.sandbox.listing import Market
from workstation.sandbox.wire import milliseconds

LISTEN_KEY_NS = 60 * MINUTE_NS
"""How long a listen key lives without being kept alive."""
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class EventSink(Protocol):
    """A connection that takes events of an account."""

    def take_event(self, stream: str, message: bytes) -> None: ...


class Subscription(NamedTuple):
    sink: EventSink
    account: str
    market: Market
    stream: str
    """The listen key; empty for the websocket API."""
    number: int
    """Of the websocket API; -1 for a listen key."""


class UserStreams:
    def __init__(self, random: Random, now_ns: Callable[[], int]) -> None:
        self._random = random
        self._now_ns = now_ns
        self._subscriptions: list[Subscription] = []
        self._keys: dict[str, tuple[str, int]] = {}
        """Account and end of life by listen key."""

    def deliver(self, event: UserEvent) -> None:
        """Send an event to all who have subscribed to it."""
        for subscription in list(self._subscriptions):
            if subscription.account == event.account and subscription.market is event.market:
                self._send(subscription, event.body)

    def _send(self, subscription: Subscription, body: dict[str, Any]) -> None:
        if subscription.number >= 0:
            body = {"subscriptionId": subscription.number, "event": body}
        subscription.sink.take_event(subscription.stream, orjson.dumps(body))

    # --- the websocket API -------------------------------------------------------------------------------------------

    def subscribe(self, sink: EventSink, account: str, market: Market) -> int:
        """Subscribe a connection to an account; the subscription's number."""
        numbers = [subscription.number for subscription in self._subscriptions if subscription.sink is sink]
        number = max(numbers, default=-1) + 1
        self._subscriptions.append(Subscription(sink, account, market, "", number))
        return number

    def unsubscribe(self, sink: EventSink, number: int | None) -> list[int]:
        """End one subscription of a connection, or all; the numbers that ended. Each is told that it has."""
        ended = [
            subscription
            for subscription in self._subscriptions
            if subscription.sink is sink and subscription.number >= 0 and number in (None, subscription.number)
        ]
        for subscription in ended:
            self._subscriptions.remove(subscription)
            self._send(subscription, {"e": "eventStreamTerminated", "E": milliseconds(self._now_ns())})
        return [subscription.number for subscription in ended]

    def numbers(self, sink: EventSink) -> list[int]:
        return [subscription.number for subscription in self._subscriptions if subscription.sink is sink]

    # --- listen keys -------------------------------------------------------------------------------------------------

    def open_key(self, account: str) -> str:
        """The account's listen key, with a new life; it is made when there is none."""
        now_ns = self._now_ns()
        for key, (owner, until_ns) in self._keys.items():
            if owner == account and now_ns < until_ns:
                self._keys[key] = account, now_ns + LISTEN_KEY_NS
                return key
        key = "".join(self._random.choice(_LETTERS) for _ in range(64))
        self._keys[key] = account, now_ns + LISTEN_KEY_NS
        return key

    def keep_alive(self, account: str) -> str:
        """Give the account's listen key another hour. Raises ``ApiError`` when there is none."""
        if all(owner != account or self._now_ns() >= until for owner, until in self._keys.values()):
            raise ApiError(-1125, "This listenKey does not exist.")
        return self.open_key(account)

    def close_key(self, account: str) -> None:
        """End the account's listen key."""
        for key in [key for key, (owner, _) in self._keys.items() if owner == account]:
            del self._keys[key]
            self._end(key, "")

    def listen(self, sink: EventSink, key: str) -> bool:
        """Subscribe a connection by a listen key; False when the key is not alive."""
        owner, until_ns = self._keys.get(key, ("", 0))
        if self._now_ns() >= until_ns:
            return False
        self._subscriptions.append(Subscription(sink, owner, Market.FUTURES, key, -1))
        return True

    def expire_keys(self) -> None:
        """End the keys whose life is over; who listens is told."""
        now_ns = self._now_ns()
        for key in [key for key, (_, until_ns) in self._keys.items() if now_ns >= until_ns]:
            del self._keys[key]
            self._end(key, "listenKeyExpired")

    def _end(self, key: str, told: str) -> None:
        for subscription in [s for s in self._subscriptions if s.stream == key]:
            if told:
                self._send(subscription, {"e": told, "E": milliseconds(self._now_ns()), "listenKey": key})
            self._subscriptions.remove(subscription)

    def forget(self, sink: EventSink) -> None:
        """A connection has ended."""
        self._subscriptions = [s for s in self._subscriptions if s.sink is not sink]
