"""A wire between a client and a server that can be cut: while it is, no byte passes, and nobody is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from workstation.messaging.link import Address


class Wire:
    """``cut`` and ``mend`` it. What was on its way waits at its end, as with a network that drops every packet."""

    def __init__(self, address: Address) -> None:
        self._target = int(address.servers[0].rpartition(":")[2])
        self._given = address
        self._whole = asyncio.Event()
        self._whole.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.address = address
        """Of this end."""

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**16)
        port = self._server.sockets[0].getsockname()[1]
        self.address = self._given._replace(servers=(f"nats://127.0.0.1:{port}",))

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    async def close(self) -> None:
        self.mend()
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A transport that was aborted closes its socket at the next turn of the loop.
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ends = [writer]
        ways: list[asyncio.Future[None]] = []
        try:
            await self._whole.wait()
            there, back = await asyncio.open_connection("127.0.0.1", self._target, limit=2**16)
            ends.append(back)
            ways += [asyncio.ensure_future(self._pass(reader, back)), asyncio.ensure_future(self._pass(there, writer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            return
        finally:
            for way in ways:
                way.cancel()
            for end in ends:
                end.transport.abort()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await self._read(reader):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        await self._whole.wait()
        return await reader.read(2**16)


@asynccontextmanager
async def wire(address: Address) -> AsyncIterator[Wire]:
    made = Wire(address)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
