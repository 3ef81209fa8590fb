"""The engine's events for many readers: numbered, kept for a while, and told with how old the last word is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from workstation.core.timeframe import SECOND_NS
from workstation.messaging.bodies import EngineEventBody
from workstation.messaging.envelope import Message
from workstation.messaging.moments import moment
from workstation.services.ops.event_text import EventTranslator

KEPT = 5_000
"""Events that a reader who was away can still be given."""
MOST_WAITING = 1_000
"""Events that wait for a slow reader; it is sent away with the next."""


class EventReader:
    """One websocket's queue."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MOST_WAITING)
        self.too_slow = False

    def put(self, told: dict[str, Any]) -> None:
        try:
            self.queue.put_nowait(told)
        except asyncio.QueueFull:
            self.too_slow = True


class EventHub:
    """``stream`` names this run: numbers count within it."""

    def __init__(self, stream: str, now_ns: Callable[[], int]) -> None:
        self.stream = stream
        self.number = 0
        self.gaps = 0
        self.heard_ns = 0
        """When the engine said something last."""
        self.translator = EventTranslator()
        self.readers: set[EventReader] = set()
        self._now_ns = now_ns
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._engine_number: tuple[str, int] | None = None

    def take(self, message: Message) -> None:
        """An event from NATS."""
        body = message.body
        assert isinstance(body, EngineEventBody)
        self.heard_ns = self._now_ns()
        before = self._engine_number
        self._engine_number = (message.session, message.seq)
        if before is not None and before != (message.session, message.seq - 1):
            lost = before[0] == message.session
            self.tell_gap("Events of the engine were lost." if lost else "The engine was started again.")
        event = self.translator.text(body.event)
        self._tell({"kind": "event", "name": body.kind, "time": moment(message.ts_ns), "event": event})

    def tell_gap(self, reason: str) -> None:
        """Readers must read the views again: something may be missing between the events."""
        self.gaps += 1
        self._tell({"kind": "gap", "time": moment(self._now_ns()), "reason": reason})

    def _tell(self, told: dict[str, Any]) -> None:
        self.number += 1
        numbered = {"number": self.number, **told}
        self._kept.append(numbered)
        for reader in self.readers:
            reader.put(numbered)

    def missed(self, stream: str, number: int) -> list[dict[str, Any]] | None:
        """What came after an event of this run; ``None`` when that is no longer known."""
        first = self._kept[0]["number"] if self._kept else self.number + 1
        if stream != self.stream or not first - 1 <= number <= self.number:
            return None
        return [told for told in self._kept if told["number"] > number]

    def age_s(self, heard_ns: int) -> float | None:
        """Seconds since something was heard; ``None`` when it never was."""
        return round((self._now_ns() - heard_ns) / SECOND_NS, 3) if heard_ns else None
