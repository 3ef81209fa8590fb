"""Whole or split, the same recorded input leads to the same decisions.

The split engine is two: a strategy core, and the execution service that is its venue. Everything between them goes
through the messages as they travel; time is kept in step, as a replay over NATS keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import msgspec
import pytest

from tests.replay.paper_session import START_NS, busy_configuration
from workstation.assembly import Engine, configured_instruments, session_engine, strategy_registry
from workstation.config.settings import Settings
from workstation.core.clock import NEVER_NS
from workstation.core.messages import Heartbeat, Input, OrderFilled, StartStrategy
from workstation.core.types import Mode
from workstation.market.built_in.market import BuiltInMarket
from workstation.messaging.bodies import ExecutionBody
from workstation.messaging.envelope import decode, encode
from workstation.messaging.order_bodies import RequestBody, forwarded, venue_report
from workstation.services.execution_bodies import WRITTEN, ExecutionWriter
from workstation.storage.journal import ORDER_KINDS, MemoryJournal, order_hash
from workstation.trading.intake import Intake
from workstation.venues.service.venue import ServiceVenue

LOADED = busy_configuration()
SETTINGS = LOADED.settings
INSTRUMENTS = configured_instruments(SETTINGS, SETTINGS.market.symbols)
EVENTS = 30_000
SEED = 5


def recorded() -> list[Input]:
    market = BuiltInMarket(SETTINGS.market.built_in, list(INSTRUMENTS.values()), SEED, None, START_NS)
    return list(islice(market.events(), EVENTS))


def engine(settings: Settings, journal: MemoryJournal, make_venue: Any = None) -> Engine:
    return session_engine(
        settings,
        journal=journal,
        recorder=None,
        latch=None,
        registry=strategy_registry(settings, LOADED.file),
        session=1,
        seed=SEED,
        start_ns=START_NS,
        make_venue=make_venue,
    )


def start_strategies(of: Engine) -> None:
    for name in SETTINGS.strategies:
        of.kernel.dispatch(StartStrategy(strategy=name, ts_ns=START_NS))


def whole(events: Sequence[Input]) -> MemoryJournal:
    journal = MemoryJournal()
    one = engine(SETTINGS, journal)
    one.start(START_NS)
    start_strategies(one)
    for event in events:
        one.kernel.dispatch(event)
    return journal


class Split:
    """A core and its execution, and what is on its way between them."""

    def __init__(self) -> None:
        self.journal = MemoryJournal()
        self.requests: list[bytes] = []
        self.executions: list[bytes] = []
        self.core = engine(
            msgspec.structs.replace(SETTINGS, execution=msgspec.structs.replace(SETTINGS.execution, place="service")),
            self.journal,
            lambda clock, report, books: (ServiceVenue(clock, INSTRUMENTS, self._send), None),
        )
        self.execution = engine(msgspec.structs.replace(SETTINGS, strategies={}), MemoryJournal())
        Intake(self.execution.kernel)
        self._writer = ExecutionWriter(self.execution.kernel, Mode.PAPER, "paper-01-1")
        for kind in WRITTEN:
            self.execution.kernel.bus.subscribe(kind, self._tell)
        self.execution.start(START_NS)
        self.core.start(START_NS)
        start_strategies(self.core)
        self._exchange(START_NS)

    def _send(self, body: RequestBody) -> None:
        self.requests.append(encode(body, "core", len(self.requests), START_NS))

    def _tell(self, event: Any) -> None:
        body = self._writer.body(event)
        if body is not None:
            self.executions.append(encode(body, "execution", len(self.executions), START_NS))

    def _exchange(self, now_ns: int) -> None:
        """Hand over what is on its way, until there is nothing more at this time."""
        while self.requests or self.executions:
            requests, self.requests = self.requests, []
            for payload in requests:
                body = decode(payload).body
                order = self.execution.kernel.orders.orders.get(body.client_id)  # type: ignore[attr-defined]
                symbol = order.symbol if order is not None else ""
                command = forwarded(body, symbol, INSTRUMENTS, "core")  # type: ignore[arg-type]
                self.execution.kernel.dispatch(msgspec.structs.replace(command, ts_ns=now_ns))
            executions, self.executions = self.executions, []
            for payload in executions:
                told = decode(payload, ExecutionBody).body
                assert isinstance(told, ExecutionBody)
                report = venue_report(told, INSTRUMENTS)
                if report is not None:
                    self.core.kernel.dispatch(report)

    def take(self, event: Any) -> None:
        core, execution = self.core.kernel, self.execution.kernel
        while (due_ns := min(core.clock.next_due_ns, execution.clock.next_due_ns)) <= min(event.ts_ns, NEVER_NS - 1):
            execution.dispatch(Heartbeat(due_ns))
            self._exchange(due_ns)
            core.dispatch(Heartbeat(due_ns))
            self._exchange(due_ns)
        execution.dispatch(event)
        self._exchange(event.ts_ns)
        core.dispatch(event)
        self._exchange(event.ts_ns)


def decisions(journal: MemoryJournal) -> list[Any]:
    return [output for output in journal.outputs if isinstance(output, ORDER_KINDS)]


@pytest.fixture(scope="module")
def events() -> list[Input]:
    return recorded()


def test_whole_and_split_decide_the_same_on_the_same_input(events: list[Input]) -> None:
    one = decisions(whole(events))
    split = Split()
    for event in events:
        split.take(event)
    two = decisions(split.journal)
    assert sum(isinstance(output, OrderFilled) for output in one) > 30
    for number, (left, right) in enumerate(zip(one, two)):
        assert left == right, f"decision {number}"
    assert order_hash(one) == order_hash(two)
    core, execution = split.core.kernel.ledger, split.execution.kernel.ledger
    assert core.cash == execution.cash and core.net_lots == execution.net_lots
    assert {k: p.lots for k, p in core.positions.items()} == {k: p.lots for k, p in execution.positions.items()}
