"""Owns every order: journals it before it is sent, applies what the venue reports, and knows what is in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from workstation.core.clock import EventClock
from workstation.core.messages import (
    AmendRejected,
    AmendRequested,
    CancelRejected,
    CancelRequested,
    OrderAccepted,
    OrderAdopted,
    OrderAmended,
    OrderCancelled,
    OrderDue,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReleased,
    OrderStatus,
    OrderTriggered,
    OrderUnknown,
    Output,
)
from workstation.core.orders import AmendRequest, Approved, CancelRequest, Order, QueryRequest
from workstation.core.recent_ids import RecentIds
from workstation.core.types import EXTERNAL, OrderRole, OrderState, Severity, Side
from workstation.trading.amendments import Amendment, Amendments
from workstation.trading.order_answers import reports_of
from workstation.trading.order_making import PLACED_ELSEWHERE, foreign_order, order_of, submitted
from workstation.trading.order_states import TRANSITIONS, UNANSWERED, WORKING, OrderReport, end_note
from workstation.venues.base import Request

DUPLICATE_REQUEST = "DUPLICATE"
"""A venue's refusal of a client id that it knows: the order itself goes on, and a query tells its state."""

REMEMBERED_ORDERS = 10_000
"""Ended orders that a late report may still be about."""
REMEMBERED_AFTER_RESTART = 1_000
"""The newest of them that a restart takes along. The account is compared every few seconds, so that what an order did
after we gave it up is known soon: only those that ended shortly before the engine did can still bring news."""
REMEMBERED_FILLS = 100_000


class SymbolOrders:
    """Open orders of one symbol, and the lots they could still add to each side at their worst."""

    __slots__ = ("orders", "reductions", "worst_buys", "worst_sells")

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.reductions = 0
        """How many of them only reduce."""
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
        self.seen_fills = RecentIds(REMEMBERED_FILLS)
        self.amendments = Amendments()
        self._ended: deque[str] = deque()
        self.refused_reports = 0
        self.on_cancel: Callable[[Order], None] = lambda order: None
        """Called when the end of an order is wished for, also where that was asked for already."""
        self.on_adopted: Callable[[Order], None] = lambda order: None
        """Called when an order that is open was taken into the books."""

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
        groups: Iterable[SymbolOrders] = self.by_symbol.values()
        if symbol:
            groups = [self.by_symbol[symbol]] if symbol in self.by_symbol else []
        return [order for group in groups for order in group.orders.values() if not owner or order.owner == owner]

    def submit(self, approved: Approved) -> Order:
        """Journal an approved intent and queue it for the venue."""
        order = order_of(approved, self._clock.time_ns)
        self._emit(submitted(order))
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
            group.reductions += order.reduce_only
            _count(group, order, order.remaining)
            self.on_adopted(order)

    def remember(self, order: Order) -> None:
        """Take back an order that ended in an earlier session, so that a late fill finds its owner."""
        self.orders[order.client_id] = order
        self._remember_end(order.client_id)

    def ended_orders(self) -> list[Order]:
        """Our orders that ended last, oldest first: what ``remember`` takes back after a restart."""
        ended = (self.orders[client_id] for client_id in self._ended)
        return [order for order in ended if order.owner != EXTERNAL][-REMEMBERED_AFTER_RESTART:]

    def adopt_foreign(self, event: OrderAdopted) -> None:
        """Take an order into the books that somebody else placed on the account."""
        self.adopt(foreign_order(event))

    def request_cancel(self, order: Order, reason: str = "") -> None:
        """Ask the venue to cancel; repeated requests while one is under way are not sent."""
        self.on_cancel(order)
        if order.is_open and not order.cancel_requested_ns:
            self.ask_to_cancel(order, reason)

    def ask_to_cancel(self, order: Order, reason: str) -> None:
        """Send the request, also once more when it got no answer."""
        order.cancel_requested_ns = self._clock.time_ns
        self._emit(CancelRequested(ts_ns=self._clock.time_ns, client_id=order.client_id, reason=reason))
        self.outbox.append(CancelRequest(order.client_id))

    def hold_for(self, order: Order, others: list[Order], reason: str) -> None:
        """Cancel what must end before a held order leaves; that it is due is journalled ahead of the cancels."""
        due = OrderDue(
            ts_ns=self._clock.time_ns,
            client_id=order.client_id,
            after=tuple(other.client_id for other in others),
            reason=reason,
        )
        order.waits_for = list(due.after)
        self._emit(due)
        for other in others:
            self.request_cancel(other, reason)

    def awaited(self, order: Order) -> list[Order]:
        """What must still end before a held order leaves."""
        others = (self.orders.get(client_id) for client_id in order.waits_for)
        return [other for other in others if other is not None and other.is_open]

    def request_amend(self, order: Order, price: int, stop_price: int, lots: int, expires_ns: int) -> None:
        """Ask the venue to move an order to these terms; growth counts as in flight at once."""
        requested = AmendRequested(
            ts_ns=self._clock.time_ns,
            client_id=order.client_id,
            price=price,
            stop_price=stop_price,
            lots=lots,
            amendment=order.amendments + 1,
            expires_ns=expires_ns,
        )
        self.expect_amend(order, requested)
        self._emit(requested)
        self.outbox.append(
            AmendRequest(order.client_id, price, stop_price, lots, requested.amendment, requested.expires_ns)
        )

    def expect_amend(self, order: Order, requested: AmendRequested) -> None:
        """Count an order at the largest size it may have, until the venue answers the change."""
        order.amendments = requested.amendment
        amendment = Amendment(requested.amendment, requested.lots, requested.expires_ns)
        self._set_lots(order, self.amendments.expect(order.client_id, order.lots, amendment))

    def request_status(self, order: Order) -> None:
        self.outbox.append(QueryRequest(order.client_id, self._clock.time_ns))

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
            self._alarm(Severity.ERROR, f"The venue reported on {report.client_id}, which this engine did not send.")
            self.refused_reports += 1
            return None
        if type(report) is CancelRejected:
            return self._apply_kept(order, report)
        if type(report) is AmendRejected:
            return self._apply_unchanged(order, report)
        new_state = TRANSITIONS.get((order.state, type(report)))
        if type(report) is OrderAmended and new_state is not None and _is_overtaken(order, report):
            self.request_status(order)
        if _says_nothing_new(order, report):
            new_state = None
        if new_state is None:
            self.refused_reports += 1
            return None
        if type(report) is OrderFilled:
            return self._apply_fill(order, report, new_state)
        before, venue_id = order.state, order.venue_id
        if type(report) is OrderAccepted:
            if report.held and before in UNANSWERED:
                new_state = OrderState.HELD
            order.venue_id = report.venue_id
        elif type(report) is OrderTriggered:
            if report.released:
                new_state = OrderState.ACCEPTED
        elif type(report) is OrderReleased:
            order.expires_ns = report.expires_ns
            order.created_ns = report.ts_ns
        elif type(report) is OrderAmended:
            self._set_terms(order, report)
        elif isinstance(report, OrderRejected):
            order.note = f"{report.code}: {report.reason}"
        elif isinstance(report, OrderUnknown | OrderCancelled | OrderExpired) and new_state is not before:
            order.note = end_note(report, order.good_till_ns)
        if order.filled_lots and new_state.is_open and new_state is not OrderState.UNKNOWN:
            new_state = OrderState.PARTIALLY_FILLED
        order.state = new_state
        order.updated_ns = report.ts_ns
        if new_state.is_terminal:
            self._close(order)
        elif new_state is before and order.venue_id == venue_id and type(report) is not OrderAmended:
            return None
        self._emit(report)
        return order

    def _apply_fill(self, order: Order, fill: OrderFilled, new_state: OrderState) -> Order | None:
        if fill.fill_id in self.seen_fills:
            self.refused_reports += 1
            return None
        self.seen_fills.add(fill.fill_id)
        order.fill_ids.append(fill.fill_id)
        elsewhere = order.owner == EXTERNAL or order.reason == PLACED_ELSEWHERE
        if elsewhere and fill.lots > order.remaining:
            # Of somebody else's order only what it fills is sure.
            self._set_lots(order, order.filled_lots + fill.lots)
        was_open = order.is_open
        if not was_open and not elsewhere:
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

    def _apply_kept(self, order: Order, report: CancelRejected) -> Order | None:
        if not order.is_open:
            self.refused_reports += 1
            return None
        order.cancel_requested_ns = 0
        order.note = report.reason
        self._emit(report)
        return order

    def _apply_unchanged(self, order: Order, report: AmendRejected) -> Order | None:
        """Of a change that was to grow the order, the growth is gone."""
        lots = self.amendments.refuse(order.client_id, report.amendment)
        if lots is None:
            self.refused_reports += 1
            return None
        self._set_lots(order, lots)
        if order.is_open and order.filled_lots >= order.lots:
            order.state = OrderState.FILLED
            self._close(order)
        order.note = report.reason
        self._emit(report)
        return order

    def _set_terms(self, order: Order, report: OrderAmended) -> None:
        order.price = report.price
        order.stop_price = report.stop_price
        order.terms_version = report.version
        number = report.amendment or self.amendments.number_of(order.client_id, report.lots)
        order.carried_out = max(order.carried_out, number)
        self._set_lots(order, self.amendments.confirm(order.client_id, report.lots, number))

    def _set_lots(self, order: Order, lots: int) -> None:
        before = order.remaining
        order.lots = lots
        if order.is_open:
            _count(self.symbol_orders(order.symbol), order, order.remaining - before)

    def _close(self, order: Order) -> None:
        self.amendments.forget(order.client_id)
        group = self.by_symbol[order.symbol]
        if group.orders.pop(order.client_id, None) is not None:
            self.open_count -= 1
            group.reductions -= order.reduce_only
            _count(group, order, -order.remaining)
        self._remember_end(order.client_id)

    def _remember_end(self, client_id: str) -> None:
        self._ended.append(client_id)
        if len(self._ended) > REMEMBERED_ORDERS:
            self.orders.pop(self._ended.popleft(), None)

    def answers_of(self, status: OrderStatus) -> list[OrderReport]:
        """The reports that bring our order to what the venue's answer proves."""
        order = self.orders.get(status.client_id)
        return reports_of(status, order, self.amendments) if order is not None else []

    def open_parent(self, order: Order) -> Order | None:
        """The entry that may still fill, of which the order is an exit."""
        parent = self.orders.get(order.parent_id) if order.parent_id else None
        return parent if parent is not None and parent.is_open else None

    def live_stop(self, owner: str, symbol: str) -> Order | None:
        """The owner's protective stop that the venue has confirmed and that can trigger now, if any."""
        for order in self.open_orders(symbol, owner):
            if order.role is OrderRole.PROTECTIVE_STOP and order.state in WORKING:
                return order
        return None


def _says_nothing_new(order: Order, report: OrderReport) -> bool:
    """A doubled answer: a child that is live is released, a request that the venue has is refused, terms are old."""
    if type(report) is OrderTriggered:
        return report.released and order.state is OrderState.ACCEPTED
    if type(report) is OrderAmended:
        return _is_old(order, report) or (_is_overtaken(order, report) and report.lots < order.lots)
    return type(report) is OrderRejected and report.code == DUPLICATE_REQUEST


def _is_old(order: Order, report: OrderAmended) -> bool:
    return 0 < report.version <= order.terms_version


def _is_overtaken(order: Order, report: OrderAmended) -> bool:
    """Whether a newer change was carried out before we heard of this one, and no version tells which came last at the
    venue: what it proves of the order's size is that it was so once. The larger one counts until the venue tells."""
    return 0 < report.amendment < order.carried_out and not _is_old(order, report)


def _count(group: SymbolOrders, order: Order, lots: int) -> None:
    """Count lots in or out of what could still be added; reduce-only orders cannot add."""
    if order.reduce_only:
        return
    if order.side is Side.BUY:
        group.worst_buys += lots
    else:
        group.worst_sells += lots
