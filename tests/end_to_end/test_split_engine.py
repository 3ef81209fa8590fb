"""The engine split into processes on a real nats-server: feed handler, execution service, strategy core, reporter."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from tests.end_to_end.split_paper import split_roles
from tests.end_to_end.split_services import executions, fills, services
from tests.unit.messaging.nats_servers import connected, running_server
from workstation.core.messages import OrderDenied, OrderFilled, OrderSubmitted
from workstation.core.money import from_money
from workstation.messaging.server import EmbeddedServer
from workstation.storage.disk_journal import JournalReader
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder
from workstation.verification import verify

pytestmark = [pytest.mark.services, pytest.mark.allow_log_warnings]

ROLES = split_roles()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with running_server(tmp_path / "nats") as running:
        yield running


async def test_the_split_engine_trades_and_its_books_agree(tmp_path: Path, server: EmbeddedServer) -> None:
    with services(server.address, tmp_path, ROLES) as running:
        said = running.said
        await running.until(lambda: len(running.records("core", OrderFilled)) >= 6, 60)
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


@pytest.mark.parametrize("where", ["core", "execution"])
async def test_a_kill_with_flatten_in_one_half_closes_once_and_kills_both(
    tmp_path: Path, server: EmbeddedServer, where: str
) -> None:
    """By the latch in its data folder, as `workstation kill` does; released there, both trade again."""
    with services(server.address, tmp_path, ROLES) as running:
        latches = {role: KillLatch(running.data(role)) for role in ("core", "execution")}

        def held() -> bool:
            return all(_net(running.records(role, OrderFilled)) for role in latches)

        def is_flat() -> bool:
            return not any(_net(running.records(role, OrderFilled)) for role in latches)

        def has(count: int) -> bool:
            return len(running.records("core", OrderFilled)) >= count

        await running.until(lambda: has(4) and held(), 60, "a position is held")
        latches[where].engage("a test", "somebody", time.time_ns(), flatten=True)
        await running.until(lambda: all(latch.engaged for latch in latches.values()) and is_flat(), 30, "all is closed")
        await asyncio.sleep(3)
        assert is_flat(), "nothing trades after the kill"
        mine, booked = (fills(running.records(role, OrderFilled)) for role in ("execution", "core"))
        assert mine == booked
        latches[where].release()
        await running.until(lambda: has(len(booked) + 2), 60, "both trade again")
        assert not any(latch.engaged for latch in latches.values())
        for role in ("core", "execution", "feed"):
            assert running.stop(role) == 0, running.said()
        assert "Traceback" not in running.said()
    for role in latches:
        assert verify(DataFolder(running.data(role)), None).sessions == 1


def _net(records: list[OrderFilled]) -> dict[str, int]:
    """Lots held of each symbol by what was filled."""
    held: dict[str, int] = {}
    for record in records:
        held[record.symbol] = held.get(record.symbol, 0) + record.side * record.lots
    return {symbol: lots for symbol, lots in held.items() if lots}


async def test_each_service_killed_in_turn_loses_and_doubles_nothing(tmp_path: Path, server: EmbeddedServer) -> None:
    """kill -9 of each, of the server too, while trading: the service's journal and the stream agree at the end."""
    chance = random.Random(5)
    victims = ["core", "execution", "feed", "nats", "core", "execution"]
    with services(server.address, tmp_path, ROLES) as running:
        said = running.said

        def has(count: int) -> bool:
            return len(running.records("execution", OrderFilled)) >= count

        await running.until(lambda: len(running.records("core", OrderFilled)) >= 3, 60)
        for victim in victims:
            before = len(running.records("execution", OrderFilled))
            if victim == "nats":
                os.kill(server.process_id, signal.SIGKILL)
            else:
                running.kill(victim)
                await asyncio.sleep(chance.random())
                running.start(victim)
            await running.until(partial(has, before + 2), 60)
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
