"""Closing positions whose margin is used up."""

from __future__ import annotations

from workstation.core.clock import EventClock
from workstation.core.messages import PositionLiquidated
from workstation.core.types import Side
from workstation.rules.matching import better_price, is_triggered
from workstation.rules.value import position_value
from workstation.venues.simulated.account import VenueAccount
from workstation.venues.simulated.cost_figures import CostFigures
from workstation.venues.simulated.desk import Desk
from workstation.venues.simulated.reports import ReportChannel
from workstation.venues.simulated.state import SymbolState


class Liquidation:
    """The position closes at the price that used its margin up, and the symbol's orders end.

    The price is no worse than the bankruptcy price: beyond it an exchange's insurance fund pays.
    """

    def __init__(
        self,
        clock: EventClock,
        reports: ReportChannel,
        account: VenueAccount,
        desk: Desk,
        costs: CostFigures,
    ) -> None:
        self._clock = clock
        self._reports = reports
        self._account = account
        self._desk = desk
        self._costs = costs

    def price(self, state: SymbolState) -> int:
        """Price at which the position is liquidated; 0 when there is none."""
        if not state.lots or not state.is_derivative:
            return 0
        if state.cross:
            self._account.update_liquidation(state)
        return state.liquidation

    def check(self, state: SymbolState, mark: int) -> None:
        """Liquidate the position if it is due at this mark price."""
        due = self.price(state)
        if due and is_triggered(-1 if state.lots > 0 else 1, due, mark):
            self.liquidate(state, mark)

    def liquidate(self, state: SymbolState, price: int) -> None:
        account = self._account
        lots = -state.lots
        side = Side.BUY if lots > 0 else Side.SELL
        bankruptcy = account.bankruptcy(state)
        if bankruptcy:
            price = better_price(side, price, bankruptcy)
        value = position_value(price, lots, state.inverse, state.numerator, state.denominator)
        fee, fee_asset = account.fee(state, lots, abs(value), self._costs.taker)
        account.book(state, lots, value, fee, fee_asset)
        self._reports.queue.append(
            PositionLiquidated(
                ts_ns=self._reports.stamp(),
                fill_id=f"liquidation:{state.symbol}:{self._clock.time_ns}",
                symbol=state.symbol,
                side=side,
                price=price,
                lots=abs(lots),
                fee=fee,
                fee_asset=fee_asset,
            )
        )
        for order in [o for o in self._desk.orders.values() if o.symbol_state is state]:
            if order.is_open:
                self._desk.cancel(order, "The position was liquidated.")
