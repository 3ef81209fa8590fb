"""Takes what the venue reports: the order's state, the books, the guards, and then whoever must hear of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    FundingPaid,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderStatus,
    Output,
    PositionLiquidated,
    VenueReport,
)
from workstation.core.orders import Order
from workstation.core.types import EXTERNAL, Liquidity, OrderRole, OrderState, OrderType, Severity, TimeInForce
from workstation.rules.matching import slippage_cost, slippage_reference
from workstation.trading.guards import Guards
from workstation.trading.ledger import Booking, Ledger
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_states import OrderReport
from workstation.trading.strategy_host import StrategyHost

REMEMBERED_REPORTS = 1_000
_ENDS = (OrderCancelled, OrderExpired)
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
BookingListener = Callable[[OrderFilled | PositionLiquidated, Order | None, Booking], None]


class Settlement:
    """``certain`` venues tell an order's end after all of its fills; others are asked how it ended.

    ``on_position`` hears of each owner and symbol whose position has changed, ``on_unprotected`` of those whose stop
    has ended or does not fit.
    """

    def __init__(
        self,
        orders: OrderManager,
        ledger: Ledger,
        guards: Guards,
        host: StrategyHost,
        instruments: Mapping[str, Instrument],
        *,
        certain: bool,
        emit: Callable[[Output], None],
        alarm: Callable[[Severity, str], None],
        on_position: Callable[[str, str], None],
        on_unprotected: Callable[[str, str], None],
        check_guards: Callable[[], None],
    ) -> None:
        self._orders = orders
        self._ledger = ledger
        self._guards = guards
        self._host = host
        self._instruments = instruments
        self._certain = certain
        self._emit = emit
        self._alarm = alarm
        self._on_position = on_position
        self._on_unprotected = on_unprotected
        self._check_guards = check_guards
        self.listeners: list[BookingListener] = []
        """Called with each execution, its order (none for a liquidation) and what the ledger made of it."""
        self.order_listeners: list[Callable[[Order], None]] = []
        """Called with each order that has changed, ahead of its owner."""
        self._told_unpriced: set[str] = set()
        """Assets of fees without a price, of which people know."""
        self.account_reports: deque[str] = deque(maxlen=REMEMBERED_REPORTS)
        """Ids of funding and liquidations that were booked: the venue may tell of them again after a restart."""

    def take(self, report: VenueReport) -> None:
        """Apply one report."""
        kind = type(report)
        if kind is OrderFilled:
            self.take_fill(report)  # type: ignore[arg-type]
        elif kind is FundingPaid:
            self.take_funding(report)  # type: ignore[arg-type]
        elif kind is PositionLiquidated:
            self.take_liquidation(report)  # type: ignore[arg-type]
        elif kind is OrderStatus:
            self._take_status(report)  # type: ignore[arg-type]
        elif kind in _ENDS and not self._certain:
            self._ask_how_it_ended(report)  # type: ignore[arg-type]
        else:
            self.take_order_report(report)  # type: ignore[arg-type]

    def take_own(self, report: OrderReport | OrderStatus) -> None:
        """Apply what the engine itself knows of an order that it holds."""
        if isinstance(report, OrderStatus):
            self._take_status(report)
        else:
            self.take_order_report(report)

    def take_order_report(self, report: OrderReport) -> None:
        order = self._orders.apply(report)
        if order is None:
            return
        if order.role is OrderRole.PROTECTIVE_STOP:
            self._look_after(order, report)
        if isinstance(report, AmendRejected | CancelRejected) and order.is_open and not self._certain:
            # The venue may have ended it: what it refuses to change is asked for.
            self._orders.request_status(order)
        self._tell(order)
        self._host.deliver_order(order.owner, order)

    def _tell(self, order: Order) -> None:
        for listener in self.order_listeners:
            listener(order)

    def _look_after(self, stop: Order, report: OrderReport) -> None:
        """A position without the stop it should have is an alarm, and somebody must look at it."""
        if type(report) is OrderRejected:
            self._alarm(Severity.ERROR, f"The protective stop of {stop.owner} in {stop.symbol} was refused.")
        if type(report) is AmendRejected:
            self._alarm(Severity.WARNING, f"The change of protective stop {stop.client_id} was refused: {stop.note}")
        if not stop.is_open or type(report) is AmendRejected:
            self._on_unprotected(stop.owner, stop.symbol)

    def _take_status(self, status: OrderStatus) -> None:
        self._tell_of_a_cancel_elsewhere(status)
        for report in self._orders.answers_of(status):
            if type(report) is OrderFilled:
                self.take_fill(msgspec.structs.replace(report, ts_ns=status.ts_ns))
            else:
                self.take_order_report(report)
        order = self._orders.orders.get(status.client_id)
        if status.state is OrderState.FILLED and order is not None and order.is_open:
            # The venue made it smaller and that report was lost: all that it filled is known by now.
            reason = "filled at a smaller size"
            self.take_order_report(OrderExpired(ts_ns=status.ts_ns, client_id=status.client_id, reason=reason))

    def _tell_of_a_cancel_elsewhere(self, status: OrderStatus) -> None:
        """An order of ours that somebody else cancelled, or the exchange by itself, must not just be gone."""
        order = self._orders.orders.get(status.client_id)
        if order is None or status.state is not OrderState.CANCELLED or not order.is_open:
            return
        rested = order.venue_id and order.type is not OrderType.MARKET and order.time_in_force not in _AT_ONCE
        ended_here = order.cancel_requested_ns or order.client_id in self._orders.amendments
        if rested and not ended_here and order.owner != EXTERNAL:
            what = f"{order.side.word} {self._instruments[order.symbol].quantity(order.remaining)} {order.symbol}"
            text = f"Order {order.client_id} of {order.owner}, {what}, was cancelled at the venue, not from here."
            self._alarm(Severity.WARNING, text)

    def _ask_how_it_ended(self, report: OrderCancelled | OrderExpired) -> None:
        """Fills may be lost or late on the way: the order ends by the venue's answer, which holds all of them."""
        order = self._orders.orders.get(report.client_id)
        if order is not None and order.is_open:
            self._orders.request_status(order)

    def take_fill(self, fill: OrderFilled) -> None:
        if not self._certain:
            fill = self._with_slippage(fill)
        order = self._orders.apply(fill)
        if order is None:
            return
        booking = self._ledger.book_fill(order.owner, fill)
        if booking is None:
            return
        self._tell_of_a_fee_without_price(fill)
        stopped = order.role is OrderRole.PROTECTIVE_STOP or order.reason.startswith("stop")
        for listener in self.listeners:
            listener(fill, order, booking)
        self._after_booking(booking, stopped, fill.ts_ns)
        self._on_position(order.owner, order.symbol)
        self._tell(order)
        self._host.deliver_fill(order.owner, fill, order)
        self._host.deliver_order(order.owner, order)

    def _tell_of_a_fee_without_price(self, fill: OrderFilled) -> None:
        """Exchanges take fees in a coin of their own at a discount: unvalued, results look better than they are."""
        asset, symbol = fill.fee_asset, fill.fee_asset + self._ledger.currency
        known = asset == self._ledger.currency or symbol in self._instruments or asset in self._told_unpriced
        if fill.fee and not known:
            self._told_unpriced.add(asset)
            text = f"Fees are charged in {asset}, which has no price here: equity, P&L and limits leave them out. "
            self._alarm(Severity.WARNING, f"{text}Add {symbol} to `instruments` and to `market.symbols`.")

    def _with_slippage(self, fill: OrderFilled) -> OrderFilled:
        """A venue outside the engine does not know the price that the order was decided at."""
        order = self._orders.orders.get(fill.client_id)
        if order is None or fill.slippage:
            return fill
        side, maker = int(fill.side), int(fill.liquidity is Liquidity.MAKER)
        reference = slippage_reference(side, order.price, order.stop_price, order.reference, maker)
        valuation = self._instruments[fill.symbol].valuation
        slippage = slippage_cost(fill.price, reference, side * fill.lots, *valuation)
        return msgspec.structs.replace(fill, slippage=slippage)

    def take_funding(self, funding: FundingPaid) -> None:
        if self._ledger.book_funding(funding):
            self.account_reports.append(funding.funding_id)
            self._emit(funding)

    def take_liquidation(self, event: PositionLiquidated) -> None:
        bookings = self._ledger.book_liquidation(event)
        if not bookings:
            return
        self.account_reports.append(event.fill_id)
        self._emit(event)
        self._alarm(Severity.ERROR, f"The venue liquidated the position in {event.symbol}.")
        for booking in bookings:
            for listener in self.listeners:
                listener(event, None, booking)
            self._after_booking(booking, True, event.ts_ns)
            self._on_position(booking.position.owner, event.symbol)

    def _after_booking(self, booking: Booking, stopped: bool, ts_ns: int) -> None:
        position = booking.position
        if booking.closed_trip:
            self._guards.on_trip(
                ts_ns,
                position.owner,
                position.instrument.symbol,
                booking.trip_result,
                stopped,
                self._host.interval_of(position.owner),
            )
        self._check_guards()
