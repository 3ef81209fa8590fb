"""What exchanges promise of the ids of their public trades, as ccxt brings them: where they are counted, none is missed
unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workstation.venues.exchange.codes import family_of

Span = Callable[[dict[str, Any]], int]
"""How many consecutive ids a trade stands for, of which its own is the last."""


def span_of_ids(exchange: str) -> Span | None:
    """``None`` for an exchange, by ccxt's name, whose ids need not follow each other: of it what is missing inside a
    connection cannot be known."""
    return _COUNTED.get(family_of(exchange))


def _one(trade: dict[str, Any]) -> int:
    return 1


def _aggregated(trade: dict[str, Any]) -> int:
    """OKX's stream puts trades of one taker at one price together, under the id of the last, and tells how many."""
    return int(trade["info"].get("count") or 1)


_COUNTED: dict[str, Span] = {"binance": _one, "kraken": _one, "okx": _aggregated}
"""Exchanges that count each market's trades one by one. Bybit's ids are random, or shared by its markets."""
