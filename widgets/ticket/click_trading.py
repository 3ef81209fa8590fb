"""What ladder, chart and hotkeys send: orders at once, amendments of what was dragged, cancels, reverse."""

from __future__ import annotations

from decimal import Decimal

from widgets.engine.engine_model import EngineModel, Result
from widgets.engine.order_words import TYPE_WORDS, type_words, waits_for_trigger, working_price
from widgets.ticket.templates import TemplateBook, plan_at
from workstation.core.brackets import BracketPlan
from workstation.core.errors import OrderError
from workstation.core.instrument import Instrument
from workstation.core.messages import AmendOrder, CancelAlgorithm, CancelOrder, Flatten, PlaceOrder
from workstation.core.orders import Intent
from workstation.core.types import EXTERNAL, MANUAL, OrderType, Side
from workstation.core.views import OrderView

SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class ClickTrading:
    """Commands of one symbol at a time. The gate judges each; what it says is told by the model.

    ``reason`` is what an order is told by: the place where it was clicked, or the hotkey.
    """

    def __init__(self, model: EngineModel, book: TemplateBook, *, reason: str = "ladder") -> None:
        self._reason = reason
        self._model = model
        self._book = book
        self.symbol = ""

    @property
    def _instrument(self) -> Instrument:
        return self._model.engine.market(self.symbol).instrument

    def click(self, side: str, ticks: int, lots: int, order_type: OrderType) -> None:
        """Send a limit or a stop order at a price in ticks, or a market order that is expected there, with the bracket
        template that is chosen in the ticket."""
        price, template = self._instrument.price(ticks), self._book.chosen
        try:
            market = self._model.engine.market(self.symbol)
            bracket = plan_at(template, market, price) if template is not None else None
        except OrderError as error:
            self._model.result_told.emit(Result(f"Nothing was sent: {error}", False))
            return
        self._place(
            Intent(
                symbol=self.symbol,
                side=SIDES[side],
                lots=lots,
                type=order_type,
                price=ticks if order_type is OrderType.LIMIT else 0,
                stop_price=ticks if order_type is OrderType.STOP else 0,
                reason=self._reason,
            ),
            TYPE_WORDS[order_type] if order_type is OrderType.MARKET else f"{TYPE_WORDS[order_type]} {price}",
            bracket,
        )

    def move(self, client_ids: tuple[str, ...], by_ticks: int) -> None:
        """Amend the prices of orders; a stop limit keeps the distance of its two."""
        for order in self._orders(client_ids):
            trigger = order.stop_price if waits_for_trigger(order) else None
            ticks = [
                None if price is None else self._instrument.ticks(price) + by_ticks for price in (order.price, trigger)
            ]
            self._model.command(AmendOrder(client_id=order.client_id, price=ticks[0], stop_price=ticks[1]))

    def cancel_side(self, side: Side) -> None:
        """Working orders of a side, and algorithms that would go on to order there. Protective orders, and what
        somebody else placed, stay."""
        for algorithm in self._model.engine.algorithms():
            if (algorithm.symbol, algorithm.side) == (self.symbol, side) and algorithm.state.is_live:
                self._model.command(CancelAlgorithm(algorithm_id=algorithm.algorithm_id))
        for order in self._model.engine.orders():
            mine = order.owner != EXTERNAL and not order.reduce_only
            if order.symbol == self.symbol and order.side is side and mine:
                self._model.command(CancelOrder(client_id=order.client_id))

    def cancels(self, client_ids: tuple[str, ...]) -> list[tuple[str, CancelOrder]]:
        """What a menu offers for these orders, in words, with the command."""
        found = []
        for order in self._orders(client_ids):
            left = (order.quantity - order.filled).normalize()
            words = f"Cancel {type_words(order).lower()} {left:f} at {working_price(order)}"
            found.append((words, CancelOrder(client_id=order.client_id)))
        return found

    def own_position(self) -> Decimal:
        """What the person at the desk holds, signed."""
        own = (each for each in self._model.engine.positions() if each.symbol == self.symbol and each.owner == MANUAL)
        return sum((each.quantity for each in own), Decimal(0))

    def no_reverse(self) -> str:
        """Why the own position cannot be turned around, in a sentence; empty where it can."""
        if not self.own_position():
            return f"You have no position of your own in {self.symbol}."
        if not self._instrument.is_derivative:
            return f"{self.symbol} is spot and cannot be sold short: flatten it instead."
        return ""

    def reverse(self) -> None:
        """Close the own position and open the same size the other way, both at the market.

        Not again while one is under way: the position that it would turn is about to be another.
        """
        held, problem = self.own_position(), self.no_reverse()
        if problem:
            self._model.result_told.emit(Result(problem, False))
            return
        working = self._model.engine.orders()
        if any((o.symbol, o.owner, o.type) == (self.symbol, MANUAL, OrderType.MARKET) for o in working):
            text = f"Nothing was sent: a market order in {self.symbol} is still under way. Reverse once it has filled."
            self._model.result_told.emit(Result(text, False))
            return
        self._model.command(Flatten(symbol=self.symbol, owner=MANUAL))
        side = Side.SELL if held > 0 else Side.BUY
        lots = self._instrument.lots(abs(held))
        self._place(Intent(symbol=self.symbol, side=side, lots=lots, reason="reverse"), "market, the reverse")

    def _place(self, intent: Intent, how: str, bracket: BracketPlan | None = None) -> None:
        allowed = self._model.engine.preview(intent).allowed
        self._model.command(PlaceOrder(intent=intent, bracket=bracket))
        if allowed and not self._model.blocked:
            size = self._instrument.quantity(intent.lots).normalize()
            self._model.result_told.emit(Result(f"Sent: {intent.side.word} {size:f} {intent.symbol}, {how}."))

    def _orders(self, client_ids: tuple[str, ...]) -> list[OrderView]:
        found = (self._model.heard.orders.get(client_id) for client_id in client_ids)
        return [order for order in found if order is not None and order.state.is_open]
