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
    """Since the figures were last asked for."""
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


class StreamCounter:
    """Counts the messages of one stream. Times are the loop's, in seconds."""

    __slots__ = ("_asked_messages", "_asked_s", "kind", "last_s", "messages", "symbol")

    def __init__(self, symbol: str, kind: str, now_s: float) -> None:
        self.symbol = symbol
        self.kind = kind
        self.messages = 0
        self.last_s = self._asked_s = now_s
        self._asked_messages = 0

    def figures(self, now_s: float) -> StreamFigures:
        seconds = now_s - self._asked_s
        rate = (self.messages - self._asked_messages) / seconds if seconds > 0 else 0.0
        self._asked_s, self._asked_messages = now_s, self.messages
        return StreamFigures(self.symbol, self.kind, self.messages, rate, now_s - self.last_s)
