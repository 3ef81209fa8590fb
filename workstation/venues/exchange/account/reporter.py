"""Hands reports to the engine, each fact once: the answer to a request and the stream tell the same things."""

from __future__ import annotations

from workstation.core.messages import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderStatus,
    OrderTriggered,
    VenueReport,
)
from workstation.venues.base import ReportHandler
from workstation.venues.exchange.account.known_orders import KnownOrders

_OF_AN_ORDER = (
    OrderAccepted,
    OrderTriggered,
    OrderFilled,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderStatus,
)


class Reporter:
    """Fills of ours are never held back for being late, only for being told before under the same id."""

    def __init__(self, orders: KnownOrders, handler: ReportHandler) -> None:
        self._orders = orders
        self.handler = handler

    def tell(self, *reports: VenueReport) -> None:
        for report in reports:
            if self._is_news(report):
                self.handler(report)

    def _is_news(self, report: VenueReport) -> bool:
        if not isinstance(report, _OF_AN_ORDER):
            return True
        order = self._orders.get(report.client_id)
        if order is None:
            return True
        if isinstance(report, OrderStatus):
            order.fill_ids.update(fill.fill_id for fill in report.fills)
            order.accepted = order.accepted or report.found
            if report.state.is_terminal and not order.ended:
                self._orders.end(order)
            return True
        if isinstance(report, OrderFilled):
            news = report.fill_id not in order.fill_ids
            order.fill_ids.add(report.fill_id)
        elif isinstance(report, OrderAccepted):
            news = not (order.accepted or order.ended)
            order.accepted = True
        elif isinstance(report, OrderTriggered):
            news = not (order.triggered or order.ended)
            order.triggered = True
        else:
            news = not order.ended
            if news:
                self._orders.end(order)
        return news
