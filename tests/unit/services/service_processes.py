"""Services as processes of their own on a test's nats-server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.end_to_end.program import ROOT, command
from tests.unit.services.paper_executions import Published
from tests.unit.waiting import until
from workstation.config.settings import Messaging
from workstation.messaging.bodies import Body
from workstation.messaging.envelope import encode
from workstation.messaging.link import PASSWORD_VARIABLE, NatsLink
from workstation.messaging.server import EmbeddedServer
from workstation.messaging.streams import EXECUTIONS, PERFORMANCE, ensure_stream, stream_configs


class Service:
    """``workstation NAME`` with the shipped configuration, on the server."""

    def __init__(self, server: EmbeddedServer, folder: Path, name: str, *options: str, **environment: str) -> None:
        self._server = server
        self._folder = folder
        self.name = name
        self._arguments = [name, *options]
        self._environment = environment
        folder.mkdir(parents=True, exist_ok=True)
        self._profile = folder / "strategy.yaml"
        address = server.address
        text = (ROOT / "config" / "strategy.yaml").read_text()
        text = text.replace("  use: none\n", "  use: servers\n", 1)
        text = text.replace('servers: ["nats://127.0.0.1:4222"]', f'servers: ["{address.servers[0]}"]', 1)
        text = text.replace('  user: ""\n', f"  user: {address.user}\n", 1)
        self._profile.write_text(text.replace("  summary_s: 60\n", "  summary_s: 1\n", 1))
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, PASSWORD_VARIABLE: self._server.address.password, **self._environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command(*self._arguments, "--config", self._profile, "--data", self._folder / "data"),
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.process

    def kill(self) -> None:
        """As ``kill -9``."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """In order; the exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Publisher:
    """Publishes bodies on a stream as an engine's publisher does: with an id each, again until they are kept."""

    def __init__(self, link: NatsLink, messaging: Messaging, stream: str) -> None:
        self._link = link
        self._messaging = messaging
        self._stream = stream
        self._subject = (stream_configs(messaging)[stream].subjects or [""])[0]
        self._number = 0

    async def open(self) -> None:
        await ensure_stream(self._link.jetstream(), self._messaging, self._stream)

    async def publish(self, bodies: Sequence[Body], times_ns: Sequence[int] = ()) -> None:
        for index, body in enumerate(bodies):
            self._number += 1
            payload = encode(body, "engine-1", self._number, times_ns[index] if times_ns else 0)
            await self._kept(payload, f"{self._stream}-{self._number}")

    async def _kept(self, payload: bytes, id_: str) -> None:
        for _ in range(200):
            try:
                headers = {"Nats-Msg-Id": id_}
                await self._link.jetstream().publish(self._subject, payload, timeout=1, headers=headers)
            except Exception:
                await asyncio.sleep(0.1)
            else:
                return
        raise AssertionError("the stream takes nothing")


async def tell_in_parts(
    service: Service, server: EmbeddedServer, link: NatsLink, messaging: Messaging, told: Published, random: Random
) -> None:
    """Publish what a session told to a service that is started anew for each part and killed within it; so is NATS,
    now and then. The service runs at the end, and has said so."""
    executions = Publisher(link, messaging, EXECUTIONS)
    performance = Publisher(link, messaging, PERFORMANCE)
    await executions.open()
    await performance.open()
    parts = 8
    for part in range(parts):
        service.start()
        begin, end = (len(told.executions) * at // parts for at in (part, part + 1))
        await executions.publish(told.executions[begin:end])
        begin, end = (len(told.metrics) * at // parts for at in (part, part + 1))
        await performance.publish(
            [sample for _, sample in told.metrics[begin:end]], [ts for ts, _ in told.metrics[begin:end]]
        )
        await asyncio.sleep(random.uniform(0.3, 2.0))
        if part % 3 == 1:
            os.kill(server.process_id, signal.SIGKILL)
            await asyncio.sleep(random.uniform(0.0, 1.0))
        service.kill()
    await until(lambda: link.is_up)
    told_health = asyncio.Event()
    await link.subscribe(f"{messaging.subjects.health}.{service.name}", lambda _: told_health.set())
    await link.confirm()
    service.start()
    await asyncio.wait_for(told_health.wait(), 30)
