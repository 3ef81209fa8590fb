"""The model behind a declarative table: rows by key, changed in batches, shown and sorted by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QPainter

from widgets.look.numbers import MISSING, NANOSECONDS, decimals_of, format_age, format_number, format_time, tone_of
from widgets.look.tokens import Tone

Row = dict[str, Any]
Index = QModelIndex | QPersistentModelIndex


class Kind(Enum):
    """What a column holds. TIME and AGE are integer nanoseconds; SIDE begins with Buy, Sell, Long, Short."""

    TEXT = "text"
    NUMBER = "number"
    PRICE = "price"
    SIGNED = "signed"
    TIME = "time"
    AGE = "age"
    SIDE = "side"
    STATE = "state"


class RowState(Enum):
    NORMAL = "normal"
    TERMINAL = "terminal"
    IN_DOUBT = "in doubt"
    STALE = "stale"


NUMERIC = frozenset({Kind.NUMBER, Kind.PRICE, Kind.SIGNED, Kind.AGE})
LONG_TEXT = 16
EXACT = frozenset({Kind.NUMBER, Kind.PRICE, Kind.SIGNED})


@dataclass(frozen=True)
class Column:
    """One column.

    `decimals` is a number, or the name of the row's field that holds a number of decimals or a tick or lot
    as Decimal. `tone` and `text` override what the kind gives when they return something; `paint` draws the
    whole cell. The column is hidden while the table is narrower than `shown_from` pixels.
    """

    key: str
    header: str
    kind: Kind = Kind.TEXT
    width: int = 80
    decimals: int | str = 2
    unit: str = ""
    label: bool = False
    shown_from: int = 0
    takes_rest: bool = False
    """It takes the width that the others do not need."""
    tooltip: str = ""
    text: Callable[[Row], str | None] | None = None
    tone: Callable[[Row], Tone | None] | None = None
    paint: Callable[[QPainter, QRect, Row], None] | None = None

    @property
    def numeric(self) -> bool:
        return self.kind in NUMERIC

    def show(self, row: Row) -> str:
        """The text of the cell."""
        if self.text is not None:
            text = self.text(row)
            if text is not None:
                return text
        value = row.get(self.key)
        if value is None or value == "":
            return MISSING
        if self.kind in EXACT:
            signed = self.kind is Kind.SIGNED
            return format_number(value, self.decimals_in(row), signed=signed, unit=self.unit)
        if self.kind is Kind.TIME:
            return format_time(value)
        if self.kind is Kind.AGE:
            return format_age(value)
        return str(value)

    def whole(self, row: Row) -> str | None:
        """A text that may be too long for its cell, for a tooltip."""
        text = self.show(row) if self.kind is Kind.TEXT and self.paint is None else ""
        return text if len(text) >= LONG_TEXT else None

    def decimals_in(self, row: Row) -> int:
        if isinstance(self.decimals, int):
            return self.decimals
        source = row.get(self.decimals)
        if isinstance(source, Decimal):
            return decimals_of(source)
        return source if isinstance(source, int) else 2

    def order(self, row: Row) -> Any:
        """What the column sorts by: numbers as numbers, nothing for missing ones."""
        value = row.get(self.key)
        if isinstance(value, Decimal):
            return float(value)
        return value if isinstance(value, int | float | str) else None

    def plain(self, row: Row) -> str:
        """The value for a CSV file: ASCII minus, no thousands marks, times as ISO 8601 in UTC."""
        value = row.get(self.key)
        if value is None:
            return ""
        if self.kind is Kind.TIME:
            moment = datetime.fromtimestamp(value // NANOSECONDS, tz=UTC)
            return f"{moment:%Y-%m-%dT%H:%M:%S}.{value % NANOSECONDS // 1_000_000:03}Z"
        if self.kind is Kind.AGE:
            return f"{value / NANOSECONDS:.3f}"
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    def tone_in(self, row: Row, state: RowState) -> Tone:
        if state is RowState.TERMINAL:
            return Tone.FAINT
        if self.tone is not None:
            tone = self.tone(row)
            if tone is not None:
                return tone
        if self.kind is Kind.STATE and state in (RowState.IN_DOUBT, RowState.STALE):
            return Tone.WARNING
        if state is RowState.STALE:
            return Tone.FAINT
        if self.kind is Kind.SIGNED:
            return tone_of(row.get(self.key), self.decimals_in(row))
        if row.get(self.key) is None and self.text is None:
            return Tone.FAINT
        return Tone.LABEL if self.label or self.kind in (Kind.TIME, Kind.AGE) else Tone.NORMAL


class TableModel(QAbstractTableModel):
    """Rows by key. Changes wait until `flush`, which tells the views once; past `limit` the oldest leave."""

    SORT_ROLE = Qt.ItemDataRole.UserRole + 1
    ROW_ROLE = Qt.ItemDataRole.UserRole + 2

    def __init__(
        self, columns: Sequence[Column], key: str, *, limit: int = 10_000, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.key = key
        self._limit = limit
        self._rows: list[Row] = []
        self._places: dict[Any, int] = {}
        self._changes: dict[Any, Row | None] = {}

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    @property
    def has_changes(self) -> bool:
        return bool(self._changes)

    def upsert(self, row: Mapping[str, Any]) -> None:
        """Add a row or change the given fields of the row with its key. Raises KeyError without a key."""
        key = row[self.key]
        waiting = self._changes.get(key)
        if waiting is not None:
            waiting.update(row)
        elif key in self._changes or key not in self._places:
            self._changes[key] = dict(row)
        else:
            self._changes[key] = {**self._rows[self._places[key]], **row}

    def remove(self, key: Any) -> None:
        """Take a row away; an unknown key is ignored."""
        if key in self._places:
            self._changes[key] = None
        else:
            self._changes.pop(key, None)

    def replace(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Make the table hold exactly these rows."""
        fresh = {row[self.key]: dict(row) for row in rows}
        for key in self._places:
            self._changes[key] = None
        self._changes = {key: row for key, row in self._changes.items() if key in self._places}
        self._changes.update(fresh)

    def flush(self) -> None:
        """Apply what has waited: removals, changes in place, then additions."""
        if not self._changes:
            return
        changes, self._changes = self._changes, {}
        gone = [key for key, row in changes.items() if row is None and key in self._places]
        self._take(sorted((self._places[key] for key in gone), reverse=True))
        touched = []
        added = []
        for key, row in changes.items():
            if row is None:
                continue
            place = self._places.get(key)
            if place is None:
                added.append(row)
            elif row != self._rows[place]:
                self._rows[place] = row
                touched.append(place)
        if touched:
            last = len(self.columns) - 1
            self.dataChanged.emit(self.index(min(touched), 0), self.index(max(touched), last))
        if added:
            start = len(self._rows)
            self.beginInsertRows(QModelIndex(), start, start + len(added) - 1)
            for place, row in enumerate(added, start):
                self._places[row[self.key]] = place
            self._rows.extend(added)
            self.endInsertRows()
        excess = len(self._rows) - self._limit
        if excess > 0:
            self._take(range(excess - 1, -1, -1))

    def _take(self, places: Iterable[int]) -> None:
        """Remove places, given from the last to the first, one signal a run of neighbours."""
        run: list[int] = []
        for place in [*places, -2]:
            if run and place != run[-1] - 1:
                self.beginRemoveRows(QModelIndex(), run[-1], run[0])
                del self._rows[run[-1] : run[0] + 1]
                self.endRemoveRows()
                run = []
            run.append(place)
        self._places = {row[self.key]: place for place, row in enumerate(self._rows)}

    def row_of(self, key: Any) -> Row | None:
        place = self._places.get(key)
        return None if place is None else self._rows[place]

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.show(row)
        if role == self.SORT_ROLE:
            return column.order(row)
        if role == self.ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.whole(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal and 0 <= section < len(self.columns):
            if role == Qt.ItemDataRole.DisplayRole:
                return self.columns[section].header
            if role == Qt.ItemDataRole.ToolTipRole:
                return self.columns[section].tooltip or None
        return None
