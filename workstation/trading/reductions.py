"""Keeps reducing orders within what their owner holds.

One that has nothing left to reduce is cancelled: left alone, it would act on the next position. The venue knows the
account's net position only. So where several owners hold a symbol, or an order was sent without the reduce-only flag
because another owner holds against it, an exit and a stop of one owner could together sell more than it has: there,
what is too large is made smaller after each change of the position.
"""

from __future__ import annotations

from typing import Protocol

from workstation.core.errors import OrderError
from workstation.core.orders import Order
from workstation.core.types import Severity
from workstation.trading.ledger import Ledger
from workstation.trading.order_manager import OrderManager


class Amender(Protocol):
    """What it needs of the kernel."""

    ledger: Ledger
    orders: OrderManager

    def amend(self, order: Order, price: int | None, stop_price: int | None, lots: int | None) -> None: ...
    def alarm(self, severity: Severity, text: str) -> None: ...


class ReductionKeeper:
    def __init__(self, kernel: Amender) -> None:
        self._kernel = kernel

    def check(self, owner: str, symbol: str) -> None:
        """The owner's position in the symbol has changed."""
        kernel = self._kernel
        holders = sum(position.lots != 0 for position in kernel.ledger.by_symbol.get(symbol, ()))
        held = kernel.ledger.lots(owner, symbol)
        for order in kernel.orders.open_orders(symbol, owner):
            if not order.reduce_only or order.cancel_requested_ns or kernel.orders.open_parent(order):
                continue
            reducible = -order.side * held
            if reducible <= 0:
                kernel.orders.request_cancel(order, "nothing left to reduce")
            elif order.remaining > reducible and (holders > 1 or not order.venue_reduces):
                self._shrink(order, reducible)

    def _shrink(self, order: Order, lots: int) -> None:
        try:
            self._kernel.amend(order, None, None, order.filled_lots + lots)
        except OrderError as error:
            self._kernel.alarm(Severity.WARNING, f"{order.client_id} is larger than its position: {error}")
