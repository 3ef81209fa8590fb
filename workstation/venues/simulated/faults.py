"""A lossy line to a venue, for seeded tests of the engine."""

from __future__ import annotations

from functools import partial
from random import Random

import msgspec

from workstation.core.clock import EventClock
from workstation.core.messages import (
    AccountSnapshot,
    Bar,
    FundingPaid,
    FundingRate,
    MarkPrice,
    OrderUnknown,
    PositionLiquidated,
    Trade,
    VenueReport,
)
from workstation.core.orders import Approved, Order
from workstation.venues.base import Request
from workstation.venues.simulated.venue import SimVenue


class FaultRates(msgspec.Struct, frozen=True, kw_only=True):
    """Probabilities from 0 to 1, each drawn on its own; times in nanoseconds."""

    request_lost: float = 0.0
    report_lost: float = 0.0
    """Of reports about orders; what concerns the account comes late at most."""
    report_delayed: float = 0.0
    report_doubled: float = 0.0
    report_reordered: float = 0.0
    delay_ns: int = 2_000_000_000
    """Longest delay; a doubled report comes again within it, a reordered one waits no longer for the next."""
    timeout_ns: int = 5_000_000_000
    """An order without an answer by then is reported as unknown."""


class FaultyVenue:
    """Loses requests, and loses, delays, doubles and reorders reports of the venue behind it.

    It takes the venue's report handler over; what gets through carries the time at which it does. What it lost, the
    engine learns by asking (``QueryRequest``), whose answers may be lost too.
    """

    def __init__(self, inner: SimVenue, clock: EventClock, random: Random, rates: FaultRates) -> None:
        self.inner = inner
        self.can = msgspec.structs.replace(inner.can, certain=False)
        self.lost_requests: list[Request] = []
        self.lost_reports: list[VenueReport] = []
        self._clock = clock
        self._random = random
        self._rates = rates
        self._handler = inner.report
        self._unanswered: set[str] = set()
        self._waiting: list[VenueReport] = []
        inner.report = self._receive

    def calm(self) -> None:
        """From now on the line is faultless; what was delayed still comes."""
        rates = self._rates
        self._rates = FaultRates(delay_ns=rates.delay_ns, timeout_ns=rates.timeout_ns)

    def _happens(self, rate: float) -> bool:
        return rate > 0 and self._random.random() < rate

    def _later_ns(self) -> int:
        return self._clock.time_ns + self._random.randrange(1, self._rates.delay_ns + 1)

    # --- the way out -------------------------------------------------------------------------------------------------

    def send(self, request: Request) -> None:
        due_ns = self._clock.time_ns + self._rates.timeout_ns
        if isinstance(request, Approved):
            self._unanswered.add(request.client_id)
            self._clock.call_at(due_ns, partial(self._time_out, request.client_id))
        if self._happens(self._rates.request_lost):
            self.lost_requests.append(request)
        else:
            self.inner.send(request)

    def _time_out(self, client_id: str) -> None:
        if client_id in self._unanswered:
            self._unanswered.discard(client_id)
            self._handler(OrderUnknown(ts_ns=self._clock.time_ns, client_id=client_id, reason="no answer in time"))

    # --- the way back ------------------------------------------------------------------------------------------------

    def _receive(self, report: VenueReport) -> None:
        rates = self._rates
        if self._happens(rates.report_lost) and not isinstance(report, FundingPaid | PositionLiquidated):
            self.lost_reports.append(report)
            return
        if self._happens(rates.report_doubled):
            self._clock.call_at(self._later_ns(), partial(self._deliver, report))
        if self._happens(rates.report_delayed):
            self._clock.call_at(self._later_ns(), partial(self._deliver, report))
            return
        if self._happens(rates.report_reordered):
            self._waiting.append(report)
            self._clock.call_at(self._later_ns(), self._release)
            return
        self._deliver(report)
        self._release()

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for report in reversed(waiting):
            self._deliver(report)

    def _deliver(self, report: VenueReport) -> None:
        if not isinstance(report, FundingPaid | PositionLiquidated | AccountSnapshot):
            self._unanswered.discard(report.client_id)
        now_ns = self._clock.time_ns
        self._handler(report if report.ts_ns == now_ns else msgspec.structs.replace(report, ts_ns=now_ns))

    # --- the venue behind --------------------------------------------------------------------------------------------

    def on_trade(self, trade: Trade) -> None:
        self.inner.on_trade(trade)

    def on_book(self, symbol: str) -> None:
        self.inner.on_book(symbol)

    def on_bar(self, bar: Bar) -> None:
        self.inner.on_bar(bar)

    def on_mark(self, mark: MarkPrice) -> None:
        self.inner.on_mark(mark)

    def on_funding(self, funding: FundingRate) -> None:
        self.inner.on_funding(funding)

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        self.inner.restore(orders, positions, balances)

    def liquidation_price(self, symbol: str) -> int | None:
        return self.inner.liquidation_price(symbol)
