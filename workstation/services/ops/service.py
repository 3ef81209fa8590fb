"""``workstation ops``: the API on its socket, within the service's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator

import uvicorn

from workstation.config.settings import Ops as OpsSettings
from workstation.core.errors import ConfigurationError
from workstation.messaging.bodies import EngineEventBody, ServiceHealthBody
from workstation.services.ops.app import make_app
from workstation.services.ops.context import Ops
from workstation.services.ops.tokens import Tokens, load_tokens
from workstation.services.running import Running

CLOSING_S = 2
KEEP_ALIVE_S = 20
MOST_CONNECTIONS = 500
LARGEST_SOCKET_MESSAGE = 16_384


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals belong to the service.
        yield


async def serve_ops(running: Running, tokens: Tokens | None = None) -> None:
    """Serve until cancelled. Raises ``WorkstationError`` when there is no token, or the address cannot be had."""
    settings = running.settings.ops
    tokens = tokens or load_tokens(settings.token_file)
    app, ops = make_app(running.loaded, running.folder, running.link, tokens, running.clock.now_ns)
    listener = _listen(settings)
    try:
        server = _Server(_configuration(app, settings))
        await _hear(running, ops)
        running.messages = lambda: ops.hub.number
        running.gaps = lambda: ops.hub.gaps
        running.state = "running"
        running.detail = address_text(settings, listener)
        print(f"The ops API and the web monitor are at {running.detail}. Ctrl-C stops them.", flush=True)
        watching = asyncio.ensure_future(ops.watch.run(running.clock.now_ns))
        controlling = asyncio.ensure_future(ops.control.run())
        serving = asyncio.ensure_future(server.serve([listener]))
        tasks = (watching, controlling, serving)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            watching.cancel()
            controlling.cancel()
            server.should_exit = True
            await asyncio.gather(*tasks, return_exceptions=True)
            await ops.control.close()
    finally:
        listener.close()


async def _hear(running: Running, ops: Ops) -> None:
    subjects, link = running.settings.messaging.subjects, running.link
    await link.subscribe(subjects.events, ops.hub.take, EngineEventBody)
    await link.subscribe(
        f"{subjects.health}.*", lambda m: ops.watch.hear_service(m, running.clock.now_ns()), ServiceHealthBody
    )
    connected_before = False

    def on_up() -> None:
        nonlocal connected_before
        if connected_before:
            ops.hub.tell_gap("The connection to NATS was lost for a while.")
        connected_before = True

    link.on_up(on_up)


def _configuration(app: object, settings: OpsSettings) -> uvicorn.Config:
    configuration = uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=LARGEST_SOCKET_MESSAGE,
        ws_per_message_deflate=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=CLOSING_S,
        limit_concurrency=MOST_CONNECTIONS,
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
    )
    # Requests that the door refuses are told by the door.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    try:
        configuration.load()
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"ops.tls_certificate and ops.tls_key cannot be used ({error}): name a certificate and its key, PEM."
        ) from None
    return configuration


def _listen(settings: OpsSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"The ops API cannot listen at {settings.host} port {settings.port} ({error.strerror or error}): free it, "
            "or choose others under ops.host and ops.port."
        ) from None
    listener.setblocking(False)
    return listener


def address_text(settings: OpsSettings, listener: socket.socket) -> str:
    """The address to open."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if settings.tls_certificate else 'http'}://{host}:{listener.getsockname()[1]}/"
