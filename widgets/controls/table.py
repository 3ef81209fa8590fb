"""Declarative tables: a table is a class with its columns, its key, its menu and its empty sentence."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QPoint,
    QRect,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QTableView, QWidget

from widgets.controls.table_model import Column, Kind, Row, RowState, TableModel
from widgets.controls.table_painting import RowPainter, TableHeader
from widgets.look import shapes
from widgets.look.theme import current

REFRESH_MS = 33


@dataclass(frozen=True)
class Action:
    """An entry of the right-click menu; `enabled` is asked with the selected rows."""

    name: str
    text: str
    icon: str = ""
    enabled: Callable[[list[Row]], bool] | None = None
    separated: bool = False


class Table(QTableView):
    """Subclasses declare what they show; rows come in through `upsert` and are drawn at most every 33 ms."""

    key: ClassVar[str] = "id"
    columns: ClassVar[tuple[Column, ...]] = ()
    actions_declared: ClassVar[tuple[Action, ...]] = ()
    empty: str = ""
    sorted_by: ClassVar[str] = ""
    descending: ClassVar[bool] = True
    limit: ClassVar[int] = 10_000

    blocked: Callable[[], str] = staticmethod(lambda: "")
    """Why none of the actions can be chosen now; empty when they can."""

    add_entries: Callable[[QMenu, list[Row]], None] = staticmethod(lambda menu, rows: None)
    """Adds what depends on more than the rows to their right-click menu."""

    action_triggered = Signal(str, list)
    row_activated = Signal(object)
    selection_changed = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hovered_row = -1
        self._needed: dict[int, int] = {}
        self._fitted = True
        self._fitting = False
        self.rows_model = TableModel(self.columns, self.key, limit=self.limit, parent=self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.rows_model)
        self._sorted.setSortRole(TableModel.SORT_ROLE)
        self._sorted.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._sorted.setFilterKeyColumn(-1)
        self._sorted.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModel(self._sorted)
        self._refresh = QTimer(self)
        self._refresh.setSingleShot(True)
        self._refresh.setInterval(REFRESH_MS)
        self._refresh.timeout.connect(self.flush)
        self._fit_soon = QTimer(self)
        self._fit_soon.setSingleShot(True)
        self._fit_soon.setInterval(0)
        self._fit_soon.timeout.connect(self.fit_columns)
        self._set_up_view()
        current().changed.connect(self._dress)
        self._dress()

    def _set_up_view(self) -> None:
        self._painter = RowPainter(self)
        header = TableHeader(self)
        self.setHorizontalHeader(header)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        place = next((at for at, column in enumerate(self.columns) if column.key == self.sorted_by), -1)
        falling = self.descending and place >= 0
        order = Qt.SortOrder.DescendingOrder if falling else Qt.SortOrder.AscendingOrder
        self.sortByColumn(place, order)
        header.sectionResized.connect(self._widths_changed)
        self.customContextMenuRequested.connect(self._open_menu)
        self.doubleClicked.connect(lambda index: self.row_activated.emit(index.data(TableModel.ROW_ROLE)))
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit(self.selected_keys()))

    def row_state(self, row: Row) -> RowState:
        """Override to say which rows are terminal, in doubt or stale; by default `row_state` in the row."""
        state = row.get("row_state", RowState.NORMAL)
        return state if isinstance(state, RowState) else RowState.NORMAL

    def upsert(self, row: Mapping[str, Any]) -> None:
        """Add a row or change fields of the row with its key; drawn with the next refresh."""
        self.rows_model.upsert(row)
        self._schedule()

    def remove(self, key: Any) -> None:
        self.rows_model.remove(key)
        self._schedule()

    def replace(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Make the table hold exactly these rows."""
        self.rows_model.replace(rows)
        self._schedule()

    def flush(self) -> None:
        """Draw what has waited, now."""
        self._refresh.stop()
        was_empty = not self.rows_model.rows
        self.rows_model.flush()
        if was_empty or not self.rows_model.rows:
            self.viewport().update()

    def _schedule(self) -> None:
        if not self._refresh.isActive():
            self._refresh.start()

    def set_filter(self, text: str) -> None:
        """Keep only rows with `text` in one of their cells."""
        self._sorted.setFilterFixedString(text)

    def search_column(self, key: str) -> None:
        """Let the filter look only into the column of this key."""
        self._sorted.setFilterKeyColumn([column.key for column in self.columns].index(key))

    def shown_rows(self) -> list[Row]:
        """The rows in the order on the screen."""
        model = self._sorted
        return [model.index(place, 0).data(TableModel.ROW_ROLE) for place in range(model.rowCount())]

    def selected_rows(self) -> list[Row]:
        chosen = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [index.data(TableModel.ROW_ROLE) for index in chosen]

    def selected_keys(self) -> list[Any]:
        return [row[self.key] for row in self.selected_rows()]

    def select_key(self, key: Any) -> None:
        """Select the row with this key and bring it into view; an unknown key clears the selection."""
        self.clearSelection()
        for place, row in enumerate(self.shown_rows()):
            if row[self.key] == key:
                flags = QItemSelectionModel.SelectionFlag
                index = self._sorted.index(place, 0)
                self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
                self.scrollTo(index)

    def as_csv(self, rows: Iterable[Row] | None = None) -> str:
        """The rows, or all that are shown, as CSV with a header line: every column but pictures, also hidden ones."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        columns = [column for column in self.columns if column.paint is None or column.kind is Kind.STATE]
        writer.writerow([column.header for column in columns])
        for row in self.shown_rows() if rows is None else rows:
            writer.writerow([column.plain(row) for column in columns])
        return out.getvalue()

    def copy(self) -> None:
        """Put the selected rows, or all without a selection, on the clipboard as CSV."""
        QGuiApplication.clipboard().setText(self.as_csv(self.selected_rows() or None))

    def make_menu(self) -> QMenu:
        """The right-click menu for the selected rows."""
        rows, blocked = self.selected_rows(), self.blocked()
        menu = QMenu(self)
        menu.setToolTipsVisible(bool(blocked))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for declared in self.actions_declared:
            if declared.separated:
                menu.addSeparator()
            action = QAction(declared.text, menu)
            if declared.icon:
                action.setIcon(current().icon(declared.icon))
            action.setEnabled(bool(rows) and not blocked and (declared.enabled is None or declared.enabled(rows)))
            action.setToolTip(blocked)
            action.triggered.connect(lambda _=False, name=declared.name: self._trigger(name))
            menu.addAction(action)
        if rows:
            self.add_entries(menu, rows)
        if menu.actions():
            menu.addSeparator()
        copy = menu.addAction(current().icon("copy"), "Copy as CSV")
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.triggered.connect(self.copy)
        return menu

    def _trigger(self, name: str) -> None:
        self.action_triggered.emit(name, self.selected_keys())

    def _open_menu(self, point: QPoint) -> None:
        self.make_menu().popup(self.viewport().mapToGlobal(point))

    def _dress(self) -> None:
        self._painter.forget()
        self.verticalHeader().setMinimumSectionSize(current().metrics.table_row)
        self.verticalHeader().setDefaultSectionSize(current().metrics.table_row)
        self.viewport().update()

    def _widths_changed(self, *_: int) -> None:
        if not self._fitting:
            self._fitted = False

    def need_width(self, place: int, width: int) -> None:
        """Make room for a figure that did not fit; widths that were needed once are kept."""
        if self._fitted and width > self._needed.get(place, 0):
            self._needed[place] = width
            self._fit_soon.start()

    def fit_columns(self) -> None:
        """Hide the columns for which the table is too narrow and share the width among the others.

        Declared widths shrink by a fifth at most, then the table scrolls sideways.
        """
        width = self.viewport().width()
        header = self.horizontalHeader()
        self._fitting = True
        for place, column in enumerate(self.columns):
            header.setSectionHidden(place, width < column.shown_from)
        places = [place for place in range(len(self.columns)) if not header.isSectionHidden(place)]
        if self._fitted and places:
            wanted = {place: max(self.columns[place].width, self._needed.get(place, 0)) for place in places}
            total = sum(wanted.values())
            least = {place: max(wanted[place] * 4 // 5, self._needed.get(place, 0)) for place in places}
            given = {place: max(least[place], wanted[place] * width // total) for place in places}
            wide = [place for place in places if self.columns[place].takes_rest]
            if wide and total <= width:
                given = {**wanted, wide[-1]: wanted[wide[-1]] + width - total}
            spare = width - sum(given.values())
            for place in reversed(places):
                change = max(spare, least[place] - given[place]) if spare < 0 else spare
                given[place] += change
                spare -= change
                header.resizeSection(place, given[place])
        self._fitting = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_columns()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected_rows():
            self.row_activated.emit(self.selected_rows()[0])
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, row: int) -> None:
        if row != self.hovered_row:
            self.hovered_row = row
            self.viewport().update()

    def focusInEvent(self, event: Any) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        if self._sorted.rowCount():
            self._painter.paint(painter, event.rect())
        elif self.empty:
            self._paint_empty(painter)

    def _paint_empty(self, painter: QPainter) -> None:
        theme = current()
        tokens = theme.tokens
        text = "No row matches the filter." if self.rows_model.rows else self.empty
        fact, _, rest = text.partition(". ")
        title = fact if not rest else f"{fact}."
        area = self.viewport().rect()
        line = QRect(area.left() + 8, area.center().y() - (18 if rest else 8), area.width() - 16, 16)
        title = title.rstrip(".")
        shapes.write(painter, line, title, tokens.text_1, theme.font(12, 500), shapes.CENTRE, elide=True)
        for sentence in filter(None, rest.split(". ")):
            line = line.translated(0, 20)
            end = "" if sentence.endswith(".") else "."
            shapes.write(painter, line, sentence + end, tokens.text_3, theme.font(), shapes.CENTRE, elide=True)


__all__ = ["Action", "Column", "Kind", "Row", "RowState", "Table"]
