"""Candles of a symbol: the past that the market came with, and what the tape has made since."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workstation.core.messages import History
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, bar_open_ns
from workstation.core.types import Side
from workstation.sandbox.tape import TapeTrade

INTERVALS = {
    "1m": MINUTE_NS,
    "3m": 3 * MINUTE_NS,
    "5m": 5 * MINUTE_NS,
    "15m": 15 * MINUTE_NS,
    "30m": 30 * MINUTE_NS,
    "1h": HOUR_NS,
    "2h": 2 * HOUR_NS,
    "4h": 4 * HOUR_NS,
    "6h": 6 * HOUR_NS,
    "8h": 8 * HOUR_NS,
    "12h": 12 * HOUR_NS,
    "1d": DAY_NS,
    "3d": 3 * DAY_NS,
    "1w": 7 * DAY_NS,
}
"""Interval in nanoseconds by its name in the protocol."""

PastBars = Callable[[int, int], History]
"""Closed bars from before the start: of an interval, at most so many."""
Worth = Callable[[int, int], int]
"""Money that lots at a price are worth."""

EVERYTHING = 1 << 40


class Candle(NamedTuple):
    """Prices in ticks, quantities in lots, worth in 1e-8 of the quote asset; ``first_id`` is -1 without trades."""

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int
    worth: int
    trades: int
    bought_lots: int
    """The part that takers bought."""
    bought_worth: int
    first_id: int = -1
    last_id: int = -1


class Candles:
    """Minutes from the tape; a minute without a trade stands at the last price.

    The past has no tape: its worth is at the mean of high, low and close, takers are taken to have bought half of it,
    and each of its minutes counts as one trade.
    """

    def __init__(self, start_ns: int, past: PastBars, worth: Worth) -> None:
        self._start_ns = bar_open_ns(start_ns, MINUTE_NS)
        self._past_bars = past
        self._worth = worth
        self._minutes: list[Candle] = []
        self._past: dict[int, NDArray[np.int64]] = {}
        self._leads: dict[int, list[Candle]] = {}

    def add(self, trade: TapeTrade) -> None:
        """Count a trade of the tape."""
        open_ns = bar_open_ns(trade.ts_ns, MINUTE_NS)
        self._fill_up(open_ns)
        bought = trade.side is Side.BUY
        made = Candle(
            open_ns,
            *(trade.price,) * 4,
            trade.lots,
            trade.worth,
            1,
            trade.lots if bought else 0,
            trade.worth if bought else 0,
            trade.trade_id,
            trade.trade_id,
        )
        if self._minutes and self._minutes[-1].open_ns == open_ns:
            last = self._minutes[-1]
            self._minutes[-1] = made._replace(open=made.open) if last.trades == 0 else merged([last, made])
        else:
            self._minutes.append(made)

    def _fill_up(self, open_ns: int) -> None:
        """Candles of minutes without a trade before ``open_ns``."""
        while self._minutes and self._minutes[-1].open_ns + MINUTE_NS < open_ns:
            self._minutes.append(_empty(self._minutes[-1].open_ns + MINUTE_NS, self._minutes[-1].close))

    def newest(self, interval_ns: int, now_ns: int) -> Candle | None:
        """The candle that holds ``now_ns``; ``None`` before the first trade."""
        return self.at(interval_ns, bar_open_ns(now_ns, interval_ns), now_ns)

    def at(self, interval_ns: int, open_ns: int, now_ns: int) -> Candle | None:
        """The candle that opens at ``open_ns``, as far as it has come by ``now_ns``."""
        self._come_to(now_ns)
        wanted = open_ns + interval_ns
        parts = []
        for minute in reversed(self._minutes):
            if minute.open_ns < open_ns:
                break
            if minute.open_ns < wanted:
                parts.append(minute)
        parts.reverse()
        if open_ns < self._start_ns:
            parts = self._lead(interval_ns) + parts
        return merged(parts) if parts else None

    def select(
        self, interval_ns: int, start_ns: int | None, end_ns: int | None, limit: int, now_ns: int
    ) -> list[Candle]:
        """Candles by open time: with ``start_ns`` the oldest from there, otherwise the newest up to ``end_ns``."""
        self._come_to(now_ns)
        least = start_ns if start_ns is not None else 0
        most = end_ns if end_ns is not None else now_ns
        live = [candle for candle in self._live(interval_ns, least) if least <= candle.open_ns <= most]
        past = self._past_between(interval_ns, least, most)
        if start_ns is not None:
            found = [self._from_bar(row, interval_ns) for row in past[:limit]]
            return found + live[: limit - len(found)]
        live = live[-limit:]
        missing = limit - len(live)
        return [self._from_bar(row, interval_ns) for row in past[len(past) - missing :] if missing] + live

    def _live(self, interval_ns: int, least_ns: int) -> list[Candle]:
        """Candles from the one in which the market started, or that holds ``least_ns``, on."""
        first_ns = bar_open_ns(least_ns, interval_ns)
        start = bisect_left(self._minutes, first_ns, key=_open_time)
        minutes = self._minutes[start:]
        if first_ns < self._start_ns:
            minutes = self._lead(interval_ns) + minutes
        if interval_ns == MINUTE_NS:
            return minutes
        groups = groupby(minutes, lambda minute: bar_open_ns(minute.open_ns, interval_ns))
        return [merged(list(parts))._replace(open_ns=open_ns) for open_ns, parts in groups]

    def _past_between(self, interval_ns: int, least_ns: int, most_ns: int) -> list[list[int]]:
        """Whole bars of the past by open time; rows of ``History``."""
        if interval_ns not in self._past:
            bars = self._past_bars(interval_ns, EVERYTHING).bars
            rows = np.array(bars, dtype=np.int64).reshape(-1, 6)
            self._past[interval_ns] = rows[rows[:, 0] <= bar_open_ns(self._start_ns, interval_ns)]
        rows = self._past[interval_ns]
        first, last = np.searchsorted(rows[:, 0], (least_ns + interval_ns, most_ns + interval_ns), side="left")
        last += int(last < len(rows) and rows[last, 0] == most_ns + interval_ns)
        found: list[list[int]] = rows[first : max(first, last)].tolist()
        return found

    def _come_to(self, now_ns: int) -> None:
        open_ns = bar_open_ns(now_ns, MINUTE_NS)
        self._fill_up(open_ns)
        if self._minutes and self._minutes[-1].open_ns < open_ns:
            self._minutes.append(_empty(open_ns, self._minutes[-1].close))

    def _lead(self, interval_ns: int) -> list[Candle]:
        """Minutes of the past that belong to the candle in which the market started."""
        if interval_ns not in self._leads:
            open_ns = bar_open_ns(self._start_ns, interval_ns)
            bars = self._past_bars(MINUTE_NS, (self._start_ns - open_ns) // MINUTE_NS).bars
            minutes = [self._from_bar(bar, MINUTE_NS) for bar in bars]
            self._leads[interval_ns] = [minute for minute in minutes if minute.open_ns >= open_ns]
        return self._leads[interval_ns]

    def _from_bar(self, bar: Sequence[int], interval_ns: int) -> Candle:
        close_ns, open_, high, low, close, lots = bar
        worth = self._worth((high + low + close) // 3, lots)
        count = interval_ns // MINUTE_NS
        return Candle(close_ns - interval_ns, open_, high, low, close, lots, worth, count, lots // 2, worth // 2)


def merged(parts: list[Candle]) -> Candle:
    """One candle of neighbouring ones, oldest first."""
    if len(parts) == 1:
        return parts[0]
    first, last = parts[0], parts[-1]
    with_ids = [part for part in parts if part.first_id >= 0]
    return Candle(
        first.open_ns,
        first.open,
        max(part.high for part in parts),
        min(part.low for part in parts),
        last.close,
        sum(part.lots for part in parts),
        sum(part.worth for part in parts),
        sum(part.trades for part in parts),
        sum(part.bought_lots for part in parts),
        sum(part.bought_worth for part in parts),
        with_ids[0].first_id if with_ids else -1,
        with_ids[-1].last_id if with_ids else -1,
    )


def _empty(open_ns: int, price: int) -> Candle:
    return Candle(open_ns, price, price, price, price, 0, 0, 0, 0, 0)


def _open_time(candle: Candle) -> int:
    return candle.open_ns
