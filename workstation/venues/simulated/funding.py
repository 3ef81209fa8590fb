"""Funding of perpetuals: at the market's rate, or at an assumed one every 8 hours where the market brings none."""

from __future__ import annotations

from functools import partial

from workstation.core.clock import EventClock
from workstation.core.messages import FundingPaid
from workstation.core.timeframe import HOUR_NS
from workstation.rules.fees import funding_amount
from workstation.venues.simulated.account import VenueAccount
from workstation.venues.simulated.cost_figures import CostFigures
from workstation.venues.simulated.reports import ReportChannel
from workstation.venues.simulated.state import SymbolState

ASSUMED_INTERVAL_NS = 8 * HOUR_NS


class Funding:
    """Pays each symbol at most once an hour: a rate that comes twice is booked once."""

    def __init__(self, clock: EventClock, reports: ReportChannel, account: VenueAccount, costs: CostFigures) -> None:
        self._clock = clock
        self._reports = reports
        self._account = account
        self._costs = costs

    def pay(self, state: SymbolState, rate: int, price: int, due_ns: int) -> None:
        """Book funding on the position, if there is one and funding is on."""
        hour = (due_ns + HOUR_NS // 2) // HOUR_NS
        if not self._costs.funding or not state.is_derivative or hour <= state.last_funding_hour or price <= 0:
            return
        state.last_funding_hour = hour
        if not state.lots:
            return
        amount = funding_amount(state.lots, self._account.worth(state, price, state.lots), rate)
        cash = self._account.cash
        cash[state.settle] = cash.get(state.settle, 0) + amount
        self._account.update_liquidation(state)
        self._reports.queue.append(
            FundingPaid(
                ts_ns=self._reports.stamp(),
                funding_id=f"funding:{state.symbol}:{hour}",
                symbol=state.symbol,
                amount=amount,
                asset=state.settle,
            )
        )

    def watch(self, state: SymbolState) -> None:
        """A position is open: funding falls due at the next 8 hours of UTC."""
        if self._costs.funding and state.is_derivative and not state.funding_scheduled:
            state.funding_scheduled = True
            self._schedule(state)

    def _schedule(self, state: SymbolState) -> None:
        due_ns = (self._clock.time_ns // ASSUMED_INTERVAL_NS + 1) * ASSUMED_INTERVAL_NS
        self._clock.call_at(due_ns, partial(self._fall_due, state))

    def _fall_due(self, state: SymbolState) -> None:
        if not state.lots:
            state.funding_scheduled = False
            return
        if not state.market_funding:
            self.pay(state, self._costs.funding_rate, state.mark_price(), self._clock.time_ns)
            self._reports.deliver()
        self._schedule(state)
