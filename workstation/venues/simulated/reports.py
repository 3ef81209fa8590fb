"""The way back: reports reach the engine in order, after their latency, at the time that they carry."""

from __future__ import annotations

from collections import deque

from workstation.core.clock import EventClock
from workstation.core.messages import VenueReport
from workstation.venues.base import ReportHandler
from workstation.venues.simulated.latency import LatencyModel


class ReportChannel:
    """What the venue does at one instant travels together. Nothing is handed over in the middle of matching."""

    __slots__ = ("_clock", "_due_ns", "_latency", "_made_ns", "answer_ns", "handler", "queue")

    def __init__(self, clock: EventClock, handler: ReportHandler, latency: LatencyModel) -> None:
        self._clock = clock
        self._latency = latency
        self.handler = handler
        self.queue: deque[VenueReport] = deque()
        self.answer_ns = -1
        """Way back of the request at hand; -1 when there is none."""
        self._made_ns = -1
        self._due_ns = 0

    def stamp(self) -> int:
        """Time at which a report made now will arrive, for its ``ts_ns``."""
        now_ns = self._clock.time_ns
        if now_ns != self._made_ns:
            self._made_ns = now_ns
            way_ns = self.answer_ns if self.answer_ns >= 0 else self._latency.one_way_ns()
            self._due_ns = max(self._due_ns, now_ns + way_ns)
            if self._due_ns > now_ns:
                self._clock.call_at(self._due_ns, self.deliver)
        return self._due_ns

    def deliver(self) -> None:
        """Hand over what has arrived."""
        queue = self.queue
        now_ns = self._clock.time_ns
        while queue and queue[0].ts_ns <= now_ns:
            self.handler(queue.popleft())
