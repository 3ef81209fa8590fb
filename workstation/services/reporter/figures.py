"""The figures of a period, of everything or of one strategy or symbol.

Round trips, P&L, fees, funding, slippage and the maker share are of what was booked within the period, exactly. Win
rate, profit factor, Sharpe ratio and drawdown are those of ``backtest.statistics``, where their sources are named:
returns are of UTC days, a year has 365 of them, the risk-free rate is 0. Drawdown and Sharpe ratio of everything are of
the account's equity; those of one strategy or symbol are of the account's equity at the beginning of the period, with
its own realised results, fees and funding added up.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import peewee

from workstation.backtest.statistics import (
    Equity,
    Times,
    daily_returns,
    deepest_drawdown,
    mean,
    profit_factor,
    sharpe_ratio,
    win_rate,
)
from workstation.core.money import from_money
from workstation.messaging.bodies import ReportBody
from workstation.services.reporter.bookkeeper import day_span
from workstation.services.reporter.database import BookingRow, EquityRow, TradeRow

ALL = "all"
"""The period since the first execution that is known."""
_SIX_PLACES = Decimal("0.000001")


class Selection(NamedTuple):
    """A UTC day or ``ALL``; of a strategy or a symbol when they are not empty."""

    period: str
    strategy: str = ""
    symbol: str = ""


def selections(period: str) -> list[Selection]:
    """Everything first, then each strategy, then each symbol that has something in the period."""
    rows: Any = BookingRow.select(BookingRow.owner, BookingRow.symbol).distinct()
    if period != ALL:
        rows = rows.where(BookingRow.day == period)
    pairs = sorted(rows.tuples())
    strategies = sorted({owner for owner, _ in pairs})
    symbols = sorted({symbol for _, symbol in pairs})
    return [
        Selection(period),
        *(Selection(period, strategy=name) for name in strategies),
        *(Selection(period, symbol=name) for name in symbols),
    ]


def report(selected: Selection, currency: str) -> ReportBody:
    """The figures as they are published."""
    results = [net for (net,) in _of(TradeRow.select(TradeRow.net), TradeRow, selected).tuples()]
    sums = booked_sums(selected)
    curve = equity_curve(selected)
    average = mean(results)
    return ReportBody(
        period=selected.period,
        strategy=selected.strategy,
        symbol=selected.symbol,
        total_trades=len(results),
        win_rate=_ratio(win_rate(results)),
        total_pnl=from_money(sums.realised - sums.fees + sums.funding),
        max_drawdown=_ratio(_drawdown(curve)) or Decimal(0),
        sharpe_ratio=_ratio(_sharpe(curve)),
        profit_factor=_ratio(profit_factor(results)),
        expectancy=None if average is None else from_money(round(average)),
        maker_share=_ratio(sums.maker_fills / sums.fills) if sums.fills else None,
        slippage=from_money(sums.slippage),
        fees=from_money(sums.fees),
        currency=currency,
        funding=from_money(sums.funding),
        fills=sums.fills,
    )


class Sums(NamedTuple):
    """1e-8 of the account's currency, and counts."""

    realised: int
    fees: int
    funding: int
    slippage: int
    fills: int
    maker_fills: int


def booked_sums(selected: Selection) -> Sums:
    row = BookingRow
    fill = (row.side != 0) & (row.from_owner == "")
    total = peewee.fn.SUM
    query = row.select(
        total(row.realised),
        total(row.fee),
        total(row.funding),
        total(row.slippage),
        total(peewee.Case(None, ((fill, 1),), 0)),
        total(peewee.Case(None, ((fill & row.maker, 1),), 0)),
    )
    (sums,) = _of(query, row, selected).tuples()
    return Sums(*(int(amount or 0) for amount in sums))


class Curve(NamedTuple):
    times_ns: Times
    equity: Equity
    end_ns: int


def equity_curve(selected: Selection) -> Curve | None:
    """Equity over the period, from its last value before it; ``None`` when nothing is known of it."""
    begin_ns, end_ns = (0, 0) if selected.period == ALL else day_span(selected.period)
    whole: Any = EquityRow.select(EquityRow.ts_ns, EquityRow.equity)
    before = None if selected.period == ALL else _last_before(begin_ns)
    own = not selected.strategy and not selected.symbol
    samples: list[tuple[int, int]] = [] if before is None else [(begin_ns, before)]
    if own or before is None:
        within = whole if selected.period == ALL else whole.where(EquityRow.day == selected.period)
        known = list(within.order_by(EquityRow.seq).limit(None if own else 1).tuples())
        samples += known
    if not samples:
        return None
    if not own:
        samples = _own_results(selected, samples[0])
    # Samples of several engines may come a moment late: time never runs backwards here.
    times = np.maximum.accumulate(np.array([ts_ns for ts_ns, _ in samples], dtype=np.int64))
    equity = np.array([amount for _, amount in samples], dtype=np.int64)
    return Curve(times, equity, int(times[-1]) if selected.period == ALL else end_ns)


def _last_before(ts_ns: int) -> int | None:
    newest = EquityRow.select(EquityRow.equity).where(EquityRow.ts_ns < ts_ns).order_by(EquityRow.ts_ns.desc())
    equity = newest.limit(1).scalar()
    return None if equity is None else int(equity)


def _own_results(selected: Selection, first: tuple[int, int]) -> list[tuple[int, int]]:
    row = BookingRow
    query = row.select(row.ts_ns, row.realised - row.fee + row.funding)
    amount = first[1]
    samples = [first]
    for ts_ns, net in _of(query, row, selected).order_by(row.seq, row.part).tuples():
        amount += net
        samples.append((ts_ns, amount))
    return samples


def _of(query: Any, row: Any, selected: Selection) -> Any:
    if selected.period != ALL:
        query = query.where(row.day == selected.period)
    if selected.strategy:
        query = query.where(row.owner == selected.strategy)
    if selected.symbol:
        query = query.where(row.symbol == selected.symbol)
    return query


def _drawdown(curve: Curve | None) -> float | None:
    return None if curve is None else deepest_drawdown(curve.times_ns, curve.equity, curve.end_ns).depth


def _sharpe(curve: Curve | None) -> float | None:
    return None if curve is None else sharpe_ratio(daily_returns(curve.times_ns, curve.equity, curve.end_ns))


def _ratio(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(_SIX_PLACES)
