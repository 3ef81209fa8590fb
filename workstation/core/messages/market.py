"""What the market and the clock bring."""

from __future__ import annotations

import msgspec

from workstation.core.types import Side

Levels = tuple[tuple[int, int], ...]
"""Pairs of price in ticks and total quantity in lots; quantity 0 removes the level."""


class Trade(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="T"):
    """A public trade. ``side`` is the aggressor's."""

    symbol: str
    ts_ns: int
    price: int
    lots: int
    side: Side
    trade_id: int


class BookSnapshot(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="S"):
    """The whole book, best levels first."""

    symbol: str
    ts_ns: int
    sequence: int
    bids: Levels
    asks: Levels


class BookDelta(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="D"):
    """Changed levels. It applies only to the book whose sequence is ``previous_sequence``; anything else is a gap."""

    symbol: str
    ts_ns: int
    previous_sequence: int
    sequence: int
    bids: Levels
    asks: Levels


class Bar(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="B"):
    """A closed bar; ``ts_ns`` is its close, which is the open of the next."""

    symbol: str
    ts_ns: int
    interval_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int

    @property
    def open_ns(self) -> int:
        return self.ts_ns - self.interval_ns


class History(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="Y"):
    """Closed bars from before the session, oldest first, that warm up charts and strategies. Nothing trades on them."""

    symbol: str
    ts_ns: int
    interval_ns: int
    bars: tuple[tuple[int, int, int, int, int, int], ...]
    """Close time in nanoseconds, open, high, low, close in ticks, volume in lots."""


class MarkPrice(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="M"):
    symbol: str
    ts_ns: int
    price: int


class FundingRate(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="F"):
    """Funding falls due now: longs pay ``rate`` of their notional at the mark price to shorts."""

    symbol: str
    ts_ns: int
    rate: int
    price: int


class OpenInterest(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="O"):
    """The contracts of a perpetual that are open now, every one counted once."""

    symbol: str
    ts_ns: int
    lots: int


class PerpetualHistory(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="P"):
    """Open interest and funding of a perpetual from before the session, oldest first. Nothing trades on them."""

    symbol: str
    ts_ns: int
    open_interest: tuple[tuple[int, int], ...]
    """UTC nanoseconds and lots."""
    fundings: tuple[tuple[int, int], ...]
    """UTC nanoseconds at which it fell due, and rate."""


class FeedStatus(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="X"):
    """The feed of a symbol went down or came back. An empty symbol means every symbol."""

    symbol: str
    ts_ns: int
    connected: bool
    detail: str


class ClockOffset(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="K"):
    """Measured difference between the venue's clock and ours."""

    ts_ns: int
    offset_ns: int


class Heartbeat(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="H"):
    """Time passed without other input; fires what is due."""

    ts_ns: int


MarketInput = (
    Trade
    | BookSnapshot
    | BookDelta
    | Bar
    | History
    | MarkPrice
    | FundingRate
    | OpenInterest
    | PerpetualHistory
    | FeedStatus
    | ClockOffset
    | Heartbeat
)
