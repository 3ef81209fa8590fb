"""A recording as the exchange's market."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from tests.unit.sandbox.practice import START_NS, settings
from workstation.core.errors import ConfigurationError, DataError
from workstation.core.messages import BookDelta, BookSnapshot, Trade
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Side
from workstation.sandbox.exchange import Exchange
from workstation.sandbox.listing import Market
from workstation.sandbox.offering import offered_instruments
from workstation.sandbox.orders import NewOrder
from workstation.sandbox.recording import PAUSE_NS, RecordingSource, open_recording

FIRST_NS = 1_723_161_253_000_000_000


def diff(first, last, bids=(), asks=()):
    data = {"e": "depthUpdate", "s": "BTCUSDT", "U": first, "u": last, "b": list(bids), "a": list(asks)}
    return {"stream": "btcusdt@depth@100ms", "data": data}


def trade(number, price="100.00", quantity="0.5", sold=True):
    data = {"e": "trade", "s": "BTCUSDT", "t": number, "p": price, "q": quantity, "m": sold}
    return {"stream": "btcusdt@trade", "data": data}


SNAPSHOT = {"lastUpdateId": 10, "bids": [["100.00", "2.0"], ["99.00", "3.0"]], "asks": [["101.00", "1.0"]]}
LINES = [
    diff(5, 9, [["90.00", "1.0"]]),
    diff(9, 12, [["98.00", "4.0"]]),
    trade(1),
    SNAPSHOT,
    trade(2),
    {"stream": "btcusdt@bookTicker", "data": {"u": 13}},
    diff(13, 15, [["100.00", "0"]], [["101.00", "2.5"]]),
    trade(3, "101.00", "0.25", sold=False),
]


def write(path, lines, packed=True):
    text = b"".join(b"%d " % (FIRST_NS + n * SECOND_NS) + orjson.dumps(line) + b"\n" for n, line in enumerate(lines))
    path.write_bytes(gzip.compress(text) if packed else text)
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_a_recording_is_read_by_its_sequence_rules(tmp_path, packed):
    symbols, inputs = open_recording(write(tmp_path / "r", LINES, packed), settings().instruments)
    assert symbols == ["BTCUSDT"]
    found: list[Any] = list(inputs)
    assert [type(event) for event in found] == [BookSnapshot, BookDelta, Trade, BookDelta, Trade]
    assert (found[1].previous_sequence, found[1].sequence) == (10, 12)
    assert (found[3].previous_sequence, found[3].sequence) == (12, 15)
    assert found[2] == Trade("BTCUSDT", FIRST_NS + 4 * SECOND_NS, 10_000, 50_000, Side.SELL, 2)
    assert list(inputs) == found


def test_it_plays_from_now_on_and_again(tmp_path):
    symbols, inputs = open_recording(write(tmp_path / "r", LINES), settings().instruments)
    source = RecordingSource(tuple(symbols), inputs, START_NS)
    assert source.next_ns == START_NS
    first = source.next_events(START_NS + 4 * SECOND_NS)
    assert [event.ts_ns - START_NS for event in first] == [0, 0, SECOND_NS, 3 * SECOND_NS, 4 * SECOND_NS]
    assert source.next_ns == START_NS + 4 * SECOND_NS + PAUSE_NS
    again = source.next_events(START_NS + 20 * SECOND_NS, limit=5)
    assert [type(event) for event in again] == [type(event) for event in first]


def test_one_can_trade_on_it(tmp_path):
    symbols, inputs = open_recording(write(tmp_path / "r", LINES), settings().instruments)
    exchange = Exchange(
        RecordingSource(tuple(symbols), inputs, START_NS),
        offered_instruments(settings().instruments, symbols),
        START_NS,
    )
    exchange.floor.brings_funding = False
    exchange.advance(START_NS + 2 * SECOND_NS)
    account = exchange.account("a")
    with exchange.turn():
        account.spot.credit("USDT", 10**12)
        record = account.spot.place(
            NewOrder(symbol="BTCUSDT", side=Side.BUY, type="LIMIT", client_order_id="", lots=20_000, price=10_000)
        )
    assert record.is_open
    exchange.advance(START_NS + 4 * SECOND_NS)
    listing = exchange.listings[Market.SPOT]["BTCUSDT"]
    assert listing.public.bids == {9_900: 300_000, 9_800: 400_000, 10_000: 20_000}
    assert listing.last == 10_100 and listing.mark_price() == 10_100
    # The level went and comes back with the next round: whoever comes then stands behind the order.
    exchange.advance(START_NS + 6 * SECOND_NS)
    assert listing.public.bids[10_000] == 200_000
    assert (record.status, record.worth) == ("FILLED", 20 * 10**8)
    ids = [done.trade_id for done in listing.tape.trades.latest(100)]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([trade(1)], "no book can be built"),
        ([SNAPSHOT, trade(1, price="100.001")], "line 2"),
        ([SNAPSHOT], "names no stream in its first lines"),
    ],
)
def test_what_cannot_be_served_is_told_with_its_line(tmp_path, lines, sentence):
    with pytest.raises(DataError, match=sentence):
        _, inputs = open_recording(write(tmp_path / "r", lines), settings().instruments)
        list(inputs)


def test_a_damaged_file_and_an_unknown_symbol(tmp_path):
    path = write(tmp_path / "r", LINES)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="damaged gzip file"):
        list(open_recording(path, settings().instruments)[1])
    with pytest.raises(ConfigurationError, match="recording of BTCUSDT, which is not under"):
        open_recording(write(tmp_path / "s", LINES), {})
