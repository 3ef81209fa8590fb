"""The summary of a run in a terminal: aligned, in words and units."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from workstation.backtest import wording as w

if TYPE_CHECKING:
    from workstation.backtest.result import BacktestResult

Row = tuple[str, str]

_TWO_COLUMNS = 76
_MOST_PARAMETERS = 12


def summary_text(result: BacktestResult, width: int = 80) -> str:
    """Lines of at most ``width`` characters (never under 40), ending without a line break."""
    width = max(width, 40)
    run = result.run
    lines = wrap(f"Backtest of {run.strategy} on {run.symbol}, {run.timeframe} bars", width)
    lines += wrap(w.period(run), width)
    if 0 < len(run.parameters) <= _MOST_PARAMETERS:
        lines += wrap(f"Parameters: {w.parameters(run)}", width)
    elif run.parameters:
        lines += wrap(f"Parameters: {len(run.parameters)}, listed by --json and in the report", width)
    left, right = figure_rows(result)
    lines.append("")
    if width >= _TWO_COLUMNS:
        lines += _side_by_side(left, right, min(width, 100))
    else:
        lines += _fixed(left + right, min(width, 48))
    lines.append("")
    label = max(len(subject) for subject, _ in w.assumptions(run)) + 2
    for subject, sentence in w.assumptions(run):
        first, *more = wrap(sentence, width - label)
        lines.append(subject.ljust(label) + first)
        lines += [" " * label + line for line in more]
    for warning in w.warnings(run):
        lines += wrap(f"Warning: {warning}", width, subsequent_indent="         ")
    lines += ["", f"Order hash {result.order_hash}"]
    return "\n".join(lines)


def figure_rows(result: BacktestResult) -> tuple[list[Row], list[Row]]:
    """The figures in two groups: what the account did, and what the trades did."""
    run, figures = result.run, result.figures
    fall = figures.drawdown
    length = ("" if fall.recovered else "over ") + w.days(fall.days) if fall.depth else w.MISSING
    account = [
        (f"Final equity, {run.currency}", w.money(figures.final_equity)),
        ("Return", w.signed_percent(figures.total_return)),
        ("Buy and hold", w.signed_percent(figures.buy_and_hold)),
        ("CAGR", w.signed_percent(figures.cagr)),
        ("Sharpe", w.ratio(figures.sharpe)),
        ("Sortino", w.ratio(figures.sortino)),
        ("Calmar", w.ratio(figures.calmar)),
        ("Max drawdown", w.signed_percent(-figures.max_drawdown)),
        ("Drawdown length", length),
        ("Exposure", w.percent(figures.exposure)),
    ]
    trades = f"{figures.trade_count:,}" + (f" + {figures.open_trades} open" if figures.open_trades else "")
    activity = [
        ("Trades", trades),
        ("Fills", f"{result.fills:,}"),
        ("Win rate", w.percent(figures.win_rate)),
        ("Profit factor", w.ratio(figures.profit_factor)),
        ("Expectancy", w.signed_ratio(figures.expectancy_r, "R")),
        (f"Mean trade, {run.currency}", w.signed_money(figures.expectancy)),
        ("Mean holding time", w.duration(figures.average_hours)),
        (f"Fees, {run.currency}", w.signed_money(-figures.fees)),
        (f"Slippage, {run.currency}", w.signed_money(-figures.slippage)),
        (f"Funding, {run.currency}", w.signed_money(figures.funding)),
    ]
    return account, activity


def _side_by_side(left: list[Row], right: list[Row], width: int) -> list[str]:
    half = (width - 4) // 2
    return [f"{a}    {b}" for a, b in zip(_fixed(left, half), _fixed(right, half), strict=True)]


def _fixed(rows: list[Row], width: int) -> list[str]:
    return [name + value.rjust(width - len(name)) for name, value in rows]
