"""Orders of the exchange's record as the simulated venue takes them: new ones, and those that rest already."""

from __future__ import annotations

from workstation.core.orders import Intent, Order
from workstation.core.types import OrderState, OrderType, TimeInForce
from workstation.sandbox.orders import NEW, PARTIALLY_FILLED, OrderRecord
from workstation.venues.simulated.restoring import Placement

TYPES = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT,
    "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT_LIMIT,
}
_WITHOUT_LIMIT = ("MARKET", "STOP_LOSS", "TAKE_PROFIT")
_IMMEDIATE = {"IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}


def placement(record: OrderRecord) -> Placement:
    """A new order as a request. The venue knows it by its order id."""
    intent = Intent(
        symbol=record.symbol,
        side=record.side,
        lots=record.lots,
        type=TYPES[record.type],
        price=record.price,
        stop_price=record.stop_price,
        time_in_force=_time_in_force(record),
        post_only=_is_post_only(record),
        reduce_only=record.reduce_only,
    )
    return Placement(intent, str(record.order_id), 0, 0)


def resting_order(record: OrderRecord) -> Order:
    """An open order that the venue is to take over."""
    order = Order(
        client_id=str(record.order_id),
        symbol=record.symbol,
        side=record.side,
        type=TYPES[record.type],
        lots=record.lots,
        price=record.price,
        stop_price=record.stop_price,
        time_in_force=_time_in_force(record),
        post_only=_is_post_only(record),
        reduce_only=record.reduce_only,
        venue_reduces=record.reduce_only,
        created_ns=record.created_ns,
    )
    order.venue_id = str(record.order_id)
    order.filled_lots = record.filled
    order.updated_ns = record.updated_ns
    order.state = OrderState.PARTIALLY_FILLED if record.status == PARTIALLY_FILLED else OrderState.ACCEPTED
    if record.stop_price and record.is_working and record.status == NEW:
        order.state = OrderState.TRIGGERED
    return order


def _is_post_only(record: OrderRecord) -> bool:
    return record.type == "LIMIT_MAKER" or record.time_in_force == "GTX"


def _time_in_force(record: OrderRecord) -> TimeInForce:
    """What a market order does not find at once expires; everything else that is not immediate rests."""
    if record.type in _WITHOUT_LIMIT:
        return TimeInForce.IOC
    return _IMMEDIATE.get(record.time_in_force, TimeInForce.GTC)
