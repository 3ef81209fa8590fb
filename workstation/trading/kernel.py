"""The engine: one object graph and one door. The same inputs in the same order give the same outputs.

An input is taken in four steps: time moves (what falls due fires first), the engine's state changes, the venue and
the strategies hear of it, and what they decided is committed to the journal before it leaves. Each venue report is
taken in the same way. Nothing here awaits, and nothing asks which mode it is in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard, get_args

from workstation.core.bus import Bus
from workstation.core.clock import EventClock
from workstation.core.errors import OrderError, StorageError
from workstation.core.messages import (
    AmendRejected,
    Bar,
    BookDelta,
    BookSnapshot,
    CancelRejected,
    ClockOffset,
    Command,
    DayStarted,
    EquitySampled,
    FeedStatus,
    FundingRate,
    Heartbeat,
    History,
    Input,
    LogLine,
    MarkPrice,
    OpenInterest,
    OrderDenied,
    OrderRejected,
    Output,
    PerpetualHistory,
    ServiceReport,
    Trade,
    TradingStateChanged,
    VenueReport,
)
from workstation.core.orders import AmendRequest, Approved, CancelRequest, Intent, KillRequest, Order
from workstation.core.recent_ids import RecentIds
from workstation.core.timeframe import DAY_NS, SECOND_NS
from workstation.core.types import OrderState, OrderType, Severity, StrategyState, TradingState
from workstation.trading.algorithms.runner import Algorithms
from workstation.trading.brackets import bracket_children
from workstation.trading.denials import Denial
from workstation.trading.doubt import DoubtResolver
from workstation.trading.guards import Guards
from workstation.trading.held_orders import HeldOrders
from workstation.trading.kernel_terms import Journal, KernelTerms, Nowhere, Recorder, VenueFactory
from workstation.trading.ledger import Ledger
from workstation.trading.lockout import Lockout
from workstation.trading.managed_brackets import ManagedBrackets
from workstation.trading.market_feed import GUARD_INTERVAL_NS, MarketFeed
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_states import OrderReport
from workstation.trading.reconciliation import Reconciliation
from workstation.trading.reductions import ReductionKeeper
from workstation.trading.remote_books import RemoteBooks
from workstation.trading.replacements import Replacements
from workstation.trading.risk_gate import RiskGate
from workstation.trading.settlement import Settlement
from workstation.trading.stop_keeper import StopKeeper
from workstation.trading.strategy_host import StrategyHost
from workstation.trading.trading_state import KILL, TradingStateHolder
from workstation.trading.volatility import VolatilityGuard
from workstation.venues.base import Request

JOURNAL = "journal"
JOURNAL_FAILURE = "The journal cannot be written."
REMEMBERED_DENIALS = 1_000
_RISKS = (Approved, AmendRequest)


CommandHandler = Callable[["Kernel", Any], None]


class Kernel:
    """See the module. ``bus`` carries market inputs and committed outputs to screens and services."""

    def __init__(
        self, terms: KernelTerms, journal: Journal, make_venue: VenueFactory, recorder: Recorder | None = None
    ) -> None:
        self.terms = terms
        self.journal = journal
        self.recorder = recorder
        self.clock = EventClock(terms.start_ns)
        self.clock.on_fired = self._settle
        self.bus = Bus(self._on_subscriber_error)
        self.markets = {symbol: MarketState(instrument) for symbol, instrument in terms.instruments.items()}
        self.ledger = Ledger(terms.instruments, terms.currency, terms.cash, self._price_of)
        self.trading = TradingStateHolder(self._on_trading_state)
        self.guards = Guards(terms.limits, self.trading, self.emit)
        self.guards.on_person_needed = self._on_person_needed
        self.lockout = Lockout(self, terms.lockout)
        self.guards.on_day_loss = self.lockout.on_day_loss
        self.orders = OrderManager(self.clock, self.emit, self.alarm, terms.id_prefix)
        books = {symbol: market.book for symbol, market in self.markets.items()}
        self.venue, tap = make_venue(self.clock, self.on_report, books)
        self.host = StrategyHost(self, self.markets, terms.base_interval_ns)
        self.gate = RiskGate(
            terms.limits,
            self.clock,
            self.markets,
            self.ledger,
            self.orders,
            self.trading,
            self.guards,
            leverage=terms.leverage,
            can_short=self.venue.can.short,
            expiry_ns=terms.request_expiry_ns,
            runs=self.host.runs,
        )
        self.gate.on_throttled = lambda owner: self._on_person_needed(
            f"throttle {owner}", lambda: self.gate.throttled.discard(owner)
        )
        self.crisis_threshold = terms.crisis_threshold
        self.risk_per_trade = terms.limits.risk_per_trade
        self.denied_today = 0
        self.denied_ids = RecentIds(REMEMBERED_DENIALS)
        """Of orders that were decided elsewhere: their senders have heard, so the same order is not judged again."""
        self.day_results: dict[str, int] = {}
        """Each owner's result when the day began, open profit counted in."""
        self.lifts: dict[str, int] = {}
        """How often a pause stood in for a person, by what was lifted."""
        self.settlement = Settlement(
            self.orders,
            self.ledger,
            self.guards,
            self.host,
            terms.instruments,
            certain=self.venue.can.certain,
            emit=self.emit,
            alarm=self.alarm,
            on_position=self._on_position,
            on_unprotected=self._keep_stop,
            check_guards=self._check_loss_limits,
        )
        self.kill_flattens = False
        """Whether the kill that is engaged asked for positions to be closed."""
        self.absent_strategies: dict[str, dict[str, Any]] = {}
        """What the strategies saved that are not loaded now."""
        self._published: list[Output] = []
        self._committing_soon = False
        self._doubt = DoubtResolver(self.clock, self.orders, terms, self.venue.can)
        self._volatility = VolatilityGuard(
            self.clock, self.guards, terms.protections_interval_ns, terms.crisis_atr_multiple
        )
        feed = MarketFeed(
            self.clock,
            self.markets,
            self.bus,
            tap,
            self.host,
            self.guards,
            self._volatility,
            guarded=terms.limits.loss_limits,
            net_lots=self.ledger.net_lots,
            emit=self.emit,
            check_guards=self._check_guards,
        )
        keeps_stops = terms.limits.loss_limits and terms.limits.hard_stop > 0
        self._stop_keeper = StopKeeper(self, terms.limits.hard_stop) if keeps_stops else None
        self._reductions = ReductionKeeper(self)
        self.replacements = Replacements(self)
        self.algorithms = Algorithms(self, terms.seed)
        self.settlement.listeners.append(self.algorithms.on_fill)
        self.brackets = ManagedBrackets(self)
        self.settlement.listeners.append(self.brackets.on_fill)
        # Ahead of what takes an order's place, which is forgotten when it has done so.
        self.settlement.order_listeners.append(self.algorithms.on_order)
        self.settlement.order_listeners.append(self.brackets.on_order)
        self.settlement.order_listeners.append(self.replacements.on_order)
        self.orders.on_cancel = self.replacements.forget
        can = self.venue.can
        holds = not can.brackets or can.order_types != frozenset(OrderType)
        self._held = HeldOrders(self, can, self.settlement.take_own) if holds else None
        if self._held is not None:
            self.settlement.order_listeners.append(self._held.on_order)
        self.reconciliation = Reconciliation(self, terms.reconciliation) if can.reconciles else None
        self.remote_books = RemoteBooks(self) if can.outlives else None
        self._command_handlers: dict[type, CommandHandler] = {}
        self._handlers: dict[type, Callable[[Any], None]] = {
            Trade: feed.on_trade,
            BookDelta: feed.on_book_delta,
            BookSnapshot: feed.on_book_snapshot,
            Bar: feed.on_bar,
            History: feed.on_history,
            MarkPrice: feed.on_mark,
            FundingRate: feed.on_funding,
            OpenInterest: feed.on_perpetual,
            PerpetualHistory: feed.on_perpetual,
            FeedStatus: feed.on_feed_status,
            ClockOffset: self._on_clock_offset,
            Heartbeat: self._on_heartbeat,
            **dict.fromkeys(get_args(VenueReport), self._on_venue_report),
            **dict.fromkeys(get_args(ServiceReport), self._on_service_report),
        }

    # --- The door ---------------------------------------------------------------------------------------------------

    def dispatch(self, event: Input) -> None:
        """Take one input and everything that follows from it."""
        if self.recorder is not None:
            self.recorder.append(event)
        self._handlers[type(event)](event)
        if self._published or self.orders.outbox:
            self._commit()

    def handle(self, command_type: type, handler: CommandHandler) -> None:
        """Set what carries out a kind of command."""
        self._command_handlers[command_type] = handler
        self._handlers[command_type] = self._on_command

    def recover(self, apply: Callable[[], None]) -> None:
        """Change state from the journal: what ``apply`` emits was journalled before and is dropped."""
        journal, self.journal = self.journal, Nowhere()
        try:
            apply()
        finally:
            self.journal = journal
            self._published.clear()

    def start(self, now_ns: int) -> dict[str, StrategyState]:
        """Begin the session at ``now_ns``: what was in flight is in doubt, the day's equity, recurring timers.

        Gives the strategies that ran or were paused when the last session ended; they stand still until started.
        """
        self.clock.advance(now_ns)
        resumed = self.host.hold()
        if self._held is not None:
            self._held.adopt()
        for order in self.orders.open_orders():
            if order.state is OrderState.SUBMITTED:
                self.orders.mark_unknown(order, "in flight when the last session ended")
            if order.cancel_requested_ns:
                self.orders.ask_to_cancel(order, "asked again after a restart")
        self.replacements.start()
        self.lockout.begin()
        self.algorithms.begin()
        self.brackets.begin()
        guards = self.guards
        if now_ns >= guards.day_ends_ns:
            self._start_day()
        else:
            self.clock.call_at(guards.day_ends_ns, self._start_day)
        self._sample_equity_and_repeat()
        for position in self.ledger.positions.values():
            self._keep_stop(position.owner, position.instrument.symbol)
        if self.reconciliation is not None:
            self.reconciliation.start()
        if self.terms.limits.loss_limits:
            self._volatility.watch(self.markets, self.terms.base_interval_ns)
        self._doubt.check()
        self.tell_kill()
        self._commit()
        return resumed

    def tell_kill(self) -> None:
        """Tell an engine that is the venue how the kill switch stands: at a start too, for this one may have ended
        before it could."""
        if self.venue.can.outlives:
            kill = self.trading.causes.get(KILL)
            reason = kill.reason if kill is not None else ""
            self.orders.outbox.append(KillRequest(kill is not None, reason, self.kill_flattens))

    def feed_stands(self, symbol: str) -> bool:
        """Whether the symbol's feed is connected, with a price and a whole book, none of it stale."""
        market = self.markets[symbol]
        fresh = market.last_ns > 0 and self.clock.time_ns - market.last_ns <= self.terms.limits.stale_ns
        whole = market.book.sequence < 0 or market.book.synchronised
        return market.connected and fresh and whole and market.last_price > 0

    def close(self) -> None:
        """End the session with a last sample of the equity."""
        self.sample_equity()
        self._commit()

    def emit(self, output: Output) -> None:
        """Journal an output; subscribers hear of it once it is committed."""
        self.journal.append(output)
        self._published.append(output)

    def _settle(self) -> None:
        """Commit if something was decided."""
        if self._published or self.orders.outbox:
            self._commit()

    def _commit(self) -> None:
        if self.journal.pending:
            try:
                self._write()
            except StorageError as error:
                self._on_journal_failure(error)
            else:
                if JOURNAL in self.trading.causes:
                    self.trading.lift(JOURNAL)
                    self._commit_soon()
        outbox = self.orders.outbox
        if outbox:
            self.orders.outbox = []
            held = self._held
            for request in outbox:
                if held is None or not held.takes(request):
                    self.venue.send(request)
        published = self._published
        if published:
            self._published = []
            publish = self.bus.publish
            for output in published:
                publish(output)

    def _write(self) -> None:
        """The inputs that led to an order and the order itself reach the disk side by side, before it leaves."""
        if self.recorder is None:
            self.journal.commit()
            return
        leaves = any(isinstance(request, _RISKS) for request in self.orders.outbox)
        self.recorder.flush()
        if leaves:
            self.recorder.begin_sync()
        try:
            self.journal.commit()
        finally:
            if leaves:
                self.recorder.end_sync()

    def _commit_soon(self) -> None:
        """In a halt nothing else may come that would commit what is pending."""
        if not self._committing_soon:
            self._committing_soon = True
            self.clock.call_at(self.clock.time_ns + SECOND_NS, self._commit_pending)

    def _commit_pending(self) -> None:
        self._committing_soon = False
        self._commit()

    def _on_journal_failure(self, error: StorageError) -> None:
        """Fail closed: what is not on disk does not leave, and nothing new is taken; cancels still go, but for those
        that make room for another order."""
        orders, now_ns, why = self.orders, self.clock.time_ns, "not sent: the journal could not be written"
        refused = [r for r in orders.outbox if isinstance(r, _RISKS) or self._makes_room(r)]
        orders.outbox = [request for request in orders.outbox if request not in refused]
        self.trading.restrict(JOURNAL, TradingState.HALTED, f"{JOURNAL_FAILURE} {error}")
        self._commit_soon()
        for request in refused:
            client_id = request.client_id
            if isinstance(request, Approved):
                report: OrderReport = OrderRejected(ts_ns=now_ns, client_id=client_id, code="JOURNAL", reason=why)
            elif isinstance(request, CancelRequest):
                self.replacements.forget(orders.orders[client_id])
                report = CancelRejected(ts_ns=now_ns, client_id=client_id, reason=why)
            else:
                number = request.amendment
                report = AmendRejected(ts_ns=now_ns, client_id=client_id, reason=why, amendment=number)
            self.settlement.take_order_report(report)

    def _makes_room(self, request: Request) -> TypeGuard[CancelRequest]:
        return isinstance(request, CancelRequest) and request.client_id in self.replacements

    def _on_clock_offset(self, offset: ClockOffset) -> None:
        self._move_to(offset.ts_ns)
        self.gate.clock_offset_ns = offset.offset_ns

    def _on_heartbeat(self, beat: Heartbeat) -> None:
        self._move_to(beat.ts_ns)
        if self.clock.time_ns - self.guards.checked_ns >= GUARD_INTERVAL_NS:
            self._check_guards()

    def _move_to(self, ts_ns: int) -> None:
        if ts_ns > self.clock.time_ns or ts_ns >= self.clock.next_due_ns:
            self.clock.advance(ts_ns)

    def _on_command(self, command: Command) -> None:
        self._move_to(command.ts_ns)
        if self._published or self.orders.outbox:
            # What was decided before the command leaves before it: after a kill it could not.
            self._commit()
        self._command_handlers[type(command)](self, command)

    # --- Orders -----------------------------------------------------------------------------------------------------

    def place(
        self,
        intent: Intent,
        *,
        panic: bool = False,
        is_child: bool = False,
        client_id: str = "",
        reference: int = 0,
    ) -> str:
        """Take an intent through the gate to the outbox; the client id, or "" when it was denied.

        ``is_child`` is said of an execution algorithm's; ``client_id`` and ``reference`` are those of an order that was
        decided elsewhere.
        """
        verdict = self.gate.approve(intent, panic=panic, is_child=is_child, client_id=client_id, reference=reference)
        if isinstance(verdict, Denial):
            self.deny(intent, verdict, client_id)
            return ""
        order = self.orders.submit(verdict)
        if intent.stop_loss or intent.take_profit:
            self._place_children(intent, order)
        if self._doubt.watches:
            self._doubt.check()
        return order.client_id

    def deny(self, intent: Intent, denial: Denial, client_id: str = "") -> None:
        """Tell that an intent goes no further."""
        self.denied_today += 1
        if client_id:
            self.denied_ids.add(client_id)
        denied = OrderDenied(
            ts_ns=self.clock.time_ns,
            owner=intent.owner,
            symbol=intent.symbol,
            side=intent.side,
            lots=intent.lots,
            price=intent.price,
            code=denial.code,
            text=denial.text,
            value=denial.value,
            limit=denial.limit,
            client_id=client_id,
        )
        self.emit(denied)
        self.host.deliver_denial(intent.owner, denied)

    def _place_children(self, intent: Intent, parent: Order) -> None:
        group = f"{parent.client_id}-exits" if intent.stop_loss and intent.take_profit else ""
        for child in bracket_children(intent, parent.client_id, group):
            verdict = self.gate.approve(child)
            if isinstance(verdict, Approved):
                self.orders.submit(verdict)
            else:
                self.alarm(Severity.ERROR, f"{parent.client_id} is cancelled, its bracket was denied: {verdict.text}")
                self.orders.request_cancel(parent, "bracket incomplete")

    def amend(self, order: Order, price: int | None, stop_price: int | None, lots: int | None) -> None:
        """Move a working order; its new terms pass the gate as a new order's would. Raises ``OrderError``."""
        if not order.is_open:
            raise OrderError(f"Order {order.client_id} is {order.state} and cannot be changed.")
        new_price = order.price if price is None else price
        new_stop = order.stop_price if stop_price is None else stop_price
        new_lots = order.lots if lots is None else lots
        in_place = self.changes_in_place(order)
        self.algorithms.check_change(order, new_lots, in_place)
        denial = self.gate.approve_amend(order, new_price, new_stop, new_lots)
        if denial is not None:
            raise OrderError(f"The change of {order.client_id} was denied ({denial.code}): {denial.text}")
        if not in_place:
            self.replacements.replace(order, new_price, new_stop, new_lots)
            return
        expires_ns = self.clock.time_ns + self.terms.request_expiry_ns
        self.orders.request_amend(order, new_price, new_stop, new_lots, expires_ns)

    def changes_in_place(self, order: Order) -> bool:
        """Whether the order stays the same one when its terms change; else another one takes its place."""
        can = self.venue.can
        held = self._held is not None and order.state is OrderState.HELD
        return held or (can.amend and order.type in can.amend_types)

    def on_report(self, report: VenueReport) -> None:
        """Take a venue's report: state, ledger, strategies, journal."""
        if self.reconciliation is not None:
            self.reconciliation.on_report(report)
        elif self.remote_books is not None:
            self.remote_books.on_report(report)
        else:
            self.settlement.take(report)
        self._settle()

    def _on_venue_report(self, report: VenueReport) -> None:
        """The same for a venue outside the engine, whose reports are inputs."""
        self._move_to(report.ts_ns)
        self.on_report(report)

    def _on_service_report(self, report: ServiceReport) -> None:
        self._move_to(report.ts_ns)
        if self.remote_books is not None:
            self.remote_books.take(report)
        self._settle()

    @property
    def comparison(self) -> Reconciliation | RemoteBooks | None:
        """What holds our books against another's; ``None`` where they are the only ones."""
        return self.reconciliation or self.remote_books

    def _on_position(self, owner: str, symbol: str) -> None:
        if self.orders.symbol_orders(symbol).reductions:
            self._reductions.check(owner, symbol)
        self._keep_stop(owner, symbol)

    def _keep_stop(self, owner: str, symbol: str) -> None:
        if self._stop_keeper is not None and owner in self.host.slots:
            self._stop_keeper.watch(owner, symbol)

    def _check_loss_limits(self) -> None:
        if self.terms.limits.loss_limits:
            self._check_guards()

    # --- Guards, time, alarms ---------------------------------------------------------------------------------------

    def _check_guards(self) -> None:
        self.guards.checked_ns = self.clock.time_ns
        self.trading.lift_due(self.clock.time_ns)
        self.guards.on_equity(self.clock.time_ns, self.ledger.equity())

    def _start_day(self) -> None:
        equity = self.ledger.equity()
        now_ns = self.clock.time_ns
        self.denied_today = 0
        self.guards.start_day(now_ns, equity)
        self.day_results = {}
        for position in self.ledger.positions.values():
            result = position.realised - position.fees + position.funding
            result += position.unrealised(self._price_of(position.instrument.symbol))
            self.day_results[position.owner] = self.day_results.get(position.owner, 0) + result
        self.emit(DayStarted(ts_ns=now_ns, equity=equity))
        self.clock.call_at(now_ns // DAY_NS * DAY_NS + DAY_NS, self._start_day)

    def _sample_equity_and_repeat(self) -> None:
        self.sample_equity()
        interval_ns = self.terms.equity_interval_ns
        next_ns = self.clock.time_ns // interval_ns * interval_ns + interval_ns
        self.clock.call_at(next_ns, self._sample_equity_and_repeat)

    def sample_equity(self) -> None:
        """Journal the account's equity at the current marks."""
        ledger = self.ledger
        equity = ledger.equity()
        self.emit(
            EquitySampled(
                ts_ns=self.clock.time_ns,
                equity=equity,
                cash=ledger.cash.get(ledger.currency, 0),
                realised=ledger.realised,
                unrealised=ledger.unrealised(),
                exposure=ledger.exposure(),
                prices={symbol: market.last_price for symbol, market in self.markets.items() if market.last_price},
            )
        )

    def _on_person_needed(self, cause: str, lift: Callable[[], None]) -> None:
        pause_ns = self.terms.person_pause_ns
        if pause_ns:
            self.lifts[cause] = self.lifts.get(cause, 0) + 1
            self.clock.call_at(self.clock.time_ns + pause_ns, lift)

    def _on_trading_state(self, state: TradingState, reason: str, until_ns: int) -> None:
        self.emit(TradingStateChanged(ts_ns=self.clock.time_ns, state=state, reason=reason, until_ns=until_ns))

    def _on_subscriber_error(self, message: Any, error: BaseException) -> None:
        if not isinstance(message, LogLine):
            self.alarm(Severity.ERROR, f"A subscriber of {type(message).__name__} raised {error!r}.")

    def alarm(self, severity: Severity, text: str) -> None:
        """Tell people through the log."""
        self._log(severity, "engine", text)

    def _log(self, severity: Severity, source: str, text: str) -> None:
        self.emit(LogLine(ts_ns=self.clock.time_ns, severity=severity, source=source, text=text))

    def _price_of(self, symbol: str) -> int:
        market = self.markets[symbol]
        return market.mark_price or market.last_price
