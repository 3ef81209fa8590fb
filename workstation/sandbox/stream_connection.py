"""A connection to the market streams, or to a user's stream by its listen key."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from workstation.sandbox.connection import Connection
from workstation.sandbox.listing import Market
from workstation.sandbox.streams import MOST_STREAMS, Stream, StreamHub
from workstation.sandbox.user_streams import UserStreams


class StreamRequest(msgspec.Struct):
    """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY, GET_PROPERTY."""

    method: str
    params: list[Any] = []
    id: int | str | None = None


class StreamConnection:
    """``combined`` wraps each message with its stream's name."""

    def __init__(
        self, connection: Connection, hub: StreamHub, users: UserStreams, market: Market, combined: bool
    ) -> None:
        self.connection = connection
        self._hub = hub
        self._users = users
        self._market = market
        self._combined = combined
        self._streams: dict[str, Stream | None] = {}

    async def run(self, request: web.Request, names: list[str]) -> web.WebSocketResponse:
        """Subscribe to what the address names, and serve. Raises ``HTTPBadRequest`` for a name that is none."""
        for name in names:
            if not self._subscribe(name):
                raise web.HTTPBadRequest(text=f"Invalid stream: {name}")
        try:
            return await self.connection.run(request, self._on_message)
        finally:
            self.close()

    def close(self) -> None:
        for stream in self._streams.values():
            if stream is not None:
                self._hub.unsubscribe(self, stream)
        self._users.forget(self)

    # --- what it is sent ---------------------------------------------------------------------------------------------

    def take(self, stream: str, message: bytes) -> None:
        """A message of a market stream."""
        if self._combined:
            message = b'{"stream":"' + stream.encode() + b'","data":' + message + b"}"
        self.connection.push(message, stream)

    def take_event(self, stream: str, message: bytes) -> None:
        """An event of an account."""
        self.take(stream, message)

    # --- what it asks ------------------------------------------------------------------------------------------------

    def _on_message(self, raw: bytes) -> None:
        try:
            asked = msgspec.json.decode(raw, type=StreamRequest)
        except msgspec.MsgspecError as error:
            self.connection.send({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}})
            return
        if asked.method == "LIST_SUBSCRIPTIONS":
            self._answer(asked, list(self._streams))
        elif asked.method == "SET_PROPERTY" and asked.params[:1] == ["combined"] and len(asked.params) == 2:
            self._combined = bool(asked.params[1])
            self._answer(asked, None)
        elif asked.method == "GET_PROPERTY" and asked.params == ["combined"]:
            self._answer(asked, self._combined)
        elif asked.method in ("SUBSCRIBE", "UNSUBSCRIBE"):
            self._change(asked)
        else:
            self._refuse(asked, 0, f"Unknown property or method: {asked.method}")

    def _change(self, asked: StreamRequest) -> None:
        if not asked.params or not all(isinstance(name, str) for name in asked.params):
            self._refuse(asked, 2, "Invalid request: params must be a list of stream names")
            return
        for name in asked.params:
            if asked.method == "UNSUBSCRIBE":
                stream = self._streams.pop(name, None)
                if stream is not None:
                    self._hub.unsubscribe(self, stream)
            elif not self._subscribe(name):
                self._refuse(asked, 2, f"Invalid request: invalid stream {name}")
                return
        self._answer(asked, None)

    def _subscribe(self, name: str) -> bool:
        if name in self._streams:
            return True
        if len(self._streams) >= MOST_STREAMS:
            return False
        stream = self._hub.find(self._market, name)
        if stream is not None:
            self._hub.subscribe(self, stream)
        elif self._market is not Market.FUTURES or not self._users.listen(self, name):
            return False
        self._streams[name] = stream
        return True

    def _answer(self, asked: StreamRequest, result: Any) -> None:
        self.connection.send({"result": result, "id": asked.id})

    def _refuse(self, asked: StreamRequest, code: int, text: str) -> None:
        self.connection.send({"error": {"code": code, "msg": text}, "id": asked.id})
