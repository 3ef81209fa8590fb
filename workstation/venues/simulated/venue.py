"""The simulated venue: accepts requests after a latency, matches them, and keeps its own books of the account."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from random import Random

from workstation.config.settings import Account, Costs
from workstation.core.clock import EventClock
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AccountSnapshot,
    AmendRejected,
    Bar,
    CancelRejected,
    FundingRate,
    MarkPrice,
    OrderExpired,
    OrderRejected,
    OrderStatus,
    Trade,
)
from workstation.core.orders import AmendRequest, Approved, CancelRequest, Order, QueryRequest, SnapshotRequest
from workstation.core.types import OrderState, OrderType
from workstation.market.order_book import OrderBook
from workstation.venues.base import MOST_ICEBERG_PARTS, Capabilities, ReportHandler, Request
from workstation.venues.simulated.account import VenueAccount
from workstation.venues.simulated.bar_matching import BarMatcher
from workstation.venues.simulated.book_matching import BookMatcher
from workstation.venues.simulated.cost_figures import cost_figures
from workstation.venues.simulated.desk import Desk
from workstation.venues.simulated.funding import Funding
from workstation.venues.simulated.latency import LatencyModel
from workstation.venues.simulated.liquidation import Liquidation
from workstation.venues.simulated.order import VenueOrder
from workstation.venues.simulated.reports import ReportChannel
from workstation.venues.simulated.restoring import Placement, restore_orders
from workstation.venues.simulated.snapshot import account_snapshot
from workstation.venues.simulated.state import SymbolState
from workstation.venues.simulated.validation import (
    DUPLICATE,
    PARENT,
    UNKNOWN_SYMBOL,
    account_refusal,
    terms_refusal,
    would_take,
)

_NOT_OPEN = "There is no such open order."


class SimVenue:
    """A venue in memory, driven by the engine's clock and market.

    The kernel updates its books first, then calls ``on_trade``, ``on_book``, ``on_bar``, ``on_mark`` or
    ``on_funding``, then lets strategies hear. A symbol with a synchronised book is matched on trades and books, any
    other on bars. Reports come from these calls and from timers, never from ``send``. Equal inputs and an equal seed
    give equal reports.

    Stops trigger on the last trade, and on the mark price of a derivative as long as no trade has been seen. One
    whose condition is met on arrival triggers at once. Positions are liquidated at the mark price, or at the last
    trade where the market brings no marks.

    ``spot_assets`` keeps spot as an exchange does, for the sandbox: see ``VenueAccount``.
    """

    def __init__(
        self,
        clock: EventClock,
        report: ReportHandler,
        instruments: Mapping[str, Instrument],
        books: Mapping[str, OrderBook],
        costs: Costs,
        account: Account,
        cash: Mapping[str, int],
        random: Random,
        spot_assets: bool = False,
    ) -> None:
        figures = cost_figures(costs)
        cross = account.margin_mode == "cross"
        self._clock = clock
        self._latency = LatencyModel(costs.latency_mean_ms, costs.latency_p95_ms, random)
        self._states = {
            symbol: SymbolState(instrument, books.get(symbol), account.leverage, costs.fee_asset)
            for symbol, instrument in instruments.items()
        }
        self._reports = ReportChannel(clock, report, self._latency)
        self._account = VenueAccount(cash, self._states, cross, figures.taker, figures.liquidation, spot_assets)
        self._desk = Desk(clock, self._reports, self._account, figures)
        self._funding = Funding(clock, self._reports, self._account, figures)
        self._liquidation = Liquidation(clock, self._reports, self._account, self._desk, figures)
        self._books = BookMatcher(self._desk, figures)
        self._inbound: deque[tuple[int, Request | Placement]] = deque()
        self._bars = BarMatcher(clock, self._reports, self._desk, self._liquidation, self._inbound, figures)
        self._desk.on_opened = self._funding.watch
        self._desk.settle = self._settle
        self._arrival_ns = 0
        self._number = 0
        self.can = Capabilities(
            order_types=frozenset(OrderType),
            brackets=True,
            short=any(state.is_derivative for state in self._states.values()),
            amend=True,
            certain=True,
            good_till_types=frozenset(OrderType),
            iceberg_parts=MOST_ICEBERG_PARTS,
        )

    @property
    def report(self) -> ReportHandler:
        """Who hears the reports."""
        return self._reports.handler

    @report.setter
    def report(self, handler: ReportHandler) -> None:
        self._reports.handler = handler

    @property
    def account(self) -> VenueAccount:
        """Its own books of the account."""
        return self._account

    @property
    def states(self) -> Mapping[str, SymbolState]:
        """What it knows of each symbol."""
        return self._states

    # --- requests ----------------------------------------------------------------------------------------------------

    def send(self, request: Request | Placement) -> None:
        """Put a request on its way. It arrives after its latency, behind all that was sent before."""
        way_ns = self._latency.one_way_ns()
        self._arrival_ns = max(self._arrival_ns, self._clock.time_ns + way_ns)
        self._inbound.append((way_ns, request))
        self._clock.call_at(self._arrival_ns, self._receive)

    def _receive(self) -> None:
        way_ns, request = self._inbound.popleft()
        self._reports.answer_ns = way_ns
        if isinstance(request, Approved | Placement):
            self._place(request)
        elif isinstance(request, CancelRequest):
            self._cancel(request)
        elif isinstance(request, AmendRequest):
            self._amend(request)
        elif isinstance(request, SnapshotRequest):
            self._reports.queue.append(self.snapshot(request))
        elif isinstance(request, QueryRequest):
            self._tell_status(request)
        self._settle()
        self._reports.answer_ns = -1

    def _settle(self) -> None:
        """End of a call: match what fills released, and hand over the reports that are due."""
        if self._desk.fresh:
            self._books.enter_fresh()
        if self._reports.queue:
            self._reports.deliver()

    def _place(self, approved: Approved | Placement) -> None:
        desk = self._desk
        intent = approved.venue_intent
        client_id = approved.client_id
        if client_id in desk.orders or client_id in desk.ended:
            self._reject(client_id, DUPLICATE, f"The order {client_id} was received before.")
            return
        if approved.expires_ns and self._clock.time_ns > approved.expires_ns:
            desk.remember(client_id, None)
            self._expire(client_id, "request expired")
            return
        state = self._states.get(intent.symbol)
        if state is None:
            desk.remember(client_id, None)
            self._reject(client_id, UNKNOWN_SYMBOL, f"{intent.symbol} is not traded here.")
            return
        self._number += 1
        order = VenueOrder(state, client_id, intent, approved.reference, self._clock.time_ns, self._number)
        order.group = intent.oco_group
        refusal = terms_refusal(order, intent.type)
        if refusal is None and intent.parent_id:
            refusal = self._join_parent(order, intent.parent_id)
        elif refusal is None and not (isinstance(approved, Placement) and approved.judged):
            refusal = account_refusal(order, desk, self._account)
        if refusal is not None:
            order.state = OrderState.REJECTED
            desk.remember(client_id, order)
            self._reject(client_id, *refusal)
        elif order.post_only and not order.waiting and not order.held and would_take(order):
            order.state = OrderState.EXPIRED
            desk.remember(client_id, order)
            self._expire(client_id, "Post-only: it would have taken liquidity.")
        else:
            desk.accept(order)
            if not order.held:
                self._books.enter(order)

    def _join_parent(self, order: VenueOrder, parent_id: str) -> tuple[str, str] | None:
        """Hold a child until its parent fills; size it when the parent has ended."""
        parent = self._desk.orders.get(parent_id)
        if parent is not None:
            order.parent = parent
            order.held = parent.filled == 0
            return None
        ended = self._desk.ended.get(parent_id)
        if ended is None or ended.filled == 0:
            return PARENT, f"Its parent order {parent_id} is not working and has not filled."
        order.lots = min(order.lots, ended.filled)
        return None

    def _reject(self, client_id: str, code: str, reason: str) -> None:
        self._reports.queue.append(
            OrderRejected(ts_ns=self._reports.stamp(), client_id=client_id, code=code, reason=reason)
        )

    def _expire(self, client_id: str, reason: str) -> None:
        self._reports.queue.append(OrderExpired(ts_ns=self._reports.stamp(), client_id=client_id, reason=reason))

    def _refuse_change(self, request: AmendRequest, reason: str) -> None:
        refused = AmendRejected(
            ts_ns=self._reports.stamp(), client_id=request.client_id, reason=reason, amendment=request.amendment
        )
        self._reports.queue.append(refused)

    def _cancel(self, request: CancelRequest) -> None:
        order = self._desk.orders.get(request.client_id)
        if order is None:
            self._reports.queue.append(
                CancelRejected(ts_ns=self._reports.stamp(), client_id=request.client_id, reason=_NOT_OPEN)
            )
        else:
            self._desk.cancel(order)

    def _amend(self, request: AmendRequest) -> None:
        if request.expires_ns and self._clock.time_ns > request.expires_ns:
            self._refuse_change(request, "request expired")
            return
        order = self._desk.orders.get(request.client_id)
        if order is None:
            self._refuse_change(request, _NOT_OPEN)
            return
        before = order.limit, order.stop_price, order.lots
        if order.limit:
            order.limit = request.price
        if order.waiting:
            order.stop_price = request.stop_price
        order.lots = request.lots
        reason = self._amendment_fault(order, before)
        if reason:
            order.limit, order.stop_price, order.lots = before
            self._refuse_change(request, reason)
            return
        order.amendment = request.amendment
        self._desk.tell_terms(order)
        if order.limit != before[0] or order.lots > before[2]:
            self._requeue(order)
        elif order.waiting and not order.held:
            self._books.enter(order)

    def _amendment_fault(self, order: VenueOrder, before: tuple[int, int, int]) -> str:
        if order.lots <= order.filled:
            return "The new quantity must be above what has filled; cancel the order instead."
        if (before[0] and order.limit <= 0) or (before[1] and order.stop_price <= 0):
            return "The new price must be above 0."
        if order.held:
            return ""
        if order.post_only and not order.waiting and would_take(order):
            return "Post-only: it would have taken liquidity."
        if order.lots > before[2] or order.limit != before[0]:
            refusal = account_refusal(order, self._desk, self._account)
            return refusal[1] if refusal is not None else ""
        return ""

    def _requeue(self, order: VenueOrder) -> None:
        """A new price or more lots lose the place in the queue."""
        if order.held:
            return
        order.leave_queue()
        self._number += 1
        order.number = self._number
        orders = order.symbol_state.orders
        orders[order.client_id] = orders.pop(order.client_id)
        self._books.enter(order)

    def _tell_status(self, query: QueryRequest) -> None:
        client_id = query.client_id
        order = self._desk.orders.get(client_id) or self._desk.ended.get(client_id)
        found = order is not None or client_id in self._desk.ended
        self._reports.queue.append(
            OrderStatus(
                ts_ns=self._reports.stamp(),
                client_id=client_id,
                found=found,
                asked_ns=query.asked_ns,
                state=order.state if order else OrderState.REJECTED if found else OrderState.UNKNOWN,
                venue_id=f"V{client_id}" if order else "",
                fills=tuple(order.fills) if order else (),
                lots=order.lots if order else 0,
                price=order.limit if order else 0,
                stop_price=order.stop_price if order else 0,
                version=order.version if order else 0,
                amendment=order.amendment if order else 0,
            )
        )

    # --- the market ------------------------------------------------------------------------------------------------

    def on_trade(self, trade: Trade) -> None:
        """A public trade happened."""
        state = self._states.get(trade.symbol)
        if state is None:
            return
        state.last = trade.price
        if not state.orders and not state.watched:
            return
        self._books.on_trade(state, trade)
        self._books.enter_fresh()
        if state.watched and not state.mark:
            self._liquidation.check(state, trade.price)
        self._settle()

    def on_book(self, symbol: str) -> None:
        """The book of the symbol has changed."""
        state = self._states.get(symbol)
        if state is None:
            return
        if state.has_book and (state.orders or state.bid_taken.levels or state.ask_taken.levels):
            self._books.on_book(state)
            self._settle()

    def on_bar(self, bar: Bar) -> None:
        """Walk a bar whose open is the clock's time; the kernel advances the clock to its close afterwards."""
        state = self._states.get(bar.symbol)
        if state is None:
            return
        if (
            state.quiet_above < bar.low
            and bar.high < state.quiet_below
            and not self._inbound
            and not self._reports.queue
        ):
            state.last = bar.close
        elif not state.has_book:
            self._bars.on_bar(state, bar)
            self._settle()

    def on_mark(self, mark: MarkPrice) -> None:
        """The mark price moved."""
        state = self._states.get(mark.symbol)
        if state is None:
            return
        state.mark = mark.price
        if not state.last:
            for order in list(state.orders.values()):
                if order.waiting and order.is_open:
                    self._books.enter(order)
            self._books.enter_fresh()
        self._liquidation.check(state, mark.price)
        self._settle()

    def on_funding(self, funding: FundingRate) -> None:
        """Funding falls due at the market's rate."""
        state = self._states.get(funding.symbol)
        if state is None:
            return
        state.market_funding = True
        self._funding.pay(state, funding.rate, funding.price or state.mark_price(), funding.ts_ns)
        self._settle()

    # --- the account -----------------------------------------------------------------------------------------------

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        """Take over what the journal proves. The clock must already stand at the session's time.

        Requests that were on their way arrive now. A trailing stop goes on from where it was last told.
        """
        self._account.cash.clear()
        self._account.cash.update(balances)
        for symbol, (lots, cost) in positions.items():
            state = self._states.get(symbol)
            if state is not None:
                state.lots, state.cost = lots, cost
        for state in self._states.values():
            self._account.update_liquidation(state)
            if state.lots:
                self._funding.watch(state)
        self._number += len(orders)
        for placement in restore_orders(orders, self._states, self._desk):
            self.send(placement)
        self._clock.call_at(self._clock.time_ns, self._settle)

    def close_position(self, symbol: str, price: int) -> None:
        """Close a position for the venue's own reasons, as a liquidation does, at most at the bankruptcy price."""
        state = self._states[symbol]
        if state.lots:
            self._liquidation.liquidate(state, price)
            self._settle()

    def liquidation_price(self, symbol: str) -> int:
        """Mark price at which the position of a symbol is liquidated, ticks; 0 when there is none."""
        return self._account.liquidation(self._states[symbol])

    def snapshot(self, request: SnapshotRequest) -> AccountSnapshot:
        """The account as the venue has it now, which may be ahead of the reports on their way."""
        return account_snapshot(request, self._reports.stamp(), self._desk, self._states, self._account)
