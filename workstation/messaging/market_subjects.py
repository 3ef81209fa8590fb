"""Where the messages of a symbol go."""

from __future__ import annotations

from workstation.config.settings import Subjects
from workstation.messaging.bodies import (
    BarBody,
    BookDeltaBody,
    BookSnapshotBody,
    FeedBody,
    FundingBody,
    MarkBody,
    MarketBody,
    OpenInterestBody,
    TradeBody,
)

EVERY_SYMBOL = "_all"
"""Stands for the symbol in what concerns every one."""


def subject_of(body: MarketBody, subjects: Subjects) -> str:
    """The subject of a market message. What is not of the book or the bars travels with the trades."""
    if isinstance(body, BookDeltaBody | BookSnapshotBody):
        return f"{subjects.market_book}.{body.symbol}"
    if isinstance(body, BarBody):
        return f"{subjects.market_bars}.{body.symbol}.{body.timeframe}"
    assert isinstance(body, TradeBody | MarkBody | FundingBody | OpenInterestBody | FeedBody)
    return f"{subjects.market_trades}.{body.symbol or EVERY_SYMBOL}"


def live_subjects(symbol: str, subjects: Subjects) -> tuple[str, ...]:
    """What an engine hears of a symbol: it builds bars by itself."""
    return f"{subjects.market_book}.{symbol}", f"{subjects.market_trades}.{symbol}"


def request_subject(symbol: str, subjects: Subjects) -> str:
    """Where a symbol is asked for."""
    return f"{subjects.market_snapshot}.{symbol}"
