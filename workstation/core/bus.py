"""Publish and subscribe by message type, within one process and one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Handler = Callable[[Any], None]


class Bus:
    """Handlers are called in the order of subscription, after the state they hear about has changed.

    A handler that raises does not keep the others from hearing; the exception goes to ``on_error``.
    """

    __slots__ = ("handlers", "on_error")

    def __init__(self, on_error: Callable[[Any, BaseException], None]) -> None:
        self.handlers: dict[type, tuple[Handler, ...]] = {}
        """By message type; a type that nobody listens to is absent, which busy publishers look up first."""
        self.on_error = on_error

    def subscribe(self, message_type: type, handler: Handler) -> Callable[[], None]:
        """Call ``handler`` with each message of exactly this type; returns the function that ends it."""
        self.handlers[message_type] = (*self.handlers.get(message_type, ()), handler)

        def unsubscribe() -> None:
            remaining = tuple(h for h in self.handlers.get(message_type, ()) if h is not handler)
            if remaining:
                self.handlers[message_type] = remaining
            else:
                self.handlers.pop(message_type, None)

        return unsubscribe

    def publish(self, message: Any) -> None:
        for handler in self.handlers.get(type(message), ()):
            try:
                handler(message)
            except Exception as error:
                self.on_error(message, error)
