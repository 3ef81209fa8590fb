"""The figures of a run. A figure that has no value (no trades, no losses, too short a run) is None, never NaN.

Conventions: returns are of UTC days, from the last equity at or before each midnight; a year has 365 days, since the
market never closes; the risk-free rate is 0. Sharpe ratio: W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio
Management, 1994, with the sample deviation (n - 1). Sortino ratio: F. A. Sortino and L. N. Price, "Performance
Measurement in a Downside Risk Framework", Journal of Investing, 1994, target 0, downside deviation over all n days.
Calmar ratio: T. W. Young, "Calmar Ratio", Futures, 1991, here over the whole run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import isfinite, sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from workstation.backtest.round_trips import Trade
from workstation.core.timeframe import DAY_NS, parse_utc, utc_datetime

DAYS_A_YEAR = 365
LEAST_DAYS = 2
"""A shorter run is of parts of days, of which a year says nothing: it has no Sharpe and no Sortino ratio."""
Times = NDArray[np.int64]
Equity = NDArray[np.int64]


class Drawdown(msgspec.Struct, frozen=True):
    """The deepest fall from a highest equity. ``depth`` is a fraction of that peak, 0 or above."""

    depth: float
    peak_ns: int
    trough_ns: int
    recovery_ns: int
    """When the peak was reached again, or the end of the run."""
    recovered: bool

    @property
    def days(self) -> float:
        return (self.recovery_ns - self.peak_ns) / DAY_NS


class MonthReturn(msgspec.Struct, frozen=True):
    """Return of the part of a UTC month that the run covers."""

    year: int
    month: int
    value: float | None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Fractions, not per cent; money in 1e-8 of the account's currency; of closed trades unless it says otherwise."""

    final_equity: int
    total_return: float | None
    buy_and_hold: float | None
    """Return of the price, without costs."""
    cagr: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float
    max_drawdown_days: float
    drawdown: Drawdown
    trade_count: int
    open_trades: int
    win_rate: float | None
    profit_factor: float | None
    """Sum of the net profits over the sum of the net losses; None without a loss."""
    expectancy: float | None
    """Mean net result of a trade, in 1e-8 of the currency."""
    expectancy_r: float | None
    """Mean of the R multiples, over the trades whose initial stop is known."""
    average_win: float | None
    average_loss: float | None
    best_trade: int | None
    worst_trade: int | None
    average_hours: float | None
    exposure: float | None
    """Share of the time with a position, open trades included."""
    fees: int
    """These three are of all trades, open ones included; funding is positive when received."""
    slippage: int
    funding: int
    months: tuple[MonthReturn, ...]


def figures(
    times_ns: Times,
    equity: Equity,
    trades: Sequence[Trade],
    *,
    end_ns: int,
    first_price: int,
    last_price: int,
) -> Figures:
    """All figures of a run whose first sample is its start. ``times_ns`` ascend; ``equity`` is 1e-8 of the currency.

    ``first_price`` and ``last_price`` are those of the tested period (open of its first bar, close of its last).
    """
    start_ns = int(times_ns[0])
    long_enough = end_ns - start_ns >= LEAST_DAYS * DAY_NS
    daily = daily_returns(times_ns, equity, end_ns) if long_enough else np.zeros(0)
    growth = total_return(equity)
    yearly = annual_growth(equity, (end_ns - start_ns) / DAY_NS)
    fall = deepest_drawdown(times_ns, equity, end_ns)
    closed = [trade for trade in trades if not trade.is_open]
    wins = [trade.net for trade in closed if trade.net > 0]
    losses = [trade.net for trade in closed if trade.net < 0]
    multiples = [trade.r_multiple for trade in closed if trade.r_multiple is not None]
    return Figures(
        final_equity=int(equity[-1]),
        total_return=growth,
        buy_and_hold=last_price / first_price - 1 if first_price > 0 else None,
        cagr=yearly,
        sharpe=sharpe_ratio(daily),
        sortino=sortino_ratio(daily),
        calmar=yearly / fall.depth if yearly is not None and fall.depth > 0 else None,
        max_drawdown=fall.depth,
        max_drawdown_days=fall.days,
        drawdown=fall,
        trade_count=len(closed),
        open_trades=len(trades) - len(closed),
        win_rate=win_rate([trade.net for trade in closed]),
        profit_factor=profit_factor([trade.net for trade in closed]),
        expectancy=mean([trade.net for trade in closed]),
        expectancy_r=mean(multiples),
        average_win=mean(wins),
        average_loss=mean(losses),
        best_trade=max((trade.net for trade in closed), default=None),
        worst_trade=min((trade.net for trade in closed), default=None),
        average_hours=mean([(trade.exit_ns - trade.entry_ns) / 3.6e12 for trade in closed]),
        exposure=exposure(trades, start_ns, end_ns),
        fees=sum(trade.fees for trade in trades),
        slippage=sum(trade.slippage for trade in trades),
        funding=sum(trade.funding for trade in trades),
        months=tuple(month_returns(times_ns, equity, end_ns)),
    )


def win_rate(results: Sequence[int]) -> float | None:
    """Share of the net results that are above 0."""
    return sum(result > 0 for result in results) / len(results) if results else None


def profit_factor(results: Sequence[int]) -> float | None:
    """Sum of the net profits over the sum of the net losses; None without a loss."""
    losses = sum(result for result in results if result < 0)
    return sum(result for result in results if result > 0) / -losses if losses else None


def total_return(equity: Equity) -> float | None:
    return int(equity[-1]) / int(equity[0]) - 1 if equity[0] > 0 else None


def annual_growth(equity: Equity, days: float) -> float | None:
    """Compound annual growth rate; None under a day, -1 when all is lost."""
    if days < 1 or equity[0] <= 0:
        return None
    if equity[-1] <= 0:
        return -1.0
    try:
        rate = (int(equity[-1]) / int(equity[0])) ** (DAYS_A_YEAR / days) - 1
    except OverflowError:
        return None
    return rate if isfinite(rate) else None


def daily_returns(times_ns: Times, equity: Equity, end_ns: int) -> NDArray[np.float64]:
    """Simple returns between UTC midnights; the first and the last day may be partial."""
    first_midnight = (int(times_ns[0]) // DAY_NS + 1) * DAY_NS
    marks = np.arange(first_midnight, end_ns, DAY_NS, dtype=np.int64)
    points = _equity_at(times_ns, equity, np.concatenate((times_ns[:1], marks, [end_ns])))
    if len(points) < 2 or np.any(points[:-1] <= 0):
        return np.zeros(0)
    return points[1:] / points[:-1] - 1


def sharpe_ratio(daily: NDArray[np.float64]) -> float | None:
    if len(daily) < 2:
        return None
    deviation = float(np.std(daily, ddof=1))
    return float(np.mean(daily)) / deviation * sqrt(DAYS_A_YEAR) if deviation > 0 else None


def sortino_ratio(daily: NDArray[np.float64]) -> float | None:
    if len(daily) < 2:
        return None
    downside = sqrt(float(np.mean(np.minimum(daily, 0.0) ** 2)))
    return float(np.mean(daily)) / downside * sqrt(DAYS_A_YEAR) if downside > 0 else None


def deepest_drawdown(times_ns: Times, equity: Equity, end_ns: int) -> Drawdown:
    falls = drawdowns(equity)
    trough = int(np.argmax(falls))
    depth = float(falls[trough])
    if depth == 0.0:
        start_ns = int(times_ns[0])
        return Drawdown(0.0, start_ns, start_ns, start_ns, True)
    peak = int(np.argmax(equity[: trough + 1]))
    later = np.nonzero(equity[trough:] >= equity[peak])[0]
    recovery_ns = int(times_ns[trough + int(later[0])]) if len(later) else end_ns
    return Drawdown(depth, int(times_ns[peak]), int(times_ns[trough]), recovery_ns, bool(len(later)))


def drawdowns(equity: Equity) -> NDArray[np.float64]:
    """At each sample, the fall from the highest equity so far, as a fraction of it, 0 or above."""
    peaks = np.maximum.accumulate(equity).astype(np.float64)
    peaks[peaks <= 0] = 1.0
    return np.maximum(1.0 - equity / peaks, 0.0)


def exposure(trades: Sequence[Trade], start_ns: int, end_ns: int) -> float | None:
    """Share of the time in which at least one trade was open."""
    if end_ns <= start_ns:
        return None
    held = 0
    reached = start_ns
    for entry_ns, exit_ns in sorted((trade.entry_ns, trade.exit_ns) for trade in trades):
        begin, finish = max(entry_ns, reached), min(exit_ns, end_ns)
        if finish > begin:
            held += finish - begin
            reached = finish
    return held / (end_ns - start_ns)


def month_returns(times_ns: Times, equity: Equity, end_ns: int) -> Iterator[MonthReturn]:
    start_ns = int(times_ns[0])
    moment = utc_datetime(start_ns)
    year, month, mark = moment.year, moment.month, start_ns
    while mark < end_ns:
        next_year, next_month = (year + 1, 1) if month == 12 else (year, month + 1)
        finish = min(end_ns, parse_utc(datetime(next_year, next_month, 1, tzinfo=UTC).isoformat()))
        before, after = _equity_at(times_ns, equity, np.array([mark, finish], dtype=np.int64))
        yield MonthReturn(year, month, float(after / before - 1) if before > 0 else None)
        year, month, mark = next_year, next_month, finish


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _equity_at(times_ns: Times, equity: Equity, marks: NDArray[np.int64]) -> NDArray[np.float64]:
    """The last equity at or before each mark."""
    index = np.searchsorted(times_ns, marks, side="right") - 1
    return equity[np.maximum(index, 0)].astype(np.float64)
