"""What a venue's answer about an order proves, as the reports that bring our order there."""

from __future__ import annotations

from workstation.core.messages import (
    AmendRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderStatus,
    OrderTriggered,
    OrderUnknown,
)
from workstation.core.orders import Order
from workstation.core.types import OrderState
from workstation.trading.amendments import Amendments
from workstation.trading.order_states import UNANSWERED, WORKING, OrderReport


def reports_of(status: OrderStatus, order: Order, amendments: Amendments) -> list[OrderReport]:
    """In the order in which they must be applied; fills that are booked already are left out."""
    now_ns, client_id = status.ts_ns, order.client_id
    if not status.found:
        return _not_found(status, order)
    known = set(order.fill_ids)
    fills: list[OrderReport] = [fill for fill in status.fills if fill.fill_id not in known]
    if not order.is_open:
        return fills
    reports: list[OrderReport] = []
    if order.state in UNANSWERED:
        held = status.state is OrderState.HELD
        reports.append(OrderAccepted(ts_ns=now_ns, client_id=client_id, venue_id=status.venue_id, held=held))
    elif order.state is OrderState.HELD and status.state in WORKING:
        reports.append(OrderTriggered(ts_ns=now_ns, client_id=client_id, released=True))
    reports += _terms(status, order, amendments)
    reports += fills
    if status.state is OrderState.CANCELLED:
        reports.append(OrderCancelled(ts_ns=now_ns, client_id=client_id, reason="found at the venue"))
    elif status.state is OrderState.EXPIRED:
        reports.append(OrderExpired(ts_ns=now_ns, client_id=client_id, reason="found at the venue"))
    elif status.state is OrderState.FILLED and client_id in amendments:
        reports.append(OrderExpired(ts_ns=now_ns, client_id=client_id, reason="filled before it grew"))
    elif status.state is OrderState.REJECTED:
        reports.append(OrderRejected(ts_ns=now_ns, client_id=client_id, code="REJECTED", reason="found at the venue"))
    return reports


def _not_found(status: OrderStatus, order: Order) -> list[OrderReport]:
    """Believed only when it was asked after the request could no longer arrive, and of an order that never did."""
    now_ns, client_id = status.ts_ns, order.client_id
    if order.state in WORKING:
        return [OrderUnknown(ts_ns=now_ns, client_id=client_id, reason="the venue no longer knows it")]
    if order.is_open and status.asked_ns > order.expires_ns and not (order.venue_id or order.filled_lots):
        return [OrderExpired(ts_ns=now_ns, client_id=client_id, reason="never reached the venue")]
    return []


def _terms(status: OrderStatus, order: Order, amendments: Amendments) -> list[OrderReport]:
    """The order's terms where they differ from ours, and the changes that never arrived."""
    if not status.lots:
        return []
    reports: list[OrderReport] = []
    told = (status.price, status.stop_price, status.lots)
    ours = (order.price, order.stop_price, amendments.confirmed(order.client_id, order.lots))
    newer = status.version > order.terms_version if status.version else told != ours
    if newer:
        reports.append(
            OrderAmended(
                ts_ns=status.ts_ns,
                client_id=order.client_id,
                price=status.price,
                stop_price=status.stop_price,
                lots=status.lots,
                version=status.version,
                amendment=status.amendment,
            )
        )
    elif status.state in WORKING or status.state is OrderState.HELD:
        for number in amendments.lapsed(order.client_id, status.asked_ns):
            reason = "never reached the venue"
            reports.append(
                AmendRejected(ts_ns=status.ts_ns, client_id=order.client_id, reason=reason, amendment=number)
            )
    return reports
