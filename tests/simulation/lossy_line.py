"""A venue that outlives the engine, at the far end of a lossy line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import msgspec

from tests.simulation.crashing_journal import Crash
from workstation.core.clock import EventClock, Timer
from workstation.core.messages import FundingPaid, OrderFilled, PositionLiquidated, VenueReport
from workstation.core.orders import GATE_SEAL, AmendRequest, Approved, Order
from workstation.core.types import OrderType, Side, TradingState
from workstation.trading.stop_keeper import TAG
from workstation.trading.taken_back import REASON
from workstation.venues.base import Request
from workstation.venues.simulated import FaultRates, FaultyVenue, SimVenue

if TYPE_CHECKING:
    from workstation.trading.kernel import Kernel


class RelayClock(EventClock):
    """The venue's clock: it runs on the clock of whatever kernel is alive and keeps its timers when one dies."""

    __slots__ = ("_engine", "_number", "_waiting")

    def __init__(self) -> None:
        super().__init__()
        self._engine = EventClock()
        self._waiting: dict[int, tuple[int, Callable[[], None]]] = {}
        self._number = 0

    def follow(self, engine: EventClock) -> None:
        self._engine = engine
        for number, (when_ns, _) in sorted(self._waiting.items(), key=lambda item: (item[1][0], item[0])):
            engine.call_at(when_ns, partial(self._fire, engine, number))

    @property
    def time_ns(self) -> int:
        return self._engine.time_ns

    @time_ns.setter
    def time_ns(self, _: int) -> None:
        """The engine's clock tells the time."""

    def now_ns(self) -> int:
        return self._engine.time_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Timer:
        self._number += 1
        self._waiting[self._number] = (when_ns, callback)
        return self._engine.call_at(when_ns, partial(self._fire, self._engine, self._number))

    def _fire(self, engine: EventClock, number: int) -> None:
        if engine is self._engine:
            _, callback = self._waiting.pop(number)
            callback()


class LossyLine(FaultyVenue):
    """What every request that leaves must keep to, and everything that the venue did."""

    def __init__(
        self, inner: SimVenue, clock: RelayClock, random: Random, rates: FaultRates, *, plain: bool, reconciles: bool
    ) -> None:
        self.fills: dict[str, OrderFilled] = {}
        self.account_reports: list[FundingPaid | PositionLiquidated] = []
        self.sent: dict[str, Approved] = {}
        self.enlarged: set[tuple[str, Side]] = set()
        """Where an order left that may add to a position, until somebody clears it."""
        self.alive = True
        self.crash_at_send = -1
        """Requests that may still leave before the process dies; below 0 it does not die here."""
        super().__init__(inner, clock, random, rates)
        inner.report = self._happened
        self.plain = plain
        self.can = msgspec.structs.replace(self.can, reconciles=reconciles)
        if plain:
            kinds = frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP})
            amendable = frozenset({OrderType.LIMIT})
            self.can = msgspec.structs.replace(self.can, brackets=False, order_types=kinds, amend_types=amendable)

    def connect(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._handler = self._hear
        self.alive = True
        self.crash_at_send = -1

    def _happened(self, report: VenueReport) -> None:
        if isinstance(report, OrderFilled):
            assert report.fill_id not in self.fills, f"the venue used the id {report.fill_id} twice"
            self.fills[report.fill_id] = report
        elif isinstance(report, FundingPaid | PositionLiquidated):
            self.account_reports.append(report)
        self._receive(report)

    def _hear(self, report: VenueReport) -> None:
        """A crash must not tear the venue, which is another machine."""
        if self.alive:
            try:
                self._kernel.on_report(report)
            except Crash:
                self.alive = False

    def send(self, request: Request) -> None:
        if not self.alive:
            raise Crash
        if self.crash_at_send >= 0:
            self.crash_at_send -= 1
            if self.crash_at_send < 0:
                self.alive = False
                raise Crash
        if isinstance(request, Approved):
            client_id = request.client_id
            journal = self._kernel.journal
            assert client_id in journal.submitted, f"{client_id} left before it was journalled"  # type: ignore[attr-defined]
            assert client_id not in self.sent, f"{client_id} was sent twice"
            state = self._kernel.trading.state
            panic = request.intent.reduce_only and request.intent.reason in ("kill switch", "flatten by tester", REASON)
            panic |= request.intent.reduce_only and request.intent.tag == TAG and self._kernel.trading.kill is not None
            # An exit that the engine held counts as if it had rested at the venue.
            panic |= self.plain and request.intent.reduce_only
            assert state is not TradingState.HALTED or panic, f"{client_id} left after the halt"
            self.sent[client_id] = request
            # As the engine means it: the venue is not always told that an order only reduces.
            if not request.intent.reduce_only:
                self.enlarged.add((request.intent.symbol, request.intent.side))
            if self.plain:
                assert request.intent.type in self.can.order_types, f"the venue has no {request.intent.type}"
                intent = msgspec.structs.replace(request.venue_intent, parent_id="", oco_group="")
                request = Approved(
                    GATE_SEAL, intent, client_id, request.reference, request.expires_ns, request.venue_reduces
                )
        elif isinstance(request, AmendRequest):
            assert not self.plain or self._kernel.orders.orders[request.client_id].type in self.can.amend_types
            order = self._kernel.orders.orders[request.client_id]
            if not order.reduce_only:
                self.enlarged.add((order.symbol, order.side))
        super().send(request)

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        """The venue lives on: nothing to bring back."""
