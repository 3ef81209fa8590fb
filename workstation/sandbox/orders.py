"""Orders and executions as the exchange's own record has them; both are stored, and shown in several shapes."""

from __future__ import annotations

from functools import cache

import msgspec

from workstation.core.types import Side

PENDING_NEW = "PENDING_NEW"
"""Waits for another order of its list to fill."""
NEW = "NEW"
PARTIALLY_FILLED = "PARTIALLY_FILLED"
FILLED = "FILLED"
CANCELED = "CANCELED"
REJECTED = "REJECTED"
EXPIRED = "EXPIRED"
EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
OPEN = frozenset({PENDING_NEW, NEW, PARTIALLY_FILLED})
BOTH = "BOTH"
"""The position side of one-way mode."""
HEDGE_SIDES = ("LONG", "SHORT")


def position_key(symbol: str, side: str) -> str:
    """What a position goes by at the venue: its symbol, in hedge mode with its side."""
    return symbol if side == BOTH else f"{symbol}:{side}"


@cache
def position_keys(symbol: str, sides: tuple[str, ...]) -> tuple[str, ...]:
    """What the positions of a symbol go by."""
    return tuple(position_key(symbol, side) for side in sides)


def position_of(key: str) -> tuple[str, str]:
    """Symbol and position side of what a position goes by."""
    symbol, _, side = key.partition(":")
    return symbol, side or BOTH


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
    position_side: str = BOTH
    """USD-M in hedge mode: LONG or SHORT."""
    iceberg: int = 0
    """Spot: lots that the book shows at a time; 0 for all."""
    trailing_delta: int = 0
    """Spot: distance of a trailing stop in basis points; 0 for none."""


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
    position_side: str = BOTH
    list_id: int = -1
    """Of the order list that it belongs to; -1 for none."""
    iceberg: int = 0
    trailing_delta: int = 0
    trailing_ns: int = -1
    """Since when a trailing stop follows the price; -1 as long as its stop price was not seen."""
    best: int = 0
    """The most favourable price since then."""
    lock_price: int = 0
    """What a lot of a spot order to buy holds back, as a price."""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def remaining(self) -> int:
        return self.lots - self.filled

    @property
    def is_working(self) -> bool:
        return self.working_ns >= 0

    @property
    def is_trailing(self) -> bool:
        return self.trailing_ns >= 0

    @property
    def position(self) -> str:
        """What its position goes by at the venue."""
        return position_key(self.symbol, self.position_side)


def record_of(new: NewOrder, order_id: int, now_ns: int) -> OrderRecord:
    """The record of an order that has come in."""
    return OrderRecord(
        order_id=order_id,
        symbol=new.symbol,
        side=new.side,
        type=new.type,
        original_type=new.original_type or new.type,
        client_order_id=new.client_order_id or f"sandbox-{order_id}",
        time_in_force=new.time_in_force,
        price=new.price,
        stop_price=new.stop_price,
        lots=new.lots,
        quote_quantity=new.quote_quantity,
        reduce_only=new.reduce_only,
        close_position=new.close_position,
        good_till_ns=new.good_till_ns,
        self_trade_mode=new.self_trade_mode,
        position_side=new.position_side,
        iceberg=new.iceberg,
        trailing_delta=new.trailing_delta,
        created_ns=now_ns,
        updated_ns=now_ns,
    )


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
    position_side: str = BOTH
    list_id: int = -1

    @property
    def position(self) -> str:
        """What its position goes by."""
        return position_key(self.symbol, self.position_side)
