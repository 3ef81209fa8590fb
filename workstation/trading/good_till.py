"""Ends good-till-date orders that the venue does not end itself, and whatever is still open after its date.

A restart looks at once: an order whose date passed while the engine was off is cancelled first.
"""

from __future__ import annotations

from typing import Protocol

from workstation.core.clock import EventClock, Timer
from workstation.core.orders import Order
from workstation.core.timeframe import SECOND_NS, utc_text
from workstation.trading.order_manager import OrderManager
from workstation.venues.base import Venue

GRACE_NS = 5 * SECOND_NS
"""How long after the date the venue's own end of an order is waited for."""
AGAIN_NS = SECOND_NS


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    orders: OrderManager
    venue: Venue


class GoodTill:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._timers: dict[str, Timer] = {}
        """By client id, of open orders."""

    def begin(self) -> None:
        """Look at what an earlier session left: what is over is cancelled at once."""
        now_ns = self._engine.clock.time_ns
        for order in self._engine.orders.open_orders():
            if order.good_till_ns and now_ns >= order.good_till_ns:
                self._end(order)
            else:
                self.watch(order)

    def watch(self, order: Order) -> None:
        """Cancel an order at its date, if it has one."""
        if order.good_till_ns:
            grace_ns = GRACE_NS if self._engine.venue.can.keeps_date(order) else 0
            self._end_at(order, order.good_till_ns + grace_ns)

    def on_order(self, order: Order) -> None:
        """An order has changed. A cancel that overtook it is refused, and asked for again."""
        if not order.good_till_ns:
            return
        now_ns = self._engine.clock.time_ns
        if not order.is_open:
            self._forget(order)
        elif order.client_id not in self._timers and not order.cancel_requested_ns:
            self._end_at(order, max(order.good_till_ns, now_ns + AGAIN_NS))

    def _end_at(self, order: Order, when_ns: int) -> None:
        self._forget(order)
        self._timers[order.client_id] = self._engine.clock.call_at(when_ns, lambda: self._due(order))

    def _forget(self, order: Order) -> None:
        timer = self._timers.pop(order.client_id, None)
        if timer is not None:
            timer.cancel()

    def _due(self, order: Order) -> None:
        del self._timers[order.client_id]
        self._end(order)

    def _end(self, order: Order) -> None:
        self._engine.orders.request_cancel(order, f"its date has passed: good till {utc_text(order.good_till_ns)} UTC")
