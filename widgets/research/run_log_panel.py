"""What the shown run logged: the strategy's own lines, denials, protections; by level and by a text to search for."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from widgets.controls.controls import ToneLabel
from widgets.controls.search_field import SearchField
from widgets.controls.segmented import Segmented
from widgets.controls.table import Column, Kind
from widgets.controls.toolbar import Toolbar
from widgets.look.numbers import format_date, format_time
from widgets.look.tokens import Tone
from widgets.panels.log_panel import LEVEL_NAMES, LEVELS, TONES, LogTable, MomentColumn, log_row
from widgets.research.result_panels import ResultPanel
from widgets.research.shown_result import Shown
from workstation.backtest.run_log import MOST_LINES
from workstation.core.messages import LogLine


class RunLogTable(LogTable):
    columns = (
        MomentColumn(
            "ts_ns",
            "Time",
            Kind.TIME,
            88,
            text=lambda row: f"{format_date(row['ts_ns'])} {format_time(row['ts_ns'])[:5]}",
        ),
        Column("level", "Level", width=64, tone=lambda row: TONES[row["severity"]]),
        Column("source", "Source", width=84, label=True, shown_from=420),
        Column("text", "Text", width=300),
    )
    empty = "Nothing was logged. A strategy logs with self.log(…); runs of earlier versions kept no log."
    sorted_by = "ts_ns"
    descending = False
    limit = MOST_LINES + 1


class RunLogPanel(ResultPanel):
    def build(self) -> None:
        self.table = RunLogTable(self)
        self.level = Segmented(LEVEL_NAMES, framed=False)
        self.level.chosen.connect(lambda _: self.refresh())
        self.search = SearchField("Search the log", self.table)
        self.words = ToneLabel("", Tone.LABEL, pixels=11)
        bar = Toolbar()
        bar.row.addWidget(self.level)
        bar.row.addStretch(1)
        bar.row.addWidget(self.search, 2)
        bar.row.addWidget(self.words)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.table, 1)

    def show_result(self, shown: Shown | None) -> None:
        log: tuple[LogLine, ...] = shown.result.log if shown is not None else ()
        self.table.empty = self.shown.hint if shown is None else RunLogTable.empty
        levels = LEVELS[self.level.index]
        rows = [log_row(number, line) for number, line in enumerate(log) if line.severity in levels]
        self.table.replace(rows)
        self.table.flush()
        self.words.setText(f"{len(rows):,} of {len(log):,}" if len(rows) < len(log) else f"{len(log):,} lines")
