"""The trade journal: round trips of a span with notes, tags and pictures, and what each tag came to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from widgets.controls.controls import IconButton, ToneLabel
from widgets.controls.dialogs import FormDialog
from widgets.controls.fields import Field
from widgets.controls.segmented import Segmented
from widgets.controls.span_choice import SpanChoice
from widgets.controls.table import Action, Column, Kind, Row, Table
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import KEPT_FILLS, EngineModel, Result
from widgets.engine.order_words import owner_tone
from widgets.look.numbers import format_date, format_number, format_percent, format_time
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.panels.picture_strip import PictureStrip
from widgets.panels.trade_notes import TradeNote, TradeNotes, read_tags
from widgets.panels.trade_pictures import TradePictures
from widgets.research.background import Background
from workstation.backtest.fill_trips import FillTrips
from workstation.backtest.round_trips import Trade
from workstation.backtest.trip_figures import TripFigures, figures_by_tag
from workstation.core.instrument import Instrument
from workstation.core.money import from_money
from workstation.core.types import Side
from workstation.core.views import FillView
from workstation.session.trade_history import Cancelled, Span, TradeHistory

FILLS_A_FRAME = 200
NOTE_LIMIT = 10_000
READING = "Reading the history …"
ONLY_NEWEST = f"Of the newest {KEPT_FILLS:,} fills: older ones cannot be had from an engine elsewhere."


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
        Column(
            "pictures",
            "Charts",
            Kind.NUMBER,
            46,
            0,
            shown_from=420,
            text=lambda row: "" if not row["pictures"] else None,
            tooltip="Pictures of the chart; they are shown below for the selected round trip",
        ),
        Column("tags", "Tags", width=80),
        Column(
            "note",
            "Note",
            width=160,
            label=True,
            shown_from=500,
            takes_rest=True,
            text=lambda row: " ".join(row["note"].split()),
        ),
    )
    actions_declared = (
        Action("write", "Write a note …", enabled=lambda rows: len(rows) == 1),
        Action("picture", "Attach the chart's picture", "camera", enabled=lambda rows: len(rows) == 1),
    )
    empty = "No round trips in this span. A position that is closed again becomes one."
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
        self._note = note
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
        self.written.emit(replace(self._note, text=text, tags=read_tags(self.tags.text())))
        return ""


class JournalPanel(LivePanel):
    """Of the executions that the window knows while those are all; else of the history database, read in a thread.

    ``pictures`` are those of the charts; without them none can be attached.
    """

    def __init__(
        self,
        model: EngineModel,
        notes: TradeNotes,
        pictures: TradePictures | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, parent)
        self._notes = notes
        self.pictures = pictures or TradePictures(None, notes, lambda symbol: None, self)
        self._reading = threading.Event()
        """Set once nobody waits any more for what is being read."""
        self._background = Background(self)
        self._span = Span()
        self.problem = ""
        self._instruments: dict[str, Instrument] = {}
        self._trips: FillTrips | None = None
        self._waiting: deque[FillView] = deque()
        self.table, self.tags = TripsTable(), TagsTable()
        self.table.row_activated.connect(lambda row: self.write(row["name"]))
        self.table.action_triggered.connect(self._act)
        self.table.selection_changed.connect(lambda _: self._show_pictures())
        self.span = SpanChoice()
        self.span.chosen.connect(self._choose_span)
        self.span.days.clicked.connect(lambda: self.span.ask(self.model.engine.now_ns()))
        self.camera = IconButton("camera", "Attach the chart's picture to the selected round trip (P)")
        self.camera.clicked.connect(self.attach)
        picture_key = QShortcut(QKeySequence("P"), self.table)
        picture_key.setContext(Qt.ShortcutContext.WidgetShortcut)
        picture_key.activated.connect(self.attach)
        self.strip = PictureStrip()
        self.strip.removed.connect(self._remove_picture)
        self.choice = Segmented(("Round trips", "By tag"), framed=False)
        self.summary = ToneLabel("", Tone.LABEL)
        self.summary.setToolTip("Round trips, and their net result on average: after fees, before funding")
        self.note = ToneLabel("", Tone.FAINT, pixels=11)
        self.note.setContentsMargins(6, 2, 6, 3)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.tags)
        self.choice.chosen.connect(self._pages.setCurrentIndex)
        # Also while it is hidden: trips of a later moment must not wait in it.
        model.reloaded.connect(self._forget)
        bar, spans = Toolbar(lined=False), Toolbar()
        bar.row.addWidget(self.choice)
        bar.row.addStretch(1)
        bar.row.addWidget(self.summary)
        spans.row.addWidget(self.span)
        spans.row.addStretch(1)
        spans.row.addWidget(self.camera)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(spans)
        column.addWidget(self._pages, 1)
        column.addWidget(self.strip)
        column.addWidget(self.note)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (model.fills_added, self._queue),
            (self.frames, self._take),
            (self._notes.changed, self._show_noted),
        )

    def refresh(self) -> None:
        engine = self.model.engine
        self._instruments = {symbol: engine.market(symbol).instrument for symbol in engine.symbols}
        self._span = self.span.span(engine.now_ns())
        if self._reads_history:
            if self._trips is None:
                self._read()
        elif self._trips is None:
            held = {(position.owner, position.symbol): position.quantity for position in engine.positions()}
            self._trips = FillTrips(self._instruments, held, self.model.known_fills())
        self._waiting.clear()
        self._queue(self.model.known_fills())
        self._show()
        self.table.flush()
        self.tags.flush()

    @property
    def trips(self) -> dict[str, Trade]:
        """The round trips that closed in the span, by their names."""
        trips = {} if self._trips is None else self._trips.trips
        return {name: trip for name, trip in trips.items() if self._span.holds(trip.exit_ns)}

    @property
    def _reads_history(self) -> bool:
        """Whether there are executions that the window does not know."""
        return len(self.model.fills) >= KEPT_FILLS and self.model.engine.trade_history() is not None

    def _choose_span(self) -> None:
        if self._reads_history:
            self._trips = None
        self.refresh()

    def _read(self) -> None:
        """Make the round trips of the span in a thread; another choice of span ends that."""
        history = self.model.engine.trade_history()
        assert history is not None
        self._reading.set()
        self._reading = reading = threading.Event()
        span, instruments = self._span, self._instruments
        self.problem = ""

        def take(trips: FillTrips | None) -> None:
            if trips is not None and not reading.is_set():
                reading.set()
                self._trips = trips
                self._queue(self.model.known_fills())
                self._show()

        def fail(sentence: str) -> None:
            if not reading.is_set():
                reading.set()
                self.problem = sentence
                self._show()

        self._background.run(lambda: made_trips(history, span, instruments, reading.is_set), take, fail)

    def write(self, name: str) -> None:
        """Open the window in which the note of a round trip is written."""
        trip = self.trips[name]
        word = "long" if trip.side is Side.BUY else "short"
        title = f"{trip.symbol} {word}, {when(trip.exit_ns)}"
        dialog = NoteDialog(title, self._notes.of(name), self.window())
        dialog.written.connect(lambda note: self._notes.put(name, note))
        dialog.open()

    def attach(self) -> None:
        """Attach the picture of the chart to the selected round trip; the banner says why that cannot be."""
        names = self.table.selected_keys()
        if len(names) != 1 or names[0] not in self.trips:
            problem = "Select one round trip, then attach the chart's picture."
        else:
            problem = self.pictures.attach(names[0], self.trips[names[0]].symbol)
        if problem:
            self.model.result_told.emit(Result(problem, False))

    def _act(self, name: str, trips: list[str]) -> None:
        if name == "picture":
            self.attach()
        else:
            self.write(trips[0])

    def _remove_picture(self, name: str) -> None:
        for trip in self.table.selected_keys():
            self.pictures.remove(trip, name)

    def _show_pictures(self) -> None:
        names = self.table.selected_keys()
        self.strip.show_pictures(self.pictures.paths(names[0]) if len(names) == 1 else [])

    def _show_noted(self) -> None:
        self._show()
        self.table.flush()
        self._show_pictures()

    def _queue(self, fills: list[FillView]) -> None:
        """Those of a span that was read for itself; else all of them, which is what round trips are made of."""
        if self._reads_history:
            fills = [fill for fill in fills if self._span.holds(fill.ts_ns)]
        self._waiting.extend(fills)

    def _take(self, _: int) -> None:
        """A part of what waits: thousands of executions at once would hold the window up."""
        if not self._waiting or self._trips is None:
            return
        for _ in range(min(FILLS_A_FRAME, len(self._waiting))):
            name = self._trips.add(self._waiting.popleft())
            if name and self._span.holds(self._trips.trips[name].exit_ns):
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
        reading = READING if self._trips is None and not self._reading.is_set() else ""
        newest = "" if self._reads_history or len(self.model.fills) < KEPT_FILLS else ONLY_NEWEST
        words = filter(None, (self._notes.problem, self.problem, reading, newest, left_out, self._notes.not_kept))
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
            "pictures": len(note.pictures),
            "tick": instrument.tick,
            "lot": instrument.lot,
        }


def made_trips(
    history: TradeHistory, span: Span, instruments: Mapping[str, Instrument], is_cancelled: Callable[[], bool]
) -> FillTrips | None:
    """The round trips of a span; nothing when nobody waits any more. Raises ``StorageError``. Not for a loop."""
    try:
        fills, held = history.fills(span, is_cancelled)
    except Cancelled:
        return None
    made = FillTrips(instruments, held, fills)
    for place, fill in enumerate(fills):
        if place % FILLS_A_FRAME == 0 and is_cancelled():
            return None
        made.add(fill)
    return made


def when(ts_ns: int) -> str:
    """The day and the time to the minute."""
    return f"{format_date(ts_ns)} {format_time(ts_ns)[:5]}"


def summary_words(figures: TripFigures) -> str:
    """``57 % of 14 won, +1.24 each``"""
    won = format_percent(figures.win_rate * 100, 0)
    return f"{won} of {figures.trips:,} won, {format_number(figures.expectancy, 2, signed=True)} each"


def tag_row(place: int, figures: TripFigures) -> Row:
    return {**figures._asdict(), "id": place, "win_rate": figures.win_rate * 100}
