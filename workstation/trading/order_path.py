"""The way of an order: from an intent through the gate to the outbox, and of its changes."""

from __future__ import annotations

from typing import Protocol

from workstation.core.clock import EventClock
from workstation.core.errors import OrderError
from workstation.core.messages import OrderDenied, Output
from workstation.core.orders import Approved, Intent, Order
from workstation.core.recent_ids import RecentIds
from workstation.core.types import OrderState, Severity
from workstation.trading.algorithms.runner import Algorithms
from workstation.trading.brackets import bracket_children
from workstation.trading.denials import Denial
from workstation.trading.doubt import DoubtResolver
from workstation.trading.good_till import GoodTill
from workstation.trading.held_orders import HeldOrders
from workstation.trading.kernel_terms import KernelTerms
from workstation.trading.order_manager import OrderManager
from workstation.trading.replacements import Replacements
from workstation.trading.risk_gate import RiskGate
from workstation.trading.strategy_host import StrategyHost
from workstation.trading.trading_day import TradingDay
from workstation.venues.base import Venue

REMEMBERED_DENIALS = 1_000


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    terms: KernelTerms
    orders: OrderManager
    gate: RiskGate
    host: StrategyHost
    venue: Venue
    algorithms: Algorithms
    replacements: Replacements
    doubt: DoubtResolver
    good_till: GoodTill
    day: TradingDay
    held: HeldOrders | None

    def emit(self, output: Output) -> None: ...
    def alarm(self, severity: Severity, text: str) -> None: ...


class OrderPath:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.denied_ids = RecentIds(REMEMBERED_DENIALS)
        """Of orders that were decided elsewhere: their senders have heard, so the same order is not judged again."""

    def place(self, intent: Intent, *, panic: bool, is_child: bool, client_id: str, reference: int) -> str:
        """See ``Kernel.place``."""
        engine = self._engine
        verdict = engine.gate.approve(intent, panic=panic, is_child=is_child, client_id=client_id, reference=reference)
        if isinstance(verdict, Denial):
            self.deny(intent, verdict, client_id)
            return ""
        order = engine.orders.submit(verdict)
        engine.good_till.watch(order)
        if intent.stop_loss or intent.take_profit:
            self._place_children(intent, order)
        if engine.doubt.watches:
            engine.doubt.check()
        return order.client_id

    def deny(self, intent: Intent, denial: Denial, client_id: str) -> None:
        """Tell that an intent goes no further."""
        engine = self._engine
        engine.day.denied += 1
        if client_id:
            self.denied_ids.add(client_id)
        denied = OrderDenied(
            ts_ns=engine.clock.time_ns,
            owner=intent.owner,
            symbol=intent.symbol,
            side=intent.side,
            lots=intent.lots,
            price=intent.price,
            code=denial.code,
            text=denial.text,
            value=denial.value,
            limit=denial.limit,
            client_id=client_id,
        )
        engine.emit(denied)
        engine.host.deliver_denial(intent.owner, denied)

    def _place_children(self, intent: Intent, parent: Order) -> None:
        engine = self._engine
        group = f"{parent.client_id}-exits" if intent.stop_loss and intent.take_profit else ""
        for child in bracket_children(intent, parent.client_id, group):
            verdict = engine.gate.approve(child)
            if isinstance(verdict, Approved):
                engine.orders.submit(verdict)
            else:
                engine.alarm(Severity.ERROR, f"{parent.client_id} is cancelled, its bracket was denied: {verdict.text}")
                engine.orders.request_cancel(parent, "bracket incomplete")

    def amend(self, order: Order, price: int | None, stop_price: int | None, lots: int | None) -> None:
        """See ``Kernel.amend``."""
        engine = self._engine
        if not order.is_open:
            raise OrderError(f"Order {order.client_id} is {order.state} and cannot be changed.")
        new_price = order.price if price is None else price
        new_stop = order.stop_price if stop_price is None else stop_price
        new_lots = order.lots if lots is None else lots
        in_place = self.changes_in_place(order)
        engine.algorithms.check_change(order, new_lots, in_place)
        denial = engine.gate.approve_amend(order, new_price, new_stop, new_lots)
        if denial is not None:
            raise OrderError(f"The change of {order.client_id} was denied ({denial.code}): {denial.text}")
        if not in_place:
            engine.replacements.replace(order, new_price, new_stop, new_lots)
            return
        expires_ns = engine.clock.time_ns + engine.terms.request_expiry_ns
        engine.orders.request_amend(order, new_price, new_stop, new_lots, expires_ns)

    def changes_in_place(self, order: Order) -> bool:
        """Whether the order stays the same one when its terms change; else another one takes its place."""
        engine = self._engine
        can = engine.venue.can
        held = engine.held is not None and order.state is OrderState.HELD
        return held or (can.amend and order.type in can.amend_types)
