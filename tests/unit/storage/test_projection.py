from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import peewee
import pytest

from tests.unit.storage.records import BTC, PERP, START_NS, filled, header, session_records, submitted
from workstation.core.errors import StorageError
from workstation.core.messages import (
    OrderCancelled,
    OrderFilled,
    OrderSubmitted,
    Output,
    PositionLiquidated,
    PositionTransferred,
)
from workstation.core.money import to_money
from workstation.core.types import Side
from workstation.session.past import past_equity, past_fills, past_funding, past_orders
from workstation.storage.database import (
    MODELS,
    EquityPoint,
    FillRow,
    OrderRow,
    PositionRow,
    SessionRow,
    open_database,
)
from workstation.storage.disk_journal import DiskJournal, JournalReader
from workstation.storage.journal import SessionSummary
from workstation.storage.projection import Projection
from workstation.storage.projector import Projector
from workstation.trading.ledger import Ledger

TABLES = ("orders", "fills", "funding", "positions", "equity", "sessions", "progress")


@pytest.fixture
def journal(tmp_path: Path):
    journal = DiskJournal(tmp_path / "journal.sqlite3")
    yield journal
    journal.close()


@pytest.fixture
def database(tmp_path: Path):
    database = open_database(tmp_path / "history.sqlite3")
    with database.bind_ctx(MODELS):
        yield database
    database.close()


@pytest.fixture
def reader(journal: DiskJournal):
    reader = JournalReader(journal.path)
    yield reader
    reader.close()


def write(journal: DiskJournal, records: list[Output]) -> None:
    for record in records:
        journal.append(record)
    journal.commit()


def dump(path: Path) -> dict[str, list[Any]]:
    connection = sqlite3.connect(path)
    tables = {table: sorted(connection.execute(f"SELECT * FROM {table}")) for table in TABLES}
    connection.close()
    return tables


def test_a_rebuild_gives_identical_tables(journal, database, reader, tmp_path: Path) -> None:
    projector = Projector(database, reader)
    for session in (1, 2, 3):
        journal.begin_session(header())
        records = session_records(session, 120, f"s{session}-")
        for start in range(0, len(records), 37):
            write(journal, records[start : start + 37])
            projector.step(batch=11 * session)
            if start % 2:
                projector = Projector(database, reader)
        if session != 2:
            journal.end_session(SessionSummary(ended_ns=START_NS + session, reason="closed", orders=session))
    projector.catch_up()
    bit_by_bit = dump(tmp_path / "history.sqlite3")
    assert len(bit_by_bit["orders"]) == 360
    assert min(len(rows) for rows in bit_by_bit.values()) > 0
    projector.clear()
    assert OrderRow.select().count() == 0
    projector.catch_up()
    assert dump(tmp_path / "history.sqlite3") == bit_by_bit
    other = open_database(tmp_path / "other.sqlite3")
    Projector(other, reader).catch_up()
    other.close()
    assert dump(tmp_path / "other.sqlite3") == bit_by_bit


def test_positions_agree_with_the_books_that_trade(journal, database, reader) -> None:
    journal.begin_session(header())
    records = session_records(9, 300)
    write(journal, records)
    Projector(database, reader).catch_up()
    ledger = Ledger({"BTCUSDT": BTC, "BTCUSD_PERP": PERP}, "", {"USDT": 0, "BTC": 0}, lambda symbol: 0)
    # Each order here fills at once, before any transfer could change its owner.
    owners: dict[str, OrderSubmitted] = {}
    for record in records:
        if isinstance(record, OrderSubmitted):
            owners[record.client_id] = record
        elif isinstance(record, OrderFilled):
            ledger.book_fill(owners[record.client_id].owner, record)
        elif isinstance(record, PositionTransferred):
            ledger.transfer(record.symbol, record.from_owner, record.to_owner, record.lots, record.cost)
    for row in PositionRow.select():
        position = ledger.position(row.owner, row.symbol)
        figures = (position.lots, position.cost, position.realised)
        assert (row.lots, to_money(row.cost), to_money(row.realised)) == figures
    assert PositionRow.select().count() == 4
    fills = [record for record in records if isinstance(record, OrderFilled)]
    assert FillRow.select().count() == len(fills)
    assert sum(row.fee for row in FillRow.select()) == Decimal("0.00012345") * len(fills)
    assert EquityPoint.select().count() == len([r for r in records if type(r).__name__ == "EquitySampled"])


def test_rows_say_what_happened_in_exact_decimals(journal, database, reader) -> None:
    number = journal.begin_session(header())
    order = submitted("a-1", lots=30)
    write(journal, [order, filled(order, 10, 1), filled(order, 20, 2, START_NS + 9)])
    journal.end_session(SessionSummary(ended_ns=START_NS + 10, reason="closed", orders=1, fills=2))
    Projector(database, reader).catch_up()
    row = OrderRow.get()
    assert (row.state, row.side, row.session) == ("filled", "buy", number)
    assert (row.quantity, row.filled, row.price) == (Decimal("0.030"), Decimal("0.030"), Decimal("43000.1"))
    assert row.filled_value / row.filled == Decimal("43000.1")
    assert row.updated_ns == START_NS + 9
    session = SessionRow.get()
    assert (session.ended_ns, session.fills, session.end_reason) == (START_NS + 10, 2, "closed")


def test_a_liquidation_is_one_fill_shared_among_the_owners(journal, database, reader) -> None:
    journal.begin_session(header())
    first, second = submitted("1", lots=10), submitted("2", lots=30, owner="manual")
    liquidated = PositionLiquidated(
        ts_ns=START_NS,
        fill_id="l1",
        symbol="BTCUSDT",
        side=Side.SELL,
        price=400_000,
        lots=40,
        fee=400,
        fee_asset="USDT",
    )
    write(journal, [first, filled(first, 10, 1), second, filled(second, 30, 2), liquidated])
    Projector(database, reader).catch_up()
    assert [row.lots for row in PositionRow.select()] == [0, 0]
    row = FillRow.get(FillRow.fill_id == "l1")
    assert (row.owner, row.quantity) == ("", Decimal("0.040"))
    assert row.realised == sum(position.realised for position in PositionRow.select())


def test_a_late_fill_of_an_order_that_ended_long_ago_is_booked(journal, database, reader) -> None:
    journal.begin_session(header())
    order = submitted("1", lots=10)
    write(journal, [order, OrderCancelled(ts_ns=START_NS, client_id="1")])
    projector = Projector(database, reader)
    projector.catch_up()
    assert OrderRow.get().state == "cancelled"
    write(journal, [filled(order, 10, 1)])
    projector.catch_up()
    assert (OrderRow.get().state, PositionRow.get().lots) == ("filled", 10)


def test_a_full_disk_leaves_the_tables_as_they_were(journal, database, reader, tmp_path: Path) -> None:
    journal.begin_session(header())
    records = session_records(4, 200)
    write(journal, records[:100])
    projector = Projector(database, reader)
    projector.catch_up()
    before = dump(tmp_path / "history.sqlite3")
    database.execute_sql(f"PRAGMA max_page_count = {database.execute_sql('PRAGMA page_count').fetchone()[0]}")
    write(journal, records[100:])
    with pytest.raises(peewee.OperationalError):
        projector.catch_up()
    assert dump(tmp_path / "history.sqlite3") == before
    database.execute_sql("PRAGMA max_page_count = 1000000")
    projector.catch_up()
    after = dump(tmp_path / "history.sqlite3")
    projector.clear()
    projector.catch_up()
    assert dump(tmp_path / "history.sqlite3") == after
    assert len(after["orders"]) == 200


def test_another_journal_in_the_same_folder_is_projected_from_its_start(
    journal, database, reader, tmp_path: Path
) -> None:
    journal.begin_session(header())
    write(journal, session_records(1, 50))
    Projector(database, reader).catch_up()
    other = DiskJournal(tmp_path / "restored.sqlite3")
    other.begin_session(header(started_ns=START_NS + 1))
    write(other, session_records(2, 60, "r-"))
    with_other = JournalReader(other.path)
    Projector(database, with_other).catch_up()
    assert {row.client_id[:2] for row in OrderRow.select()} == {"r-"}
    with_other.close()
    other.close()


def test_the_thread_catches_up_follows_and_stops_in_order(journal, database, tmp_path: Path) -> None:
    journal.begin_session(header())
    records = session_records(5, 120)
    write(journal, records[:500])
    errors: list[StorageError] = []
    projection = Projection(journal.path, database, errors.append)
    projection.start()
    assert projection.wait_for(journal.last_seq, 30)
    for record in records[500:]:
        journal.append(record)
        journal.commit()
        projection.wake()
    assert projection.wait_for(journal.last_seq, 30)
    write(journal, session_records(6, 10, "last-"))
    projection.stop()
    assert projection.seq == journal.last_seq
    assert OrderRow.select().count() == 130
    assert errors == []


def test_the_thread_reports_a_journal_that_it_cannot_read_once(database, tmp_path: Path) -> None:
    errors: list[StorageError] = []
    projection = Projection(tmp_path / "missing.sqlite3", database, errors.append)
    projection.start()
    for _ in range(3):
        assert not projection.wait_for(1, 0.1)
    projection.stop()
    assert ["nothing has been recorded" in str(error) for error in errors] == [True]


def test_two_sessions_of_one_process_keep_their_tables_apart(tmp_path: Path) -> None:
    """As the execution service and its shadow do."""
    with ExitStack() as opened:
        sides = []
        for name in ("ours", "shadow"):
            journal = DiskJournal(tmp_path / f"{name}.journal")
            database, reader = open_database(tmp_path / f"{name}.sqlite3"), JournalReader(journal.path)
            for part in (journal, database, reader):
                opened.callback(part.close)
            sides.append((name, journal, database, Projector(database, reader)))
        for name, journal, _, _ in sides:
            journal.begin_session(header())
            write(journal, session_records(1, 40, f"{name}-"))
        for name, _, database, projector in sides:
            projector.catch_up()
            orders, fills = past_orders(database, 100, ["X", "Y"]), past_fills(database, 100)
            kept = [row.client_id for row in OrderRow.select().bind(database)]
            assert len(kept) == 40 and {*kept, *(o.client_id for o in orders)} == set(kept)
            assert fills and all(each.startswith(f"{name}-") for each in (*kept, *(f.client_id for f in fills)))
            assert past_equity(database, 100)
            paid = past_funding(database, 100)
            assert paid and all(each.funding_id.startswith(f"{name}-") for each in paid)
            assert [each.ts_ns for each in paid] == sorted(each.ts_ns for each in paid)
            assert past_funding(database, 1) == paid[-1:] and past_funding(database, 100, before_session=1) == []
