"""What a strategy core hears of the execution service, over a real nats-server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.program import ROOT
from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.waiting import until
from workstation.config.loader import load_settings
from workstation.core.messages import FilledElsewhere, FollowKill, HoldingsTold, OrderFilled
from workstation.messaging.bodies import Body, ExecutionBody, PositionBody
from workstation.messaging.link import NatsLink
from workstation.messaging.stream_reader import RECORD_HEADER
from workstation.messaging.streams import EXECUTIONS, POSITIONS, ensure_stream
from workstation.session.execution_feed import ExecutionFeed

SETTINGS = load_settings(ROOT / "config" / "strategy.yaml").settings
SUBJECTS = SETTINGS.messaging.subjects
BTC = "BTCUSDT"
LOT = SETTINGS.instruments[BTC].lot


class Orders:
    """Stands for the kernel: knows orders that begin with an ``o``."""

    now_ns = 1

    def __init__(self, *, has_nothing: bool) -> None:
        self.has_nothing = has_nothing

    def knows(self, client_id: str) -> bool:
        return client_id.startswith("o")


class Service:
    """Publishes as the execution service's journal does."""

    def __init__(self, link: NatsLink) -> None:
        self._link = link

    async def open(self) -> None:
        for stream in (EXECUTIONS, POSITIONS):
            await ensure_stream(self._link.jetstream(), SETTINGS.messaging, stream)

    async def fill(self, number: int, client_id: str, journal: str = "j") -> None:
        body = ExecutionBody(
            order_id="1",
            client_id=client_id,
            symbol=BTC,
            side="buy",
            strategy="grid",
            status="filled",
            time="2024-03-01T12:00:00Z",
            price=Decimal("60000"),
            quantity=LOT,
            execution_id=f"e{number}",
            fee_asset="USDT",
            mode="paper",
            run_id="r",
        )
        await self._publish(SUBJECTS.executions, body, f"{journal}:{number}")

    async def kill_switch(self, number: int, status: Any) -> None:
        body = ExecutionBody(
            order_id="",
            client_id="account",
            symbol="account",
            side=None,
            strategy="account",
            status=status,
            time="2024-03-01T12:00:00Z",
            price=None,
            quantity=None,
            error="enough",
            mode="paper",
            run_id="r",
        )
        await self._publish(SUBJECTS.executions, body, f"j:{number}")

    async def position(self, number: int, lots: int) -> None:
        body = PositionBody(
            symbol=BTC,
            quantity=LOT * lots,
            average_price=None,
            mark_price=None,
            unrealized_pnl=Decimal(0),
            realized_pnl=Decimal(0),
            by_strategy={"grid": LOT * lots},
        )
        await self._publish(f"{SUBJECTS.positions}.{BTC}", body, f"j:{number}")

    async def _publish(self, subject: str, body: Body, record: str) -> None:
        payload = self._link.envelope(subject, body)
        await self._link.jetstream().publish(subject, payload, headers={RECORD_HEADER: record})


class Core:
    """What one run of a core has heard."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    @property
    def fills(self) -> list[str]:
        return [report.fill_id for report in self.heard if isinstance(report, OrderFilled)]

    @property
    def elsewhere(self) -> list[tuple[str, str]]:
        return [(r.owner, r.fill.fill_id) for r in self.heard if isinstance(r, FilledElsewhere)]

    @property
    def told(self) -> list[HoldingsTold]:
        return [report for report in self.heard if isinstance(report, HoldingsTold)]


@asynccontextmanager
async def running(link: NatsLink, data: Path, *, has_nothing: bool = False) -> AsyncIterator[Core]:
    core = Core()
    orders: Any = Orders(has_nothing=has_nothing)
    feed = ExecutionFeed(link, SETTINGS, "core", data, orders, core.heard.append)
    task = asyncio.ensure_future(feed.run())
    try:
        async with asyncio.timeout(10):
            await feed.compared.wait()
        yield core
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[NatsLink]:
    async with running_server(tmp_path / "nats") as server, connected(server) as made:
        yield made


@pytest.fixture
async def service(link: NatsLink) -> Service:
    made = Service(link)
    await made.open()
    return made


async def test_a_new_core_begins_with_what_comes_next(tmp_path: Path, link: NatsLink, service: Service) -> None:
    await service.fill(1, "o1")
    await service.fill(2, "x1")
    async with running(link, tmp_path, has_nothing=True) as core:
        assert core.heard == []
        await service.fill(3, "x2")
        await until(lambda: core.elsewhere)
    assert core.elsewhere == [("grid", "e3")] and core.fills == []


async def test_the_services_kill_switch_is_heard_of_once(tmp_path: Path, link: NatsLink, service: Service) -> None:
    async with running(link, tmp_path, has_nothing=True) as core:
        for number, status in ((1, "killed"), (1, "killed"), (2, "resumed")):
            await service.kill_switch(number, status)
        await until(lambda: len(core.heard) >= 2)
    heard = [(r.engaged, r.reason, r.who) for r in core.heard if isinstance(r, FollowKill)]
    assert heard == [(True, "enough", "execution service"), (False, "enough", "execution service")]


async def test_what_happened_while_it_was_away_is_heard_once(tmp_path: Path, link: NatsLink, service: Service) -> None:
    async with running(link, tmp_path, has_nothing=True) as core:
        await service.fill(1, "o1")
        await until(lambda: core.fills)
    await service.fill(2, "o2")
    await service.fill(3, "x1")
    async with running(link, tmp_path) as again:
        await until(lambda: again.elsewhere)
    assert again.fills == ["e2"] and again.elsewhere == [("grid", "e3")]


async def test_records_that_are_told_again_are_known(tmp_path: Path, link: NatsLink, service: Service) -> None:
    """As after the streams were lost and the journal was published anew; another journal counts from one."""
    async with running(link, tmp_path, has_nothing=True) as core:
        for number in (1, 2, 3, 2, 3, 4):
            await service.fill(number, f"x{number}")
        await service.fill(1, "x9", journal="other")
        await until(lambda: len(core.elsewhere) >= 5)
    assert [fill for _, fill in core.elsewhere] == ["e1", "e2", "e3", "e4", "e1"]


async def test_without_a_place_to_go_on_from_only_its_own_orders_count(
    tmp_path: Path, link: NatsLink, service: Service
) -> None:
    await service.fill(1, "x1")
    await service.fill(2, "o1")
    async with running(link, tmp_path) as core:
        await service.fill(3, "x2")
        await until(lambda: core.elsewhere)
    assert core.fills == ["e2"] and core.elsewhere == [("grid", "e3")]


async def test_positions_are_told_as_of_what_was_heard(tmp_path: Path, link: NatsLink, service: Service) -> None:
    async with running(link, tmp_path, has_nothing=True) as core:
        assert core.told == [], "nothing was told yet"
        await service.fill(1, "o1")
        await service.position(1, 5)
        await until(lambda: core.told)
        assert core.told[-1] == HoldingsTold(ts_ns=1, symbols=(BTC,), lots={"grid": {BTC: 5}})
        # The position of this fill is still on its way: that of the one before says nothing.
        await service.fill(2, "o2")
        await until(lambda: core.fills == ["e1", "e2"])
        count = len(core.told)
        await asyncio.sleep(3.5)
        assert len(core.told) == count
        await service.position(2, 6)
        await until(lambda: len(core.told) > count)
        assert core.told[-1].lots == {"grid": {BTC: 6}}
