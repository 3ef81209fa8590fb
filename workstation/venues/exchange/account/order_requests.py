"""Sends an order, a cancel, a change or a question, and reports what its answer, or the lack of one, proves."""

from __future__ import annotations

import logging
from collections.abc import Callable

from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    OrderExpired,
    OrderRejected,
    OrderStatus,
    OrderUnknown,
    RestingOrder,
    VenueReport,
)
from workstation.core.orders import AmendRequest, Approved, QueryRequest
from workstation.core.types import OrderType
from workstation.venues.exchange.account.facts import Dialect
from workstation.venues.exchange.account.known_orders import KnownOrder, KnownOrders
from workstation.venues.exchange.account.order_terms import NotNative
from workstation.venues.exchange.account.outcomes import CLOCK_CODES, CancelOutcome, ErrorTable, Found, Outcome
from workstation.venues.exchange.account.reporter import Reporter
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, LaggingAnswer, RequestExpired

log = logging.getLogger(__name__)

CANCEL_ALL_ROUNDS = 3
NOT_SENT = "not sent: request expired"


class OrderRequests:
    """An order is sent once. Only one that was turned away for its time stamp, and so certainly was not taken, is sent
    a second time, by the clock as it is then measured anew.
    """

    def __init__(
        self,
        client: ExchangeClient,
        dialect: Dialect,
        orders: KnownOrders,
        reporter: Reporter,
        amendable: frozenset[OrderType],
        now_ns: Callable[[], int],
    ) -> None:
        self._client = client
        self._dialect = dialect
        self._orders = orders
        self._reporter = reporter
        self._amendable = amendable
        self._now_ns = now_ns
        self._table = ErrorTable(client.settings.name, client.settings.market)

    # --- orders -------------------------------------------------------------------------------------------------------

    async def place(self, approved: Approved, order: KnownOrder) -> None:
        """Send a new order."""
        now_ns, client_id = self._now_ns, order.client_id
        reports: list[VenueReport]
        try:
            reports = await self._placed(approved, order)
        except RequestExpired:
            reports = [OrderExpired(ts_ns=now_ns(), client_id=client_id, reason=NOT_SENT)]
        except NotNative as error:
            reports = [OrderRejected(ts_ns=now_ns(), client_id=client_id, code="NOT_NATIVE", reason=f"{error}.")]
        except CallFailed as failed:
            reports = [self._failed_order(client_id, failed)]
        except Exception as error:  # the exchange may have the order, whatever broke here
            text = self._client.ccxt.scrub(f"{type(error).__name__}: {error}")
            log.error("The answer of %s to the order %s cannot be read: %s", self._client.name, client_id, text)
            reports = [OrderUnknown(ts_ns=now_ns(), client_id=client_id, reason="its answer cannot be read")]
        self._reporter.tell(*reports)

    async def _placed(self, approved: Approved, order: KnownOrder) -> list[VenueReport]:
        self._check_expiry(approved)
        try:
            return await self._dialect.place(approved, order)
        except CallFailed as failed:
            turned_away = failed.code in CLOCK_CODES and self._table.of_order(failed) is Outcome.EXPIRED
            if not turned_away or failed.call.left != 1:
                raise
            await self._client.measure_clock()
            if 0 < approved.expires_ns <= self._now_ns():
                raise
        return await self._dialect.place(approved, order)

    def _check_expiry(self, approved: Approved) -> None:
        if 0 < approved.expires_ns <= self._now_ns():
            raise RequestExpired

    def _failed_order(self, client_id: str, failed: CallFailed) -> VenueReport:
        outcome, reason, now_ns = self._table.of_order(failed), self._table.reason(failed), self._now_ns()
        if outcome is Outcome.UNKNOWN:
            return OrderUnknown(ts_ns=now_ns, client_id=client_id, reason=reason)
        if outcome is Outcome.EXPIRED:
            return OrderExpired(ts_ns=now_ns, client_id=client_id, reason=f"not taken: {reason}")
        code = "DUPLICATE" if outcome is Outcome.DUPLICATE else failed.code or "NOT_SENT"
        return OrderRejected(ts_ns=now_ns, client_id=client_id, code=code, reason=reason)

    async def cancel(self, order: KnownOrder) -> None:
        """Cancel an order; where it is gone, ask what became of it. Without an answer nothing is reported: the engine
        asks what became of the order, and cancels again."""
        try:
            self._reporter.tell(*await self._dialect.cancel(order))
        except CallFailed as failed:
            outcome = self._table.of_cancel(failed)
            if outcome is CancelOutcome.UNKNOWN:
                return
            gone = outcome is CancelOutcome.GONE
            reason = "There is no such open order." if gone else self._table.reason(failed)
            self._reporter.tell(CancelRejected(ts_ns=self._now_ns(), client_id=order.client_id, reason=reason))
            if gone:
                await self.query(order, QueryRequest(order.client_id, self._now_ns()))

    async def amend(self, order: KnownOrder, request: AmendRequest) -> None:
        """Change an order in place. Without an answer nothing is reported: the engine asks for the order's terms."""
        try:
            if order.type not in self._amendable:
                raise NotNative(f"{self._client.name} changes no {order.type} order in place")
            self._reporter.tell(*await self._dialect.amend(order, request))
        except NotNative as error:
            self._refuse_change(request, f"{error}; cancel it and place another.")
        except RequestExpired:
            self._refuse_change(request, NOT_SENT)
        except CallFailed as failed:
            if self._table.of_order(failed) is not Outcome.UNKNOWN:
                self._refuse_change(request, self._table.reason(failed))

    def _refuse_change(self, request: AmendRequest, reason: str) -> None:
        self._reporter.tell(
            AmendRejected(ts_ns=self._now_ns(), client_id=request.client_id, reason=reason, amendment=request.amendment)
        )

    async def cancel_all(self, symbols: list[str]) -> tuple[RestingOrder, ...]:
        """Cancel whatever rests in these symbols, in every service, and look: what still rests afterwards.

        Raises ``CallFailed`` when the exchange does not answer what rests.
        """
        resting: tuple[RestingOrder, ...] = ()
        for _ in range(CANCEL_ALL_ROUNDS):
            for symbol in symbols:
                try:
                    await self._dialect.cancel_all(symbol)
                except CallFailed as failed:
                    log.info("%s did not cancel all of %s: %s", self._client.name, symbol, failed)
            facts = await self._dialect.open_orders()
            resting = tuple(order.resting() for order in facts if order.symbol in symbols)
            if not resting:
                break
        return resting

    # --- questions ----------------------------------------------------------------------------------------------------

    async def query(self, order: KnownOrder, query: QueryRequest) -> None:
        """Ask for an order. A question that failed proves nothing: it gives no report."""
        status = await self._status(order, query)
        if status is not None:
            self._reporter.tell(status)

    async def _status(self, order: KnownOrder, query: QueryRequest) -> OrderStatus | None:
        try:
            found = await self._dialect.find(order)
        except CallFailed as failed:
            if self._table.of_question(failed) is Found.NO_NEWS:
                return None
            found = None
        except (RequestExpired, LaggingAnswer):
            return None
        now_ns = self._now_ns()
        if found is None:
            return OrderStatus(ts_ns=now_ns, client_id=query.client_id, found=False, asked_ns=query.asked_ns)
        facts, fills = found
        return facts.status(query, now_ns, fills)
