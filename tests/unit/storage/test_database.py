from __future__ import annotations

import sqlite3
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.errors import StorageError
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.market.history import Candles
from workstation.storage import database as database_module
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import MODELS, DecimalText, EquityPoint, FillRow, Money, open_database


@pytest.fixture
def database(tmp_path: Path):
    database = open_database(tmp_path / "history.sqlite3")
    with database.bind_ctx(MODELS):
        yield database
    database.close()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=12))
def test_architecture_fact_3_text_keeps_every_digit(amount: Decimal) -> None:
    field = DecimalText()
    assert field.python_value(field.db_value(amount)) == amount


@given(st.integers(-(2**63), 2**63 - 1))
def test_architecture_fact_3_integers_keep_every_digit(units: int) -> None:
    field = Money()
    amount = Decimal(units).scaleb(-8)
    assert field.db_value(amount) == units
    assert field.python_value(units) == amount


def test_exact_amounts_survive_the_file(database: peewee.SqliteDatabase) -> None:
    fee, price = Decimal("0.12345678"), Decimal("12345678901.123456789012345678")
    FillRow.create(
        seq=1,
        session=1,
        fill_id="1",
        client_id="1",
        ts_ns=1,
        symbol="X",
        owner="manual",
        side="buy",
        quantity=Decimal("0.000000000001"),
        price=price,
        fee=fee,
        fee_asset="BNB",
        liquidity="maker",
        realised=Decimal("-92233720368.54775808"),
        slippage=0,
    )
    row = FillRow.get()
    assert (row.fee, row.price, row.quantity) == (fee, price, Decimal("0.000000000001"))
    assert row.realised == Decimal("-92233720368.54775808")
    for seq in range(2, 12):
        amounts = dict.fromkeys(("cash", "realised", "unrealised", "exposure"), Decimal(0))
        EquityPoint.create(seq=seq, session=1, ts_ns=seq, equity=Decimal("0.1"), **amounts)
    total = database.execute_sql("SELECT sum(equity) FROM equity").fetchone()[0]
    assert total == 100_000_000
    with pytest.raises(ValueError, match="more than 8 decimals"):
        Money().db_value(Decimal("0.000000001"))


def test_a_database_of_a_newer_version_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    open_database(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE schema_version SET version = 99")
    connection.commit()
    with pytest.raises(StorageError, match=r"newer version of the workstation \(schema 99, this one knows 3\)"):
        open_database(path)
    assert connection.execute("SELECT version FROM schema_version").fetchall() == [(99,)]
    connection.close()


def test_migrations_run_once_and_a_failing_one_leaves_the_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.sqlite3"
    open_database(path).close()

    def add_column(database: peewee.SqliteDatabase) -> None:
        database.execute_sql("ALTER TABLE orders ADD COLUMN desk TEXT")

    def fail(database: peewee.SqliteDatabase) -> None:
        add_column(database)
        raise peewee.OperationalError("disk I/O error")

    monkeypatch.setattr(database_module, "MIGRATIONS", [*database_module.MIGRATIONS, fail])
    with pytest.raises(StorageError, match="disk I/O error"):
        open_database(path)
    monkeypatch.undo()
    database = open_database(path)
    assert "desk" not in [column.name for column in database.get_columns("orders")]
    database.close()
    monkeypatch.setattr(database_module, "MIGRATIONS", [*database_module.MIGRATIONS, add_column])
    for _ in range(2):
        database = open_database(path)
        assert [column.name for column in database.get_columns("orders")].count("desk") == 1
        assert database.execute_sql("SELECT version FROM schema_version").fetchall() == [(4,)]
        database.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(b"something else " * 100)
    with pytest.raises(StorageError, match="is damaged"):
        open_database(path)


def candles(count: int, first_ns: int = 0, symbol: str = "BTCUSDT", close: int = 430_000) -> Candles:
    opens = first_ns + np.arange(count, dtype=np.int64) * MINUTE_NS
    base = np.arange(count, dtype=np.int64) * 1_000_003 + close
    return Candles(symbol, MINUTE_NS, opens, base, base + 7, base - 9, base + 1, base * 3)


def same(one: Candles | None, other: Candles) -> bool:
    return one is not None and all(
        np.array_equal(left, right) for left, right in zip(one._columns(), other._columns(), strict=True)
    )


def test_candles_are_read_back_exactly(database: peewee.SqliteDatabase) -> None:
    store = CandleDatabase(database)
    imported = candles(1000)
    assert store.save(imported) == 1000
    assert store.changed == 0
    assert same(store.load("BTCUSDT", MINUTE_NS, 0, 1 << 62), imported)
    loaded = store.load("BTCUSDT", MINUTE_NS, 10 * MINUTE_NS, 20 * MINUTE_NS)
    assert loaded is not None
    assert loaded.open_ns.tolist() == [minute * MINUTE_NS for minute in range(10, 20)]
    assert loaded.close_e8.dtype == np.int64
    assert loaded.close_e8.flags.c_contiguous
    assert store.load("BTCUSDT", HOUR_NS, 0, 1 << 62) is None
    assert store.load("ETHUSDT", MINUTE_NS, 0, 1 << 62) is None


def test_an_import_is_idempotent_and_tells_what_it_changed(database: peewee.SqliteDatabase) -> None:
    store = CandleDatabase(database)
    store.save(candles(50))
    store.save(candles(100))
    assert store.changed == 0
    store.save(candles(20, 90 * MINUTE_NS, close=999))
    assert store.changed == 10
    store.save(candles(5, symbol="ETHUSDT"))
    assert store.ranges() == [
        ("BTCUSDT", MINUTE_NS, 0, 109 * MINUTE_NS, 110),
        ("ETHUSDT", MINUTE_NS, 0, 4 * MINUTE_NS, 5),
    ]


def test_lesson_26_two_that_write_candles_wait_for_each_other(tmp_path: Path) -> None:
    database = open_database(tmp_path / "history.sqlite3")
    failures: list[BaseException] = []

    def write(symbol: str) -> None:
        try:
            with database.connection_context():
                for start in range(20):
                    CandleDatabase(database).save(candles(500, start * 500 * MINUTE_NS, symbol))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(symbol,)) for symbol in ("A", "B", "C")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [entry[4] for entry in CandleDatabase(database).ranges()] == [10_000] * 3
    database.close()


def test_a_full_disk_keeps_the_parts_of_an_import_that_were_written(database: peewee.SqliteDatabase) -> None:
    store = CandleDatabase(database)
    store.save(candles(100))
    database.execute_sql(f"PRAGMA max_page_count = {database.execute_sql('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(StorageError, match="disk is full"):
        store.save(candles(50_000, 100 * MINUTE_NS))
    assert same(store.load("BTCUSDT", MINUTE_NS, 0, 1 << 62), candles(100))


def test_a_full_disk_at_the_first_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_a_small_room(database: peewee.SqliteDatabase) -> None:
        database.execute_sql("PRAGMA max_page_count = 2")
        try:
            first(database)
        except peewee.OperationalError:
            database.execute_sql("ROLLBACK")  # as SQLite does by itself where the system has no room left
            raise

    first = database_module.MIGRATIONS[0]
    monkeypatch.setattr(database_module, "MIGRATIONS", [in_a_small_room])
    with pytest.raises(StorageError, match="disk is full"):
        open_database(tmp_path / "history.sqlite3")
