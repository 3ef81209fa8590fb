"""Changes of orders that the venue cannot change in place: a new order takes the old one's place.

An exit of a derivative is placed anew before the old one is cancelled, so that its position is never without it: both
only reduce. Any other order is cancelled first, and placed anew with what has not filled once the venue has said so.
That plan is journalled before the cancel leaves, so that a restart carries it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec

from workstation.core.clock import EventClock
from workstation.core.errors import OrderError
from workstation.core.messages import Output, ReplacementEnded, ReplacementPlanned
from workstation.core.orders import Intent, Order
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.core.types import OrderRole, OrderState, Severity
from workstation.trading.denials import DenialCode
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.risk_gate import RiskGate

PATIENCE_NS = MINUTE_NS
"""How long the new order may wait for what the gate needs to see before it is given up."""
AGAIN_NS = SECOND_NS
_NOT_YET = (
    DenialCode.NOT_RECONCILED,
    DenialCode.STRATEGY_NOT_RUNNING,
    DenialCode.NO_REFERENCE,
    DenialCode.FEED_DOWN,
    DenialCode.STALE_DATA,
    DenialCode.BOOK_GAP,
    DenialCode.CLOCK_DRIFT,
    DenialCode.RATE_SECOND,
    DenialCode.DUPLICATE,
)
"""Denials that pass by themselves, most of them soon after a start."""
_MAKES_ROOM = (OrderState.CANCELLED, OrderState.FILLED)
"""Ends of the old order after which the new one is still wanted."""


class Placer(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    orders: OrderManager
    gate: RiskGate
    markets: dict[str, MarketState]

    def emit(self, output: Output) -> None: ...
    def place(self, intent: Intent, *, panic: bool = False) -> str: ...
    def alarm(self, severity: Severity, text: str) -> None: ...


class Replacements:
    def __init__(self, kernel: Placer) -> None:
        self._kernel = kernel
        self._planned: dict[str, ReplacementPlanned] = {}
        """By the old order's client id."""
        self._given_up_ns: dict[str, int] = {}
        """Of plans whose old order has ended: when they are given up."""
        self._replaced: dict[str, str] = {}
        """By client id of an open order: the one that has taken its place. Replaced again, it would become two more."""

    def __contains__(self, client_id: str) -> bool:
        """Whether an order is to be replaced."""
        return client_id in self._planned

    def planned(self, tags: set[str]) -> Iterator[tuple[str, int]]:
        """Of plans for orders of these tags: the old order, and the lots that it and the new one may still fill."""
        for client_id, planned in self._planned.items():
            if planned.intent.tag in tags:
                order = self._kernel.orders.orders.get(client_id)
                yield client_id, max(0, planned.lots - (order.filled_lots if order is not None else 0))

    def replace(self, order: Order, price: int, stop_price: int, lots: int) -> None:
        """Give an open order these terms. Raises ``OrderError`` when the new order is denied: the old one stays."""
        kernel = self._kernel
        if order.client_id in self._replaced:
            kernel.orders.request_cancel(order, "replaced")
            raise OrderError(f"{order.client_id} is being cancelled: change {self._replaced[order.client_id]} instead.")
        intent = Intent(
            symbol=order.symbol,
            side=order.side,
            lots=lots - order.filled_lots,
            type=order.type,
            price=price,
            stop_price=stop_price,
            trail=order.trail,
            time_in_force=order.time_in_force,
            post_only=order.post_only,
            reduce_only=order.reduce_only,
            role=order.role,
            owner=order.owner,
            reason=order.reason,
            tag=order.tag,
            parent_id=order.parent_id,
            oco_group=order.oco_group,
            good_till_ns=order.good_till_ns,
            visible_lots=_shown(order, lots - order.filled_lots),
            **self._exits(order),
        )
        if order.reduce_only and kernel.markets[order.symbol].instrument.is_derivative:
            client_id = kernel.place(intent)
            if not client_id:
                raise OrderError(f"{order.client_id} stays as it is: the order that was to replace it was denied.")
            self._replaced[order.client_id] = client_id
            kernel.orders.request_cancel(order, f"replaced by {client_id}")
        else:
            self._end(order.client_id, reason="changed once more")
            planned = ReplacementPlanned(
                ts_ns=kernel.clock.time_ns, client_id=order.client_id, intent=intent, lots=lots
            )
            self.expect(planned)
            kernel.emit(planned)
            if not order.cancel_requested_ns:
                kernel.orders.ask_to_cancel(order, "to be replaced")

    def _exits(self, entry: Order) -> dict[str, int]:
        """The bracket of an entry, which goes over to the new one: what waits for the old one ends with it."""
        exits = {}
        for order in self._kernel.orders.open_orders(entry.symbol, entry.owner):
            if order.parent_id == entry.client_id and order.state is OrderState.HELD:
                exits["take_profit" if order.role is OrderRole.TAKE_PROFIT else "stop_loss"] = order.stop_price
        return exits

    # --- carrying out -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what an earlier session planned and could not carry out."""
        for client_id in list(self._planned):
            order = self._kernel.orders.orders.get(client_id)
            if order is None or not order.is_open:
                self._old_order_ended(client_id)

    def on_order(self, order: Order) -> None:
        """An order has changed: place what waited for its end."""
        client_id = order.client_id
        if client_id in self._replaced:
            self._end_what_was_replaced(order)
        if client_id in self._planned and client_id not in self._given_up_ns and not order.is_open:
            self._old_order_ended(client_id)

    def _end_what_was_replaced(self, order: Order) -> None:
        """A cancel that overtook its order is refused, and asked for again."""
        clock = self._kernel.clock
        if not order.is_open:
            del self._replaced[order.client_id]
        elif not order.cancel_requested_ns:
            again_ns = clock.time_ns + AGAIN_NS
            clock.call_at(again_ns, lambda: self._kernel.orders.request_cancel(order, "replaced"))

    def _old_order_ended(self, client_id: str) -> None:
        self._given_up_ns[client_id] = self._kernel.clock.time_ns + PATIENCE_NS
        self._carry_out(client_id)

    def _carry_out(self, client_id: str) -> None:
        planned, kernel = self._planned.get(client_id), self._kernel
        if planned is None:
            return
        order = kernel.orders.orders.get(client_id)
        if order is None or order.state not in _MAKES_ROOM:
            became = order.state if order is not None else "not remembered"
            self._end(client_id, reason=f"the old order is {became}")
            kernel.alarm(Severity.ERROR, f"{client_id} is {became}, and nothing takes its place: place it anew.")
            return
        left = planned.lots - order.filled_lots
        if left <= 0:
            self._end(client_id, reason="the old order filled")
            return
        intent = msgspec.structs.replace(planned.intent, lots=left)
        denial = kernel.gate.judge(intent)
        now_ns = kernel.clock.time_ns
        if denial is not None and denial.code in _NOT_YET and now_ns < self._given_up_ns[client_id]:
            kernel.clock.call_at(now_ns + AGAIN_NS, lambda: self._carry_out(client_id))
            return
        placed = kernel.place(intent)
        self._end(client_id, by=placed, reason="" if placed else "the new order was denied")
        if not placed:
            why = f": {denial.text}" if denial is not None else "."
            text = f"{client_id} is {order.state}, and the order that was to replace it was denied{why}"
            kernel.alarm(Severity.ERROR, text)

    # --- giving up ----------------------------------------------------------------------------------------------------

    def forget(self, order: Order) -> None:
        """The order is to end for good: nothing takes its place."""
        self._end(order.client_id, reason="cancelled")

    def forget_all(self, unwanted: Callable[[Intent], bool], reason: str) -> None:
        """Drop what waits to be placed though its old order has ended: no cancel of an order reaches it."""
        for client_id in list(self._given_up_ns):
            if unwanted(self._planned[client_id].intent):
                self._end(client_id, reason=reason)

    def hand_over(self, symbol: str, from_owner: str, to_owner: str) -> None:
        """A position has a new owner: what is to protect it goes along."""
        for client_id, planned in self._planned.items():
            intent = planned.intent
            if intent.reduce_only and (intent.symbol, intent.owner) == (symbol, from_owner):
                intent = msgspec.structs.replace(intent, owner=to_owner)
                self._planned[client_id] = msgspec.structs.replace(planned, intent=intent)

    def _end(self, client_id: str, by: str = "", reason: str = "") -> None:
        if client_id in self._planned:
            self.drop(client_id)
            now_ns = self._kernel.clock.time_ns
            self._kernel.emit(ReplacementEnded(ts_ns=now_ns, client_id=client_id, by=by, reason=reason))

    # --- restarts -----------------------------------------------------------------------------------------------------

    def expect(self, planned: ReplacementPlanned) -> None:
        """Know of a plan that is journalled."""
        self._planned[planned.client_id] = planned

    def drop(self, client_id: str) -> None:
        """Know that a plan has ended."""
        self._planned.pop(client_id, None)
        self._given_up_ns.pop(client_id, None)

    def snapshot(self) -> list[Any]:
        """Every plan, as JSON values."""
        plans: list[Any] = msgspec.to_builtins(list(self._planned.values()))
        return plans

    def restore(self, snapshot: list[Any]) -> None:
        """Take over what ``snapshot`` gave."""
        for planned in msgspec.convert(snapshot, list[ReplacementPlanned]):
            self.expect(planned)


def _shown(order: Order, lots: int) -> int:
    """What an iceberg shows of what is left: where that is no more than a part, all of it."""
    return order.visible_lots if order.visible_lots < lots else 0
