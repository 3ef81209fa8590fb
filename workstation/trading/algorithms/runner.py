"""Runs execution algorithms: sends what their plans lack, and never more than the parent order.

Whatever happens (a slice is due, a child fills, is refused or cancelled, the engine starts again), the same question is
asked: what does the plan want by now, less what has filled, less what may still fill? So a restart needs no more than
the plan's progress, which is journalled with the orders that follow from it. A plan that was held up goes on behind
its time: it never catches up at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, NamedTuple, Protocol

import msgspec

from workstation.core.algorithms import AlgorithmState, Iceberg, ParentOrder, Scaled, Twap
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
from workstation.core.money import RATE_SCALE
from workstation.core.orders import Intent, Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderState, OrderType, Side
from workstation.trading.algorithms import plans
from workstation.trading.algorithms.parent import Parent, read_tag, slots_of
from workstation.trading.denials import Denial, DenialCode
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.replacements import Replacements
from workstation.trading.risk_gate import RiskGate

MOST_LIVE = 50
KEPT_ENDED = 50
AGAIN_NS = SECOND_NS
MOST_REFUSALS = 3
"""Children in a row that the venue refuses, or ends unfilled, before the algorithm waits for a person."""
OWN_CANCEL = "algorithm: "
"""Begins the reason of a cancel by which an algorithm takes its own order back."""
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


class _Want(NamedTuple):
    """An order that a plan lacks. ``price`` 0 is a market order."""

    slot: int
    lots: int
    price: int


class Algorithms:
    """``seed`` is the session's: what plans leave to chance follows from it."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self._engine = engine
        self._seed = seed
        self.parents: dict[str, Parent] = {}
        """Live ones and those that ended last, oldest first."""
        self._timers: dict[str, Timer] = {}
        self._retries: dict[str, Timer] = {}
        self._resting = False

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
        parent = self._live(algorithm_id)
        if parent.state is AlgorithmState.RUNNING:
            self._pause(parent, reason)

    def resume(self, algorithm_id: str) -> None:
        """Go on where it stands. Raises ``OrderError``."""
        parent = self._live(algorithm_id)
        if parent.state is AlgorithmState.PAUSED:
            parent.refusals = 0
            self._change(parent, AlgorithmState.RUNNING, "")
            self._go_on(parent)

    def end(self, algorithm_id: str, reason: str) -> None:
        """End it for good. Raises ``OrderError``."""
        self._end(self._live(algorithm_id), AlgorithmState.CANCELLED, reason)

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
            self._cancel_children(parent, "session ends")
        self._resting = True

    def _live(self, algorithm_id: str) -> Parent:
        parent = self.parents.get(algorithm_id)
        if parent is None:
            raise OrderError(f"There is no algorithm {algorithm_id}.")
        if not parent.is_live:
            raise OrderError(f"Algorithm {algorithm_id} is {parent.state} already.")
        return parent

    def check_change(self, order: Order, lots: int, in_place: bool) -> None:
        """Raise ``OrderError`` where a child of this size would be more than its parent has left."""
        parent, _ = self._of(order.tag)
        if parent is None:
            return
        if not in_place and order.reduce_only:
            # The new exit would be there beside the old one for a while.
            raise OrderError(
                f"{order.client_id} belongs to algorithm {parent.algorithm_id}, and this venue changes no order in "
                "place: pause or cancel the algorithm instead."
            )
        if lots <= order.lots:
            return
        others = self._committed(parent, None) - order.remaining
        most = parent.order.lots - parent.filled_lots - others + order.filled_lots
        if lots > most:
            quantity = self._engine.markets[order.symbol].instrument.quantity
            raise OrderError(
                f"{order.client_id} belongs to algorithm {parent.algorithm_id}, which has {quantity(most)} left for it."
            )

    def committed(self, parent: Parent) -> int:
        """Lots of it that may still fill at the venue."""
        return self._committed(parent, None)

    def next_ns(self, parent: Parent) -> int:
        """When its next slice is due, or its time is over; 0 when nothing of it depends on time."""
        plan = parent.order.plan
        runs = parent.state is AlgorithmState.RUNNING
        return self._due_ns(parent, plan) if runs and isinstance(plan, Twap) and parent.step <= plan.slices else 0

    # --- What happens -------------------------------------------------------------------------------------------------

    def on_fill(self, fill: OrderFilled | PositionLiquidated, order: Order | None, _: object) -> None:
        """An execution was booked."""
        if order is not None and order.tag:
            self.count(order, fill)

    def count(self, order: Order, fill: OrderFilled | PositionLiquidated) -> None:
        """Count an execution of a child, in a restart too."""
        parent, slot = self._of(order.tag)
        if parent is not None:
            parent.filled[slot] += fill.lots
            parent.value += fill.lots * fill.price
            parent.refusals = 0

    def on_order(self, order: Order) -> None:
        """An order has changed."""
        if not order.tag:
            return
        parent, _ = self._of(order.tag)
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

    def _wants(self, parent: Parent) -> Iterable[_Want]:
        """What the plan lacks now."""
        order, plan = parent.order, parent.order.plan
        if isinstance(plan, Scaled):
            for slot, rung in enumerate(plans.rungs(plan, order.lots)):
                if not self._committed(parent, slot):
                    yield _Want(slot, rung.lots - parent.filled[slot], rung.price)
            return
        committed = self._committed(parent, 0)
        left = order.lots - parent.filled_lots - committed
        if isinstance(plan, Twap):
            due = plans.slices(plan, order.lots, parent.seed)[: parent.step]
            if due and not committed and parent.step <= plan.slices:
                yield _Want(0, due[-1].lots - parent.filled_lots, self._slice_price(parent, plan))
            return
        shown = plans.visible(plan, parent.seed, parent.step)
        if committed <= shown * plan.refill // RATE_SCALE:
            yield _Want(0, min(shown - committed, left), plan.price)

    def _slice_price(self, parent: Parent, plan: Twap) -> int:
        if plan.offset is None:
            return 0
        market, side = self._engine.markets[parent.order.symbol], parent.order.side
        best = market.book.best_ask if side is Side.BUY else market.book.best_bid
        return max(1, (best or market.last_price) + int(side) * plan.offset)

    def _wait_for_slice(self, parent: Parent) -> None:
        """Set the timer of the next slice, or of the plan's end."""
        plan = parent.order.plan
        if not isinstance(plan, Twap) or parent.step > plan.slices:
            return
        self._stop_waiting(parent)
        due_ns = max(self._due_ns(parent, plan), self._engine.clock.time_ns)
        self._timers[parent.algorithm_id] = self._engine.clock.call_at(due_ns, lambda: self._slice_due(parent))

    def _due_ns(self, parent: Parent, plan: Twap) -> int:
        timetable = plans.slices(plan, parent.order.lots, parent.seed)
        after_ns = timetable[parent.step].after_ns if parent.step < plan.slices else plan.duration_ns
        return parent.started_ns + after_ns + parent.delay_ns

    def _slice_due(self, parent: Parent) -> None:
        if parent.state is not AlgorithmState.RUNNING or self._resting:
            return
        self._advance(parent, parent.step + 1, parent.delay_ns)
        self._cancel_children(parent, "the next slice is due")
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
            overdue_ns = self._engine.clock.time_ns - self._due_ns(parent, plan)
            if overdue_ns > 0:
                self._advance(parent, parent.step, parent.delay_ns + overdue_ns)
            self._wait_for_slice(parent)
        self._work(parent)

    # --- Children -----------------------------------------------------------------------------------------------------

    def _work(self, parent: Parent) -> None:
        """Send what the plan lacks, as far as the gate lets it."""
        if parent.state is AlgorithmState.RUNNING and not self._resting:
            parent.waits = ""
            for want in list(self._wants(parent)):
                if want.lots > 0 and not self._send(parent, want):
                    break
            if any(self._engine.replacements.planned(self._tags(parent))):
                # Whether what is to take a child's place comes to be is not told.
                self._try_again(parent)
        self._look_for_the_end(parent)

    def _send(self, parent: Parent, want: _Want) -> bool:
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

    def _children(self, parent: Parent) -> list[Order]:
        orders = self._engine.orders.open_orders(parent.order.symbol)
        return [order for order in orders if order.tag and read_tag(order.tag)[0] == parent.algorithm_id]

    def _committed(self, parent: Parent, slot: int | None) -> int:
        """Lots of a slot, or of all, that may still fill: open children, and those that are to take another's place."""
        tags = {parent.tag(slot)} if slot is not None else self._tags(parent)
        remaining = {order.client_id: order.remaining for order in self._children(parent) if order.tag in tags}
        for planned, left in self._engine.replacements.planned(tags):
            remaining[planned] = max(left, remaining.get(planned, 0))
        return sum(remaining.values())

    @staticmethod
    def _tags(parent: Parent) -> set[str]:
        return {parent.tag(slot) for slot in range(len(parent.filled))}

    def _cancel_children(self, parent: Parent, why: str) -> None:
        replacements = self._engine.replacements
        replacements.forget_all(lambda intent: read_tag(intent.tag)[0] == parent.algorithm_id, why)
        for order in self._children(parent):
            if not order.cancel_requested_ns and order.client_id not in parent.cancelling:
                parent.cancelling.append(order.client_id)
            self._engine.orders.request_cancel(order, OWN_CANCEL + why)

    def _look_for_the_end(self, parent: Parent) -> None:
        if not parent.is_live or self._committed(parent, None):
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
        self._cancel_children(parent, "paused")

    def _end(self, parent: Parent, state: AlgorithmState, reason: str) -> None:
        self._change(parent, state, reason)
        self._stop_waiting(parent)
        self._cancel_children(parent, "ended")
        self._forget_old()

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

    def _of(self, tag: str) -> tuple[Parent | None, int]:
        algorithm_id, slot = read_tag(tag)
        parent = self.parents.get(algorithm_id) if algorithm_id else None
        return (parent, slot) if parent is not None and slot < len(parent.filled) else (None, 0)

    # --- Restarts -----------------------------------------------------------------------------------------------------

    def know(self, record: AlgorithmStarted | AlgorithmAdvanced | AlgorithmChanged) -> None:
        """Be where a journalled record says."""
        if isinstance(record, AlgorithmStarted):
            self.parents[record.algorithm_id] = Parent(
                algorithm_id=record.algorithm_id,
                order=record.order,
                seed=record.seed,
                who=record.who,
                started_ns=record.ts_ns,
                changed_ns=record.ts_ns,
                filled=[0] * slots_of(record.order),
            )
            return
        parent = self.parents.get(record.algorithm_id)
        if parent is None:
            return
        if isinstance(record, AlgorithmAdvanced):
            parent.step, parent.delay_ns = record.step, record.delay_ns
            return
        parent.state, parent.reason, parent.changed_ns = record.state, record.reason, record.ts_ns
        parent.waits = ""

    def know_cancel(self, order: Order, reason: str) -> None:
        """A cancel of a child is journalled."""
        parent, _ = self._of(order.tag)
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
        rows: list[Any] = []
        orders = self._engine.orders.orders
        for parent in self._kept():
            row: dict[str, Any] = msgspec.to_builtins(parent)
            del row["waits"], row["refusals"]
            open_ = (client_id for client_id in parent.cancelling if client_id in orders)
            row["cancelling"] = sorted(client_id for client_id in open_ if orders[client_id].is_open)
            rows.append(row)
        return rows

    def restore(self, snapshot: list[Any]) -> None:
        """Take over what ``snapshot`` gave."""
        for parent in msgspec.convert(snapshot, list[Parent]):
            if parent.order.symbol in self._engine.markets:
                self.parents[parent.algorithm_id] = parent

    def _kept(self) -> list[Parent]:
        """Live ones, and the newest of those that have ended."""
        ended = sorted((p for p in self.parents.values() if not p.is_live), key=lambda p: p.changed_ns)
        forgotten = {parent.algorithm_id for parent in ended[:-KEPT_ENDED]}
        return [parent for parent in self.parents.values() if parent.algorithm_id not in forgotten]

    def _forget_old(self) -> None:
        kept = self._kept()
        if len(kept) < len(self.parents):
            self.parents = {parent.algorithm_id: parent for parent in kept}


def word_of(order: ParentOrder) -> str:
    """What the field calls the plan."""
    if isinstance(order.plan, Twap):
        return "TWAP"
    return "iceberg" if isinstance(order.plan, Iceberg) else "scaled order"
