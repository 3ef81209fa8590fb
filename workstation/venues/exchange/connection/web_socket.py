"""A websocket that is kept open: silence, a lost line and maintenance end in a new connection, never in giving up."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

import aiohttp
import msgspec

from workstation.venues.exchange.connection.patience import Pauses, short_reason

BUDGET_S = 0.004
"""How long messages are taken before the loop may serve the window."""
OPENING_S = 10.0
OLDEST_S = 23.5 * 3600
"""Exchanges close a connection after 24 hours; it is renewed before, at a moment of ours."""
STEADY_S = 30.0
"""A connection that lived so long was a good one: the next pause is short again."""


class Listener(Protocol):
    """What a connection tells. Nothing here awaits."""

    def on_open(self) -> None:
        """Connected; what was subscribed to will come."""

    def on_message(self, data: bytes) -> None:
        """One message. Raises ``StreamEnded`` when the connection must be renewed."""

    def on_down(self, reason: str) -> None:
        """The connection is gone, or could not be made."""


class StreamEnded(Exception):
    """The exchange announced the end of the connection, or refused a stream; the message says so."""


class WebSocket:
    """One connection with its subscriptions, reopened for ever with growing pauses."""

    def __init__(
        self, url: str, greetings: tuple[bytes, ...], listener: Listener, silent_s: float, pauses: Pauses
    ) -> None:
        self._url = url
        self._greetings = greetings
        self._listener = listener
        self._silent_s = silent_s
        self._pauses = pauses
        self.last_s = 0.0
        self._opened_s = 0.0
        self._ending = ""
        self._bound: asyncio.Timeout | None = None
        self.connections = 0

    @property
    def reconnects(self) -> int:
        return max(0, self.connections - 1)

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Stay connected until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._opened_s = loop.time()
            try:
                reason = await self._serve(session)
            except (aiohttp.ClientError, OSError, StreamEnded) as error:
                reason = short_reason(error)
            except TimeoutError:
                reason = f"no answer within {OPENING_S:g} s"
            self._listener.on_down(reason)
            if loop.time() - self._opened_s > STEADY_S:
                self._pauses.reset()
            await asyncio.sleep(self._pauses.next_s())

    def end(self, reason: str) -> None:
        """Close this connection and open another."""
        if self._bound is not None and not self._bound.expired():
            self._ending = reason
            self._bound.reschedule(asyncio.get_running_loop().time())

    async def _serve(self, session: aiohttp.ClientSession) -> str:
        """Read until the connection ends; why it did."""
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        async with asyncio.timeout(OPENING_S):
            socket = await session.ws_connect(self._url, timeout=timeout, max_msg_size=0, decode_text=False)
        self.connections += 1
        try:
            for greeting in self._greetings:
                await socket.send_str(greeting.decode())
            self._listener.on_open()
            return await self._read(socket)
        finally:
            await socket.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> str:
        loop = asyncio.get_running_loop()
        self.last_s = loop.time()
        self._ending = ""
        on_message, perf_counter = self._listener.on_message, time.perf_counter
        started = perf_counter()
        try:
            async with asyncio.timeout(self._silent_s) as self._bound:
                self._extend()
                while True:
                    message = await socket.receive()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        return f"closed by the exchange{_closing_text(message.data, message.extra)}"
                    self.last_s = loop.time()
                    on_message(message.data)
                    if perf_counter() - started > BUDGET_S:
                        await asyncio.sleep(0)
                        started = perf_counter()
        except TimeoutError:
            return self._ending or f"silent for {self._silent_s:g} s"
        finally:
            self._bound = None

    def _extend(self) -> None:
        """Move the bound of silence behind the last message, now and then instead of at every message."""
        if self._bound is None or self._bound.expired():
            return
        loop = asyncio.get_running_loop()
        if loop.time() - self._opened_s > OLDEST_S:
            self.end("renewed before the exchange closes it")
            return
        self._bound.reschedule(max(loop.time(), self.last_s + self._silent_s))
        loop.call_later(self._silent_s / 4, self._extend)


def _closing_text(*parts: object) -> str:
    words = " ".join(str(part) for part in parts if part)
    return f" ({words})" if words else ""


def subscriptions(streams: list[str], each: int = 100) -> tuple[bytes, ...]:
    """Binance's requests for streams, few enough that it takes them at once."""
    return tuple(
        msgspec.json.encode({"method": "SUBSCRIBE", "params": streams[first : first + each], "id": first // each + 1})
        for first in range(0, len(streams), each)
    )
