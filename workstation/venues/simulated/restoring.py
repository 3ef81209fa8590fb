"""Orders from the journal, as the venue keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from workstation.core.orders import Intent, Order
from workstation.core.types import OrderState
from workstation.venues.simulated.desk import Desk
from workstation.venues.simulated.order import VenueOrder
from workstation.venues.simulated.state import SymbolState


class Placement(NamedTuple):
    """A journalled request that had not been answered: it is still on its way."""

    venue_intent: Intent
    client_id: str
    reference: int
    expires_ns: int
    judged: bool = False
    """The account carries it: its money was set aside before, so it is not looked at again."""


def restore_orders(orders: list[Order], states: Mapping[str, SymbolState], desk: Desk) -> list[Placement]:
    """Give the desk every open order that the venue had answered; the other ones as requests.

    A child whose parent has ended lives on where it still reduces a position, and is cancelled otherwise.
    """
    ids = {order.client_id for order in orders}
    placements = []
    for number, order in enumerate(sorted(orders, key=lambda o: o.parent_id != ""), start=1):
        state = states.get(order.symbol)
        if state is None or not order.is_open:
            continue
        if not order.venue_id and not order.filled_lots:
            parent_id = order.parent_id if order.parent_id in ids else ""
            placements.append(
                Placement(_intent_of(order, parent_id), order.client_id, order.reference, order.expires_ns)
            )
            continue
        restored = VenueOrder(state, order.client_id, _intent_of(order, ""), order.reference, order.updated_ns, number)
        restored.filled = order.filled_lots
        restored.version = order.terms_version
        restored.amendment = order.amendments
        restored.group = order.oco_group
        restored.held = order.state is OrderState.HELD
        restored.waiting = restored.waiting and not order.filled_lots and order.state is not OrderState.TRIGGERED
        restored.state = OrderState.PARTIALLY_FILLED if order.filled_lots else OrderState.ACCEPTED
        if order.state is OrderState.TRIGGERED:
            restored.state = OrderState.TRIGGERED
        restored.parent = desk.orders.get(order.parent_id)
        if restored.parent is not None:
            restored.reduced = max(0, restored.parent.lots - restored.lots)
        desk.adopt(restored)
    for child in [order for order in desk.orders.values() if order.held]:
        reducible = -child.sign * child.symbol_state.lots if child.reduce_only else 0
        if child.parent is None and reducible <= 0:
            desk.cancel(child, "Its parent order has ended.")
        elif child.parent is None or child.parent.filled:
            desk.release(child)
    return placements


def _intent_of(order: Order, parent_id: str) -> Intent:
    return Intent(
        symbol=order.symbol,
        side=order.side,
        lots=order.lots,
        type=order.type,
        price=order.price,
        stop_price=order.stop_price,
        trail=order.trail,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.venue_reduces,
        parent_id=parent_id,
        oco_group=order.oco_group,
        good_till_ns=order.good_till_ns,
        visible_lots=order.visible_lots,
    )
