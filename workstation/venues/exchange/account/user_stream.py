"""The account's own stream: kept connected, and told when it comes back, since what it missed must be asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import orjson

from workstation.venues.exchange.connection.call import Priority
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed

log = logging.getLogger(__name__)

HEARTBEAT_S = 10.0
CONNECT_S = 10.0
KEEP_ALIVE_S = 20 * 60.0
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
_ENDS = ("eventStreamTerminated", "serverShutdown", "listenKeyExpired")
_CLOCK_CODES = ("-1021",)


class StreamLost(Exception):
    """The stream broke or is about to end; connect again."""


class UserStream:
    """Base: ``run`` for as long as the session lasts. ``on_connected`` is called whenever the stream stands."""

    def __init__(self, client: ExchangeClient, on_connected: Callable[[], None]) -> None:
        self._client = client
        self._on_connected = on_connected
        self._connection: asyncio.Task[None] | None = None
        self._reopening = False
        self.connected = False
        self.connections = 0
        """How often it stood so far."""
        self.problem = ""
        """Why it does not stand, for screens."""

    async def run(self) -> None:
        """Connect, and again after each loss, waiting longer each time that it fails. Ends when cancelled."""
        wait_s = FIRST_WAIT_S
        while True:
            self._connection = asyncio.ensure_future(self._connect())
            try:
                await self._connection
            except asyncio.CancelledError:
                if not self._reopening:
                    raise
                self._reopening = False
            except (StreamLost, CallFailed, aiohttp.ClientError, OSError, TimeoutError) as error:
                self.problem = self._client.ccxt.scrub(str(error)) or type(error).__name__
            except Exception as error:  # whatever breaks, the account must be heard again
                self.problem = self._client.ccxt.scrub(f"{type(error).__name__}: {error}")
                log.error("The user stream of %s broke: %s", self._client.name, self.problem)
            if self.connected:
                self.connected = False
                wait_s = FIRST_WAIT_S
                log.info("The user stream of %s is lost: %s", self._client.name, self.problem)
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, 2 * wait_s)

    def reconnect(self, why: str) -> None:
        """Close the connection, which seems dead, and open another."""
        if self._connection is not None and self.connected:
            self.problem = why
            self._reopening = self._connection.cancel()

    def _stands(self) -> None:
        self.connected = True
        self.connections += 1
        self.problem = ""
        self._on_connected()

    async def _connect(self) -> None:
        raise NotImplementedError


class BinanceUserStream(UserStream):
    """Read by ourselves: ccxt keeps the newest orders and trades only, and hides why a subscription fails."""

    def __init__(
        self,
        client: ExchangeClient,
        on_event: Callable[[dict[str, Any]], Awaitable[None]],
        on_connected: Callable[[], None],
    ) -> None:
        super().__init__(client, on_connected)
        self._on_event = on_event

    async def _connect(self) -> None:
        if self._client.settings.market == "spot":
            await self._read_spot()
        else:
            await self._read_linear()

    async def _read_spot(self) -> None:
        """One connection of the websocket interface, subscribed by signature."""
        exchange = self._client.ccxt
        async with self._open(exchange.urls["api"]["ws"]["ws-api"]["spot"]) as socket:
            request = {"id": "1", "method": "userDataStream.subscribe.signature", "params": exchange.sign_params({})}
            await socket.send_json(request)
            message = await socket.receive(timeout=CONNECT_S)
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise StreamLost("the exchange closed the connection instead of subscribing")
            answer = orjson.loads(message.data)
            if answer.get("status") != 200:
                error = answer.get("error", {})
                if str(error.get("code")) in _CLOCK_CODES:
                    await self._client.measure_clock()
                raise StreamLost(f"{error.get('code')} {error.get('msg')}")
            await self._read(socket)

    async def _read_linear(self) -> None:
        """A connection by a listen key that must be kept alive."""
        exchange = self._client.ccxt
        answer = await self._client.ask(exchange.fapiPrivatePostListenKey, priority=Priority.CANCEL)
        keeper: asyncio.Task[None] | None = None
        try:
            async with self._open(exchange.get_private_ws_url("linear", answer["listenKey"])) as socket:
                keeper = asyncio.ensure_future(self._keep_alive(socket))
                await self._read(socket)
        finally:
            if keeper is not None:
                keeper.cancel()

    async def _keep_alive(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            try:
                await self._client.ask(self._client.ccxt.fapiPrivatePutListenKey, priority=Priority.CANCEL)
            except CallFailed:
                await socket.close()

    def _open(self, address: str) -> Any:
        self._client.ccxt.open()
        return self._client.ccxt.session.ws_connect(
            address, heartbeat=HEARTBEAT_S, timeout=aiohttp.ClientWSTimeout(ws_close=1.0), max_msg_size=0
        )

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._stands()
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            event = orjson.loads(message.data)
            event = event.get("event", event)
            if event.get("e") in _ENDS:
                raise StreamLost(event["e"])
            await self._on_event(event)
        raise StreamLost("the exchange closed the connection")
