"""Engine time: a deterministic queue of timers driven by the inputs, and the wall clock that stamps those inputs."""

from __future__ import annotations

import time
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol

NEVER_NS = 1 << 62


class Timer:
    """Handle of a scheduled call."""

    __slots__ = ("callback", "when_ns")

    def __init__(self, when_ns: int, callback: Callable[[], None]) -> None:
        self.when_ns = when_ns
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Clock(Protocol):
    """What handlers see of time."""

    def now_ns(self) -> int: ...

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer: ...


class EventClock:
    """Time as told by the inputs, in every mode: it stands still within a dispatch and never goes back.

    Timers fire in order of time, then of scheduling, each at its own time, before the input that passed them. So a
    run is a function of its inputs alone.
    """

    __slots__ = ("_count", "_queue", "next_due_ns", "on_fired", "time_ns")

    def __init__(self, start_ns: int = 0) -> None:
        self.time_ns = start_ns
        self.next_due_ns = NEVER_NS
        self.on_fired: Callable[[], None] | None = None
        """Called after each timer, at its time, so that what it decided leaves then and not with the next input."""
        self._queue: list[tuple[int, int, Timer]] = []
        self._count = 0

    def now_ns(self) -> int:
        return self.time_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        timer = Timer(when_ns, callback)
        self._count += 1
        heappush(self._queue, (when_ns, self._count, timer))
        if when_ns < self.next_due_ns:
            self.next_due_ns = when_ns
        return timer

    def advance(self, to_ns: int) -> None:
        """Fire everything due up to and including ``to_ns``, then stand there."""
        queue = self._queue
        while queue and queue[0][0] <= to_ns:
            when_ns, _, timer = heappop(queue)
            self.next_due_ns = queue[0][0] if queue else NEVER_NS
            if timer.callback is not None:
                if when_ns > self.time_ns:
                    self.time_ns = when_ns
                timer.callback()
                if self.on_fired is not None:
                    self.on_fired()
        self.next_due_ns = queue[0][0] if queue else NEVER_NS
        if to_ns > self.time_ns:
            self.time_ns = to_ns


class WallClock:
    """UTC nanoseconds that never go back within the process, whatever is done to the system's clock."""

    __slots__ = ("_offset_ns",)

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.perf_counter_ns()

    def now_ns(self) -> int:
        return time.perf_counter_ns() + self._offset_ns
