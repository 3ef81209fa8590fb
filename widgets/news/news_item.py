"""One piece of news of the engine."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from workstation.core.types import Severity


class NewsKind(StrEnum):
    """What the news is about; the word is what a person reads."""

    FEED = "Feed"
    BOOK = "Book"
    CLOCK = "Clock"
    LIMIT = "Limit"
    TRADING = "Trading"
    ACCOUNT = "Account"
    STRATEGY = "Strategy"
    SETTING = "Setting"
    ENGINE = "Engine"


PANELS = {
    NewsKind.FEED: "connections",
    NewsKind.BOOK: "connections",
    NewsKind.CLOCK: "connections",
    NewsKind.LIMIT: "risk",
    NewsKind.TRADING: "risk",
    NewsKind.ACCOUNT: "reconcile",
    NewsKind.STRATEGY: "strategies",
    NewsKind.SETTING: "strategies",
    NewsKind.ENGINE: "log",
}
"""Where more about it is to be seen."""


class News(NamedTuple):
    """``where`` is a symbol, a strategy or the venue; empty for the whole engine. ``symbol`` is a symbol or empty."""

    kind: NewsKind
    severity: Severity
    text: str
    where: str = ""
    symbol: str = ""
    like: str = ""
    """News of the same kind, place and likeness within a short time are counted as one; empty never are."""


class ToldNews(NamedTuple):
    """News as they are kept: when the first and the last of them came, and how often."""

    number: int
    first_ns: int
    last_ns: int
    times: int
    news: News
