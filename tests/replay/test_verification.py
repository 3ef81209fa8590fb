"""What ``workstation verify`` proves, and that it names what was touched."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import msgspec
import pytest

from tests.replay.paper_session import START_NS, PaperSession, busy_configuration, with_settings
from workstation.core.errors import VerificationError
from workstation.core.messages import OrderFilled, OrderSubmitted
from workstation.core.timeframe import HOUR_NS
from workstation.storage.disk_journal import GENESIS, JournalReader, record_hash
from workstation.storage.layout import DataFolder
from workstation.verification import left_without_inputs, verify

pytestmark = pytest.mark.allow_log_warnings

Copied = Callable[[], Path]


def run(data: Path, strategies: Path | None = None):
    return verify(DataFolder(data), strategies)


def open_for_forgery(data: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(DataFolder(data).journal, isolation_level=None)
    for trigger in ("records_are_final", "records_stay"):
        connection.execute(f"DROP TRIGGER {trigger}")
    return connection


def rehash(connection: sqlite3.Connection) -> None:
    """What a forger who knows the format would do."""
    previous = GENESIS
    rows = connection.execute("SELECT seq, session, ts_ns, kind, body FROM records ORDER BY seq").fetchall()
    for seq, session, ts_ns, kind, body in rows:
        previous = record_hash(previous, seq, session, ts_ns, kind, body.encode())
        connection.execute("UPDATE records SET hash = ? WHERE seq = ?", (previous, seq))


def fill_of(connection: sqlite3.Connection) -> tuple[int, str]:
    seq, body = connection.execute(
        "SELECT seq, body FROM records WHERE kind = 'OrderFilled' ORDER BY seq LIMIT 1 OFFSET 5"
    ).fetchone()
    return seq, body


def test_it_proves_every_session(recorded: Path):
    found = run(recorded)
    reader = JournalReader(DataFolder(recorded).journal)
    records = [record for number in (1, 2) for record in reader.records(number)]
    reader.close()
    orders = sum(isinstance(record, OrderSubmitted) for record in records)
    fills = sum(isinstance(record, OrderFilled) for record in records)
    assert found.skipped == ()
    assert found.sentence() == f"Proved: 2 sessions, {orders} orders, {fills} fills."
    assert orders > 100 and fills > 50


def test_a_tampered_record_is_named(copied: Copied):
    data = copied()
    connection = open_for_forgery(data)
    seq, body = fill_of(connection)
    connection.execute("UPDATE records SET body = ? WHERE seq = ?", (body.replace('"price":', '"price":1'), seq))
    connection.close()
    with pytest.raises(VerificationError, match=f"broken at record {seq}: its content and its hash disagree"):
        run(data)


def test_a_record_forged_with_its_hashes_differs_from_what_the_inputs_give(copied: Copied):
    data = copied()
    connection = open_for_forgery(data)
    seq, body = fill_of(connection)
    connection.execute("UPDATE records SET body = ? WHERE seq = ?", (body.replace('"price":', '"price":1'), seq))
    rehash(connection)
    connection.close()
    with pytest.raises(VerificationError, match=rf"Session 1 differs at record {seq} .*OrderFilled"):
        run(data)


def test_a_missing_record_is_named(copied: Copied):
    data = copied()
    connection = open_for_forgery(data)
    seq, _ = fill_of(connection)
    connection.execute("DELETE FROM records WHERE seq = ?", (seq,))
    connection.close()
    with pytest.raises(VerificationError, match=f"broken at record {seq}: it is missing"):
        run(data)


def test_a_record_taken_out_with_all_traces_is_missed(copied: Copied):
    data = copied()
    connection = open_for_forgery(data)
    seq, _ = fill_of(connection)
    connection.execute("DELETE FROM records WHERE seq = ?", (seq,))
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DROP TRIGGER sessions_are_final")
    connection.execute("UPDATE records SET seq = -seq WHERE seq > ?", (seq,))
    connection.execute("UPDATE records SET seq = -seq - 1 WHERE seq < 0")
    connection.execute("UPDATE sessions SET seq = seq - 1 WHERE seq > ?", (seq,))
    rehash(connection)
    connection.close()
    with pytest.raises(VerificationError, match=f"Session 1 differs at record {seq} "):
        run(data)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_a_changed_byte_of_the_inputs_is_found(copied: Copied, part: float):
    data = copied()
    segment = next(iter(sorted(DataFolder(data).session_inputs(1).iterdir())))
    content = bytearray(segment.read_bytes())
    content[int(len(content) * part)] ^= 0x10
    segment.write_bytes(content)
    with pytest.raises(VerificationError, match=r"segment .* is damaged"):
        run(data)


def test_inputs_cut_off_at_the_end_of_an_orderly_session_are_found(copied: Copied):
    data = copied()
    segment = max(DataFolder(data).session_inputs(1).iterdir())
    segment.write_bytes(segment.read_bytes()[:-40])
    with pytest.raises(VerificationError, match="Session 1"):
        run(data)


def test_the_torn_tail_of_a_crash_is_tolerated(copied: Copied):
    data = copied()
    segment = max(DataFolder(data).session_inputs(2).iterdir())
    segment.write_bytes(segment.read_bytes() + b"\xf4frm\xff\x00\x00")
    assert run(data).sessions == 2


def test_journalled_orders_without_their_inputs_are_found(copied: Copied):
    data = copied()
    segment = max(DataFolder(data).session_inputs(2).iterdir())
    content = segment.read_bytes()
    segment.write_bytes(content[: len(content) // 2])
    with pytest.raises(VerificationError, match=r"Session 2 differs at record .*its inputs end before it"):
        run(data)


def test_what_was_journalled_as_the_machine_stopped_is_said_to_be_unproved(copied: Copied):
    """A power cut loses inputs that were not on disk yet: no order of theirs had left."""
    data = copied()
    reader = JournalReader(DataFolder(data).journal)
    records = list(reader.records(2))
    reader.close()
    last_order = max(i for i, record in enumerate(records) if isinstance(record, OrderSubmitted))
    tail = records[last_order:]
    assert left_without_inputs(tail) == (tail[-1].ts_ns > tail[0].ts_ns)
    assert not left_without_inputs([tail[0]])
    assert not left_without_inputs([record for record in tail if not isinstance(record, OrderSubmitted)])
    segment = max(DataFolder(data).session_inputs(2).iterdir())
    content = segment.read_bytes()
    frames = [i for i in range(len(content)) if content.startswith(b"\xf4frm", i)]
    segment.write_bytes(content[: frames[-1]])
    found = run(data)
    assert found.sessions == 2
    assert not found.skipped or "are not proved: the machine stopped" in found.skipped[0]


def test_a_session_whose_inputs_are_gone_is_skipped_and_said(copied: Copied):
    data = copied()
    rmtree(DataFolder(data).session_inputs(1))
    found = run(data)
    assert found.sessions == 1
    assert found.skipped == ("Session 1 was not run again: its inputs were not recorded or have been pruned.",)


def test_a_strategy_that_changed_since_is_said(tmp_path: Path):
    folder = tmp_path / "strategies"
    folder.mkdir()
    source = "from workstation.trading.strategy import Strategy\n\nclass Mine(Strategy):\n    pass\n"
    (folder / "mine.py").write_text(source)
    loaded = busy_configuration(strategy_folder=str(folder))
    settings = loaded.settings
    entry = settings.strategies["grid"]
    mine = type(entry)(strategy="mine", symbol="BTCUSDT", timeframe="1m", start=True, parameters={})
    loaded = with_settings(loaded, msgspec.structs.replace(settings, strategies={"mine": mine}))
    session = PaperSession(tmp_path / "data", loaded)
    session.let_pass(20)
    session.close()
    assert run(tmp_path / "data", folder).sessions == 1
    (folder / "mine.py").write_text(source + "    title = 'New'\n")
    found = run(tmp_path / "data", folder)
    assert found.skipped == ("Session 1 was not run again: the code of mine has changed since.",)


def test_what_the_next_session_opens_with_is_what_the_killed_one_had(recorded: Path, copied: Copied):
    """The state is compared part by part: orders, fills, positions, profit and loss, strategies."""
    data = copied()
    before = JournalReader(DataFolder(data).journal)
    fills = [record for record in before.records(2) if isinstance(record, OrderFilled)]
    before.close()
    third = PaperSession(data, busy_configuration(), start_ns=START_NS + 2 * HOUR_NS)
    positions = third.session.kernel.ledger.positions
    assert sum(position.fills for position in positions.values()) >= len(fills) > 0
    assert third.session.number == 3
    third.let_pass(30)
    third.close()
    assert run(data).sessions == 3
