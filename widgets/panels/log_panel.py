"""What the engine did and why, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.search_field import SearchField
from widgets.controls.segmented import Segmented
from widgets.controls.table import Column, Kind, Row, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.engine.heard import KEPT_LOG
from widgets.look.numbers import format_time
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from workstation.core.messages import LogLine
from workstation.core.types import Severity
from workstation.core.views import LogView

LEVEL_NAMES = ("All", "Warnings", "Errors")
LEVELS = (frozenset(Severity), frozenset({Severity.WARNING, Severity.ERROR}), frozenset({Severity.ERROR}))
TONES = {Severity.INFO: Tone.LABEL, Severity.WARNING: Tone.WARNING, Severity.ERROR: Tone.BAD}


class MomentColumn(Column):
    """The time to the millisecond; lines of one moment keep their order."""

    def order(self, row: Row) -> Any:
        return row["number"]


class LogTable(Table):
    key = "number"
    columns: ClassVar[tuple[Column, ...]] = (
        MomentColumn("ts_ns", "Time", Kind.TIME, 104, text=lambda row: format_time(row["ts_ns"], milliseconds=True)),
        Column("level", "Level", width=56, tone=lambda row: TONES[row["severity"]]),
        Column("source", "Source", width=92, label=True),
        Column("text", "Text", width=150, takes_rest=True),
    )
    empty = "Nothing logged yet. Orders, denials and changes of state appear here."
    sorted_by = "ts_ns"
    limit = KEPT_LOG


class LogPanel(LivePanel):
    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.table = LogTable(self)
        self._number = 0
        self.level = Segmented(LEVEL_NAMES, framed=False)
        self.level.chosen.connect(lambda _: self.refresh())
        self.search = SearchField("Search the log", self.table)
        bar = Toolbar()
        bar.row.addWidget(self.level)
        bar.row.addStretch(1)
        bar.row.addWidget(self.search, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.table)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.log_added, self._take),)

    def refresh(self) -> None:
        self.table.replace([self._row(line) for line in self.model.heard.log if self._wanted(line)])
        self.table.flush()

    def _take(self, lines: list[LogView]) -> None:
        for line in filter(self._wanted, lines):
            self.table.upsert(self._row(line))

    def _wanted(self, line: LogView) -> bool:
        return line.severity in LEVELS[self.level.index]

    def _row(self, line: LogView) -> Row:
        self._number += 1
        return log_row(self._number, line)


def log_row(number: int, line: LogView | LogLine) -> Row:
    return {
        "number": number,
        "ts_ns": line.ts_ns,
        "severity": line.severity,
        "level": line.severity.value,
        "source": line.source,
        "text": line.text,
    }
