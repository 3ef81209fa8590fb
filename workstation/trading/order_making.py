"""Orders from what they are made of, and what the journal is told of a new one."""

from __future__ import annotations

from workstation.core.messages import OrderAdopted, OrderSubmitted
from workstation.core.orders import Approved, Order
from workstation.core.types import OrderState

PLACED_ELSEWHERE = "placed elsewhere"


def order_of(approved: Approved, now_ns: int) -> Order:
    """The order of an approved intent, as it is submitted at ``now_ns``."""
    intent = approved.intent
    return Order(
        client_id=approved.client_id,
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        lots=intent.lots,
        price=intent.price,
        stop_price=intent.stop_price,
        trail=intent.trail,
        time_in_force=intent.time_in_force,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        venue_reduces=approved.venue_reduces,
        role=intent.role,
        owner=intent.owner,
        reason=intent.reason,
        tag=intent.tag,
        parent_id=intent.parent_id,
        oco_group=intent.oco_group,
        reference=approved.reference,
        created_ns=now_ns,
        updated_ns=now_ns,
        expires_ns=approved.expires_ns,
        good_till_ns=intent.good_till_ns,
        visible_lots=intent.visible_lots,
    )


def submitted(order: Order) -> OrderSubmitted:
    """What the journal is told before a new order leaves."""
    return OrderSubmitted(
        ts_ns=order.created_ns,
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        lots=order.lots,
        price=order.price,
        stop_price=order.stop_price,
        trail=order.trail,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        venue_reduces=order.venue_reduces,
        role=order.role,
        owner=order.owner,
        reason=order.reason,
        parent_id=order.parent_id,
        oco_group=order.oco_group,
        reference=order.reference,
        expires_ns=order.expires_ns,
        tag=order.tag,
        good_till_ns=order.good_till_ns,
        visible_lots=order.visible_lots,
    )


def foreign_order(event: OrderAdopted) -> Order:
    """An order that somebody else placed on the account."""
    resting = event.order
    return Order(
        client_id=resting.client_id,
        symbol=resting.symbol,
        side=resting.side,
        type=resting.type,
        lots=resting.lots,
        price=resting.price,
        stop_price=resting.stop_price,
        reduce_only=resting.reduce_only,
        venue_reduces=resting.reduce_only,
        owner=resting.owner,
        reason=PLACED_ELSEWHERE,
        created_ns=event.ts_ns,
        updated_ns=event.ts_ns,
        state=OrderState.PARTIALLY_FILLED if resting.filled_lots else OrderState.ACCEPTED,
        venue_id=resting.venue_id,
        filled_lots=resting.filled_lots,
    )
