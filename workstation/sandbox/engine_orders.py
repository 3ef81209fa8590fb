"""Orders of the exchange's record as the simulated venue takes them: new ones, and those that rest already.

The venue gets what works: what waits for a price or for another order waits at the desk.
"""

from __future__ import annotations

from workstation.core.orders import Intent, Order
from workstation.core.types import OrderState, OrderType, TimeInForce
from workstation.sandbox.orders import PARTIALLY_FILLED, OrderRecord
from workstation.venues.simulated.restoring import Placement

_WITHOUT_LIMIT = ("MARKET", "STOP_LOSS", "TAKE_PROFIT")
_IMMEDIATE = {"IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK}


def placement(record: OrderRecord, judged: bool = False) -> Placement:
    """An order that is to work, as a request. The venue knows it by its order id.

    ``judged`` when what it needs was set aside before.
    """
    intent = Intent(
        symbol=record.position,
        side=record.side,
        lots=record.lots,
        type=_type(record),
        price=record.price,
        time_in_force=_time_in_force(record),
        post_only=_is_post_only(record),
        reduce_only=record.reduce_only,
        visible_lots=record.iceberg,
    )
    return Placement(intent, str(record.order_id), 0, 0, judged)


def resting_order(record: OrderRecord) -> Order:
    """An open order that the venue is to take over."""
    order = Order(
        client_id=str(record.order_id),
        symbol=record.position,
        side=record.side,
        type=_type(record),
        lots=record.lots,
        price=record.price,
        time_in_force=_time_in_force(record),
        post_only=_is_post_only(record),
        reduce_only=record.reduce_only,
        venue_reduces=record.reduce_only,
        created_ns=record.created_ns,
        visible_lots=record.iceberg,
    )
    order.venue_id = str(record.order_id)
    order.filled_lots = record.filled
    order.updated_ns = record.updated_ns
    order.state = OrderState.PARTIALLY_FILLED if record.status == PARTIALLY_FILLED else OrderState.ACCEPTED
    return order


def _type(record: OrderRecord) -> OrderType:
    return OrderType.MARKET if record.type in _WITHOUT_LIMIT else OrderType.LIMIT


def _is_post_only(record: OrderRecord) -> bool:
    return record.type == "LIMIT_MAKER" or record.time_in_force == "GTX"


def _time_in_force(record: OrderRecord) -> TimeInForce:
    """What a market order does not find at once expires; everything else that is not immediate rests."""
    if record.type in _WITHOUT_LIMIT:
        return TimeInForce.IOC
    return _IMMEDIATE.get(record.time_in_force, TimeInForce.GTC)
