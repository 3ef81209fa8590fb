"""A paper session whose time passes as quickly as the wall clock's, on NATS through its own bridge."""

from __future__ import annotations

import asyncio

from tests.replay.paper_session import PaperSession
from widgets.engine.session_engine import SessionEngine
from workstation.core.clock import WallClock
from workstation.core.timeframe import SECOND_NS
from workstation.messaging.link import NatsLink
from workstation.messaging.server import EmbeddedServer
from workstation.services.engine_bridge import EngineBridge
from workstation.services.running import Running

STEP_S = 0.25
LARGEST = 1 << 20


class ShiftedClock(WallClock):
    """Goes as the wall clock, from another moment on: the market is then the same in each run."""

    def __init__(self, now_ns: int) -> None:
        super().__init__()
        self._shift_ns = now_ns - super().now_ns()

    def now_ns(self) -> int:
        return super().now_ns() + self._shift_ns


class PaperEngine:
    """``run`` until cancelled."""

    def __init__(self, paper: PaperSession, server: EmbeddedServer, clock: WallClock) -> None:
        self.paper = paper
        self.shown = SessionEngine(paper.session)
        """What a window of its own would show."""
        self.halted = False
        """Time stands still, and views go on."""
        self._clock = clock
        self._server = server
        self._bridge = EngineBridge(paper.session)
        self._speaking: asyncio.Task[None] | None = None
        self.link: NatsLink

    async def run(self) -> None:
        while True:
            behind_s = (self._clock.now_ns() - self.paper.clock.ns) / SECOND_NS
            if not self.halted and behind_s > 0:
                self.paper.let_pass(behind_s, STEP_S)
            await asyncio.sleep(STEP_S)

    async def speak(self) -> None:
        """Connect, answer, and tell events."""
        session = self.paper.session
        self.link = NatsLink(self._server.address, "engine", "engine-1", self._clock.now_ns, LARGEST)
        await self.link.open()
        running = Running("engine", session.loaded, session.folder, self.link, self._clock)
        running.state, running.detail = "running", f"{session.mode.lower()} on {session.market_title}"
        self._speaking = asyncio.ensure_future(self._serve(running))

    async def _serve(self, running: Running) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(running.tell_health())
            tasks.create_task(self._bridge.run(self.link))

    async def fall_silent(self) -> None:
        """Hear nothing and say nothing."""
        if self._speaking is not None:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
            self._speaking = None
            await self.link.close()
