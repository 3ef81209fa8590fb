from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.market.recordings.markets import BTC, START_NS, Session, market, replayed_book
from workstation.core.errors import DataError
from workstation.core.messages import BookDelta, BookGap, BookSnapshot, FeedStatus, FundingRate, MarkPrice, Trade
from workstation.market.order_book import OrderBook
from workstation.market.recordings import read_recording, read_recordings
from workstation.market.recordings.file_format import recording_files


def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    messages = market(count=700)
    messages.insert(50, MarkPrice("BTCUSDT", messages[49].ts_ns, 10_000))
    messages.insert(90, FundingRate("BTCUSDT", messages[89].ts_ns, 1_000, 10_000))
    session = Session(tmp_path)
    session.recorder.start("BTCUSDT")
    session.feed(messages)
    session.recorder.close()
    (path,) = recording_files(tmp_path)
    assert path.name == "BTCUSDT-20260102T030405.recording"
    recording = read_recording(path)
    assert list(recording) == messages == list(recording)
    header = recording.header
    assert header.instrument == BTC
    assert (header.source, header.seed, header.continues) == ("Built-in market", 3, False)
    assert (header.first_ns, header.last_ns, header.inputs) == (START_NS, messages[-1].ts_ns, len(messages))
    assert session.log == [f"Recording BTCUSDT in {tmp_path}.", "Stopped recording BTCUSDT."]
    assert not session.errors and not session.bus.handlers.keys() & {Trade, BookDelta}


def test_a_recording_begins_with_the_book_of_its_time(tmp_path: Path) -> None:
    messages = market(count=600)
    session = Session(tmp_path)
    session.feed(messages[:300])
    session.recorder.start("BTCUSDT")
    session.recorder.start("BTCUSDT")
    session.feed(messages[300:])
    assert [(row.symbol, row.name) for row in session.recorder.recording()] == [
        ("BTCUSDT", "BTCUSDT-20260102T030410.recording")
    ]
    session.recorder.stop("BTCUSDT")
    session.recorder.stop("BTCUSDT")
    assert session.recorder.recording() == []
    read = list(read_recording(recording_files(tmp_path)[0]))
    assert isinstance(read[0], BookSnapshot) and read[0].ts_ns == messages[299].ts_ns
    assert read[1:] == messages[300:]
    book, live = replayed_book(read), session.books["BTCUSDT"]
    assert (book.bids, book.asks, book.sequence) == (live.bids, live.asks, live.sequence)


def test_a_recording_begins_with_the_mark_and_the_state_of_the_feed(tmp_path: Path) -> None:
    messages = market(count=4_000)
    before_ns = messages[299].ts_ns
    session = Session(tmp_path, segment_bytes=6_000)
    session.feed([*messages[:300], MarkPrice("BTCUSDT", before_ns, 9_990), FeedStatus("BTCUSDT", before_ns, False, "")])
    session.recorder.start("BTCUSDT")
    session.feed([FeedStatus("BTCUSDT", before_ns, True, ""), *messages[300:]])
    session.recorder.close()
    first, second, *_ = (read_recording(path) for path in recording_files(tmp_path))
    assert list(first)[:2] == [
        FeedStatus("BTCUSDT", before_ns, False, "BTCUSDT: it was down when the recording began"),
        MarkPrice("BTCUSDT", before_ns, 9_990),
    ]
    later_ns = second.header.first_ns
    known, book = list(second)[:2]
    assert known == MarkPrice("BTCUSDT", later_ns, 9_990) and isinstance(book, BookSnapshot)
    together = list(read_recordings(recording_files(tmp_path)))
    assert isinstance(together[2], BookSnapshot)
    assert together[3:] == [FeedStatus("BTCUSDT", before_ns, True, ""), *messages[300:]], "each was told once"


def test_a_mark_from_before_the_first_book_is_not_lost(tmp_path: Path) -> None:
    messages = market(count=50)
    session = Session(tmp_path)
    session.recorder.start("BTCUSDT")
    session.feed([MarkPrice("BTCUSDT", START_NS - 1, 9_990), *messages])
    session.recorder.close()
    assert list(read_recording(recording_files(tmp_path)[0])) == [MarkPrice("BTCUSDT", START_NS, 9_990), *messages]


def test_every_segment_can_be_read_alone_and_together_they_are_what_was_heard(tmp_path: Path) -> None:
    messages = market(count=4_000)
    session = Session(tmp_path, segment_bytes=6_000)
    session.recorder.start("BTCUSDT")
    session.feed(messages)
    size = session.recorder.recording()[0].size
    assert 0 < size < 12_000
    session.recorder.close()
    paths = recording_files(tmp_path)
    assert len(paths) > 3
    for path in paths:
        read = list(read_recording(path))
        assert isinstance(read[0], BookSnapshot)
        replayed_book(read)
    together = read_recordings(paths[::-1])
    assert list(together) == messages and together.holes == []
    assert [header.continues for header in together.headers] == [False] + [True] * (len(paths) - 1)
    without = read_recordings([paths[0], *paths[2:]])
    replayed_book(list(without))
    ((symbol, after_ns, before_ns),) = without.holes
    assert symbol == "BTCUSDT" and after_ns < before_ns == read_recording(paths[2]).header.first_ns


def test_a_gap_is_in_the_recording_as_it_was_in_the_session(tmp_path: Path) -> None:
    messages = market(count=200)
    gap_at = next(i for i, m in enumerate(messages) if i > 100 and isinstance(m, BookDelta))
    missed = messages[gap_at]
    session = Session(tmp_path)
    session.recorder.start("BTCUSDT")
    session.feed(messages[:gap_at])
    assert isinstance(missed, BookDelta)
    book = session.books["BTCUSDT"]
    got = missed.previous_sequence + 5
    assert not book.apply_delta(BookDelta("BTCUSDT", missed.ts_ns, got, got + 1, (), ()))
    session.bus.publish(
        BookGap(ts_ns=missed.ts_ns, symbol="BTCUSDT", expected=missed.previous_sequence, got=got, count=1)
    )
    trade = next(m for m in messages[gap_at:] if isinstance(m, Trade))
    session.feed([trade, BookSnapshot("BTCUSDT", trade.ts_ns, got + 9, ((1, 1),), ((2, 2),))])
    session.recorder.close()
    replay = OrderBook("BTCUSDT")
    whole = []
    for message in read_recording(recording_files(tmp_path)[0]):
        if isinstance(message, BookSnapshot):
            replay.apply_snapshot(message)
        elif isinstance(message, BookDelta):
            replay.apply_delta(message)
        whole.append(replay.synchronised)
    assert whole == [True] * gap_at + [False, False, True]
    assert replay.gaps == 1 and replay.sequence == got + 9


def test_the_feed_of_every_symbol_is_told_in_each_recording(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.recorder.start_all(["BTCUSDT", "ETHUSDT"])
    session.feed(market("BTCUSDT", count=5) + market("ETHUSDT", count=3))
    session.bus.publish(FeedStatus("", START_NS + 10**9, False, "disconnected"))
    session.bus.publish(FeedStatus("ETHUSDT", START_NS + 10**9, True, "back"))
    session.recorder.close()
    told = [m for m in read_recordings(recording_files(tmp_path)) if isinstance(m, FeedStatus)]
    assert [(status.symbol, status.connected) for status in told] == [
        ("BTCUSDT", False),
        ("ETHUSDT", False),
        ("ETHUSDT", True),
    ]


def test_two_recordings_of_one_second_have_names_of_their_own(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.feed(market(count=3))
    for _ in range(2):
        session.recorder.start("BTCUSDT")
        session.recorder.stop("BTCUSDT")
    assert [path.name for path in recording_files(tmp_path)] == [
        "BTCUSDT-20260102T030405.recording",
        "BTCUSDT-20260102T030405-2.recording",
    ]


def test_an_unknown_symbol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"DOGEUSDT cannot be recorded: .* which has BTCUSDT, ETHUSDT\.$"):
        Session(tmp_path).recorder.start("DOGEUSDT")


def test_a_folder_that_cannot_be_written_stops_the_recording_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    session = Session(tmp_path / "file")
    session.feed(market(count=3))
    session.recorder.start("BTCUSDT")
    assert session.recorder.recording() == []
    session.recorder.start("ETHUSDT")
    session.feed(market("ETHUSDT", count=300))
    assert session.recorder.recording() == []
    assert len([text for text in session.log if "stopped, trading goes on" in text]) == 2
    assert all(text.count(". ") == 0 for text in session.log)
    assert not session.errors


LIMITED = """
import resource, sys
from pathlib import Path
from tests.unit.market.recordings.markets import Session, market
from workstation.market.recordings import read_recording
from workstation.market.recordings.file_format import recording_files
folder, messages = Path(sys.argv[1]), market(count=6000)
session = Session(folder)
session.recorder.start("BTCUSDT")
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
session.feed(messages)
assert session.recorder.recording() == [], session.recorder.recording()
assert len(session.log) == 2 and "stopped, trading goes on" in session.log[1], session.log
assert not session.errors
recording = read_recording(recording_files(folder)[0])
read = list(recording)
assert len(read) > 500 and read == messages[: len(read)]
assert recording.dropped_bytes > 0
session.recorder.start("BTCUSDT")
assert session.recorder.recording()
session.recorder.close()
print("went on")
"""


@pytest.mark.skipif(os.name == "nt", reason="resource limits are POSIX")
def test_a_full_disk_ends_the_recording_and_keeps_what_was_written(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], check=False, capture_output=True, text=True, env=environment
    )
    assert (done.stdout.strip(), done.stderr) == ("went on", "")
