"""NATS fails while the split engine trades: nothing that moved money is lost or doubled, and it goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from random import Random

import pytest
from nats.js.errors import APIError

from tests.end_to_end.partition import wire
from tests.end_to_end.program import run
from tests.end_to_end.split_paper import split_roles, stop_and_compare, until_trading
from tests.end_to_end.split_services import Services, services
from tests.unit.messaging.nats_servers import LARGEST, connected, running_server
from workstation.core.messages import KillSwitchChanged, OrderCancelled, OrderFilled, OrderSubmitted
from workstation.messaging.bodies import ServiceHealthBody
from workstation.messaging.link import NatsLink
from workstation.messaging.server import EmbeddedServer

pytestmark = [pytest.mark.services, pytest.mark.allow_log_warnings]

HEALTH = "service.health.*"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with running_server(tmp_path / "nats") as running:
        yield running


class Watch:
    """The last word of each service on its health."""

    def __init__(self) -> None:
        self.told: dict[str, ServiceHealthBody] = {}

    async def begin(self, link: NatsLink) -> None:
        await link.subscribe(HEALTH, self._hear, ServiceHealthBody)

    def _hear(self, message: object) -> None:
        body = message.body  # type: ignore[attr-defined]
        self.told[body.service] = body

    def is_degraded(self, service: str, word: str) -> bool:
        told = self.told.get(service)
        return told is not None and told.state == "degraded" and word in told.detail

    def is_running(self, service: str) -> bool:
        return service in self.told and self.told[service].state == "running"


async def test_a_server_that_is_killed_again_and_again_costs_nothing(tmp_path: Path, server: EmbeddedServer) -> None:
    """With its streams kept, and once with all of them lost: the execution service's journal tells them again."""
    chance = Random(11)
    with services(server.address, tmp_path, split_roles()) as running:
        await until_trading(running, 3)
        for number in range(4):
            if number == 2:
                await server.stop()
                shutil.rmtree(tmp_path / "nats" / "streams")
                await asyncio.sleep(chance.random())
                await server.start()
            else:
                os.kill(server.process_id, signal.SIGKILL)
            await asyncio.sleep(chance.random())
            await until_trading(running)
        assert await stop_and_compare(running, server)


@pytest.mark.parametrize("side", ["core", "execution"])
async def test_a_partition_stops_orders_and_heals_by_itself(tmp_path: Path, server: EmbeddedServer, side: str) -> None:
    """One side does not reach NATS, and nobody tells it so."""
    async with wire(server.address) as cable, connected(server) as link:
        watch = Watch()
        await watch.begin(link)
        with services(server.address, tmp_path, split_roles({side: cable.address})) as running:
            await until_trading(running, 3)
            cable.cut()
            await asyncio.sleep(1)
            sent = running.seen("execution", OrderSubmitted)
            await asyncio.sleep(9)
            if side == "core":
                assert running.seen("execution", OrderSubmitted) == sent, "an order passed the cut"
            cable.mend()
            await until_trading(running)
            name = "strategies" if side == "core" else "execution"
            await running.until(lambda: watch.is_running(name), 20, f"{name} tells that it is well")
            assert await stop_and_compare(running, server)


async def test_a_full_disk_under_jetstream_is_told_and_costs_nothing(tmp_path: Path) -> None:
    server = SmallServer(tmp_path / "nats", 0, LARGEST)
    await server.start()
    try:
        async with connected(server) as link:
            watch = Watch()
            await watch.begin(link)
            with services(server.address, tmp_path, split_roles()) as running:
                await until_trading(running, 3)
                await fill_disk(link)
                trouble = "resources"
                await running.until(lambda: watch.is_degraded("strategies", trouble), 40, "the core tells of it")
                await running.until(lambda: watch.is_degraded("execution", trouble), 40, "the execution service tells")
                await link.jetstream().delete_stream("FILLER")
                await until_trading(running)
                for name in ("strategies", "execution"):
                    await running.until(partial(watch.is_running, name), 20, f"{name} is well")
                assert await stop_and_compare(running, server)
    finally:
        await server.stop()


async def test_a_server_that_could_not_write_is_started_anew(tmp_path: Path, server: EmbeddedServer) -> None:
    """It refuses the stream for good, also when there is room again."""
    async with connected(server) as link:
        watch = Watch()
        await watch.begin(link)
        with services(server.address, tmp_path, split_roles()) as running:
            await until_trading(running, 3)
            largest = max(file.stat().st_size for file in (tmp_path / "nats" / "streams").rglob("*.blk"))
            resource.prlimit(server.process_id, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
            await running.until(lambda: server.restarts, 60, "the server is started anew")
            await until_trading(running)
            for name in ("strategies", "execution"):
                await running.until(partial(watch.is_running, name), 20, f"{name} is well")
            assert await stop_and_compare(running, server)


class SmallServer(EmbeddedServer):
    """Its streams may take a few megabytes in all."""

    def _write_configuration(self) -> None:
        super()._write_configuration()
        terms = json.loads(self._configuration_file.read_text())
        terms["jetstream"]["max_file_store"] = 4_000_000
        self._configuration_file.write_text(json.dumps(terms))


async def fill_disk(link: NatsLink) -> None:
    """Until the server takes not even a small message any more."""
    context = link.jetstream()
    await context.add_stream(name="FILLER", subjects=["filler"])
    for size in (100_000, 10_000, 1_000, 100):
        with contextlib.suppress(APIError):
            while True:
                await context.publish("filler", b"x" * size)


async def test_the_kill_switches_work_without_nats(tmp_path: Path, server: EmbeddedServer) -> None:
    """Each engine follows its own latch; the core's cancels leave when NATS is back."""
    with services(server.address, tmp_path, split_roles()) as running:
        await until_trading(running, 3)
        await server.stop()
        for role in ("execution", "core"):
            done = run("kill", *running.options(role)[-2:], "--reason", "NATS is down")
            assert done.returncode == 0, done.stderr
            await running.until(partial(running.seen, role, KillSwitchChanged), 10, f"{role} is killed")
        filled = running.seen("execution", OrderFilled)
        await running.until(lambda: _has_no_entries(running), 10, "the execution service has cancelled")
        await server.start()
        await running.until(lambda: running.seen("core", OrderCancelled), 30, "the core hears of the cancels")
        await asyncio.sleep(2)
        assert running.seen("execution", OrderFilled) - filled <= 1, "it traded on"


def _has_no_entries(running: Services) -> bool:
    ended = {r.client_id for r in running.records("execution", OrderCancelled)}
    filled = {r.client_id for r in running.records("execution", OrderFilled)}
    rests = [r for r in running.records("execution", OrderSubmitted) if not r.reduce_only]
    return all(r.client_id in ended | filled for r in rests[-5:])
