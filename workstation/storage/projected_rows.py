"""Orders and positions as rows of the history database, and back."""

from __future__ import annotations

from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.money import from_money, to_money
from workstation.core.orders import Order
from workstation.core.types import OrderRole, OrderState, OrderType, Side, TimeInForce
from workstation.storage.database import OrderRow, PositionRow
from workstation.trading.ledger import Position

Row = dict[str, Any]

_AS_IT_IS = (
    "client_id",
    "venue_id",
    "symbol",
    "owner",
    "post_only",
    "reduce_only",
    "created_ns",
    "updated_ns",
    "expires_ns",
    "cancel_requested_ns",
    "reason",
    "note",
    "tag",
    "parent_id",
    "oco_group",
    "good_till_ns",
)
_PRICES = ("price", "stop_price", "trail", "reference")
_WORDS = {"type": OrderType, "role": OrderRole, "time_in_force": TimeInForce, "state": OrderState}
_SIDES = {side.word: side for side in Side}
_POSITION_MONEY = ("cost", "realised", "fees", "funding", "dust", "trip_result")


def order_row(order: Order, instrument: Instrument, session: int) -> Row:
    row: Row = {name: getattr(order, name) for name in _AS_IT_IS}
    row |= {name: instrument.price(getattr(order, name)) for name in _PRICES}
    row |= {name: str(getattr(order, name)) for name in _WORDS}
    row["session"] = session
    row["side"] = order.side.word
    row["quantity"] = instrument.quantity(order.lots)
    row["visible"] = instrument.quantity(order.visible_lots)
    row["filled"] = instrument.quantity(order.filled_lots)
    row["filled_value"] = order.filled_value * instrument.tick * instrument.lot
    row["fees"] = from_money(order.fees)
    return row


def order_from(row: OrderRow, instrument: Instrument) -> Order:
    order = Order(
        client_id=row.client_id,
        symbol=row.symbol,
        side=_SIDES[row.side],
        type=OrderType(row.type),
        lots=instrument.lots_rounded(row.quantity),
    )
    for name in _AS_IT_IS:
        setattr(order, name, getattr(row, name))
    for name in _PRICES:
        setattr(order, name, instrument.ticks_rounded(getattr(row, name)))
    for name, kind in _WORDS.items():
        setattr(order, name, kind(getattr(row, name)))
    order.visible_lots = instrument.lots_rounded(row.visible)
    order.filled_lots = instrument.lots_rounded(row.filled)
    order.filled_value = int(row.filled_value / (instrument.tick * instrument.lot))
    order.fees = to_money(row.fees)
    return order


def position_row(position: Position, last_price: int) -> Row:
    instrument = position.instrument
    row: Row = {name: from_money(getattr(position, name)) for name in _POSITION_MONEY}
    row["owner"] = position.owner
    row["symbol"] = instrument.symbol
    row["quantity"] = instrument.quantity(position.lots)
    row["lots"] = position.lots
    row["fills"] = position.fills
    row["opened_ns"] = position.opened_ns
    row["last_price"] = instrument.price(last_price)
    return row


def restore_position(position: Position, row: PositionRow) -> None:
    for name in _POSITION_MONEY:
        setattr(position, name, to_money(getattr(row, name)))
    position.lots = row.lots
    position.fills = row.fills
    position.opened_ns = row.opened_ns
