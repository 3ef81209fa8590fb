"""Keeps the exits of a bracket: its stop and targets follow what has filled, and the stop moves as its plan says.

The exits are orders at the venue as any other, so that they work when the engine does not. Whatever happens, the same
question is asked: how much of the entry is held, and do the exits fit that? An exit that somebody else cancels stays
away, and a stop that a person has moved stays where it is until the plan puts it nearer.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from workstation.core.brackets import BracketPlan
from workstation.core.clock import EventClock
from workstation.core.errors import OrderError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    BracketBegun,
    BracketChanged,
    OrderFilled,
    Output,
    PositionLiquidated,
    Trade,
)
from workstation.core.money import RATE_SCALE
from workstation.core.orders import Intent, Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderState, OrderType, Severity, Side
from workstation.trading.algorithms.parent import read_tag
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_states import WORKING
from workstation.trading.replacements import Replacements

ENTRY, STOP, FIRST_TARGET = 0, 1, 2
MOST_TARGETS = 5
MOST_REFUSALS = 5
MOST_DOUBLINGS = 6
_CHANGEABLE = (*WORKING, OrderState.HELD)


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    ledger: Ledger
    orders: OrderManager
    markets: dict[str, MarketState]
    replacements: Replacements

    def emit(self, output: Output) -> None: ...
    def place(self, intent: Intent, *, panic: bool = False) -> str: ...
    def amend(self, order: Order, price: int | None, stop_price: int | None, lots: int | None) -> None: ...
    def alarm(self, severity: Severity, text: str) -> None: ...


class Bracket(msgspec.Struct, eq=False, kw_only=True):
    """One entry and its exits. ``filled`` counts the entry's lots first, then the stop's, then each target's."""

    bracket_id: str
    symbol: str
    owner: str
    side: Side
    plan: BracketPlan
    filled: list[int]
    value: int = 0
    """Lots times ticks that the entry has filled."""
    dropped: list[int] = []
    """Exits that stay away: somebody cancelled them, or the venue would not take them."""

    @property
    def average(self) -> int:
        """The entry's average price, ticks."""
        return (2 * self.value + self.filled[ENTRY]) // (2 * self.filled[ENTRY])

    def tag(self, slot: int) -> str:
        return f"{self.bracket_id}/{slot}"

    def parts(self) -> list[int]:
        """What each target closes of what has filled; those that close all of it share the last lot too."""
        filled, share, before, parts = self.filled[ENTRY], 0, 0, []
        for target in self.plan.targets:
            share += target.share
            bound = filled * share // RATE_SCALE
            parts.append(bound - before)
            before = bound
        return parts


def check_plan(plan: BracketPlan, instrument: Instrument) -> None:
    """Raise ``OrderError`` with what is wrong in a plan."""
    if not instrument.is_derivative:
        raise OrderError("On a spot market a bracket has one stop and one target: use those of the ticket.")
    if plan.stop <= 0:
        raise OrderError("A bracket needs a stop, at a distance of 1 tick or more.")
    if len(plan.targets) > MOST_TARGETS:
        raise OrderError(f"A bracket has at most {MOST_TARGETS} targets.")
    if any(target.share <= 0 or target.distance <= 0 for target in plan.targets):
        raise OrderError("Each target closes a part above 0 % at a distance of 1 tick or more.")
    if sum(target.share for target in plan.targets) > RATE_SCALE:
        raise OrderError("The targets of a bracket close more than 100 % of it.")
    if min(plan.break_even_after, plan.trail_after, plan.trail, plan.break_even_offset) < 0:
        raise OrderError("Distances of a bracket are 0 or more.")
    if bool(plan.trail_after) != bool(plan.trail):
        raise OrderError("A stop that trails needs both: the distance after which, and the distance at which.")
    if plan.break_even_after and plan.break_even_offset >= plan.break_even_after:
        raise OrderError("The stop cannot move beyond the price that it waits for: take a smaller offset.")


class ManagedBrackets:
    """Those whose entry may still fill or whose exits work, by id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.live: dict[str, Bracket] = {}
        self._refusals: dict[str, int] = {}
        self._due: set[str] = set()
        for market in engine.markets.values():
            market.trade_listeners.append(self._on_trade)

    def place(self, intent: Intent, plan: BracketPlan) -> None:
        """Place an entry with its bracket. Raises ``OrderError``; a denial is told as any other."""
        engine = self._engine
        market = engine.markets.get(intent.symbol)
        if market is None:
            raise OrderError(f"{intent.symbol} is not configured.")
        check_plan(plan, market.instrument)
        if intent.reduce_only or intent.stop_loss or intent.take_profit:
            raise OrderError("A bracket is for an entry that has no other exits.")
        bracket_id = engine.orders.next_client_id()
        begun = BracketBegun(
            ts_ns=engine.clock.time_ns,
            bracket_id=bracket_id,
            symbol=intent.symbol,
            owner=intent.owner,
            side=intent.side,
            plan=plan,
        )
        self.know(begun)
        engine.emit(begun)
        if not engine.place(msgspec.structs.replace(intent, tag=self.live[bracket_id].tag(ENTRY))):
            self._end(self.live[bracket_id], "its entry was denied")

    def let_go(self, owner: str, symbol: str, reason: str) -> None:
        """The owner's position goes to somebody else, with its exits."""
        for bracket in [b for b in self.live.values() if (b.owner, b.symbol) == (owner, symbol)]:
            self._end(bracket, reason)

    # --- What happens -------------------------------------------------------------------------------------------------

    def on_fill(self, fill: OrderFilled | PositionLiquidated, order: Order | None, _: object) -> None:
        """An execution was booked."""
        if order is not None and order.tag:
            self.count(order, fill)

    def count(self, order: Order, fill: OrderFilled | PositionLiquidated) -> None:
        """Count an execution of an entry or exit, in a restart too."""
        bracket, slot = self._of(order)
        if bracket is not None:
            bracket.filled[slot] += fill.lots
            self._refusals.pop(order.tag, None)
            if slot == ENTRY:
                bracket.value += fill.lots * fill.price

    def on_order(self, order: Order) -> None:
        """An order has changed."""
        if not order.tag:
            return
        bracket, slot = self._of(order)
        if bracket is None:
            return
        if not order.is_open and slot != ENTRY and order.state is not OrderState.FILLED:
            self._exit_ended(bracket, slot, order)
        if bracket.bracket_id in self.live:
            self._work(bracket)

    def _exit_ended(self, bracket: Bracket, slot: int, order: Order) -> None:
        """An exit ended that had not filled: somebody cancelled it, or the venue would not have it."""
        if self._orders(bracket, slot) or self._held(bracket) <= 0:
            return
        if order.state is OrderState.CANCELLED:
            self._drop(bracket, slot)
            return
        refusals = self._refusals[order.tag] = self._refusals.get(order.tag, 0) + 1
        if refusals < MOST_REFUSALS:
            self._try_again(bracket)
            return
        self._engine.alarm(Severity.ERROR, f"An exit of {bracket.symbol} is refused again and again: {order.note}")
        self._drop(bracket, slot)

    def _drop(self, bracket: Bracket, slot: int) -> None:
        self._change(bracket, (*bracket.dropped, slot))
        if len(bracket.dropped) == len(bracket.filled) - 1 and not self._entry_works(bracket):
            self._end(bracket, "its exits were cancelled")

    def _try_again(self, bracket: Bracket, refusals: int = 0) -> None:
        """In a second, and after each refusal in twice the time."""
        if bracket.bracket_id not in self._due:
            self._due.add(bracket.bracket_id)
            clock = self._engine.clock
            delay_ns = SECOND_NS << min(refusals, MOST_DOUBLINGS)
            clock.call_at(clock.time_ns + delay_ns, lambda: self._again(bracket))

    def _again(self, bracket: Bracket) -> None:
        self._due.discard(bracket.bracket_id)
        if bracket.bracket_id in self.live:
            self._work(bracket)

    # --- Exits --------------------------------------------------------------------------------------------------------

    def _held(self, bracket: Bracket) -> int:
        """Lots of the entry that its owner still has."""
        own = bracket.filled[ENTRY] - sum(bracket.filled[STOP:])
        return min(own, max(0, int(bracket.side) * self._engine.ledger.lots(bracket.owner, bracket.symbol)))

    def _work(self, bracket: Bracket) -> None:
        """Bring the exits to what is held."""
        held = self._held(bracket)
        if held <= 0:
            for slot in range(STOP, len(bracket.filled)):
                for order in self._orders(bracket, slot):
                    self._engine.orders.request_cancel(order, "its bracket is closed")
            if not self._entry_works(bracket):
                self._end(bracket, "closed" if bracket.filled[ENTRY] else "its entry ended without a fill")
            return
        self._fit(bracket, STOP, held)
        left = held
        for number, part in enumerate(bracket.parts()):
            slot = FIRST_TARGET + number
            lots = min(left, max(0, part - bracket.filled[slot]))
            left -= lots
            self._fit(bracket, slot, lots)

    def _fit(self, bracket: Bracket, slot: int, lots: int) -> None:
        if slot in bracket.dropped:
            return
        orders = self._orders(bracket, slot)
        kept = [order for order in orders if not order.cancel_requested_ns]
        if not orders and lots > 0:
            self._place(bracket, slot, lots)
        elif kept and lots <= 0:
            self._engine.orders.request_cancel(kept[0], "its part has filled")
        elif kept and kept[0].remaining != lots and self._can_change(kept[0]):
            try:
                self._engine.amend(kept[0], None, None, kept[0].filled_lots + lots)
            except OrderError:
                # In a halt, perhaps: it is asked again.
                self._try_again(bracket)

    def _place(self, bracket: Bracket, slot: int, lots: int) -> None:
        engine, plan, side = self._engine, bracket.plan, bracket.side
        price = stop_price = 0
        kind, role, reason = OrderType.STOP, OrderRole.PROTECTIVE_STOP, "stop"
        if slot == STOP:
            stop_price = max(1, self._stop_level(bracket, bracket.average - int(side) * plan.stop))
            if (engine.markets[bracket.symbol].last_price - stop_price) * side <= 0:
                kind, role, stop_price = OrderType.MARKET, OrderRole.EXIT, 0
                reason = "stop: the price is beyond it"
        else:
            kind, role = OrderType.LIMIT, OrderRole.TAKE_PROFIT
            reason = f"target {slot - STOP}"
            price = max(1, bracket.average + int(side) * plan.targets[slot - FIRST_TARGET].distance)
        sent = engine.place(
            Intent(
                symbol=bracket.symbol,
                side=side.opposite,
                lots=lots,
                type=kind,
                price=price,
                stop_price=stop_price,
                reduce_only=True,
                role=role,
                owner=bracket.owner,
                reason=reason,
                tag=bracket.tag(slot),
            )
        )
        if not sent:
            self._refusals[bracket.tag(slot)] = self._refusals.get(bracket.tag(slot), 0) + 1
            self._try_again(bracket, self._refusals[bracket.tag(slot)])

    def _stop_level(self, bracket: Bracket, level: int) -> int:
        """Where the stop belongs at the last price: at ``level``, or nearer where the plan moves it."""
        plan, side = bracket.plan, int(bracket.side)
        last = self._engine.markets[bracket.symbol].last_price
        gain = (last - bracket.average) * side
        if plan.break_even_after and gain >= plan.break_even_after:
            level = _nearer(level, bracket.average + side * plan.break_even_offset, side)
        if plan.trail_after and gain >= plan.trail_after:
            level = _nearer(level, last - side * plan.trail, side)
        return level

    def _on_trade(self, trade: Trade) -> None:
        if not self.live:
            return
        for bracket in list(self.live.values()):
            moves = bracket.plan.break_even_after or bracket.plan.trail_after
            if moves and bracket.symbol == trade.symbol and bracket.filled[ENTRY] and STOP not in bracket.dropped:
                self._move_stop(bracket)

    def _move_stop(self, bracket: Bracket) -> None:
        stops = [order for order in self._orders(bracket, STOP) if not order.cancel_requested_ns]
        if not stops or not stops[0].stop_price or not self._can_change(stops[0]):
            return
        level = self._stop_level(bracket, stops[0].stop_price)
        step = max(1, bracket.plan.trail // 10) if self._trails(bracket) else 1
        if (level - stops[0].stop_price) * bracket.side >= step:
            try:
                self._engine.amend(stops[0], None, level, None)
            except OrderError:
                self._try_again(bracket)

    def _trails(self, bracket: Bracket) -> bool:
        plan, last = bracket.plan, self._engine.markets[bracket.symbol].last_price
        return bool(plan.trail_after) and (last - bracket.average) * bracket.side >= plan.trail_after

    def _can_change(self, order: Order) -> bool:
        return order.state in _CHANGEABLE and order.client_id not in self._engine.orders.amendments

    def _orders(self, bracket: Bracket, slot: int) -> list[Order]:
        tag = bracket.tag(slot)
        return [order for order in self._engine.orders.open_orders(bracket.symbol) if order.tag == tag]

    def _entry_works(self, bracket: Bracket) -> bool:
        planned = self._engine.replacements.planned({bracket.tag(ENTRY)})
        return bool(self._orders(bracket, ENTRY)) or any(left for _, left in planned)

    def _of(self, order: Order) -> tuple[Bracket | None, int]:
        bracket_id, slot = read_tag(order.tag)
        bracket = self.live.get(bracket_id) if bracket_id else None
        return (bracket, slot) if bracket is not None and slot < len(bracket.filled) else (None, 0)

    def _end(self, bracket: Bracket, reason: str) -> None:
        self._change(bracket, tuple(bracket.dropped), reason)

    def _change(self, bracket: Bracket, dropped: tuple[int, ...], ended: str = "") -> None:
        now_ns = self._engine.clock.time_ns
        changed = BracketChanged(ts_ns=now_ns, bracket_id=bracket.bracket_id, dropped=dropped, ended=ended)
        self.know(changed)
        self._engine.emit(changed)

    # --- Restarts -----------------------------------------------------------------------------------------------------

    def know(self, record: BracketBegun | BracketChanged) -> None:
        """Be where a journalled record says."""
        if isinstance(record, BracketBegun):
            self.live[record.bracket_id] = Bracket(
                bracket_id=record.bracket_id,
                symbol=record.symbol,
                owner=record.owner,
                side=record.side,
                plan=record.plan,
                filled=[0] * (FIRST_TARGET + len(record.plan.targets)),
            )
        elif record.bracket_id in self.live:
            self.live[record.bracket_id].dropped = list(record.dropped)
            if record.ended:
                bracket = self.live.pop(record.bracket_id)
                for slot in range(len(bracket.filled)):
                    self._refusals.pop(bracket.tag(slot), None)

    def begin(self) -> None:
        """The session begins: look after each. Open orders are known by now."""
        for bracket in list(self.live.values()):
            self._try_again(bracket)

    def snapshot(self) -> list[Any]:
        """Every live one, as JSON values."""
        rows: list[Any] = msgspec.to_builtins(list(self.live.values()))
        return rows

    def restore(self, snapshot: list[Any]) -> None:
        """Take over what ``snapshot`` gave."""
        for bracket in msgspec.convert(snapshot, list[Bracket]):
            if bracket.symbol in self._engine.markets:
                self.live[bracket.bracket_id] = bracket


def _nearer(level: int, other: int, side: int) -> int:
    """The one of two stops of a position that is nearer to the price: the stop never retreats."""
    return max(level, other) if side > 0 else min(level, other)
