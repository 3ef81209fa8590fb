"""Named lists of symbols with their last 24 hours; the selected one is what linked panels show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, SignalInstance
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from widgets.controls.controls import ToneLabel
from widgets.controls.dialogs import NameDialog
from widgets.controls.fields import Field
from widgets.controls.table import Row, RowState
from widgets.controls.toolbar import popup_below
from widgets.engine.engine_model import EngineModel
from widgets.look.tokens import Tone
from widgets.panels.live_panel import LivePanel
from widgets.watchlist.list_strip import ListStrip
from widgets.watchlist.symbol_search import found_symbols
from widgets.watchlist.watchlist_table import WATCHED_MARK, Standing, WatchlistTable
from widgets.watchlist.watchlists import MAIN, Watchlists
from workstation.core.timeframe import DAY_NS, MINUTE_NS, SECOND_NS
from workstation.market.watching import ListedSymbol, Quote

SPARK_NS = 15 * MINUTE_NS
SPARK_BARS = DAY_NS // SPARK_NS
SPARK_FRAMES = 60
QUOTE_FRAMES = 30
OLD_QUOTE_NS = 30 * SECOND_NS
"""Quotes of watched symbols come every few seconds; older ones are shown as stale."""
ONLY_WATCHED = f"{WATCHED_MARK} watched, not traded"
NO_LISTING = "Other symbols of the venue cannot be had from an engine elsewhere or a feed handler."
NO_MATCH = "No symbol matches. Parts of a symbol or of its assets find it, as does spot or perpetual."


class WatchlistPanel(LivePanel):
    """``lists`` are the window's; without them there is the engine's own only."""

    def __init__(self, model: EngineModel, lists: Watchlists | None = None, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.lists = lists if lists is not None else Watchlists(model.engine, parent=self)
        self.shown = self.lists.shown
        self.strip = ListStrip()
        self.strip.chosen.connect(self.show_list)
        self.strip.new.clicked.connect(self.ask_new)
        self.strip.more.clicked.connect(lambda: popup_below(self.lists_menu(), self.strip.more))
        self.table = WatchlistTable(self)
        self.table.selection_changed.connect(self._selected)
        self.table.row_activated.connect(self._take_up)
        self.table.dragged.connect(lambda point: self.strip.show_target(self.strip.target_at(point)))
        self.table.dropped.connect(self._drop)
        self.table.add_entries = self._add_entries
        self.search = Field()
        self.search.setPlaceholderText("Search all symbols")
        self.search.setAccessibleName("Search symbols")
        self.search.setToolTip("Parts of a symbol, its assets, spot or perpetual; Return takes the first")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self._choose_first)
        self.note = ToneLabel("", Tone.FAINT, pixels=11)
        self.note.setContentsMargins(6, 2, 6, 3)
        self.note.setWordWrap(True)
        self._seen: dict[str, tuple[int, bool]] = {}
        self._sparks: dict[str, tuple[float, ...]] = {}
        self._quotes: dict[str, Quote] = {}
        watching = model.engine.watching
        self._listing = {each.symbol: each for each in watching.listing} if watching is not None else {}
        above = QVBoxLayout()
        above.setContentsMargins(6, 4, 6, 4)
        above.addWidget(self.search)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strip)
        column.addLayout(above)
        column.addWidget(self.table, 1)
        column.addWidget(self.note)
        self.strip.show_lists(self.lists.names, self.shown)
        self.note.hide()

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return (
            (self.frames, self._tick),
            (self.model.symbol_chosen, self.table.select_key),
            (self.lists.changed, self.refresh),
        )

    def refresh(self) -> None:
        self.shown = self.shown if self.shown in self.lists.names else MAIN
        self.strip.show_lists(self.lists.names, self.shown)
        self._show_rows()

    def rest(self) -> None:
        self.lists.want(self, ())

    def show_list(self, name: str) -> None:
        """Show another of the lists."""
        if name in self.lists.names:
            self.shown = name
            self.lists.choose(name)
            self.strip.set_shown(name)
            self._show_rows()

    def ask_new(self) -> NameDialog:
        """Ask for the name of a new list."""
        return self._ask("New watchlist", "Create", "", lambda name: self.show_list(self.lists.create(name)))

    def lists_menu(self) -> QMenu:
        """All lists, and what can be done with the shown one."""
        menu = QMenu(self)
        for name in self.lists.names:
            entry = menu.addAction(name)
            entry.setCheckable(True)
            entry.setChecked(name == self.shown)
            entry.triggered.connect(lambda _=False, name=name: self.show_list(name))
        menu.addSeparator()
        rename = menu.addAction(f"Rename {self.shown}…")
        rename.triggered.connect(self._ask_rename)
        delete = menu.addAction(f"Delete {self.shown}")
        delete.triggered.connect(lambda: self.lists.delete(self.shown))
        for entry in (rename, delete):
            entry.setEnabled(self.shown != MAIN)
        return menu

    # --- Lists ------------------------------------------------------------------------------------------------------

    def _ask_rename(self) -> None:
        shown = self.shown
        self._ask("Rename the watchlist", "Rename", shown, lambda name: self.show_list(self.lists.rename(shown, name)))

    def _ask(self, title: str, action: str, name: str, take: Callable[[str], None]) -> NameDialog:
        sentence = "Symbols are put into it by the search, by drag or by right click."
        dialog = NameDialog(title, sentence, action, name, take, self.window())
        dialog.show()
        return dialog

    def _add_entries(self, menu: QMenu, rows: list[Row]) -> None:
        """What can be done with the selected symbols."""
        kept = [row["symbol"] for row in rows if row["standing"] is not Standing.FOUND]
        found = [row["symbol"] for row in rows if row["standing"] is Standing.FOUND]
        if found:
            menu.addAction(f"Add to {self.shown}", lambda: self.lists.add(self.shown, found))
        for name in self.lists.names if kept else ():
            if name != self.shown:
                menu.addAction(f"Move to {name}", partial(self.lists.move, kept, self.shown, name))
        remove = QAction(f"Remove from {self.shown}", menu)
        remove.triggered.connect(lambda: self.lists.remove(self.shown, kept))
        own = self.shown == MAIN and all(self.lists.is_traded(symbol) for symbol in kept)
        remove.setEnabled(bool(kept) and not own)
        remove.setToolTip(f"{MAIN} holds what the engine runs; market.symbols names that." if own else "")
        menu.setToolTipsVisible(True)
        menu.addAction(remove)

    def _drop(self, symbols: list[str], point: QPoint) -> None:
        target = self.strip.target_at(point)
        self.strip.show_target("")
        if target:
            self.lists.move(symbols, self.shown, target)

    # --- Search -----------------------------------------------------------------------------------------------------

    def _search(self, _: str) -> None:
        self._show_rows()
        self.table.select_key(self.model.symbol)

    def _choose_first(self) -> None:
        """Show the first symbol that is left, or add it where the list does not hold it; and all of them again."""
        rows = self.table.shown_rows()
        if not rows or not self.search.text().strip():
            return
        kept = [row for row in rows if row["standing"] is not Standing.FOUND]
        self._take_up((kept or [self._best(rows)])[0])

    def _best(self, rows: list[Row]) -> Row:
        first = self._found()[0].symbol
        return next(row for row in rows if row["symbol"] == first)

    def _take_up(self, row: Row) -> None:
        """Choose a symbol of the list; put one that was found into it."""
        if row["standing"] is Standing.FOUND:
            self.lists.add(self.shown, (row["symbol"],))
        self.model.choose_symbol(row["symbol"])
        self.search.clear()
        self.table.select_key(row["symbol"])

    def _found(self) -> list[ListedSymbol]:
        return found_symbols(list(self._listing.values()), self.search.text(), self.lists.symbols(self.shown))

    def _selected(self, keys: list[str]) -> None:
        if len(keys) == 1 and not self.table.dragging:
            self.model.choose_symbol(keys[0])

    # --- Rows -------------------------------------------------------------------------------------------------------

    def _kept(self) -> list[str]:
        """Of the shown list, those that the search leaves."""
        words = self.search.text().lower().split()
        return [each for each in self.lists.symbols(self.shown) if all(word in each.lower() for word in words)]

    def _show_rows(self) -> None:
        if self.listening:
            self.lists.want(self, self.lists.symbols(self.shown))
        watching = self.model.engine.watching
        if watching is not None and len(watching.listing) != len(self._listing):
            self._listing = {each.symbol: each for each in watching.listing}
        self._read_sparks()
        self._read_quotes()
        rows = [*map(self._row, self._kept()), *map(self._found_row, self._found())]
        self.table.empty = NO_MATCH if self.search.text().strip() else WatchlistTable.empty
        if [row["symbol"] for row in self.table.rows_model.rows] != [row["symbol"] for row in rows]:
            # Rows that stay keep their places, and would come before those that a search had taken away.
            self.table.replace(())
            self.table.flush()
        self.table.replace(rows)
        self.table.flush()
        self.table.select_key(self.model.symbol)
        self._show_note()

    def _show_note(self) -> None:
        watching = self.model.engine.watching
        foreign = any(not self.lists.is_traded(symbol) for symbol in self.lists.symbols(self.shown))
        words = [self.lists.problem]
        if foreign:
            words += [ONLY_WATCHED, watching.problem if watching is not None else ""]
        if watching is None and (foreign or self.search.text().strip()):
            words.append(NO_LISTING)
        text = " ".join(filter(None, words))
        if text != self.note.text():
            self.note.setText(text)
        self.note.setVisible(bool(text))

    def _tick(self, frame: int) -> None:
        renewed = self.due(frame, SPARK_FRAMES)
        if renewed:
            self._read_sparks()
        engine = self.model.engine
        now_ns = engine.now_ns()
        kept = self._kept()
        for symbol in kept:
            if not self.lists.is_traded(symbol):
                continue
            market = engine.market(symbol)
            stale = now_ns - market.last_ns > engine.stale_ns
            state = (market.last_price, stale)
            if renewed or stale or state != self._seen.get(symbol):
                self._seen[symbol] = state
                self.table.upsert(self._row(symbol))
        if frame % QUOTE_FRAMES == 0 and any(not self.lists.is_traded(symbol) for symbol in kept):
            self._read_quotes()
            for symbol in kept:
                if not self.lists.is_traded(symbol):
                    self.table.upsert(self._row(symbol))
            self._show_note()

    def _row(self, symbol: str) -> Row:
        return self._traded_row(symbol) if self.lists.is_traded(symbol) else self._watched_row(symbol)

    def _traded_row(self, symbol: str) -> Row:
        market = self.model.engine.market(symbol)
        instrument = market.instrument
        spark = self._sparks.get(symbol, ())
        last = instrument.price(market.last_price) if market.last_price else None
        age = self.model.engine.now_ns() - market.last_ns
        stale = bool(market.last_ns) and age > self.model.engine.stale_ns
        return {
            "symbol": symbol,
            "standing": Standing.TRADED,
            "spark": spark,
            "last": last,
            "change": (float(last) / spark[0] - 1) * 100 if last and spark and spark[0] else None,
            "tick": instrument.tick,
            "age": age if stale else 0,
            "row_state": RowState.STALE if stale else RowState.NORMAL,
        }

    def _watched_row(self, symbol: str) -> Row:
        quote, listed = self._quotes.get(symbol), self._listing.get(symbol)
        age = self.model.engine.now_ns() - quote.ts_ns if quote is not None else 0
        stale = age > OLD_QUOTE_NS
        return {
            "symbol": symbol,
            "standing": Standing.WATCHED,
            "spark": (*quote.closes, float(quote.last)) if quote is not None else (),
            "last": quote.last if quote is not None else None,
            "change": quote.change_percent if quote is not None else None,
            "tick": listed.tick if listed is not None else 8,
            "age": age,
            "row_state": RowState.STALE if stale else RowState.NORMAL,
        }

    @staticmethod
    def _found_row(listed: ListedSymbol) -> Row:
        return {
            "symbol": listed.symbol,
            "standing": Standing.FOUND,
            "spark": (),
            "last": None,
            "change": None,
            "tick": listed.tick,
            "age": 0,
            "row_state": RowState.NORMAL,
        }

    def _read_quotes(self) -> None:
        watching = self.model.engine.watching
        self._quotes = dict(watching.quotes()) if watching is not None else {}

    def _read_sparks(self) -> None:
        for symbol in self.lists.symbols(self.shown):
            if self.lists.is_traded(symbol):
                market = self.model.engine.market(symbol)
                series = market.series(SPARK_NS)
                closes = tuple(series.close[-SPARK_BARS:].tolist()) if series is not None else ()
                self._sparks[symbol] = (*closes, market.instrument.price_lossy(market.last_price))
