"""What a strategy holds inside, and what it said and did."""

from __future__ import annotations

import re
from collections.abc import Iterable

from widgets.controls.table import Column, Kind, Row, Table
from widgets.look.numbers import format_time
from widgets.panels.log_panel import LogTable, MomentColumn, log_row
from workstation.core.views import LogView

NOT_KEPT = "Nothing inside yet. What a strategy keeps beside its parameters appears here."


class InnerTable(Table):
    """In the order in which the strategy holds them, unless a header is pressed."""

    key = "name"
    columns = (
        Column("name", "Name", width=130, label=True),
        Column("value", "Value", width=130, takes_rest=True),
    )
    empty = NOT_KEPT


class StrategyLogTable(LogTable):
    columns = (
        MomentColumn("ts_ns", "Time", Kind.TIME, 64, text=lambda row: format_time(row["ts_ns"])),
        LogTable.columns[1],
        Column("text", "Text", width=160, takes_rest=True),
    )
    empty = "Nothing logged of this strategy yet. Its own lines, fills, signals and denials appear here."


def inner_rows(values: Iterable[tuple[str, str]]) -> list[Row]:
    return [{"name": name, "value": value} for name, value in values]


def is_about(line: LogView, strategy: str) -> bool:
    """Its own lines, and those of its fills, denials, pauses and transfers, which name their owner."""
    named = rf"(, |pauses |from |to ){re.escape(strategy)}(?![\w-])"
    return line.source == strategy or re.search(named, line.text) is not None


def lines_of(lines: Iterable[LogView], strategy: str) -> list[Row]:
    return [log_row(number, line) for number, line in enumerate(lines) if is_about(line, strategy)]
