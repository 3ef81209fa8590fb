"""Whether each symbol's feed is whole: all its connections open, data flowing, its book synchronised."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workstation.core.clock import WallClock
from workstation.core.messages import FeedStatus


class FeedStatuses:
    """Tells a symbol's feed down with each new reason, and up again when no part of it is down any more."""

    def __init__(
        self, symbols: Iterable[str], parts: Iterable[str], clock: WallClock, deliver: Callable[[FeedStatus], None]
    ) -> None:
        self._clock = clock
        self._deliver = deliver
        self._told: dict[str, str] = {}
        parts = frozenset(parts)
        self._down: dict[str, set[str]] = {symbol: set(parts) for symbol in symbols}
        for symbol in self._down:
            self._tell(symbol, False, "connecting")

    def is_up(self, symbol: str) -> bool:
        return not self._down[symbol]

    def down(self, symbol: str, part: str, reason: str) -> None:
        whole = not self._down[symbol]
        self._down[symbol].add(part)
        if whole or reason != self._told[symbol]:
            self._tell(symbol, False, reason)

    def up(self, symbol: str, part: str) -> None:
        parts = self._down[symbol]
        if part in parts:
            parts.remove(part)
            if not parts:
                self._tell(symbol, True, "order book synchronised, data flowing")

    def _tell(self, symbol: str, connected: bool, detail: str) -> None:
        self._told[symbol] = detail
        self._deliver(FeedStatus(symbol, self._clock.now_ns(), connected, f"{symbol}: {detail}"))
