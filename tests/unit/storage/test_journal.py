from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.storage.records import START_NS, filled, header, session_records, submitted
from workstation.core.errors import StorageError, VerificationError
from workstation.core.messages import Output, SignalEmitted, StrategyStateSaved
from workstation.core.types import Side
from workstation.storage.disk_journal import DiskJournal, JournalReader
from workstation.storage.journal import Journal, MemoryJournal, SessionSummary, order_hash


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[DiskJournal]:
    journal = DiskJournal(path)
    yield journal
    journal.close()


def tampered(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("kind", [DiskJournal, MemoryJournal])
def test_what_is_committed_is_read_back(kind: type, path: Path) -> None:
    journal: Journal = kind(path) if kind is DiskJournal else kind()
    first, second = session_records(1, 30), session_records(2, 20, "s2-")
    for records in (first, second):
        journal.begin_session(header())
        for record in records:
            journal.append(record)
        journal.commit()
        assert journal.pending == 0
        journal.end_session(SessionSummary(ended_ns=START_NS + 5, reason="closed", orders=len(records)))
    assert list(journal.records(1)) == first
    assert list(journal.records(2)) == second
    assert list(journal.records(3)) == []
    entries = journal.sessions()
    assert [entry.header for entry in entries] == [header(number=1), header(number=2)]
    assert [entry.summary.orders for entry in entries if entry.summary] == [len(first), len(second)]
    assert [entry.last_seq - entry.first_seq + 1 for entry in entries] == [len(first), len(second)]
    journal.close()


def test_the_chain_goes_on_over_sessions_and_restarts(path: Path) -> None:
    for number in (1, 2, 3):
        journal = DiskJournal(path)
        assert journal.begin_session(header()) == number
        journal.append(submitted(f"{number}"))
        journal.close()
    with_reader = JournalReader(path)
    assert with_reader.check_chain() == 6
    assert with_reader.written() == (journal.last_seq, journal.last_hash)
    assert [entry.summary for entry in with_reader.sessions()] == [None, None, None]
    with_reader.close()


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE records SET body = replace(body, '430001', '430002') WHERE seq = 3", 3),
        ("UPDATE records SET ts_ns = ts_ns + 1 WHERE seq = 2", 2),
        ("UPDATE records SET hash = zeroblob(32) WHERE seq = 4", 4),
        ("UPDATE records SET session = 2 WHERE seq = 5", 5),
        ("DELETE FROM records WHERE seq = 4", 4),
        ("UPDATE sessions SET seq = 2 WHERE number = 1", 1),
        ("DELETE FROM sessions", 1),
        ("DELETE FROM records", 1),
    ],
)
def test_a_changed_record_breaks_the_chain_at_its_number(path: Path, statement: str, seq: int) -> None:
    journal = DiskJournal(path)
    journal.begin_session(header())
    for number in range(5):
        journal.append(submitted(str(number)))
    journal.close()
    tampered(path, statement)
    reader = JournalReader(path)
    with pytest.raises(VerificationError, match=f"broken at record {seq}:"):
        reader.check_chain()
    reader.close()


@pytest.mark.parametrize("table", ["records", "sessions"])
def test_the_file_itself_refuses_changes(journal: DiskJournal, path: Path, table: str) -> None:
    journal.begin_session(header())
    connection = sqlite3.connect(path)
    for statement in (f"UPDATE {table} SET seq = 9", f"DELETE FROM {table}"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_full_disk_writes_nothing_and_keeps_what_is_pending(journal: DiskJournal) -> None:
    journal.begin_session(header())
    journal.append(submitted("before"))
    journal.commit()
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    late = [submitted(f"late {number}", reason="x" * 500) for number in range(100)]
    for order in late:
        journal.append(order)
    for _ in range(2):
        with pytest.raises(StorageError, match="disk is full"):
            journal.commit()
        assert journal.pending == 100
        assert [record.client_id for record in journal.records(1)] == ["before"]  # type: ignore[union-attr]
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    journal.append(submitted("after"))
    journal.commit()
    assert list(journal.records(1)) == [submitted("before"), *late, submitted("after")]
    assert journal.check_chain() == 103


def test_a_commit_that_failed_after_it_was_written_is_not_written_twice(journal: DiskJournal, path: Path) -> None:
    journal.begin_session(header())
    journal.append(submitted("1"))
    rows = list(journal._rows)
    journal.commit()
    # As after a sync that failed although the pages reached the disk.
    journal._rows, journal.pending, journal._in_doubt = rows, 1, True
    journal.append(submitted("2"))
    journal.commit()
    assert list(journal.records(1)) == [submitted("1"), submitted("2")]
    assert journal.check_chain() == 3


WRITER = """
import sys
from pathlib import Path
from tests.unit.storage.records import header, submitted
from workstation.storage.disk_journal import DiskJournal
journal = DiskJournal(Path(sys.argv[1]))
journal.begin_session(header())
number = 0
while True:
    for part in range(3):
        journal.append(submitted(f"{number}/{part}"))
    journal.commit()
    print(number, flush=True)
    number += 1
"""


def test_kill_9_loses_at_most_what_was_not_committed(path: Path) -> None:
    for round_, acknowledged_before_kill in enumerate((1, 40, 173)):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, env=environment()
        )
        assert writer.stdout is not None
        for _ in range(acknowledged_before_kill):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.stdout.close()
        writer.wait()
        acknowledged = acknowledged_before_kill + len(rest)
        journal = DiskJournal(path)
        journal.check_chain()
        ids = [record.client_id for record in journal.records(round_ + 1)]  # type: ignore[union-attr]
        journal.close()
        whole = len(ids) // 3
        assert ids == [f"{number}/{part}" for number in range(whole) for part in range(3)]
        assert acknowledged <= whole <= acknowledged + 1


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_lesson_26_database_is_locked_never_appears_with_a_reader_hammering(journal: DiskJournal, path: Path) -> None:
    journal.begin_session(header())
    stop = threading.Event()
    failures: list[BaseException] = []
    reads = 0

    def hammer() -> None:
        nonlocal reads
        try:
            reader = JournalReader(path)
            while not stop.is_set():
                seen = [record.seq for record in reader.entries(0)]
                assert seen == list(range(1, len(seen) + 1))
                reader.checkpoint()
                reads += 1
            reader.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for thread in threads:
        thread.start()
    number = 0
    while number < 200 or (reads < 20 and not failures):
        journal.append(submitted(str(number)))
        journal.commit()
        number += 1
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert journal.check_chain() == number + 1


def test_a_journal_of_a_newer_version_is_refused(path: Path) -> None:
    DiskJournal(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for kind in (DiskJournal, JournalReader):
        with pytest.raises(StorageError, match=r"newer version of the workstation \(schema 99"):
            kind(path)


def test_files_that_are_no_journals_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nothing has been recorded"):
        JournalReader(path)
    assert not path.exists()
    path.write_bytes(b"something else " * 100)
    with pytest.raises(StorageError, match="is damaged"):
        DiskJournal(path)
    with pytest.raises(StorageError, match="may write to its folder"):
        DiskJournal(tmp_path / "missing" / "journal.sqlite3")


def test_what_json_cannot_hold_is_refused_before_it_is_journalled(journal: DiskJournal) -> None:
    journal.begin_session(header())
    signal_ = SignalEmitted(
        ts_ns=1, strategy="x", symbol="BTCUSDT", side=Side.BUY, confidence=float("nan"), parts={}, price=1
    )
    with pytest.raises(ValueError):
        journal.append(signal_)
    with pytest.raises(TypeError):
        journal.append(StrategyStateSaved(ts_ns=1, strategy="x", state={"a": object()}))
    assert journal.pending == 0
    saved = StrategyStateSaved(ts_ns=1, strategy="x", state={"last": None})
    journal.append(saved)
    journal.commit()
    assert list(journal.records(1)) == [saved]


def test_nothing_is_journalled_outside_a_session(journal: DiskJournal) -> None:
    with pytest.raises(StorageError, match="outside a session"):
        journal.append(submitted("1"))


def test_order_hash_is_the_same_in_any_session_and_differs_with_any_decision() -> None:
    first = order_hash(session_records(5, 50, "s1-"))
    assert first == order_hash(session_records(5, 50, "s27-"))
    assert first != order_hash(session_records(6, 50, "s1-"))
    order = submitted("1")
    variants: list[list[Output]] = [
        [order, filled(order, 5, 1)],
        [order, filled(order, 6, 1)],
        [order, filled(order, 5, 1, START_NS + 1)],
        [order, filled(order, 5, 1), filled(order, 5, 2)],
        [order],
        [submitted("1", owner="manual")],
        [],
    ]
    assert len({order_hash(records) for records in variants}) == len(variants)
