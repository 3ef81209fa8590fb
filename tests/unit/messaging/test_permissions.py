"""What each role may do, at a real nats-server with the configuration that is made for it."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from tests.unit.messaging.nats_servers import RoleServer, connected_as, role_server
from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.errors import MessagingError
from workstation.messaging.bodies import AnswerBody, EngineRequestBody, MetricsBody
from workstation.messaging.lease import Lease, execution_lease, trade_lease
from workstation.messaging.link import NatsLink
from workstation.messaging.moments import moment
from workstation.messaging.roles import NatsRole, inbox_prefix
from workstation.messaging.server_configuration import password_variable, server_configuration
from workstation.messaging.stream_reader import StreamReader, consumer_name
from workstation.messaging.streams import (
    EXECUTIONS,
    ORDERS,
    PERFORMANCE,
    POSITIONS,
    REPORTS,
    RISK_BUCKET,
    ensure_bucket,
    ensure_stream,
)
from workstation.services.risk.store import risk_key

ROOT = Path(__file__).parents[3]
ALL = frozenset(NatsRole)
FEED, EXECUTION, STRATEGIES = NatsRole.FEED, NatsRole.EXECUTION, NatsRole.STRATEGIES
RISK, REPORTER, OPS = NatsRole.RISK, NatsRole.REPORTER, NatsRole.OPS
ENGINE, TRADER, VIEWER = NatsRole.ENGINE, NatsRole.TRADER, NatsRole.VIEWER
ACCOUNT = "paper-services"
LOOKERS = {TRADER, OPS, VIEWER}

PUBLISHERS: dict[str, set[NatsRole]] = {
    "market.data": {FEED, ENGINE},
    "market.trades.BTCUSDT": {FEED, ENGINE},
    "market.book.BTCUSDT": {FEED, ENGINE},
    "market.bars.BTCUSDT.1m": {FEED, ENGINE},
    "market.snapshot.BTCUSDT": {EXECUTION, STRATEGIES, ENGINE, *LOOKERS},
    "trading.orders": {STRATEGIES, ENGINE, TRADER, OPS},
    "trading.executions": {EXECUTION, ENGINE},
    "trading.executions.shadow": {EXECUTION, ENGINE},
    "trading.positions.BTCUSDT": {EXECUTION, ENGINE},
    "performance.metrics": {EXECUTION, ENGINE},
    "reports.performance": {REPORTER},
    "risk.management": {TRADER, OPS},
    "risk.state": {RISK},
    "replay.control": {TRADER, OPS},
    "config.reload": {OPS},
    "engine.events": {STRATEGIES, ENGINE},
    "engine.views": {RISK, *LOOKERS},
    "engine.commands": {TRADER, OPS},
    "engine.commands.execution": {TRADER, OPS},
    "service.health.execution": {EXECUTION},
    "service.health.strategies": {STRATEGIES},
    "$JS.API.STREAM.UPDATE.EXECUTIONS": {EXECUTION, ENGINE},
    "$JS.API.STREAM.UPDATE.ORDERS": {EXECUTION, ENGINE},
    "$JS.API.STREAM.CREATE.REPORTS": {REPORTER},
    "$JS.API.STREAM.MSG.GET.POSITIONS": {STRATEGIES, ENGINE},
    "$JS.API.STREAM.DELETE.EXECUTIONS": set(),
    "$JS.API.STREAM.PURGE.EXECUTIONS": set(),
    "$JS.API.STREAM.MSG.DELETE.EXECUTIONS": set(),
    f"$JS.API.CONSUMER.DELETE.EXECUTIONS.{consumer_name('risk', ACCOUNT)}": {RISK},
    f"$JS.API.CONSUMER.MSG.NEXT.EXECUTIONS.{consumer_name('reporter', ACCOUNT)}": {REPORTER},
    f"$JS.ACK.ORDERS.{consumer_name('execution', ACCOUNT)}.1.1.1.1.0": {EXECUTION, ENGINE},
    f"$KV.risk.{risk_key(ACCOUNT)}": {RISK},
    f"$KV.leases.{execution_lease(ACCOUNT)}": {EXECUTION, ENGINE},
    f"$KV.leases.{trade_lease(ACCOUNT)}": {TRADER, OPS},
    "anything.else": set(),
}
SUBSCRIBERS: dict[str, set[NatsRole]] = {
    "market.book.*": {EXECUTION, STRATEGIES, ENGINE, *LOOKERS},
    "market.snapshot.*": {FEED, ENGINE},
    "trading.orders": set(),
    "trading.executions": LOOKERS,
    "risk.management": {RISK},
    "risk.state": {EXECUTION, STRATEGIES, ENGINE, REPORTER, *LOOKERS},
    "engine.commands": {STRATEGIES, ENGINE},
    "engine.views": {STRATEGIES, ENGINE},
    "engine.commands.execution": {EXECUTION, ENGINE},
    "engine.events": LOOKERS,
    "service.health.*": set(ALL),
    f"{inbox_prefix(OPS)}.>": {OPS},
    "_INBOX.>": set(),
    "$KV.>": set(),
    ">": set(),
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(ROOT / "config" / "strategy.yaml", "services").settings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[RoleServer]:
    with role_server(tmp_path_factory.mktemp("nats"), settings) as running:
        yield running


async def refused(server: RoleServer, role: NatsRole) -> set[str]:
    """What of the two tables the server refuses to a role."""
    errors: list[str] = []

    async def on_error(error: Exception) -> None:
        errors.append(str(error))

    address = server.address(role)
    client: Client = await nats.connect(
        list(address.servers), user=address.user, password=address.password, error_cb=on_error
    )
    for subject in PUBLISHERS:
        await client.publish(subject, b"")
    for subject in SUBSCRIBERS:
        await client.subscribe(subject)
    # What is told of the last one comes last.
    await client.publish("the.end", b"")
    async with asyncio.timeout(10):
        while not any("the.end" in error for error in errors):
            await asyncio.sleep(0.02)
    await client.close()
    found = re.findall(r'permissions violation for (\w+) to "([^"]+)"', "\n".join(errors), re.IGNORECASE)
    assert len(found) == len(errors)
    return {f"{verb.lower()} {subject}" for verb, subject in found} - {"publish the.end"}


@pytest.mark.parametrize("role", NatsRole)
async def test_a_role_may_do_what_it_must_and_is_refused_the_rest(server: RoleServer, role: NatsRole) -> None:
    expected = {f"publish {subject}" for subject, roles in PUBLISHERS.items() if role not in roles}
    expected |= {f"subscription {subject}" for subject, roles in SUBSCRIBERS.items() if role not in roles}
    # The client hands the server's words on in lower case.
    assert await refused(server, role) == {told.lower() for told in expected}


async def test_nobody_connects_without_a_password(server: RoleServer) -> None:
    for user, password in (("", ""), ("viewer", "guessed"), ("somebody", "guessed")):
        address = server.address(VIEWER)._replace(user=user, password=password)
        link = NatsLink(address, "test", "test-1", lambda: 0, 1 << 20)
        with pytest.raises(MessagingError, match="refused us as"):
            await link.open(3.0)


@pytest.mark.allow_log_warnings
async def test_a_command_of_a_viewer_is_refused_in_one_sentence(
    server: RoleServer, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[object] = []

    async def obey(request: object) -> AnswerBody:
        heard.append(request)
        return AnswerBody(ok=True, text="done")

    async with connected_as(server, STRATEGIES) as engine, connected_as(server, VIEWER) as viewer:
        await engine.serve("engine.commands", obey, EngineRequestBody)
        await engine.serve("engine.views", obey, EngineRequestBody)
        await engine.confirm()
        asked = EngineRequestBody(id="1", name="Kill", who="test", deadline=moment(1 << 60), arguments={})
        with caplog.at_level(logging.WARNING), pytest.raises(MessagingError) as told:
            await viewer.request("engine.commands", asked, AnswerBody, timeout_s=0.5)
        answer = await viewer.request("engine.views", asked, AnswerBody)
        async with connected_as(server, TRADER) as trader:
            assert (await trader.request("engine.commands", asked, AnswerBody)).body == AnswerBody(ok=True, text="done")
    assert answer.body == AnswerBody(ok=True, text="done") and len(heard) == 2
    assert str(told.value) == (
        "The NATS user viewer may not publish to engine.commands: connect as one that may, by messaging.user."
    )
    assert [record.message for record in caplog.records] == [
        "NATS: the user viewer may not publish to “engine.commands”."
    ]


async def test_an_answer_goes_to_inboxes_alone(server: RoleServer) -> None:
    """Else an asker could have a service write where the asker itself may not."""
    async with connected_as(server, STRATEGIES) as engine, connected_as(server, VIEWER) as viewer:

        async def show(request: object) -> AnswerBody:
            return AnswerBody(ok=True, text="shown")

        await engine.serve("engine.views", show, EngineRequestBody)
        async with connected_as(server, RISK) as risk:
            written = await risk.client.subscribe("risk.management")
            await risk.confirm()
            await engine.confirm()
            asked = EngineRequestBody(id="1", name="risk", who="test", deadline=moment(1 << 60), arguments={})
            payload = viewer.envelope("engine.views", asked)
            await viewer.client.publish("engine.views", payload, reply="risk.management")
            await viewer.request("engine.views", asked, AnswerBody)
            await risk.confirm()
            with pytest.raises(NatsTimeoutError):
                await written.next_msg(timeout=0.3)


async def test_streams_and_buckets_are_made_by_their_owners_and_read_by_the_others(
    server: RoleServer, settings: Settings
) -> None:
    messaging = settings.messaging
    taken: list[int] = []

    async def take(messages: object, upto: int) -> None:
        taken.append(upto)

    async with connected_as(server, OPS) as ops:
        # Before anybody holds one there is no bucket, and who only asks may not make it.
        assert await Lease(ops, execution_lease(ACCOUNT), "x").holder() == "" and not ops._forbidden
    async with connected_as(server, EXECUTION) as execution, connected_as(server, RISK) as risk:
        reader = StreamReader(
            risk,
            messaging,
            PERFORMANCE,
            consumer_name("risk", ACCOUNT),
            MetricsBody,
            position=lambda: taken[-1] if taken else 0,
            restarted=taken.clear,
            take=take,
        )
        reading = asyncio.ensure_future(reader.run())
        # It waits for a stream that it may not make.
        await asyncio.wait_for(reader.caught_up.wait(), 5)
        for stream in (ORDERS, EXECUTIONS, PERFORMANCE, POSITIONS):
            await ensure_stream(execution.jetstream(), messaging, stream)
        lease = Lease(execution, execution_lease(ACCOUNT), "execution-1")
        await lease.take_over()
        nothing = Decimal(0)
        body = MetricsBody(
            equity=Decimal(1),
            cash=Decimal(1),
            exposure=nothing,
            realized_pnl=nothing,
            unrealized_pnl=nothing,
            fees=nothing,
            funding=nothing,
            currency="USDT",
            cause="minute",
        )
        await execution.jetstream().publish("performance.metrics", execution.envelope("performance.metrics", body))
        async with asyncio.timeout(10):
            while not taken:
                await asyncio.sleep(0.05)
        reading.cancel()
        bucket = await ensure_bucket(risk.jetstream(), RISK_BUCKET)
        await bucket.put(risk_key(ACCOUNT), b"state")
        async with connected_as(server, REPORTER) as reporter:
            await ensure_stream(reporter.jetstream(), messaging, REPORTS)
            # Nothing has changed, so nothing is asked of the server that a reporter may not do.
            await ensure_stream(execution.jetstream(), messaging, EXECUTIONS)
        async with connected_as(server, STRATEGIES) as strategies, connected_as(server, VIEWER) as viewer:
            await ensure_stream(strategies.jetstream(), messaging, ORDERS)
            await strategies.jetstream().publish("trading.orders", b"{}")
            for link in (strategies, viewer):
                known = await link.jetstream().key_value(RISK_BUCKET)
                assert (await known.get(risk_key(ACCOUNT))).value == b"state"
                watcher = await known.watch(risk_key(ACCOUNT))
                watched = await watcher.updates(timeout=5)
                assert watched is not None and watched.value == b"state"
                await watcher.stop()
                assert await Lease(link, execution_lease(ACCOUNT), "x").holder() == "execution-1"
            consumer = await viewer.jetstream().add_consumer(
                PERFORMANCE, ConsumerConfig(name="looking", deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE)
            )
            subscription = await viewer.jetstream().pull_subscribe_bind(consumer.name, PERFORMANCE)
            assert len(await subscription.fetch(1, 5)) == 1


def test_the_shipped_configuration_is_the_one_that_the_settings_make(settings: Settings) -> None:
    assert (ROOT / "config" / "nats.conf").read_text() == server_configuration(settings)


def test_the_configuration_names_passwords_and_holds_none(settings: Settings) -> None:
    text = server_configuration(settings)
    found = re.findall(r"password: (.*)", text)
    assert found == [f"${password_variable(role)}" for role in NatsRole]
