"""The files of a day under ``reports/``: its page, its figures and round trips as CSV. Each is there whole or not."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from workstation.core.errors import StorageError
from workstation.core.money import from_money
from workstation.core.timeframe import DAY_NS, iso_text, parse_utc, utc_text
from workstation.messaging.bodies import ReportBody
from workstation.services.reporter.database import DayRow, TradeRow
from workstation.services.reporter.figures import report, selections
from workstation.services.reporter.page import daily_page

_FIGURES = (
    "strategy",
    "symbol",
    "total_trades",
    "win_rate",
    "total_pnl",
    "max_drawdown",
    "profit_factor",
    "expectancy",
    "maker_share",
    "slippage",
    "fees",
    "funding",
    "fills",
    "currency",
)
_TRADES = (
    "number",
    "strategy",
    "symbol",
    "side",
    "entry_time",
    "exit_time",
    "quantity",
    "entry_price",
    "exit_price",
    "fees",
    "funding",
    "slippage",
    "pnl",
    "exit_reason",
)


def due_days(today: str) -> list[str]:
    """Days that are over and whose report is missing or out of date."""
    rows: Any = DayRow.select(DayRow.day).where((DayRow.day < today) & (DayRow.written < DayRow.changed))
    return [day for (day,) in rows.order_by(DayRow.day).tuples()]


def write_day(folder: Path, account: str, currency: str, day: str, warnings: list[str]) -> tuple[Path, ReportBody]:
    """Write the files of a day; the page, and the figures of everything. Raises ``StorageError``."""
    changed = DayRow.select(DayRow.changed).where(DayRow.day == day).scalar()
    reports = [report(selected, currency) for selected in selections(day)]
    page = folder / f"daily_{day}.html"
    _write(page, daily_page(account, day, reports, warnings))
    _write(folder / f"daily_{day}.csv", _csv(_FIGURES, (_figures(body) for body in reports)))
    _write(folder / f"daily_{day}_trades.csv", _csv(_TRADES, _trades(day)))
    if changed is not None:
        DayRow.update(written=changed).where(DayRow.day == day).execute()
    return page, reports[0]


def remove_old(folder: Path, today: str, keep_days: int) -> None:
    """Remove the files of days that are too old; 0 keeps all."""
    if not keep_days:
        return
    oldest = utc_text(parse_utc(today) - keep_days * DAY_NS)[:10]
    for path in folder.glob("daily_*"):
        if path.name[6:16] < oldest:
            path.unlink(missing_ok=True)


def _figures(body: ReportBody) -> list[object]:
    return ["" if value is None else value for value in (getattr(body, name) for name in _FIGURES)]


def _trades(day: str) -> Iterable[list[object]]:
    for row in TradeRow.select().where(TradeRow.day == day).order_by(TradeRow.number).iterator():
        yield [
            row.number,
            row.owner,
            row.symbol,
            "long" if row.side > 0 else "short",
            iso_text(row.entry_ns),
            iso_text(row.exit_ns),
            row.quantity,
            row.entry_price,
            row.exit_price,
            *(f"{from_money(amount):f}" for amount in (row.fees, row.funding, row.slippage, row.net)),
            row.exit_reason,
        ]


def _csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(f"{path.suffix}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)
    except OSError as error:
        raise StorageError(f"The report {path} cannot be written: {error.strerror or error}.") from None
