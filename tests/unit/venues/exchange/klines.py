"""Minute candles as Binance's klines endpoint gives them, scripted by the test."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.core.timeframe import MINUTE_NS, parse_utc
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database

START_NS = parse_utc("2023-01-02")
"""When the symbol was listed."""
MS = 1_000_000


class Klines:
    """``holes`` are minutes since ``START_NS`` that the exchange lacks; those of ``first_asked_without`` it has later.

    ``given`` collects the opening time of every candle that it ever gave, ns.
    """

    def __init__(self, holes: Iterable[int] = (), first_asked_without: Iterable[int] = (), last: int = 10**9) -> None:
        self.holes = set(holes)
        self.last = last
        self.given: list[int] = []
        self.asked = 0
        self._not_yet = set(first_asked_without)

    def answer(self, query: dict[str, str]) -> list[Any]:
        self.asked += 1
        minute = max(0, -(-(int(query["startTime"]) * MS - START_NS) // MINUTE_NS))
        found: list[Any] = []
        while len(found) < int(query["limit"]) and minute < self.last:
            if minute in self._not_yet:
                self._not_yet.remove(minute)
                if not found:
                    # A page that is empty, not one that begins later.
                    self._not_yet -= set(range(minute, minute + int(query["limit"])))
                    return []
            elif minute not in self.holes:
                found.append(self._kline(minute))
            minute += 1
        self.given += [row[0] * MS for row in found]
        return found

    def closes_e8(self, opens_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        closes: NDArray[np.int64] = (20_000 + (opens_ns - START_NS) // MINUTE_NS) * 10**8 + 12_345_678
        return closes

    def _kline(self, minute: int) -> list[Any]:
        open_ms = (START_NS + minute * MINUTE_NS) // MS
        price = f"{20_000 + minute}.12345678"
        return [open_ms, price, price, price, price, "1.50000000", open_ms + 59_999, "0", 1, "0", "0", "0"]


def minutes(first: int, end: int) -> list[int]:
    """When the candles of these minutes open, UTC ns."""
    return [START_NS + minute * MINUTE_NS for minute in range(first, end)]


def kept_opens(data: Path, series: str) -> list[int]:
    """When the candles of a series that a data folder keeps open, UTC ns."""
    if not data.exists():
        return []
    database = open_database(data / "history.sqlite3")
    try:
        candles = CandleDatabase(database).load(series, MINUTE_NS, 0, 1 << 62)
    finally:
        database.close()
    return [] if candles is None else candles.open_ns.tolist()
