"""What every service has in common: its connection, its health told every few seconds, and an orderly end."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Literal

from workstation import __version__
from workstation.config.loader import Loaded
from workstation.core.clock import WallClock
from workstation.core.own_program import stop_signals
from workstation.messaging.bodies import ConfigReloadBody, ServiceHealthBody
from workstation.messaging.link import NatsLink
from workstation.messaging.moments import moment
from workstation.messaging.opening import open_messaging
from workstation.services.configuration_watch import ConfigurationWatch
from workstation.storage.layout import DataFolder

HEALTH_INTERVAL_S = 2.0

State = Literal["starting", "running", "degraded", "stopping"]

log = logging.getLogger("workstation.services")


class Running:
    """A service at work. It sets ``state``, ``detail`` and the counts; they are published."""

    def __init__(
        self,
        name: str,
        loaded: Loaded,
        folder: DataFolder,
        link: NatsLink,
        clock: WallClock,
        configuration: ConfigurationWatch | None = None,
    ) -> None:
        self.name = name
        self.loaded = loaded
        self.settings = loaded.settings
        self.folder = folder
        self.link = link
        self.clock = clock
        self.stopped = asyncio.Event()
        self.started_ns = clock.now_ns()
        self.state: State = "starting"
        self.detail = ""
        self.describe: Callable[[], str] = lambda: self.detail
        self.trouble: Callable[[], str] = lambda: ""
        """What keeps it from its work now; empty when nothing does."""
        self.configuration = configuration or ConfigurationWatch(loaded)
        self.messages: Callable[[], int] = lambda: 0
        self.gaps: Callable[[], int] = lambda: 0

    def health(self) -> ServiceHealthBody:
        trouble = self.trouble() if self.link.is_up else f"NATS: {self.link.state}"
        return ServiceHealthBody(
            service=self.name,
            state="degraded" if trouble and self.state == "running" else self.state,
            detail=", ".join(filter(None, (trouble or self.describe(), self.configuration.words)))[:500],
            version=__version__,
            started=moment(self.started_ns),
            messages=self.messages(),
            refused=self.link.refused,
            gaps=self.gaps(),
            configuration=self.configuration.hash,
            waiting=self.configuration.waiting,
        )

    async def tell_health(self) -> None:
        """Publish how it is, and hear of newer configurations, until cancelled."""
        subjects = self.settings.messaging.subjects
        subject = f"{subjects.health}.{self.name}"
        await self.link.subscribe(subjects.config_reload, self.configuration.hear, ConfigReloadBody)
        while True:
            await self.link.publish(subject, self.health())
            await asyncio.sleep(HEALTH_INTERVAL_S)


def _raise_first(work: asyncio.Future[None]) -> None:
    """Raise what ended a service: of several tasks that failed together the first."""
    error = work.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if error is not None:
        raise error


Serve = Callable[[Running], Awaitable[None]]


def run_service(name: str, loaded: Loaded, folder: DataFolder, serve: Serve, seconds: float | None = None) -> int:
    """Run a service until it is told to stop; the exit status. ``serve`` runs until it is cancelled.

    Raises ``WorkstationError``, of the service itself too.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    asyncio.run(_run(name, loaded, folder, serve, seconds))
    return 0


async def _run(name: str, loaded: Loaded, folder: DataFolder, serve: Serve, seconds: float | None) -> None:
    clock = WallClock()
    folder.create()
    connection = await open_messaging(loaded.settings.messaging, folder.path, name, clock.now_ns)
    running = Running(name, loaded, folder, connection.link, clock)
    loop = asyncio.get_running_loop()
    for number in stop_signals():
        loop.add_signal_handler(number, running.stopped.set)
    work = asyncio.ensure_future(serve(running))
    tells = asyncio.ensure_future(running.tell_health())
    waits = asyncio.ensure_future(running.stopped.wait())
    try:
        await asyncio.wait((work, waits), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            _raise_first(work)
        running.state = "stopping"
    finally:
        for task in (work, tells, waits):
            task.cancel()
        await asyncio.gather(work, tells, waits, return_exceptions=True)
        await connection.link.publish(f"{loaded.settings.messaging.subjects.health}.{name}", running.health())
        await connection.close()
    print(f"The {name} service stopped in order.", flush=True)
