"""The history database: models, exact amounts, schema versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import peewee

from workstation.core.errors import StorageError
from workstation.core.money import MONEY_SCALE
from workstation.storage.sqlite import BUSY_TIMEOUT_MS, newer_version_error, storage_error


class DecimalText(peewee.TextField):
    """A ``Decimal`` as its text, to the last digit; peewee's own field stores a binary float on SQLite."""

    def db_value(self, value: Decimal | int | None) -> str | None:
        return None if value is None else format(Decimal(value), "f")

    def python_value(self, value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)


class Money(peewee.BigIntegerField):
    """A ``Decimal`` of at most 8 decimals as an integer of 1e-8, so that SQL can add it up exactly."""

    def db_value(self, value: Decimal | int | None) -> int | None:
        if value is None:
            return None
        units = Decimal(value) * MONEY_SCALE
        if units != units.to_integral_value():
            raise ValueError(f"{value} has more than 8 decimals.")
        return int(units)

    def python_value(self, value: int | None) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-8)


class Candle(peewee.Model):
    """Prices and volume are integers of 1e-8."""

    symbol = peewee.TextField()
    interval_ns = peewee.BigIntegerField()
    open_ns = peewee.BigIntegerField()
    open = peewee.BigIntegerField()
    high = peewee.BigIntegerField()
    low = peewee.BigIntegerField()
    close = peewee.BigIntegerField()
    volume = peewee.BigIntegerField()

    class Meta:
        table_name = "candles"
        primary_key = peewee.CompositeKey("symbol", "interval_ns", "open_ns")
        without_rowid = True


class OrderRow(peewee.Model):
    """An order as the journal's records leave it."""

    client_id = peewee.TextField(primary_key=True)
    session = peewee.IntegerField()
    venue_id = peewee.TextField()
    symbol = peewee.TextField()
    owner = peewee.TextField()
    side = peewee.TextField()
    type = peewee.TextField()
    role = peewee.TextField()
    time_in_force = peewee.TextField()
    post_only = peewee.BooleanField()
    reduce_only = peewee.BooleanField()
    state = peewee.TextField()
    quantity = DecimalText()
    price = DecimalText()
    stop_price = DecimalText()
    trail = DecimalText()
    reference = DecimalText()
    filled = DecimalText()
    filled_value = DecimalText()
    """Sum of price times quantity of its fills; over ``filled`` it is the average price."""
    fees = Money()
    created_ns = peewee.BigIntegerField(index=True)
    updated_ns = peewee.BigIntegerField()
    expires_ns = peewee.BigIntegerField()
    cancel_requested_ns = peewee.BigIntegerField()
    reason = peewee.TextField()
    note = peewee.TextField()
    tag = peewee.TextField()
    parent_id = peewee.TextField()
    oco_group = peewee.TextField()
    good_till_ns = peewee.BigIntegerField()
    """Of a good-till-date order; 0 for any other."""
    visible = DecimalText()
    """What an iceberg shows; 0 for an order that shows all."""

    class Meta:
        table_name = "orders"
        without_rowid = True


class FillRow(peewee.Model):
    """An execution. ``client_id`` and ``owner`` are empty for a liquidation, shared among owners."""

    seq = peewee.IntegerField(primary_key=True)
    session = peewee.IntegerField()
    fill_id = peewee.TextField()
    client_id = peewee.TextField()
    ts_ns = peewee.BigIntegerField(index=True)
    symbol = peewee.TextField()
    owner = peewee.TextField()
    side = peewee.TextField()
    quantity = DecimalText()
    price = DecimalText()
    fee = Money()
    fee_asset = peewee.TextField()
    liquidity = peewee.TextField()
    realised = Money()
    """In the settlement asset, before fees."""
    slippage = Money()

    class Meta:
        table_name = "fills"
        indexes = ((("symbol", "client_id", "fill_id"), True),)


class FundingRow(peewee.Model):
    funding_id = peewee.TextField(primary_key=True)
    session = peewee.IntegerField()
    ts_ns = peewee.BigIntegerField()
    symbol = peewee.TextField()
    amount = Money()
    asset = peewee.TextField()

    class Meta:
        table_name = "funding"
        without_rowid = True


class PositionRow(peewee.Model):
    """One owner's part of a position, flat ones included. Money is in the settlement asset."""

    owner = peewee.TextField()
    symbol = peewee.TextField()
    quantity = DecimalText()
    """Signed."""
    lots = peewee.BigIntegerField()
    cost = Money()
    """Signed value at which the quantity was entered."""
    realised = Money()
    fees = Money()
    funding = Money()
    dust = Money()
    """In the base asset: see ``Position``."""
    fills = peewee.IntegerField()
    opened_ns = peewee.BigIntegerField()
    trip_result = Money()
    last_price = DecimalText()
    """Of the symbol's last execution; it values fees in another asset."""

    class Meta:
        table_name = "positions"
        primary_key = peewee.CompositeKey("owner", "symbol")
        without_rowid = True


class EquityPoint(peewee.Model):
    """The account's equity in its currency."""

    seq = peewee.IntegerField(primary_key=True)
    session = peewee.IntegerField()
    ts_ns = peewee.BigIntegerField(index=True)
    equity = Money()
    cash = Money()
    realised = Money()
    unrealised = Money()
    exposure = Money()

    class Meta:
        table_name = "equity"


class SessionRow(peewee.Model):
    number = peewee.IntegerField(primary_key=True)
    started_ns = peewee.BigIntegerField()
    ended_ns = peewee.BigIntegerField(null=True)
    """Null while it runs, and for ever when it was killed."""
    mode = peewee.TextField()
    seed = peewee.BigIntegerField()
    engine_version = peewee.TextField()
    orders = peewee.IntegerField(default=0)
    fills = peewee.IntegerField(default=0)
    end_reason = peewee.TextField(default="")

    class Meta:
        table_name = "sessions"


class Progress(peewee.Model):
    """How far the journal has been projected."""

    name = peewee.TextField(primary_key=True)
    seq = peewee.BigIntegerField()
    hash = peewee.BlobField()
    """Of that record: another one means another journal."""

    class Meta:
        table_name = "progress"
        without_rowid = True


class SchemaVersion(peewee.Model):
    version = peewee.IntegerField(primary_key=True)

    class Meta:
        table_name = "schema_version"


PROJECTED = (OrderRow, FillRow, FundingRow, PositionRow, EquityPoint, SessionRow, Progress)
"""Tables that the journal rebuilds."""
MODELS = (Candle, *PROJECTED, SchemaVersion)


def _first_schema(database: peewee.SqliteDatabase) -> None:
    database.create_tables(MODELS, safe=False)


def _projected_anew(database: peewee.SqliteDatabase) -> None:
    """Tables have new columns: the journal fills them again."""
    database.drop_tables(PROJECTED)
    database.create_tables(PROJECTED, safe=False)


MIGRATIONS: list[Callable[[peewee.SqliteDatabase], Any]] = [_first_schema, _projected_anew, _projected_anew]
"""The n-th brings a database from schema n to n + 1; each runs in a transaction of its own."""


def open_database(path: Path) -> peewee.SqliteDatabase:
    """Open, and bring to the present schema. A process may have several, so no model is bound to one: a query names its
    own, ``OrderRow.select().bind(database)``.

    Raises ``StorageError`` for a database that a newer version wrote, and for one that cannot be used.
    """
    database = peewee.SqliteDatabase(
        str(path),
        pragmas={"journal_mode": "wal", "synchronous": "normal", "foreign_keys": 1},
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    try:
        database.connect()
        _migrate(database, path)
    except peewee.PeeweeException as error:
        database.close()
        raise database_error(path, error) from error
    except sqlite3.Error as error:
        database.close()
        raise storage_error(path, error) from error
    except StorageError:
        database.close()
        raise
    return database


@contextmanager
def transaction(database: peewee.SqliteDatabase) -> Iterator[None]:
    """All of it or nothing. On a full disk SQLite has rolled back by itself, which peewee's own does not expect."""
    connection: sqlite3.Connection = database.connection()  # type: ignore[no-untyped-call]
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise


def database_error(path: Path | str, error: peewee.PeeweeException) -> StorageError:
    """What a person is told about an error of peewee."""
    cause = error.__cause__ or error.__context__
    return storage_error(Path(path), cause if isinstance(cause, sqlite3.Error) else sqlite3.Error(str(error)))


def _migrate(database: peewee.SqliteDatabase, path: Path) -> None:
    while True:
        with transaction(database), database.bind_ctx(MODELS):
            version = _schema_version(database)
            if version > len(MIGRATIONS):
                raise newer_version_error(path, version, len(MIGRATIONS))
            if version == len(MIGRATIONS):
                return
            MIGRATIONS[version](database)
            SchemaVersion.delete().execute()
            SchemaVersion.create(version=version + 1)


def _schema_version(database: peewee.SqliteDatabase) -> int:
    if not database.table_exists(SchemaVersion._meta.table_name):
        return 0
    return int(SchemaVersion.select(peewee.fn.MAX(SchemaVersion.version)).scalar() or 0)
