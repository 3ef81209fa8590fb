"""The one adapter between an engine and Qt: what happened becomes signals, at the display's pace.

One timer serves the whole window. Quotes and books are read by the panels that are on the screen when it ticks, so
a hidden panel costs nothing and a fast feed costs no more than a slow one. Trades, executions, orders and log lines are
kept whole, however fast they come. A frame has two turns, with half of the panels in each, and takes the slow views one
by one: no turn of the loop reads and paints them all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from PySide6.QtCore import QMetaMethod, QObject, Qt, QTimer, Signal

from widgets.engine.event_log import EventWords
from widgets.engine.heard import Heard
from widgets.engine.model_events import ORDER_EVENTS, STATE_EVENTS
from widgets.engine.order_words import MANUAL_ORDER_NEWS, outcome_words
from widgets.engine.protocol import Engine
from workstation.core.errors import WorkstationError
from workstation.core.messages import (
    AccountDiffers,
    AmendOrder,
    AmendRejected,
    AnyCommand,
    CancelAll,
    CancelOrder,
    Difference,
    EquitySampled,
    FundingPaid,
    Kill,
    LogLine,
    OrderAccepted,
    OrderAdopted,
    OrderDenied,
    OrderUnknown,
    PositionTransferred,
    SignalEmitted,
    Trade,
)
from workstation.core.types import MANUAL, Severity
from workstation.core.views import AccountView, CommandAnswered, FillView, LogView, ViewsChanged

FRAME_MS = 33
TURNS_MS = (17, FRAME_MS - 17)
SLOW_FRAMES = 7
RECORDER = "recorder"
ENGINE = "engine"
log = logging.getLogger("widgets.engine.engine_model")


def is_alarm(line: LogLine) -> bool:
    """Whether the engine itself warns, or a recording failed; what strategies and the feed tell is read in the log."""
    if line.source == RECORDER:
        return line.severity is Severity.ERROR
    return line.source == ENGINE and line.severity is not Severity.INFO


class Result(NamedTuple):
    """What a command came to, for the banner."""

    text: str
    good: bool = True


def works_from_any_window(command: AnyCommand) -> bool:
    """The kill, and the cancel of entries: also a window that only looks on may stop the trading."""
    return isinstance(command, Kill) or (isinstance(command, CancelAll) and not command.include_protective)


class Way(QObject):
    """Heard also where the model is silent: while a replay is on its way to another moment."""

    went_on = Signal()  # a replay took in a little more than it had


class EngineModel(QObject):
    """Panels connect while they are shown. Lists are snapshots; nothing here decides anything."""

    ticked = Signal(int)  # the frame's number, in its first turn
    ticked_between = Signal(int)  # the same in its second turn
    account_changed = Signal(object)  # AccountView
    orders_changed = Signal(list)  # the OrderViews that are new or changed
    algorithms_changed = Signal(list)  # every AlgorithmView
    positions_changed = Signal(list)  # every PositionView
    fills_added = Signal(list)  # FillViews, oldest first
    payments_added = Signal(list)  # FundingViews, oldest first
    risk_changed = Signal(object)  # RiskView
    strategies_changed = Signal(list)  # every StrategyView
    health_changed = Signal(object)  # Health
    log_added = Signal(list)  # LogViews, oldest first
    equity_added = Signal()
    signals_added = Signal(list)  # SignalEmitted
    symbol_chosen = Signal(str)
    crosshair_moved = Signal(object, object)  # the chart under the pointer, UTC nanoseconds of its bar or None
    ticket_wanted = Signal(str, object, object)  # "buy", "sell" or "", a price in ticks and lots, each may be None
    ticket_stop_wanted = Signal(str, object, object)  # the same for a stop, whose price is its trigger
    result_told = Signal(object)  # Result
    cancels_asked = Signal(list)  # the OrderViews of a person's cancel, before it is carried out
    amends_asked = Signal(object, object)  # an AmendOrder before it is carried out, and the OrderView as it stands
    market_began = Signal()  # a symbol has its first prices, or the account its first equity
    differences_changed = Signal(object)  # the Differences that halt trading, as a tuple
    disarm_wanted = Signal()  # one-click trading ends wherever it is armed
    amendment_refused = Signal(str, str)  # the order's client id and the venue's reason
    reloaded = Signal()  # the engine stands at another moment: everything is to be read again
    settings_written = Signal(str)  # what was written into the configuration's file, in a sentence
    panel_wanted = Signal(str)  # the name of a panel that is to come to the front
    control_changed = Signal()  # whether this window may trade, or whether what it shows is old

    def __init__(self, engine: Engine, parent: QObject | None = None, *, keeps_every_trade: bool = False) -> None:
        super().__init__(parent)
        self.engine = engine
        self.symbol = engine.symbols[0]
        self.account: AccountView = engine.account()
        self.differences: tuple[Difference, ...] = engine.reconciliation().differences
        self.heard = Heard(engine, keeps_every_trade=keeps_every_trade)
        self.way = Way(self)
        self.trade_listeners: list[Callable[[Trade], None]] = []
        """Called with every trade as it comes, until the model stops; they must be quick."""
        self._words = EventWords(engine)
        self._urgent = True
        self._slow_views: dict[str, Callable[[], Any]] = {
            "algorithms_changed": lambda: list(engine.algorithms()),
            "risk_changed": engine.risk,
            "strategies_changed": lambda: list(engine.strategies()),
            "health_changed": engine.health,
        }
        self._due: dict[str, None] = {}
        self._in_doubt: set[str] = set()
        self._begun = self._has_begun()
        self.frame = 0
        # QMetaMethod.fromSignal would hold the model for good, each time anew.
        meta = self.metaObject()
        methods: Iterable[QMetaMethod] = map(meta.method, range(meta.methodOffset(), meta.methodCount()))
        self._signals = {bytes(method.name().data()).decode(): method for method in methods}
        self._blocked = self.blocked
        if engine.attachment is not None:
            engine.attachment.on_control(self._on_control)
        self._subscriptions = [
            engine.subscribe(ViewsChanged, self._on_views),
            engine.subscribe(CommandAnswered, self._on_answered),
            engine.subscribe(Trade, self._on_trade),
            engine.subscribe(FillView, self._on_fill),
            engine.subscribe(FundingPaid, self.heard.hear_payment),
            engine.subscribe(EquitySampled, self.heard.hear_equity),
            engine.subscribe(SignalEmitted, self.heard.hear_signal),
            engine.subscribe(OrderDenied, self._on_denied),
            engine.subscribe(OrderAdopted, self._on_adopted),
            engine.subscribe(AmendRejected, self._on_amend_rejected),
            *(engine.subscribe(kind, self._on_manual_order) for kind in MANUAL_ORDER_NEWS),
            engine.subscribe(AccountDiffers, self._on_differences),
            engine.subscribe(LogLine, self._on_alarm),
            *(engine.subscribe(kind, self._on_order_event) for kind in ORDER_EVENTS),
            *(engine.subscribe(kind, self._on_state_event) for kind in STATE_EVENTS),
            *(engine.subscribe(kind, self._on_log_event) for kind in self._words.types),
        ]
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._turn)
        self._between = False

    # --- For panels -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to tick."""
        self._timer.start(TURNS_MS[0])

    def stop(self) -> None:
        """End ticking and hear nothing more."""
        self._timer.stop()
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions = []
        if self.engine.attachment is not None:
            self.engine.attachment.on_control(lambda text: None)

    def listen(self, message_type: type, handler: Callable[[Any], None]) -> None:
        """Hear of each message of a type until the model stops; the handler must be quick."""
        self._subscriptions.append(self.engine.subscribe(message_type, handler))

    def forget(self) -> None:
        """Begin again with what was before the engine's beginning: a replay goes back, and is told what follows."""
        self.heard.forget()
        self.differences = self.engine.reconciliation().differences

    def recall(self, memory: dict[str, Any]) -> None:
        """Stand where the memory of what was heard was taken."""
        self.heard.recall(memory)
        self.differences = self.engine.reconciliation().differences

    def choose_symbol(self, symbol: str) -> None:
        """The symbol that linked panels show."""
        if symbol != self.symbol and symbol in self.engine.symbols:
            self.symbol = symbol
            self.symbol_chosen.emit(symbol)

    @property
    def blocked(self) -> str:
        """Why nothing that trades is taken from this window, in a sentence; empty when it is."""
        attachment = self.engine.attachment
        if attachment is None or (attachment.in_control and not attachment.trouble):
            return ""
        if attachment.trouble:
            return attachment.trouble
        who = f"{attachment.controller} has" if attachment.controller else "Nobody has"
        return f"{who} control of this account. Take control to trade from this window."

    def command(self, command: AnyCommand) -> str:
        """Carry out a command and tell what came of it; the text, empty when there is nothing to say."""
        if self.blocked and not works_from_any_window(command):
            self.result_told.emit(Result(self.blocked, False))
            return self.blocked
        if isinstance(command, CancelOrder):
            order = self.engine.order(command.client_id)
            self.cancels_asked.emit([order] if order is not None and order.state.is_open else [])
        if isinstance(command, AmendOrder):
            order = self.engine.order(command.client_id)
            if order is not None and order.state.is_open:
                self.amends_asked.emit(command, order)
        try:
            text = self.engine.command(command)
        except WorkstationError as error:
            self.result_told.emit(Result(str(error), False))
            return str(error)
        if text:
            self.result_told.emit(Result(text))
        self._urgent = True
        return text

    def tell_log(self, line: LogView) -> None:
        """Add a line of the window's own to the log that it shows."""
        self.heard.hear_line(line)

    # --- Events -----------------------------------------------------------------------------------------------------

    def _on_views(self, changed: ViewsChanged) -> None:
        self.heard.dirty_orders.update(dict.fromkeys(changed.client_ids))
        self._urgent = True

    def _on_answered(self, answer: CommandAnswered) -> None:
        self.result_told.emit(Result(answer.text, answer.good))
        self._urgent = True

    def _on_control(self, text: str) -> None:
        if text:
            self.result_told.emit(Result(text, self.engine.attachment is None or self.engine.attachment.in_control))
        self._follow_control()

    def _follow_control(self) -> None:
        if self.blocked != self._blocked:
            self._blocked = self.blocked
            self.control_changed.emit()

    def _on_trade(self, trade: Trade) -> None:
        self.heard.hear_trade(trade)
        for listener in self.trade_listeners:
            listener(trade)

    def _on_order_event(self, event: Any) -> None:
        self.heard.dirty_orders[event.client_id] = None

    def _on_adopted(self, event: OrderAdopted) -> None:
        self.heard.dirty_orders[event.order.client_id] = None

    def _on_amend_rejected(self, event: AmendRejected) -> None:
        self.heard.dirty_orders[event.client_id] = None
        self.result_told.emit(Result(f"The venue refused the change of {event.client_id}: {event.reason}", False))
        self.amendment_refused.emit(event.client_id, event.reason)

    def _on_manual_order(self, event: Any) -> None:
        """What a person's order came to at the venue, where it is not what the person takes for granted."""
        order = self.engine.order(event.client_id)
        if order is None or order.owner != MANUAL:
            return
        was_in_doubt = event.client_id in self._in_doubt
        (self._in_doubt.add if isinstance(event, OrderUnknown) else self._in_doubt.discard)(event.client_id)
        words = outcome_words(event, order, was_in_doubt=was_in_doubt)
        if words:
            self.result_told.emit(Result(words, isinstance(event, OrderAccepted)))

    def _on_state_event(self, event: Any) -> None:
        self._urgent = True
        if isinstance(event, PositionTransferred):
            self.heard.dirty_orders.update(dict.fromkeys(order.client_id for order in self.engine.orders()))

    def _on_fill(self, fill: FillView) -> None:
        self.heard.hear_fill(fill)
        self._urgent = True

    def _on_denied(self, denial: OrderDenied) -> None:
        if denial.owner == MANUAL:
            self.result_told.emit(Result(f"Denied {denial.code}: {denial.text}", False))
        self._urgent = True

    def _on_differences(self, event: AccountDiffers) -> None:
        self.differences = event.differences
        self._urgent = True
        self.differences_changed.emit(event.differences)

    def _on_alarm(self, line: LogLine) -> None:
        """A person must look at it at once: a liquidation, a stop that was refused, an order cancelled elsewhere."""
        if is_alarm(line):
            self.result_told.emit(Result(line.text, False))

    def _on_log_event(self, event: Any) -> None:
        line = self._words.line(event)
        if line is not None:
            self.heard.hear_line(line)

    # --- The pace of the display ------------------------------------------------------------------------------------

    def tick(self) -> None:
        """One frame with both of its turns."""
        self._first_turn()
        self._second_turn()

    def _turn(self) -> None:
        (self._second_turn if self._between else self._first_turn)()
        self._between = not self._between
        self._timer.setInterval(TURNS_MS[self._between])

    def _first_turn(self) -> None:
        """Hand out what has waited and a slow view, then let the first half of the shown panels read the market."""
        self.frame += 1
        heard = self.heard
        if heard.dirty_orders:
            self.orders_changed.emit(heard.take_orders())
        for take, signal in (
            (heard.take_fills, self.fills_added),
            (heard.take_payments, self.payments_added),
            (heard.take_signals, self.signals_added),
            (heard.take_lines, self.log_added),
        ):
            fresh: list[Any] = take()
            if fresh:
                signal.emit(fresh)
        if heard.has_new_equity:
            heard.has_new_equity = False
            self.equity_added.emit()
        if self._due:
            self._read_slow_view(next(iter(self._due)))
        self.ticked.emit(self.frame)

    def _second_turn(self) -> None:
        """Read the account where it may have changed, then let the other half of the panels read the market."""
        if self._urgent or self.frame % SLOW_FRAMES == 0:
            self._urgent = False
            self._read_account()
            self._due.update(dict.fromkeys(self._slow_views))
        self.ticked_between.emit(self.frame)

    def refresh(self) -> None:
        """Read the slow views now, as far as anyone is shown them."""
        self._read_account()
        for name in self._slow_views:
            self._read_slow_view(name)

    def _read_account(self) -> None:
        """What a trader waits for after an order: the account and its positions."""
        self._follow_control()
        self.account = self.engine.account()
        self.account_changed.emit(self.account)
        begun = self._has_begun()
        if begun != self._begun and not self.signalsBlocked():
            self._begun = begun
            self.market_began.emit()
        if self._wanted("positions_changed"):
            self.positions_changed.emit(list(self.engine.positions()))

    def _read_slow_view(self, name: str) -> None:
        self._due.pop(name, None)
        if self._wanted(name):
            getattr(self, name).emit(self._slow_views[name]())

    def _has_begun(self) -> tuple[int, bool]:
        """How many symbols have prices, and whether there is an equity: an exchange tells both after the start."""
        markets = map(self.engine.market, self.engine.symbols)
        priced = sum(1 for market in markets if market.last_price and market.best_bid)
        return priced, bool(self.account.equity)

    def _wanted(self, signal: str) -> bool:
        return self.isSignalConnected(self._signals[signal])
