"""Runs the strategies: gives each its context, calls its handlers, and stops the one that raises."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from workstation.core.errors import StrategyError
from workstation.core.messages import (
    Bar,
    OrderDenied,
    OrderFilled,
    ParametersChanged,
    StrategyChanged,
)
from workstation.core.orders import Order
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import OrderRole, OrderState, Severity, StrategyState
from workstation.trading.market_state import MarketState
from workstation.trading.strategy import Strategy
from workstation.trading.strategy_slot import Desk, SlotContext, StrategySlot

_Message = TypeVar("_Message")
_ACTIVE = (StrategyState.RUNNING, StrategyState.PAUSED)


class StrategyInterruptedError(BaseException):
    """Raised into a strategy that does not return; no Exception, so that the strategy does not catch it."""


_FAILURES = (Exception, SystemExit, StrategyInterruptedError)


class StrategyHost:
    """Handlers run inside ``guarded``: one that raises stops its own strategy and nothing else."""

    def __init__(self, desk: Desk, markets: dict[str, MarketState], base_interval_ns: int) -> None:
        self._desk = desk
        self._markets = markets
        self._base_interval_ns = base_interval_ns
        self.slots: dict[str, StrategySlot] = {}
        self._held: set[str] = set()
        """Of those that are to go on when their feed stands: what somebody decides of them is a record."""
        self.running: StrategySlot | None = None
        """The strategy whose own code is being executed now."""

    def interrupt(self) -> bool:
        """Stop the strategy whose code is being executed; for the watchdog's signal handler, in the engine's thread.

        Raises ``StrategyInterruptedError`` into the strategy's code. False, and nothing happens, when the engine's own
        code is running.
        """
        if self.running is None:
            return False
        raise StrategyInterruptedError("it did not return in time and was interrupted")

    def add(self, strategy: Strategy) -> StrategySlot:
        market = self._markets[strategy.symbol]
        context = SlotContext(strategy.name, market, self._desk, self._base_interval_ns, self)
        strategy.attach(context)
        slot = StrategySlot(strategy, context)
        context.call = self._guarded(slot, _invoke)
        self.slots[strategy.name] = slot
        kind = type(strategy)
        for interval_ns in {strategy.interval_ns, *_intervals(kind)}:
            if kind.reads_bars:
                market.want_series(interval_ns, self._base_interval_ns)
            else:
                market.want_bars(interval_ns, self._base_interval_ns)
            market.bar_listeners.setdefault(interval_ns, []).append(self._bar_listener(slot, interval_ns))
        slot.on_fill = self._guarded(slot, lambda told: strategy.on_fill(*told))
        if kind.on_order is not Strategy.on_order:
            slot.on_order = self._guarded(slot, strategy.on_order)
        if kind.on_denied is not Strategy.on_denied:
            slot.on_denied = self._guarded(slot, strategy.on_denied)
        if kind.on_trade is not Strategy.on_trade:
            market.trade_listeners.append(self._guarded(slot, strategy.on_trade))
        if kind.on_book is not Strategy.on_book:
            market.book_listeners.append(self._guarded(slot, strategy.on_book))
        return slot

    def _bar_listener(self, slot: StrategySlot, interval_ns: int) -> Callable[[Bar], None]:
        """Bars go to a strategy that runs; one that stands still keeps warm by them."""
        strategy = slot.strategy
        if interval_ns != strategy.interval_ns or type(strategy).on_history is Strategy.on_history:
            return self._guarded(slot, strategy.on_bar)
        return self._guarded(slot, strategy.on_bar, lambda bar: self._keep_warm(slot, bar))

    def _keep_warm(self, slot: StrategySlot, bar: Bar) -> None:
        if slot.state is StrategyState.STOPPED:
            self._warm(slot, slot.strategy.on_history, bar)

    def _guarded(
        self, slot: StrategySlot, handler: Callable[[Any], Any], idle: Callable[[Any], None] | None = None
    ) -> Callable[[Any], None]:
        """``handler`` for a strategy that runs, and ``idle`` for one that does not."""
        strategy = slot.strategy
        active = _ACTIVE

        def call(event: Any) -> None:
            if slot.state not in active:
                if idle is not None:
                    idle(event)
                return
            outer, self.running = self.running, slot
            try:
                handler(event)
            except _FAILURES as error:
                self.running = outer
                self.fail(slot, error)
                return
            self.running = outer
            state = strategy.state
            if type(state) is not dict or state or slot.saved_state != b"{}":
                self.save_state(slot)

        return call

    def save_state(self, slot: StrategySlot) -> None:
        """Journal the strategy's state when it differs from what was saved last."""
        state = slot.strategy.state
        try:
            if type(state) is not dict:
                raise TypeError(f"it is a {type(state).__name__} instead of a dict")
            encoded = _encode(state)
        except (TypeError, ValueError, RecursionError) as error:
            slot.strategy.state = _decode(slot.saved_state)
            self.fail(slot, StrategyError(f"its state holds what JSON cannot: {error}"))
            return
        if encoded != slot.saved_state:
            slot.saved_state = encoded
            slot.context.save_state(_decode(encoded))

    def deliver_fill(self, owner: str, fill: OrderFilled, order: Order) -> None:
        slot = self.slots.get(owner)
        if slot is not None:
            slot.on_fill((fill, order))

    def deliver_order(self, owner: str, order: Order) -> None:
        slot = self.slots.get(owner)
        if slot is not None:
            slot.on_order(order)

    def deliver_denial(self, owner: str, denial: OrderDenied) -> None:
        slot = self.slots.get(owner)
        if slot is not None:
            slot.on_denied(denial)

    def deliver_history(self, symbol: str, bar: Bar) -> None:
        """History warms every strategy of the symbol and timeframe that has not failed."""
        for slot in self.slots.values():
            strategy = slot.strategy
            if strategy.symbol == symbol and strategy.interval_ns == bar.interval_ns:
                self._warm(slot, strategy.on_history, bar)

    def _warm(self, slot: StrategySlot, on_history: Callable[[Bar], Any], bar: Bar) -> None:
        if slot.state is StrategyState.FAILED:
            return
        outer, self.running = self.running, slot
        try:
            on_history(bar)
        except _FAILURES as error:
            self.running = outer
            self.fail(slot, error)
        self.running = outer

    def interval_of(self, owner: str) -> int:
        """Bar interval of a strategy, nanoseconds; 0 for anyone else."""
        slot = self.slots.get(owner)
        return slot.strategy.interval_ns if slot is not None else 0

    def runs(self, owner: str, role: OrderRole) -> bool:
        """Whether the owner may enter: people always, a strategy while it is running."""
        slot = self.slots.get(owner)
        return slot is None or slot.state is StrategyState.RUNNING

    def expect(self, names: Iterable[str]) -> None:
        """Before the first session: these count as running, and start in the first session that can."""
        for name in names:
            if name in self.slots:
                self.slots[name].state = StrategyState.RUNNING

    def hold(self) -> dict[str, StrategyState]:
        """Stand every strategy still without a record; those that ran or were paused, with their state."""
        held = {name: slot.state for name, slot in self.slots.items() if slot.state in _ACTIVE}
        for name in held:
            self.slots[name].state = StrategyState.STOPPED
        self._held = set(held)
        return held

    def rest(self) -> None:
        """Let no strategy enter any more, without a record: the next session goes on with them as they were."""
        for slot in self.slots.values():
            if slot.state is StrategyState.RUNNING:
                slot.state = StrategyState.PAUSED

    def start(self, name: str) -> None:
        """Start or continue. Raises ``StrategyError`` when there is no such strategy."""
        slot = self.slot(name)
        if slot.state is StrategyState.RUNNING:
            return
        paused = slot.state is StrategyState.PAUSED
        self._change(slot, StrategyState.RUNNING, "")
        if not paused:
            self._guarded(slot, lambda _: slot.strategy.on_start())(None)

    def pause(self, name: str) -> None:
        slot = self.slot(name)
        if slot.state is StrategyState.RUNNING:
            self._change(slot, StrategyState.PAUSED, "")
            self._cancel_entries(name, "strategy paused")
        elif name in self._held:
            self._change(slot, StrategyState.STOPPED, "")

    def pause_all(self) -> int:
        """Pause what runs, and let what is held not go on; how many ran."""
        running = [name for name, slot in self.slots.items() if slot.state is StrategyState.RUNNING]
        for name in (*running, *sorted(self._held)):
            self.pause(name)
        return len(running)

    def stop(self, name: str) -> None:
        slot = self.slot(name)
        if slot.state in _ACTIVE:
            self._guarded(slot, lambda _: slot.strategy.on_stop())(None)
        if slot.state is not StrategyState.STOPPED or name in self._held:
            self._change(slot, StrategyState.STOPPED, "")
            self._cancel_entries(name, "strategy stopped")

    def fail(self, slot: StrategySlot, error: BaseException) -> None:
        """Stop a strategy that raised: its entries are cancelled, its protective stops stay, an alarm is raised."""
        name = slot.strategy.name
        where = traceback.extract_tb(error.__traceback__)
        line = f" (line {where[-1].lineno} of {where[-1].filename.rpartition('/')[2]})" if where else ""
        detail = f"{type(error).__name__}: {error}{line}"
        self._change(slot, StrategyState.FAILED, detail)
        self._cancel_entries(name, "strategy failed")
        slot.context.log(Severity.ERROR, f"Stopped by an error: {detail}. Its protective stops stay at the venue.")

    def set_parameters(self, name: str, values: dict[str, Any], who: str) -> None:
        """Set all or none. Raises ``StrategyError``."""
        slot = self.slot(name)
        slot.strategy.set_parameters(values)
        self._desk.emit(
            ParametersChanged(ts_ns=self._desk.clock.time_ns, strategy=name, values=_decode(_encode(values)), who=who)
        )

    def slot(self, name: str) -> StrategySlot:
        found = self.slots.get(name)
        if found is None:
            known = ", ".join(self.slots) or "none"
            raise StrategyError(f"There is no strategy {name} here; there are {known}.")
        return found

    def _change(self, slot: StrategySlot, state: StrategyState, detail: str) -> None:
        slot.state, slot.detail = state, detail
        self._held.discard(slot.strategy.name)
        self._desk.emit(
            StrategyChanged(ts_ns=self._desk.clock.time_ns, strategy=slot.strategy.name, state=state, detail=detail)
        )

    def _cancel_entries(self, owner: str, reason: str) -> None:
        self._desk.algorithms.end_all(lambda order: order.owner == owner and not order.reduce_only, reason)
        self._desk.replacements.forget_all(
            lambda intent: intent.owner == owner and intent.role is OrderRole.ENTRY, reason
        )
        for order in self._desk.orders.open_orders(owner=owner):
            if order.role is OrderRole.ENTRY and order.state is not OrderState.HELD:
                self._desk.orders.request_cancel(order, reason)


def _intervals(kind: type[Strategy]) -> set[int]:
    return {TIMEFRAMES[name] for name in kind.timeframes}


def _invoke(callback: Callable[[], None]) -> None:
    callback()


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


_encode = msgspec.json.Encoder(enc_hook=_default, order="sorted").encode
_decode = msgspec.json.decode
