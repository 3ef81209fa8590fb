"""Services as processes of their own on a test's nats-server."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.end_to_end.program import ROOT, command
from workstation.config.settings import Messaging
from workstation.messaging.bodies import Body
from workstation.messaging.envelope import encode
from workstation.messaging.link import PASSWORD_VARIABLE, NatsLink
from workstation.messaging.server import EmbeddedServer
from workstation.messaging.streams import ensure_stream, stream_configs


class Service:
    """``workstation NAME`` with the shipped configuration, on the server."""

    def __init__(self, server: EmbeddedServer, folder: Path, name: str, *options: str, **environment: str) -> None:
        self._server = server
        self._folder = folder
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
