"""Puts a running session on NATS: in the background, for as long as it runs, whatever becomes of NATS."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from workstation.core.errors import MessagingError
from workstation.messaging.link import NatsLink
from workstation.messaging.opening import MessagingConnection, open_messaging
from workstation.services.configuration_watch import ConfigurationWatch
from workstation.services.engine_bridge import EngineBridge
from workstation.services.engine_on_nats import engine_on_nats, journal_publisher
from workstation.services.journal_publisher import JournalPublisher
from workstation.services.running import Running
from workstation.session import Session

RETRY_S = 2.0
NAME = "engine"
STRATEGIES = "strategies"
"""How it is called where its orders go to an execution service."""

log = logging.getLogger("workstation.services")


class SessionMessaging:
    """``start`` when the session is open, ``stop`` before it is closed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection: MessagingConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._trouble = "connecting"
        self._configuration = ConfigurationWatch(session.loaded)

    @property
    def state(self) -> str:
        """How it stands, in words."""
        if self._connection is None:
            return f"down: {self._trouble}"
        return ", ".join(filter(None, (self._connection.link.state, self._configuration.words)))

    def start(self) -> None:
        """Begin to connect, and go on by itself."""
        self._task = asyncio.ensure_future(self._run(EngineBridge(self._session)))
        self._session.health.messaging = lambda: self.state

    async def stop(self) -> None:
        """Answer no more and disconnect."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self, bridge: EngineBridge) -> None:
        while True:
            try:
                await self._serve(bridge)
            except MessagingError as error:
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    log.warning("%s Trading goes on without NATS; it is tried again.", error)
            except Exception as error:
                self._trouble = f"the bridge to NATS failed ({error})"
                log.error("The bridge to NATS failed; trading goes on, and it is tried again.", exc_info=error)
            await asyncio.sleep(RETRY_S)

    def _health(self, link: NatsLink, publisher: JournalPublisher | None) -> Running:
        """As every service tells it: whether it trades, and what it waits for."""
        session = self._session
        name = NAME if session.settings.execution.place == "here" else STRATEGIES
        running = Running(name, session.loaded, session.folder, link, session.clock, self._configuration)
        running.state = "running"
        running.trouble = lambda: session.waits_for() or (publisher.trouble if publisher is not None else "")
        running.describe = lambda: (
            f"{session.mode.lower()} on {session.market_title}, {session.kernel.trading.state.lower()}"
        )
        return running

    async def _serve(self, bridge: EngineBridge) -> None:
        session = self._session
        messaging, folder = session.settings.messaging, session.folder.path
        connection = await open_messaging(messaging, folder, NAME, session.clock.now_ns)
        try:
            self._connection, self._trouble = connection, ""
            log.info("The engine is on NATS: %s.", ", ".join(connection.link.servers))
            publisher = journal_publisher(session, connection.link)
            health = self._health(connection.link, publisher)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(health.tell_health())
                tasks.create_task(engine_on_nats(session, bridge, connection.link, publisher))
        finally:
            self._connection = None
            await connection.close()
