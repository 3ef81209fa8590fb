"""The figures of a run as a person reads them: label, text and tone, in the order of the figures panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from widgets.look.numbers import MISSING, format_money, format_multiple_of_risk, format_number, format_percent, tone_of
from widgets.look.tokens import Tone
from workstation.backtest.statistics import Figures
from workstation.core.money import from_money


class Shown(NamedTuple):
    label: str
    text: str
    tone: Tone = Tone.NORMAL
    tip: str = ""


class FigureRow(NamedTuple):
    """One line of a comparison. ``better`` is 1 where more is better, -1 where less is, 0 where neither."""

    label: str
    text: Callable[[Figures], str]
    value: Callable[[Figures], float | None]
    better: int = 0
    tip: str = ""
    coloured: bool = False


def _percent(value: float | None, decimals: int = 1, *, signed: bool = True) -> str:
    return format_percent(None if value is None else value * 100, decimals, signed=signed)


def _money(amount: float | None) -> str:
    return format_money(None if amount is None else from_money(round(amount)), signed=True)


EXPECTANCY = FigureRow(
    "Expectancy",
    lambda f: format_multiple_of_risk(f.expectancy_r) if f.expectancy_r is not None else _money(f.expectancy),
    lambda f: f.expectancy_r if f.expectancy_r is not None else f.expectancy,
    1,
    "Mean result of a trade: in units of the risk to its first stop at the venue, without one in the account's "
    "currency.",
)
"""In the unit that a run has: of several runs it is no one row."""

ROWS: Sequence[FigureRow] = (
    FigureRow("Return", lambda f: _percent(f.total_return), lambda f: f.total_return, 1, "Of the balance.", True),
    FigureRow(
        "Buy and hold", lambda f: _percent(f.buy_and_hold), lambda f: f.buy_and_hold, 0, "Of the price, without costs."
    ),
    FigureRow("CAGR", lambda f: _percent(f.cagr), lambda f: f.cagr, 1, "Compound growth a year of 365 days."),
    FigureRow("Sharpe", lambda f: format_number(f.sharpe, 2), lambda f: f.sharpe, 1, "Of daily returns, a year."),
    FigureRow("Sortino", lambda f: format_number(f.sortino, 2), lambda f: f.sortino, 1, "Only falls count as risk."),
    FigureRow("Calmar", lambda f: format_number(f.calmar, 2), lambda f: f.calmar, 1, "CAGR over the deepest drawdown."),
    FigureRow(
        "Max drawdown",
        lambda f: _percent(-f.max_drawdown),
        lambda f: f.max_drawdown,
        -1,
        "The deepest fall from a highest equity.",
        True,
    ),
    FigureRow("Trades", lambda f: format_number(f.trade_count, 0), lambda f: float(f.trade_count), 0, "Closed ones."),
    FigureRow("Win rate", lambda f: _percent(f.win_rate, 0, signed=False), lambda f: f.win_rate, 1),
    FigureRow(
        "Profit factor",
        lambda f: format_number(f.profit_factor, 2),
        lambda f: f.profit_factor,
        1,
        "Net profits over net losses.",
    ),
    EXPECTANCY,
    FigureRow(
        "Exposure",
        lambda f: _percent(f.exposure, 0, signed=False),
        lambda f: f.exposure,
        0,
        "Share of the time with a position.",
    ),
)
"""Three a row, four rows."""

COMPARED: Sequence[FigureRow] = (
    *(row for row in ROWS if row is not EXPECTANCY),
    FigureRow("Expectancy", lambda f: format_multiple_of_risk(f.expectancy_r), lambda f: f.expectancy_r, 1),
    FigureRow("Mean trade", lambda f: _money(f.expectancy), lambda f: f.expectancy, 1),
)
"""What runs are held against each other by."""

COSTS: Sequence[FigureRow] = (
    FigureRow("Fees", lambda f: _money(-f.fees), lambda f: float(f.fees), -1),
    FigureRow(
        "Slippage",
        lambda f: _money(-f.slippage),
        lambda f: float(f.slippage),
        -1,
        "Against the trigger, the resting limit or else the price decided at; negative is a loss.",
    ),
    FigureRow("Funding", lambda f: _money(f.funding), lambda f: float(f.funding), 1),
    FigureRow("Average win", lambda f: _money(f.average_win), lambda f: f.average_win, 1),
    FigureRow("Average loss", lambda f: _money(f.average_loss), lambda f: f.average_loss, 1),
    FigureRow("Final equity", lambda f: format_money(from_money(f.final_equity)), lambda f: float(f.final_equity), 1),
    FigureRow("Best trade", lambda f: _money(f.best_trade), lambda f: f.best_trade, 1),
    FigureRow("Worst trade", lambda f: _money(f.worst_trade), lambda f: f.worst_trade, 1),
    FigureRow(
        "Drawdown length",
        lambda f: f"{f.max_drawdown_days:,.0f} d",
        lambda f: f.max_drawdown_days,
        -1,
        "Of the deepest one: from its peak until that was reached again, else to the end.",
    ),
    FigureRow("Held", lambda f: _hours(f.average_hours), lambda f: f.average_hours, 0, "Mean time of a closed trade."),
    FigureRow("Open trades", lambda f: format_number(f.open_trades, 0), lambda f: float(f.open_trades), 0),
)


def shown_figures(figures: Figures, rows: Sequence[FigureRow] = ROWS) -> list[Shown]:
    return [Shown(row.label, row.text(figures), _tone(row, figures), row.tip or row.label) for row in rows]


def _tone(row: FigureRow, figures: Figures) -> Tone:
    if not row.coloured:
        return Tone.NORMAL
    value = row.value(figures)
    return tone_of(None if value is None else value * row.better)


def _hours(hours: float | None) -> str:
    if hours is None:
        return MISSING
    return f"{hours / 24:,.1f} d" if hours >= 48 else f"{hours:,.1f} h"
