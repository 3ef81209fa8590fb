"""Undo of changed orders: a drag too far is brought back.

It is offered only where that is honest: once the venue has taken the change, and while the order still works. That its
place in the queue is lost is said.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import format_price, format_quantity
from workstation.core.messages import AmendOrder
from workstation.core.timeframe import SECOND_NS
from workstation.core.views import OrderView

TOGETHER_NS = SECOND_NS
"""Changes that follow each other within this are one step back."""
PATIENCE_NS = 5 * SECOND_NS


class _Change(NamedTuple):
    wanted: AmendOrder
    before: OrderView
    back: AmendOrder


class AmendUndo(QObject):
    """Follows the changes that one window asks for. ``offered`` tells what was changed."""

    offered = Signal(str)

    def __init__(self, model: EngineModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._changes: dict[str, _Change] = {}
        self._last_ns = 0
        self._waits = False
        model.amends_asked.connect(self.remember)
        model.amendment_refused.connect(self._forget)
        model.ticked.connect(self._look)

    def remember(self, wanted: AmendOrder, order: OrderView) -> None:
        """An order is about to be changed; ``order`` is how it stands."""
        now_ns = self._model.engine.now_ns()
        if now_ns - self._last_ns > TOGETHER_NS:
            self._changes = {}
        self._last_ns, self._waits = now_ns, True
        earlier = self._changes.get(order.client_id)
        back = _terms(self._model, order, wanted) if earlier is None else earlier.back
        self._changes[order.client_id] = _Change(wanted, earlier.before if earlier else order, back)

    def _forget(self, client_id: str, _: str) -> None:
        self._changes.pop(client_id, None)

    def undo(self) -> None:
        """Ask for the terms of before, of those that still work."""
        changes, self._changes = list(self._changes.values()), {}
        for change in changes:
            order = self._model.engine.order(change.back.client_id)
            if order is not None and order.state.is_open:
                self._model.command(change.back)
        self._model.result_told.emit(Result("Brought back. Places in the queue are lost."))

    def _look(self, _: int) -> None:
        if not self._waits:
            return
        engine = self._model.engine
        self._changes = {
            client_id: change
            for client_id, change in self._changes.items()
            if (order := engine.order(client_id)) is not None and order.state.is_open
        }
        done = all(self._is_done(change) for change in self._changes.values())
        if not done and engine.now_ns() - self._last_ns < PATIENCE_NS:
            return
        self._waits = False
        if done and self._changes:
            self.offered.emit(self._words())
        else:
            self._changes = {}

    def _is_done(self, change: _Change) -> bool:
        order = self._model.engine.order(change.wanted.client_id)
        return order is not None and _terms(self._model, order, change.wanted) == change.wanted

    def _words(self) -> str:
        if len(self._changes) > 1:
            return f"Changed {len(self._changes)} orders"
        (change,) = self._changes.values()
        before, instrument = change.before, self._model.engine.market(change.before.symbol).instrument
        wanted = change.wanted
        ticks = wanted.price if wanted.price is not None else wanted.stop_price
        what = f"{before.side.word} {before.symbol}"
        if ticks is not None:
            price = before.price if wanted.price is not None else before.stop_price
            to = format_price(instrument.price(ticks), instrument.tick)
            return f"Moved {what} from {format_price(price, instrument.tick)} to {to}"
        to = format_quantity(instrument.quantity(wanted.lots or 0), instrument.lot)
        return f"Changed {what} from {format_quantity(before.quantity, instrument.lot)} to {to}"


def _terms(model: EngineModel, order: OrderView, wanted: AmendOrder) -> AmendOrder:
    """How the order stands, in the terms that ``wanted`` changes."""
    instrument = model.engine.market(order.symbol).instrument
    price, stop = order.price, order.stop_price
    return AmendOrder(
        ts_ns=wanted.ts_ns,
        who=wanted.who,
        client_id=order.client_id,
        price=instrument.ticks(price) if wanted.price is not None and price is not None else None,
        stop_price=instrument.ticks(stop) if wanted.stop_price is not None and stop is not None else None,
        lots=instrument.lots(order.quantity) if wanted.lots is not None else None,
    )
