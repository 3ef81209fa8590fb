"""Candles, kept in the history database."""

from __future__ import annotations

import sqlite3
from itertools import chain
from pathlib import Path

import numpy as np
import peewee

from workstation.core.timeframe import bar_open_ns
from workstation.market.history import Candles
from workstation.storage.sqlite import storage_error

_COLUMNS = "open_ns, open, high, low, close, volume"
_UPSERT = f"""
INSERT INTO candles (symbol, interval_ns, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (symbol, interval_ns, open_ns) DO UPDATE
SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume
WHERE (open, high, low, close, volume)
    IS NOT (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)
"""
_WHERE = "WHERE symbol = ? AND interval_ns = ? AND open_ns >= ? AND open_ns < ?"
# Half a second of writing, so that nothing else that writes waits long.
_ROWS_A_TRANSACTION = 100_000


class CandleDatabase:
    """The ``CandleStore`` of the data folder. ``changed`` tells how many candles the last ``save`` altered."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database
        self.changed = 0

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._database.connection()  # type: ignore[no-untyped-call]
        return connection

    def load(self, symbol: str, interval_ns: int, start_ns: int, end_ns: int) -> Candles | None:
        """Candles that open at or after ``start_ns`` and before ``end_ns``; ``None`` when there is not one."""
        query = f"SELECT {_COLUMNS} FROM candles {_WHERE} ORDER BY open_ns"
        try:
            rows = self._connection.execute(query, (symbol, interval_ns, start_ns, end_ns))
            values = np.fromiter(chain.from_iterable(rows), np.int64)
        except sqlite3.Error as error:
            raise storage_error(Path(self._database.database), error) from error
        if not values.size:
            return None
        columns = np.ascontiguousarray(values.reshape(-1, 6).T)
        return Candles(symbol, interval_ns, *columns)

    def missing(self, symbol: str, interval_ns: int, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """Where candles that open at or after ``start_ns`` and close by ``end_ns`` are missing.

        Opening time of the first missing one and closing time of the last, both UTC ns, oldest first.
        """
        first_ns = bar_open_ns(start_ns + interval_ns - 1, interval_ns)
        last_ns = bar_open_ns(end_ns, interval_ns)
        query = f"SELECT open_ns FROM candles {_WHERE} ORDER BY open_ns"
        try:
            rows = self._connection.execute(query, (symbol, interval_ns, first_ns, last_ns))
            opens = np.fromiter(chain.from_iterable(rows), np.int64)
        except sqlite3.Error as error:
            raise storage_error(Path(self._database.database), error) from error
        edges = np.concatenate(([first_ns - interval_ns], opens, [last_ns]))
        before = np.flatnonzero(np.diff(edges) > interval_ns)
        return [
            (after + interval_ns, next_) for after, next_ in zip(edges[before].tolist(), edges[before + 1].tolist())
        ]

    def save(self, candles: Candles) -> int:
        """Keep candles, over older ones of the same time; how many. Raises ``StorageError``.

        They are written in parts: what an import that fails has written stays, and the next one completes it.
        """
        connection = self._connection
        before, changes = self._count(candles), connection.total_changes
        columns = (
            candles.open_ns,
            candles.open_e8,
            candles.high_e8,
            candles.low_e8,
            candles.close_e8,
            candles.volume_e8,
        )
        for start in range(0, len(candles), _ROWS_A_TRANSACTION):
            part = (column[start : start + _ROWS_A_TRANSACTION].tolist() for column in columns)
            rows = ((candles.symbol, candles.interval_ns, *row) for row in zip(*part))
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_UPSERT, rows)
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                if connection.in_transaction:
                    connection.rollback()
                raise storage_error(Path(self._database.database), error) from error
        self.changed = connection.total_changes - changes - (self._count(candles) - before)
        return len(candles)

    def _count(self, candles: Candles) -> int:
        query = "SELECT count(*) FROM candles WHERE symbol = ? AND interval_ns = ?"
        key = (candles.symbol, candles.interval_ns)
        return int(self._connection.execute(query, key).fetchone()[0])

    def ranges(self) -> list[tuple[str, int, int, int, int]]:
        """Symbol, interval, opening times of the first and the last candle, and their number."""
        return self._connection.execute(
            "SELECT symbol, interval_ns, min(open_ns), max(open_ns), count(*) FROM candles "
            "GROUP BY symbol, interval_ns ORDER BY symbol, interval_ns"
        ).fetchall()
