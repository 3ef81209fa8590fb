"""A paper run beside the venue of the execution service, as processes: on paper, and live at the sandbox exchange."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from nats.js.api import DeliverPolicy

from tests.end_to_end.program import ROOT, command, environment, journal, run
from tests.end_to_end.sandbox_server import running_sandbox
from tests.end_to_end.split_paper import split_roles
from tests.end_to_end.split_services import Services, executions, fills, services, until
from tests.live.profile import write_profile
from tests.unit.messaging.nats_servers import connected, running_server
from workstation.config.loader import load_settings
from workstation.core.clock import WallClock
from workstation.core.errors import StorageError
from workstation.core.messages import OrderDenied, OrderFilled, OrderSubmitted
from workstation.messaging.bodies import MetricsBody, OrderBody
from workstation.messaging.envelope import decode, encode
from workstation.messaging.link import PASSWORD_VARIABLE, NatsLink
from workstation.messaging.server import EmbeddedServer
from workstation.messaging.streams import EXECUTIONS, ORDERS, PERFORMANCE, SHADOW_EXECUTIONS, ensure_stream
from workstation.services.execution.shadow import FOLDER

pytestmark = [pytest.mark.services, pytest.mark.allow_log_warnings]

MESSAGING = load_settings(ROOT / "config" / "strategy.yaml").settings.messaging
KEY, SECRET = "PlAnTeDkey0123456789", "pL4nTeDsEcReT9876543210"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with running_server(tmp_path / "nats") as running:
        yield running


async def send(link: NatsLink, client_id: str, **terms: Any) -> None:
    """An order as any program sends it."""
    wanted: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "type": "market",
        "side": "buy",
        "quantity": Decimal("0.001"),
        "strategy": "program",
    }
    body = OrderBody(id=f"{client_id}-order", client_id=client_id, **(wanted | terms))
    payload = encode(body, "program-1", 1, WallClock().now_ns())
    await link.jetstream().publish("trading.orders", payload, headers={"Nats-Msg-Id": body.id})


def records(data: Path, *kinds: type[Any]) -> list[Any]:
    try:
        return [record for record in journal(data)[1] if isinstance(record, kinds)]
    except StorageError:
        # It is not there yet, or just being made.
        return []


async def metrics(link: NatsLink) -> list[MetricsBody]:
    context = link.jetstream()
    count = (await context.stream_info(PERFORMANCE)).state.messages
    subscription = await context.subscribe(
        ">", stream=PERFORMANCE, ordered_consumer=True, deliver_policy=DeliverPolicy.ALL
    )
    found = []
    for _ in range(count):
        body = decode((await subscription.next_msg(timeout=5)).data).body
        assert isinstance(body, MetricsBody)
        found.append(body)
    await subscription.unsubscribe()
    return found


async def test_it_trades_beside_the_venue_and_outlives_kills(tmp_path: Path, server: EmbeddedServer) -> None:
    with services(server.address, tmp_path, split_roles(shadow="all")) as running:
        mine = running.data("execution") / FOLDER

        def said() -> str:
            return "\n".join(f"== {role}\n{running.log(role)[-3_000:]}" for role in running.processes)

        await until(lambda: len(records(mine, OrderFilled)) >= 3, 60, said)
        async with connected(server) as link:
            await send(link, "marked-1", is_shadow=True)
            await until(lambda: any(r.client_id == "marked-1" for r in records(mine, OrderFilled)), 30, said)
            running.kill("execution")
            await send(link, "marked-2", is_shadow=True)
            running.start("execution")
            before = len(records(mine, OrderFilled))
            await until(lambda: len(records(mine, OrderFilled)) > before, 60, said)
            await until(
                lambda: any(r.client_id == "marked-2" for r in records(mine, OrderSubmitted, OrderDenied)), 30, said
            )
            assert running.stop("core") == 0 and running.stop("execution") == 0 and running.stop("feed") == 0, said()
            live, told, results = await executions(link), await executions(link, SHADOW_EXECUTIONS), await metrics(link)
    assert "Traceback" not in said()
    check_the_two_are_apart(running, mine, live, told)
    assert len({body.engine for body in results}) == 1, "the account's results are its own"
    submitted = [record.client_id for record in records(mine, OrderSubmitted)]
    assert len(submitted) == len(set(submitted)), "an order was taken twice"
    copied = {record.client_id for record in records(running.data("execution"), OrderSubmitted)}
    assert len(copied & set(submitted)) > 5
    proved = run("verify", "--data", mine)
    assert proved.returncode == 0, proved.stdout + proved.stderr


def check_the_two_are_apart(running: Services, mine: Path, live: list[Any], told: list[Any]) -> None:
    """Each stream is its own journal's, and no marked order is on the side of the venue."""
    finished = ("filled", "partially_filled")
    for data, bodies in ((running.data("execution"), live), (mine, told)):
        booked = fills(records(data, OrderFilled))
        assert {body.execution_id for body in bodies if body.status in finished} == set(booked)
    assert not [
        record
        for record in records(running.data("execution"), OrderSubmitted, OrderDenied)
        if "marked" in record.client_id
    ]
    assert {body.run_id.rsplit("-", 1)[0] for body in told} == {"paper-01-shadow"}
    assert {body.mode for body in told} == {"paper"}


async def test_beside_a_live_account_it_never_reaches_the_exchange(tmp_path: Path, server: EmbeddedServer) -> None:
    async with running_sandbox(seed=5, key=KEY, secret=SECRET) as sandbox:
        address = server.address
        options = write_profile(
            tmp_path,
            sandbox.address,
            changes={
                "messaging": {"use": "servers", "servers": list(address.servers), "user": address.user},
                "execution": {"shadow": "all"},
            },
        )
        keys = {"WORKSTATION_KEY_PRACTICE": KEY, "WORKSTATION_SECRET_PRACTICE": SECRET}
        data, log = tmp_path / "data", tmp_path / "execution.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command("execution", *options, "--data", data),
                cwd=ROOT,
                env=environment(**keys, **{PASSWORD_VARIABLE: address.password}),
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            async with connected(server) as link:
                await ensure_stream(link.jetstream(), MESSAGING, ORDERS)
                await until(lambda: "agree with the venue" in log.read_text(), 60, log.read_text)
                # Of both engines.
                await until(lambda: log.read_text().count("Feed connected: BTCUSDT") == 2, 30, log.read_text)
                await until((data / FOLDER / "orders.json").exists, 30, log.read_text)
                await send(link, "copied-1")
                # Of another size, or the shadow's gate would take it for the same order twice.
                await send(link, "marked-1", is_shadow=True, quantity=Decimal("0.002"))
                await until(
                    lambda: len(records(data / FOLDER, OrderFilled)) >= 2,
                    30,
                    lambda: str(records(data / FOLDER, OrderDenied)),
                )
                await until(lambda: len(records(data, OrderFilled)) >= 1, 30, log.read_text)
                process.terminate()
                assert await asyncio.to_thread(process.wait, 40) == 0, log.read_text()
                live, told = await executions(link, EXECUTIONS), await executions(link, SHADOW_EXECUTIONS)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        exchange = [order.client_order_id for order in sandbox.account.futures.orders.values()]
    assert exchange == [record.client_id for record in records(data, OrderSubmitted)] == ["copied-1"]
    assert {record.client_id for record in records(data / FOLDER, OrderFilled)} == {"copied-1", "marked-1"}
    assert {body.mode for body in live} == {"live"} and {body.mode for body in told} == {"paper"}
    assert not [body for body in live if body.client_id == "marked-1"]
    written = [path for path in (data / FOLDER).rglob("*") if path.is_file()]
    assert written and not [path for path in written if KEY.encode() in path.read_bytes()]
