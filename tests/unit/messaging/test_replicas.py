"""Streams and buckets on several servers of a real cluster: one of them dies, and nothing that was kept is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from nats.errors import Error as NatsError

from tests.end_to_end.program import ROOT
from tests.unit.messaging.nats_servers import LARGEST, cluster, connected, running_server
from tests.unit.waiting import until
from workstation.config.loader import load_settings
from workstation.config.settings import Messaging
from workstation.core.clock import WallClock
from workstation.messaging.bodies import CancelBody
from workstation.messaging.kept_position import KeptPosition
from workstation.messaging.lease import Lease
from workstation.messaging.link import PASSWORD_VARIABLE, Address, NatsLink
from workstation.messaging.opening import open_messaging
from workstation.messaging.stream_reader import Numbered, StreamReader
from workstation.messaging.streams import LEASES, ORDERS, RISK_BUCKET, TooFewServersError, ensure_bucket, ensure_stream
from workstation.session.order_forwarder import OrderForwarder

MESSAGING = load_settings(ROOT / "config" / "strategy.yaml").settings.messaging
REFUSAL = "The NATS cluster has fewer servers than messaging.replicas, {}, asks for: start more of them, or lower"


@asynccontextmanager
async def connected_with(address: Address, replicas: int, name: str = "test") -> AsyncIterator[NatsLink]:
    link = NatsLink(address, name, f"{name}-1", WallClock().now_ns, LARGEST, replicas)
    await link.open()
    try:
        yield link
    finally:
        await link.close()


async def made(link: NatsLink, messaging: Messaging = MESSAGING) -> None:
    """The stream of orders and both buckets, as soon as the cluster has found itself."""
    async with asyncio.timeout(30):
        while True:
            try:
                await ensure_stream(link.jetstream(), messaging, ORDERS)
                for bucket in (RISK_BUCKET, LEASES):
                    await ensure_bucket(link.jetstream(), bucket)
                return
            except NatsError:
                await asyncio.sleep(0.1)


async def copies(link: NatsLink, *streams: str) -> list[int | None]:
    return [(await link.jetstream().stream_info(stream)).config.num_replicas for stream in streams]


class Reader:
    """Keeps what it takes and where it stands, as a service does."""

    def __init__(self, link: NatsLink, file: Path) -> None:
        self.taken: list[str] = []
        self._kept = KeptPosition(file)
        self.reader = StreamReader(
            link,
            MESSAGING,
            ORDERS,
            "test",
            CancelBody,
            position=lambda: self._kept.value.position,
            restarted=self._kept.begin_again,
            take=self._take,
        )

    async def _take(self, messages: Sequence[Numbered], position: int) -> None:
        self.taken += [numbered.message.body.client_id for numbered in messages]  # type: ignore[attr-defined]
        self._kept.keep(position, self.reader.stream)


@pytest.mark.services
@pytest.mark.allow_log_warnings("Orders wait for NATS", "NATS", "nats")
async def test_the_leader_dies_while_orders_are_published_and_none_is_lost(tmp_path: Path) -> None:
    wanted = [f"order-{number}" for number in range(3_000)]
    with cluster(tmp_path / "nats") as servers:
        async with (
            connected_with(servers.address, 3, "sender") as sender,
            connected_with(servers.address, 3, "reader") as receiver,
        ):
            await made(sender)
            assert await copies(sender, ORDERS, f"KV_{RISK_BUCKET}", f"KV_{LEASES}") == [3, 3, 3]
            lease = Lease(sender, "account", "sender-1", owns=True)
            lease.start()
            await until(lambda: lease.held)
            risk = await ensure_bucket(sender.jetstream(), RISK_BUCKET)
            await risk.put("account", b"state")
            forwarder = OrderForwarder(sender, MESSAGING)
            reading = Reader(receiver, tmp_path / "position.json")
            tasks = [asyncio.ensure_future(work) for work in (forwarder.run(), reading.reader.run())]
            try:
                for number, name in enumerate(wanted):
                    forwarder.forward(CancelBody(id=name, client_id=name))
                    if number % 20 == 0:
                        await asyncio.sleep(0.02)
                    if number == 1_000:
                        await until(lambda: len(reading.taken) > 200)
                        info = await sender.jetstream().stream_info(ORDERS)
                        assert info.cluster is not None and info.cluster.leader
                        dead = info.cluster.leader
                        servers.kill(dead)
                await until(lambda: not forwarder.waiting and len(reading.taken) >= len(wanted), 60)
                assert reading.taken == wanted, "each once, in order"
                info = await sender.jetstream().stream_info(ORDERS)
                assert info.state.messages == len(wanted)
                assert info.cluster is not None and info.cluster.leader not in ("", dead)
                assert (await risk.get("account")).value == b"state"
                await until(lambda: lease.held)
                servers.start(dead)
                async with asyncio.timeout(30):
                    while True:
                        replicas = (await sender.jetstream().stream_info(ORDERS)).cluster.replicas  # type: ignore[union-attr]
                        if replicas and len(replicas) == 2 and all(each.current for each in replicas):
                            break
                        await asyncio.sleep(0.1)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await lease.stop()


@pytest.mark.services
@pytest.mark.allow_log_warnings("fewer servers than messaging.replicas", "NATS")
async def test_its_owner_changes_the_number_of_copies_and_nobody_else(tmp_path: Path) -> None:
    streams = (ORDERS, f"KV_{RISK_BUCKET}", f"KV_{LEASES}")
    with cluster(tmp_path / "nats") as servers:
        async with connected_with(servers.address, 1) as before, connected_with(servers.address, 3) as link:
            await made(before)
            kept = await ensure_bucket(before.jetstream(), RISK_BUCKET)
            await kept.put("account", b"state")
            await before.jetstream().publish(MESSAGING.subjects.orders, b"{}")
            assert await copies(link, *streams) == [1, 1, 1]
            await ensure_stream(link.jetstream(), MESSAGING, ORDERS, owns=False)
            await ensure_bucket(link.jetstream(), LEASES, owns=False)
            assert await copies(link, *streams) == [1, 1, 1]
            await made(link)
            assert await copies(link, *streams) == [3, 3, 3]
            ttl = (await link.jetstream().stream_info(f"KV_{LEASES}")).config.max_age
            assert ttl == 6, "the rest of a bucket's terms stays"
            assert (await kept.get("account")).value == b"state"
            async with connected_with(servers.address, 5) as more:
                with pytest.raises(TooFewServersError, match=REFUSAL.format(5)):
                    await ensure_stream(more.jetstream(), MESSAGING, ORDERS)
            assert (await link.jetstream().stream_info(ORDERS)).state.messages == 1


@pytest.mark.allow_log_warnings("fewer servers than messaging.replicas")
async def test_one_server_cannot_keep_three_copies_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_server(tmp_path) as server, connected_with(server.address, 3) as link:
        for _ in range(3):
            with pytest.raises(TooFewServersError, match=REFUSAL.format(3)):
                await ensure_stream(link.jetstream(), MESSAGING, ORDERS)
            with pytest.raises(TooFewServersError, match=REFUSAL.format(3)):
                await ensure_bucket(link.jetstream(), RISK_BUCKET)
        lease = Lease(link, "account", "somebody")
        with pytest.raises(Exception, match=REFUSAL.format(3)):
            await lease.take_over()
        assert len([record for record in caplog.records if "fewer servers" in record.getMessage()]) == 1
        async with connected(server) as plain:
            await ensure_stream(plain.jetstream(), MESSAGING, ORDERS)
            assert await copies(plain, ORDERS) == [1]


async def test_a_connection_has_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server(tmp_path / "nats") as server:
        monkeypatch.setenv(PASSWORD_VARIABLE, server.address.password)
        settings = msgspec.structs.replace(
            MESSAGING, use="servers", servers=server.address.servers, user="workstation", replicas=3
        )
        connection = await open_messaging(settings, tmp_path, "test", WallClock().now_ns)
        assert connection.link.jetstream().replicas == 3
        await connection.close()
