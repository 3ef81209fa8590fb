"""The order ticket: what it would cost and what the gate says are shown while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, SignalInstance
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.controls import Button, ButtonKind, IconButton, Verdict
from widgets.controls.scrolled import Scrolled
from widgets.controls.toolbar import Fact, Facts, Hairline, TextButton, popup_below
from widgets.engine.engine_model import EngineModel, Result
from widgets.engine.one_click import OneClick
from widgets.engine.order_words import TYPE_WORDS
from widgets.look import shapes
from widgets.look.numbers import format_moment, format_multiple_of_risk, plain_number
from widgets.look.theme import Density, current
from widgets.look.tokens import Mode, Tone
from widgets.panels.live_panel import LivePanel
from widgets.ticket import algorithm_order
from widgets.ticket.size_presets import SizePresets
from widgets.ticket.templates import TemplateBook
from widgets.ticket.ticket_figures import EMPTY_FACTS, cost_facts
from widgets.ticket.ticket_form import UNITS, TicketForm
from widgets.ticket.ticket_menus import options_menu
from widgets.ticket.ticket_order import (
    SizeUnit,
    TicketEntry,
    TicketProblem,
    expected_price,
    multiple_of_risk,
)
from widgets.ticket.ticket_reading import Reading, read_algorithm, read_order
from workstation.core.instrument import Instrument
from workstation.core.messages import PlaceOrder, StartAlgorithm
from workstation.core.types import OrderType, Side
from workstation.core.views import VerdictView

MODE_WORDS = {Mode.PAPER: "on paper", Mode.LIVE: "live", Mode.REPLAY: "in replay"}
FIRST_DISTANCES = {"stop": Decimal("-0.01"), "target": Decimal("0.02")}
JUDGE_AFTER_MS = 30


class TicketPanel(LivePanel):
    """Shows one order. What is denied cannot be sent; the verdict says why."""

    def __init__(
        self,
        model: EngineModel,
        book: TemplateBook,
        one_click: OneClick,
        presets: SizePresets,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, parent)
        self.one_click = one_click
        self.arm = TextButton("One-click", checkable=True)
        self.arm.clicked.connect(one_click.switch)
        # The tab strip places its tools once: the width does not follow the text.
        self.arm.setFixedWidth(shapes.text_width("Armed 88:88", current().font(12, 500)) + 14)
        self._symbol = ""
        self._unit = SizeUnit.QUANTITY
        self._reading: Reading | None = None
        """What the fields come to; none where one of them is wrong."""
        self._mode = Mode(model.engine.mode.value)
        self.options = IconButton("gear", "Size unit, flags and life of the order")
        self.form = TicketForm(model, book, presets, self)
        self.facts = Facts(4)
        self.verdict = Verdict()
        self.submit = Button("Buy", ButtonKind.SUBMIT)
        self.submit.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 0, 8)
        column.setSpacing(6)
        column.addWidget(Scrolled(self.form))
        told = QVBoxLayout()
        told.setContentsMargins(0, 0, 10, 0)
        told.setSpacing(6)
        for widget in (Hairline(), self.facts, self.verdict, self.submit):
            told.addWidget(widget)
        column.addLayout(told)
        column.addStretch(1)
        current().changed.connect(self._fit_density)
        self._fit_density()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(JUDGE_AFTER_MS)
        self._soon.timeout.connect(self.judge)
        self.form.changed.connect(self._soon.start)
        self.form.exit_ticked.connect(self._suggest_exit)
        self.options.clicked.connect(lambda: popup_below(options_menu(self.form), self.options))
        self.form.life.part_wanted.connect(self._show_part)
        self.submit.clicked.connect(self.send)
        model.ticket_wanted.connect(self._fill_in)
        model.ticket_stop_wanted.connect(self._fill_in_stop)
        model.market_began.connect(self._begin_anew)

    def _fit_density(self) -> None:
        """Where there is room the form scrolls rather than that a figure or a reason is left out."""
        compact = current().density is Density.COMPACT
        self.verdict.set_lines(1 if compact else 2)
        self._show_facts(self.facts.facts)

    def _show_facts(self, facts: Sequence[Fact]) -> None:
        self.facts.set_facts(facts)
        compact = current().density is Density.COMPACT
        self.facts.setMinimumHeight(0 if compact else self.facts.sizeHint().height())

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (model.account_changed, self._account_changed),
            (model.symbol_chosen, self._another_symbol),
            (model.control_changed, self.judge),
            (self.one_click.changed, self._show_one_click),
        )

    def refresh(self) -> None:
        if self.model.symbol != self._symbol:
            self._take_symbol(self.model.symbol)
        self._show_one_click()
        self.judge()

    def _another_symbol(self, _: str) -> None:
        """Of its link group: a click would trade something else."""
        self.one_click.disarm("another symbol")
        self.refresh()

    def _begin_anew(self) -> None:
        """The first prices or the account have come; what was typed meanwhile stays."""
        priced = bool(self._symbol) and self.model.engine.market(self._symbol).best_bid > 0
        if priced and not any(field.text() for field in (self.form.fields["price"], self.form.quantity)):
            self._symbol = ""
            if self.listening:
                self.refresh()

    @property
    def instrument(self) -> Instrument:
        return self.model.engine.market(self._symbol).instrument

    def entry(self) -> TicketEntry:
        return self.form.entry(self._symbol)

    def _take_symbol(self, symbol: str) -> None:
        """Begin anew with another symbol: at its last price, with a round size that fits what the account is worth."""
        self._symbol = symbol
        instrument, last = self.instrument, self.model.engine.market(symbol).last_price
        self.form.take_instrument(instrument)
        self.form.algorithm_fields.take_instrument(instrument, instrument.price(last) if last else None)
        if self.form.algorithm is None:
            self.form.choose_type(self.form.type)
        if last and self.model.account.equity:
            if self.form.type is not OrderType.MARKET:
                self.form.set_price("price", instrument.price(last), instrument.tick)
            if self.entry().unit is SizeUnit.QUANTITY:
                self.form.choose_size(1)

    def _plain(self, lots: int) -> str:
        """A quantity without trailing zeros."""
        return plain_number(self.instrument.quantity(lots).normalize())

    def _show_part(self, on: bool) -> None:
        """The first part to show follows from the order's size."""
        self.form.life.show_part(on, self._reading.intent.lots if self._reading is not None else 0, self.instrument)

    def _suggest_exit(self, name: str, on: bool) -> None:
        """A first price for a stop or target that was ticked."""
        entry = self.entry()
        price = expected_price(entry, *self._quotes())
        if on and self.form.fields[name].number() is None and price is not None:
            tick = self.instrument.tick
            near = price * (1 + FIRST_DISTANCES[name] * entry.side)
            self.form.set_price(name, (near / tick).to_integral_value() * tick, tick)

    def _fill_in(self, side: str, ticks: int | None, lots: int | None) -> None:
        """From the ladder or a key: side, price and size, as far as they are given. A side alone is a market order."""
        form = self.form
        if self.model.symbol != self._symbol:
            self._take_symbol(self.model.symbol)
        if side:
            form.side.set_index(0 if side == "buy" else 1)
        if ticks is not None:
            form.choose_type(OrderType.LIMIT)
            form.set_price("price", self.instrument.price(ticks), self.instrument.tick)
        elif side:
            form.choose_type(OrderType.MARKET)
        if lots is not None:
            form.choose_unit(0)
            form.quantity.set_figure(self.instrument.quantity(lots).normalize())
        self.judge()
        form.quantity.setFocus()
        form.quantity.selectAll()

    # --- One-click --------------------------------------------------------------------------------------------------

    def _show_one_click(self) -> None:
        armed = self.one_click.armed
        self.arm.setChecked(armed)
        self.arm.set_text(f"Armed {self.one_click.remaining}" if armed else "One-click")
        arms = f"Arms one-click trading in ladder and chart for {self.one_click.minutes} minutes."
        self.arm.setToolTip(
            "A click in the ladder, and Ctrl+click on the chart, order at once. Esc disarms." if armed else arms
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.one_click.armed:
            painter = QPainter(self)
            colour = current().tokens.mode(self._mode).fill
            for inset in range(2):
                shapes.box(painter, self.rect().adjusted(inset, inset, -inset, -inset), None, colour, radius=0)

    def _fill_in_stop(self, side: str, ticks: int, lots: int | None) -> None:
        """From the ladder: a stop that triggers at a price."""
        self._fill_in(side, None, lots)
        self.form.choose_type(OrderType.STOP)
        self.form.set_price("trigger", self.instrument.price(ticks), self.instrument.tick)
        self.judge()

    # --- What the gate says -----------------------------------------------------------------------------------------

    def _account_changed(self, _: object) -> None:
        if not self._soon.isActive():
            self.judge()

    def _quotes(self) -> tuple[Decimal | None, Decimal | None]:
        market = self.model.engine.market(self._symbol)
        bid, ask = market.best_bid or market.last_price, market.best_ask or market.last_price
        price = self.instrument.price
        return (price(bid) if bid else None, price(ask) if ask else None)

    def judge(self) -> None:
        """Ask what the order would cost and whether the gate would let it pass, and show that."""
        self._soon.stop()
        entry = self.entry()
        if entry.unit is not self._unit:
            self._unit = entry.unit
            self.form.show_unit(self.instrument)
        self._reading, wrong, sentence = None, "", ""
        try:
            self._reading = self._read(entry)
        except TicketProblem as problem:
            wrong, sentence = problem.field, str(problem)
            if wrong and not self.form.every_field()[wrong].text():
                wrong = ""
        self.form.show_problem(wrong, sentence if wrong else "")
        if self._reading is None:
            self._show_facts(EMPTY_FACTS)
            self.verdict.set_verdict(Tone.WARNING, "Not complete", sentence)
            self._show_submit(entry, self._symbol, False, sentence)
        else:
            self._show_verdict(entry, self._reading, self.model.engine.preview(self._reading.intent))

    def _read(self, entry: TicketEntry) -> Reading:
        """Raises ``TicketProblem``."""
        quotes, form = self._quotes(), self.form
        price = expected_price(entry, *quotes)
        self._show_exits(entry, price)
        market, equity = self.model.engine.market(self._symbol), self.model.account.equity
        if form.algorithm is None:
            return read_order(entry, form.template, market, price, equity)
        best = quotes[1 if entry.side is Side.BUY else 0]
        return read_algorithm(entry, form.algorithm_fields.entry(), market, best, equity)

    def _show_exits(self, entry: TicketEntry, price: Decimal | None) -> None:
        form, quote = self.form, self.instrument.quote
        form.stop.setEnabled(entry.with_stop)
        form.target.setEnabled(entry.with_target)
        multiple = multiple_of_risk(entry, price)
        form.stop.set_unit("−1 R" if entry.with_stop and entry.stop else quote)
        form.target.set_unit(quote if multiple is None else format_multiple_of_risk(multiple, 1).replace(".0", ""))

    def _show_verdict(self, entry: TicketEntry, reading: Reading, view: VerdictView) -> None:
        whole = reading.whole
        told = view if whole is reading.intent else self.model.engine.preview(whole)
        counted = UNITS[self.form.units.index] is SizeUnit.QUANTITY
        self._show_facts(cost_facts(whole, told, self.instrument, self.model.account, show_quantity=not counted))
        if self.model.blocked:
            self.verdict.set_verdict(Tone.WARNING, "Not from this window", self.model.blocked)
        elif view.allowed:
            of_what = "" if reading.order is None else "first order: "
            self.verdict.set_verdict(Tone.GOOD, view.text, f"{of_what}{view.value}; limit {view.limit}")
        else:
            detail = f"{view.value}; limit {view.limit}" if view.value and view.limit else view.text
            self.verdict.set_verdict(Tone.BAD, f"Denied · {view.code}", detail)
        self.verdict.setToolTip(view.text)
        how = algorithm_order.WORDS[self.form.algorithm] if self.form.algorithm is not None else ""
        what = f"{self._plain(whole.lots)} {self.instrument.base}{how}"
        self._show_submit(entry, what, view.allowed, view.text)

    def _show_submit(self, entry: TicketEntry, what: str, allowed: bool, why: str) -> None:
        self.submit.set_submit(self._mode, Tone.UP if entry.side is Side.BUY else Tone.DOWN)
        self.submit.setText(f"{entry.side.word.capitalize()} {what} {MODE_WORDS[self._mode]}")
        blocked = self.model.blocked
        self.submit.setEnabled(allowed and not blocked)
        self.submit.setToolTip(blocked or ("" if allowed else why))

    def send(self) -> None:
        """Place the order as it was shown; the gate judges it once more and has the last word."""
        reading = self._reading
        if reading is None or not self.submit.isEnabled():
            return
        if reading.order is not None:
            self.model.command(StartAlgorithm(order=reading.order))
            self.judge()
            return
        intent = reading.intent
        allowed = self.model.engine.preview(intent).allowed
        if reading.bracket is not None:
            # The engine keeps its stop, which the intent has for the preview alone.
            intent = msgspec.structs.replace(intent, stop_loss=0)
        self.model.command(PlaceOrder(intent=intent, bracket=reading.bracket))
        if allowed:
            until = f", good till {format_moment(intent.good_till_ns)}" if intent.good_till_ns else ""
            ticks = intent.price or intent.stop_price
            how = f"{TYPE_WORDS[intent.type]} {self.instrument.price(ticks)}" if ticks else TYPE_WORDS[intent.type]
            what = f"{intent.side.word} {self._plain(intent.lots)} {intent.symbol}, {how}{until}"
            self.model.result_told.emit(Result(f"Sent: {what}."))
        self.judge()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.submit.hasFocus():
            if not event.isAutoRepeat():
                self.send()
        else:
            super().keyPressEvent(event)
