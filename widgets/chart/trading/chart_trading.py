"""Dragging the lines of orders and positions: the price of an order, the stop or target of a position."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent

from widgets.chart.chart_marks import order_lines
from widgets.chart.model import OrderLine
from widgets.chart.pointer import ChartPointer
from widgets.chart.tags import POSITION
from widgets.chart.trading.wanted_prices import WantedPrices, at_price, stop_or_target
from widgets.engine.engine_model import EngineModel, Result
from widgets.engine.order_words import STOPS, TARGETS, working_price
from workstation.core.instrument import Instrument
from workstation.core.messages import AmendOrder, PlaceOrder
from workstation.core.orders import Intent
from workstation.core.types import MANUAL, OrderRole, OrderState, OrderType, Side
from workstation.core.views import OrderView, PositionView

if TYPE_CHECKING:
    from widgets.chart.chart_view import ChartView
    from widgets.chart.pane import Pane

BRACKET: Final = "bracket"
LEAST_MOVE: Final = 4
"""Logical pixels that a position's line must be dragged to place an exit."""
ROLES: Final = {OrderType.STOP: OrderRole.PROTECTIVE_STOP, OrderType.TAKE_PROFIT: OrderRole.TAKE_PROFIT}
REASONS: Final = {OrderType.STOP: "stop", OrderType.TAKE_PROFIT: "target"}


class _Held(NamedTuple):
    """What is under the hand: an order by its id, or the bracket of a position. ``dead`` where it may not move."""

    key: str
    start: QPointF
    dead: bool = False


class ChartTrading(ChartPointer, QObject):
    """Sends what the hand asks for as commands. Until the venue has answered, a ghost shows the old place."""

    lines_changed = Signal()

    def __init__(self, view: ChartView, model: EngineModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view, self._model = view, model
        self.symbol = ""
        self.wanted = WantedPrices()
        self._held: _Held | None = None
        self._bracket: Decimal | None = None

    @property
    def _instrument(self) -> Instrument:
        return self._model.engine.market(self.symbol).instrument

    # --- What the chart shows ---------------------------------------------------------------------------------------

    def lines(self, positions: Sequence[PositionView]) -> tuple[list[OrderLine], list[OrderLine]]:
        """Working orders where they are wanted, and the places that they come from."""
        self.wanted.settle(self._model.heard.orders)
        working, instrument = self._model.heard.working_orders(), self._instrument
        shown = order_lines(self.wanted.applied(working), positions, instrument)
        ghosts = order_lines(self.wanted.moved(working), positions, instrument)
        exit_ = self._exit_under_hand(positions)
        return [*shown, *(order_lines([exit_], positions, instrument) if exit_ is not None else ())], ghosts

    def show(self, symbol: str) -> None:
        """The orders of this symbol, from now on; what was not answered yet is shown as the venue has it."""
        if symbol != self.symbol:
            self._let_go()
        self.wanted.drop_asked()
        self.symbol = symbol

    # --- What the engine answers ------------------------------------------------------------------------------------

    def on_refused(self, client_id: str, reason: str) -> None:
        """The venue refused a change: the line goes back."""
        if client_id in self.wanted:
            self.wanted.drop(client_id)
            self.lines_changed.emit()

    def on_result(self, result: Result) -> None:
        """An engine elsewhere tells later that it refused a command."""
        if not result.good and self._model.engine.attachment is not None and self.wanted.drop_asked():
            self.lines_changed.emit()

    def check_patience(self) -> None:
        """Once a second or so: a line does not stand for ever where nobody confirmed it."""
        for client_id in self.wanted.overdue(self._model.engine.now_ns()):
            text = f"No answer to the change of {client_id} yet. Its line is where the order was known last."
            self._model.result_told.emit(Result(text, False))
            self.lines_changed.emit()

    # --- The pointer ------------------------------------------------------------------------------------------------

    def hover(self, pane: Pane, position: QPointF) -> Qt.CursorShape | None:
        if self._held is not None and not self._held.dead:
            return Qt.CursorShape.SizeVerCursor
        hit = self._view.line_at(pane, position)
        return None if hit is None or hit.close else Qt.CursorShape.SizeVerCursor

    def press(self, pane: Pane, position: QPointF) -> bool:
        hit = self._view.line_at(pane, position)
        if hit is None or hit.close:
            return False
        problem = self._model.blocked or (self._no_bracket() if hit.key == POSITION else self._no_change(hit.key))
        if problem:
            self._model.result_told.emit(Result(problem, False))
        self._held = _Held(BRACKET if hit.key == POSITION else hit.key, position, bool(problem))
        return True

    def move(self, pane: Pane, position: QPointF) -> None:
        if self._held is None or self._held.dead:
            return
        if self._is_outside(pane, position):
            self.wanted.drop(self._held.key)
            self._bracket = None
            self.lines_changed.emit()
            return
        if not self._price(position):
            return
        if self._held.key != BRACKET:
            self.wanted.drag(self._held.key, self._price(position))
        elif abs(position.y() - self._held.start.y()) >= LEAST_MOVE:
            self._bracket = self._price(position)
        else:
            self._bracket = None
        self.lines_changed.emit()

    def release(self, pane: Pane, position: QPointF) -> None:
        held, self._held = self._held, None
        bracket, self._bracket = self._bracket, None
        if held is None or held.dead:
            return
        if held.key == BRACKET:
            if bracket is not None:
                self._place_exit(bracket)
        elif held.key in self.wanted:
            self._amend(held.key, self._price(position))
        self.lines_changed.emit()

    def key(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Escape or not self.wants_escape():
            return False
        self._let_go()
        self.lines_changed.emit()
        return True

    def wants_escape(self) -> bool:
        return self._held is not None and not self._held.dead

    # --- Inside -----------------------------------------------------------------------------------------------------

    def _price(self, position: QPointF) -> Decimal:
        """On the tick under the pointer; 0 below the first."""
        value = self._view.price_pane.logical_scale().value_at(position.y())
        return self._instrument.price(max(0, self._instrument.ticks_rounded(value)))

    def _is_outside(self, pane: Pane, position: QPointF) -> bool:
        """Beyond the chart nothing is meant: the line goes back, and stays there when it is released."""
        place = self._view.mapFromScene(pane.box.mapToScene(position))
        return not self._view.viewport().rect().contains(place)

    def _let_go(self) -> None:
        if self._held is not None and not self._held.dead:
            self.wanted.drop(self._held.key)
            # The button is still down: what comes until it is released moves nothing.
            self._held = self._held._replace(dead=True)
        self._bracket = None

    def _no_change(self, client_id: str) -> str:
        order = self._model.heard.orders.get(client_id)
        if order is None or not order.state.is_open:
            return "This order works no more."
        if client_id in self.wanted:
            return "The change before this one is not answered yet. Wait for it, or cancel the order."
        if order.state in (OrderState.SUBMITTED, OrderState.UNKNOWN):
            return "The venue has not confirmed this order yet. Wait for it, or cancel the order."
        return ""

    def _no_bracket(self) -> str:
        held = [each for each in self._model.engine.positions() if each.symbol == self.symbol]
        if any(each.owner == MANUAL for each in held):
            return ""
        owners = ", ".join(each.owner for each in held)
        return f"This position belongs to {owners}. Take it over first: right-click it in Positions, “Take over…”."

    def _amend(self, client_id: str, price: Decimal) -> None:
        order = self._model.heard.orders.get(client_id)
        if order is None or not price or working_price(order) == price:
            self.wanted.drop(client_id)
            return
        wanted = at_price(order, price)
        self.wanted.drag(client_id, price)
        self.wanted.ask(client_id, self._model.engine.now_ns())
        changed = [
            self._instrument.ticks(after) if after is not None and after != before else None
            for after, before in ((wanted.price, order.price), (wanted.stop_price, order.stop_price))
        ]
        command = AmendOrder(client_id=client_id, price=changed[0], stop_price=changed[1])
        if self._model.command(command):
            self.wanted.drop(client_id)

    def _place_exit(self, price: Decimal) -> None:
        """The stop or target of one's own position: moved where there is one, else placed."""
        position = self._own_position()
        last = self._model.engine.market(self.symbol).last_price
        ticks = self._instrument.ticks(price)
        if position is None or not ticks or ticks == last:
            return
        kind = stop_or_target(self._instrument.price(last), price, position.quantity > 0)
        there = self._exit_of(position, kind)
        if there is not None:
            problem = self._no_change(there.client_id)
            if problem:
                self._model.result_told.emit(Result(problem, False))
                return
            self._amend(there.client_id, price)
            return
        intent = Intent(
            symbol=self.symbol,
            side=Side.SELL if position.quantity > 0 else Side.BUY,
            lots=self._instrument.lots(abs(position.quantity)),
            type=kind,
            stop_price=ticks,
            reduce_only=True,
            role=ROLES[kind],
            owner=MANUAL,
            reason=REASONS[kind],
        )
        self._model.command(PlaceOrder(intent=intent))

    def _exit_of(self, position: PositionView, kind: OrderType) -> OrderView | None:
        """A plain exit of that kind, which one price describes."""
        kinds = STOPS if kind is OrderType.STOP else TARGETS
        return next(
            (
                order
                for order in self._model.heard.working_orders()
                if (order.symbol, order.owner) == (position.symbol, position.owner)
                and order.reduce_only
                and order.type in kinds
                and order.role is ROLES[kind]
            ),
            None,
        )

    def _own_position(self, positions: Sequence[PositionView] | None = None) -> PositionView | None:
        held = self._model.engine.positions() if positions is None else positions
        return next((each for each in held if (each.symbol, each.owner) == (self.symbol, MANUAL)), None)

    def _exit_under_hand(self, positions: Sequence[PositionView]) -> OrderView | None:
        """The exit that would be placed if the hand let go now, as an order that the chart can draw."""
        position = self._own_position(positions)
        if self._bracket is None or position is None:
            return None
        last = self._instrument.price(self._model.engine.market(self.symbol).last_price)
        kind = stop_or_target(last, self._bracket, position.quantity > 0)
        return OrderView(
            client_id=BRACKET,
            symbol=self.symbol,
            owner=MANUAL,
            side=Side.SELL if position.quantity > 0 else Side.BUY,
            type=kind,
            role=ROLES[kind],
            state=OrderState.HELD,
            quantity=abs(position.quantity),
            filled=Decimal(0),
            price=None,
            stop_price=self._bracket,
            average_price=None,
            reduce_only=True,
            created_ns=position.opened_ns,
            updated_ns=position.opened_ns,
            reason="",
            note="",
        )
