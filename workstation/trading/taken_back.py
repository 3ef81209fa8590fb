"""Entries that a flatten takes back: what they fill before their cancel arrives is closed as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from workstation.core.messages import OrderFilled, PositionLiquidated
from workstation.core.orders import Order
from workstation.core.recent_ids import RecentIds
from workstation.trading.kernel import Kernel
from workstation.trading.ledger import Booking

REMEMBERED: Final = 1_000
REASON: Final = "flatten: filled while it was taken back"


class TakenBack:
    """``flatten`` closes what an owner holds of a symbol, for a reason. While a kill closes positions each entry counts
    as taken back, after a restart too."""

    def __init__(self, kernel: Kernel, flatten: Callable[[str, str, str], object]) -> None:
        self._kernel = kernel
        self._flatten = flatten
        self._orders = RecentIds(REMEMBERED)
        kernel.settlement.listeners.append(self._on_fill)

    def cancel(self, order: Order, reason: str) -> None:
        """Ask for its end, and close what it still fills."""
        if not order.reduce_only:
            self._orders.add(order.client_id)
        self._kernel.orders.request_cancel(order, reason)

    def _on_fill(self, event: OrderFilled | PositionLiquidated, order: Order | None, booking: Booking) -> None:
        if order is None or order.reduce_only:
            return
        # Of the two halves of a split engine the one at the account closes.
        killed = self._kernel.kill_flattens and not self._kernel.venue.can.outlives
        if killed or order.client_id in self._orders:
            self._flatten(order.symbol, order.owner, REASON)
