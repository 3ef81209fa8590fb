"""Changes of orders that the venue cannot change in place: a new order takes the old one's place.

An exit of a derivative is placed anew before the old one is cancelled, so that its position is never without it: both
only reduce. Any other order is cancelled first, and placed anew with what has not filled once the venue has said so.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from workstation.core.errors import OrderError
from workstation.core.orders import Intent, Order
from workstation.core.types import OrderRole, OrderState, Severity
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager


class Placer(Protocol):
    """What it needs of the kernel."""

    orders: OrderManager
    markets: dict[str, MarketState]

    def place(self, intent: Intent, *, panic: bool = False) -> str: ...
    def alarm(self, severity: Severity, text: str) -> None: ...


class Replacements:
    def __init__(self, kernel: Placer) -> None:
        self._kernel = kernel
        self._waiting: dict[str, tuple[Intent, int]] = {}
        """By the old order's client id: the new one, and the size of both together."""

    def replace(self, order: Order, price: int, stop_price: int, lots: int) -> None:
        """Give an open order these terms. Raises ``OrderError`` when the new order is denied: the old one stays."""
        kernel = self._kernel
        intent = Intent(
            symbol=order.symbol,
            side=order.side,
            lots=lots - order.filled_lots,
            type=order.type,
            price=price,
            stop_price=stop_price,
            trail=order.trail,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
            role=order.role,
            owner=order.owner,
            reason=order.reason,
            tag=order.tag,
            parent_id=order.parent_id,
            oco_group=order.oco_group,
            **self._exits(order),
        )
        if order.reduce_only and kernel.markets[order.symbol].instrument.is_derivative:
            client_id = kernel.place(intent)
            if not client_id:
                raise OrderError(f"{order.client_id} stays as it is: the order that was to replace it was denied.")
            kernel.orders.request_cancel(order, f"replaced by {client_id}")
        else:
            kernel.orders.request_cancel(order, "to be replaced")
            self._waiting[order.client_id] = (intent, lots)

    def _exits(self, entry: Order) -> dict[str, int]:
        """The bracket of an entry, which goes over to the new one: what waits for the old one ends with it."""
        exits = {}
        for order in self._kernel.orders.open_orders(entry.symbol, entry.owner):
            if order.parent_id == entry.client_id and order.state is OrderState.HELD:
                exits["take_profit" if order.role is OrderRole.TAKE_PROFIT else "stop_loss"] = order.stop_price
        return exits

    def forget(self, order: Order) -> None:
        """The order is to end for good: nothing takes its place."""
        self._waiting.pop(order.client_id, None)

    def on_order(self, order: Order) -> None:
        """An order has changed: place what waited for its end."""
        if order.client_id not in self._waiting or order.is_open:
            return
        intent, lots = self._waiting.pop(order.client_id)
        left = lots - order.filled_lots
        if order.state is not OrderState.CANCELLED or left <= 0:
            return
        if not self._kernel.place(msgspec.structs.replace(intent, lots=left)):
            text = f"{order.client_id} is cancelled, and the order that was to replace it was denied."
            self._kernel.alarm(Severity.ERROR, text)
