"""The ladder of the linked symbol with own orders, size presets, grouping, and what closes or cancels here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from widgets.controls.controls import Button, IconButton, ToneLabel
from widgets.controls.presets import preset_lots
from widgets.controls.segmented import Segmented
from widgets.controls.shown_size import ShownStep, shown_step
from widgets.controls.toolbar import TextButton, Toolbar, popup_below
from widgets.engine.engine_model import SLOW_FRAMES, EngineModel
from widgets.engine.protocol import Levels, Market
from widgets.ladder.ladder_rows import LadderOrder
from widgets.ladder.ladder_view import LadderView, next_group
from widgets.look.numbers import format_price, format_quantity, tone_of
from widgets.panels.live_panel import LivePanel
from workstation.core.messages import CancelOrder, Flatten
from workstation.core.types import EXTERNAL, Side

DEPTH = 200
ROWS_OF_BOOK = 16
FOOT_FROM = 420  # pixels of height from which the row of actions shows


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
    """A click on the book fills the ticket with side, price and the chosen size; it never sends by itself."""

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._symbol = ""
        self._count = 0
        self._traded: dict[int, int] = {}
        self._presets: list[int] = []
        self._shown = ShownStep(Decimal(1), 1)
        self._fitted = False
        self.bar = Toolbar(self)
        self.sizes = Segmented(["–", "–", "–"], parent=self.bar)
        self.sizes.setToolTip("Size that a click on the book puts into the ticket")
        self.grouping = TextButton("1", "Price step of a row", opens=True)
        self.grouping.clicked.connect(lambda: popup_below(self.grouping_menu(), self.grouping))
        self.centre = IconButton("centre", "Centre on the spread")
        self.view = LadderView(self)
        self.view.level_clicked.connect(self._clicked)
        model.market_began.connect(self._begin_anew)
        self.view.group_changed.connect(self._show_group)
        self.centre.clicked.connect(self.view.centre)
        self.bar.row.addWidget(self.sizes)
        self.bar.row.addStretch(1)
        self.bar.row.addWidget(self.grouping)
        self.bar.row.addWidget(self.centre)
        self.foot = Toolbar(self, lined=False)
        self.position = ToneLabel("Flat")
        self.flatten = Button("Flatten")
        self.flatten.setToolTip("Closes the position in this symbol at the market")
        self.flatten.clicked.connect(lambda: model.command(Flatten(symbol=self._symbol)))
        self.cancel_buys = Button("Buys", icon="cancel")
        self.cancel_sells = Button("Sells", icon="cancel")
        for button, side in ((self.cancel_buys, Side.BUY), (self.cancel_sells, Side.SELL)):
            button.setToolTip(f"Cancels working {side.word}s in this symbol, protective orders excepted")
            button.clicked.connect(lambda _=False, side=side: self._cancel(side))
        self.foot.row.setSpacing(4)
        self.foot.row.addWidget(self.position, 1)
        for button in (self.flatten, self.cancel_buys, self.cancel_sells):
            self.foot.row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.view, 1)
        column.addWidget(self.foot)

    @property
    def size_lots(self) -> int:
        """The chosen preset."""
        return self._presets[self.sizes.index]

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        model = self.model
        return (
            (model.ticked, self._tick),
            (model.symbol_chosen, self.refresh),
            (model.orders_changed, self._show_orders),
            (model.positions_changed, self._show_position),
            (model.control_changed, self._show_control),
        )

    def refresh(self) -> None:
        model = self.model
        market = model.engine.market(model.symbol)
        if model.symbol != self._symbol:
            self._symbol, self._count, self._traded = model.symbol, 0, {}
            self._shown = shown_step(market.instrument, market.last_price)
            self.view.set_steps(market.instrument.tick, self._shown.step)
            self.view.set_traded({})
            self.view.set_group(default_group(market))
            self._fitted = market.best_bid > 0
            self._set_presets()
            self._show_group(self.view.group)
        self._show_book()
        self._show_traded()
        self._show_orders()
        self._show_position(list(model.engine.positions()))

    def _begin_anew(self) -> None:
        """Sizes and steps follow the first prices."""
        self._symbol = ""
        if self.listening:
            self.refresh()

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

    def _tick(self, frame: int) -> None:
        self._show_book()
        if frame % SLOW_FRAMES == 0:
            self._show_traded()

    def _show_book(self) -> None:
        market = self.model.engine.market(self._symbol)
        bids, asks = self._in_steps(market.top(DEPTH))
        if not self._fitted and market.best_bid:
            self._fitted = True
            self.view.set_group(default_group(market))
        last = market.last_price or None
        side = "sell" if last is not None and last <= market.best_bid else "buy"
        self.view.set_book(bids, asks, last, "sell" if side == "sell" else "buy")
        age_ns = self.model.engine.now_ns() - market.last_ns
        stale = market.last_ns and (age_ns > self.model.engine.stale_ns or not market.synchronised)
        self.view.set_stale(round(age_ns / 1e9, 1) if stale else None)

    def _show_traded(self) -> None:
        trades, self._count = self.model.trades_since(self._symbol, self._count)
        for trade in trades:
            self._traded[trade.ticks] = self._traded.get(trade.ticks, 0) + self._shown.of(trade.lots)
        if trades:
            self.view.set_traded(self._traded)

    def _show_orders(self, _: object = None) -> None:
        instrument = self.model.engine.market(self._symbol).instrument
        found: dict[int, LadderOrder] = {}
        for order in self.model.working_orders():
            if order.symbol == self._symbol and order.price is not None:
                ticks = instrument.ticks(order.price)
                lots = self._shown.of(instrument.lots(order.quantity - order.filled))
                before = found.get(ticks)
                found[ticks] = LadderOrder(lots + (before.lots if before else 0), _side_word(order.side))
        self.view.set_orders(found)

    def _show_position(self, positions: list[Any]) -> None:
        lot = self.model.engine.market(self._symbol).instrument.lot
        net = sum((p.quantity for p in positions if p.symbol == self._symbol), Decimal(0))
        self.position.setText(format_quantity(net, lot, signed=True) if net else "Flat")
        self.position.set_tone(tone_of(net))
        # What somebody else holds is left alone by it.
        blocked = self.model.blocked
        held = any(p.symbol == self._symbol and p.owner != EXTERNAL for p in positions)
        self.flatten.setEnabled(held and not blocked)
        self.cancel_buys.setEnabled(not blocked)
        self.cancel_sells.setEnabled(not blocked)

    def _show_control(self) -> None:
        self._show_position(list(self.model.engine.positions()))

    def _in_steps(self, book: tuple[Levels, Levels]) -> tuple[Levels, Levels]:
        bids, asks = ([(ticks, self._shown.of(lots)) for ticks, lots in side] for side in book)
        return bids, asks

    def _set_presets(self) -> None:
        market = self.model.engine.market(self._symbol)
        instrument = market.instrument
        self._presets = preset_lots(instrument, market.last_price, self.model.account.equity)
        texts = [f"{instrument.quantity(lots).normalize():f}" for lots in self._presets]
        decimals = max(len(text.partition(".")[2]) for text in texts)
        fresh = Segmented([f"{Decimal(text):.{decimals}f}" for text in texts], parent=self.bar)
        fresh.set_index(1)
        fresh.setToolTip(self.sizes.toolTip())
        self.bar.row.removeWidget(self.sizes)
        self.bar.row.insertWidget(0, fresh)
        self.sizes.deleteLater()
        self.sizes = fresh
        fresh.show()

    def _show_group(self, group: int) -> None:
        instrument = self.model.engine.market(self._symbol).instrument
        self.grouping.set_text(format_price(instrument.price(group), instrument.tick))

    def _clicked(self, side: str, ticks: int) -> None:
        self.model.ticket_wanted.emit(side, ticks, self.size_lots)

    def _cancel(self, side: Side) -> None:
        for order in self.model.working_orders():
            mine = order.owner != EXTERNAL and not order.reduce_only
            if order.symbol == self._symbol and order.side is side and mine:
                self.model.command(CancelOrder(client_id=order.client_id))


def _side_word(side: Side) -> Any:
    return side.word
