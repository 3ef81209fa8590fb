"""Lets time pass in the engine: what the built-in market has due, in slices, and a heartbeat where nothing came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from workstation.core.clock import WallClock
from workstation.core.messages import Heartbeat, Input
from workstation.core.timeframe import SECOND_NS
from workstation.session.built_in_source import BuiltInSource
from workstation.session.health import Health
from workstation.trading.kernel import Kernel

PUMP_BUDGET_S = 0.004
"""How long inputs are taken before the loop may serve the window."""
PUMP_INPUTS = 32
"""How many the built-in market makes up at once: after a pause it has thousands due, which take it many budgets."""


class MarketPump:
    """``source`` is ``None`` where prices come from an exchange by themselves."""

    def __init__(
        self,
        kernel: Kernel,
        source: BuiltInSource | None,
        clock: WallClock,
        health: Health,
        dispatch: Callable[[Input], None],
    ) -> None:
        self._kernel = kernel
        self._source = source
        self._clock = clock
        self._health = health
        self._dispatch = dispatch

    async def take_due(self) -> None:
        """Take everything that is due, in slices that leave the loop free for the window between them."""
        now_ns = self._clock.now_ns()
        if self._source is not None:
            await self._take_from(self._source, now_ns)
        if now_ns - self._kernel.clock.time_ns >= SECOND_NS:
            self._dispatch(Heartbeat(now_ns))

    async def _take_from(self, source: BuiltInSource, now_ns: int) -> None:
        started = time.perf_counter()
        while events := source.due(now_ns, PUMP_INPUTS):
            for event in events:
                self._dispatch(event)
                if time.perf_counter() - started > PUMP_BUDGET_S:
                    await asyncio.sleep(0)
                    started = time.perf_counter()
            self._health.messages += len(events)
        for event in source.lacking():
            self._dispatch(event)
