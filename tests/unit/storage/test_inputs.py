from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.storage.records import START_NS
from workstation.core.errors import StorageError, VerificationError
from workstation.core.input_codec import InputDecoder, InputEncoder
from workstation.core.messages import (
    BookDelta,
    BookSnapshot,
    FeedStatus,
    Heartbeat,
    Input,
    Kill,
    PlaceOrder,
    SetParameters,
    Trade,
)
from workstation.core.orders import Intent
from workstation.core.timeframe import DAY_NS
from workstation.core.types import Side
from workstation.storage.inputs import InputRecorder, prune_inputs, read_inputs

BIG = 64 << 20


def market(seed: int, count: int) -> list[Input]:
    rng = random.Random(seed)
    messages: list[Input] = [BookSnapshot("BTCUSDT", START_NS, 5, ((100, 3),), ((101, 4),))]
    for number in range(count):
        symbol = rng.choice(("BTCUSDT", "ETHUSDT"))
        ts_ns = START_NS + number * 1_000_003
        price = rng.randrange(400_000, 401_000)
        if rng.random() < 0.3:
            side = rng.choice((Side.BUY, Side.SELL))
            messages.append(Trade(symbol, ts_ns, price, rng.randrange(1, 9999), side, number))
        elif rng.random() < 0.05:
            messages.append(Heartbeat(ts_ns))
        else:
            bids = tuple((price - level, rng.randrange(0, 9999)) for level in range(rng.randrange(3)))
            asks = tuple((price + level, rng.randrange(0, 9999)) for level in range(rng.randrange(3)))
            messages.append(BookDelta(symbol, ts_ns, number, number + 1, bids, asks))
    intent = Intent(symbol="BTCUSDT", side=Side.SELL, lots=3)
    messages.append(PlaceOrder(ts_ns=START_NS, who="desktop", intent=intent))
    messages.append(SetParameters(ts_ns=START_NS, strategy="grid", values={"step": 3, "name": "x", "on": True}))
    messages.append(Kill(ts_ns=START_NS, reason="stop", flatten=True))
    messages.append(FeedStatus("", START_NS, False, "disconnected"))
    return messages


def record(folder: Path, messages: list[Input], segment_bytes: int = BIG, each: int = 20) -> None:
    recorder = InputRecorder(folder, segment_bytes)
    for start in range(0, len(messages), each):
        for message in messages[start : start + each]:
            recorder.append(message)
        recorder.flush()
    recorder.close()


whole = st.integers(-(2**62), 2**62)
levels = st.lists(st.tuples(whole, whole), max_size=3).map(tuple)
symbols = st.sampled_from(("A", "B", "BTCUSDT"))
messages_ = st.one_of(
    st.builds(Trade, symbols, whole, whole, whole, st.sampled_from(Side), whole),
    st.builds(BookDelta, symbols, whole, whole, whole, levels, levels),
    st.builds(BookSnapshot, symbols, whole, whole, levels, levels),
    st.builds(Heartbeat, whole),
)


@given(st.lists(st.lists(messages_, max_size=6), max_size=4))
def test_encoding_loses_nothing(blocks: list[list[Input]]) -> None:
    encoder, decoder = InputEncoder(), InputDecoder()
    for block in blocks:
        assert list(decoder.decode(encoder.encode(block))) == block


def test_inputs_are_read_back_over_many_segments(tmp_path: Path) -> None:
    messages = market(1, 3000)
    record(tmp_path, messages, segment_bytes=2_000)
    assert len(list(tmp_path.iterdir())) > 5
    reader = read_inputs(tmp_path)
    assert list(reader) == messages
    assert reader.dropped_bytes == 0


def test_what_was_flushed_is_on_disk_before_the_recorder_closes(tmp_path: Path) -> None:
    messages = market(2, 100)
    recorder = InputRecorder(tmp_path, BIG)
    for message in messages:
        recorder.append(message)
    recorder.flush()
    assert list(read_inputs(tmp_path)) == messages
    recorder.close()


def test_a_sync_that_fails_is_told_when_it_is_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = InputRecorder(tmp_path, BIG)
    recorder.append(Heartbeat(START_NS))
    recorder.flush()

    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("workstation.storage.inputs._to_disk", fails)
        recorder.begin_sync()
        with pytest.raises(StorageError, match="Input/output error"):
            recorder.end_sync()
    recorder.begin_sync()
    recorder.end_sync()
    recorder.end_sync()
    recorder.close()


def test_a_tail_torn_anywhere_ends_at_the_last_whole_block(tmp_path: Path) -> None:
    messages = market(3, 200)
    record(tmp_path / "whole", messages, each=20)
    content = (tmp_path / "whole" / "000001.inputs.zst").read_bytes()
    torn = tmp_path / "torn"
    torn.mkdir()
    for length in [*range(0, 40), *range(40, len(content), 61)]:
        (torn / "000001.inputs.zst").write_bytes(content[:length])
        reader = read_inputs(torn)
        read = list(reader)
        assert read == messages[: len(read)]
        assert len(read) % 20 == 0 or len(read) == len(messages)
        assert reader.dropped_bytes <= length
    (torn / "000001.inputs.zst").write_bytes(content[:-30] + bytes(30))
    reader = read_inputs(torn)
    assert list(reader) == messages[: len(list(reader))]
    assert reader.dropped_bytes > 0


def test_damage_in_the_middle_is_reported(tmp_path: Path) -> None:
    messages = market(4, 2000)
    record(tmp_path, messages, segment_bytes=4_000)
    first = tmp_path / "000001.inputs.zst"
    content = first.read_bytes()
    for position in (0, 9, 13, 17, len(content) // 2, len(content) - 1):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        first.write_bytes(damaged)
        with pytest.raises(VerificationError, match="damaged at byte"):
            list(read_inputs(tmp_path))
    first.write_bytes(content[:-5])
    with pytest.raises(VerificationError, match="damaged at byte"):
        list(read_inputs(tmp_path))
    first.write_bytes(content)
    last = max(tmp_path.iterdir())
    damaged = bytearray(last.read_bytes())
    damaged[30] ^= 1
    last.write_bytes(damaged)
    with pytest.raises(VerificationError, match="damaged at byte"):
        list(read_inputs(tmp_path))
    (tmp_path / "000002.inputs.zst").unlink()
    with pytest.raises(VerificationError, match=r"000002\.inputs\.zst is missing"):
        list(read_inputs(tmp_path))


def test_a_newer_format_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no recorded inputs"):
        read_inputs(tmp_path)
    record(tmp_path, market(5, 10))
    path = tmp_path / "000001.inputs.zst"
    content = bytearray(path.read_bytes())
    content[6] = 9
    path.write_bytes(content)
    with pytest.raises(StorageError, match="newer version"):
        list(read_inputs(tmp_path))


LIMITED = """
import resource, sys
from pathlib import Path
from tests.unit.storage.test_inputs import market
from workstation.core.errors import StorageError
from workstation.storage.inputs import InputRecorder, read_inputs
folder, messages = Path(sys.argv[1]), market(6, 3000)
recorder = InputRecorder(folder, 64 << 20)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
refused = 0
for number, message in enumerate(messages):
    recorder.append(message)
    if number % 50 == 0:
        try:
            recorder.flush()
        except StorageError as error:
            assert "could not be recorded" in str(error), error
            refused += 1
assert refused > 3, refused
readable = list(read_inputs(folder))
assert readable and readable == messages[:len(readable)]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recorder.close()
assert list(read_inputs(folder)) == messages
print("kept")
"""


@pytest.mark.skipif(os.name == "nt", reason="resource limits are POSIX")
def test_a_full_disk_loses_no_input(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert (done.stdout.strip(), done.stderr) == ("kept", "")


def test_a_segment_that_cannot_be_ended_is_ended_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = market(7, 400)
    recorder = InputRecorder(tmp_path, segment_bytes=1_000)
    write, calls = os.write, 0

    def unreliable(file: int, content: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise OSError(28, "No space left on device")
        return write(file, bytes(content)[:100])

    monkeypatch.setattr(os, "write", unreliable)
    for message in messages:
        recorder.append(message)
        try:
            recorder.flush()
        except StorageError:
            continue
    monkeypatch.undo()
    recorder.close()
    assert list(read_inputs(tmp_path)) == messages


def test_old_sessions_are_pruned(tmp_path: Path) -> None:
    for name in ("session-000001", "session-000002", "session-000003"):
        record(tmp_path / name, market(8, 5))
    now_ns = max(path.stat().st_mtime_ns for path in tmp_path.rglob("*.zst")) + DAY_NS
    for name in ("session-000001", "session-000003"):
        os.utime(tmp_path / name / "000001.inputs.zst", ns=(0, now_ns - 9 * DAY_NS))
    assert prune_inputs(tmp_path, 8, now_ns, keep=frozenset({"session-000003"})) == ["session-000001"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["session-000002", "session-000003"]
    assert prune_inputs(tmp_path / "missing", 8, now_ns) == []
