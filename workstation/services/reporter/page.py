"""A day's report: one HTML file that needs nothing else, in dark and light, in the manner of the backtest's."""

from __future__ import annotations

from decimal import Decimal
from string import Template
from typing import Any

import numpy as np

from workstation.backtest import wording as w
from workstation.backtest.page_parts import escaped, theme_tokens, tone
from workstation.backtest.plot import Frame
from workstation.backtest.statistics import drawdowns
from workstation.core.money import MONEY_SCALE, from_money
from workstation.core.resources import resource_path
from workstation.core.timeframe import utc_text
from workstation.messaging.bodies import ReportBody
from workstation.services.reporter.bookkeeper import day_span
from workstation.services.reporter.database import TradeRow
from workstation.services.reporter.figures import Curve, Selection, equity_curve

MOST_TRADES = 2_000
"""On the page; the CSV file holds all."""
_HEADS = (
    "Round trips",
    "Win rate",
    "P&L",
    "Profit factor",
    "Expectancy",
    "Drawdown",
    "Fills",
    "Maker",
    "Fees",
    "Funding",
    "Slippage",
)
_TRADE_HEADS = (
    ("Entry, UTC", True),
    ("Exit, UTC", True),
    ("Strategy", True),
    ("Symbol", True),
    ("Side", True),
    ("Quantity", False),
    ("Entry price", False),
    ("Exit price", False),
    ("Fees", False),
    ("Net P&L", False),
    ("Left by", True),
)


def daily_page(account: str, day: str, reports: list[ReportBody], warnings: list[str]) -> str:
    """The page as text; the first of ``reports`` is of everything."""
    whole = reports[0]
    curve = equity_curve(Selection(day))
    trades = list(TradeRow.select().where(TradeRow.day == day).order_by(TradeRow.exit_ns).limit(MOST_TRADES))
    begin_ns, end_ns = day_span(day)
    values = {
        "title": escaped(f"{account}, {day} – daily report"),
        "heading": escaped(account),
        "period": escaped(f"{utc_text(begin_ns)[:16]} to {utc_text(end_ns)[:16]} UTC, end excluded"),
        "dark": theme_tokens("dark"),
        "light": theme_tokens("light"),
        "style": resource_path("report", "style.css").read_text(encoding="utf-8"),
        "cells": _cells(whole, curve),
        "warnings": "".join(f'<div class="warning">{escaped(text)}</div>' for text in warnings),
        "figures": "\n".join(_figure(*row) for row in figure_rows(whole)),
        "plots": _plots(curve, whole.currency),
        "currency": escaped(f"{whole.currency}; P&L is realised, less fees, with funding"),
        "strategies": _table("Strategy", [(r.strategy, r) for r in reports if r.strategy]),
        "symbols": _table("Symbol", [(r.symbol, r) for r in reports if r.symbol]),
        "trades_note": escaped(_trades_note(whole)),
        "trades": _trades(trades),
        "source": escaped("Made from the executions of the account; times are UTC."),
    }
    return Template(resource_path("report", "daily.html").read_text(encoding="utf-8")).substitute(values)


def figure_rows(report: ReportBody) -> list[tuple[str, str]]:
    """The figures by their names, as people read them."""
    currency = report.currency
    return [
        ("Round trips", f"{report.total_trades:,}"),
        ("Win rate", w.percent(_float(report.win_rate))),
        ("Profit factor", w.ratio(_float(report.profit_factor))),
        (f"Expectancy, {currency}", _signed(report.expectancy)),
        ("Max drawdown", w.signed_percent(-float(report.max_drawdown), 2)),
        ("Fills", f"{report.fills:,}"),
        ("Maker share", w.percent(_float(report.maker_share))),
        (f"Fees, {currency}", _signed(-report.fees)),
        (f"Slippage, {currency}", _signed(-report.slippage)),
        (f"Funding, {currency}", _signed(report.funding)),
    ]


def _cells(report: ReportBody, curve: Curve | None) -> str:
    cells = [(f"Realised P&L, {report.currency}", _signed(report.total_pnl), float(report.total_pnl), "hero")]
    if curve is not None:
        change = int(curve.equity[-1]) - int(curve.equity[0])
        share = change / int(curve.equity[0]) if curve.equity[0] > 0 else None
        cells += [
            ("Equity over the day", w.signed_percent(share, 2), float(change), "value"),
            (f"Equity at the end, {report.currency}", w.money(int(curve.equity[-1])), 0.0, "value"),
        ]
    return "".join(
        f'<div><div class="label">{escaped(name)}</div><div class="{css} {tone(value)}">{escaped(text)}</div></div>'
        for name, text, value, css in cells
    )


def _figure(name: str, text: str) -> str:
    coloured = name.startswith(("Expectancy", "Max drawdown"))
    css = {"−": "bad", "+": "good"}.get(text[0], "") if coloured else ""
    return f'<div><div class="label">{escaped(name)}</div><div class="value {css}">{escaped(text)}</div></div>'


def _plots(curve: Curve | None, currency: str) -> str:
    if curve is None or len(curve.times_ns) < 2:
        return '<section><h2>Equity <span class="note">no samples of this day</span></h2></section>'
    equity = curve.equity / MONEY_SCALE
    css = " lost" if equity[-1] < equity[0] else ""
    begin_ns = int(curve.times_ns[0])
    frame = Frame(begin_ns, curve.end_ns, float(equity.min()), float(equity.max()), 240)
    last = float(equity[-1])
    body = (
        frame.area(curve.times_ns, equity, f"under{css}", frame.low)
        + frame.axes(_decimals(float(equity.max() - equity.min())), tagged=last)
        + frame.line(curve.times_ns, equity, f"equity{css}")
        + frame.tag(last, f"{last:,.2f}", "tag-down" if css else "tag-up")
    )
    falls = -100 * drawdowns(curve.equity)
    below = Frame(begin_ns, curve.end_ns, min(-0.1, float(falls.min())), 0.0, 110)
    below.high = 0.0
    depth = (
        below.area(curve.times_ns, falls, "depth", 0.0)
        + below.axes(_decimals(-below.low), " %")
        + below.line(curve.times_ns, falls, "fall")
    )
    deepest = f"deepest {w.signed_percent(float(falls.min()) / 100, 2)}"
    parts = (
        ("Equity", currency, frame.svg("equity", body, "Equity over the day")),
        ("Drawdown", deepest, below.svg("fall", depth, "Drawdown over the day")),
    )
    return "".join(
        f'<section><h2>{name} <span class="note">{escaped(note)}</span></h2>{picture}</section>'
        for name, note, picture in parts
    )


def _decimals(span: float) -> int:
    return max(0, min(2, 2 - int(np.floor(np.log10(max(span, 0.01))))))


def _table(first: str, rows: list[tuple[str, ReportBody]]) -> str:
    if not rows:
        return '<span class="plain">None.</span>'
    heads = f'<th class="text">{first}</th>' + "".join(f"<th>{escaped(head)}</th>" for head in _HEADS)
    lines = []
    for name, report in rows:
        cells = (
            (f"{report.total_trades:,}", None),
            (w.percent(_float(report.win_rate)), None),
            (_signed(report.total_pnl), report.total_pnl),
            (w.ratio(_float(report.profit_factor)), None),
            (_signed(report.expectancy), report.expectancy),
            (w.signed_percent(-float(report.max_drawdown), 2), None),
            (f"{report.fills:,}", None),
            (w.percent(_float(report.maker_share)), None),
            (_signed(-report.fees), None),
            (_signed(report.funding), None),
            (_signed(-report.slippage), None),
        )
        texts = "".join(f'<td class="{tone(_float(value))}">{escaped(text)}</td>' for text, value in cells)
        lines.append(f'<tr><td class="text">{escaped(name)}</td>{texts}</tr>')
    return f'<table class="trades"><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def _trades(rows: list[Any]) -> str:
    if not rows:
        return '<span class="plain">None was closed on this day.</span>'
    heads = "".join(f'<th class="{"text" if text else ""}">{escaped(head)}</th>' for head, text in _TRADE_HEADS)
    lines = []
    for row in rows:
        net = from_money(row.net)
        texts = (
            (utc_text(row.entry_ns)[:19], "text"),
            (utc_text(row.exit_ns)[11:19], "text"),
            (row.owner, "text"),
            (row.symbol, "text"),
            ("Long" if row.side > 0 else "Short", f"text {'good' if row.side > 0 else 'bad'}"),
            (row.quantity, ""),
            (_grouped(row.entry_price), ""),
            (_grouped(row.exit_price), ""),
            (_signed(from_money(-row.fees)), ""),
            (_signed(net), tone(float(net))),
            (row.exit_reason, "text"),
        )
        lines.append("<tr>" + "".join(f'<td class="{css}">{escaped(text)}</td>' for text, css in texts) + "</tr>")
    return f'<table class="trades"><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def _trades_note(report: ReportBody) -> str:
    count = w.plural(report.total_trades, "round trip")
    shown = f", the first {MOST_TRADES:,} shown; the CSV file has all" if report.total_trades > MOST_TRADES else ""
    return f"{count}{shown}; money in {report.currency}, net of fees and funding"


def _grouped(price: str) -> str:
    """An average price has more decimals than people read: eight digits, and those of a whole tick unchanged."""
    exact = Decimal(price)
    return f"{exact:,f}" if len(exact.as_tuple().digits) <= 8 else f"{Decimal(f'{exact:.8g}'):,f}"


def _signed(amount: Decimal | None) -> str:
    return w.MISSING if amount is None else w.signed_money(int(amount * MONEY_SCALE))


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
