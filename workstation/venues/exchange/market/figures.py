"""What screens show of the market data: figures by stream, and what went wrong and was mended."""

from __future__ import annotations

import msgspec


class StreamFigures(msgspec.Struct, frozen=True):
    """One stream: a kind of message of a symbol."""

    symbol: str
    kind: str
    """book, trades or mark."""
    messages: int
    messages_per_second: float
    """Over the last second or more, however often it is asked for."""
    age_s: float
    """Since its last message; since the start where there was none."""


class MarketFigures(msgspec.Struct, frozen=True):
    """Counts since the start."""

    streams: tuple[StreamFigures, ...]
    gaps: int
    """Of order books; trades of which some were missing count under ``trades_filled`` and ``trades_lost``."""
    resyncs: int
    """Snapshots taken after the first of each book."""
    reconnects: int
    trades_filled: int
    """Missing on the stream and fetched."""
    trades_lost: int
    """Missing on the stream and not to be had."""
    duplicates: int
    """Trades that came twice, and were dropped."""
    unreadable: int
    """Messages, or prices that are no whole ticks, that could not be taken."""
    clock_offset_ns: int = 0
    """The exchange's clock less ours."""


RATE_WINDOW_S = 1.0


class StreamCounter:
    """Counts the messages of one stream. Times are the loop's, in seconds."""

    __slots__ = ("_counted", "_counted_s", "_rate", "kind", "last_s", "messages", "symbol")

    def __init__(self, symbol: str, kind: str, now_s: float) -> None:
        self.symbol = symbol
        self.kind = kind
        self.messages = 0
        self.last_s = self._counted_s = now_s
        self._counted = 0
        self._rate = 0.0

    def figures(self, now_s: float) -> StreamFigures:
        seconds = now_s - self._counted_s
        if seconds >= RATE_WINDOW_S:
            self._rate = (self.messages - self._counted) / seconds
            self._counted_s, self._counted = now_s, self.messages
        return StreamFigures(self.symbol, self.kind, self.messages, self._rate, now_s - self.last_s)
