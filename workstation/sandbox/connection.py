"""A websocket connection from the server's side: its queue, its keep-alive, and what chaos does to its messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from workstation.sandbox.chaos import Chaos

PING_S = 20.0
MOST_UNANSWERED = 3
"""Pings without a pong, after which the client counts as gone."""
MOST_QUEUED = 20_000
"""Messages that wait for a client that does not read; beyond them it is disconnected."""
MOST_MESSAGE_BYTES = 1_048_576


class Connection:
    """Messages leave in the order in which they were given. ``kind`` is market, user or api."""

    def __init__(self, number: int, kind: str, chaos: Chaos) -> None:
        self.number = number
        self.kind = kind
        self.socket = web.WebSocketResponse(autoping=False, max_msg_size=MOST_MESSAGE_BYTES)
        self._chaos = chaos
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._held: list[bytes] = []
        self._silent = False
        self._answers_pings = True
        self._ended = False
        self._unanswered = 0

    @property
    def names(self) -> tuple[str, ...]:
        """What a chaos switch may call it."""
        return self.kind, str(self.number)

    async def run(self, request: web.Request, on_message: Callable[[bytes], None]) -> web.WebSocketResponse:
        """Serve until either side ends it."""
        await self.socket.prepare(request)
        writer = asyncio.create_task(self._write())
        pinger = asyncio.create_task(self._ping())
        try:
            async for message in self.socket:
                if message.type is WSMsgType.PING:
                    if self._answers_pings:
                        await self.socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._unanswered = 0
                elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    data = message.data
                    on_message(data.encode() if isinstance(data, str) else data)
        finally:
            self._ended = True
            for task in (writer, pinger):
                task.cancel()
                with suppress(asyncio.CancelledError, ConnectionError):
                    await task
        return self.socket

    def send(self, body: Any) -> None:
        """Queue an answer, which chaos leaves alone but for silence."""
        self._put(orjson.dumps(body))

    def push(self, message: bytes, stream: str) -> None:
        """Queue a message of a stream."""
        strikes, names = self._chaos.strikes, self.names
        if self._chaos.switches:
            if strikes("disconnect", stream, names):
                self.end()
                return
            silent = strikes("silent", stream, names)
            if silent is not None:
                self._silent = True
                self._answers_pings = silent.value is None or silent.value > 0
            if strikes("drop_message", stream, names):
                return
            if strikes("reorder", stream, names):
                self._held.append(message)
                return
            if strikes("duplicate", stream, names):
                self._put(message)
        self._put(message)
        while self._held:
            self._put(self._held.pop(0))

    def _put(self, message: bytes) -> None:
        if self._silent or self._ended:
            return
        if self._queue.qsize() >= MOST_QUEUED:
            self.end()
            return
        self._queue.put_nowait(message)

    def end(self) -> None:
        """Close it after what is queued, and send nothing any more."""
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(None)

    def drop(self, request: web.Request) -> None:
        """Cut it without a word."""
        self._ended = True
        if request.transport is not None:
            request.transport.abort()

    async def _write(self) -> None:
        while True:
            message = await self._queue.get()
            if message is None:
                await self.socket.close(code=WSCloseCode.GOING_AWAY, message=b"disconnected")
                return
            late = self._chaos.strikes("message_latency", connection=self.names)
            if late is not None:
                await asyncio.sleep(late.milliseconds_ns(500) / 1e9)
            with suppress(ConnectionError):
                await self.socket.send_str(message.decode())

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            if self._unanswered >= MOST_UNANSWERED:
                self.end()
            elif not self._silent:
                self._unanswered += 1
                with suppress(ConnectionError):
                    await self.socket.ping()
