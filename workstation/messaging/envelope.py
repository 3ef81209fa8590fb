"""The one envelope of every message: JSON that any language reads, and a clear refusal of what is none."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from workstation.core.errors import MessagingError
from workstation.messaging.bodies import TYPES, Body, Moment
from workstation.messaging.moments import moment, nanoseconds

VERSION: Literal[1] = 1


class Envelope(Struct, frozen=True):
    """``session`` names one run of the sender; ``seq`` counts up within it on a subject, so that a gap is seen."""

    v: Literal[1]
    type: Annotated[str, Meta(min_length=1, max_length=50)]
    session: Annotated[str, Meta(min_length=1, max_length=100)]
    seq: Annotated[int, Meta(ge=0)]
    ts: Moment
    body: msgspec.Raw


class Message(NamedTuple):
    """A message that was read: its body is of the class that its type names."""

    type: str
    session: str
    seq: int
    ts_ns: int
    body: Body


_NAMES = {kind: name for name, kind in TYPES.items()}
_encode = msgspec.json.Encoder().encode
_exponent = re.compile(rb'"-?\d+(?:\.\d+)?E[+-]\d+"').search
_decode_envelope = msgspec.json.Decoder(Envelope).decode
_decode_body = {name: msgspec.json.Decoder(kind).decode for name, kind in TYPES.items()}


def type_of(body: Body) -> str:
    """What an envelope calls a body."""
    return _NAMES[type(body)]


def encode(body: Body, session: str, seq: int, ts_ns: int) -> bytes:
    """A message on its way."""
    written = _encode(body)
    if _exponent(written) is not None:
        written = _encode(_without_exponents(body))
    return _encode(Envelope(VERSION, _NAMES[type(body)], session, seq, moment(ts_ns), msgspec.Raw(written)))


def _without_exponents(told: Any) -> Any:
    """Python writes very small decimals as 1E-8, which not every reader takes for a number."""
    if isinstance(told, Decimal):
        return f"{told:f}"
    if isinstance(told, Struct):
        return {name: _without_exponents(getattr(told, name)) for name in told.__struct_fields__}
    if isinstance(told, dict):
        return {name: _without_exponents(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [_without_exponents(value) for value in told]
    return told


def decode(payload: bytes, *expected: type[Body], largest: int = 1 << 20) -> Message:
    """Read a message. Raises ``MessagingError`` with the reason when it is too large, malformed, or of another type."""
    if len(payload) > largest:
        raise MessagingError(f"A message of {len(payload):,} bytes was refused: {largest:,} is the most.")
    try:
        envelope = _decode_envelope(payload)
        read = _decode_body.get(envelope.type)
        if read is None:
            raise MessagingError(f"A message of the unknown type “{envelope.type}” was refused.")
        body: Body = read(envelope.body)
        ts_ns = nanoseconds(envelope.ts)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise MessagingError(f"A malformed message was refused: {error}.") from None
    if expected and not isinstance(body, expected):
        wanted = " or ".join(_NAMES[kind] for kind in expected)
        raise MessagingError(f"A message of type {envelope.type} was refused where {wanted} belongs.")
    return Message(envelope.type, envelope.session, envelope.seq, ts_ns, body)
