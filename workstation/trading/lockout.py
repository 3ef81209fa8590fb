"""Locks a trader out for a time: new risk is denied, what reduces a position passes, and so do the kill and exits.

It begins by a person's wish, or when the day's loss limit is reached. Where it is fixed nobody lifts it early: that is
journalled with it, so that neither a restart nor a changed configuration does. Its time is event time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from workstation.core.clock import EventClock, Timer
from workstation.core.errors import WorkstationError
from workstation.core.messages import LockoutChanged, Output
from workstation.core.timeframe import DAY_NS, utc_text
from workstation.core.types import EXTERNAL, TradingState
from workstation.trading.algorithms.runner import Algorithms
from workstation.trading.kernel_terms import LockoutTerms
from workstation.trading.order_manager import OrderManager
from workstation.trading.replacements import Replacements
from workstation.trading.trading_state import Restriction, TradingStateHolder

LOCKED_OUT = "locked out"
"""The cause that restricts trading."""
LONGEST_NS = 31 * DAY_NS


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    orders: OrderManager
    trading: TradingStateHolder
    algorithms: Algorithms
    replacements: Replacements

    def emit(self, output: Output) -> None: ...


class Lockout:
    """One of an engine. ``until_ns`` is 0 while nobody is locked out."""

    def __init__(self, engine: Engine, terms: LockoutTerms) -> None:
        self._engine = engine
        self._terms = terms
        self.until_ns = 0
        self.fixed = False
        self.reason = ""
        self._timer: Timer | None = None

    def lock(self, until_ns: int, reason: str, who: str) -> str:
        """Begin it, or move its end; what came of it, in words. Raises ``WorkstationError``."""
        now_ns = self._engine.clock.time_ns
        if until_ns <= now_ns:
            raise WorkstationError(f"Nothing was locked: {utc_text(until_ns)} UTC is over.")
        if until_ns > now_ns + LONGEST_NS:
            raise WorkstationError(f"A lock-out lasts at most {LONGEST_NS // DAY_NS} days: choose an earlier end.")
        if self.fixed and until_ns < self.until_ns:
            raise WorkstationError(f"You are locked out until {utc_text(self.until_ns)} UTC: it is fixed.")
        self._begin(until_ns, reason or f"locked by {who}", who)
        lifting = "Nobody can lift it early." if self.fixed else "It can be lifted early."
        return f"Locked out until {utc_text(until_ns)} UTC: only orders that reduce a position pass. {lifting}"

    def lift(self, reason: str, who: str) -> str:
        """End it early; what came of it, in words. Raises ``WorkstationError`` where it is fixed."""
        if not self.until_ns:
            raise WorkstationError("Nobody is locked out.")
        if self.fixed:
            raise WorkstationError(
                f"You are locked out until {utc_text(self.until_ns)} UTC. It is fixed and nobody can lift it early; "
                "exits and the kill switch work."
            )
        self._end(reason or f"lifted by {who}", who)
        return f"The lock-out is lifted. Trading is {self._engine.trading.state}."

    def on_day_loss(self) -> None:
        """The day's loss limit was reached."""
        duration_ns = self._terms.after_day_loss_ns
        if duration_ns:
            until_ns = self._engine.clock.time_ns + duration_ns
            self._begin(max(until_ns, self.until_ns), "the day's loss limit was reached", "risk")

    def _begin(self, until_ns: int, reason: str, who: str) -> None:
        engine = self._engine
        fixed = self.fixed or self._terms.fixed
        now_ns = engine.clock.time_ns
        changed = LockoutChanged(ts_ns=now_ns, until_ns=until_ns, fixed=fixed, reason=reason, who=who)
        self.know(changed)
        engine.emit(changed)
        engine.trading.restrict(LOCKED_OUT, TradingState.REDUCING, self._text, until_ns)
        self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        clock = self._engine.clock
        # Not from within the execution that the loss limit was reached by.
        clock.call_at(clock.time_ns, self._end_entries)
        self._timer = clock.call_at(max(self.until_ns, clock.time_ns), self._over)

    def _end_entries(self) -> None:
        engine = self._engine
        engine.algorithms.end_all(lambda order: not order.reduce_only, LOCKED_OUT)
        engine.replacements.forget_all(lambda intent: not intent.reduce_only, LOCKED_OUT)
        for order in engine.orders.open_orders():
            if order.owner != EXTERNAL and not order.reduce_only:
                engine.orders.request_cancel(order, LOCKED_OUT)

    def _over(self) -> None:
        self._end("its time is over", "engine")

    def _end(self, reason: str, who: str) -> None:
        engine = self._engine
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        ended = LockoutChanged(ts_ns=engine.clock.time_ns, until_ns=0, fixed=False, reason=reason, who=who)
        self.until_ns, self.fixed, self.reason = 0, False, ""
        engine.emit(ended)
        engine.trading.lift(LOCKED_OUT)

    @property
    def _text(self) -> str:
        return f"Locked out until {utc_text(self.until_ns)} UTC: {self.reason}."

    # --- Over a restart -----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The session begins: what is locked stays so until its time."""
        if not self.until_ns:
            return
        if self.until_ns <= self._engine.clock.time_ns:
            self._over()
        else:
            self._wait()

    def know(self, record: LockoutChanged) -> None:
        """Be where a journalled record says, without telling anyone."""
        self._set(record.until_ns, record.fixed, record.reason if record.until_ns else "")

    def snapshot(self) -> dict[str, Any]:
        return {"until_ns": self.until_ns, "fixed": self.fixed, "reason": self.reason}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what ``snapshot`` gave, without telling anyone; the caller settles the trading state."""
        if state:
            self._set(state["until_ns"], state["fixed"], state["reason"])

    def _set(self, until_ns: int, fixed: bool, reason: str) -> None:
        self.until_ns, self.fixed, self.reason = until_ns, fixed, reason
        causes = self._engine.trading.causes
        causes.pop(LOCKED_OUT, None)
        if until_ns:
            causes[LOCKED_OUT] = Restriction(TradingState.REDUCING, self._text, until_ns)
