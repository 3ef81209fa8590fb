"""The trade journal: round trips of a span with notes, tags and pictures, and what each tag came to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from widgets.controls.controls import IconButton, ToneLabel
from widgets.controls.segmented import Segmented
from widgets.controls.span_choice import SpanChoice
from widgets.controls.table import Row
from widgets.controls.toolbar import Toolbar
from widgets.engine.engine_model import EngineModel, Result
from widgets.engine.heard import KEPT_FILLS
from widgets.look.tokens import Tone
from widgets.panels.journal_tables import TagsTable, TripsTable, summary_words, tag_row, when
from widgets.panels.live_panel import LivePanel
from widgets.panels.note_dialog import NoteDialog
from widgets.panels.picture_strip import PictureStrip
from widgets.panels.trade_notes import TradeNotes
from widgets.panels.trade_pictures import TradePictures
from widgets.research.background import Background
from workstation.backtest.fill_trips import FillTrips
from workstation.backtest.round_trips import Trade
from workstation.backtest.trip_figures import figures_by_tag
from workstation.core.instrument import Instrument
from workstation.core.money import from_money
from workstation.core.types import Side
from workstation.core.views import FillView
from workstation.session.trade_history import Cancelled, Span, TradeHistory

FILLS_A_FRAME = 200
SPAN_FRAMES = 30
"""How often it is looked whether a new day began, about once a second."""
READING = "Reading the history …"
ONLY_NEWEST = f"Of the newest {KEPT_FILLS:,} fills: older ones cannot be had from an engine elsewhere."


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
            self._trips = FillTrips(self._instruments, held, self.model.heard.known_fills())
        self._waiting.clear()
        self._queue(self.model.heard.known_fills())
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
        return len(self.model.heard.fills) >= KEPT_FILLS and self.model.engine.trade_history() is not None

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
                self._queue(self.model.heard.known_fills())
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

    def _take(self, frame: int) -> None:
        """A part of what waits: thousands of executions at once would hold the window up."""
        if frame % SPAN_FRAMES == 0 and self.span.span(self.model.engine.now_ns()) != self._span:
            # A new day, week or month began.
            self._choose_span()
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
        newest = "" if self._reads_history or len(self.model.heard.fills) < KEPT_FILLS else ONLY_NEWEST
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
