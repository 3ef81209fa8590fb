"""The table of all settings: what holds, what is shipped, what may be, and from when a change holds."""

from __future__ import annotations

from widgets.controls.table import Column, Kind, Row, Table
from widgets.look.tokens import Tone
from workstation.config.described import Setting
from workstation.services.configuration_editor import waits_for_start

AT_ONCE = frozenset(
    f"desktop.{name}"
    for name in ("theme", "palette", "density", "time_zone", "number_format", "sounds", "notifications")
)
"""What this window takes over as soon as it is written."""


def tone_of(row: Row) -> Tone | None:
    """Amber while a change waits to be written; strong where it is not as shipped."""
    if row["pending"]:
        return Tone.WARNING
    return None if row["shipped"] in ("", row["value"]) else Tone.GOOD


def when(path: str) -> str:
    return "at once" if path in AT_ONCE or not waits_for_start(path) else "next start"


class SettingsTable(Table):
    key = "path"
    columns = (
        Column("path", "Setting", width=230),
        Column("value", "Value", width=110, tone=tone_of),
        Column("shipped", "As shipped", width=90, label=True, shown_from=400),
        Column("unit", "Unit", width=44, label=True, shown_from=470),
        Column("range", "Allowed", width=190, label=True, shown_from=740),
        Column("holds", "Holds", width=72, label=True, tooltip="From when a change holds", shown_from=560),
        Column("line", "Line", Kind.NUMBER, 44, 0, label=True, tooltip="Where it stands in the file", shown_from=880),
    )
    empty = "The configuration is being read."


def row_of(setting: Setting, shipped: str, pending: str | None) -> Row:
    """A setting as a row; ``pending`` is a change that is not written yet."""
    allowed = setting.limit.text() if setting.limit is not None else ", ".join(setting.choices)
    return {
        "path": setting.path,
        "value": setting.text if pending is None else pending,
        "shipped": shipped,
        "unit": setting.unit,
        "range": allowed,
        "holds": when(setting.path),
        "line": setting.line,
        "pending": pending is not None,
        "about": setting.about,
    }
