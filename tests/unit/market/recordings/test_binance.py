from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.market.recordings.markets import BTC
from workstation.core.errors import DataError
from workstation.core.messages import BookDelta, BookSnapshot, MarketInput, Trade
from workstation.core.types import InstrumentKind, Side
from workstation.market.order_book import OrderBook
from workstation.market.recordings.binance import (
    StreamRecording,
    _amount,
    is_stream_recording,
    recorded_symbol,
    spot_terms,
)

FIRST_NS = 1_723_161_253_000_000_000
Levels = Sequence[tuple[str, str]]


def line(number: int, message: object) -> str:
    return f"{FIRST_NS + number * 1_000_000} {json.dumps(message)}"


def changes(number: int, first: int, last: int, bids: Levels = (), asks: Levels = (), **more: object) -> str:
    data = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": asks, **more}
    return line(number, {"stream": "btcusdt@depth@100ms", "data": data})


def trade(number: int, trade_id: int, price: str = "100.01", sold: bool = False, **more: object) -> str:
    data = {"e": "trade", "s": "BTCUSDT", "t": trade_id, "p": price, "q": "0.00002000", "m": sold, "M": True, **more}
    return line(number, {"stream": "btcusdt@trade", "data": data})


def snapshot(number: int, held: int) -> str:
    return line(number, {"lastUpdateId": held, "bids": [["100.00", "1.00000000"]], "asks": [["100.02", "2.5"]]})


def streams(path: Path, lines: list[str]) -> StreamRecording:
    path.write_text("\n".join(lines) + "\n")
    return StreamRecording([path], spot_terms(BTC))


def sequences(messages: list[MarketInput]) -> list[tuple[int, int]]:
    return [(m.previous_sequence, m.sequence) for m in messages if isinstance(m, BookDelta)]


def test_changes_from_before_the_snapshot_are_applied_after_it(tmp_path: Path) -> None:
    recording = streams(
        tmp_path / "file",
        [
            trade(0, 1),
            changes(1, 1, 5),
            changes(2, 6, 12, bids=[("100.00000000", "0.00000000"), ("99.99", "0.00003")]),
            changes(3, 13, 13),
            snapshot(4, 10),
            changes(5, 14, 20, asks=[("100.02", "0")]),
            trade(6, 2),
            trade(7, 3, sold=True),
            trade(8, 3, sold=True),
        ],
    )
    messages = list(recording)
    assert messages[0] == BookSnapshot("BTCUSDT", FIRST_NS + 4_000_000, 10, ((10_000, 100_000),), ((10_002, 250_000),))
    assert sequences(messages) == [(10, 12), (12, 13), (13, 20)]
    assert [m.ts_ns - FIRST_NS for m in messages] == [4_000_000] * 3 + [5_000_000, 6_000_000, 7_000_000]
    assert messages[1] == BookDelta("BTCUSDT", FIRST_NS + 4_000_000, 10, 12, ((10_000, 0), (9_999, 3)), ())
    assert messages[-2:] == [
        Trade("BTCUSDT", FIRST_NS + 6_000_000, 10_001, 2, Side.BUY, 2),
        Trade("BTCUSDT", FIRST_NS + 7_000_000, 10_001, 2, Side.SELL, 3),
    ]
    assert recording.left_out == {"trade before the first book": 1}
    assert (recording.book_gaps, recording.missing_trades) == (0, 0)
    assert list(recording) == messages


def test_lesson_18_a_gap_is_passed_on_and_ends_with_the_next_snapshot(tmp_path: Path) -> None:
    recording = streams(
        tmp_path / "file",
        [
            snapshot(0, 10),
            changes(1, 11, 12),
            trade(2, 1),
            changes(3, 15, 16),
            changes(4, 17, 18),
            trade(5, 4),
            snapshot(6, 14),
            snapshot(7, 17),
            changes(8, 19, 19),
            snapshot(9, 15),
        ],
    )
    book = OrderBook("BTCUSDT")
    whole = []
    for message in recording:
        if isinstance(message, BookSnapshot):
            book.apply_snapshot(message)
        elif isinstance(message, BookDelta):
            book.apply_delta(message)
        whole.append((type(message).__name__, book.synchronised, book.sequence))
    assert whole == [
        ("BookSnapshot", True, 10),
        ("BookDelta", True, 12),
        ("Trade", True, 12),
        ("BookDelta", False, 12),
        ("Trade", False, 12),
        ("BookSnapshot", True, 14),
        ("BookDelta", True, 16),
        ("BookDelta", True, 18),
        ("BookDelta", True, 19),
    ]
    assert (recording.book_gaps, recording.missing_trades, book.gaps) == (1, 2, 1)


def test_an_overlap_is_a_gap_but_for_the_first_change_after_a_snapshot(tmp_path: Path) -> None:
    recording = streams(tmp_path / "file", [snapshot(0, 10), changes(1, 9, 12), changes(2, 12, 14)])
    book = OrderBook("BTCUSDT")
    for message in recording:
        if isinstance(message, BookSnapshot):
            book.apply_snapshot(message)
        elif isinstance(message, BookDelta):
            book.apply_delta(message)
    assert recording.book_gaps == 1 and not book.synchronised


def test_a_snapshot_that_is_too_old_waits_for_the_next(tmp_path: Path) -> None:
    lines = [changes(0, 20, 22), snapshot(1, 15), changes(2, 23, 24), snapshot(3, 21)]
    messages = list(streams(tmp_path / "file", lines))
    assert [type(m).__name__ for m in messages] == ["BookSnapshot", "BookDelta", "BookDelta"]
    assert sequences(messages) == [(21, 22), (22, 24)]
    with pytest.raises(DataError, match="no snapshot that the changes continue; give the file with the snapshot first"):
        list(streams(tmp_path / "file", lines[:3]))


def test_files_are_read_as_one(tmp_path: Path) -> None:
    lines = [snapshot(0, 10), *(changes(number, 10 + number, 10 + number) for number in range(1, 8))]
    whole = list(streams(tmp_path / "whole", lines))
    first, second = tmp_path / "first", tmp_path / "second.gz"
    first.write_text("\n".join(lines[:4]))
    second.write_bytes(gzip.compress("\n".join(lines[4:]).encode()))
    assert list(StreamRecording([first, second], spot_terms(BTC))) == whole
    assert is_stream_recording(second) and recorded_symbol(second) == "BTCUSDT"


def test_a_clock_that_was_set_back_does_not_turn_the_order(tmp_path: Path) -> None:
    messages = list(streams(tmp_path / "file", [snapshot(5, 10), trade(3, 1), trade(9, 2)]))
    assert [m.ts_ns - FIRST_NS for m in messages] == [5_000_000, 5_000_000, 9_000_000]


def test_levels_of_another_lot_count_with_their_whole_lots(tmp_path: Path) -> None:
    recording = streams(tmp_path / "file", [snapshot(0, 1), changes(1, 2, 2, asks=[("200000", "25.42618900")])])
    (delta,) = (m for m in recording if isinstance(m, BookDelta))
    assert delta.asks == ((20_000_000, 2_542_618),) and recording.cut_levels == 1


@given(st.integers(0, 10**17), st.integers(0, 8))
def test_amounts_are_exact(amount: int, decimals: int) -> None:
    text = f"{Decimal(amount).scaleb(-decimals):f}"
    assert _amount(text) == Decimal(text) * 10**8


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (trade(1, 1, price="100.015"), "100.015 is not a multiple of the configured step 0.01."),
        (trade(1, 1, price="-1"), "'-1' is not a number of at most 8 decimals."),
        (trade(1, 1, price="1_0"), "'1_0' is not a number of at most 8 decimals."),
        (trade(1, 1, s="ETHUSDT"), "it is of ETHUSDT; a recording of BTCUSDT holds no other symbol."),
        (changes(1, 11, 12, pu=10), "it is a message of Binance's futures; only recordings of spot streams are read."),
        ("nonsense", "it does not begin with a receive time in nanoseconds and a JSON object."),
        (trade(1, 1)[:-9], "it is not a message of Binance's streams ("),
        (line(1, {"stream": "btcusdt@trade", "data": {"p": 1.5}}), "it is not a message of Binance's streams ("),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, bad: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        list(streams(tmp_path / "file", [snapshot(0, 10), bad]))
    assert str(caught.value).startswith(f"{tmp_path / 'file'}, line 2: {sentence}")
    assert str(caught.value).endswith(".")


def test_files_that_cannot_be_read_have_their_sentence(tmp_path: Path) -> None:
    torn = tmp_path / "torn.gz"
    torn.write_bytes(gzip.compress(snapshot(0, 10).encode())[:-12])
    with pytest.raises(DataError, match=r"torn\.gz is a damaged gzip file .*; get it again\.$"):
        list(StreamRecording([torn], spot_terms(BTC)))
    with pytest.raises(DataError, match=r"^There is no file .*missing\.gz\.$"):
        is_stream_recording(tmp_path / "missing.gz")
    candles = tmp_path / "BTCUSDT_1h.csv"
    candles.write_text("time,open,high,low,close,volume\n")
    assert not is_stream_recording(candles)
    with pytest.raises(DataError, match="names no stream"):
        recorded_symbol(candles)


def test_the_terms_are_those_of_spot() -> None:
    terms = spot_terms(msgspec.structs.replace(BTC, maximum_leverage=125))
    assert terms.kind is InstrumentKind.SPOT and not terms.is_derivative and terms.maximum_leverage == 1
    assert (terms.tick, terms.lot) == (BTC.tick, BTC.lot)
