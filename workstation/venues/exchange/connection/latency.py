"""How long the exchange took to answer, over the last minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from workstation.core.timeframe import MINUTE_NS
from workstation.core.views import LatencyView

MOST_KEPT = 2_000


class RequestLatency:
    """``now_ns`` is UTC. Only requests that were answered count; one that timed out has no time of its own."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._answered: deque[tuple[int, int]] = deque(maxlen=MOST_KEPT)

    def begin(self) -> int:
        """When a request leaves, UTC ns, for ``end``."""
        return self._now_ns()

    def end(self, began_ns: int) -> None:
        """Its answer is here."""
        now_ns = self._now_ns()
        self._answered.append((now_ns, max(0, now_ns - began_ns)))

    def view(self) -> LatencyView | None:
        """``None`` where none was answered within the last minute."""
        since_ns = self._now_ns() - MINUTE_NS
        while self._answered and self._answered[0][0] < since_ns:
            self._answered.popleft()
        took = sorted(taken_ns for _, taken_ns in self._answered)
        if not took:
            return None
        return LatencyView(p50_ms=took[len(took) // 2] / 1e6, max_ms=took[-1] / 1e6, count=len(took))
