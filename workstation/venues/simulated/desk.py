"""Live orders and everything that can happen to one: accepted, triggered, filled, reduced, ended."""

from __future__ import annotations

from collections.abc import Callable

from workstation.core.clock import EventClock
from workstation.core.messages import (
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderTriggered,
)
from workstation.core.timeframe import utc_text
from workstation.core.types import Liquidity, OrderState
from workstation.rules.matching import slippage_cost, slippage_reference, slipped_price
from workstation.rules.trailing import trail_worth_telling, trailed_stop
from workstation.rules.value import position_value
from workstation.venues.simulated.account import VenueAccount
from workstation.venues.simulated.cost_figures import CostFigures
from workstation.venues.simulated.order import VenueOrder
from workstation.venues.simulated.reports import ReportChannel
from workstation.venues.simulated.state import SymbolState

REMEMBERED_ORDERS = 10_000
"""Ended orders that the venue can still tell of, and whose ids it refuses."""


class Desk:
    """Changes the account first, then queues the report. ``on_opened`` hears of a position that opens from flat."""

    def __init__(self, clock: EventClock, reports: ReportChannel, account: VenueAccount, costs: CostFigures) -> None:
        self._clock = clock
        self._reports = reports
        self._account = account
        self._costs = costs
        self.orders: dict[str, VenueOrder] = {}
        """Open orders by client id, held ones among them."""
        self.ended: dict[str, VenueOrder | None] = {}
        """Ended orders by client id; ``None`` for one that was refused at once."""
        self.groups: dict[str, list[VenueOrder]] = {}
        self.fresh: list[VenueOrder] = []
        """Released by a parent's fill and not matched yet."""
        self.settle: Callable[[], None] = lambda: None
        """Called at the end of what the clock alone brought about."""
        self.on_opened: Callable[[SymbolState], None] = _ignore

    # --- coming in -------------------------------------------------------------------------------------------------

    def accept(self, order: VenueOrder) -> None:
        """Take an order up and report it; a child of a parent without a fill is held."""
        self.adopt(order)
        self._reports.queue.append(
            OrderAccepted(
                ts_ns=self._reports.stamp(),
                client_id=order.client_id,
                venue_id=f"V{order.client_id}",
                held=order.held,
            )
        )

    def adopt(self, order: VenueOrder) -> None:
        """Take an order up."""
        self.orders[order.client_id] = order
        order.symbol_state.stir()
        if order.group:
            self.groups.setdefault(order.group, []).append(order)
        if order.parent is not None:
            order.parent.children.append(order)
        if order.good_till_ns:
            self._clock.call_at(order.good_till_ns, lambda: self._date_passed(order))
        if order.held:
            order.state = OrderState.HELD
        else:
            order.symbol_state.orders[order.client_id] = order

    def remember(self, client_id: str, order: VenueOrder | None) -> None:
        self.ended[client_id] = order
        if len(self.ended) > REMEMBERED_ORDERS:
            del self.ended[next(iter(self.ended))]

    # --- on the way ------------------------------------------------------------------------------------------------

    def trigger(self, order: VenueOrder) -> bool:
        """Its condition was met; False when the account cannot carry what it would open."""
        order.waiting = False
        order.arrived_ns = self._clock.time_ns
        if order.state is OrderState.ACCEPTED:
            order.state = OrderState.TRIGGERED
        self._reports.queue.append(OrderTriggered(ts_ns=self._reports.stamp(), client_id=order.client_id))
        bound = self._account.bound(order, order.limit or order.stop_price)
        settle = order.symbol_state.settle
        if bound and order.symbol_state.is_derivative and bound > self._account.free(settle):
            self.expire(order, f"The free margin does not cover it when it triggers: it needs more {settle}.")
            return False
        return True

    def trail(self, order: VenueOrder, price: int) -> None:
        """Let a trailing stop follow, and tell each tenth of its distance: a restart then knows where it stood."""
        order.stop_price = trailed_stop(order.stop_price, order.sign, price, order.trail)
        if order.stop_price != order.stop_told and trail_worth_telling(order.stop_told, order.stop_price, order.trail):
            self.tell_terms(order)

    def tell_terms(self, order: VenueOrder) -> None:
        order.version += 1
        order.stop_told = order.stop_price
        order.symbol_state.stir()
        self._reports.queue.append(
            OrderAmended(
                ts_ns=self._reports.stamp(),
                client_id=order.client_id,
                price=order.limit,
                stop_price=order.stop_price,
                lots=order.lots,
                version=order.version,
                amendment=order.amendment,
            )
        )

    def taker_price(self, order: VenueOrder, price: int) -> int:
        """What a taker pays where the market asks ``price``."""
        bound = order.limit
        if bound == 0 and order.stop_price == 0 and order.reference:
            bound = slipped_price(order.sign, order.reference, self._costs.maximum_slippage, 0)
        return slipped_price(order.sign, price, self._costs.slippage, bound)

    def fill(self, order: VenueOrder, lots: int, price: int, taker: bool) -> int:
        """Execute lots at a price; fewer where the position, the balance or the holdings do not carry them."""
        state = order.symbol_state
        account = self._account
        sign = order.sign
        wanted = lots
        shortage = ""
        rate = self._costs.taker if taker else self._costs.maker
        if order.reduce_only:
            lots = min(lots, max(0, -sign * state.lots))
            shortage = "Nothing is left that it could reduce."
        if not state.is_derivative:
            covered = account.affordable(state, sign, lots, price, rate)
            if covered < lots:
                lots = covered
                shortage = f"The balance of {state.settle if sign > 0 else state.instrument.base} is used up."
        if lots > 0:
            self._execute(order, lots, price, taker, rate)
        if lots < wanted and order.is_open:
            self.expire(order, shortage)
        return lots

    def _execute(self, order: VenueOrder, lots: int, price: int, taker: bool, rate: int) -> None:
        state = order.symbol_state
        inverse, numerator, denominator = state.inverse, state.numerator, state.denominator
        signed = order.sign * lots
        value = position_value(price, signed, inverse, numerator, denominator)
        fee, fee_asset = self._account.fee(state, signed, abs(value), rate)
        reference = slippage_reference(order.sign, order.limit, order.stop_price, order.reference, int(not taker))
        was_flat = state.lots == 0
        self._account.book(state, signed, value, fee, fee_asset)
        order.filled += lots
        report = OrderFilled(
            ts_ns=self._reports.stamp(),
            client_id=order.client_id,
            fill_id=f"{order.client_id}:{order.filled}",
            symbol=state.symbol,
            side=order.side,
            price=price,
            lots=lots,
            fee=fee,
            fee_asset=fee_asset,
            liquidity=Liquidity.TAKER if taker else Liquidity.MAKER,
            slippage=slippage_cost(price, reference, signed, inverse, numerator, denominator),
        )
        order.fills.append(report)
        self._reports.queue.append(report)
        order.state = OrderState.PARTIALLY_FILLED
        if was_flat:
            self.on_opened(state)
        if order.children:
            self._release_children(order)
        if order.group:
            self._reduce_siblings(order, lots)
        if order.filled >= order.lots:
            self._end(order, OrderState.FILLED)

    def _release_children(self, parent: VenueOrder) -> None:
        for child in parent.children:
            if child.held:
                self.release(child)

    def release(self, child: VenueOrder) -> None:
        """A held order becomes live."""
        child.held = False
        child.symbol_state.stir()
        child.state = OrderState.ACCEPTED
        child.arrived_ns = self._clock.time_ns
        child.symbol_state.orders[child.client_id] = child
        self.fresh.append(child)
        self._reports.queue.append(
            OrderTriggered(ts_ns=self._reports.stamp(), client_id=child.client_id, released=True)
        )

    def _reduce_siblings(self, order: VenueOrder, lots: int) -> None:
        """One cancels the other, lot by lot: what one fills, the others lose."""
        for sibling in list(self.groups.get(order.group, ())):
            if sibling is not order:
                sibling.reduced += lots
                self._set_lots(sibling, sibling.lots - lots, "The other order of its group filled.")

    def _set_lots(self, order: VenueOrder, lots: int, reason: str) -> None:
        if lots <= order.filled:
            self.cancel(order, reason)
        elif lots != order.lots:
            order.lots = lots
            order.pending = min(order.pending, lots - order.filled)
            self.tell_terms(order)

    # --- the end ---------------------------------------------------------------------------------------------------

    def cancel(self, order: VenueOrder, reason: str = "") -> None:
        self._reports.queue.append(
            OrderCancelled(ts_ns=self._reports.stamp(), client_id=order.client_id, reason=reason)
        )
        self._end(order, OrderState.CANCELLED)

    def expire(self, order: VenueOrder, reason: str) -> None:
        self._reports.queue.append(OrderExpired(ts_ns=self._reports.stamp(), client_id=order.client_id, reason=reason))
        self._end(order, OrderState.EXPIRED)

    def _date_passed(self, order: VenueOrder) -> None:
        if order.is_open:
            self.expire(order, f"good till {utc_text(order.good_till_ns)} UTC")
            self.settle()

    def _end(self, order: VenueOrder, state: OrderState) -> None:
        order.state = state
        order.symbol_state.stir()
        client_id = order.client_id
        del self.orders[client_id]
        order.symbol_state.orders.pop(client_id, None)
        self.remember(client_id, order)
        if order.group:
            members = self.groups[order.group]
            members.remove(order)
            if not members:
                del self.groups[order.group]
        if order.parent is not None:
            order.parent.children.remove(order)
            order.parent = None
        for child in list(order.children):
            self._follow_ended_parent(child, order)
        order.children.clear()

    def _follow_ended_parent(self, child: VenueOrder, parent: VenueOrder) -> None:
        child.parent = None
        self._set_lots(
            child, min(child.lots, parent.filled - child.reduced), "Its parent order ended and left nothing to it."
        )


def _ignore(state: SymbolState) -> None:
    """Nobody listens."""
