"""Owns every order: journals it before it is sent, applies what the venue reports, and knows what is in flight."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workstation.core.clock import EventClock
from workstation.core.messages import (
    AmendRequested,
    CancelRejected,
    CancelRequested,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderStatus,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    Output,
)
from workstation.core.orders import AmendRequest, Approved, CancelRequest, Order, QueryRequest
from workstation.core.types import OrderRole, OrderState, Severity, Side
from workstation.trading.order_states import TRANSITIONS
from workstation.venues.base import Request

OrderReport = (
    OrderAccepted
    | OrderRejected
    | OrderUnknown
    | OrderTriggered
    | OrderFilled
    | OrderCancelled
    | OrderExpired
    | OrderAmended
    | CancelRejected
)


class SymbolOrders:
    """Open orders of one symbol, and the lots they could still add to each side at their worst."""

    __slots__ = ("orders", "worst_buys", "worst_sells")

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.worst_buys = 0
        self.worst_sells = 0


class OrderManager:
    """Requests leave through ``outbox``: the kernel commits the journal first and only then hands them to the venue."""

    def __init__(
        self,
        clock: EventClock,
        emit: Callable[[Output], None],
        alarm: Callable[[Severity, str], None],
        id_prefix: str,
    ) -> None:
        self._clock = clock
        self._emit = emit
        self._alarm = alarm
        self._id_prefix = id_prefix
        self._next_number = 1
        self.orders: dict[str, Order] = {}
        self.by_symbol: dict[str, SymbolOrders] = {}
        self.open_count = 0
        self.outbox: list[Request] = []
        self.seen_fills: set[str] = set()
        self.refused_reports = 0

    def next_client_id(self) -> str:
        number = self._next_number
        self._next_number = number + 1
        return f"{self._id_prefix}{number}"

    def symbol_orders(self, symbol: str) -> SymbolOrders:
        found = self.by_symbol.get(symbol)
        if found is None:
            found = self.by_symbol[symbol] = SymbolOrders()
        return found

    def open_orders(self, symbol: str = "", owner: str = "") -> list[Order]:
        """Orders that may still execute, oldest first."""
        groups: Iterable[SymbolOrders] = [self.symbol_orders(symbol)] if symbol else self.by_symbol.values()
        return [
            order for group in groups for order in group.orders.values() if not owner or order.owner == owner
        ]

    def submit(self, approved: Approved) -> Order:
        """Journal an approved intent and queue it for the venue."""
        intent = approved.intent
        now_ns = self._clock.time_ns
        order = Order(
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
            role=intent.role,
            owner=intent.owner,
            reason=intent.reason,
            tag=intent.tag,
            parent_id=intent.parent_id,
            oco_group=intent.oco_group,
            reference=approved.reference,
            created_ns=now_ns,
            expires_ns=approved.expires_ns,
        )
        self._emit(
            OrderSubmitted(
                ts_ns=now_ns,
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
                role=order.role,
                owner=order.owner,
                reason=order.reason,
                parent_id=order.parent_id,
                oco_group=order.oco_group,
                reference=order.reference,
                expires_ns=order.expires_ns,
                tag=order.tag,
            )
        )
        self.adopt(order)
        self.outbox.append(approved)
        return order

    def adopt(self, order: Order) -> None:
        """Take an order into the books, whatever its state: from ``submit``, or from the journal at a restart."""
        self.orders[order.client_id] = order
        if order.is_open:
            group = self.symbol_orders(order.symbol)
            group.orders[order.client_id] = order
            self.open_count += 1
            _count(group, order, order.remaining)

    def request_cancel(self, order: Order, reason: str = "") -> None:
        """Ask the venue to cancel; repeated requests while one is under way are not sent."""
        if not order.is_open or order.cancel_requested_ns:
            return
        order.cancel_requested_ns = self._clock.time_ns
        self._emit(CancelRequested(ts_ns=self._clock.time_ns, client_id=order.client_id, reason=reason))
        self.outbox.append(CancelRequest(order.client_id))

    def request_amend(self, order: Order, price: int, stop_price: int, lots: int) -> None:
        """Ask the venue to move an order to these terms; growth counts as in flight at once."""
        if lots > order.lots:
            _count(self.symbol_orders(order.symbol), order, lots - order.lots)
            order.lots = lots
        self._emit(
            AmendRequested(
                ts_ns=self._clock.time_ns,
                client_id=order.client_id,
                price=price,
                stop_price=stop_price,
                lots=lots,
            )
        )
        self.outbox.append(AmendRequest(order.client_id, price, stop_price, lots))

    def request_status(self, order: Order) -> None:
        self.outbox.append(QueryRequest(order.client_id))

    def mark_unknown(self, order: Order, reason: str) -> None:
        """The request got no answer in time: count it at its worst until the venue tells."""
        self.apply(OrderUnknown(ts_ns=self._clock.time_ns, client_id=order.client_id, reason=reason))

    def apply(self, report: OrderReport) -> Order | None:
        """Apply a venue's report, journal it, and return its order; ``None`` when it changed nothing.

        Fills are booked once by their id, whatever state the order is in. A report that the state machine does not
        allow is refused and counted: a late or doubled answer changes nothing.
        """
        order = self.orders.get(report.client_id)
        if order is None:
            self._alarm(
                Severity.ERROR, f"The venue reported on {report.client_id}, which this engine did not send."
            )
            self.refused_reports += 1
            return None
        if type(report) is CancelRejected:
            order.cancel_requested_ns = 0
            order.note = report.reason
            self._emit(report)
            return order
        new_state = TRANSITIONS.get((order.state, type(report)))
        if new_state is None:
            self.refused_reports += 1
            return None
        if type(report) is OrderFilled:
            return self._apply_fill(order, report, new_state)
        before = order.state
        if type(report) is OrderAccepted:
            if report.held:
                new_state = OrderState.HELD
            elif order.filled_lots:
                new_state = OrderState.PARTIALLY_FILLED
            order.venue_id = report.venue_id
        elif type(report) is OrderAmended:
            if order.state is OrderState.UNKNOWN and order.filled_lots:
                new_state = OrderState.PARTIALLY_FILLED
            self._set_terms(order, report)
        elif isinstance(report, OrderRejected):
            order.note = f"{report.code}: {report.reason}"
        elif isinstance(report, OrderUnknown | OrderCancelled | OrderExpired):
            order.note = report.reason
        order.state = new_state
        order.updated_ns = report.ts_ns
        if new_state.is_terminal:
            self._close(order)
        elif new_state is before and type(report) is not OrderAmended:
            return None
        self._emit(report)
        return order

    def _apply_fill(self, order: Order, fill: OrderFilled, new_state: OrderState) -> Order | None:
        if fill.fill_id in self.seen_fills:
            self.refused_reports += 1
            return None
        self.seen_fills.add(fill.fill_id)
        was_open = order.is_open
        if not was_open:
            self._alarm(
                Severity.WARNING,
                f"Late fill of {order.client_id} ({order.symbol}), which was {order.state}: it is booked.",
            )
        if fill.lots > order.remaining:
            self._alarm(
                Severity.ERROR,
                f"The venue filled {order.client_id} ({order.symbol}) by {fill.lots - order.remaining} lots beyond "
                "its size: the fill is booked. Compare the position with the venue's.",
            )
        if was_open:
            _count(self.symbol_orders(order.symbol), order, -min(fill.lots, order.remaining))
        order.filled_lots += fill.lots
        order.filled_value += fill.lots * fill.price
        order.fees += fill.fee
        order.updated_ns = fill.ts_ns
        if order.filled_lots >= order.lots:
            new_state = OrderState.FILLED
        elif order.state is OrderState.UNKNOWN and was_open:
            new_state = OrderState.PARTIALLY_FILLED
        order.state = new_state
        if was_open and new_state.is_terminal:
            self._close(order)
        self._emit(fill)
        return order

    def _set_terms(self, order: Order, report: OrderAmended) -> None:
        _count(self.symbol_orders(order.symbol), order, report.lots - order.lots)
        order.price = report.price
        order.stop_price = report.stop_price
        order.lots = report.lots

    def _close(self, order: Order) -> None:
        group = self.by_symbol[order.symbol]
        if group.orders.pop(order.client_id, None) is not None:
            self.open_count -= 1
            _count(group, order, -order.remaining)

    def reports_of(self, status: OrderStatus) -> list[OrderReport]:
        """The reports that bring our order to what the venue's answer proves; fills already booked are left out."""
        order = self.orders.get(status.client_id)
        if order is None:
            return []
        now_ns = status.ts_ns
        if not status.found:
            # "Not found" is believed only when the request can no longer arrive.
            if order.is_open and now_ns > order.expires_ns:
                return [
                    OrderExpired(ts_ns=now_ns, client_id=order.client_id, reason="never reached the venue")
                ]
            return []
        reports: list[OrderReport] = [fill for fill in status.fills if fill.fill_id not in self.seen_fills]
        if not order.is_open:
            return reports
        if order.state in (OrderState.SUBMITTED, OrderState.UNKNOWN):
            held = status.state is OrderState.HELD
            accepted = OrderAccepted(
                ts_ns=now_ns, client_id=order.client_id, venue_id=status.venue_id, held=held
            )
            reports.insert(0, accepted)
        if status.state is OrderState.CANCELLED:
            reports.append(
                OrderCancelled(ts_ns=now_ns, client_id=order.client_id, reason="found at the venue")
            )
        elif status.state is OrderState.EXPIRED:
            reports.append(OrderExpired(ts_ns=now_ns, client_id=order.client_id, reason="found at the venue"))
        elif status.state is OrderState.REJECTED:
            reports.append(
                OrderRejected(
                    ts_ns=now_ns, client_id=order.client_id, code="REJECTED", reason="found at the venue"
                )
            )
        return reports

    def live_stop(self, owner: str, symbol: str) -> Order | None:
        """The owner's protective stop that rests at the venue, if any."""
        for order in self.symbol_orders(symbol).orders.values():
            if order.owner == owner and order.role is OrderRole.PROTECTIVE_STOP:
                return order
        return None


def _count(group: SymbolOrders, order: Order, lots: int) -> None:
    """Count lots in or out of what could still be added; reduce-only orders cannot add."""
    if order.reduce_only:
        return
    if order.side is Side.BUY:
        group.worst_buys += lots
    else:
        group.worst_sells += lots
