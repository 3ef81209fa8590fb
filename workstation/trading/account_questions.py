"""When the venue is asked for the account: at the start, on a timer, and soon again where something differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from workstation.core.clock import EventClock
from workstation.core.orders import SnapshotRequest
from workstation.core.timeframe import SECOND_NS
from workstation.trading.kernel_terms import ReconciliationTerms
from workstation.trading.order_manager import OrderManager
from workstation.trading.risk_gate import RiskGate

AGAIN_NS = 2 * SECOND_NS
"""How soon what differs is asked for again: it may have moved between two questions."""
PATIENCE_NS = 60 * SECOND_NS
"""How long an answer is waited for: the exchange's limits may hold a question back for a minute."""


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    orders: OrderManager
    gate: RiskGate


class AccountQuestions:
    """One question is out at a time; its answer repeats when it was asked."""

    def __init__(self, engine: Engine, terms: ReconciliationTerms) -> None:
        self._engine = engine
        self._terms = terms
        self.known_fills: Mapping[str, tuple[str, int]] = {}
        """By symbol: id and time (UTC ns) of the last fill that is known; later ones are asked for."""
        self._asked_ns = self._answered_ns = -1
        self.asks_again = False
        """Whether the next question is under way already."""
        self._positions_due_ns = 0

    @property
    def open(self) -> bool:
        """Whether the venue was asked and has not answered yet."""
        return self._answered_ns < self._asked_ns

    def start(self) -> None:
        """Ask for everything, and go on asking on the timer. An earlier session's question gets no hearing."""
        self._answered_ns = self._engine.clock.time_ns - 1
        self.ask()
        self._repeat()

    def ask(self, positions: bool = True) -> None:
        """Ask for the account."""
        now_ns = self._engine.clock.time_ns
        if positions:
            self._positions_due_ns = now_ns + self._terms.positions_ns
        self._asked_ns = now_ns
        known = tuple((symbol, *last) for symbol, last in sorted(self.known_fills.items()))
        self._engine.orders.outbox.append(SnapshotRequest(now_ns, positions=positions, known_fills=known))

    def take_answer(self, asked_ns: int) -> bool:
        """Whether an answer counts: not where it tells of an older account than the one that was taken last, or
        answers an earlier session."""
        if not self._answered_ns < asked_ns <= self._asked_ns:
            return False
        self._answered_ns = asked_ns
        return True

    def ask_again(self, pause_ns: int = AGAIN_NS) -> None:
        if not self.asks_again:
            self.asks_again = True
            clock = self._engine.clock
            clock.call_at(clock.time_ns + pause_ns, self._on_again)

    def _repeat(self) -> None:
        clock = self._engine.clock
        clock.call_at(clock.time_ns + self._terms.orders_ns, self._on_timer)

    def _on_timer(self) -> None:
        if not self.asks_again and not self._waits():
            due = self._engine.clock.time_ns >= self._positions_due_ns
            self.ask(positions=due or not self._engine.gate.reconciled)
        self._repeat()

    def _waits(self) -> bool:
        """An exchange that answers slowly is not asked faster; a question that got no answer does not stand in the
        way for long."""
        return self._answered_ns < self._asked_ns > self._engine.clock.time_ns - PATIENCE_NS

    def _on_again(self) -> None:
        self.asks_again = False
        if self._waits():
            self.ask_again()
        else:
            self.ask()
