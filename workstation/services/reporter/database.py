"""The reporter's own database: what was booked, by whom and when. Money is 1e-8 of the account's currency.

It holds what the stream of executions gave, so it may be removed at any time: it is made anew from the stream, as far
back as that reaches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee

from workstation.core.errors import StorageError
from workstation.storage.database import database_error, transaction
from workstation.storage.sqlite import BUSY_TIMEOUT_MS, newer_version_error

SCHEMA = 1


class BookingRow(peewee.Model):
    """One owner's part of an execution; of a funding payment (``side`` 0); or what it took from ``from_owner``."""

    seq = peewee.BigIntegerField()
    part = peewee.IntegerField()
    execution_id = peewee.TextField(index=True)
    ts_ns = peewee.BigIntegerField()
    day = peewee.TextField()
    owner = peewee.TextField()
    from_owner = peewee.TextField()
    symbol = peewee.TextField()
    side = peewee.IntegerField()
    lots = peewee.BigIntegerField()
    price = peewee.BigIntegerField()
    fee = peewee.BigIntegerField()
    realised = peewee.BigIntegerField()
    slippage = peewee.BigIntegerField()
    funding = peewee.BigIntegerField()
    maker = peewee.BooleanField()
    stopped = peewee.BooleanField()
    liquidation = peewee.BooleanField()

    class Meta:
        table_name = "bookings"
        primary_key = peewee.CompositeKey("seq", "part")
        indexes = ((("day", "owner", "symbol"), False),)
        without_rowid = True


class TradeRow(peewee.Model):
    """A round trip that is closed; ``day`` is that of its end."""

    number = peewee.IntegerField(primary_key=True)
    day = peewee.TextField(index=True)
    owner = peewee.TextField()
    symbol = peewee.TextField()
    side = peewee.IntegerField()
    entry_ns = peewee.BigIntegerField()
    exit_ns = peewee.BigIntegerField()
    quantity = peewee.TextField()
    entry_price = peewee.TextField()
    exit_price = peewee.TextField()
    fees = peewee.BigIntegerField()
    funding = peewee.BigIntegerField()
    slippage = peewee.BigIntegerField()
    gross = peewee.BigIntegerField()
    net = peewee.BigIntegerField()
    exit_reason = peewee.TextField()

    class Meta:
        table_name = "trades"


class EquityRow(peewee.Model):
    """A sample of the account's equity across its engines."""

    seq = peewee.BigIntegerField(primary_key=True)
    ts_ns = peewee.BigIntegerField()
    day = peewee.TextField(index=True)
    equity = peewee.BigIntegerField()
    exposure = peewee.BigIntegerField()

    class Meta:
        table_name = "equity"


class DayRow(peewee.Model):
    """``changed`` counts what came in for a day; ``written`` is that count as of its report."""

    day = peewee.TextField(primary_key=True)
    changed = peewee.IntegerField()
    written = peewee.IntegerField()

    class Meta:
        table_name = "days"
        without_rowid = True


class MemoryRow(peewee.Model):
    """By name: how far the streams were taken, and the books as of there, as JSON."""

    name = peewee.TextField(primary_key=True)
    value = peewee.TextField()

    class Meta:
        table_name = "memory"
        without_rowid = True


MODELS = (BookingRow, TradeRow, EquityRow, DayRow, MemoryRow)


class ReporterDatabase:
    """One open file. Raises ``StorageError``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = peewee.SqliteDatabase(
            str(path), pragmas={"journal_mode": "wal", "synchronous": "full"}, timeout=BUSY_TIMEOUT_MS / 1000
        )
        try:
            self._database.connect()
            self._database.bind(MODELS)
            with self._database.atomic("IMMEDIATE"):
                version = int(self._database.pragma("user_version"))
                if version > SCHEMA:
                    raise newer_version_error(path, version, SCHEMA)
                self._database.create_tables(MODELS, safe=True)
                self._database.pragma("user_version", SCHEMA)
        except peewee.PeeweeException as error:
            self._database.close()
            raise self._told(error) from error
        except StorageError:
            self._database.close()
            raise

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All of it or nothing."""
        try:
            with transaction(self._database):
                yield
        except peewee.PeeweeException as error:
            raise self._told(error) from error

    def memory(self, name: str) -> Any:
        """``None`` when nothing is known."""
        row = MemoryRow.get_or_none(MemoryRow.name == name)
        return None if row is None else json.loads(row.value)

    def remember(self, name: str, value: Any) -> None:
        MemoryRow.replace(name=name, value=json.dumps(value, separators=(",", ":"))).execute()  # type: ignore[no-untyped-call]

    def add(self, model: type[peewee.Model], rows: Sequence[dict[str, Any]]) -> None:
        for chunk in peewee.chunked(rows, 500):
            model.replace_many(chunk).execute()  # type: ignore[no-untyped-call]

    def touch(self, days: Sequence[str]) -> None:
        """Something came in for these days: their reports are out of date."""
        for day in days:
            DayRow.insert(day=day, changed=1, written=0).on_conflict(
                conflict_target=[DayRow.day], update={DayRow.changed: DayRow.changed + 1}
            ).execute()

    def _told(self, error: peewee.PeeweeException) -> StorageError:
        told = database_error(self._path, error)
        if "damaged" in str(told):
            return StorageError(f"{self._path} is damaged: remove it, and it is made anew from the executions' stream.")
        return told
