"""A whole kernel in a hostile world, driven by one seed, with the invariants that must hold whatever happens.

The line to the venue loses, delays, doubles and reorders (``lossy_line``); the disk fills up, and the process dies at
any record, before or after it was committed, and between two requests (``mischief``); people command at random
(``people``). The venue is another machine: it lives on, and what it says while nobody listens is gone. The next process
knows only what the journal kept. ``invariants`` looks after every input, ``at_rest`` at the end.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

import msgspec

from tests.simulation.at_rest import AtRest
from tests.simulation.crashing_journal import Crash, CrashingJournal
from tests.simulation.invariants import Invariants
from tests.simulation.lossy_line import LossyLine, RelayClock
from tests.simulation.mischief import Mischief
from tests.simulation.people import People
from tests.simulation.random_market import RandomMarket
from tests.simulation.reckless import Reckless
from tests.simulation.terms import (
    CASH,
    START_NS,
    SYMBOLS,
    fault_rates,
    instruments_of,
    paper_costs,
    simulation_settings,
)
from workstation.assembly import kernel_terms
from workstation.core.clock import EventClock
from workstation.core.messages import AnyCommand, CancelAll, Heartbeat, Input, StartStrategy, StopStrategy
from workstation.core.money import to_money
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderState
from workstation.storage.journal import MemoryJournal
from workstation.trading import recovery
from workstation.trading.desk import Desk
from workstation.trading.kernel import Kernel
from workstation.trading.kernel_terms import MarketTap
from workstation.venues.base import ReportHandler, Venue
from workstation.venues.simulated import SimVenue


class Outcome(NamedTuple):
    """What a run did, to see that it was worth the while, and its fingerprint."""

    order_hash: str
    records: tuple[bytes, ...]
    counts: Counter[str]


class World:
    """One run. ``run`` raises ``AssertionError`` at the first invariant that does not hold.

    With ``algorithms`` people also start, pause, resume and end execution algorithms.
    Where the engine ``gives_up``, the last thing that a life believes of orders that have filled unheard is that they
    ended without a fill.
    """

    def __init__(self, seed: int, steps: int = 700, *, gives_up: bool = False, algorithms: bool = False) -> None:
        self.random = Random(f"world {seed}")
        self.steps = steps
        self.settings = simulation_settings(self.random)
        if algorithms:
            risk = msgspec.structs.replace(self.settings.risk, open_orders=500, order_value_percent=Decimal(100))
            self.settings = msgspec.structs.replace(self.settings, risk=risk)
        self.instruments = instruments_of(self.settings)
        self.cash = {"USDT": to_money(CASH), "SOL": 0}
        self.journal = CrashingJournal()
        self.counts: Counter[str] = Counter()
        self.lives = 0
        self._seed = seed
        self.gives_up = gives_up
        self.algorithms = algorithms
        self.people = People(self)
        self.mischief = Mischief(self)
        self.invariants = Invariants(self)
        random = Random(f"market {seed}")
        linear = frozenset(s for s, i in self.instruments.items() if i.is_derivative)
        sizes = {
            symbol: instrument.lots_rounded(random.choice((500, 20_000)) / (price * instrument.tick))
            for (symbol, price), instrument in zip(SYMBOLS.items(), self.instruments.values())
        }
        marked = linear if random.random() < 0.7 else frozenset()
        self.market = RandomMarket(SYMBOLS, sizes, START_NS, random, marked)
        self._relay = RelayClock()
        rates = fault_rates(self.random)
        costs = paper_costs(self.settings, self.random)
        self.venue = SimVenue(
            self._relay,
            lambda report: None,
            self.instruments,
            {},
            costs,
            self.settings.account,
            dict(self.cash),
            Random(f"venue {seed}"),
        )
        self.line = LossyLine(
            self.venue, self._relay, Random(f"line {seed}"), rates, plain=seed % 3 == 0, reconciles=seed % 2 == 1
        )
        self.kernel, self.desk = self._first_life()

    # --- Lives ------------------------------------------------------------------------------------------------------

    def _build(self, journal: Any, line: bool) -> tuple[Kernel, Desk]:
        def make(clock: EventClock, report: ReportHandler, books: Any) -> tuple[Venue, MarketTap | None]:
            if not line:
                costs, account = self.settings.paper, self.settings.account
                scratch = SimVenue(clock, report, self.instruments, books, costs, account, {}, Random(0))
                scratch.can = self.line.can
                return scratch, scratch
            self._relay.follow(clock)
            for symbol, state in self.venue._states.items():
                state.book = books[symbol]
            return self.line, self.line

        terms = kernel_terms(
            self.settings,
            self.instruments,
            cash={} if self.line.can.reconciles else self.cash,
            session=self.lives,
            start_ns=self.market.now_ns,
            seed=self._seed,
        )
        kernel = Kernel(terms, journal, make)
        for number, symbol in enumerate((*SYMBOLS, "BTCUSDT")):
            random = Random(f"reckless {self._seed} {self.lives} {number}")
            kernel.host.add(Reckless(f"reckless-{number}", symbol, "1m", random))
        return kernel, Desk(kernel, None)

    def _first_life(self) -> tuple[Kernel, Desk]:
        self.lives = 1
        kernel, desk = self._build(self.journal, line=True)
        self._opening, self._first_record = recovery.snapshot(kernel), 0
        self._go_live(kernel, desk)
        return kernel, desk

    def recovered(self) -> Kernel:
        """What a new process makes of the journal."""
        kernel, _ = self._build(MemoryJournal(), line=False)

        def bring_back() -> None:
            recovery.restore(kernel, self._opening)
            recovery.apply_records(kernel, self.journal.records(self._first_record))

        kernel.recover(bring_back)
        return kernel

    def _rise(self) -> None:
        """A new process takes over from the journal; what concerns the account is asked for again from the start."""
        self.counts["crashes"] += 1
        self.journal.restart()
        if self.gives_up:
            self.mischief.give_up_orders()
        opening = recovery.snapshot(self.recovered())
        self.counts["changes across a crash"] += len(opening["replacements"])
        held = [order for order in opening["orders"] if order["state"] == OrderState.HELD]
        self.counts["due across a crash"] += sum(bool(order["waits_for"]) for order in held)
        self.counts["algorithms across a crash"] += sum(row["state"] == "running" for row in opening["algorithms"])
        self.lives += 1
        kernel, desk = self._build(self.journal, line=True)
        kernel.recover(lambda: recovery.restore(kernel, opening))
        self._opening, self._first_record = opening, len(self.journal.committed)
        self._go_live(kernel, desk)

    def _go_live(self, kernel: Kernel, desk: Desk) -> None:
        self.kernel, self.desk = kernel, desk
        self.line.connect(kernel)
        try:
            resumed = kernel.start(self.market.now_ns)
            for snapshot in self.market.snapshots():
                kernel.dispatch(snapshot)
            for report in list(self.line.account_reports):
                kernel.on_report(msgspec.structs.replace(report, ts_ns=kernel.clock.time_ns))
            for name in resumed or (kernel.host.slots if self.lives == 1 else ()):
                self._command(StartStrategy(strategy=name, who="restart"))
        except Crash:
            self.journal.dead = True
        self.invariants.begin_life()

    # --- The run ----------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        for event in self.market.steps(self.steps):
            self.mischief.before_a_step()
            self.take(event)
            if self.random.random() < (0.08 if self.algorithms else 0.03):
                self.take(self.people.command())
        self.come_to_rest()
        AtRest(self).check()
        return Outcome(self.journal.order_hash(), tuple(self.journal.committed), self.counts)

    def take(self, event: Input) -> None:
        """Give the engine one input, and raise it again when that killed it."""
        if self.journal.dead or not self.line.alive:
            self._rise()
        try:
            self.kernel.dispatch(event)
        except Crash:
            self.journal.dead = True
        if self.journal.dead or not self.line.alive:
            self.journal.dead = True
            return
        self.invariants.check()

    def _command(self, command: AnyCommand) -> None:
        self.kernel.dispatch(msgspec.structs.replace(command, ts_ns=self.kernel.clock.time_ns))

    def come_to_rest(self) -> None:
        """The faults end; every order is cancelled; time goes on until nothing is in doubt."""
        self.mischief.cease()
        for name in self.kernel.host.slots:
            self.take(StopStrategy(strategy=name, ts_ns=self.market.now_ns))
        for round_ in range(8):
            # At last the account's own stops may stay.
            self.take(CancelAll(include_protective=round_ < 4, ts_ns=self.market.now_ns))
            for _ in range(40):
                self.market.now_ns += SECOND_NS // 2
                self.take(Heartbeat(self.market.now_ns))


def run(seed: int, steps: int = 700, *, gives_up: bool = False, algorithms: bool = False) -> Outcome:
    """One seeded run. Raises ``AssertionError`` that tells what did not hold."""
    return World(seed, steps, gives_up=gives_up, algorithms=algorithms).run()
