"""The exchange's clock, as measured: its difference from ours, and how well we know it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

ROUND_TRIPS = 5
MILLISECOND_NS = 1_000_000


class ClockReading(msgspec.Struct, frozen=True):
    """``offset_ns`` is the exchange's clock less ours; it is right to within ``uncertainty_ns``."""

    offset_ns: int
    uncertainty_ns: int
    measured_ns: int
    """When, UTC ns of our clock; 0 is never: the offset is then assumed to be none."""


NEVER_MEASURED = ClockReading(0, 0, 0)


class VenueClock:
    """Ours corrected by the best of several round trips to the exchange's time endpoint.

    The quickest round trip bounds the error best: its answer was made at some time between its two ends.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self.own_now_ns = now_ns
        self._measuring: asyncio.Task[ClockReading] | None = None
        self.reading = NEVER_MEASURED

    def now_ns(self) -> int:
        """The exchange's time now, UTC ns."""
        return self.own_now_ns() + self.reading.offset_ns

    async def measure(self, ask_ms: Callable[[], Awaitable[int]]) -> ClockReading:
        """Ask for the time, in ms, and take the quickest answer. Who asks meanwhile shares the measurement."""
        if self._measuring is None or self._measuring.done():
            self._measuring = asyncio.ensure_future(self._measure(ask_ms))
            # Nobody may be left to hear of a failure when those who asked were cancelled.
            self._measuring.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._measuring)

    async def _measure(self, ask_ms: Callable[[], Awaitable[int]]) -> ClockReading:
        best: ClockReading | None = None
        for _ in range(ROUND_TRIPS):
            sent_ns = self.own_now_ns()
            # The answer is cut to whole milliseconds: on average half of one is missing.
            told_ns = await ask_ms() * MILLISECOND_NS + MILLISECOND_NS // 2
            back_ns = self.own_now_ns()
            uncertainty_ns = (back_ns - sent_ns + MILLISECOND_NS) // 2
            if best is None or uncertainty_ns < best.uncertainty_ns:
                best = ClockReading(told_ns - (sent_ns + back_ns) // 2, uncertainty_ns, back_ns)
        assert best is not None
        self.reading = best
        return best
