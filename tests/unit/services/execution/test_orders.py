"""From the stream of orders into the engine: in order, each once, only for who holds the account."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.end_to_end.program import ROOT
from tests.unit.messaging.nats_servers import connected, running_server
from workstation.config.loader import load_settings
from workstation.core.clock import WallClock
from workstation.core.messages import (
    FollowKill,
    ForwardedRequest,
    RefuseRequest,
    TakeAmendment,
    TakeCancel,
    TakeOrder,
    TakeQuery,
)
from workstation.core.timeframe import SECOND_NS
from workstation.messaging.bodies import AmendBody, CancelBody, KillBody, OrderBody, QueryBody
from workstation.messaging.envelope import encode
from workstation.messaging.link import NatsLink
from workstation.messaging.moments import moment
from workstation.messaging.order_bodies import RequestBody
from workstation.messaging.server import EmbeddedServer
from workstation.messaging.streams import ORDERS, ensure_stream
from workstation.services.execution.orders import OrderReader

SETTINGS = load_settings(ROOT / "config" / "strategy.yaml").settings
MESSAGING = SETTINGS.messaging
BTC = "BTCUSDT"
EXPIRY_NS = 5 * SECOND_NS

pytestmark = pytest.mark.allow_log_warnings("the connection was lost", "NATS server ended", "connected again")


class FakeLease:
    held = True


class FakeEngine:
    """Remembers what it was given; orders that it took are known."""

    def __init__(self) -> None:
        self.taken: list[ForwardedRequest] = []
        orders: dict[str, Any] = {}
        self.kernel: Any = SimpleNamespace(
            orders=SimpleNamespace(orders=orders),
            terms=SimpleNamespace(instruments=SETTINGS.instruments, request_expiry_ns=EXPIRY_NS),
        )

    def take(self, request: ForwardedRequest) -> None:
        self.taken.append(request)
        if isinstance(request, TakeOrder):
            self.kernel.orders.orders[request.client_id] = SimpleNamespace(symbol=request.intent.symbol)

    @property
    def ids(self) -> list[str]:
        return [request.client_id for request in self.taken if not isinstance(request, FollowKill)]


def order(number: int, **changes: Any) -> OrderBody:
    terms: dict[str, Any] = {
        "id": f"m-{number}",
        "client_id": f"c-{number}",
        "symbol": BTC,
        "type": "market",
        "side": "buy",
        "quantity": Decimal("0.001"),
        "strategy": "node",
    }
    return OrderBody(**(terms | changes))


class Desk:
    """A stream, a lease, an engine, and a reader that may be started anew."""

    def __init__(self, server: EmbeddedServer, link: NatsLink, folder: Path) -> None:
        self.server = server
        self.link = link
        self.lease = FakeLease()
        self.engine = FakeEngine()
        self.file = folder / "orders.json"
        self.sent = 0

    async def send(self, body: RequestBody, ts_ns: int = 0) -> None:
        self.sent += 1
        payload = encode(body, "node-1", self.sent, ts_ns or WallClock().now_ns())
        await self.send_raw(payload, body.id)

    async def send_raw(self, payload: bytes, id_: str = "") -> None:
        await self.link.jetstream().publish(
            MESSAGING.subjects.orders, payload, headers={"Nats-Msg-Id": id_} if id_ else None
        )

    def reader(self, takes: Callable[[RequestBody], bool] | None = None) -> OrderReader:
        lease: Any = self.lease
        return OrderReader(self.link, MESSAGING, "paper-01", self.engine, lease, self.file, takes)

    @asynccontextmanager
    async def reading(self, takes: Callable[[RequestBody], bool] | None = None) -> AsyncIterator[OrderReader]:
        reader = self.reader(takes)
        task = asyncio.ensure_future(reader.run())
        try:
            yield reader
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, count: int, timeout_s: float = 20) -> None:
        async with asyncio.timeout(timeout_s):
            while len(self.engine.taken) < count:
                await asyncio.sleep(0.01)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with running_server(tmp_path / "nats") as server, connected(server) as link:
        await ensure_stream(link.jetstream(), MESSAGING, ORDERS)
        yield Desk(server, link, tmp_path)


async def test_every_request_is_taken_in_its_order(desk: Desk) -> None:
    await desk.send(order(1, expires_at=moment(77)))
    await desk.send(AmendBody(id="a", client_id="c-1", amendment=1, quantity=Decimal("0.002")))
    await desk.send(QueryBody(id="q", client_id="c-1", asked_at=moment(5)))
    await desk.send(CancelBody(id="x", client_id="c-1", reason="enough"))
    async with desk.reading() as reader:
        await desk.until(4)
    first, amended, _, cancelled = desk.engine.taken
    assert [type(request) for request in desk.engine.taken] == [TakeOrder, TakeAmendment, TakeQuery, TakeCancel]
    assert isinstance(first, TakeOrder) and first.expires_ns == 77 and first.who == "node-1"
    assert isinstance(amended, TakeAmendment) and amended.lots == SETTINGS.instruments[BTC].lots("0.002")
    assert isinstance(cancelled, TakeCancel) and cancelled.reason == "enough"
    assert reader.messages == 4 and reader.refused == 0


async def test_a_kill_of_the_core_is_taken_once_and_however_late(desk: Desk) -> None:
    await desk.send(KillBody(id="k-1", engaged=True, reason="enough", flatten=True), ts_ns=1_000)
    await desk.send(KillBody(id="k-1", engaged=True, reason="enough", flatten=True), ts_ns=1_000)
    await desk.send(KillBody(id="k-2", engaged=False))
    async with desk.reading() as reader:
        await desk.until(2)
    assert desk.engine.taken == [
        FollowKill(engaged=True, reason="enough", flatten=True, who="node-1"),
        FollowKill(engaged=False, who="node-1"),
    ]
    assert reader.refused == 0


async def test_without_an_expiry_the_time_of_the_message_counts(desk: Desk) -> None:
    """A service whose folder is new reads what is days old: none of it may trade."""
    await desk.send(order(1), ts_ns=1_000)
    async with desk.reading():
        await desk.until(1)
    (taken,) = desk.engine.taken
    assert isinstance(taken, TakeOrder) and taken.expires_ns == 1_000 + EXPIRY_NS


async def test_nothing_is_taken_while_another_holds_the_account(desk: Desk) -> None:
    desk.lease.held = False
    await desk.send(order(1))
    await desk.send(order(2))
    async with desk.reading():
        await asyncio.sleep(0.6)
        assert desk.engine.taken == []
        desk.lease.held = True
        await desk.until(2)
        desk.lease.held = False
        await desk.send(order(3))
        await asyncio.sleep(0.6)
        assert desk.engine.ids == ["c-1", "c-2"]
    assert json.loads(desk.file.read_text())["position"] == 2
    desk.lease.held = True
    async with desk.reading():
        await desk.until(3)
    assert desk.engine.ids == ["c-1", "c-2", "c-3"], "the next holder begins where the last one stood"


async def test_orders_survive_a_kill_of_nats(desk: Desk) -> None:
    async with desk.reading():
        await desk.send(order(1))
        await desk.until(1)
        os.kill(desk.server.process_id, signal.SIGKILL)
        async with asyncio.timeout(30):
            while desk.link.is_up:
                await asyncio.sleep(0.01)
            while not desk.link.is_up:
                await asyncio.sleep(0.01)
        await desk.send(order(2))
        await desk.until(2, 30)
    assert desk.engine.ids == ["c-1", "c-2"]


async def test_a_reader_that_starts_anew_goes_on_where_it_stood(desk: Desk) -> None:
    for number in (1, 2, 3):
        await desk.send(order(number))
    async with desk.reading():
        await desk.until(3)
        await asyncio.sleep(0.1)
    await desk.send(order(4))
    async with desk.reading():
        await desk.until(4)
        await asyncio.sleep(0.3)
    assert desk.engine.ids == ["c-1", "c-2", "c-3", "c-4"]


@pytest.mark.allow_log_warnings("was refused", "connection was lost")
async def test_what_cannot_be_read_is_refused_to_its_sender_and_the_rest_goes_on(desk: Desk) -> None:
    await desk.send(order(1, quantity=Decimal("0.0000001")))
    await desk.send(order(2, symbol="NOWHERE"))
    await desk.send(AmendBody(id="a", client_id="c-9", amendment=4))
    await desk.send_raw(b"\x00 no JSON")
    await desk.send_raw(msgspec.json.encode({"v": 1, "type": "order"}))
    await desk.send(order(3))
    async with desk.reading() as reader:
        await desk.until(4)
    refused = [request for request in desk.engine.taken if isinstance(request, RefuseRequest)]
    assert [(r.client_id, r.code, r.amendment) for r in refused] == [
        ("c-1", "MALFORMED", 0),
        ("c-2", "MALFORMED", 0),
    ]
    # Whether there is such an order is the engine's to say.
    changes = [r for r in desk.engine.taken if isinstance(r, TakeAmendment)]
    assert [(change.client_id, change.amendment) for change in changes] == [("c-9", 4)]
    assert "not a multiple of its lot" in refused[0].reason and refused[0].who == "node-1"
    assert isinstance(desk.engine.taken[-1], TakeOrder)
    assert reader.refused == 2 and desk.link.refused == 2


@pytest.mark.allow_log_warnings("no paper run beside")
async def test_without_a_shadow_its_orders_are_refused(desk: Desk) -> None:
    await desk.send(order(1, is_shadow=True))
    await desk.send(CancelBody(id="x", client_id="c-1", is_shadow=True))
    await desk.send(order(2))
    async with desk.reading():
        await desk.until(2)
    first, second = desk.engine.taken
    assert isinstance(first, RefuseRequest) and first.code == "NO_SHADOW" and "execution.shadow" in first.reason
    assert isinstance(second, TakeOrder) and second.client_id == "c-2"


async def test_each_takes_what_is_its_own(desk: Desk) -> None:
    await desk.send(order(1, is_shadow=True))
    await desk.send(order(2))
    async with desk.reading(lambda body: not body.is_shadow):
        await desk.until(1)
        await asyncio.sleep(0.3)
    assert desk.engine.ids == ["c-2"]


async def test_what_was_there_before_can_be_left_out(desk: Desk) -> None:
    await desk.send(order(1))
    desk.reader().begin_at(1)
    await desk.send(order(2))
    async with desk.reading():
        await desk.until(1)
        await asyncio.sleep(0.3)
    assert desk.engine.ids == ["c-2"]
