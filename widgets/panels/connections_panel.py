"""The connection to the exchange: its streams, what was repaired, its limits, the account's stream, and history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, SignalInstance
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.segmented import Segmented
from widgets.controls.table import Column, Kind, Row, RowState, Table
from widgets.controls.toolbar import Fact, Facts, Toolbar
from widgets.controls.trend_list import TrendList
from widgets.engine.connection_words import STANDING, blocked_words, is_stale, offset_words
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_number
from widgets.look.tokens import Tone
from widgets.panels.connection_history import ConnectionHistory
from widgets.panels.recording_panel import RecordingPanel
from widgets.panels.risk_panel import LINE_HEIGHT, LimitList
from workstation.core.views import ConnectionView, StreamView

BUILT_IN = "There is no connection: the built-in market runs in the engine's process."
SIDE_WIDTH = 290
BESIDE_FROM = 560
"""The width from which the facts stand beside the streams; below they stand under them."""
NOW, HISTORY = range(2)


class StreamsTable(Table):
    columns = (
        Column("symbol", "Symbol", width=90),
        Column("kind", "Stream", width=80, label=True),
        Column("rate", "Messages/s", Kind.NUMBER, 80, 1, tooltip="Messages a second, on average"),
        Column(
            "age",
            "Age",
            Kind.NUMBER,
            70,
            1,
            unit="s",
            tone=lambda row: Tone.WARNING if row["stale"] else None,
            tooltip="Since its last message, s",
        ),
    )
    empty = "No streams yet. The past is loaded first."
    sorted_by = "symbol"
    descending = False


def stream_row(stream: StreamView, stale_ns: int) -> Row:
    stale = is_stale(stream, stale_ns)
    return {
        "id": f"{stream.symbol} {stream.kind}",
        "symbol": stream.symbol,
        "kind": stream.kind,
        "rate": stream.messages_per_second,
        "age": stream.age_s,
        "stale": stale,
        "row_state": RowState.STALE if stale else RowState.NORMAL,
    }


def facts_of(view: ConnectionView) -> tuple[Fact, ...]:
    """What was repaired since the start, and the clock."""
    counts = (
        ("Gaps of books", view.gaps),
        ("Books fetched again", view.resyncs),
        ("Reconnects", view.reconnects),
        ("Missed trades fetched", view.trades_filled),
    )
    lost = Fact("Trades lost", format_number(view.trades_lost, 0), Tone.BAD if view.trades_lost else Tone.NORMAL)
    shown = [Fact(label, format_number(count, 0)) for label, count in counts]
    return (*shown, lost, Fact("Clock of the exchange", offset_words(view.clock_offset_ms)))


class ConnectionsPanel(RecordingPanel):
    """Once seen it keeps a sample a second, also while it is hidden."""

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.title = ToneLabel("", weight=500)
        self.account = ToneLabel("", Tone.LABEL)
        self.blocked = ToneLabel("", Tone.WARNING)
        self.table = StreamsTable(self)
        self.facts = Facts(6)
        self.limits = LimitList()
        self.dead_man = ToneLabel("", Tone.LABEL, pixels=11)
        self.notes = ToneLabel("", Tone.LABEL, pixels=11)
        for label in (self.title, self.account, self.blocked, self.dead_man, self.notes):
            label.setWordWrap(True)
        self.side = self._side()
        now = QWidget()
        self._now = QBoxLayout(QBoxLayout.Direction.LeftToRight, now)
        self._now.setContentsMargins(0, 0, 0, 0)
        self._now.setSpacing(0)
        self._now.addWidget(self.table, 1)
        self._now.addWidget(self.side)
        self.history = ConnectionHistory(model.engine)
        self.trends = TrendList()
        self.pages = QStackedWidget()
        self.pages.addWidget(now)
        self.pages.addWidget(scrolled(self.trends))
        self.choice = Segmented(("Now", "Last 10 minutes"), framed=False)
        self.choice.chosen.connect(self._choose)
        bar = Toolbar()
        bar.row.addWidget(self.choice)
        bar.row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.pages, 1)
        self._has_one = model.engine.connection() is not None
        if not self._has_one:
            self.table.hide()
            self.title.setText(BUILT_IN)
            self.side.setMaximumWidth(16_777_215)

    def _side(self) -> QScrollArea:
        """What stands beside the table; it scrolls where the panel is low."""
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        parts = (self.title, self.account, self.blocked, self.limits, self.facts, self.dead_man, self.notes)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        scroll = scrolled(content)
        scroll.setMinimumSize(QSize(SIDE_WIDTH, 0))
        scroll.setMaximumWidth(SIDE_WIDTH)
        scroll.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        for part in (self.account, self.blocked, self.limits, self.facts, self.dead_man, self.notes):
            part.hide()
        return scroll

    def record(self) -> None:
        if self.history.take() and self.listening and self.pages.currentIndex() == HISTORY:
            self.trends.show_trends(self.history.trends())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        beside = self.width() >= BESIDE_FROM
        self._now.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        self._now.setStretch(1, 0 if beside else 2)
        if self._has_one:
            self.side.setMaximumWidth(SIDE_WIDTH if beside else 16_777_215)
            self.side.setMaximumHeight(16_777_215 if beside else self.height() * 3 // 5)

    def _choose(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        if page == HISTORY:
            self.trends.show_trends(self.history.trends())

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.health_changed, self.refresh),)

    def refresh(self, _: object = None) -> None:
        engine = self.model.engine
        view = engine.connection()
        if view is None:
            return
        self.table.replace([stream_row(stream, engine.stale_ns) for stream in view.streams])
        self.table.flush()
        self.title.setText(view.title)
        self._tell(self.account, f"Account stream: {view.account}" if view.account else "Prices only, no account")
        self.account.set_tone(Tone.LABEL if view.account in ("", STANDING) else Tone.WARNING)
        self._tell(self.blocked, blocked_words(view, engine.now_ns()))
        self.limits.setVisible(bool(view.limits))
        self.limits.setFixedHeight(len(view.limits) * (LINE_HEIGHT + 2))
        self.limits.set_limits(view.limits)
        self.facts.show()
        self.facts.set_facts(facts_of(view))
        self._tell(self.dead_man, view.dead_man)
        self._tell(self.notes, "\n".join(note for note in engine.notes if note != view.dead_man))

    @staticmethod
    def _tell(label: ToneLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))


def scrolled(content: QWidget) -> QScrollArea:
    """What does not fit from top to bottom scrolls."""
    scroll = QScrollArea()
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidgetResizable(True)
    scroll.setWidget(content)
    for surface in (content, scroll.viewport()):
        surface.setAutoFillBackground(False)
    return scroll
