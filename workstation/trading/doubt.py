"""Resolves what is in doubt: asks the venue again and again, and never sends an order twice."""

from __future__ import annotations

from workstation.core.clock import EventClock
from workstation.core.types import OrderState
from workstation.trading.kernel_terms import KernelTerms
from workstation.trading.order_manager import OrderManager


class DoubtResolver:
    """``certain`` venues answer everything: with them only what a restart left in doubt is asked for."""

    def __init__(
        self,
        clock: EventClock,
        orders: OrderManager,
        terms: KernelTerms,
        *,
        certain: bool,
    ) -> None:
        self._clock = clock
        self._orders = orders
        self._terms = terms
        self._certain = certain
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
            elif self._certain:
                continue
            elif order.state is OrderState.SUBMITTED and now_ns - order.created_ns >= terms.in_doubt_ns:
                self._orders.mark_unknown(order, "no answer from the venue")
                self._orders.request_status(order)
            elif order.cancel_requested_ns and now_ns - order.cancel_requested_ns >= terms.in_doubt_ns:
                self._orders.request_status(order)
                self._orders.ask_to_cancel(order, "asked again: no answer")
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
