"""The trade journal: round trips with notes and tags, and what each tag came to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.controls.segmented import Segmented
from widgets.controls.table import Action, Column, Kind, Row, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.engine.order_words import owner_tone
from widgets.look.numbers import format_date, format_number, format_percent, format_time
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.panels.trade_notes import TradeNote, TradeNotes, read_tags
from workstation.backtest.fill_trips import FillTrips
from workstation.backtest.round_trips import Trade
from workstation.backtest.trip_figures import TripFigures, figures_by_tag
from workstation.core.instrument import Instrument
from workstation.core.money import from_money
from workstation.core.types import Side
from workstation.core.views import FillView

FILLS_A_FRAME = 200
NOTE_LIMIT = 10_000
NOT_KEPT = "Notes last as long as this window: it has no data folder."


class TripsTable(Table):
    key = "name"
    columns = (
        Column("exit_ns", "Closed", Kind.TIME, 84, text=lambda row: when(row["exit_ns"])),
        Column("symbol", "Symbol", width=76),
        Column("owner", "Owner", width=80, label=True, tone=owner_tone, shown_from=590),
        Column("side", "Side", Kind.SIDE, 54, shown_from=300),
        Column("quantity", "Size", Kind.NUMBER, 64, "lot", shown_from=660),
        Column("entry", "Entry", Kind.PRICE, 76, "tick", shown_from=800),
        Column("exit", "Exit", Kind.PRICE, 76, "tick", shown_from=800),
        Column("held_ns", "Held", Kind.AGE, 60, shown_from=860),
        Column("net", "Net", Kind.SIGNED, 64, 2, tooltip="After fees, before funding"),
        Column("tags", "Tags", width=80),
        Column("note", "Note", width=160, label=True, shown_from=500, text=lambda row: " ".join(row["note"].split())),
    )
    actions_declared = (Action("write", "Write a note …", enabled=lambda rows: len(rows) == 1),)
    empty = "No round trips yet. A position that is closed again becomes one."
    sorted_by = "exit_ns"
    limit = 5_000


class TagsTable(Table):
    key = "id"
    columns = (
        Column("tag", "Tag", width=70),
        Column("trips", "Trips", Kind.NUMBER, 40, 0),
        Column("win_rate", "Win %", Kind.NUMBER, 52, 1),
        Column("profit_factor", "Factor", Kind.NUMBER, 48, 2, tooltip="Profits over losses; none without a loss"),
        Column("expectancy", "Expect.", Kind.SIGNED, 60, 2, tooltip="Net result of a round trip on average"),
        Column("average_win", "Avg win", Kind.SIGNED, 60, 2, shown_from=400),
        Column("average_loss", "Avg loss", Kind.SIGNED, 66, 2, shown_from=400),
        Column("net", "Net", Kind.SIGNED, 64, 2),
        Column("asset", "Asset", width=48, label=True, shown_from=500),
    )
    empty = TripsTable.empty


class NoteDialog(FormDialog):
    """A note and tags about one round trip."""

    written = Signal(object)  # TradeNote

    def __init__(self, title: str, note: TradeNote, parent: QWidget | None = None) -> None:
        super().__init__(title, "Tags stand between commas; the figures by tag count them.", "Keep", parent)
        self.tags = Field(", ".join(note.tags))
        self.text = QPlainTextEdit(note.text)
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(120)
        self.add_field("Tags", self.tags)
        self.add_field("Note", self.text)
        self.tags.setFocus()

    def hand_over(self) -> str:
        text = self.text.toPlainText().strip()
        if len(text) > NOTE_LIMIT:
            return f"The note has {len(text):,} characters; shorten it to {NOTE_LIMIT:,}."
        self.written.emit(TradeNote(text, read_tags(self.tags.text())))
        return ""


class JournalPanel(LivePanel):
    def __init__(self, model: EngineModel, notes: TradeNotes, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._notes = notes
        self._instruments: dict[str, Instrument] = {}
        self._trips: FillTrips | None = None
        self._waiting: deque[FillView] = deque()
        self.table, self.tags = TripsTable(), TagsTable()
        self.table.row_activated.connect(lambda row: self.write(row["name"]))
        self.table.action_triggered.connect(lambda _, names: self.write(names[0]))
        self.choice = Segmented(("Round trips", "By tag"), framed=False)
        self.summary = ToneLabel("", Tone.LABEL)
        self.summary.setToolTip("Round trips, and their net result on average: after fees, before funding")
        self.note = ToneLabel("", Tone.FAINT, pixels=11)
        self.note.setContentsMargins(6, 2, 6, 3)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.tags)
        self.choice.chosen.connect(self._pages.setCurrentIndex)
        bar = Toolbar()
        bar.row.addWidget(self.choice)
        bar.row.addStretch(1)
        bar.row.addWidget(self.summary)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self._pages, 1)
        column.addWidget(self.note)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (model.fills_added, self._queue),
            (self.frames, self._take),
            (self._notes.changed, self._show),
            (model.reloaded, self._forget),
        )

    def refresh(self) -> None:
        engine = self.model.engine
        if self._trips is None:
            held = {(position.owner, position.symbol): position.quantity for position in engine.positions()}
            self._instruments = {symbol: engine.market(symbol).instrument for symbol in engine.symbols}
            self._trips = FillTrips(self._instruments, held, self.model.known_fills())
        self._waiting.clear()
        self._waiting.extend(self.model.known_fills())
        self._show()
        self.table.flush()
        self.tags.flush()

    @property
    def trips(self) -> dict[str, Trade]:
        """The round trips by their names."""
        return {} if self._trips is None else self._trips.trips

    def write(self, name: str) -> None:
        """Open the window in which the note of a round trip is written."""
        trip = self.trips[name]
        word = "long" if trip.side is Side.BUY else "short"
        title = f"{trip.symbol} {word}, {when(trip.exit_ns)}"
        dialog = NoteDialog(title, self._notes.of(name), self.window())
        dialog.written.connect(lambda note: self._notes.put(name, note))
        dialog.open()

    def _queue(self, fills: list[FillView]) -> None:
        self._waiting.extend(fills)

    def _take(self, _: int) -> None:
        """A part of what waits: thousands of executions at once would hold the window up."""
        if not self._waiting or self._trips is None:
            return
        for _ in range(min(FILLS_A_FRAME, len(self._waiting))):
            name = self._trips.add(self._waiting.popleft())
            if name:
                self.table.upsert(self._row(name, self._trips.trips[name]))
        if not self._waiting:
            self._show_figures()

    def _forget(self) -> None:
        self._trips = None

    def _show(self) -> None:
        self.table.replace(self._row(name, trip) for name, trip in self.trips.items())
        self._show_figures()

    def _show_figures(self) -> None:
        trips = self.trips
        figures = figures_by_tag(trips, self._notes.tags(), self._instruments)
        self.tags.replace(tag_row(place, each) for place, each in enumerate(figures))
        self.summary.setText(summary_words(figures[0]) if figures else "")
        unknown = 0 if self._trips is None else self._trips.unknown
        left_out = f"{unknown:,} fills are in no round trip: their entry is not known." if unknown else ""
        words = filter(None, (self._notes.problem, left_out, "" if self._notes.kept else NOT_KEPT))
        self.note.setText(" ".join(words))
        self.note.setToolTip(self.note.text())
        self.note.setVisible(bool(self.note.text()))

    def _row(self, name: str, trip: Trade) -> Row:
        instrument, note = self._instruments[trip.symbol], self._notes.of(name)
        return {
            "name": name,
            "exit_ns": trip.exit_ns,
            "symbol": trip.symbol,
            "owner": trip.strategy,
            "side": "Long" if trip.side is Side.BUY else "Short",
            "quantity": trip.quantity,
            "entry": trip.entry_price,
            "exit": trip.exit_price,
            "held_ns": trip.exit_ns - trip.entry_ns,
            "net": from_money(trip.net),
            "tags": ", ".join(note.tags),
            "note": note.text,
            "tick": instrument.tick,
            "lot": instrument.lot,
        }


def when(ts_ns: int) -> str:
    """The day and the time to the minute."""
    return f"{format_date(ts_ns)} {format_time(ts_ns)[:5]}"


def summary_words(figures: TripFigures) -> str:
    """``57 % of 14 won, +1.24 each``"""
    won = format_percent(figures.win_rate * 100, 0)
    return f"{won} of {figures.trips:,} won, {format_number(figures.expectancy, 2, signed=True)} each"


def tag_row(place: int, figures: TripFigures) -> Row:
    return {**figures._asdict(), "id": place, "win_rate": figures.win_rate * 100}
