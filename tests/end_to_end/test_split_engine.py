"""The engine split into processes on a real nats-server: feed handler, execution service, strategy core, reporter."""

from __future__ import annotations

import asyncio
import os
import random
import signal
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
from workstation.storage.layout import DataFolder

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
