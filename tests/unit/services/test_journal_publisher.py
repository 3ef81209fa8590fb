"""A journal over JetStream: what arrives is what the books hold, whatever happened on the way."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from nats.js.api import DeliverPolicy

from tests.replay.paper_session import PaperSession, busy_configuration
from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.waiting import until
from workstation.core.clock import WallClock
from workstation.core.money import from_money
from workstation.messaging.bodies import ExecutionBody, MetricsBody, PositionBody
from workstation.messaging.envelope import decode
from workstation.messaging.link import NatsLink
from workstation.messaging.streams import EXECUTIONS, PERFORMANCE, POSITIONS
from workstation.services.journal_publisher import JournalPublisher
from workstation.storage.layout import DataFolder

pytestmark = pytest.mark.allow_log_warnings

MESSAGING = busy_configuration().settings.messaging
FINISHED = ("filled", "partially_filled")


async def messages(link: NatsLink, stream: str) -> list[object]:
    """Every body of a stream, oldest first."""
    context = link.jetstream()
    count = (await context.stream_info(stream)).state.messages
    if not count:
        return []
    found: list[object] = []
    subscription = await context.subscribe(">", stream=stream, ordered_consumer=True, deliver_policy=DeliverPolicy.ALL)
    while len(found) < count:
        found.append(decode((await subscription.next_msg(timeout=5)).data).body)
    await subscription.unsubscribe()
    return found


def publisher(link: NatsLink, data: Path) -> JournalPublisher:
    # The sessions of these tests are of another year than the messages that NATS would keep.
    return JournalPublisher(
        link, msgspec.structs.replace(MESSAGING, keep_days=0), DataFolder(data).journal, WallClock().now_ns
    )


async def run_until(publisher: JournalPublisher, condition: Callable[[], bool]) -> None:
    task = asyncio.ensure_future(publisher.run())
    try:
        await until(condition)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def tell_the_rest_when_cancelled(publisher: JournalPublisher) -> None:
    """As a service ends."""
    try:
        await asyncio.Event().wait()
    finally:
        await publisher.finish()


async def test_what_is_published_is_what_the_books_hold(tmp_path: Path) -> None:
    paper = PaperSession(tmp_path / "data", busy_configuration())
    paper.let_pass(500)
    ledger, last = paper.session.kernel.ledger, paper.session.journal.last_seq
    async with running_server(tmp_path / "nats") as server, connected(server) as link:
        writes = publisher(link, tmp_path / "data")
        await run_until(writes, lambda: writes.published >= last)
        executions = [body for body in await messages(link, EXECUTIONS) if isinstance(body, ExecutionBody)]
        metrics = [body for body in await messages(link, PERFORMANCE) if isinstance(body, MetricsBody)]
        positions = {body.symbol: body for body in await messages(link, POSITIONS) if isinstance(body, PositionBody)}
    fills = [body for body in executions if body.status in FINISHED]
    assert len(fills) > 10
    assert sum(body.realized_pnl for body in fills) == from_money(ledger.realised)
    assert sum(body.fees for body in fills) == from_money(ledger.fees)
    assert len({body.execution_id for body in fills}) == len(fills)
    statuses = Counter(body.status for body in executions)
    assert statuses["submitted"] >= statuses["accepted"] > 0 and statuses["filled"] > 5
    for symbol, holders in ledger.by_symbol.items():
        terms = holders[0].instrument
        assert positions[symbol].quantity == terms.quantity(sum(position.lots for position in holders))
    assert metrics[-1].realized_pnl == from_money(ledger.realised)
    assert {body.cause for body in metrics} == {"fill", "minute"}
    accepted = next(body for body in executions if body.status == "accepted")
    assert accepted.ack_latency_ms is not None and accepted.ack_latency_ms > 0 and accepted.mode == "paper"
    paper.close()


@pytest.mark.services
async def test_restarts_of_everything_lose_and_double_nothing(tmp_path: Path) -> None:
    """The publisher is ended wherever it stands, the server is killed, the session restarted, again and again."""
    data = tmp_path / "data"
    configuration = busy_configuration()
    async with running_server(tmp_path / "nats") as server, connected(server) as link:
        for round_ in range(5):
            paper = PaperSession(data, configuration, start_ns=1_709_278_200_000_000_000 + round_ * 10**12)
            paper.let_pass(200)
            writes = publisher(link, data)
            await run_until(writes, lambda w=writes, n=round_: w.messages >= 5 + 11 * n)  # type: ignore[misc]
            if round_ % 2:
                os.kill(server.process_id, signal.SIGKILL)
                await until(lambda: not link.is_up)
                await until(lambda: link.is_up)
            paper.kill() if round_ == 2 else paper.close()
        paper = PaperSession(data, configuration, start_ns=1_709_278_200_000_000_000 + 10**13)
        last = paper.session.journal.last_seq
        writes = publisher(link, data)
        await run_until(writes, lambda: writes.published >= last)
        executions = [body for body in await messages(link, EXECUTIONS) if isinstance(body, ExecutionBody)]
    fills = [body for body in executions if body.status in FINISHED]
    ledger = paper.session.kernel.ledger
    assert len({body.execution_id for body in fills}) == len(fills) > 10
    assert sum((body.realized_pnl for body in fills), Decimal(0)) == from_money(ledger.realised)
    assert sum((body.fees for body in fills), Decimal(0)) == from_money(ledger.fees)
    steps = Counter((body.client_id, body.status) for body in executions)
    assert {count for (_, status), count in steps.items() if status == "submitted"} == {1}
    paper.close()


async def test_the_rest_is_told_at_an_orderly_end(tmp_path: Path) -> None:
    """What a session wrote while it was closed is in the stream when its process ends, and once."""
    paper = PaperSession(tmp_path / "data", busy_configuration())
    paper.let_pass(300)
    async with running_server(tmp_path / "nats") as server, connected(server) as link:
        writes = publisher(link, tmp_path / "data")
        await run_until(writes, lambda: writes.messages >= 10)
        paper.let_pass(300)
        ledger = paper.session.kernel.ledger
        paper.close()
        ended = asyncio.ensure_future(tell_the_rest_when_cancelled(publisher(link, tmp_path / "data")))
        await asyncio.sleep(0)
        ended.cancel()
        assert isinstance((await asyncio.gather(ended, return_exceptions=True))[0], asyncio.CancelledError)
        executions = [body for body in await messages(link, EXECUTIONS) if isinstance(body, ExecutionBody)]
    fills = [body for body in executions if body.status in FINISHED]
    assert len({body.execution_id for body in fills}) == len(fills) > 5
    assert sum((body.fees for body in fills), Decimal(0)) == from_money(ledger.fees)


async def test_without_nats_an_end_waits_for_nothing(tmp_path: Path) -> None:
    paper = PaperSession(tmp_path / "data", busy_configuration())
    paper.let_pass(10)
    paper.close()
    async with running_server(tmp_path / "nats") as server, connected(server) as link:
        await server.stop()
        await until(lambda: not link.is_up)
        async with asyncio.timeout(1):
            await publisher(link, tmp_path / "data").finish()
