"""Resolves what is in doubt: asks the venue again and again, and never sends an order twice."""

from __future__ import annotations

from workstation.core.clock import EventClock
from workstation.core.types import OrderState
from workstation.trading.kernel_terms import KernelTerms
from workstation.trading.order_manager import OrderManager
from workstation.venues.base import Capabilities


class DoubtResolver:
    """A ``certain`` venue answers everything: with it only what a restart left in doubt is asked for. One that outlives
    the engine is elsewhere, so that what is on the way to it can be lost: a request without an answer is asked for.
    """

    def __init__(
        self,
        clock: EventClock,
        orders: OrderManager,
        terms: KernelTerms,
        can: Capabilities,
    ) -> None:
        self._clock = clock
        self._orders = orders
        self._terms = terms
        self._certain = can.certain
        self.watches = not can.certain or can.outlives
        """Whether a new order is to be watched."""
        self._checking = False
        self._asked: dict[str, int] = {}
        """When a working order was asked for last, by client id."""

    def check(self) -> None:
        """While orders are in doubt, ask the venue for them again and again; never resend."""
        if self._checking:
            return
        now_ns, terms = self._clock.time_ns, self._terms
        doubtful = False
        asked: dict[str, int] = {}
        for order in self._orders.open_orders():
            if order.state is OrderState.UNKNOWN:
                self._orders.request_status(order)
            elif not self.watches:
                continue
            elif order.state is OrderState.SUBMITTED and now_ns - order.created_ns >= terms.in_doubt_ns:
                self._orders.mark_unknown(order, "no answer from the venue")
                self._orders.request_status(order)
            elif order.cancel_requested_ns and now_ns - order.cancel_requested_ns >= terms.in_doubt_ns:
                self._orders.request_status(order)
                self._orders.ask_to_cancel(order, "asked again: no answer")
            elif self._certain:
                if order.state is not OrderState.SUBMITTED and not order.cancel_requested_ns:
                    continue
            elif now_ns - max(order.updated_ns, self._asked.get(order.client_id, 0)) >= terms.in_doubt_ns:
                asked[order.client_id] = now_ns
                self._orders.request_status(order)
            elif order.client_id in self._asked:
                asked[order.client_id] = self._asked[order.client_id]
            doubtful = True
        self._asked = asked
        if doubtful:
            self._checking = True
            self._clock.call_at(now_ns + terms.in_flight_check_ns, self._check_again)

    def _check_again(self) -> None:
        self._checking = False
        self.check()
