"""Every service as a process at the sandbox exchange, killed while trading: a short run of ``tests.services_soak``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.services_run import ALL, EXECUTION_ALONE, services_world
from workstation.core.messages import OrderAdopted, OrderFilled

pytestmark = [pytest.mark.services, pytest.mark.allow_log_warnings]


async def test_lesson_1_and_4_every_service_killed_while_trading_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """All of them die once. While the core is away the execution service closes everything by its own kill switch: at
    its restart the core books that for the strategies that held it."""
    async with services_world(tmp_path, seed=4) as world:
        await world.kill(("core", "reporter"), 0.3)
        await world.kill(("execution", "nats", "ops"), 0.3)
        await world.kill(("feed", "risk"), 0.1)
        await world.until_trading()
        await world.until_holding()
        await world.settle()
        await world.stop()
        met = await world.check()
        core = world.services
        adopted = core.records("core", OrderAdopted)
        filled = {record.client_id for record in core.records("core", OrderFilled)}
        missed = core.log("core").count("messages of the feed handler were missed")
    assert set(world.kills) == set(ALL)
    assert missed < 20, "two processes publish the same market"
    assert met["executions at the exchange"] > 4 and met["orders of the core"] > 10
    closings = {record.order.client_id: record.order.owner for record in adopted}
    assert set(closings) <= filled and all(owner.startswith("reckless") for owner in closings.values())
    assert len(closings) == met[EXECUTION_ALONE] > 0
