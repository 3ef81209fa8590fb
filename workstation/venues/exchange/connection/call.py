"""One request to the exchange: what it may do before it leaves, and what came back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Priority(IntEnum):
    """Who goes first when the exchange's limits are nearly used up: orders and cancels before questions."""

    ORDER = 0
    CANCEL = 1
    QUERY = 2


class Call:
    """Filled in as the request goes its way. ``status`` is 0 until an HTTP answer came."""

    __slots__ = ("body", "cause", "expires_ns", "left", "priority", "sent", "status")

    def __init__(self, priority: Priority = Priority.QUERY, expires_ns: int = 0) -> None:
        self.priority = priority
        self.expires_ns = expires_ns
        """The exchange must not take it later than this, UTC ns of our clock; 0 where that does not matter."""
        self.sent = False
        """It was handed to the network: from here on the exchange may have it."""
        self.left = 0
        """How many requests of this call were handed to the network."""
        self.status = 0
        self.body: str | None = None
        """The answer's text."""
        self.cause: type[BaseException] = BaseException
        """Kind of the error that broke the connection, where one did."""


_current: ContextVar[Call | None] = ContextVar("exchange_call", default=None)


def current_call() -> Call:
    """The call that the running task is in; one of its own where nobody said anything."""
    return _current.get() or Call()


@contextmanager
def calling(call: Call) -> Iterator[Call]:
    """Requests that leave within belong to ``call``."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
