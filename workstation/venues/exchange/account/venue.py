"""The exchange as the engine's venue: requests become tasks, answers and the account's stream become reports."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.messages import AmendRejected, CancelRejected, RestingOrder
from workstation.core.orders import (
    AmendRequest,
    Approved,
    CancelRequest,
    KillRequest,
    Order,
    QueryRequest,
    SnapshotRequest,
)
from workstation.venues.base import ReportHandler, Request
from workstation.venues.exchange.account.binance_dialect import BinanceDialect
from workstation.venues.exchange.account.binance_events import BinanceEvents
from workstation.venues.exchange.account.binance_parsing import ALGO
from workstation.venues.exchange.account.facts import Dialect
from workstation.venues.exchange.account.known_orders import KnownOrder, KnownOrders
from workstation.venues.exchange.account.order_requests import OrderRequests
from workstation.venues.exchange.account.order_terms import in_algo_service
from workstation.venues.exchange.account.reporter import Reporter
from workstation.venues.exchange.account.snapshots import Snapshots
from workstation.venues.exchange.account.unified_dialect import UnifiedDialect
from workstation.venues.exchange.account.unified_stream import UnifiedUserStream
from workstation.venues.exchange.account.user_stream import BinanceUserStream, UserStream
from workstation.venues.exchange.capabilities import amendable_types, exchange_capabilities
from workstation.venues.exchange.codes import family_of
from workstation.venues.exchange.connection.budget import Limits
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, LaggingAnswer, RequestExpired
from workstation.venues.exchange.instruments import Instruments

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 1.0
"""An order waits for the cancels before it no longer than this: a cancel that hangs must not keep it from leaving."""


class ExchangeVenue:
    """Implements ``Venue`` on the running loop; every report comes on its thread, stamped by our clock.

    Requests leave in the order in which they were sent, and none waits for another's answer, save these: an order
    waits for the cancels and changes of its symbol before it, and whatever concerns an order for that order.

    ``on_reconnected`` is called when the account's stream stands again: what it missed must then be asked for with a
    ``SnapshotRequest``.
    """

    def __init__(
        self,
        client: ExchangeClient,
        instruments: Mapping[str, Instrument],
        report: ReportHandler,
        on_reconnected: Callable[[], None],
    ) -> None:
        settings, now_ns = client.settings, client.clock.now_ns
        self.can = exchange_capabilities(settings)
        self._client = client
        self._now_ns = now_ns
        self._on_reconnected = on_reconnected
        self._orders = KnownOrders()
        self._reporter = Reporter(self._orders, report)
        known = Instruments(client, instruments)
        self._dialect: Dialect
        self.stream: UserStream
        if family_of(settings.name) == "binance":
            binance = BinanceDialect(client, known, self._orders, now_ns)
            self._events = BinanceEvents(binance, known, self._orders, now_ns)
            self._dialect = binance
            self.stream = BinanceUserStream(client, self._on_event, self._on_stream)
        else:
            unified = UnifiedDialect(client, known, self._orders, now_ns)
            self._dialect = unified
            self.stream = UnifiedUserStream(
                client, unified, now_ns, lambda reports: self._reporter.tell(*reports), self._on_stream
            )
        self._requests = OrderRequests(
            client, self._dialect, self._orders, self._reporter, amendable_types(settings), now_ns
        )
        self._snapshots = Snapshots(client, self._dialect, known, now_ns)
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: dict[str, asyncio.Task[None]] = {}
        """By client id: what is under way for the order, the newest."""
        self._changes: dict[str, set[asyncio.Task[None]]] = {}
        """By symbol: cancels and changes that are under way."""
        self._cancelling: set[str] = set()
        self._asking: set[str] = set()
        self._closed = False

    @property
    def limits(self) -> Limits:
        return self._client.limits

    @property
    def report(self) -> ReportHandler:
        """Who hears the reports."""
        return self._reporter.handler

    @report.setter
    def report(self, handler: ReportHandler) -> None:
        self._reporter.handler = handler

    # --- the session --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the account's stream and keep it open. The client must be open."""
        _ = self._start(self.stream.run())

    async def close(self) -> None:
        """Stop the stream and what is under way. Orders at the exchange stay as they are.

        What is sent after it does not leave: the next session asks what became of it.
        """
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        """Remember which orders are ours; what became of them the exchange is asked."""
        for order in orders:
            known = self._orders.add(KnownOrder(order.client_id, order.symbol))
            known.side, known.type, known.created_ns = order.side, order.type, order.created_ns
            known.conditional = in_algo_service(order.type, self._client.settings.market)
            if known.conditional and order.venue_id and not order.venue_id.startswith(ALGO):
                self._orders.became(known, order.venue_id)
            elif order.venue_id:
                self._orders.name(known, order.venue_id)

    def liquidation_price(self, symbol: str) -> int | None:
        """The exchange tells it with the positions of the account, which the engine reads."""
        return None

    async def cancel_all(self, symbols: list[str]) -> tuple[RestingOrder, ...]:
        """Cancel whatever rests in these symbols, ours and foreign; what still rests when it was looked for.

        Raises ``CallFailed`` when the exchange does not tell what rests.
        """
        return await self._requests.cancel_all(symbols)

    # --- requests -----------------------------------------------------------------------------------------------------

    def send(self, request: Request) -> None:
        """Start a request. Reports come later, never from within this call."""
        if self._closed:
            return
        if isinstance(request, Approved):
            self._send_order(request)
        elif isinstance(request, SnapshotRequest):
            _ = self._start(self._snapshot(request))
        elif not isinstance(request, KillRequest):
            order = self._orders.get(request.client_id)
            if order is not None:
                self._send_about(order, request)
            elif not isinstance(request, QueryRequest):
                refused = _refusal(request, self._now_ns())
                asyncio.get_running_loop().call_soon(self._reporter.tell, refused)

    def _send_order(self, approved: Approved) -> None:
        intent = approved.intent
        order = self._orders.add(KnownOrder(approved.client_id, intent.symbol))
        order.side, order.type, order.created_ns = intent.side, intent.type, self._now_ns()
        order.conditional = in_algo_service(intent.type, self._client.settings.market)
        before = tuple(self._changes.get(intent.symbol, ()))
        self._follow(order, self._start(self._place(approved, order, before)))

    def _send_about(self, order: KnownOrder, request: CancelRequest | AmendRequest | QueryRequest) -> None:
        client_id, before = order.client_id, self._last.get(order.client_id)
        if isinstance(request, QueryRequest):
            if client_id not in self._asking:
                self._asking.add(client_id)
                task = self._start(self._requests.query(order, request))
                task.add_done_callback(lambda _: self._asking.discard(client_id))
            return
        if isinstance(request, CancelRequest):
            if client_id in self._cancelling:
                return
            self._cancelling.add(client_id)
            task = self._start(self._cancel(order, before))
            task.add_done_callback(lambda _: self._cancelling.discard(client_id))
        else:
            task = self._start(self._amend(order, request, before))
        self._follow(order, task)
        changes = self._changes.setdefault(order.symbol, set())
        changes.add(task)
        task.add_done_callback(changes.discard)

    async def _place(self, approved: Approved, order: KnownOrder, before: tuple[asyncio.Task[None], ...]) -> None:
        if before:
            await asyncio.wait(before, timeout=LONGEST_WAIT_S)
        await self._requests.place(approved, order)
        if order.accepted and not order.ended:
            self._expect_in_stream(order)

    async def _cancel(self, order: KnownOrder, before: asyncio.Task[None] | None) -> None:
        await _finished(before)
        await self._requests.cancel(order)

    async def _amend(self, order: KnownOrder, request: AmendRequest, before: asyncio.Task[None] | None) -> None:
        await _finished(before)
        await self._requests.amend(order, request)

    async def _snapshot(self, request: SnapshotRequest) -> None:
        self._reporter.tell(await self._snapshots.take(request))

    def _follow(self, order: KnownOrder, task: asyncio.Task[None]) -> None:
        """What is sent about this order next waits for the task."""
        client_id = order.client_id
        self._last[client_id] = task

        def forget(done: asyncio.Task[None]) -> None:
            if self._last.get(client_id) is done:
                del self._last[client_id]

        task.add_done_callback(forget)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            text = self._client.ccxt.scrub(f"{type(error).__name__}: {error}")
            log.error("An answer of %s cannot be read: %s", self._client.name, text)

    # --- the account's stream -----------------------------------------------------------------------------------------

    def _on_stream(self) -> None:
        if self.stream.connections > 1:
            self._on_reconnected()

    async def _on_event(self, event: dict[str, Any]) -> None:
        try:
            self._reporter.tell(*await self._events.reports_of(event))
        except (CallFailed, LaggingAnswer, RequestExpired) as error:
            log.info("An event of %s cannot be assigned (%s): the account is asked for.", self._client.name, error)
            self._on_reconnected()
        except Exception as error:  # one event that cannot be read must not end the stream
            text = self._client.ccxt.scrub(f"{type(error).__name__}: {error}")
            log.error("An event of %s cannot be read: %s. The account is asked for.", self._client.name, text)
            self._on_reconnected()

    def _expect_in_stream(self, order: KnownOrder) -> None:
        """A stream that does not tell of an order that was accepted is dead, however alive it looks."""
        stream = self.stream
        if order.heard or not stream.connected or not isinstance(stream, BinanceUserStream):
            return
        connection = stream.connections

        def look() -> None:
            if not order.heard and stream.connections == connection:
                stream.reconnect(f"it did not tell of the order {order.client_id}")

        asyncio.get_running_loop().call_later(float(self._client.settings.silent_feed_s), look)


async def _finished(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        await asyncio.wait([task])


def _refusal(request: CancelRequest | AmendRequest, now_ns: int) -> CancelRejected | AmendRejected:
    reason = "The exchange has told of no such order; ask for the account's orders first."
    if isinstance(request, CancelRequest):
        return CancelRejected(ts_ns=now_ns, client_id=request.client_id, reason=reason)
    return AmendRejected(ts_ns=now_ns, client_id=request.client_id, reason=reason, amendment=request.amendment)
