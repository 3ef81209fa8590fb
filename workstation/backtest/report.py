"""The report of a run: one HTML file that needs nothing else, in dark and light."""

from __future__ import annotations

import json
import os
import re
from math import prod
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from workstation.backtest import plot
from workstation.backtest import wording as w
from workstation.backtest.page_parts import escaped, theme_tokens, tone
from workstation.backtest.plot import COLUMNS, PLOT, WIDTH, Frame
from workstation.backtest.result import BacktestResult
from workstation.backtest.round_trips import PriceBars, Trade
from workstation.backtest.statistics import MonthReturn, drawdowns
from workstation.backtest.summary import figure_rows
from workstation.core.errors import StorageError
from workstation.core.instrument import Instrument
from workstation.core.money import MONEY_SCALE, money_lossy
from workstation.core.resources import resource_path
from workstation.core.timeframe import SECOND_NS, utc_text

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEADS = (
    ("#", ""),
    ("Entry, UTC", "text"),
    ("Exit, UTC", "text"),
    ("Side", "text"),
    ("Quantity", ""),
    ("Entry price", ""),
    ("Exit price", ""),
    ("Fees", ""),
    ("Net P&L", ""),
    ("R", ""),
    ("Bars", ""),
    ("Entered by", "text"),
    ("Left by", "text"),
)
_COLOURED = ("Return", "Buy and hold", "CAGR", "Max drawdown", "Expectancy", "Mean trade")
_MOST_CONNECTED = 400
"""Beyond so many trades the lines from entry to exit would hide the price."""


def write_report(result: BacktestResult, bars: PriceBars, instrument: Instrument, folder: Path) -> Path:
    """Write the report into ``folder``, which is made, and return its path.

    ``bars`` are those of the tested period. Raises ``StorageError`` when it cannot be written.
    """
    run = result.run
    words = [run.strategy, run.symbol, run.timeframe, utc_text(run.start_ns)[:10], utc_text(run.end_ns)[:10]]
    name = "_".join(re.sub(r"[^A-Za-z0-9_-]+", "-", word) for word in [*words, result.order_hash[:8]])
    path = folder / f"backtest_{name}.html"
    unfinished = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(report_html(result, bars, instrument), encoding="utf-8")
        os.replace(unfinished, path)
    except OSError as error:
        raise StorageError(f"The report {path} cannot be written: {error.strerror or error}.") from None
    return path


def report_html(result: BacktestResult, bars: PriceBars, instrument: Instrument) -> str:
    """The page as text."""
    run, figures = result.run, result.figures
    lost = figures.final_equity < int(result.equity[0])
    values = {
        "title": escaped(f"{run.strategy} on {run.symbol}, {run.timeframe} – backtest"),
        "heading": escaped(f"{run.strategy} on {run.symbol}, {run.timeframe}"),
        "period": escaped(w.period(run)),
        "dark": theme_tokens("dark"),
        "light": theme_tokens("light"),
        "style": resource_path("report", "style.css").read_text(encoding="utf-8"),
        "script": resource_path("report", "script.js").read_text(encoding="utf-8"),
        "cells": _cells(result),
        "warnings": "".join(f'<div class="warning">{escaped(text)}</div>' for text in w.warnings(run)),
        "figures": "\n".join(_figure(*row) for group in figure_rows(result) for row in group),
        "currency": escaped(run.currency),
        "equity_key": (
            f'<span class="note"><span class="key e{" lost" if lost else ""}"></span>Strategy</span>'
            '<span class="note"><span class="key h"></span>Buy and hold</span>'
        ),
        "equity": _equity_plot(result, bars, lost),
        "fall_note": escaped(_fall_note(result)),
        "fall": _drawdown_plot(result),
        "symbol": escaped(run.symbol),
        "price_note": escaped(f"{instrument.quote}; buys ▲, sells ▼"),
        "price": _price_plot(result, bars, instrument),
        "months": _months_table(figures.months),
        "assumptions": "\n".join(
            f"<dt>{escaped(subject)}</dt><dd>{escaped(sentence)}</dd>"
            for subject, sentence in [*w.assumptions(run), ("Parameters", w.parameters(run) or "none")]
        ),
        "trades_note": escaped(_trades_note(result)),
        "heads": "".join(
            f"<th{f' class={css}' if css else ''}><button>{escaped(head)}</button></th>" for head, css in _HEADS
        ),
        "order_hash": escaped(result.order_hash),
        "data": _data(result, bars, instrument),
    }
    return Template(resource_path("report", "page.html").read_text(encoding="utf-8")).substitute(values)


def _cells(result: BacktestResult) -> str:
    figures = result.figures
    cells = (
        ("Return", w.signed_percent(figures.total_return), figures.total_return, "hero"),
        ("Buy and hold", w.signed_percent(figures.buy_and_hold), figures.buy_and_hold, "value"),
        (f"Final equity, {result.run.currency}", w.money(figures.final_equity), None, "value"),
    )
    return "".join(
        f'<div><div class="label">{escaped(name)}</div><div class="{css} {tone(value)}">{escaped(text)}</div></div>'
        for name, text, value, css in cells
    )


def _figure(name: str, text: str) -> str:
    css = {"−": "bad", "+": "good"}.get(text[0], "") if name.startswith(_COLOURED) else ""
    return f'<div><div class="label">{escaped(name)}</div><div class="value {css}">{escaped(text)}</div></div>'


def _fall_note(result: BacktestResult) -> str:
    fall = result.figures.drawdown
    if not fall.depth:
        return "none"
    end = f"recovered {utc_text(fall.recovery_ns)[:10]}" if fall.recovered else "not recovered"
    return (
        f"deepest {w.signed_percent(-fall.depth)}, from {utc_text(fall.peak_ns)[:10]} to "
        f"{utc_text(fall.trough_ns)[:10]}, {end}"
    )


def _trades_note(result: BacktestResult) -> str:
    count = w.plural(result.figures.trade_count, "trade")
    still = f", {result.figures.open_trades} open at the end" if result.figures.open_trades else ""
    return f"{count}{still}; money in {result.run.currency}, net of fees and funding"


def _equity_plot(result: BacktestResult, bars: PriceBars, lost: bool) -> str:
    run = result.run
    equity = result.equity / MONEY_SCALE
    hold = np.concatenate(([1.0], bars.close / float(bars.open[0]))) * equity[0]
    hold_ns = np.concatenate(([run.start_ns], bars.close_ns))
    low, high = float(min(equity.min(), hold.min())), float(max(equity.max(), hold.max()))
    frame = Frame(run.start_ns, run.end_ns, low, high, 280)
    css = " lost" if lost else ""
    decimals = max(0, min(2, 3 - int(np.log10(max(1.0, high - low)))))
    body = (
        frame.area(result.equity_times_ns, equity, f"under{css}", frame.low)
        + frame.axes(decimals, tagged=float(equity[-1]))
        + frame.line(hold_ns, hold, "hold")
        + frame.line(result.equity_times_ns, equity, f"equity{css}")
        + frame.tag(float(equity[-1]), f"{equity[-1]:,.{decimals}f}", "tag-down" if lost else "tag-up")
    )
    return frame.svg("equity", body, "Equity and buy-and-hold over time")


def _drawdown_plot(result: BacktestResult) -> str:
    run = result.run
    falls = -100 * drawdowns(result.equity)
    frame = Frame(run.start_ns, run.end_ns, min(-1.0, float(falls.min())), 0.0, 130)
    frame.high = 0.0
    decimals = 0 if frame.low < -4 else 1
    body = (
        frame.area(result.equity_times_ns, falls, "depth", 0.0)
        + frame.axes(decimals, " %")
        + frame.line(result.equity_times_ns, falls, "fall")
    )
    return frame.svg("fall", body, "Drawdown over time")


def _price_plot(result: BacktestResult, bars: PriceBars, instrument: Instrument) -> str:
    run = result.run
    tick = instrument.tick_lossy
    open_, high, low, close = (
        column.astype(np.float64) * tick for column in (bars.open, bars.high, bars.low, bars.close)
    )
    frame = Frame(run.start_ns, run.end_ns, float(low.min()), float(high.max()), 360)
    step = plot.nice_step(frame.high - frame.low, 6)
    decimals = min(instrument.price_decimals, max(0, -int(np.floor(np.log10(step)))))
    last = float(close[-1])
    open_ns = bars.close_ns - bars.interval_ns
    candles = plot.candles(frame, open_ns, bars.close_ns, open_, high, low, close)
    body = (
        frame.axes(decimals, tagged=last)
        + f'<g class="candles">{candles}</g>'
        + _trade_marks(frame, result.trades)
        + frame.tag(last, f"{last:,.{instrument.price_decimals}f}", "tag-plain")
    )
    return frame.svg("price", body, "Price with the trades")


def _trade_marks(frame: Frame, trades: tuple[Trade, ...]) -> str:
    parts = []
    few = len(trades) <= _MOST_CONNECTED
    if few:
        for css, chosen in (
            ("won", [trade for trade in trades if trade.net >= 0]),
            ("lost-trade", [trade for trade in trades if trade.net < 0]),
        ):
            lines = (
                f"M{frame.x_of(trade.entry_ns):.1f} {frame.y_of(float(trade.entry_price)):.1f}"
                f"L{frame.x_of(trade.exit_ns):.1f} {frame.y_of(float(trade.exit_price)):.1f}"
                for trade in chosen
            )
            parts.append(f'<path class="{css}" d="{"".join(lines)}"/>')
    for up in (True, False):
        marks = [(each.ts_ns, each.price) for t in trades for each in t.executions if (each.side > 0) == up]
        times = np.array([ts_ns for ts_ns, _ in marks], dtype=np.int64)
        prices = np.array([float(price) for _, price in marks], dtype=np.float64)
        parts.append(plot.triangles(frame, times, prices, up, 4 if few else 2))
    return "".join(parts)


def _months_table(months: tuple[MonthReturn, ...]) -> str:
    largest = max((abs(month.value) for month in months if month.value), default=1.0)
    rows = []
    for year in sorted({month.year for month in months}):
        values = {month.month: month.value for month in months if month.year == year}
        known = [value for value in values.values() if value is not None]
        total = prod(1 + value for value in known) - 1 if known else None
        cells = "".join(_month_cell(values.get(number), largest) for number in range(1, 13))
        rows.append(f"<tr><th>{year}</th>{cells}{_month_cell(total, largest, 'year')}</tr>")
    heads = "".join(f"<th>{name}</th>" for name in (*_MONTHS, "Year"))
    return f'<table class="months"><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _month_cell(value: float | None, largest: float, css: str = "") -> str:
    if value is None:
        return f'<td class="none {css}">{w.MISSING}</td>'
    share = 12 + 34 * min(1.0, abs(value) / largest) if value else 0
    tint = "--up" if value > 0 else "--down"
    text = w.signed_percent(value).removesuffix(" %")
    return f'<td class="{css}" style="--tint: var({tint}); --share: {share:.0f}%">{text}</td>'


def _data(result: BacktestResult, bars: PriceBars, instrument: Instrument) -> str:
    """What the page's script reads: values a column for the crosshair, and the trades."""
    run = result.run
    marks = run.start_ns + (np.arange(1, COLUMNS + 1, dtype=np.float64) / COLUMNS * (run.end_ns - run.start_ns)).astype(
        np.int64
    )
    sample = np.maximum(np.searchsorted(result.equity_times_ns, marks, side="right") - 1, 0)
    bar = np.minimum(np.searchsorted(bars.close_ns, marks, side="left"), len(bars) - 1)
    close = bars.close[bar] * instrument.tick_lossy
    hold = bars.close[bar] / float(bars.open[0]) * money_lossy(int(result.equity[0]))
    reasons: dict[str, int] = {}
    trades = [_trade_row(trade, reasons) for trade in result.trades]
    data = {
        "width": WIDTH,
        "plot": PLOT,
        "decimals": instrument.price_decimals,
        "columns": {
            "time": (marks // SECOND_NS).tolist(),
            "equity": np.round(result.equity[sample] / MONEY_SCALE, 2).tolist(),
            "hold": np.round(hold, 2).tolist(),
            "fall": np.round(-100 * drawdowns(result.equity)[sample], 2).tolist(),
            "price": np.round(close, instrument.price_decimals).tolist(),
        },
        "trades": trades,
        "reasons": list(reasons),
    }
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def _trade_row(trade: Trade, reasons: dict[str, int]) -> list[Any]:
    """In the order of the table's columns; reasons by their place in the list of reasons."""
    multiple = trade.r_multiple
    return [
        trade.number,
        trade.entry_ns // SECOND_NS,
        None if trade.is_open else trade.exit_ns // SECOND_NS,
        int(trade.side),
        str(trade.quantity),
        str(trade.entry_price),
        str(trade.exit_price),
        round(money_lossy(trade.fees), 4),
        round(money_lossy(trade.net), 4),
        None if multiple is None else round(multiple, 2),
        trade.bars_held,
        reasons.setdefault(trade.entry_reason, len(reasons)),
        reasons.setdefault(trade.exit_reason, len(reasons)),
    ]
