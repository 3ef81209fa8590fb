"""Which price sets stops and take-profits off, and whether it has."""

from __future__ import annotations

from workstation.rules.matching import is_triggered
from workstation.venues.simulated.desk import Desk
from workstation.venues.simulated.order import VenueOrder
from workstation.venues.simulated.state import SymbolState


def trigger_price(state: SymbolState) -> int:
    """Last trade; the mark price of a derivative as long as no trade has been seen; 0 when neither is known."""
    return state.last or state.mark


def meets_trigger(desk: Desk, order: VenueOrder, price: int) -> bool:
    """Let a trailing stop follow ``price``, then tell whether it sets the order off."""
    if not price:
        return False
    if order.trail:
        desk.trail(order, price)
    return is_triggered(order.direction, order.stop_price, price)
