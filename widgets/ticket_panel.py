"""The order ticket: what it would cost and what the gate says are shown while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from widgets.controls import Button, ButtonKind, IconButton, ToneLabel, Verdict
from widgets.engine_model import EngineModel, Result
from widgets.fields import Field
from widgets.live_panel import LivePanel
from widgets.numbers import decimals_of, format_money, format_multiple_of_risk, format_percent, format_quantity
from widgets.order_words import TYPE_WORDS
from widgets.segmented import Segmented
from widgets.theme import Density, current
from widgets.ticket_order import (
    LIMITS,
    TRIGGERED,
    SizeUnit,
    TicketEntry,
    TicketProblem,
    expected_price,
    make_intent,
    multiple_of_risk,
)
from widgets.tokens import Mode, Tone
from widgets.toolbar import Fact, Facts, Hairline
from workstation.core.instrument import Instrument
from workstation.core.messages import PlaceOrder
from workstation.core.orders import Intent
from workstation.core.types import OrderType, Side, TimeInForce
from workstation.core.views import VerdictView

MAIN_TYPES = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP)
MORE_TYPES = (
    OrderType.STOP_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP,
)
UNITS = tuple(SizeUnit)
LIVES = {
    TimeInForce.GTC: "Good till cancelled",
    TimeInForce.IOC: "Immediate or cancel",
    TimeInForce.FOK: "Fill or kill",
}
MODE_WORDS = {Mode.PAPER: "on paper", Mode.LIVE: "live", Mode.REPLAY: "in replay"}
FIRST_STOP = Decimal("0.01")
FIRST_TARGET = Decimal("0.02")
UNIT_ROOM = 34


class TypeSwitch(Segmented):
    """Three types and a fourth segment that opens the others."""

    more_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(["Market", "Limit", "Stop", "More"], stretch=True, parent=parent)

    def name_more(self, word: str) -> None:
        self._texts[3] = word
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.segments()[3].contains(event.position().toPoint()):
            self.more_wanted.emit()
        else:
            super().mousePressEvent(event)

    def _choose(self, index: int) -> None:
        if index == 3:
            self.more_wanted.emit()
        else:
            super()._choose(index)


class TicketPanel(LivePanel):
    """Shows one order. What is denied cannot be sent; the verdict says why."""

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._type = OrderType.LIMIT
        self._time_in_force = TimeInForce.GTC
        self._symbol = ""
        self._intent: Intent | None = None
        self._mode = Mode(model.engine.mode.value)
        self.options = IconButton("gear", "Size unit and flags")
        self.options.clicked.connect(lambda: self._popup(self.options_menu(), self.options))
        self._make_controls()
        self._lay_out()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(30)
        self._soon.timeout.connect(self.judge)
        self._connect_controls()
        current().changed.connect(self._fit_density)
        self._fit_density()

    # --- Making -----------------------------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.side = Segmented(["Buy", "Sell"], tones=[Tone.UP, Tone.DOWN], stretch=True)
        self.types = TypeSwitch()
        self.types.set_index(1)
        self.units = Segmented([unit.value for unit in UNITS], stretch=True)
        self.price, self.trigger, self.trail, self.quantity, self.stop, self.target = (
            Field(unit="–", unit_room=UNIT_ROOM, step=Decimal(1)) for _ in range(6)
        )
        self.with_stop, self.with_target = QCheckBox("Stop"), QCheckBox("Target")
        self.post_only, self.reduce_only = QCheckBox("Post only"), QCheckBox("Reduce only")
        for field, name in (
            (self.price, "Price"),
            (self.trigger, "Trigger"),
            (self.trail, "Trail"),
            (self.quantity, "Size"),
            (self.stop, "Stop price"),
            (self.target, "Target price"),
        ):
            field.setAccessibleName(name)
        self.problem = ToneLabel("", Tone.BAD, pixels=11)
        self.problem.setWordWrap(True)
        self.facts = Facts(5)
        self.verdict = Verdict()
        self.submit = Button("Buy", ButtonKind.SUBMIT)
        self.submit.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, 60)
        grid.setColumnStretch(1, 1)
        self.labels = {name: ToneLabel(name, Tone.LABEL) for name in ("Trigger", "Trail", "Price", "Size")}
        rows: list[tuple[QWidget, QWidget]] = [
            (self.labels["Trigger"], self.trigger),
            (self.labels["Trail"], self.trail),
            (self.labels["Price"], self.price),
            (self.labels["Size"], self.quantity),
            (ToneLabel(""), self.units),
            (self.with_stop, self.stop),
            (self.with_target, self.target),
        ]
        for place, (label, editor) in enumerate(rows):
            grid.addWidget(label, place, 0)
            grid.addWidget(editor, place, 1)
        self.flags = QWidget()
        flags = QHBoxLayout(self.flags)
        flags.setContentsMargins(0, 0, 0, 0)
        flags.addWidget(self.post_only)
        flags.addStretch(1)
        flags.addWidget(self.reduce_only)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addWidget(self.side)
        column.addWidget(self.types)
        column.addLayout(grid)
        column.addWidget(self.flags)
        column.addWidget(self.problem)
        column.addWidget(Hairline())
        column.addWidget(self.facts)
        column.addWidget(self.verdict)
        column.addWidget(self.submit)
        column.addStretch(1)

    def _connect_controls(self) -> None:
        model = self.model
        model.ticket_wanted.connect(self._fill_in)
        for switch in (self.side, self.units):
            switch.chosen.connect(self._changed)
        self.units.chosen.connect(self._unit_chosen)
        self.types.chosen.connect(lambda index: self.choose_type(MAIN_TYPES[index]))
        self.types.more_wanted.connect(lambda: self._popup(self.types_menu(), self.types))
        for field in (self.price, self.trigger, self.trail, self.quantity, self.stop, self.target):
            field.textEdited.connect(self._changed)
        for box in (self.with_stop, self.with_target, self.post_only, self.reduce_only):
            box.toggled.connect(self._changed)
        self.with_stop.toggled.connect(lambda on: self._suggest_exit(self.stop, on, -FIRST_STOP))
        self.with_target.toggled.connect(lambda on: self._suggest_exit(self.target, on, FIRST_TARGET))
        self.submit.clicked.connect(self.send)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.account_changed, self._account_changed), (self.model.symbol_chosen, self.refresh))

    def refresh(self) -> None:
        if self.model.symbol != self._symbol:
            self._take_symbol(self.model.symbol)
        self.choose_type(self._type)
        self.judge()

    @property
    def instrument(self) -> Instrument:
        return self.model.engine.market(self._symbol).instrument

    def _take_symbol(self, symbol: str) -> None:
        self._symbol = symbol
        instrument = self.instrument
        last = self._last()
        for field in (self.price, self.trigger, self.trail, self.stop, self.target):
            field.set_unit(instrument.quote)
            field.set_step(instrument.tick)
            field.clear()
        self.price.set_number(last, decimals_of(instrument.tick))
        self.with_stop.setChecked(False)
        self.with_target.setChecked(False)
        self.quantity.clear()
        self._unit_chosen(self.units.index)

    # --- What is typed ----------------------------------------------------------------------------------------------

    def choose_type(self, kind: OrderType) -> None:
        """Show the fields that this type has."""
        self._type = kind
        if kind in MAIN_TYPES:
            self.types.set_index(MAIN_TYPES.index(kind))
            self.types.name_more("More")
        else:
            self.types.set_index(3)
            self.types.name_more(TYPE_WORDS[kind].capitalize())
        for shown, name, field in (
            (kind in LIMITS or kind is OrderType.MARKET, "Price", self.price),
            (kind in TRIGGERED, "Trigger", self.trigger),
            (kind is OrderType.TRAILING_STOP, "Trail", self.trail),
        ):
            self.labels[name].setVisible(shown)
            field.setVisible(shown)
        market = kind is OrderType.MARKET
        self.price.setEnabled(not market)
        if market:
            self.price.setText("market")
        elif self.price.number() is None:
            self.price.set_number(self._last(), decimals_of(self.instrument.tick))
        self.post_only.setEnabled(kind is OrderType.LIMIT)
        self._changed()

    def _unit_chosen(self, index: int) -> None:
        unit, instrument = UNITS[index], self.instrument
        contracts = instrument.valuation.inverse
        words = {SizeUnit.QUANTITY: "cont." if contracts else instrument.base, SizeUnit.VALUE: instrument.quote}
        self.quantity.set_unit(words.get(unit, "%"))
        steps = {SizeUnit.QUANTITY: instrument.lot, SizeUnit.VALUE: Decimal(10), SizeUnit.EQUITY: Decimal(1)}
        self.quantity.set_step(steps.get(unit, Decimal("0.1")))
        self._changed()

    def _suggest_exit(self, field: Field, on: bool, distance: Decimal) -> None:
        """A first price for a stop or target that was ticked."""
        price = expected_price(self.entry(), *self._quotes())
        if on and field.number() is None and price is not None:
            tick = self.instrument.tick
            near = price * (1 + distance * self.entry().side)
            field.set_number((near / tick).to_integral_value() * tick, decimals_of(tick))
            self._changed()

    def entry(self) -> TicketEntry:
        """The fields as they stand."""
        return TicketEntry(
            symbol=self._symbol,
            side=Side.BUY if self.side.index == 0 else Side.SELL,
            type=self._type,
            price=self.price.number(),
            trigger=self.trigger.number(),
            trail=self.trail.number(),
            size=self.quantity.number(),
            unit=UNITS[self.units.index],
            stop=self.stop.number(),
            target=self.target.number(),
            with_stop=self.with_stop.isChecked(),
            with_target=self.with_target.isChecked(),
            post_only=self.post_only.isChecked(),
            reduce_only=self.reduce_only.isChecked(),
            time_in_force=self._time_in_force,
        )

    def _fill_in(self, side: str, ticks: int | None, lots: int | None) -> None:
        """From the ladder or a key: side, price and size, as far as they are given."""
        if self.model.symbol != self._symbol:
            self._take_symbol(self.model.symbol)
        if side:
            self.side.set_index(0 if side == "buy" else 1)
        if ticks is not None:
            self.price.set_number(self.instrument.price(ticks), decimals_of(self.instrument.tick))
            self.choose_type(OrderType.LIMIT)
        if lots is not None:
            self.units.set_index(0)
            self._unit_chosen(0)
            self.quantity.set_number(self.instrument.quantity(lots), decimals_of(self.instrument.lot))
        self.quantity.setFocus()
        self.quantity.selectAll()
        self.judge()

    # --- What the gate says -----------------------------------------------------------------------------------------

    def _changed(self, *_: object) -> None:
        self._soon.start()

    def _account_changed(self, _: object) -> None:
        if not self._soon.isActive():
            self.judge()

    def _last(self) -> Decimal | None:
        ticks = self.model.engine.market(self._symbol).last_price
        return self.instrument.price(ticks) if ticks else None

    def _quotes(self) -> tuple[Decimal | None, Decimal | None]:
        market = self.model.engine.market(self._symbol)
        bid, ask = market.best_bid or market.last_price, market.best_ask or market.last_price
        return (self.instrument.price(bid) if bid else None, self.instrument.price(ask) if ask else None)

    def judge(self) -> None:
        """Ask what the order would cost and whether the gate would let it pass, and show that."""
        self._soon.stop()
        entry = self.entry()
        price = expected_price(entry, *self._quotes())
        self._show_exits(entry, price)
        fields: dict[str, Field] = {"price": self.price, "trigger": self.trigger, "trail": self.trail}
        fields |= {"size": self.quantity, "stop": self.stop, "target": self.target}
        wrong, sentence = "", ""
        self._intent = None
        try:
            self._intent = make_intent(entry, self.instrument, price, self.model.account.equity)
        except TicketProblem as problem:
            wrong, sentence = problem.field, str(problem)
        empty = wrong == "size" and not self.quantity.text()
        for name, field in fields.items():
            field.set_in_error(name == wrong and not empty)
        self.problem.setText("" if empty else sentence)
        self.problem.setVisible(bool(sentence) and not empty)
        self._show_verdict(entry, sentence)

    def _show_exits(self, entry: TicketEntry, price: Decimal | None) -> None:
        quote = self.instrument.quote
        self.stop.setEnabled(entry.with_stop)
        self.target.setEnabled(entry.with_target)
        multiple = multiple_of_risk(entry, price)
        self.stop.set_unit("−1 R" if entry.with_stop and entry.stop else quote)
        shown = format_multiple_of_risk(multiple, 1).replace(".0", "") if multiple is not None else quote
        self.target.set_unit(shown)

    def _show_verdict(self, entry: TicketEntry, problem: str) -> None:
        side = entry.side.word.capitalize()
        self.submit.set_submit(self._mode, Tone.UP if entry.side is Side.BUY else Tone.DOWN)
        if self._intent is None:
            self.facts.set_facts([Fact(name, "–", Tone.FAINT) for name in ("Cost", "Fee", "Margin", "Risk to stop")])
            self.verdict.set_verdict(Tone.WARNING, "Not complete", problem)
            self._show_submit(f"{side} {self._symbol} {MODE_WORDS[self._mode]}", False, problem)
            return
        view = self.model.engine.preview(self._intent)
        self.facts.set_facts(self._cost_facts(self._intent, view))
        if view.allowed:
            self.verdict.set_verdict(Tone.GOOD, view.text, f"{view.value}; limit {view.limit}")
        else:
            detail = f"{view.value}; limit {view.limit}" if view.value and view.limit else view.text
            self.verdict.set_verdict(Tone.BAD, f"Denied · {view.code}", detail)
        self.verdict.setToolTip(view.text)
        quantity = f"{self.instrument.quantity(self._intent.lots).normalize():f}"
        words = f"{side} {quantity} {self.instrument.base} {MODE_WORDS[self._mode]}"
        self._show_submit(words, view.allowed, view.text)

    def _cost_facts(self, intent: Intent, view: VerdictView) -> list[Fact]:
        currency = self.model.account.currency
        equity = self.model.account.equity
        maker = not view.fee and bool(view.cost)
        fee = format_money(-view.fee, signed=True, currency=currency)
        facts = [
            Fact("Cost", format_money(view.cost, currency=currency)),
            Fact("Fee, maker", "none or rebate") if maker else Fact("Fee, taker", fee),
            Fact("Margin", format_money(view.margin, currency=currency)),
        ]
        if view.risk is not None and equity:
            share = format_percent(view.risk / equity * 100)
            facts.append(Fact("Risk to stop", f"{format_money(view.risk, currency=currency)} · {share}"))
        else:
            facts.append(Fact("Risk to stop", "no stop", Tone.FAINT))
        if UNITS[self.units.index] is not SizeUnit.QUANTITY:
            instrument = self.instrument
            quantity = instrument.quantity(intent.lots)
            facts.insert(0, Fact("Quantity", format_quantity(quantity, instrument.lot, unit=instrument.base)))
        return facts

    def _show_submit(self, words: str, allowed: bool, why: str) -> None:
        self.submit.setText(words)
        self.submit.setEnabled(allowed)
        self.submit.setToolTip("" if allowed else why)

    def send(self) -> None:
        """Place the order as it was shown; the gate judges it once more."""
        if self._intent is None or not self.submit.isEnabled():
            return
        intent = self._intent
        refused = self.model.engine.preview(intent)
        self.model.command(PlaceOrder(intent=intent))
        if refused.allowed:
            instrument = self.instrument
            quantity = f"{instrument.quantity(intent.lots).normalize():f} {instrument.symbol}"
            self.model.result_told.emit(Result(f"Sent: {intent.side.word} {quantity}, {TYPE_WORDS[intent.type]}."))
        self.judge()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.submit.hasFocus():
            self.send()
        else:
            super().keyPressEvent(event)

    # --- Menus ------------------------------------------------------------------------------------------------------

    def types_menu(self) -> QMenu:
        menu = QMenu(self)
        for kind in MORE_TYPES:
            action = menu.addAction(TYPE_WORDS[kind].capitalize())
            action.setCheckable(True)
            action.setChecked(kind is self._type)
            action.triggered.connect(lambda _=False, kind=kind: self.choose_type(kind))
        return menu

    def options_menu(self) -> QMenu:
        """Size units and flags, which have no room in the compact ticket, and how long the order lives."""
        menu = QMenu(self)
        for place, name in enumerate(("Quantity", "Value", "% of equity", "Risk, % of equity")):
            action = menu.addAction(f"Size by {name[0].lower()}{name[1:]}")
            action.setCheckable(True)
            action.setChecked(place == self.units.index)
            action.triggered.connect(lambda _=False, place=place: self._choose_unit(place))
        menu.addSeparator()
        for box in (self.post_only, self.reduce_only):
            action = menu.addAction(box.text())
            action.setCheckable(True)
            action.setChecked(box.isChecked())
            action.setEnabled(box.isEnabled())
            action.triggered.connect(box.setChecked)
        menu.addSeparator()
        for kind, text in LIVES.items():
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(kind is self._time_in_force)
            action.triggered.connect(lambda _=False, kind=kind: self._choose_life(kind))
        return menu

    def _choose_unit(self, place: int) -> None:
        self.units.set_index(place)
        self._unit_chosen(place)

    def _choose_life(self, kind: TimeInForce) -> None:
        self._time_in_force = kind
        self._changed()

    def _popup(self, menu: QMenu, widget: QWidget) -> None:
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(widget.mapToGlobal(QPoint(0, widget.height())))

    def _fit_density(self) -> None:
        compact = current().density is Density.COMPACT
        self.units.setVisible(not compact)
        self.flags.setVisible(not compact)
