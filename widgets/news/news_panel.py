"""News of the engine, newest first: reconnects, gaps, stalls, halts, denials, findings of the account, failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.search_field import SearchField
from widgets.controls.table import Action, Column, Kind, Row, Table
from widgets.controls.toolbar import TextButton, Toolbar, popup_below
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_date, format_time, local_day
from widgets.look.tokens import Tone
from widgets.news.news_desk import KEPT, NewsDesk
from widgets.news.news_item import PANELS, NewsKind, ToldNews
from widgets.panels.live_panel import LivePanel
from workstation.core.types import Severity

TONES = {Severity.INFO: Tone.LABEL, Severity.WARNING: Tone.WARNING, Severity.ERROR: Tone.BAD}
NOT_BEFORE = "News from before this window opened cannot be had from an engine elsewhere."


class LastColumn(Column):
    """The time; news of one microsecond keep their order."""

    def order(self, row: Row) -> Any:
        return row["last_ns"] // 1000 * 1000 + row["number"] % 1000


class NewsTable(Table):
    key = "number"
    columns = (
        LastColumn("last_ns", "Time", Kind.TIME, 68, text=lambda row: row["when"], tooltip="When it came last"),
        Column("level", "Level", width=56, tone=lambda row: TONES[row["severity"]]),
        Column("kind", "About", width=60, label=True, shown_from=500),
        Column("where", "Where", width=82, label=True, tooltip="Symbol, strategy or venue"),
        Column("text", "What happened", width=140, takes_rest=True),
        Column(
            "times",
            "Times",
            Kind.NUMBER,
            44,
            0,
            shown_from=560,
            text=lambda row: "" if row["times"] == 1 else None,
            tooltip="How often it came, each within a minute of the one before",
        ),
    )
    actions_declared = (Action("show", "Show where", enabled=lambda rows: len(rows) == 1),)
    empty = "Nothing happened to the engine. Reconnects, gaps, halts and denials appear here."
    sorted_by = "last_ns"
    limit = KEPT


class NewsPanel(LivePanel):
    def __init__(self, model: EngineModel, desk: NewsDesk, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._desk = desk
        self.hidden_kinds: set[NewsKind] = set()
        self.table = NewsTable()
        self.table.row_activated.connect(self.lead)
        self.table.clicked.connect(lambda index: self._clicked(index.data(self.table.rows_model.ROW_ROLE)))
        self.table.action_triggered.connect(lambda *_: self.lead(self.table.selected_rows()[0]))
        self.kinds = TextButton("All kinds", "Which kinds of news are shown", opens=True)
        self.kinds.clicked.connect(lambda: popup_below(self.kinds_menu(), self.kinds))
        self.warnings = TextButton("Warnings only", "Leave out what is only told", checkable=True)
        self.warnings.toggled.connect(lambda _: self.refresh())
        self.search = SearchField("Search news", self.table)
        self.note = ToneLabel(NOT_BEFORE, Tone.FAINT, pixels=11)
        self.note.setContentsMargins(6, 2, 6, 3)
        self.note.setToolTip(NOT_BEFORE)
        bar = Toolbar()
        bar.row.addWidget(self.kinds)
        bar.row.addWidget(self.warnings)
        bar.row.addStretch(1)
        bar.row.addWidget(self.search, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.table, 1)
        column.addWidget(self.note)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self._desk.told, self._take),)

    def refresh(self) -> None:
        now_ns = self.model.engine.now_ns()
        self.table.replace(news_row(told, now_ns) for told in self._desk.items if self._wanted(told))
        self.table.flush()
        self.note.setVisible(not self._desk.before_known)
        if self.listening:
            self._desk.mark_seen()

    def _take(self, fresh: list[ToldNews]) -> None:
        now_ns = self.model.engine.now_ns()
        for told in fresh:
            if self._wanted(told):
                self.table.upsert(news_row(told, now_ns))
        self._desk.mark_seen()

    def kinds_menu(self) -> QMenu:
        """Every kind with a check; the first entry shows all again."""
        menu = QMenu(self)
        everything = menu.addAction("All kinds")
        everything.triggered.connect(lambda: self._hide(set()))
        menu.addSeparator()
        for kind in NewsKind:
            entry = QAction(kind.value, menu)
            entry.setCheckable(True)
            entry.setChecked(kind not in self.hidden_kinds)
            entry.triggered.connect(lambda _=False, kind=kind: self._hide(self.hidden_kinds ^ {kind}))
            menu.addAction(entry)
        return menu

    def lead(self, row: Row) -> None:
        """To the panel concerned, with the symbol chosen."""
        if row["symbol"]:
            self.model.choose_symbol(row["symbol"])
        self.model.panel_wanted.emit(PANELS[row["news_kind"]])

    def _clicked(self, row: Row) -> None:
        if row["symbol"]:
            self.model.choose_symbol(row["symbol"])

    def _wanted(self, told: ToldNews) -> bool:
        news = told.news
        return news.kind not in self.hidden_kinds and not (self.warnings.isChecked() and news.severity is Severity.INFO)

    def _hide(self, kinds: set[NewsKind]) -> None:
        self.hidden_kinds = kinds
        shown = len(NewsKind) - len(kinds)
        self.kinds.set_text("All kinds" if not kinds else f"{shown} of {len(NewsKind)} kinds")
        self.refresh()


def news_row(told: ToldNews, now_ns: int) -> Row:
    news = told.news
    today = local_day(told.last_ns) == local_day(now_ns)
    when = format_time(told.last_ns) if today else f"{format_date(told.last_ns)} {format_time(told.last_ns)[:5]}"
    return {
        "number": told.number,
        "last_ns": told.last_ns,
        "when": when,
        "severity": news.severity,
        "level": news.severity.value,
        "kind": news.kind.value,
        "news_kind": news.kind,
        "where": news.where,
        "symbol": news.symbol,
        "text": news.text,
        "times": told.times,
    }
