"""Requests on their way to the execution service: in order, each once, whatever becomes of NATS meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.js.api import DeliverPolicy

from tests.end_to_end.program import ROOT
from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.waiting import until
from workstation.config.loader import load_settings
from workstation.messaging.bodies import CancelBody
from workstation.messaging.envelope import decode
from workstation.messaging.link import NatsLink
from workstation.messaging.streams import ORDERS
from workstation.session.order_forwarder import OrderForwarder

pytestmark = pytest.mark.allow_log_warnings("Orders wait for NATS", "the connection was lost", "NATS server ended")

MESSAGING = load_settings(ROOT / "config" / "strategy.yaml").settings.messaging


@asynccontextmanager
async def sending(link: NatsLink) -> AsyncIterator[OrderForwarder]:
    forwarder = OrderForwarder(link, MESSAGING)
    task = asyncio.ensure_future(forwarder.run())
    try:
        yield forwarder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def kept(link: NatsLink) -> list[str]:
    context = link.jetstream()
    count = (await context.stream_info(ORDERS)).state.messages
    subscription = await context.subscribe(
        MESSAGING.subjects.orders, stream=ORDERS, ordered_consumer=True, deliver_policy=DeliverPolicy.ALL
    )
    found = []
    for _ in range(count):
        body = decode((await subscription.next_msg(timeout=5)).data).body
        assert isinstance(body, CancelBody)
        found.append(body.id)
    await subscription.unsubscribe()
    return found


def request(number: int) -> CancelBody:
    return CancelBody(id=f"r-{number}", client_id=f"core-{number}")


async def test_requests_are_kept_in_their_order(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, connected(server) as link, sending(link) as forwarder:
        for number in range(200):
            forwarder.forward(request(number))
        assert forwarder.waiting == 200, "nothing is sent before the engine is done"
        await until(lambda: not forwarder.waiting)
        assert forwarder.sent == 200
        assert await kept(link) == [f"r-{number}" for number in range(200)]


async def test_a_request_that_is_sent_again_is_kept_once(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, connected(server) as link, sending(link) as forwarder:
        for number in (1, 2, 1, 1, 3):
            forwarder.forward(request(number))
        await until(lambda: not forwarder.waiting)
        assert await kept(link) == ["r-1", "r-2", "r-3"]


async def test_requests_survive_a_kill_of_nats(tmp_path: Path) -> None:
    """What was put forward before, while and after the server was down is there at the end, once and in order."""
    async with running_server(tmp_path) as server, connected(server) as link, sending(link) as forwarder:
        total = 0
        for _ in range(3):
            for _ in range(20):
                forwarder.forward(request(total))
                total += 1
            os.kill(server.process_id, signal.SIGKILL)
            for _ in range(20):
                forwarder.forward(request(total))
                total += 1
                await asyncio.sleep(0)
            await until(lambda: link.is_up and not forwarder.waiting, 40)
        assert await kept(link) == [f"r-{number}" for number in range(total)]


async def test_without_a_server_requests_wait_and_the_link_closes_all_the_same(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, connected(server) as link, sending(link) as forwarder:
        await server.stop()
        await until(lambda: not link.is_up)
        forwarder.forward(request(1))
        await asyncio.sleep(0.5)
        assert (forwarder.waiting, forwarder.sent) == (1, 0)
