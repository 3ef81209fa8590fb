"""A server in a process of its own that sends frames in one burst to whoever subscribes."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web

from tests.benchmarks.exchange_frames import BOOK_STREAM, made_frames, recorded_frames
from tests.unit.venues.exchange.mini_exchange import MiniExchange, mini_exchange

CHUNK = 64 * 1024
SETTLING_S = 0.5
"""After the subscription, until the burst begins: time to ask for the book."""


@contextmanager
def burst_server(recording: Path | None, stream: str) -> Iterator[str]:
    """The address of a server whose clients get every frame of one of the streams."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs, recording, stream), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _run(connection: Connection, recording: Path | None, stream: str) -> None:
    asyncio.run(_serve(connection, recording, stream))


async def _serve(connection: Connection, recording: Path | None, stream: str) -> None:
    frames = recorded_frames(recording) if recording is not None else made_frames()
    bytes_ = b"".join(map(_websocket_frame, frames.changes if stream == BOOK_STREAM else frames.trades))
    async with mini_exchange() as exchange:
        exchange.answers["depth"] = lambda query: frames.snapshot
        exchange.answers["trades"] = exchange.answers["historicalTrades"] = lambda query: []
        connection.send(exchange.address)
        served: set[web.WebSocketResponse] = set()
        while True:
            await exchange.until(lambda: bool(_subscribed(exchange, stream) - served), seconds=3600)
            await asyncio.sleep(SETTLING_S)
            for socket in _subscribed(exchange, stream) - served:
                served.add(socket)
                await _burst(socket, bytes_)


def _subscribed(exchange: MiniExchange, stream: str) -> set[web.WebSocketResponse]:
    return {socket for socket, streams in exchange.sockets.items() if stream in streams}


async def _burst(socket: web.WebSocketResponse, bytes_: bytes) -> None:
    transport = socket._req.transport if socket._req is not None else None
    assert transport is not None
    for first in range(0, len(bytes_), CHUNK):
        while transport.get_write_buffer_size() > 4 * CHUNK:
            await asyncio.sleep(0.0005)
        transport.write(bytes_[first : first + CHUNK])
        await asyncio.sleep(0)


def _websocket_frame(payload: bytes) -> bytes:
    """A text frame of a server: not masked."""
    size = len(payload)
    if size < 126:
        return bytes([0x81, size]) + payload
    if size < 1 << 16:
        return bytes([0x81, 126]) + size.to_bytes(2, "big") + payload
    return bytes([0x81, 127]) + size.to_bytes(8, "big") + payload
