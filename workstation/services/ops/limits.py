"""How often somebody may ask: so many a minute, all at once if they like, and no more until time has passed."""

from __future__ import annotations

import math
from collections.abc import Callable

from workstation.core.timeframe import MINUTE_NS, SECOND_NS

MOST_KEYS = 10_000


class RateLimits:
    """One number for each key: until when its allowance is used up."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._used_until_ns: dict[tuple[str, ...], int] = {}

    def wait_s(self, key: tuple[str, ...], per_minute: int) -> int:
        """Count one; whole seconds to wait when there was one too many, which is not counted, else 0."""
        now_ns = self._now_ns()
        interval_ns = MINUTE_NS // per_minute
        used_ns = max(now_ns, self._used_until_ns.get(key, 0)) + interval_ns
        excess_ns = used_ns - now_ns - MINUTE_NS
        if excess_ns > 0:
            return math.ceil(excess_ns / SECOND_NS)
        if len(self._used_until_ns) >= MOST_KEYS:
            self._forget(now_ns)
        self._used_until_ns[key] = used_ns
        return 0

    def _forget(self, now_ns: int) -> None:
        kept = {key: until for key, until in self._used_until_ns.items() if until > now_ns}
        # Whoever makes up addresses must not fill the memory: the least used go.
        for key in sorted(kept, key=kept.__getitem__)[: max(0, len(kept) - MOST_KEYS // 2)]:
            del kept[key]
        self._used_until_ns = kept
