"""A real nats-server for a test: ``async with running_server(tmp_path) as server``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from workstation.core.clock import WallClock
from workstation.messaging.link import NatsLink
from workstation.messaging.server import EmbeddedServer

LARGEST = 1 << 20


@asynccontextmanager
async def running_server(folder: Path, port: int = 0) -> AsyncIterator[EmbeddedServer]:
    server = EmbeddedServer(folder, port, LARGEST)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(server: EmbeddedServer, name: str = "test") -> AsyncIterator[NatsLink]:
    link = NatsLink(server.address, name, f"{name}-1", WallClock().now_ns, LARGEST)
    await link.open()
    try:
        yield link
    finally:
        await link.close()
