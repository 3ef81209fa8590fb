from __future__ import annotations

import tempfile
from pathlib import Path
from struct import pack, unpack_from

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.market.recordings.markets import BTC, ETH, START_NS, market
from workstation.core.errors import DataError
from workstation.core.messages import BookSnapshot, MarketInput, MarkPrice
from workstation.core.timeframe import SECOND_NS
from workstation.market.recordings import RecordingHeader, read_header, read_recording, read_recordings
from workstation.market.recordings.file_format import head_bytes, is_recording
from workstation.market.recordings.writing import RecordingWriter

HEADER = RecordingHeader(instrument=BTC, source="Binance spot")


def write(folder: Path, messages: list[MarketInput], header: RecordingHeader = HEADER) -> Path:
    first = messages[0]
    assert isinstance(first, BookSnapshot)
    writer = RecordingWriter(folder, header, first)
    for message in messages[1:]:
        writer.append(message)
    writer.close()
    return writer.path


@given(st.integers(0, 50), st.integers(1, 900), st.booleans())
def test_a_file_holds_what_was_written(seed: int, count: int, continues: bool) -> None:
    messages = market(seed=seed, count=count)
    header = msgspec.structs.replace(HEADER, continues=continues)
    with tempfile.TemporaryDirectory() as folder:
        recording = read_recording(write(Path(folder), messages, header))
        assert list(recording) == messages
        assert recording.header == msgspec.structs.replace(
            header, first_ns=START_NS, last_ns=messages[-1].ts_ns, inputs=len(messages)
        )


def test_a_tail_torn_anywhere_ends_at_the_last_whole_frame(tmp_path: Path) -> None:
    messages = market(count=1_000)
    content = write(tmp_path, messages).read_bytes()
    torn = tmp_path / "torn.recording"
    start = len(head_bytes(HEADER)) + 28
    for length in [*range(start, start + 30), *range(start + 30, len(content), 97)]:
        torn.write_bytes(content[:length])
        recording = read_recording(torn)
        read = list(recording)
        assert read == messages[: len(read)]
        assert recording.dropped_bytes < length
    for length in range(0, start, 11):
        torn.write_bytes(content[:length])
        with pytest.raises(DataError, match="ends within its head, so it holds no market data: leave it out"):
            read_recording(torn)


def test_every_kind_of_bad_file_has_its_sentence(tmp_path: Path) -> None:
    path = write(tmp_path, market(count=1_500))
    content = path.read_bytes()
    assert is_recording(path)

    def sentence(changed: bytes) -> str:
        path.write_bytes(changed)
        with pytest.raises(DataError) as caught:
            list(read_recording(path))
        text = str(caught.value)
        assert text.startswith(str(path)) and text.endswith(".") and "\n" not in text
        return text.removeprefix(str(path))

    def flipped(position: int) -> bytes:
        damaged = bytearray(content)
        damaged[position] ^= 0x55
        return bytes(damaged)

    assert sentence(b"time,open\n1,2\n").startswith(" is not a recording of the workstation; `workstation data import`")
    assert "written by a newer version of the workstation (format 9, this one knows 2)" in sentence(
        content[:6] + pack("<H", 9) + content[8:]
    )
    head = len(head_bytes(HEADER))
    for position in (8, 9, 11, 40, head - 1, head + 3, head + 27):
        assert sentence(flipped(position)) == " is damaged in its head: get it again, or leave it out."
    for position in (head + 30, head + 60, len(content) // 2):
        assert "damaged at byte" in sentence(flipped(position))
    with pytest.raises(DataError, match=r"^There is no file .*missing\.recording\.$"):
        read_header(tmp_path / "missing.recording")
    with pytest.raises(DataError, match=r"cannot be read: Is a directory\.$"):
        read_header(tmp_path)


def test_a_file_of_format_1_is_still_read() -> None:
    """It was written before a recording told what was known when it began, with a mark in the middle."""
    path = Path(__file__).with_name("format_1.recording")
    assert unpack_from("<6sH", path.read_bytes()) == (b"WSTREC", 1)
    messages = market(count=60)
    messages.insert(50, MarkPrice("BTCUSDT", messages[49].ts_ns, 10_000))
    recording = read_recording(path)
    assert list(recording) == messages and recording.dropped_bytes == 0
    assert recording.header == RecordingHeader(
        instrument=BTC,
        source="Built-in market",
        seed=3,
        first_ns=START_NS,
        last_ns=messages[-1].ts_ns,
        inputs=len(messages),
    )


def test_symbols_are_merged_in_order_of_time(tmp_path: Path) -> None:
    btc, eth = market(count=300), market("ETHUSDT", seed=2, count=200, start_ns=START_NS + SECOND_NS + 1)
    paths = [write(tmp_path, eth, RecordingHeader(instrument=ETH, source="Binance spot")), write(tmp_path, btc)]
    recordings = read_recordings(paths)
    merged = list(recordings)
    assert [message.ts_ns for message in merged] == sorted(message.ts_ns for message in btc + eth)
    assert [m for m in merged if m.symbol == "ETHUSDT"] == eth  # type: ignore[union-attr]
    assert recordings.inputs == len(merged) == 500
    assert (recordings.first_ns, recordings.last_ns) == (START_NS, btc[-1].ts_ns)
    assert recordings.instruments == {"BTCUSDT": BTC, "ETHUSDT": ETH}


def test_files_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    messages = market(count=300)
    path = write(tmp_path, messages)
    later = market(count=10, start_ns=messages[-1].ts_ns + SECOND_NS)

    def refusal(other: Path) -> str:
        with pytest.raises(DataError) as caught:
            read_recordings([path, other])
        return str(caught.value)

    assert "both hold BTCUSDT at 2026-01-02 03:04:05 UTC: give only one of them." in refusal(path)
    finer = msgspec.structs.replace(BTC, lot=BTC.lot / 10)
    other_terms = write(tmp_path, later, msgspec.structs.replace(HEADER, instrument=finer))
    assert "hold BTCUSDT on different terms" in refusal(other_terms)
    invented = write(tmp_path, later, RecordingHeader(instrument=BTC, source="Built-in market", seed=4))
    assert "is of Binance spot" in refusal(invented) and "of Built-in market, seed 4" in refusal(invented)
    following = read_recordings([write(tmp_path, later), path])
    assert list(following) == messages + later
    assert following.holes == [("BTCUSDT", messages[-1].ts_ns, later[0].ts_ns)]
