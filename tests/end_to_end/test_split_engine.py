"""The engine split into processes on a real nats-server: feed handler, execution service, strategy core, reporter."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from nats.js.api import DeliverPolicy

from tests.end_to_end.program import ROOT, command, configuration, environment, journal
from tests.unit.messaging.nats_servers import connected, running_server
from workstation.core.errors import StorageError
from workstation.core.messages import OrderDenied, OrderFilled, OrderSubmitted
from workstation.core.money import from_money
from workstation.messaging.bodies import ExecutionBody
from workstation.messaging.envelope import decode
from workstation.messaging.link import PASSWORD_VARIABLE, NatsLink
from workstation.messaging.server import EmbeddedServer
from workstation.messaging.streams import EXECUTIONS
from workstation.storage.disk_journal import JournalReader
from workstation.storage.layout import DataFolder

pytestmark = pytest.mark.allow_log_warnings

PROFILE = """
messaging:
  use: servers
  servers: ["{address}"]
  user: {user}
market:
  source: {source}
  built_in:
    messages_per_second: 60
    volatility: 8
    history_days: 2
execution:
  place: {place}
  shadow: {shadow}
risk:
  protections:
    cooldown_bars: 0
strategies:
  ema_cross:
    start: false
  market_maker:
    symbol: BTCUSDT
    start: true
    parameters:
      requote_bps: 1
      least_life_s: 0.5
  grid:
    symbol: SOLUSDT
    start: true
    parameters:
      spacing_percent: 0.1
desktop:
  charts:
    - symbol: BTCUSDT
      timeframe: 1m
      indicators: []
"""
ROLES: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "feed": (("feed", "--seed", "7"), {"source": "built_in", "place": "here"}),
    "execution": (("execution", "--seed", "7"), {"source": "feed", "place": "here"}),
    "core": (("--no-gui",), {"source": "feed", "place": "service"}),
}


class Services:
    """Processes of their own, each with its own data folder."""

    def __init__(self, server: EmbeddedServer, folder: Path, shadow: str = "none") -> None:
        self._shadow = shadow
        self._server = server
        self._folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def data(self, role: str) -> Path:
        return self._folder / role / "data"

    def start(self, role: str) -> None:
        arguments, terms = ROLES[role]
        address = self._server.address
        profile = PROFILE.format(address=address.servers[0], user=address.user, shadow=self._shadow, **terms)
        file = configuration(self._folder / role, profile)
        options: tuple[str | Path, ...] = ("--config", file, "--profile", "test", "--data", self.data(role))
        ordered = (*options, *arguments) if arguments[0].startswith("--") else (*arguments, *options)
        with (self._folder / f"{role}.log").open("ab") as log:
            self.processes[role] = subprocess.Popen(
                command(*ordered),
                cwd=ROOT,
                env=environment(**{PASSWORD_VARIABLE: address.password}),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self, role: str) -> None:
        self.processes[role].send_signal(signal.SIGKILL)
        self.processes[role].wait()

    def stop(self, role: str) -> int:
        self.processes[role].terminate()
        return self.processes[role].wait(40)

    def log(self, role: str) -> str:
        return (self._folder / f"{role}.log").read_text()

    def records(self, role: str, kind: type[Any]) -> list[Any]:
        try:
            return [record for record in journal(self.data(role))[1] if isinstance(record, kind)]
        except StorageError:
            # It is not there yet, or just being made.
            return []


@contextmanager
def services(server: EmbeddedServer, folder: Path, shadow: str = "none") -> Iterator[Services]:
    running = Services(server, folder, shadow)
    try:
        for role in ROLES:
            running.start(role)
        yield running
    finally:
        for process in running.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()


async def until(condition: Any, timeout_s: float, said: Any) -> None:
    ends = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < ends, said()
        await asyncio.sleep(0.1)


async def executions(link: NatsLink, stream: str = EXECUTIONS) -> list[ExecutionBody]:
    context = link.jetstream()
    count = (await context.stream_info(stream)).state.messages
    found: list[ExecutionBody] = []
    subscription = await context.subscribe(">", stream=stream, ordered_consumer=True, deliver_policy=DeliverPolicy.ALL)
    while len(found) < count:
        body = decode((await subscription.next_msg(timeout=5)).data, ExecutionBody).body
        assert isinstance(body, ExecutionBody)
        found.append(body)
    await subscription.unsubscribe()
    return found


def fills(records: list[Any]) -> dict[str, tuple[str, int, int, int]]:
    return {record.fill_id: (record.client_id, record.price, record.lots, record.fee) for record in records}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with running_server(tmp_path / "nats") as running:
        yield running


async def test_the_split_engine_trades_and_its_books_agree(tmp_path: Path, server: EmbeddedServer) -> None:
    with services(server, tmp_path) as running:

        def said() -> str:
            return "\n".join(f"== {role}\n{running.log(role)[-2_000:]}" for role in ROLES)

        await until(lambda: len(running.records("core", OrderFilled)) >= 6, 60, said)
        assert running.stop("core") == 0, said()
        assert running.stop("execution") == 0, said()
        assert running.stop("feed") == 0, said()
        async with connected(server) as link:
            told = await executions(link)
        assert "Traceback" not in said()
    core, execution = running.records("core", OrderFilled), running.records("execution", OrderFilled)
    mine = fills(execution)
    assert fills(core).items() <= mine.items() and len(mine) - len(fills(core)) <= 2
    assert {r.client_id for r in running.records("core", OrderSubmitted)} >= {
        r.client_id for r in running.records("execution", OrderSubmitted)
    }
    filled = [body for body in told if body.status in ("filled", "partially_filled")]
    assert {body.execution_id for body in filled} == set(mine) and len(filled) == len(mine)
    assert sum((body.fees for body in filled), Decimal(0)) == from_money(sum(fee for *_, fee in mine.values()))
    assert not [r for r in running.records("core", OrderDenied) if r.code in ("FEED_DOWN", "STALE_DATA")]


async def test_each_service_killed_in_turn_loses_and_doubles_nothing(tmp_path: Path, server: EmbeddedServer) -> None:
    """kill -9 of each, of the server too, while trading: the service's journal and the stream agree at the end."""
    chance = random.Random(5)
    victims = ["core", "execution", "feed", "nats", "core", "execution"]
    with services(server, tmp_path) as running:

        def said() -> str:
            return "\n".join(f"== {role}\n{running.log(role)[-3_000:]}" for role in ROLES)

        await until(lambda: len(running.records("core", OrderFilled)) >= 3, 60, said)
        for victim in victims:
            before = len(running.records("execution", OrderFilled))
            if victim == "nats":
                os.kill(server.process_id, signal.SIGKILL)
            else:
                running.kill(victim)
                await until(lambda: True, chance.random(), said)
                running.start(victim)
            await until(lambda n=before: len(running.records("execution", OrderFilled)) >= n + 2, 60, said)
        assert running.stop("core") == 0, said()
        assert running.stop("execution") == 0, said()
        assert running.stop("feed") == 0, said()
        async with connected(server) as link:
            told = await executions(link)
        assert "Traceback" not in said()
    mine = fills(running.records("execution", OrderFilled))
    submitted = [record.client_id for record in running.records("execution", OrderSubmitted)]
    assert len(submitted) == len(set(submitted)), "an order was taken twice"
    asked = {record.client_id for record in running.records("core", OrderSubmitted)}
    assert set(submitted) <= asked
    filled = [body for body in told if body.status in ("filled", "partially_filled")]
    assert len({body.execution_id for body in filled}) == len(filled) and {b.execution_id for b in filled} == set(mine)
    known = fills(running.records("core", OrderFilled))
    assert known.items() <= mine.items()
    reader = JournalReader(DataFolder(running.data("core")).journal)
    reader.check_chain()
    reader.close()
