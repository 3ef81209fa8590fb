"""An engine split in two in one process: a strategy core, and the execution service that is its venue.

Everything between them goes through the messages as they travel; time is kept in step, as a replay over NATS keeps it.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, get_args

import msgspec

from tests.replay.paper_session import START_NS, busy_configuration
from workstation.assembly import Engine, configured_instruments, session_engine, strategy_registry
from workstation.config.settings import Settings
from workstation.core.clock import NEVER_NS
from workstation.core.messages import (
    FilledElsewhere,
    FollowKill,
    Heartbeat,
    Input,
    OrderFilled,
    Output,
    PositionLiquidated,
    StartStrategy,
)
from workstation.core.types import Mode
from workstation.market.built_in.market import BuiltInMarket
from workstation.messaging.bodies import ExecutionBody
from workstation.messaging.envelope import decode, encode
from workstation.messaging.order_bodies import RequestBody, forwarded, told_kill, venue_report
from workstation.services.execution_bodies import ExecutionWriter
from workstation.storage.journal import MemoryJournal
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


def engine(
    settings: Settings, journal: MemoryJournal, make_venue: Any = None, token: str = "", latch: Any = None
) -> Engine:
    return session_engine(
        settings,
        journal=journal,
        recorder=None,
        latch=latch,
        token=token,
        registry=strategy_registry(settings, LOADED.file),
        session=1,
        seed=SEED,
        start_ns=START_NS,
        make_venue=make_venue,
    )


def start_strategies(of: Engine) -> None:
    for name in SETTINGS.strategies:
        of.kernel.dispatch(StartStrategy(strategy=name, ts_ns=START_NS))


class Split:
    """A core and its execution, and what is on its way between them."""

    def __init__(self, core_latch: Any = None, execution_latch: Any = None) -> None:
        self.journal = MemoryJournal()
        self.is_cut = False
        """Whether nothing that is on its way arrives."""
        self.requests: list[bytes] = []
        self.executions: list[bytes] = []
        self.core = engine(
            msgspec.structs.replace(SETTINGS, execution=msgspec.structs.replace(SETTINGS.execution, place="service")),
            self.journal,
            lambda clock, report, books: (ServiceVenue(clock, INSTRUMENTS, self._send), None),
            latch=core_latch,
        )
        self.execution_journal = MemoryJournal()
        self.execution = engine(
            msgspec.structs.replace(SETTINGS, strategies={}), self.execution_journal, token="e", latch=execution_latch
        )
        Intake(self.execution.kernel)
        self._writer = ExecutionWriter(self.execution.kernel, Mode.PAPER, "paper-01-1")
        for kind in get_args(Output):
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
        while not self.is_cut and (self.requests or self.executions):
            requests, self.requests = self.requests, []
            for payload in requests:
                body = decode(payload).body
                order = self.execution.kernel.orders.orders.get(getattr(body, "client_id", ""))
                symbol = order.symbol if order is not None else ""
                command = forwarded(body, symbol, INSTRUMENTS, "core")  # type: ignore[arg-type]
                self.execution.kernel.dispatch(msgspec.structs.replace(command, ts_ns=now_ns))
            executions, self.executions = self.executions, []
            for payload in executions:
                told = decode(payload, ExecutionBody).body
                assert isinstance(told, ExecutionBody)
                self._hear(told)

    def _hear(self, told: ExecutionBody) -> None:
        """As the core's feed of executions does."""
        kernel = self.core.kernel
        report = told_kill(told) or venue_report(told, INSTRUMENTS)
        if report is None:
            return
        if isinstance(report, OrderFilled) and report.client_id not in kernel.orders.orders:
            kernel.dispatch(FilledElsewhere(ts_ns=report.ts_ns, owner=told.strategy, fill=report))
        elif isinstance(report, FollowKill | PositionLiquidated) or told.client_id in kernel.orders.orders:
            kernel.dispatch(report)

    def give(self, half: Engine, command: Any) -> str:
        """Have one half carry out a command, and hand over what follows at once."""
        now_ns = max(self.core.kernel.clock.time_ns, self.execution.kernel.clock.time_ns)
        half.kernel.dispatch(msgspec.structs.replace(command, ts_ns=now_ns))
        told = half.desk.last_result
        self._exchange(now_ns)
        return told

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
