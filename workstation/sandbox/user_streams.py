"""Who hears an account's events: subscriptions of the websocket API on spot, listen keys on USD-M."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import orjson

from workstation.sandbox.floor import UserEvent
from workstation.sandbox.listen_keys import ListenKeys
from workstation.sandbox.listing import Market
from workstation.sandbox.wire import milliseconds


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
    def __init__(self, keys: ListenKeys, now_ns: Callable[[], int]) -> None:
        self._keys = keys
        self._now_ns = now_ns
        self.subscriptions: list[Subscription] = []
        keys.on_ended = self._on_key_ended

    def deliver(self, event: UserEvent) -> None:
        """Send an event to all who have subscribed to it."""
        for subscription in list(self.subscriptions):
            if subscription.account == event.account and subscription.market is event.market:
                self._send(subscription, event.body)

    def _send(self, subscription: Subscription, body: dict[str, Any]) -> None:
        if subscription.number >= 0:
            body = {"subscriptionId": subscription.number, "event": body}
        subscription.sink.take_event(subscription.stream, orjson.dumps(body))

    def subscribe(self, sink: EventSink, account: str, market: Market) -> int:
        """Subscribe a connection of the websocket API to an account; the subscription's number."""
        numbers = [subscription.number for subscription in self.subscriptions if subscription.sink is sink]
        number = max(numbers, default=-1) + 1
        self.subscriptions.append(Subscription(sink, account, market, "", number))
        return number

    def unsubscribe(self, sink: EventSink, number: int | None) -> list[int]:
        """End one subscription of a connection, or all; the numbers that ended. Each is told that it has."""
        ended = [
            subscription
            for subscription in self.subscriptions
            if subscription.sink is sink and subscription.number >= 0 and number in (None, subscription.number)
        ]
        for subscription in ended:
            self.subscriptions.remove(subscription)
            self._send(subscription, {"e": "eventStreamTerminated", "E": milliseconds(self._now_ns())})
        return [subscription.number for subscription in ended]

    def listen(self, sink: EventSink, key: str) -> bool:
        """Subscribe a connection by a listen key; False when the key does not live."""
        account = self._keys.owner(key)
        if account:
            self.subscriptions.append(Subscription(sink, account, Market.FUTURES, key, -1))
        return bool(account)

    def forget(self, sink: EventSink) -> None:
        """A connection has ended."""
        self.subscriptions = [subscription for subscription in self.subscriptions if subscription.sink is not sink]

    def _on_key_ended(self, key: str, expired: bool) -> None:
        for subscription in [s for s in self.subscriptions if s.stream == key]:
            if expired:
                body = {"e": "listenKeyExpired", "E": milliseconds(self._now_ns()), "listenKey": key}
                self._send(subscription, body)
            self.subscriptions.remove(subscription)
