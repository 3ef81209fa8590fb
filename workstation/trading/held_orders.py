"""Orders that the engine holds because the venue cannot: they work while the engine runs.

An exit waits for its entry to fill; a type that the venue does not have waits for its condition. What is held is
``HELD`` in the order's state, so that the journal knows it. Released, it is journalled again and leaves like any other
order: from then on it is in flight until the venue has answered.

On a spot market a resting sell binds what it sells. So of exits that cancel each other only the stop rests at the
venue; the target is held, and when its price comes the stop is cancelled before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from workstation.core.clock import EventClock
from workstation.core.messages import (
    AmendRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderReleased,
    OrderStatus,
    Trade,
)
from workstation.core.orders import (
    AmendRequest,
    Approved,
    CancelRequest,
    KillRequest,
    Order,
    QueryRequest,
    SnapshotRequest,
)
from workstation.core.types import OrderRole, OrderState, OrderType, Severity, TimeInForce
from workstation.rules.matching import is_triggered
from workstation.rules.trailing import trail_worth_telling, trailed_stop
from workstation.trading.denials import Denial
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_form import TARGETS
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_states import UNANSWERED, OrderReport
from workstation.trading.risk_gate import RiskGate
from workstation.venues.base import Capabilities, Request

_SENT_AS = {
    OrderType.STOP: OrderType.MARKET,
    OrderType.TAKE_PROFIT: OrderType.MARKET,
    OrderType.TRAILING_STOP: OrderType.MARKET,
    OrderType.STOP_LIMIT: OrderType.LIMIT,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.LIMIT,
}
"""What leaves when the engine has seen the condition met."""


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    ledger: Ledger
    orders: OrderManager
    gate: RiskGate
    markets: dict[str, MarketState]

    def alarm(self, severity: Severity, text: str) -> None: ...


class HeldOrders:
    """``take`` applies what the engine itself knows of an order."""

    def __init__(self, engine: Engine, can: Capabilities, take: Callable[[OrderReport | OrderStatus], None]) -> None:
        self._engine = engine
        self._can = can
        self._take = take
        self._held: dict[str, dict[str, Order]] = {}
        self._stops: dict[str, int] = {}
        """Where trailing stops stand, by client id; what was told of them is up to a tenth behind."""
        self._released: set[str] = set()
        for market in engine.markets.values():
            market.trade_listeners.append(self._on_trade)

    def adopt(self) -> None:
        """Take over from the journal what the engine held when the last session ended.

        An exit whose entry has not filled never left, also where the session ended before the journal could say so.
        """
        for order in self._engine.orders.open_orders():
            entry = self._engine.orders.open_parent(order)
            waits = order.state is OrderState.SUBMITTED and order.reduce_only and entry is not None
            if order.state is OrderState.HELD:
                self._hold(order)
            elif waits and entry is not None and entry.filled_lots == 0:
                self._hold(order)
                self._accept(order)
        for order in [order for held in self._held.values() for order in held.values()]:
            parent = self._engine.orders.open_parent(order)
            if order.parent_id and parent is None:
                self._follow_entry(order, self._engine.orders.orders.get(order.parent_id))
            if order.state is not OrderState.HELD:
                continue
            if self._leaves_at_once(order):
                self._make_room(order)
            elif order.waits_for:
                self._leave_when_clear(order)

    def takes(self, request: Request) -> bool:
        """Whether the request is the engine's own to carry out; the others go to the venue."""
        if isinstance(request, Approved):
            return self._takes_order(request)
        if isinstance(request, SnapshotRequest | KillRequest):
            return False
        held = self._find(request.client_id) is not None
        if not held and isinstance(request, AmendRequest):
            held = self._engine.orders.orders[request.client_id].type not in self._can.amend_types
        if held:
            # Answered as a venue does: not from within the request.
            clock = self._engine.clock
            clock.call_at(clock.time_ns, lambda: self._answer(request))
        return held

    def on_order(self, order: Order) -> None:
        """An order has changed: its exits may be due, those that it cancels, and what waited for its end."""
        if order.state is not OrderState.HELD:
            self._drop(order)
        for exit_ in [held for held in self._of(order.symbol) if held.parent_id == order.client_id]:
            self._follow_entry(exit_, order)
        if order.oco_group and order.state is OrderState.FILLED:
            for other in self._engine.orders.open_orders(order.symbol, order.owner):
                if other.oco_group == order.oco_group and other is not order:
                    self._engine.orders.request_cancel(other, "the other order of its group filled")
        if not order.is_open:
            for waiting in [held for held in self._of(order.symbol) if order.client_id in held.waits_for]:
                self._leave_when_clear(waiting)

    # --- holding ------------------------------------------------------------------------------------------------------

    def _takes_order(self, approved: Approved) -> bool:
        client_id = approved.client_id
        if client_id in self._released:
            self._released.discard(client_id)
            return False
        order = self._engine.orders.orders[client_id]
        if not self._is_ours(order) and not self._in_its_way(order):
            return False
        self._hold(order)
        clock = self._engine.clock
        clock.call_at(clock.time_ns, lambda: self._accept(order))
        return True

    def _accept(self, order: Order) -> None:
        if order.state in UNANSWERED and order.client_id in self._held.get(order.symbol, {}):
            now_ns = self._engine.clock.time_ns
            self._take(OrderAccepted(ts_ns=now_ns, client_id=order.client_id, venue_id="", held=True))
            entry = self._engine.orders.orders.get(order.parent_id)
            if order.parent_id and (entry is None or entry.filled_lots or not entry.is_open):
                self._follow_entry(order, entry)
            elif self._leaves_at_once(order):
                self._make_room(order)

    def _is_ours(self, order: Order) -> bool:
        entry = self._engine.orders.open_parent(order)
        if entry is not None and order.reduce_only and (entry.filled_lots == 0 or self._unlimited(order)):
            return True
        return order.type not in self._can.order_types or self._gives_way(order)

    def _leaves_at_once(self, order: Order) -> bool:
        """An exit that does not rest, of a market where what rests binds what it sells."""
        at_once = order.type is OrderType.MARKET or order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
        return order.reduce_only and at_once and order.type not in _SENT_AS and self._binds(order)

    def _in_its_way(self, order: Order) -> list[Order]:
        """Stops at the venue that bind what an exit would sell."""
        if not self._leaves_at_once(order):
            return []
        orders = self._engine.orders.open_orders(order.symbol, order.owner)
        resting = [o for o in orders if o.side is order.side and o is not order and o.state is not OrderState.HELD]
        free = abs(self._engine.ledger.lots(order.owner, order.symbol)) - sum(o.remaining for o in resting)
        return [o for o in resting if o.role is OrderRole.PROTECTIVE_STOP] if order.remaining > free else []

    def _make_room(self, exit_: Order) -> None:
        """Send an exit once the stops in its way have ended; the position has a stop again when it has left."""
        stops = self._in_its_way(exit_)
        if stops:
            self._engine.orders.hold_for(exit_, stops, "makes room for an exit")
        else:
            self._release(exit_, exit_.type)

    def _leave_when_clear(self, order: Order) -> None:
        """Send an order that is due, once all that it waits for has ended, unless it is to end itself."""
        if not order.cancel_requested_ns and not self._engine.orders.awaited(order):
            self._release(order, _SENT_AS.get(order.type, order.type))

    def _binds(self, order: Order) -> bool:
        """Whether it would bind what it sells."""
        return not self._engine.markets[order.symbol].instrument.is_derivative

    def _unlimited(self, order: Order) -> bool:
        """Whether the venue would not end it where its owner's position ends, so that it must be sized first."""
        opposed = self._engine.gate.exposure.worst_case.opposed(order.owner, order.symbol, order.side)
        return self._binds(order) or opposed

    def _gives_way(self, order: Order) -> bool:
        """Whether another exit of its group rests in its place."""
        return bool(order.oco_group) and order.role is not OrderRole.PROTECTIVE_STOP and self._binds(order)

    def _hold(self, order: Order) -> None:
        self._held.setdefault(order.symbol, {})[order.client_id] = order

    def _drop(self, order: Order) -> None:
        if order.state is not OrderState.SUBMITTED:
            self._held.get(order.symbol, {}).pop(order.client_id, None)
            self._stops.pop(order.client_id, None)

    def _find(self, client_id: str) -> Order | None:
        for held in self._held.values():
            if client_id in held:
                return held[client_id]
        return None

    def _of(self, symbol: str) -> Iterator[Order]:
        yield from self._held.get(symbol, {}).values()

    def _answer(self, request: CancelRequest | AmendRequest | QueryRequest) -> None:
        client_id, now_ns = request.client_id, self._engine.clock.time_ns
        order = self._find(client_id)
        if isinstance(request, QueryRequest):
            if order is not None:
                state = OrderState.HELD
                self._take(OrderStatus(ts_ns=now_ns, client_id=client_id, found=True, asked_ns=now_ns, state=state))
        elif isinstance(request, CancelRequest):
            if order is not None:
                self._cancel(order, "")
            else:
                # It has left meanwhile.
                self._engine.orders.outbox.append(request)
        elif order is None:
            reason = "It is on its way to the venue, which changes no order of this type."
            self._take(AmendRejected(ts_ns=now_ns, client_id=client_id, reason=reason, amendment=request.amendment))
        else:
            self._stops.pop(client_id, None)
            self._retell(order, request.price, request.stop_price, request.lots, request.amendment)

    def _retell(self, order: Order, price: int, stop_price: int, lots: int, amendment: int = 0) -> None:
        self._take(
            OrderAmended(
                ts_ns=self._engine.clock.time_ns,
                client_id=order.client_id,
                price=price,
                stop_price=stop_price,
                lots=lots,
                amendment=amendment,
            )
        )

    # --- letting go ---------------------------------------------------------------------------------------------------

    def _follow_entry(self, exit_: Order, entry: Order | None) -> None:
        if exit_.state is not OrderState.HELD:
            return
        filled = entry.filled_lots if entry is not None else self._reducible(exit_)
        ended = entry is None or not entry.is_open
        if ended and filled == 0:
            self._cancel(exit_, "its entry ended without a fill")
            return
        due = filled > 0 and (ended or not self._unlimited(exit_))
        if due and exit_.type in self._can.order_types and not self._gives_way(exit_):
            self._release(exit_, exit_.type)

    def _on_trade(self, trade: Trade) -> None:
        held = self._held.get(trade.symbol)
        if held:
            for order in list(held.values()):
                if order.state is OrderState.HELD and self._is_met(order, trade.price):
                    self._trigger(order)

    def _is_met(self, order: Order, price: int) -> bool:
        entry = self._engine.orders.open_parent(order)
        if order.type not in _SENT_AS or (entry is not None and entry.filled_lots == 0):
            return False
        stop_price = order.stop_price
        if order.type is OrderType.TRAILING_STOP:
            stop_price = self._trail(order, price)
        direction = -order.side if order.type in TARGETS else int(order.side)
        return stop_price > 0 and is_triggered(direction, stop_price, price)

    def _trail(self, order: Order, price: int) -> int:
        before = self._stops.get(order.client_id, order.stop_price)
        stop_price = self._stops[order.client_id] = trailed_stop(before, int(order.side), price, order.trail)
        if stop_price != order.stop_price and trail_worth_telling(order.stop_price, stop_price, order.trail):
            self._retell(order, order.price, stop_price, order.lots)
        return stop_price

    def _trigger(self, order: Order) -> None:
        """Its condition is met. What rests in its place at the venue must end first."""
        if self._gives_way(order):
            for other in self._engine.orders.open_orders(order.symbol, order.owner):
                if other.oco_group == order.oco_group and other.state is not OrderState.HELD:
                    if not self._engine.orders.awaited(order):
                        self._engine.orders.hold_for(order, [other], "its target was reached")
                    return
        self._release(order, _SENT_AS[order.type])

    def _release(self, order: Order, type_: OrderType) -> None:
        engine = self._engine
        if order.reduce_only and self._unlimited(order) and not self._fit(order):
            return
        verdict = engine.gate.release(order, type_)
        if isinstance(verdict, Denial):
            engine.alarm(Severity.WARNING, f"{order.client_id} is cancelled when it was due: {verdict.text}")
            self._cancel(order, verdict.text)
            return
        self._released.add(order.client_id)
        engine.orders.outbox.append(verdict)
        released = OrderReleased(ts_ns=engine.clock.time_ns, client_id=order.client_id, expires_ns=verdict.expires_ns)
        self._held.get(order.symbol, {}).pop(order.client_id, None)
        self._stops.pop(order.client_id, None)
        self._take(released)

    def _fit(self, order: Order) -> bool:
        """Make a sell no larger than what its owner has, and than what is left of the order whose place it takes;
        False when that is nothing."""
        lots = order.filled_lots + min(order.remaining, self._reducible(order), *self._left_of_its_group(order))
        if lots == order.filled_lots:
            self._cancel(order, "nothing left to reduce")
            return False
        if lots != order.lots:
            self._retell(order, order.price, order.stop_price, lots)
        return True

    def _left_of_its_group(self, order: Order) -> list[int]:
        others = (self._engine.orders.orders.get(client_id) for client_id in order.waits_for)
        return [o.remaining for o in others if o is not None and order.oco_group and o.oco_group == order.oco_group]

    def _reducible(self, order: Order) -> int:
        return max(0, -order.side * self._engine.ledger.lots(order.owner, order.symbol))

    def _cancel(self, order: Order, reason: str) -> None:
        self._take(OrderCancelled(ts_ns=self._engine.clock.time_ns, client_id=order.client_id, reason=reason))
