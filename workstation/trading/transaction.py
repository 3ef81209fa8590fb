"""What a dispatch decides: to the journal first, at once; then to the venue; then to who listens.

If the journal cannot be written, nothing that adds risk leaves and trading is halted until it can.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeGuard

from workstation.core.bus import Bus
from workstation.core.clock import EventClock
from workstation.core.errors import StorageError
from workstation.core.messages import AmendRejected, CancelRejected, OrderRejected, Output
from workstation.core.orders import AmendRequest, Approved, CancelRequest
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import TradingState
from workstation.trading.held_orders import HeldOrders
from workstation.trading.kernel_terms import Journal, Nowhere, Recorder
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_states import OrderReport
from workstation.trading.replacements import Replacements
from workstation.trading.settlement import Settlement
from workstation.trading.trading_state import TradingStateHolder
from workstation.venues.base import Request, Venue

JOURNAL = "journal"
"""The cause that restricts trading while the journal cannot be written."""
JOURNAL_FAILURE = "The journal cannot be written."
_RISKS = (Approved, AmendRequest)


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    bus: Bus
    orders: OrderManager
    trading: TradingStateHolder
    venue: Venue
    settlement: Settlement
    replacements: Replacements
    held: HeldOrders | None


class Transaction:
    """Collects what is decided, and commits it."""

    def __init__(self, engine: Engine, journal: Journal, recorder: Recorder | None) -> None:
        self._engine = engine
        self.journal = journal
        self._recorder = recorder
        self._published: list[Output] = []
        self._committing_soon = False

    def emit(self, output: Output) -> None:
        """Journal an output; subscribers hear of it once it is committed."""
        self.journal.append(output)
        self._published.append(output)

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """What is emitted meanwhile was journalled before: it is dropped."""
        journal, self.journal = self.journal, Nowhere()
        try:
            yield
        finally:
            self.journal = journal
            self._published.clear()

    def settle(self) -> None:
        """Commit if something was decided."""
        if self._published or self._engine.orders.outbox:
            self.commit()

    def commit(self) -> None:
        """Bring everything that was decided to the journal, then on its way."""
        engine = self._engine
        if self.journal.pending:
            try:
                self._write()
            except StorageError as error:
                self._on_failure(error)
            else:
                if JOURNAL in engine.trading.causes:
                    engine.trading.lift(JOURNAL)
                    self._commit_soon()
        outbox = engine.orders.outbox
        if outbox:
            engine.orders.outbox = []
            held = engine.held
            for request in outbox:
                if held is None or not held.takes(request):
                    engine.venue.send(request)
        published = self._published
        if published:
            self._published = []
            publish = engine.bus.publish
            for output in published:
                publish(output)

    def _write(self) -> None:
        """The inputs that led to an order and the order itself reach the disk side by side, before it leaves."""
        if self._recorder is None:
            self.journal.commit()
            return
        leaves = any(isinstance(request, _RISKS) for request in self._engine.orders.outbox)
        self._recorder.flush()
        if leaves:
            self._recorder.begin_sync()
        try:
            self.journal.commit()
        finally:
            if leaves:
                self._recorder.end_sync()

    def _commit_soon(self) -> None:
        """In a halt nothing else may come that would commit what is pending."""
        if not self._committing_soon:
            self._committing_soon = True
            clock = self._engine.clock
            clock.call_at(clock.time_ns + SECOND_NS, self._commit_pending)

    def _commit_pending(self) -> None:
        self._committing_soon = False
        self.commit()

    def _on_failure(self, error: StorageError) -> None:
        """Fail closed: what is not on disk does not leave, and nothing new is taken; cancels still go, but for those
        that make room for another order."""
        engine, why = self._engine, "not sent: the journal could not be written"
        orders, now_ns = engine.orders, engine.clock.time_ns
        refused = [r for r in orders.outbox if isinstance(r, _RISKS) or self._makes_room(r)]
        orders.outbox = [request for request in orders.outbox if request not in refused]
        engine.trading.restrict(JOURNAL, TradingState.HALTED, f"{JOURNAL_FAILURE} {error}")
        self._commit_soon()
        for request in refused:
            client_id = request.client_id
            if isinstance(request, Approved):
                report: OrderReport = OrderRejected(ts_ns=now_ns, client_id=client_id, code="JOURNAL", reason=why)
            elif isinstance(request, CancelRequest):
                engine.replacements.forget(orders.orders[client_id])
                report = CancelRejected(ts_ns=now_ns, client_id=client_id, reason=why)
            else:
                number = request.amendment
                report = AmendRejected(ts_ns=now_ns, client_id=client_id, reason=why, amendment=number)
            engine.settlement.take_order_report(report)

    def _makes_room(self, request: Request) -> TypeGuard[CancelRequest]:
        return isinstance(request, CancelRequest) and request.client_id in self._engine.replacements
