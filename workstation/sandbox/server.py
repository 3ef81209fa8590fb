"""The server: one address for everything, which lets the market run and hands requests to the exchange."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from random import Random
from typing import Any

import orjson
from aiohttp import web

from workstation.core.clock import WallClock
from workstation.core.errors import WorkstationError
from workstation.core.timeframe import SECOND_NS
from workstation.sandbox import errors
from workstation.sandbox.chaos import Chaos
from workstation.sandbox.connection import Connection
from workstation.sandbox.control import Control
from workstation.sandbox.endpoint import Endpoint
from workstation.sandbox.exchange import Exchange
from workstation.sandbox.gate import Answer, Asked, Gate, refused, unknown_path
from workstation.sandbox.listing import Market
from workstation.sandbox.mishaps import Mishaps
from workstation.sandbox.registry import ENDPOINTS
from workstation.sandbox.signing import request_values, signed_payload
from workstation.sandbox.stream_connection import StreamConnection
from workstation.sandbox.streams import StreamHub
from workstation.sandbox.user_streams import UserStreams
from workstation.sandbox.websocket_api import ApiConnection
from workstation.sandbox.weights import too_much_weight

PACE_S = 0.02
"""How often a market that goes by the wall clock is brought up to date."""
MOST_AT_ONCE_NS = 5 * SECOND_NS
_log = logging.getLogger(__name__)


class SandboxServer:
    """Serves an exchange on ``host``. ``paced``: the market goes with the wall clock, otherwise with ``step``.

    Requests are held against the wall clock (and a chaos switch's skew) in either case.
    """

    def __init__(self, exchange: Exchange, seed: int, *, paced: bool = True, host: str = "127.0.0.1") -> None:
        self.exchange = exchange
        self.host = host
        self.port = 0
        self.paced = paced
        self.failure: BaseException | None = None
        """Why the market stands still, when it does."""
        self._wall = WallClock()
        self.chaos = Chaos(Random(f"chaos {seed}"), self._wall.now_ns)
        self.chaos.on_change = self._on_chaos
        self.gate = Gate(exchange, ENDPOINTS, self.now_ns)
        self.hub = StreamHub(exchange)
        self.hub.withhold_diff = lambda stream: self.chaos.strikes("gap", stream.name, ("market",)) is not None
        self.users = UserStreams(exchange.listen_keys, self._wall.now_ns)
        exchange.on_event = self.users.deliver
        exchange.floor.partial_percent = self._partial_percent
        self._mishaps = Mishaps(exchange, self.chaos)
        self.control = Control(self)
        self._connections: dict[int, Connection] = {}
        self._connected = 0
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.stopped = asyncio.Event()

    def now_ns(self) -> int:
        """The server's clock, as clients see it."""
        skew = self.chaos.holds("clock_skew")
        return self._wall.now_ns() + (skew.milliseconds_ns(5_000) if skew else 0)

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    # --- running -----------------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> None:
        """Listen. Raises ``WorkstationError`` when the port cannot be had."""
        application = web.Application(client_max_size=1_048_576)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise WorkstationError(
                f"Port {port} of {self.host} cannot be used ({error.strerror}): choose another with --port."
            ) from None
        self.port = self._runner.addresses[0][1]
        if self.paced:
            self.exchange.advance(self._wall.now_ns())
        self._spawn(self._pace())

    async def stop(self) -> None:
        """Close every connection, then the port."""
        for connection in list(self._connections.values()):
            connection.end()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        self.stopped.set()

    def catch_up(self) -> None:
        """Bring a paced market to now; after a long sleep of the machine, bit by bit."""
        if self.paced:
            self.exchange.advance(min(self._wall.now_ns(), self.exchange.clock.time_ns + MOST_AT_ONCE_NS))

    def step(self, duration_ns: int) -> None:
        """Let the market run for so long at once."""
        self.exchange.advance(self.exchange.clock.time_ns + duration_ns)

    async def _pace(self) -> None:
        try:
            while True:
                self.catch_up()
                await asyncio.sleep(PACE_S)
        except WorkstationError as error:
            self.fail(error)
        except Exception as error:
            _log.exception("The market of the sandbox exchange has stopped")
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Stop: the exchange cannot go on."""
        self.failure = self.failure or error
        self.stopped.set()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_chaos(self) -> None:
        if self.chaos.holds("maintenance"):
            for connection in list(self._connections.values()):
                connection.end()

    def _partial_percent(self) -> int | None:
        switch = self.chaos.strikes("partial_fill")
        return None if switch is None else int(switch.value or 40)

    # --- requests ----------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/") or "/"
        if path.startswith("/sandbox"):
            return await self.control.serve(request, path)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._serve_socket(request, path)
        body = (await request.read()).decode("utf-8", "replace")
        endpoint = self.gate.find(request.method, path)
        if endpoint is None:
            return _response(unknown_path())
        query = request.rel_url.raw_query_string
        asked = Asked(
            request.remote or "",
            request.headers.get("X-MBX-APIKEY"),
            request_values(query, body),
            signed_payload(query, body),
        )
        answer = await self._executed(endpoint, f"{request.method} {path}", asked)
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return _response(answer)

    async def _executed(self, endpoint: Endpoint, name: str, asked: Asked) -> Answer | None:
        """Carry a request out, with what chaos does to it; ``None`` when no answer leaves."""
        strikes = self.chaos.strikes
        if self.failure is not None:
            return None
        if self.chaos.holds("maintenance"):
            return refused(errors.in_maintenance(), {})
        late = strikes("latency", name)
        half_s = late.milliseconds_ns(500) / 2e9 if late else 0.0
        if late:
            await asyncio.sleep(half_s)
        dropped = strikes("drop_request", name)
        if dropped:
            await asyncio.sleep(dropped.milliseconds_ns(0) / 1e9)
            return None
        refusal = self._chaotic_refusal(name, asked.address)
        if refusal is not None:
            return refusal
        unsure = strikes("timeout", name)
        if unsure and not self.chaos.decides(unsure):
            return refused(errors.outcome_unknown(), {})
        try:
            self.catch_up()
            answer = self.gate.execute(endpoint, asked)
        except WorkstationError as error:
            # What cannot be written has not happened; nothing more is answered.
            self.fail(error)
            return None
        if unsure:
            return refused(errors.outcome_unknown(), {})
        unanswered = strikes("drop_reply", name)
        if unanswered:
            await asyncio.sleep(unanswered.milliseconds_ns(0) / 1e9)
            return None
        if late:
            await asyncio.sleep(half_s)
        return answer

    def _chaotic_refusal(self, name: str, address: str) -> Answer | None:
        strikes = self.chaos.strikes
        broken = strikes("server_error", name)
        if broken:
            status = int(broken.value or 502)
            return refused(
                errors.ApiError(-1000, "An unknown error occurred while processing the request.", status), {}
            )
        banned = strikes("ban", name)
        if banned:
            self.gate.ban(address, int((banned.value or 120) * SECOND_NS))
        limited = strikes("rate_limit", name)
        if limited:
            limit = self.gate.weights[Market.SPOT].weight.limit
            return refused(too_much_weight(limit, int(limited.value or 1)), {})
        return None

    # --- websockets --------------------------------------------------------------------------------------------------

    async def _serve_socket(self, request: web.Request, path: str) -> web.StreamResponse:
        if self.chaos.holds("maintenance"):
            return _response(refused(errors.in_maintenance(), {}))
        route = socket_route(path)
        if route is None:
            return _response(unknown_path())
        market, kind, combined, names = route
        self._connected += 1
        connection = Connection(self._connected, kind, self.chaos)
        self._connections[connection.number] = connection
        try:
            if kind == "api":
                api = ApiConnection(connection, self.gate, self.users, market, request.remote or "", self._executed)
                return await api.run(request, self._spawn)
            names = names + [name for name in request.query.get("streams", "").split("/") if name]
            listen_key = request.query.get("listenKey")
            if listen_key:
                names.append(listen_key)
                connection.kind = "user"
            self.catch_up()
            return await StreamConnection(connection, self.hub, self.users, market, combined).run(request, names)
        finally:
            del self._connections[connection.number]

    def connections(self) -> list[Connection]:
        """Those that are open."""
        return list(self._connections.values())


def socket_route(path: str) -> tuple[Market, str, bool, list[str]] | None:
    """Market, kind, whether messages are wrapped, and the streams that a websocket's path names.

    Spot: /ws, /ws/<stream>, /ws/<number>, /stream, /stream/<number>, /stream/ws, /ws-api/v3. USD-M the same below
    /fut, with /public, /market or /private before, and /ws-fapi/v1.
    """
    parts = [part for part in path.split("/") if part]
    market = Market.SPOT
    while parts and parts[0] in ("fut", "public", "market", "private"):
        market = Market.FUTURES
        parts = parts[1:]
    if parts[:1] == ["ws-api"]:
        return market, "api", False, []
    if parts[:1] == ["ws-fapi"]:
        return Market.FUTURES, "api", False, []
    if parts[:2] == ["stream", "ws"]:
        return market, "market", False, _stream_names(parts[2:])
    if parts[:1] == ["stream"]:
        return market, "market", True, _stream_names(parts[1:])
    if parts[:1] == ["ws"]:
        return market, "market", False, _stream_names(parts[1:])
    return None


def _stream_names(parts: list[str]) -> list[str]:
    return [part for part in parts if not part.isdigit()]


def _response(answer: Answer) -> web.Response:
    return web.Response(
        status=answer.status,
        body=orjson.dumps(answer.body),
        headers=answer.headers,
        content_type="application/json",
    )
