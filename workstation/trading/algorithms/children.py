"""The orders by which an algorithm works its parent order: what of it may still fill, and how they are taken back."""

from __future__ import annotations

from typing import Protocol

from workstation.core.errors import OrderError
from workstation.core.orders import Order
from workstation.trading.algorithms.parent import Parent, read_tag
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.replacements import Replacements

OWN_CANCEL = "algorithm: "
"""Begins the reason of a cancel by which an algorithm takes its own order back."""


class Engine(Protocol):
    """What it needs of the kernel."""

    orders: OrderManager
    markets: dict[str, MarketState]
    replacements: Replacements


class Children:
    """They are known by their tag, which an order that takes another's place keeps."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, parent: Parent) -> list[Order]:
        """Those that are open."""
        orders = self._engine.orders.open_orders(parent.order.symbol)
        return [order for order in orders if order.tag and read_tag(order.tag)[0] == parent.algorithm_id]

    def committed(self, parent: Parent, slot: int | None) -> int:
        """Lots of a slot, or of all, that may still fill: open children, and those that are to take another's place."""
        tags = {parent.tag(slot)} if slot is not None else parent.tags()
        remaining = {order.client_id: order.remaining for order in self.of(parent) if order.tag in tags}
        for planned, left in self._engine.replacements.planned(tags):
            remaining[planned] = max(left, remaining.get(planned, 0))
        return sum(remaining.values())

    def cancel(self, parent: Parent, why: str) -> None:
        """Take them back."""
        replacements = self._engine.replacements
        replacements.forget_all(lambda intent: read_tag(intent.tag)[0] == parent.algorithm_id, why)
        for order in self.of(parent):
            if not order.cancel_requested_ns and order.client_id not in parent.cancelling:
                parent.cancelling.append(order.client_id)
            self._engine.orders.request_cancel(order, OWN_CANCEL + why)

    def check_change(self, parent: Parent, order: Order, lots: int, in_place: bool) -> None:
        """Raise ``OrderError`` where a child of this size would be more than its parent has left."""
        if not in_place and order.reduce_only:
            # The new exit would be there beside the old one for a while.
            raise OrderError(
                f"{order.client_id} belongs to algorithm {parent.algorithm_id}, and this venue changes no order in "
                "place: pause or cancel the algorithm instead."
            )
        if lots <= order.lots:
            return
        others = self.committed(parent, None) - order.remaining
        most = parent.order.lots - parent.filled_lots - others + order.filled_lots
        if lots > most:
            quantity = self._engine.markets[order.symbol].instrument.quantity
            raise OrderError(
                f"{order.client_id} belongs to algorithm {parent.algorithm_id}, which has {quantity(most)} left for it."
            )
