"""The orders of a remote engine: what a view told, and what its events changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderAdopted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    PositionTransferred,
)
from workstation.core.types import EXTERNAL, OrderRole, OrderState
from workstation.core.views import OrderView
from workstation.trading.order_states import TRANSITIONS, end_note

KEPT_ENDED = 2_000


class MirroredOrders:
    """Views by client id. A snapshot has the last word: what it leaves out is open no more."""

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self.views: dict[str, OrderView] = {}
        self.unsure: set[str] = set()
        """Orders that ended unseen: their last state is to be asked for."""

    def open(self) -> list[OrderView]:
        """Those that may still execute, oldest first."""
        return [view for view in self.views.values() if view.state.is_open]

    def ended(self) -> list[OrderView]:
        """Those that ended since the mirror began, as far as they are kept."""
        return [view for view in self.views.values() if not view.state.is_open]

    def take(self, snapshot: Iterable[OrderView], *, whole: bool) -> tuple[str, ...]:
        """Take the open orders over; the ids of what changed. ``whole``: there are no others."""
        told = {view.client_id: view for view in snapshot}
        changed = [client_id for client_id, view in told.items() if self.views.get(client_id) != view]
        self.views.update(told)
        if whole:
            self.unsure |= {view.client_id for view in self.open() if view.client_id not in told}
        return tuple(changed)

    def put(self, view: OrderView) -> None:
        """What an order is, told on request."""
        self.views[view.client_id] = view
        self.unsure.discard(view.client_id)

    def apply(self, event: Any) -> None:
        """Follow an event; one that is about no order changes nothing."""
        if isinstance(event, OrderSubmitted):
            self.views[event.client_id] = self._submitted(event)
            self._forget()
        elif isinstance(event, OrderAdopted):
            self.views[event.order.client_id] = self._adopted(event)
        elif isinstance(event, PositionTransferred):
            self._transfer(event)
        elif (change := _CHANGES.get(type(event))) is not None:
            view = self.views.get(event.client_id)
            if view is not None:
                self.views[view.client_id] = change(self, view, event)

    def _forget(self) -> None:
        if len(self.views) <= 2 * KEPT_ENDED:
            return
        for view in self.ended()[:-KEPT_ENDED]:
            del self.views[view.client_id]

    # --- What each event changes --------------------------------------------------------------------------------------

    def _submitted(self, event: OrderSubmitted) -> OrderView:
        terms = self._instruments[event.symbol]
        return OrderView(
            client_id=event.client_id,
            symbol=event.symbol,
            owner=event.owner,
            side=event.side,
            type=event.type,
            role=event.role,
            state=OrderState.SUBMITTED,
            quantity=terms.quantity(event.lots),
            filled=terms.quantity(0),
            price=terms.price(event.price) if event.price else None,
            stop_price=terms.price(event.stop_price) if event.stop_price else None,
            average_price=None,
            reduce_only=event.reduce_only,
            created_ns=event.ts_ns,
            updated_ns=event.ts_ns,
            reason=event.reason,
            note="",
            price_ticks=event.price or event.stop_price,
            lots=event.lots,
            post_only=event.post_only,
            parent_id=event.parent_id,
            tag=event.tag,
            good_till_ns=event.good_till_ns,
            visible=terms.quantity(event.visible_lots) if event.visible_lots else None,
        )

    def _adopted(self, event: OrderAdopted) -> OrderView:
        resting = event.order
        terms = self._instruments[resting.symbol]
        return OrderView(
            client_id=resting.client_id,
            symbol=resting.symbol,
            owner=EXTERNAL,
            side=resting.side,
            type=resting.type,
            role=OrderRole.ENTRY,
            state=OrderState.PARTIALLY_FILLED if resting.filled_lots else OrderState.ACCEPTED,
            quantity=terms.quantity(resting.lots),
            filled=terms.quantity(resting.filled_lots),
            price=terms.price(resting.price) if resting.price else None,
            stop_price=terms.price(resting.stop_price) if resting.stop_price else None,
            average_price=None,
            reduce_only=resting.reduce_only,
            created_ns=event.ts_ns,
            updated_ns=event.ts_ns,
            reason="placed elsewhere",
            note="",
            price_ticks=resting.price or resting.stop_price,
            lots=max(0, resting.lots - resting.filled_lots),
        )

    def _transfer(self, event: PositionTransferred) -> None:
        for view in self.open():
            if view.symbol == event.symbol and view.owner == event.from_owner and view.reduce_only:
                self.views[view.client_id] = msgspec.structs.replace(view, owner=event.to_owner)

    def _moved(self, view: OrderView, event: Any, **changes: Any) -> OrderView:
        """To the state that the engine's own table gives; an event that it does not know moves nothing."""
        state = changes.pop("state", None) or TRANSITIONS.get((view.state, type(event)), view.state)
        if view.filled and state.is_open and state is not OrderState.UNKNOWN:
            state = OrderState.PARTIALLY_FILLED
        doubt_ns = event.ts_ns if state is OrderState.UNKNOWN else 0
        return msgspec.structs.replace(view, state=state, updated_ns=event.ts_ns, in_doubt_since_ns=doubt_ns, **changes)

    def _accepted(self, view: OrderView, event: OrderAccepted) -> OrderView:
        return self._moved(view, event, state=OrderState.HELD if event.held else None)

    def _triggered(self, view: OrderView, event: OrderTriggered) -> OrderView:
        return self._moved(view, event, state=OrderState.ACCEPTED if event.released else None)

    def _noted(self, view: OrderView, event: Any) -> OrderView:
        return self._moved(view, event, note=end_note(event, view.good_till_ns))

    def _rejected(self, view: OrderView, event: OrderRejected) -> OrderView:
        return self._moved(view, event, note=f"{event.code}: {event.reason}")

    def _amended(self, view: OrderView, event: OrderAmended) -> OrderView:
        terms = self._instruments[view.symbol]
        return self._moved(
            view,
            event,
            price=terms.price(event.price) if event.price else None,
            stop_price=terms.price(event.stop_price) if event.stop_price else None,
            quantity=terms.quantity(event.lots),
            price_ticks=event.price or event.stop_price,
            lots=max(0, event.lots - terms.lots(view.filled)),
        )

    def _kept(self, view: OrderView, event: CancelRejected | AmendRejected) -> OrderView:
        return msgspec.structs.replace(view, note=event.reason)

    def _filled(self, view: OrderView, event: OrderFilled) -> OrderView:
        terms = self._instruments[view.symbol]
        quantity, price = terms.quantity(event.lots), terms.price(event.price)
        filled = view.filled + quantity
        value = (view.average_price or Decimal(0)) * view.filled + price * quantity
        whole = filled >= view.quantity
        moved = msgspec.structs.replace(
            view, filled=filled, average_price=(value / filled).quantize(price), lots=max(0, view.lots - event.lots)
        )
        return self._moved(moved, event, state=OrderState.FILLED if whole else None)


_CHANGES: dict[type, Callable[[MirroredOrders, OrderView, Any], OrderView]] = {
    OrderAccepted: MirroredOrders._accepted,
    OrderTriggered: MirroredOrders._triggered,
    OrderReleased: MirroredOrders._moved,
    OrderUnknown: MirroredOrders._noted,
    OrderCancelled: MirroredOrders._noted,
    OrderExpired: MirroredOrders._noted,
    OrderRejected: MirroredOrders._rejected,
    OrderAmended: MirroredOrders._amended,
    OrderFilled: MirroredOrders._filled,
    CancelRejected: MirroredOrders._kept,
    AmendRejected: MirroredOrders._kept,
}
