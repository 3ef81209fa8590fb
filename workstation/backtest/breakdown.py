"""The trades of a run seen from other sides: when they were entered, in what order they came out, how they spread.

Money is 1e-8 of the account's currency and net; only closed trades count. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, log10, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workstation.backtest.round_trips import Trade
from workstation.backtest.statistics import LEAST_DAYS, daily_returns, mean
from workstation.core.timeframe import utc_datetime

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAYS_A_YEAR = 365
MOST_BINS = 30


class Group(NamedTuple):
    """The trades that were entered at one hour, or on one day of the week."""

    name: str
    trades: int
    wins: int
    net: int


class Streaks(NamedTuple):
    """How many trades in a row gained or lost at most, what those came to, and the row at the end (negative: lost)."""

    wins: int
    wins_net: int
    losses: int
    losses_net: int
    last: int


class Bin(NamedTuple):
    """Trades whose result is from ``low`` to below ``high``, in the unit of the distribution."""

    low: float
    high: float
    trades: int


class Distribution(NamedTuple):
    """``in_r`` says whether results count in units of their initial risk, or in the account's currency."""

    bins: tuple[Bin, ...]
    in_r: bool


class TradeFigures(NamedTuple):
    """Of closed trades. A figure without a value is ``None``."""

    median: float | None
    payoff: float | None
    """Mean win over mean loss."""
    sqn: float | None
    """System quality number, sqrt(n) times mean over sample deviation of the results: V. K. Tharp, "Trade Your Way to
    Financial Freedom", 1998."""
    kelly: float | None
    """Share of the equity, win rate − loss rate / payoff: J. L. Kelly, "A New Interpretation of Information Rate",
    Bell System Technical Journal, 1956."""
    longest_hours: float | None
    average_bars: float | None
    trades_a_month: float | None
    volatility: float | None
    """Sample deviation of daily returns times sqrt(365), a fraction."""
    best_day: float | None
    worst_day: float | None
    positive_days: float | None
    """Share of the days with a return above 0 among those with one that is not 0."""


def closed(trades: Sequence[Trade]) -> list[Trade]:
    return [trade for trade in trades if not trade.is_open]


def by_weekday(trades: Sequence[Trade]) -> list[Group]:
    """Seven, from Monday."""
    return _grouped(trades, WEEKDAYS, lambda trade: utc_datetime(trade.entry_ns).weekday())


def by_hour(trades: Sequence[Trade]) -> list[Group]:
    """Twenty-four, from midnight."""
    names = [f"{hour:02}h" for hour in range(24)]
    return _grouped(trades, names, lambda trade: utc_datetime(trade.entry_ns).hour)


def streaks(trades: Sequence[Trade]) -> Streaks:
    """In the order of their exits; a trade of exactly 0 ends a row and begins none."""
    best: dict[int, tuple[int, int]] = {1: (0, 0), -1: (0, 0)}
    sign = length = net = 0
    for trade in sorted(closed(trades), key=lambda each: (each.exit_ns, each.number)):
        now = (trade.net > 0) - (trade.net < 0)
        length, net = (length + 1, net + trade.net) if now == sign else (1, trade.net)
        sign = now
        if sign and length > best[sign][0]:
            best[sign] = length, net
    return Streaks(*best[1], *best[-1], sign * length)


def distribution(trades: Sequence[Trade]) -> Distribution:
    """Bins of one round width, of which one begins at 0; in R where every trade's risk is known."""
    done = closed(trades)
    multiples = [trade.r_multiple for trade in done]
    in_r = bool(done) and all(multiple is not None for multiple in multiples)
    results = np.array(multiples if in_r else [trade.net / 1e8 for trade in done], dtype=np.float64)
    if not len(results):
        return Distribution((), False)
    width = _round_width(float(results.max() - results.min()) or abs(float(results[0])) or 1.0)
    places = np.floor(results / width).astype(np.int64)
    first, counts = int(places.min()), np.bincount(places - places.min())
    bins = [Bin((first + place) * width, (first + place + 1) * width, int(count)) for place, count in enumerate(counts)]
    return Distribution(tuple(bins), in_r)


def trade_figures(
    trades: Sequence[Trade], times_ns: NDArray[np.int64], equity: NDArray[np.int64], end_ns: int
) -> TradeFigures:
    """``times_ns`` and ``equity`` are the samples of the run, the first at its start."""
    done = closed(trades)
    results = np.array([trade.net for trade in done], dtype=np.float64)
    won, lost = results[results > 0], results[results < 0]
    payoff = float(won.mean() / -lost.mean()) if len(won) and len(lost) else None
    deviation = float(results.std(ddof=1)) if len(results) > 1 else 0.0
    rate = len(won) / len(results) if len(results) else 0.0
    daily = daily_returns(times_ns, equity, end_ns)
    moved = daily[daily != 0]
    bars = [trade.bars_held for trade in done if trade.bars_held is not None]
    days = (end_ns - int(times_ns[0])) / 86_400e9
    return TradeFigures(
        median=float(np.median(results)) if len(results) else None,
        payoff=payoff,
        sqn=sqrt(len(results)) * float(results.mean()) / deviation if deviation else None,
        kelly=rate - (1 - rate) / payoff if payoff else None,
        longest_hours=max(((trade.exit_ns - trade.entry_ns) / 3.6e12 for trade in done), default=None),
        average_bars=mean(bars),
        trades_a_month=len(done) / days * DAYS_A_YEAR / 12 if days >= 1 else None,
        volatility=float(daily.std(ddof=1)) * sqrt(DAYS_A_YEAR) if len(daily) > 1 and days >= LEAST_DAYS else None,
        best_day=float(daily.max()) if len(daily) else None,
        worst_day=float(daily.min()) if len(daily) else None,
        positive_days=float((moved > 0).mean()) if len(moved) else None,
    )


def _grouped(trades: Sequence[Trade], names: Sequence[str], place_of: Callable[[Trade], int]) -> list[Group]:
    counts, wins, nets = ([0] * len(names) for _ in range(3))
    for trade in closed(trades):
        place = place_of(trade)
        counts[place] += 1
        wins[place] += trade.net > 0
        nets[place] += trade.net
    return [Group(*each) for each in zip(names, counts, wins, nets, strict=True)]


def _round_width(span: float) -> float:
    """1, 2 or 5 times a power of ten, of which at most ``MOST_BINS`` cover the span."""
    least = span / (MOST_BINS - 1)
    power = 10.0 ** floor(log10(least))
    step = next(each for each in (1, 2, 5, 10) if each >= least / power - 1e-9)
    return step * power
