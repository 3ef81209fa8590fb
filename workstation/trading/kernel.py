"""The engine: one object graph and one door. The same inputs in the same order give the same outputs.

An input is taken in four steps: time moves (what falls due fires first), the engine's state changes, the venue and
the strategies hear of it, and what they decided is committed to the journal before it leaves. Each venue report is
taken in the same way. Nothing here awaits, and nothing asks which mode it is in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from workstation.core.bus import Bus
from workstation.core.clock import EventClock
from workstation.core.messages import (
    Bar,
    BookDelta,
    BookSnapshot,
    ClockOffset,
    Command,
    FeedStatus,
    FundingRate,
    Heartbeat,
    History,
    Input,
    LogLine,
    MarkPrice,
    OpenInterest,
    Output,
    PerpetualHistory,
    ServiceReport,
    Trade,
    TradingStateChanged,
    VenueReport,
)
from workstation.core.orders import Intent, KillRequest, Order
from workstation.core.types import OrderState, OrderType, Severity, StrategyState, TradingState
from workstation.trading.algorithms.runner import Algorithms
from workstation.trading.denials import Denial
from workstation.trading.doubt import DoubtResolver
from workstation.trading.good_till import GoodTill
from workstation.trading.guards import Guards
from workstation.trading.held_orders import HeldOrders
from workstation.trading.kernel_terms import Journal, KernelTerms, Recorder, VenueFactory
from workstation.trading.ledger import Ledger, Position
from workstation.trading.lockout import Lockout
from workstation.trading.managed_brackets import ManagedBrackets
from workstation.trading.market_feed import GUARD_INTERVAL_NS, MarketFeed
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_path import OrderPath
from workstation.trading.reconciliation import Reconciliation
from workstation.trading.reductions import ReductionKeeper
from workstation.trading.remote_books import RemoteBooks
from workstation.trading.replacements import Replacements
from workstation.trading.risk_gate import RiskGate
from workstation.trading.settlement import Settlement
from workstation.trading.stop_keeper import StopKeeper
from workstation.trading.strategy_host import StrategyHost
from workstation.trading.trading_day import TradingDay
from workstation.trading.trading_state import KILL, TradingStateHolder
from workstation.trading.transaction import Transaction
from workstation.trading.volatility import VolatilityGuard

CommandHandler = Callable[["Kernel", Any], None]


class Kernel:
    """See the module. ``bus`` carries market inputs and committed outputs to screens and services."""

    def __init__(
        self, terms: KernelTerms, journal: Journal, make_venue: VenueFactory, recorder: Recorder | None = None
    ) -> None:
        self.terms = terms
        self._recorder = recorder
        self._transaction = Transaction(self, journal, recorder)
        self.clock = EventClock(terms.start_ns)
        self.clock.on_fired = self._transaction.settle
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
            can=self.venue.can,
            expiry_ns=terms.request_expiry_ns,
            runs=self.host.runs,
        )
        self.gate.on_throttled = lambda owner: self._on_person_needed(
            f"throttle {owner}", lambda: self.gate.throttled.discard(owner)
        )
        self.crisis_threshold = terms.crisis_threshold
        self.risk_per_trade = terms.limits.risk_per_trade
        self.day = TradingDay(self)
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
        self.doubt = DoubtResolver(self.clock, self.orders, terms, self.venue.can)
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
            check_guards=self.day.check_guards,
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
        self.orders.on_adopted = self._know_stop
        self.settlement.listeners.append(lambda fill, order, booking: self.know_stops(booking.position))
        can = self.venue.can
        holds = not can.brackets or can.order_types != frozenset(OrderType)
        self.held = HeldOrders(self, can, self.settlement.take_own) if holds else None
        if self.held is not None:
            self.settlement.order_listeners.append(self.held.on_order)
        self.reconciliation = Reconciliation(self, terms.reconciliation) if can.reconciles else None
        self.remote_books = RemoteBooks(self) if can.outlives else None
        self.good_till = GoodTill(self)
        self.settlement.order_listeners.append(self.good_till.on_order)
        self._path = OrderPath(self)
        self.denied_ids = self._path.denied_ids
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
        if self._recorder is not None:
            self._recorder.append(event)
        self._handlers[type(event)](event)
        self._transaction.settle()

    def handle(self, command_type: type, handler: CommandHandler) -> None:
        """Set what carries out a kind of command."""
        self._command_handlers[command_type] = handler
        self._handlers[command_type] = self._on_command

    def recover(self, apply: Callable[[], None]) -> None:
        """Change state from the journal: what ``apply`` emits was journalled before and is dropped."""
        with self._transaction.unheard():
            apply()

    def start(self, now_ns: int) -> dict[str, StrategyState]:
        """Begin the session at ``now_ns``: what was in flight is in doubt, the day's equity, recurring timers.

        Gives the strategies that ran or were paused when the last session ended; they stand still until started.
        """
        self.clock.advance(now_ns)
        resumed = self.host.hold()
        if self.held is not None:
            self.held.adopt()
        for order in self.orders.open_orders():
            if order.state is OrderState.SUBMITTED:
                self.orders.mark_unknown(order, "in flight when the last session ended")
            if order.cancel_requested_ns:
                self.orders.ask_to_cancel(order, "asked again after a restart")
        self.good_till.begin()
        self.replacements.start()
        self.lockout.begin()
        self.algorithms.begin()
        self.brackets.begin()
        self.day.begin()
        for position in self.ledger.positions.values():
            self._keep_stop(position.owner, position.instrument.symbol)
        if self.reconciliation is not None:
            self.reconciliation.start()
        if self.terms.limits.loss_limits:
            self._volatility.watch(self.markets, self.terms.base_interval_ns)
        self.doubt.check()
        self.tell_kill()
        self._transaction.commit()
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
        self.day.sample_equity()
        self._transaction.commit()

    @property
    def journal(self) -> Journal:
        return self._transaction.journal

    def emit(self, output: Output) -> None:
        """Journal an output; subscribers hear of it once it is committed."""
        self._transaction.emit(output)

    def _on_clock_offset(self, offset: ClockOffset) -> None:
        self._move_to(offset.ts_ns)
        self.gate.clock_offset_ns = offset.offset_ns

    def _on_heartbeat(self, beat: Heartbeat) -> None:
        self._move_to(beat.ts_ns)
        if self.clock.time_ns - self.guards.checked_ns >= GUARD_INTERVAL_NS:
            self.day.check_guards()

    def _move_to(self, ts_ns: int) -> None:
        if ts_ns > self.clock.time_ns or ts_ns >= self.clock.next_due_ns:
            self.clock.advance(ts_ns)

    def _on_command(self, command: Command) -> None:
        self._move_to(command.ts_ns)
        # What was decided before the command leaves before it: after a kill it could not.
        self._transaction.settle()
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
        return self._path.place(intent, panic=panic, is_child=is_child, client_id=client_id, reference=reference)

    def deny(self, intent: Intent, denial: Denial, client_id: str = "") -> None:
        """Tell that an intent goes no further."""
        self._path.deny(intent, denial, client_id)

    def amend(self, order: Order, price: int | None, stop_price: int | None, lots: int | None) -> None:
        """Move a working order; its new terms pass the gate as a new order's would. Raises ``OrderError``."""
        self._path.amend(order, price, stop_price, lots)

    def changes_in_place(self, order: Order) -> bool:
        """Whether the order stays the same one when its terms change; else another one takes its place."""
        return self._path.changes_in_place(order)

    def on_report(self, report: VenueReport) -> None:
        """Take a venue's report: state, ledger, strategies, journal."""
        if self.reconciliation is not None:
            self.reconciliation.on_report(report)
        elif self.remote_books is not None:
            self.remote_books.on_report(report)
        else:
            self.settlement.take(report)
        self._transaction.settle()

    def know_stops(self, position: Position) -> None:
        """After a fill: a stop that waited for its entry is the first one of what is held."""
        if position.lots and not position.first_stop:
            for order in self.orders.open_orders(position.instrument.symbol, position.owner):
                position.know_stop(order)

    def _know_stop(self, order: Order) -> None:
        position = self.ledger.positions.get((order.owner, order.symbol))
        if position is not None:
            position.know_stop(order)

    def _on_venue_report(self, report: VenueReport) -> None:
        """The same for a venue outside the engine, whose reports are inputs."""
        self._move_to(report.ts_ns)
        self.on_report(report)

    def _on_service_report(self, report: ServiceReport) -> None:
        self._move_to(report.ts_ns)
        if self.remote_books is not None:
            self.remote_books.take(report)
        self._transaction.settle()

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
            self.day.check_guards()

    # --- Alarms, prices ---------------------------------------------------------------------------------------------

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
