"""The ladder of the linked symbol with own orders, size presets, grouping, and what closes or cancels here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QCursor, QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QVBoxLayout, QWidget

from widgets.controls.controls import IconButton
from widgets.controls.shown_size import ShownStep, shown_step
from widgets.controls.toolbar import TextButton, Toolbar, popup_below
from widgets.engine.engine_model import SLOW_FRAMES, EngineModel, Result
from widgets.engine.one_click import OneClick
from widgets.engine.order_words import STOPS, working_price
from widgets.engine.protocol import Levels, Market
from widgets.ladder.ladder_foot import LadderFoot
from widgets.ladder.ladder_rows import LadderOrder
from widgets.ladder.ladder_view import LadderView, next_group
from widgets.ladder.own_queue import OwnQueue
from widgets.look.numbers import format_price
from widgets.look.tokens import Mode
from widgets.panels.live_panel import LivePanel
from widgets.ticket.click_trading import ClickTrading
from widgets.ticket.size_presets import SizePresets
from widgets.ticket.size_switch import SizeSwitch
from widgets.ticket.templates import TemplateBook
from workstation.core.types import OrderType, Side

DEPTH = 200
ROWS_OF_BOOK = 16
FOOT_FROM = 420  # pixels of height from which the rows of the position and of actions show
MISSED = "Nothing was sent: the rows had just moved under the pointer. Click again where you mean it."
ARM_TIP = "Arm one-click trading for {} minutes: a click on the book sends an order, left a limit, right a stop"


def default_group(market: Market) -> int:
    """The grouping at which a side of the book, the thin far end aside, takes a screenful of rows."""
    bids, asks = market.top(DEPTH)
    spans = [abs(side[-1][0] - side[0][0]) for side in (bids, asks) if len(side) > 1]
    wanted = max(1, max(spans) // ROWS_OF_BOOK if spans else market.last_price // 10_000)
    group = 1
    while group < wanted:
        group = next_group(group, up=True)
    return group


class LadderPanel(LivePanel):
    """A click on the book fills the ticket: left a limit order, right a stop, of the chosen size.

    While one-click trading is armed, it sends that order. Dragging an own order amends it.
    """

    def __init__(
        self,
        model: EngineModel,
        book: TemplateBook,
        one_click: OneClick,
        presets: SizePresets,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, parent)
        self._symbol = ""
        self._count = 0
        self._traded: dict[int, int] = {}
        self._shown = ShownStep(Decimal(1), 1)
        self._fitted = False
        self._queue = OwnQueue(model)
        self._trading = ClickTrading(model, book)
        self._book = book
        self.one_click = one_click
        self.bar = Toolbar(self)
        self.sizes = SizeSwitch(model, presets, stretch=False, parent=self.bar)
        self.sizes.picked.connect(self._keep_size)
        presets.changed.connect(self._keep_size)
        self.sizes.setToolTip("Size of a click on the book; a right click edits the sizes")
        self.sizes.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.grouping = TextButton("1", "Price step of a row", opens=True)
        self.grouping.clicked.connect(lambda: popup_below(self.grouping_menu(), self.grouping))
        self.arm = IconButton("one-click", ARM_TIP.format(one_click.minutes), checkable=True)
        self.centre = IconButton("centre", "Keep the spread in the middle; off, the rows stand still", checkable=True)
        self.centre.setChecked(True)
        self.view = LadderView(self)
        self.view.level_clicked.connect(self._clicked)
        self.view.stop_clicked.connect(self._stop_clicked)
        self.view.click_missed.connect(lambda: model.result_told.emit(Result(MISSED, False)))
        self.view.order_moved.connect(self._trading.move)
        self.view.order_menu_wanted.connect(lambda names: self.order_menu(names).popup(QCursor.pos()))
        self.view.centred_changed.connect(self.centre.setChecked)
        self.arm.clicked.connect(one_click.switch)
        model.market_began.connect(self._begin_anew)
        model.reloaded.connect(self._forget)
        self.view.group_changed.connect(self._show_group)
        self.centre.clicked.connect(lambda on: self.view.centre() if on else self.view.hold())
        self.bar.row.addWidget(self.sizes)
        self.bar.row.addStretch(1)
        self.bar.row.addWidget(self.arm)
        self.bar.row.addWidget(self.grouping)
        self.bar.row.addWidget(self.centre)
        self.foot = LadderFoot(model, self._trading, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.view, 1)
        column.addWidget(self.foot)

    @property
    def size_lots(self) -> int:
        """The chosen preset."""
        return self.sizes.lots[self.sizes.index]

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (self.frames, self._tick),
            (model.symbol_chosen, self._another_symbol),
            (model.orders_changed, self._show_orders),
            (model.positions_changed, self._show_position),
            (model.control_changed, self._show_control),
            (self.one_click.changed, self._show_armed),
            (self._book.choice_changed, self._show_armed),
        )

    def refresh(self) -> None:
        model = self.model
        market = model.engine.market(model.symbol)
        if model.symbol != self._symbol:
            self._symbol, self._count, self._traded = model.symbol, 0, {}
            self._trading.symbol = model.symbol
            self._shown = shown_step(market.instrument, market.last_price)
            self.view.set_steps(market.instrument.tick, self._shown.step)
            self.view.set_traded({})
            self.view.set_group(default_group(market))
            self._fitted = market.best_bid > 0
            self.sizes.take_symbol(model.symbol)
            self._show_group(self.view.group)
        self._keep_size()
        self._show_book()
        self._show_traded()
        self._show_orders()
        self._show_control()
        self._show_armed()

    def _another_symbol(self, _: str) -> None:
        """Of its link group: a click would trade something else."""
        self.one_click.disarm("another symbol")
        self.refresh()

    def _begin_anew(self) -> None:
        """Sizes and steps follow the first prices."""
        self._symbol = ""
        if self.listening:
            self.refresh()

    def _forget(self) -> None:
        """A replay went back: what traded later is not known yet. Grouping and sizes stay as they were chosen."""
        self._count, self._traded = 0, {}
        self._queue.forget()
        self.view.set_traded({})

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.foot.setVisible(self.height() >= FOOT_FROM)

    def grouping_menu(self) -> QMenu:
        menu = QMenu(self)
        instrument = self.model.engine.market(self._symbol).instrument
        group = default_group(self.model.engine.market(self._symbol))
        for _ in range(4):
            group = next_group(group, up=False)
        for _ in range(9):
            action = menu.addAction(format_price(instrument.price(group), instrument.tick))
            action.setCheckable(True)
            action.setChecked(group == self.view.group)
            action.triggered.connect(lambda _=False, group=group: self.view.set_group(group))
            if next_group(group, up=True) == group:
                break
            group = next_group(group, up=True)
        return menu

    def set_in_front(self, in_front: bool) -> None:
        if not in_front:
            self._disarm_hidden()
        super().set_in_front(in_front)

    def hideEvent(self, event: QHideEvent) -> None:
        self._disarm_hidden()
        super().hideEvent(event)

    def _disarm_hidden(self) -> None:
        """Nobody trades by clicks in what lies behind a tab, and it does not come back armed."""
        if self.listening:
            self.one_click.disarm("the ladder was hidden")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.one_click.armed:
            self.one_click.disarm("Esc")
        else:
            super().keyPressEvent(event)

    def order_menu(self, names: tuple[str, ...]) -> QMenu:
        """What can be done with own orders at a price."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, command in self._trading.cancels(names):
            menu.addAction(words).triggered.connect(lambda _=False, command=command: self.model.command(command))
        return menu

    def _tick(self, frame: int) -> None:
        self._show_book()
        self._queue.take(self._symbol)
        if self.due(frame, SLOW_FRAMES):
            self._show_traded()
            self._show_orders()

    def _show_book(self) -> None:
        market = self.model.engine.market(self._symbol)
        bids, asks = self._in_steps(market.top(DEPTH))
        if not self._fitted and market.best_bid:
            self._fitted = True
            self.view.set_group(default_group(market))
        last = market.last_price or None
        self.view.set_book(bids, asks, last, self.model.heard.last_side(self._symbol))
        age_ns = self.model.engine.now_ns() - market.last_ns
        stale = market.last_ns and (age_ns > self.model.engine.stale_ns or not market.synchronised)
        self.view.set_stale(round(age_ns / 1e9, 1) if stale else None)

    def _show_traded(self) -> None:
        trades, self._count = self.model.heard.trades_since(self._symbol, self._count)
        for trade in trades:
            self._traded[trade.ticks] = self._traded.get(trade.ticks, 0) + self._shown.of(trade.lots)
        if trades:
            self.view.set_traded(self._traded)

    def _show_orders(self, _: object = None) -> None:
        instrument = self.model.engine.market(self._symbol).instrument
        found: dict[int, LadderOrder] = {}
        for order in self.model.heard.working_orders():
            price = working_price(order)
            if order.symbol == self._symbol and price is not None:
                ticks = instrument.ticks(price)
                lots = self._shown.of(instrument.lots(order.quantity - order.filled))
                ahead, stop = self._queue.share(order.client_id), order.type in STOPS
                own = LadderOrder(lots, _side_word(order.side), ahead, (order.client_id,), stop)
                found[ticks] = found[ticks].with_more(own) if ticks in found else own
        self.view.set_orders(found)

    def _show_position(self, _: object = None) -> None:
        self.foot.show_position(self._symbol, self._shown.step)

    def _show_armed(self) -> None:
        armed = self.one_click.armed
        chosen = self._book.chosen
        how = ": a click trades" if chosen is None else f" with {chosen.name}"
        words = f"Armed {self.one_click.remaining}{how}. Esc disarms." if armed else ""
        self.view.set_armed(words, Mode(self.model.engine.mode.value))
        self.arm.setChecked(armed)

    def _show_control(self) -> None:
        self.arm.setEnabled(not self.model.blocked)
        self._show_position()

    def _in_steps(self, book: tuple[Levels, Levels]) -> tuple[Levels, Levels]:
        bids, asks = ([(ticks, self._shown.of(lots)) for ticks, lots in side] for side in book)
        return bids, asks

    def _keep_size(self, _: object = None) -> None:
        """A click on the chart has the same size."""
        if self._symbol:
            self.one_click.sizes[self._symbol] = self.size_lots

    def _show_group(self, group: int) -> None:
        instrument = self.model.engine.market(self._symbol).instrument
        self.grouping.set_text(format_price(instrument.price(group), instrument.tick))

    def _clicked(self, side: str, ticks: int) -> None:
        if self.one_click.armed:
            self._trading.click(side, ticks, self.size_lots, OrderType.LIMIT)
        else:
            self.model.ticket_wanted.emit(side, ticks, self.size_lots)

    def _stop_clicked(self, side: str, ticks: int) -> None:
        if self.one_click.armed:
            self._trading.click(side, ticks, self.size_lots, OrderType.STOP)
        else:
            self.model.ticket_stop_wanted.emit(side, ticks, self.size_lots)


def _side_word(side: Side) -> Any:
    return side.word
