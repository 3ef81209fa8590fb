"""The market: what a feed tells and is asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from workstation.messaging.bodies.fields import Body, Levels, Moment, Price, Quantity, SideWord, Text, Word


class MarketData(Body, frozen=True, kw_only=True):
    """The state of one symbol, enriched, whenever it has changed."""

    symbol: Word
    best_bid: Price | None
    best_ask: Price | None
    bid_size: Quantity | None
    ask_size: Quantity | None
    last_price: Price | None
    last_side: SideWord | None
    last_size: Quantity | None
    mark_price: Price | None
    funding_rate: Decimal | None
    order_flow_imbalance: Annotated[Decimal, Meta(description="(bought - sold) / both over the last minute, -1 to 1")]


class TradeBody(Body, frozen=True, kw_only=True):
    """A public trade. ``side`` is the aggressor's."""

    symbol: Word
    trade_id: int
    price: Price
    quantity: Quantity
    side: SideWord
    time: Moment


class BookSnapshotBody(Body, frozen=True, kw_only=True):
    """The whole book, best levels first."""

    symbol: Word
    sequence: int
    bids: Levels
    asks: Levels
    time: Moment


class BookDeltaBody(Body, frozen=True, kw_only=True):
    """Changed levels; quantity 0 removes one. Applies only to the book whose sequence is ``previous_sequence``."""

    symbol: Word
    previous_sequence: int
    sequence: int
    bids: Levels
    asks: Levels
    time: Moment


class BarBody(Body, frozen=True, kw_only=True):
    """A closed bar."""

    symbol: Word
    timeframe: Word
    open_time: Moment
    close_time: Moment
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity


class MarkBody(Body, frozen=True, kw_only=True):
    """A perpetual's mark price."""

    symbol: Word
    price: Price
    time: Moment


class FundingBody(Body, frozen=True, kw_only=True):
    """Funding falls due: longs pay ``rate`` of their notional at ``price`` to shorts."""

    symbol: Word
    rate: Decimal
    price: Price | None
    time: Moment


class OpenInterestBody(Body, frozen=True, kw_only=True):
    """The contracts of a perpetual that are open, every one counted once."""

    symbol: Word
    quantity: Quantity
    time: Moment


class FeedBody(Body, frozen=True, kw_only=True):
    """The feed of a symbol went down or came back; an empty symbol means every symbol."""

    symbol: Annotated[str, Meta(max_length=100)]
    connected: bool
    detail: Text
    time: Moment


class MarketRequestBody(Body, frozen=True, kw_only=True):
    """Asks the feed handler for a symbol as it stands, by who joins late or has missed something."""

    symbol: Word
    bars: dict[str, Annotated[int, Meta(ge=0, le=20_000)]] = {}
    """How many closed bars of each timeframe."""
    figures: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """How many values of open interest, and of funding, at most."""


BarRow = tuple[Moment, Price, Price, Price, Price, Quantity]
"""Close time, open, high, low, close, volume."""


class MarketAnswerBody(Body, frozen=True, kw_only=True):
    """A symbol as it stands after the messages that ``numbers`` names, by subject; later ones are to be applied."""

    symbol: Word
    numbers: dict[str, int]
    connected: bool
    book: BookSnapshotBody | None
    mark_price: Price | None
    last_price: Price | None
    bars: dict[str, tuple[BarRow, ...]]
    """Oldest first."""
    open_interest: tuple[tuple[Moment, Quantity], ...] = ()
    fundings: tuple[tuple[Moment, Decimal], ...] = ()
    """When each fell due, and its rate."""


MarketBody = (
    TradeBody | BookSnapshotBody | BookDeltaBody | BarBody | MarkBody | FundingBody | OpenInterestBody | FeedBody
)
