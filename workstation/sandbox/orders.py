"""Orders and executions as the exchange's own record has them; both are stored, and shown in several shapes."""

from __future__ import annotations

import msgspec

from workstation.core.types import Side

NEW = "NEW"
PARTIALLY_FILLED = "PARTIALLY_FILLED"
FILLED = "FILLED"
CANCELED = "CANCELED"
REJECTED = "REJECTED"
EXPIRED = "EXPIRED"
EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
OPEN = frozenset({NEW, PARTIALLY_FILLED})


class NewOrder(msgspec.Struct, kw_only=True):
    """What a client asks for, in ticks, lots and 1e-8 of the quote asset. Types and times in force as on the wire."""

    symbol: str
    side: Side
    type: str
    client_order_id: str
    time_in_force: str = "GTC"
    price: int = 0
    stop_price: int = 0
    lots: int = 0
    quote_quantity: int = 0
    """Spot market orders by worth."""
    reduce_only: bool = False
    good_till_ns: int = 0
    """Time in force GTD."""
    self_trade_mode: str = "EXPIRE_TAKER"
    original_type: str = ""
    """On futures the conditional type that became this order."""
    close_position: bool = False


class OrderRecord(msgspec.Struct, kw_only=True):
    """An order and what became of it."""

    order_id: int
    symbol: str
    side: Side
    type: str
    original_type: str
    client_order_id: str
    time_in_force: str
    price: int
    stop_price: int
    lots: int
    quote_quantity: int
    reduce_only: bool
    close_position: bool = False
    good_till_ns: int = 0
    self_trade_mode: str = "EXPIRE_TAKER"
    status: str = NEW
    created_ns: int
    updated_ns: int
    working_ns: int = -1
    """When it went into the book; -1 while it waits for its trigger."""
    filled: int = 0
    worth: int = 0
    """Of what filled, 1e-8 of the quote asset."""
    cancel_id: str = ""
    """Client id of the request that cancelled it."""
    prevented: int = 0
    """Lots that would have traded with an own order."""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def remaining(self) -> int:
        return self.lots - self.filled

    @property
    def is_working(self) -> bool:
        return self.working_ns >= 0


class Execution(msgspec.Struct, kw_only=True):
    """One own trade. ``trade_id`` is the tape's."""

    trade_id: int
    order_id: int
    symbol: str
    side: Side
    ts_ns: int
    price: int
    lots: int
    worth: int
    fee: int
    fee_asset: str
    maker: bool
    realised: int = 0
