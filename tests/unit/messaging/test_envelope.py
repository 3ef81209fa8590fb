"""The envelope, its bodies, and the published schemas."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.errors import MessagingError
from workstation.messaging.bodies import TYPES, AnswerBody, EngineAnswerBody, OrderBody, TradeBody
from workstation.messaging.envelope import decode, encode, type_of
from workstation.messaging.moments import moment, nanoseconds
from workstation.messaging.schemas import DECIMAL, schema_files

SCHEMAS = Path(__file__).parents[3] / "resources" / "messages"
NOW_NS = 1_700_000_000_123_456_789


def trade() -> TradeBody:
    return TradeBody(
        symbol="BTCUSDT",
        trade_id=7,
        price=Decimal("61820.10"),
        quantity=Decimal("0.00100"),
        side="buy",
        time=moment(NOW_NS),
    )


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_a_moment_is_exact_to_the_nanosecond(ts_ns: int) -> None:
    assert nanoseconds(moment(ts_ns)) == ts_ns


@pytest.mark.parametrize("text", ["2023-01-01T00:00:00.1234567890Z", "yesterday", "2023-01-01T00:00:00.x"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        nanoseconds(text)


def test_a_message_is_json_with_decimals_as_text_and_comes_back_whole() -> None:
    payload = encode(trade(), "feed-1", 3, NOW_NS)
    told = json.loads(payload)
    assert (told["v"], told["type"], told["session"], told["seq"]) == (1, "trade", "feed-1", 3)
    assert told["ts"] == "2023-11-14T22:13:20.123456789Z"
    assert (told["body"]["price"], told["body"]["quantity"]) == ("61820.10", "0.00100")
    message = decode(payload, TradeBody)
    assert (message.session, message.seq, message.ts_ns, message.body) == ("feed-1", 3, NOW_NS, trade())


def test_unknown_fields_are_ignored() -> None:
    told = json.loads(encode(trade(), "feed-1", 3, NOW_NS))
    told["body"]["colour"] = "green"
    told["trace"] = 1
    assert decode(json.dumps(told).encode()).body == trade()


def _changed(**changes: object) -> bytes:
    told = json.loads(encode(trade(), "feed-1", 3, NOW_NS))
    for name, value in changes.items():
        (told if name in told else told["body"])[name] = value
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x80\x04pickle", "malformed"),
        (b"[]", "malformed"),
        (b"{}", "malformed"),
        (b'"' + b"x" * 2_000_000 + b'"', "2,000,002 bytes"),
        (_changed(v=2), "malformed"),
        (_changed(seq=-1), "malformed"),
        (_changed(type="secret"), "unknown type “secret”"),
        (_changed(price="NaN-1"), "malformed"),
        (_changed(side="long"), "malformed"),
        (_changed(symbol=""), "malformed"),
        (_changed(ts="2023-13-01T00:00:00Z"), "malformed"),
    ],
)
def test_a_wrong_message_is_refused_with_a_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(MessagingError, match=reason):
        decode(payload)


def test_a_message_of_another_type_than_belongs_there_is_refused() -> None:
    with pytest.raises(MessagingError, match="type trade was refused where order or answer belongs"):
        decode(encode(trade(), "feed-1", 1, NOW_NS), OrderBody, AnswerBody)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_raise_anything_else(payload: bytes) -> None:
    try:
        decode(payload)
    except MessagingError as error:
        assert "refused" in str(error)


def test_each_type_has_one_name() -> None:
    assert type_of(trade()) == "trade"
    assert len(set(TYPES.values())) == len(TYPES)


def test_the_published_schemas_are_those_of_the_code() -> None:
    published = {path.name: path.read_text() for path in SCHEMAS.iterdir()}
    assert published == schema_files(), "run: python -m workstation.messaging.schemas resources/messages"


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0E-8", "0.00000000"), ("1E-8", "0.00000001"), ("-2.5E-9", "-0.0000000025"), ("3E+2", "300"), ("61820.10",) * 2],
)
def test_decimals_are_written_without_exponents(amount: str, written: str) -> None:
    """Not every language takes 1E-8 for a decimal; what looks like one in a text is left alone."""
    body = msgspec.structs.replace(trade(), price=Decimal(amount), symbol="1E-8")
    told = json.loads(encode(body, "feed-1", 1, NOW_NS))["body"]
    assert told["price"] == written and told["symbol"] == "1E-8" and told["trade_id"] == 7
    assert re.fullmatch(DECIMAL, told["price"])
    read = decode(encode(body, "feed-1", 1, NOW_NS)).body
    assert isinstance(read, TradeBody) and read.price == Decimal(amount)


def test_what_an_engine_shows_travels_as_it_is() -> None:
    shown = EngineAnswerBody(ok=True, data=msgspec.Raw(b'{"equity":"1E-8"}'))
    assert decode(encode(shown, "engine-1", 1, NOW_NS)).body == EngineAnswerBody(ok=True, data={"equity": "1E-8"})


def test_the_schemas_need_no_format_but_that_of_times() -> None:
    formats = {found for text in schema_files().values() for found in re.findall(r'"format": "([^"]+)"', text)}
    assert formats == {"date-time"}
