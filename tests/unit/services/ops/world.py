"""A nats-server, a paper session and the ops API in a loop of their own, for tests that ask from outside."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from tests.replay.paper_session import CONFIGURATION, PaperSession, busy_configuration, with_settings
from tests.unit.messaging.nats_servers import LARGEST, connected, running_server
from tests.unit.services.ops.asking import ADMIN, TOKENS, TRADER, VIEWER, WAIT_S, Answer, Asker
from tests.unit.services.ops.paper_engine import PaperEngine, ShiftedClock
from workstation.config.loader import Loaded, hash_of, load_settings
from workstation.core.messages import CancelOrder, Resume, SetTradingState, StartStrategy
from workstation.core.types import MANUAL, TradingState
from workstation.messaging.link import NatsLink
from workstation.messaging.opening import session_name
from workstation.messaging.server import EmbeddedServer
from workstation.services.ops.configuration_edit import with_values
from workstation.services.ops.service import serve_ops
from workstation.services.ops.tokens import Tokens
from workstation.services.running import Running
from workstation.storage.layout import DataFolder

__all__ = ["ADMIN", "TRADER", "VIEWER", "Answer", "OpsService", "World"]

WARM_UP_S = 400
LIMITS = {
    "requests_per_minute": "100000",
    "commands_per_minute": "10000",
    "failed_tries_per_minute": "1000",
}
TEXT = with_values(CONFIGURATION.read_text(), "ops", LIMITS, str(CONFIGURATION))
"""The configuration file of a world, with room for the many requests of tests."""
T = TypeVar("T")


def calm_configuration() -> Loaded:
    """The busy session on a market without crashes: stops that the gate denies are another test's."""
    loaded = busy_configuration()
    market = loaded.settings.market
    built_in = msgspec.structs.replace(
        market.built_in, volatility=Decimal(2), crashes_per_day=Decimal(0), history_days=1
    )
    market = msgspec.structs.replace(market, built_in=built_in)
    calm = with_settings(loaded, msgspec.structs.replace(loaded.settings, market=market))
    return msgspec.structs.replace(calm, hash=hash_of(TEXT))


class OpsService(Asker):
    """One ops API: ``start`` and ``stop`` in the loop, asked from outside."""

    def __init__(self, server: EmbeddedServer, clock: ShiftedClock, file: Path, data: Path, **ops: Any) -> None:
        self.data = data
        self.changes = {"port": 0} | ops
        self._server = server
        self._clock = clock
        self._file = file

    async def start(self) -> None:
        self.link = NatsLink(self._server.address, "ops", session_name("ops"), self._clock.now_ns, LARGEST)
        await self.link.open()
        loaded = load_settings(self._file)
        ops = msgspec.structs.replace(loaded.settings.ops, **self.changes)
        loaded = msgspec.structs.replace(loaded, settings=msgspec.structs.replace(loaded.settings, ops=ops))
        folder = DataFolder(self.data)
        folder.create()
        self.running = Running("ops", loaded, folder, self.link, self._clock)
        self._tells = asyncio.ensure_future(self.running.tell_health())
        self._serving = asyncio.ensure_future(serve_ops(self.running, Tokens(TOKENS)))
        while not self.running.detail:
            await asyncio.sleep(0.02)
            if self._serving.done():
                self._serving.result()
        self.address = self.running.detail
        self.changes["port"] = urlsplit(self.address).port
        await self.ready()

    async def ready(self) -> None:
        while (await asyncio.to_thread(self.get, "/ready")).status != 200:
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        for task in (self._serving, self._tells):
            task.cancel()
        await asyncio.gather(self._serving, self._tells, return_exceptions=True)
        await self.link.close()


class World(Asker):
    """``with World(folder) as world``. Everything in it lives in one thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "ops-data"
        self.file = folder / "config" / "strategy.yaml"
        self.file.parent.mkdir()
        self.file.write_text(TEXT)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ops world")

    def __enter__(self) -> World:
        self._thread.start()
        try:
            self.call(self._open())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.call(self._close())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        self.server = await self._stack.enter_async_context(running_server(self.folder / "nats"))
        self.link = await self._stack.enter_async_context(connected(self.server))
        self.settings = calm_configuration().settings
        self.paper = PaperSession(self.folder / "engine", calm_configuration())
        # No test here pulls the plug, and the disk's own time is most of a commit.
        self.paper.session.journal._connection.execute("PRAGMA synchronous = OFF")
        self.paper.let_pass(WARM_UP_S, 2)
        self.clock = ShiftedClock(self.paper.clock.ns)
        self.engine = PaperEngine(self.paper, self.server, self.clock)
        await self.engine.speak()
        self._time = asyncio.ensure_future(self.engine.run())
        self.ops = OpsService(self.server, self.clock, self.file, self.data)
        await self.start_ops()

    async def start_ops(self) -> None:
        await self.ops.start()
        self.address = self.ops.address

    async def stop_ops(self) -> None:
        await self.ops.stop()

    @contextmanager
    def another_ops(self, data: Path, **ops: Any) -> Iterator[OpsService]:
        """An ops API with other settings beside the first one, on the same engine."""
        service = OpsService(self.server, self.clock, self.file, data, **ops)
        self.call(service.start())
        try:
            yield service
        finally:
            self.call(service.stop())

    async def put_back(self) -> None:
        """Undo what a test left: its file, the kill switch, restrictions, stopped strategies, orders by hand."""
        self.file.write_text(TEXT)
        session = self.paper.session
        risk = session.views.risk()
        if risk.killed:
            session.command(Resume())
        if risk.trading_state != TradingState.ACTIVE:
            session.command(SetTradingState(state=TradingState.ACTIVE))
        for strategy in session.views.strategies():
            if strategy.state != "running":
                session.command(StartStrategy(strategy=strategy.name))
        for order in session.views.orders():
            if order.owner == MANUAL:
                session.command(CancelOrder(client_id=order.client_id))

    async def _close(self) -> None:
        await self.stop_ops()
        self._time.cancel()
        await asyncio.gather(self._time, return_exceptions=True)
        await self.engine.fall_silent()
        await self._stack.aclose()
        self.paper.close()


def below_market(world: World) -> str:
    bid = Decimal(world.get("/api/v1/market/ETHUSDT").json["bids"][0][0])
    return str((bid * Decimal("0.99")).quantize(Decimal("0.01")))
