"""Binance's market streams, decoded with their types; digits stay text."""

from __future__ import annotations

from typing import Any

import msgspec

Level = tuple[str, str]
"""Price and quantity."""


class DepthUpdate(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="depthUpdate"):
    symbol: str = msgspec.field(name="s")
    first: int = msgspec.field(name="U")
    last: int = msgspec.field(name="u")
    bids: tuple[Level, ...] = msgspec.field(name="b")
    asks: tuple[Level, ...] = msgspec.field(name="a")
    previous: int = msgspec.field(name="pu", default=-1)
    """``u`` of the change before; perpetuals only."""


class TradeUpdate(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="trade"):
    symbol: str = msgspec.field(name="s")
    trade_id: int = msgspec.field(name="t")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    time_ms: int = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class AggregateTradeUpdate(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="aggTrade"):
    symbol: str = msgspec.field(name="s")
    trade_id: int = msgspec.field(name="a")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    time_ms: int = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class MarkPriceUpdate(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="markPriceUpdate"):
    symbol: str = msgspec.field(name="s")
    time_ms: int = msgspec.field(name="E")
    price: str = msgspec.field(name="p")
    rate: str = msgspec.field(name="r", default="")
    due_ms: int = msgspec.field(name="T", default=0)


class ServerShutdown(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="serverShutdown"):
    """The server will close this connection soon."""


Update = DepthUpdate | TradeUpdate | AggregateTradeUpdate | MarkPriceUpdate | ServerShutdown


class _Wrapped(msgspec.Struct, frozen=True, gc=False):
    data: Update


class BookAnswer(msgspec.Struct, frozen=True):
    """The whole book by REST, best levels first."""

    update_id: int = msgspec.field(name="lastUpdateId")
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class TradeAnswer(msgspec.Struct, frozen=True):
    """A single trade by REST."""

    trade_id: int = msgspec.field(name="id")
    price: str
    quantity: str = msgspec.field(name="qty")
    time_ms: int = msgspec.field(name="time")
    buyer_is_maker: bool = msgspec.field(name="isBuyerMaker")


class AggregateTradeAnswer(msgspec.Struct, frozen=True):
    """An aggregate trade by REST."""

    trade_id: int = msgspec.field(name="a")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    time_ms: int = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class Answer(msgspec.Struct, frozen=True):
    """To a subscription. ``error`` is empty when it was taken."""

    error: str


KINDS = frozenset({"depthUpdate", "trade", "aggTrade", "markPriceUpdate", "serverShutdown"})

_plain: msgspec.json.Decoder[Update] = msgspec.json.Decoder(Update)
_wrapped = msgspec.json.Decoder(_Wrapped)


def decode(data: bytes) -> Update | Answer | None:
    """One message, plain or in the wrapper of combined streams; None for a kind that is not asked for here.

    Raises ``ValueError`` when it is no message that Binance describes.
    """
    try:
        if data.startswith(b'{"stream"'):
            return _wrapped.decode(data).data
        return _plain.decode(data)
    except msgspec.DecodeError:
        return _other(data)


def _other(data: bytes) -> Answer | None:
    try:
        message: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = None
    if isinstance(message, dict):
        error = message.get("error") or (message if "code" in message else None)
        if isinstance(error, dict):
            return Answer(f"{error.get('msg', 'refused')} ({error.get('code', 'no code')})")
        if "result" in message:
            return Answer("")
        event = message.get("data", message)
        if isinstance(event, dict) and isinstance(event.get("e"), str) and event["e"] not in KINDS:
            return None
    raise ValueError(f"not a message of Binance's streams: {data[:120]!r}")
