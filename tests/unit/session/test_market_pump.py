"""A backlog of the built-in market: every input is taken, in order, and the loop serves others in between."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from workstation.core.messages import Heartbeat
from workstation.session import market_pump
from workstation.session.health import Health
from workstation.session.market_pump import PUMP_BUDGET_S, PUMP_INPUTS, MarketPump

BACKLOG = 1000
COST_S = PUMP_BUDGET_S / 10


class Backlog:
    """Inputs that are due, as numbers; making one up takes as long as taking it."""

    def __init__(self, clock: list[float]) -> None:
        self.left = list(range(BACKLOG))
        self.clock = clock
        self.most_at_once = 0

    def due(self, now_ns: int, limit: int = 0) -> list[int]:
        found, self.left = self.left[: limit or None], self.left[limit or len(self.left) :]
        self.clock[0] += COST_S * len(found)
        self.most_at_once = max(self.most_at_once, len(found))
        return found

    def lacking(self) -> list[int]:
        return [] if self.left else [-1]


def test_a_backlog_is_taken_whole_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, taken, turns = [0.0], list[Any](), list[float]()
    monkeypatch.setattr(market_pump, "time", SimpleNamespace(perf_counter=lambda: clock[0]))

    def dispatch(given: Any) -> None:
        clock[0] += COST_S
        taken.append(given)

    async def others() -> None:
        while True:
            turns.append(clock[0])
            await asyncio.sleep(0)

    async def take() -> None:
        other = asyncio.ensure_future(others())
        await pump.take_due()
        other.cancel()

    source, health = Backlog(clock), Health()
    wall = SimpleNamespace(now_ns=lambda: 5_000_000_000)
    kernel = SimpleNamespace(clock=SimpleNamespace(time_ns=4_500_000_000))
    pump = MarketPump(cast(Any, kernel), cast(Any, source), cast(Any, wall), health, dispatch)
    asyncio.run(take())
    assert taken == [*range(BACKLOG), -1]
    assert health.messages == BACKLOG
    assert source.most_at_once == PUMP_INPUTS
    longest = max(after - before for before, after in pairwise(turns))
    assert longest <= PUMP_BUDGET_S + (PUMP_INPUTS + 1) * COST_S


def test_where_nothing_came_a_heartbeat_lets_time_pass() -> None:
    taken: list[Any] = []
    wall = SimpleNamespace(now_ns=lambda: 5_000_000_000)
    kernel = SimpleNamespace(clock=SimpleNamespace(time_ns=3_900_000_000))
    pump = MarketPump(cast(Any, kernel), None, cast(Any, wall), Health(), taken.append)
    asyncio.run(pump.take_due())
    kernel.clock.time_ns = 4_500_000_000
    asyncio.run(pump.take_due())
    assert taken == [Heartbeat(5_000_000_000)]
