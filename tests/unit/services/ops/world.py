"""A nats-server, a paper session and the ops API in a loop of their own, for tests that ask from outside."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from tests.replay.paper_session import CONFIGURATION, PaperSession, busy_configuration, with_settings
from tests.unit.messaging.nats_servers import connected, running_server
from tests.unit.services.ops.bridge import Bridge
from workstation.config.loader import Loaded
from workstation.core.clock import WallClock
from workstation.services.ops.service import serve_ops
from workstation.services.ops.tokens import Role, Tokens
from workstation.services.running import Running
from workstation.storage.layout import DataFolder

VIEWER, TRADER, ADMIN = ("viewer-" + "v" * 24, "trader-" + "t" * 24, "admin-" + "a" * 25)
TOKENS = {Role.VIEWER: VIEWER, Role.TRADER: TRADER, Role.ADMIN: ADMIN}
WAIT_S = 30
WARM_UP_S = 600
T = TypeVar("T")


def calm_configuration() -> Loaded:
    """The busy session on a market without crashes: stops that the gate denies are another test's."""
    loaded = busy_configuration()
    market = loaded.settings.market
    built_in = msgspec.structs.replace(market.built_in, volatility=Decimal(2), crashes_per_day=Decimal(0))
    market = msgspec.structs.replace(market, built_in=built_in)
    return with_settings(loaded, msgspec.structs.replace(loaded.settings, market=market))


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The sentence of an error."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        told = self.json
        assert told["status"] == self.status and told["title"] and "\n" not in told["detail"]
        assert told["detail"].endswith("."), told
        return str(told["detail"])


class World:
    """``with World(folder) as world``. Everything in it lives in one thread."""

    def __init__(self, folder: Path, **ops: Any) -> None:
        self.folder = folder
        self.file = folder / "config" / "strategy.yaml"
        self.file.parent.mkdir()
        self.file.write_text(CONFIGURATION.read_text())
        self.changes = {
            "port": 0,
            "requests_per_minute": 100_000,
            "commands_per_minute": 10_000,
            "failed_tries_per_minute": 1_000,
        } | ops
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ops world")

    def __enter__(self) -> World:
        self._thread.start()
        self.call(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        self.server = await self._stack.enter_async_context(running_server(self.folder / "nats"))
        self.link = await self._stack.enter_async_context(connected(self.server, "engine"))
        self.loaded = calm_configuration()
        self.paper = PaperSession(self.folder / "engine", self.loaded)
        self.paper.let_pass(WARM_UP_S, 2)
        self.bridge = Bridge(self.paper, self.link)
        self._tasks = [asyncio.ensure_future(self.bridge.run())]
        await asyncio.sleep(0.1)
        await self.start_ops()

    async def start_ops(self) -> None:
        self.ops_link = await self._stack.enter_async_context(connected(self.server, "ops"))
        settings = self.loaded.settings
        ops = msgspec.structs.replace(settings.ops, **self.changes)
        loaded = Loaded(msgspec.structs.replace(settings, ops=ops), "", {}, self.file, "")
        folder = DataFolder(self.folder / "ops-data")
        folder.create()
        self.running = Running("ops", loaded, folder, self.ops_link, WallClock())
        self.serving = asyncio.ensure_future(serve_ops(self.running, Tokens(TOKENS)))
        while not self.running.detail:
            await asyncio.sleep(0.02)
            if self.serving.done():
                self.serving.result()
        self.address = self.running.detail
        self.changes["port"] = urlsplit(self.address).port
        await self._ready()

    async def _ready(self) -> None:
        while (await asyncio.to_thread(self.get, "/ready")).status != 200:
            await asyncio.sleep(0.05)

    async def stop_ops(self) -> None:
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)
        await self.ops_link.close()

    async def _close(self) -> None:
        await self.stop_ops()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()
        self.paper.close()

    # --- Asking -----------------------------------------------------------------------------------------------------

    def get(self, path: str, token: str = VIEWER, **headers: str) -> Answer:
        return self.ask("GET", path, None, token, **headers)

    def post(self, path: str, body: Any = None, token: str = TRADER, **headers: str) -> Answer:
        return self.ask("POST", path, {} if body is None else body, token, **headers)

    def ask(self, method: str, path: str, body: Any, token: str, **headers: str) -> Answer:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            told.setdefault("Authorization", f"Bearer {token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            told.setdefault("Content-Type", "application/json")
        place = urlsplit(self.address)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body, told)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def audit(self) -> list[dict[str, Any]]:
        path = self.folder / "ops-data" / "ops" / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]
