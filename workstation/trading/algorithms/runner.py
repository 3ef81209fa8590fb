"""Runs execution algorithms: sends what their plans lack, and never more than the parent order.

Whatever happens (a slice is due, a child fills, is refused or cancelled, the engine starts again), the same question is
asked: what does the plan want by now, less what has filled, less what may still fill? So a restart needs no more than
the plan's progress, which is journalled with the orders that follow from it. A plan that was held up goes on behind
its time: it never catches up at once.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from workstation.core.algorithms import AlgorithmState, Iceberg, ParentOrder, Twap
from workstation.core.clock import EventClock, Timer
from workstation.core.errors import OrderError
from workstation.core.messages import (
    AlgorithmAdvanced,
    AlgorithmChanged,
    AlgorithmStarted,
    OrderFilled,
    Output,
    PositionLiquidated,
)
from workstation.core.orders import Intent, Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderState, OrderType
from workstation.trading.algorithms import plans
from workstation.trading.algorithms.children import OWN_CANCEL, Children
from workstation.trading.algorithms.parent import Parent
from workstation.trading.algorithms.parent_book import ParentBook
from workstation.trading.algorithms.wants import Want, due_ns, wants
from workstation.trading.denials import Denial, DenialCode
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.replacements import Replacements
from workstation.trading.risk_gate import RiskGate

MOST_LIVE = 50
AGAIN_NS = SECOND_NS
MOST_REFUSALS = 3
"""Children in a row that the venue refuses, or ends unfilled, before the algorithm waits for a person."""
_NOT_YET = (
    DenialCode.NOT_RECONCILED,
    DenialCode.NO_REFERENCE,
    DenialCode.FEED_DOWN,
    DenialCode.STALE_DATA,
    DenialCode.BOOK_GAP,
    DenialCode.CLOCK_DRIFT,
    DenialCode.RATE_SECOND,
    DenialCode.RATE_MINUTE,
)
"""Denials that pass by themselves."""


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    orders: OrderManager
    gate: RiskGate
    markets: dict[str, MarketState]
    replacements: Replacements

    def emit(self, output: Output) -> None: ...
    def place(self, intent: Intent, *, panic: bool = False, is_child: bool = False) -> str: ...
    def deny(self, intent: Intent, denial: Denial, client_id: str = "") -> None: ...


class Algorithms:
    """``seed`` is the session's: what plans leave to chance follows from it."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self._engine = engine
        self._seed = seed
        self._book = ParentBook()
        self._children = Children(engine)
        self._timers: dict[str, Timer] = {}
        self._retries: dict[str, Timer] = {}
        self._resting = False

    @property
    def parents(self) -> dict[str, Parent]:
        """By id: live ones and those that ended last, oldest first."""
        return self._book.parents

    # --- Commands -----------------------------------------------------------------------------------------------------

    def start(self, order: ParentOrder, who: str) -> str:
        """Begin to work a parent order; its id. Raises ``OrderError``."""
        engine = self._engine
        market = engine.markets.get(order.symbol)
        if market is None:
            raise OrderError(f"{order.symbol} is not configured.")
        plans.check(order, market.instrument)
        if sum(parent.is_live for parent in self.parents.values()) >= MOST_LIVE:
            raise OrderError(f"{MOST_LIVE} algorithms run already: cancel one first.")
        if self._resting:
            raise OrderError("The session is ending: no algorithm begins any more.")
        algorithm_id = engine.orders.next_client_id()
        seed = Random(f"algorithm {self._seed} {algorithm_id}").getrandbits(48)
        now_ns = engine.clock.time_ns
        started = AlgorithmStarted(ts_ns=now_ns, algorithm_id=algorithm_id, order=order, seed=seed, who=who)
        self.know(started)
        engine.emit(started)
        parent = self.parents[algorithm_id]
        self._wait_for_slice(parent)
        self._work(parent)
        return algorithm_id

    def pause(self, algorithm_id: str, reason: str) -> None:
        """Take its orders back until it is resumed. Raises ``OrderError``."""
        parent = self._book.live(algorithm_id)
        if parent.state is AlgorithmState.RUNNING:
            self._pause(parent, reason)

    def resume(self, algorithm_id: str) -> None:
        """Go on where it stands. Raises ``OrderError``."""
        parent = self._book.live(algorithm_id)
        if parent.state is AlgorithmState.PAUSED:
            parent.refusals = 0
            self._change(parent, AlgorithmState.RUNNING, "")
            self._go_on(parent)

    def end(self, algorithm_id: str, reason: str) -> None:
        """End it for good. Raises ``OrderError``."""
        self._end(self._book.live(algorithm_id), AlgorithmState.CANCELLED, reason)

    def end_all(self, wanted: Callable[[ParentOrder], bool], reason: str) -> int:
        """End those whose order is ``wanted``; how many."""
        if self._resting:
            return 0
        ended = [parent for parent in self.parents.values() if parent.is_live and wanted(parent.order)]
        for parent in ended:
            self._end(parent, AlgorithmState.CANCELLED, reason)
        return len(ended)

    def rest(self) -> None:
        """The session ends: orders are taken back without a record, and the next session goes on."""
        for parent in self.parents.values():
            self._children.cancel(parent, "session ends")
        self._resting = True

    def check_change(self, order: Order, lots: int, in_place: bool) -> None:
        """Raise ``OrderError`` where a child of this size would be more than its parent has left."""
        parent, _ = self._book.of(order.tag)
        if parent is not None:
            self._children.check_change(parent, order, lots, in_place)

    def committed(self, parent: Parent) -> int:
        """Lots of it that may still fill at the venue."""
        return self._children.committed(parent, None)

    def next_ns(self, parent: Parent) -> int:
        """When its next slice is due, or its time is over; 0 when nothing of it depends on time."""
        plan = parent.order.plan
        runs = parent.state is AlgorithmState.RUNNING
        return due_ns(parent, plan) if runs and isinstance(plan, Twap) and parent.step <= plan.slices else 0

    # --- What happens -------------------------------------------------------------------------------------------------

    def on_fill(self, fill: OrderFilled | PositionLiquidated, order: Order | None, _: object) -> None:
        """An execution was booked."""
        if order is not None and order.tag:
            self.count(order, fill)

    def count(self, order: Order, fill: OrderFilled | PositionLiquidated) -> None:
        """Count an execution of a child, in a restart too."""
        self._book.count(order, fill)

    def on_order(self, order: Order) -> None:
        """An order has changed."""
        if not order.tag:
            return
        parent, _ = self._book.of(order.tag)
        if parent is None or self._resting:
            return
        if order.is_open:
            if order.client_id in parent.cancelling and not order.cancel_requested_ns:
                # Its cancel was refused, perhaps because it overtook the order.
                self._try_again(parent)
        elif self._came_to_nothing(parent, order):
            return
        self._work(parent)

    def _came_to_nothing(self, parent: Parent, order: Order) -> bool:
        """Whether a child's end leaves nothing to be done now."""
        if order.client_id in parent.cancelling:
            parent.cancelling.remove(order.client_id)
            return False
        if parent.state is not AlgorithmState.RUNNING or order.state is OrderState.FILLED:
            return False
        if order.client_id in self._engine.replacements:
            return False
        if order.state is OrderState.CANCELLED:
            self._pause(parent, f"its order {order.client_id} was cancelled")
            return True
        parent.refusals += 1
        if parent.refusals >= MOST_REFUSALS:
            self._pause(parent, f"{parent.refusals} orders in a row came to nothing: {order.note}")
        else:
            parent.waits = order.note
            self._try_again(parent)
        return True

    def _try_again(self, parent: Parent) -> None:
        key = parent.algorithm_id
        if key not in self._retries:
            clock = self._engine.clock
            self._retries[key] = clock.call_at(clock.time_ns + AGAIN_NS, lambda: self._again(parent))

    def _again(self, parent: Parent) -> None:
        self._retries.pop(parent.algorithm_id, None)
        orders = self._engine.orders
        for client_id in parent.cancelling:
            order = orders.orders.get(client_id)
            if order is not None:
                orders.request_cancel(order, OWN_CANCEL + "asked again")
        self._work(parent)

    # --- Plans --------------------------------------------------------------------------------------------------------

    def _wants(self, parent: Parent) -> list[Want]:
        market = self._engine.markets[parent.order.symbol]
        return list(wants(parent, lambda slot: self._children.committed(parent, slot), market))

    def _wait_for_slice(self, parent: Parent) -> None:
        """Set the timer of the next slice, or of the plan's end."""
        plan = parent.order.plan
        if not isinstance(plan, Twap) or parent.step > plan.slices:
            return
        self._stop_waiting(parent)
        when_ns = max(due_ns(parent, plan), self._engine.clock.time_ns)
        self._timers[parent.algorithm_id] = self._engine.clock.call_at(when_ns, lambda: self._slice_due(parent))

    def _slice_due(self, parent: Parent) -> None:
        if parent.state is not AlgorithmState.RUNNING or self._resting:
            return
        self._advance(parent, parent.step + 1, parent.delay_ns)
        self._children.cancel(parent, "the next slice is due")
        self._wait_for_slice(parent)
        self._work(parent)

    def _advance(self, parent: Parent, step: int, delay_ns: int) -> None:
        now_ns = self._engine.clock.time_ns
        advanced = AlgorithmAdvanced(ts_ns=now_ns, algorithm_id=parent.algorithm_id, step=step, delay_ns=delay_ns)
        self.know(advanced)
        self._engine.emit(advanced)

    def _go_on(self, parent: Parent) -> None:
        """Take up a plan that was held up: what is overdue is due now, and the rest keeps its distances."""
        plan = parent.order.plan
        if isinstance(plan, Twap) and parent.step <= plan.slices:
            overdue_ns = self._engine.clock.time_ns - due_ns(parent, plan)
            if overdue_ns > 0:
                self._advance(parent, parent.step, parent.delay_ns + overdue_ns)
            self._wait_for_slice(parent)
        self._work(parent)

    # --- Children -----------------------------------------------------------------------------------------------------

    def _work(self, parent: Parent) -> None:
        """Send what the plan lacks, as far as the gate lets it."""
        if parent.state is AlgorithmState.RUNNING and not self._resting:
            parent.waits = ""
            for want in self._wants(parent):
                if want.lots > 0 and not self._send(parent, want):
                    break
            if any(self._engine.replacements.planned(parent.tags())):
                # Whether what is to take a child's place comes to be is not told.
                self._try_again(parent)
        self._look_for_the_end(parent)

    def _send(self, parent: Parent, want: Want) -> bool:
        order, engine = parent.order, self._engine
        intent = Intent(
            symbol=order.symbol,
            side=order.side,
            lots=want.lots,
            type=OrderType.LIMIT if want.price else OrderType.MARKET,
            price=want.price,
            reduce_only=order.reduce_only,
            role=OrderRole.EXIT if order.reduce_only else OrderRole.ENTRY,
            owner=order.owner,
            reason=order.reason or word_of(order),
            tag=parent.tag(want.slot),
        )
        denial = engine.gate.judge(intent, is_child=True)
        if denial is not None and denial.code in _NOT_YET:
            parent.waits = denial.text
            self._try_again(parent)
            return False
        if denial is not None:
            engine.deny(intent, denial)
            self._pause(parent, f"denied {denial.code}: {denial.text}")
            return False
        if isinstance(order.plan, Iceberg):
            self._advance(parent, parent.step + 1, parent.delay_ns)
        return bool(engine.place(intent, is_child=True))

    def _look_for_the_end(self, parent: Parent) -> None:
        if not parent.is_live or self._children.committed(parent, None):
            return
        plan, left = parent.order.plan, parent.order.lots - parent.filled_lots
        if left <= 0:
            self._end(parent, AlgorithmState.DONE, "")
        elif isinstance(plan, Twap) and parent.step > plan.slices:
            quantity = self._engine.markets[parent.order.symbol].instrument.quantity
            self._end(parent, AlgorithmState.DONE, f"its time is over, {quantity(left)} did not fill")

    def _pause(self, parent: Parent, reason: str) -> None:
        self._change(parent, AlgorithmState.PAUSED, reason)
        self._stop_waiting(parent)
        self._children.cancel(parent, "paused")

    def _end(self, parent: Parent, state: AlgorithmState, reason: str) -> None:
        self._change(parent, state, reason)
        self._stop_waiting(parent)
        self._children.cancel(parent, "ended")
        self._book.forget_old()

    def _change(self, parent: Parent, state: AlgorithmState, reason: str) -> None:
        now_ns = self._engine.clock.time_ns
        changed = AlgorithmChanged(ts_ns=now_ns, algorithm_id=parent.algorithm_id, state=state, reason=reason)
        self.know(changed)
        self._engine.emit(changed)

    def _stop_waiting(self, parent: Parent) -> None:
        for timers in (self._timers, self._retries):
            timer = timers.pop(parent.algorithm_id, None)
            if timer is not None:
                timer.cancel()

    # --- Restarts -----------------------------------------------------------------------------------------------------

    def know(self, record: AlgorithmStarted | AlgorithmAdvanced | AlgorithmChanged) -> None:
        """Be where a journalled record says."""
        self._book.know(record)

    def know_cancel(self, order: Order, reason: str) -> None:
        """A cancel of a child is journalled."""
        parent, _ = self._book.of(order.tag)
        if parent is not None and reason.startswith(OWN_CANCEL) and order.client_id not in parent.cancelling:
            parent.cancelling.append(order.client_id)

    def begin(self) -> None:
        """The session begins: go on, or end, as each parent order says. Open orders are known by now."""
        for parent in list(self.parents.values()):
            if not parent.is_live:
                continue
            if parent.order.after_restart == "end":
                self._end(parent, AlgorithmState.CANCELLED, "the engine was started again")
            elif parent.state is AlgorithmState.RUNNING:
                self._go_on(parent)

    def snapshot(self) -> list[Any]:
        """Every parent, as JSON values."""
        return self._book.snapshot(self._engine.orders.orders)

    def restore(self, snapshot: list[Any]) -> None:
        """Take over what ``snapshot`` gave."""
        self._book.restore(snapshot, self._engine.markets)


def word_of(order: ParentOrder) -> str:
    """What the field calls the plan."""
    if isinstance(order.plan, Twap):
        return "TWAP"
    return "iceberg" if isinstance(order.plan, Iceberg) else "scaled order"
