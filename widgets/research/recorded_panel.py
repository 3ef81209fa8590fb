"""What was recorded and can be replayed: sessions by their journal and inputs, and recordings of the market."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.controls import Button, ToneLabel
from widgets.controls.table import Action, Column, Kind, Row, RowState, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_date, format_time, local_moment
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.research.research import Recorded, Research
from workstation.market.recordings.file_format import RecordingHeader
from workstation.replay.session import RecordedSession


def _when(row: Row) -> str | None:
    begun = row["started_ns"]
    return None if begun is None else f"{format_date(begun, year=row['of_another_year'])} {format_time(begun)[:5]}"


def can_replay(rows: list[Row]) -> bool:
    return len(rows) == 1 and not rows[0]["obstacle"]


class RecordedTable(Table):
    key = "key"
    columns = (
        Column("name", "Recorded", width=100),
        Column("started_ns", "Began", Kind.TIME, 92, text=_when, tooltip="In the zone of the status bar"),
        Column("length", "Length", Kind.AGE, 56, tooltip="From the first input to the last"),
        Column("fills", "Fills", Kind.NUMBER, 38, 0, tooltip="Executions"),
        Column("detail", "Symbols", width=150, label=True, shown_from=420),
        Column("obstacle", "Why not", width=220, tone=lambda row: Tone.WARNING, shown_from=480),
    )
    actions_declared = (Action("replay", "Replay", "play", can_replay),)
    empty = "Nothing is recorded yet. A session records its inputs as it runs."
    sorted_by = "started_ns"

    def row_state(self, row: Row) -> RowState:
        return RowState.TERMINAL if row["obstacle"] else RowState.NORMAL


class RecordedPanel(LivePanel):
    """A double click or Return replays; the reason why one cannot be replayed stands in its row."""

    def __init__(self, model: EngineModel, research: Research, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.research = research
        self.table = RecordedTable(self)
        self.table.action_triggered.connect(lambda _, keys: self._replay(self.table.selected_rows()))
        self.table.row_activated.connect(lambda row: self._replay([row]))
        self.words = ToneLabel("", Tone.LABEL, pixels=11)
        self.again = Button("Read again")
        self.again.clicked.connect(self.refresh)
        self.replay = Button("Replay", icon="play")
        self.replay.clicked.connect(lambda: self._replay(self.table.selected_rows()))
        self.replay.setEnabled(False)
        self.table.selection_changed.connect(lambda _: self.replay.setEnabled(can_replay(self.table.selected_rows())))
        bar = Toolbar()
        bar.row.addWidget(self.words, 1)
        bar.row.addWidget(self.again)
        bar.row.addWidget(self.replay)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.table, 1)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.research.markets_changed, self.refresh),)

    def refresh(self) -> None:
        attachment = self.model.engine.attachment
        elsewhere = attachment is not None and attachment.own is None
        self.words.setText("Of this computer; the attached engine keeps its own sessions." if elsewhere else "")
        self.research.read_recorded(self.take)

    def take(self, found: Recorded) -> None:
        """What there is."""
        rows = [*map(_session_row, found.sessions), *(_file_row(*each) for each in found.recordings)]
        years = [0 if row["started_ns"] is None else local_moment(row["started_ns"]).year for row in rows]
        for row, year in zip(rows, years, strict=True):
            row["of_another_year"] = year != max(years)
        self.table.replace(rows)
        self.table.flush()

    def _replay(self, rows: list[Row]) -> None:
        if not can_replay(rows):
            return
        chosen = rows[0]["key"]
        if isinstance(chosen, int):
            self.research.replay_session(chosen)
        else:
            self.research.replay_recordings([Path(chosen)])


def _session_row(session: RecordedSession) -> Row:
    return {
        "key": session.number,
        "name": f"Session {session.number}, {session.mode.lower()}",
        "started_ns": session.started_ns,
        "length": session.ended_ns - session.started_ns,
        "fills": session.fills,
        "detail": ", ".join(session.symbols),
        "obstacle": session.obstacle,
    }


def _file_row(path: Path, header: RecordingHeader | str) -> Row:
    told = header if isinstance(header, RecordingHeader) else None
    return {
        "key": str(path),
        "name": path.name,
        "started_ns": told.first_ns if told else None,
        "length": told.last_ns - told.first_ns if told else None,
        "fills": None,
        "detail": f"{told.instrument.symbol}, {told.market_text()}" if told else "",
        "obstacle": "" if told else header,
    }
