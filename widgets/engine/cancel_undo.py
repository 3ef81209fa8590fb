"""Undo of cancels: the same orders are placed again, through the gate, with what had not filled.

It is offered only where that is honest: for a person's own limit and stop orders, with their bracket. What a strategy
or an algorithm had placed is theirs to place again; and a place in the queue is lost for good, which is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from PySide6.QtCore import QObject, Signal

from widgets.engine.engine_model import EngineModel, Result
from workstation.core.messages import PlaceOrder
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import MANUAL, OrderRole, OrderState, OrderType, Side, TimeInForce
from workstation.core.views import OrderView
from workstation.trading.algorithms.parent import read_tag

RESTING = frozenset({OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT})
TOGETHER_NS = SECOND_NS
"""Cancels that follow each other within this are one step back."""
PATIENCE_NS = 5 * SECOND_NS


class CancelUndo(QObject):
    """Follows the cancels of one window. ``offered`` tells what was done, and how many orders ``undo`` would place."""

    offered = Signal(str, int)

    def __init__(self, model: EngineModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._asked: dict[str, Intent | None] = {}
        self._began_ns = 0
        self._last_ns = 0
        self._waits = False
        model.cancels_asked.connect(self.remember)
        model.ticked.connect(self._look)

    @property
    def count(self) -> int:
        """How many orders ``undo`` would place."""
        return len(self._cancelled())

    def remember(self, orders: Sequence[OrderView], quietly: bool = False) -> None:
        """These are about to be cancelled; ``quietly`` leaves it to somebody else to tell what came of it."""
        now_ns = self._model.engine.now_ns()
        if now_ns - self._last_ns > TOGETHER_NS:
            self._asked, self._began_ns = {}, now_ns
        self._last_ns = now_ns
        working = self._model.engine.orders()
        for order in orders:
            self._asked.setdefault(order.client_id, self._intent(order, working))
        self._waits = bool(self._asked) and not quietly

    def undo(self) -> None:
        """Place again what was cancelled, but for limit orders that rested and would trade at once by now."""
        intents = self._cancelled()
        self._asked = {}
        denied = crossing = 0
        for intent in intents:
            if self._crosses(intent):
                crossing += 1
                continue
            denied += not self._model.engine.preview(intent).allowed
            self._model.command(PlaceOrder(intent=intent))
        placed = len(intents) - denied - crossing
        text = f"Placed {placed} of {len(intents)} again. Their places in the queue are lost."
        if crossing:
            text += f" {crossing} would trade at once by now, and stayed cancelled."
        self._model.result_told.emit(Result(text, placed == len(intents)))

    def _look(self, _: int) -> None:
        if not self._waits:
            return
        engine = self._model.engine
        views = [engine.order(client_id) for client_id in self._asked]
        waiting = [view for view in views if view is not None and view.state.is_open]
        took_ns = engine.now_ns() - self._began_ns
        if waiting and took_ns < PATIENCE_NS:
            return
        self._waits = False
        done = sum(view is not None and view.state is OrderState.CANCELLED for view in views)
        what = _words(view for view in views if view is not None)
        self.offered.emit(f"Cancelled {done} of {len(views)} {what}, {took_ns / 1e9:.2f} s", self.count)

    def _cancelled(self) -> list[Intent]:
        """What can be placed again, less what filled before the cancel came."""
        found = []
        for client_id, intent in self._asked.items():
            order = self._model.engine.order(client_id)
            if intent is not None and order is not None and order.state is OrderState.CANCELLED and order.lots > 0:
                found.append(msgspec.structs.replace(intent, lots=order.lots))
        return found

    def _crosses(self, intent: Intent) -> bool:
        """Whether a limit order would find somebody to trade with."""
        market = self._model.engine.market(intent.symbol)
        best = market.best_ask if intent.side is Side.BUY else market.best_bid
        return intent.type is OrderType.LIMIT and bool(best) and (intent.price - best) * intent.side >= 0

    def _intent(self, order: OrderView, working: Iterable[OrderView]) -> Intent | None:
        """The order anew; ``None`` where it cannot be the same one."""
        if order.owner != MANUAL or order.type not in RESTING or order.parent_id or read_tag(order.tag)[0]:
            return None
        instrument = self._model.engine.market(order.symbol).instrument
        exits = {"stop_loss": 0, "take_profit": 0}
        for child in working:
            if child.parent_id == order.client_id and child.stop_price is not None:
                name = "take_profit" if child.role is OrderRole.TAKE_PROFIT else "stop_loss"
                exits[name] = instrument.ticks(child.stop_price)
        return Intent(
            symbol=order.symbol,
            side=order.side,
            lots=order.lots,
            type=order.type,
            price=instrument.ticks(order.price) if order.price is not None else 0,
            stop_price=instrument.ticks(order.stop_price) if order.stop_price is not None else 0,
            post_only=order.post_only,
            time_in_force=TimeInForce.GTD if order.good_till_ns else TimeInForce.GTC,
            good_till_ns=order.good_till_ns,
            visible_lots=instrument.lots(order.visible) if order.visible is not None else 0,
            reduce_only=order.reduce_only,
            role=order.role,
            reason="placed again",
            stop_loss=exits["stop_loss"],
            take_profit=exits["take_profit"],
        )


def _words(orders: Iterable[OrderView]) -> str:
    """``sells``, ``order``: what they have in common."""
    listed = list(orders)
    sides = {order.side.word for order in listed}
    word = sides.pop() if len(sides) == 1 else "order"
    return word if len(listed) == 1 else f"{word}s"
