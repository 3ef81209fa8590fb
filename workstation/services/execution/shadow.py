"""A paper engine beside the venue: the same market and orders, a simulated venue, books and a folder of its own.

It holds no keys and reaches no exchange, and nothing of the account waits for it: whatever goes wrong here ends the
shadow and not the service.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from workstation.config.loader import Loaded, settings_json
from workstation.config.settings import Messaging
from workstation.messaging.bodies import KillBody, QueryBody
from workstation.messaging.lease import Lease
from workstation.messaging.link import NatsLink
from workstation.messaging.order_bodies import RequestBody
from workstation.messaging.streams import ORDERS, ensure_stream
from workstation.services.execution.market_copy import MarketCopy
from workstation.services.execution.orders import OrderReader
from workstation.services.journal_publisher import JournalPublisher
from workstation.session import Session

FOLDER = "shadow"

log = logging.getLogger("workstation.services")


def shadow_configuration(loaded: Loaded) -> Loaded:
    """The execution service's settings on paper, the account named so that the two cannot be taken for one."""
    replace = msgspec.structs.replace
    wanted = loaded.settings
    settings = replace(
        wanted,
        mode="paper",
        account=replace(wanted.account, name=f"{wanted.account.name}-{FOLDER}"),
        execution=replace(wanted.execution, shadow="none"),
        record=replace(wanted.record, symbols=()),
    )
    return replace(loaded, settings=settings, json=settings_json(settings))


class ShadowRun:
    """``run`` until cancelled; it takes orders only while ``lease`` is held, as the service itself."""

    def __init__(self, live: Session, link: NatsLink, lease: Lease, seed: int | None) -> None:
        self._live = live
        self._link = link
        self._lease = lease
        self._seed = seed
        self._takes_all = live.settings.execution.shadow == "all"
        self.session: Session | None = None
        self.trouble = ""
        """What ended it."""

    @property
    def state(self) -> str:
        """In words, for the service's health."""
        if self.trouble:
            return f"the shadow ended: {self.trouble}"
        return f"a paper shadow of {'all orders' if self._takes_all else 'marked orders'}"

    async def run(self) -> None:
        try:
            await self._run()
        except Exception as error:
            self.trouble = str(error) or type(error).__name__
            log.error("The shadow ended, the account's orders go on: %s", self.trouble)

    async def _run(self) -> None:
        folder = self._live.folder.path / FOLDER
        market = MarketCopy(self._live)
        session = Session(shadow_configuration(self._live.loaded), folder, self._seed, market, takes_orders=True)
        session.open()
        self.session = session
        messaging = session.settings.messaging
        publisher = JournalPublisher(self._link, messaging, session.folder.journal, session.clock.now_ns, shadow=True)
        try:
            orders = await self._orders(session, messaging, folder)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(session.run())
                tasks.create_task(publisher.run())
                tasks.create_task(orders.run())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            await session.close()
            await publisher.finish()

    async def _orders(self, session: Session, messaging: Messaging, folder: Path) -> OrderReader:
        """A shadow that begins takes what comes from now on; one that has begun goes on where it stood."""
        file = folder / "orders.json"
        orders = OrderReader(
            self._link, messaging, session.settings.account.name, session, self._lease, file, takes=self._takes
        )
        if not file.exists():
            context = self._link.jetstream()
            await ensure_stream(context, messaging, ORDERS)
            orders.begin_at((await context.stream_info(ORDERS)).state.last_seq)
        return orders

    def _takes(self, body: RequestBody) -> bool:
        """Neither the question what became of a live order nor the account's kill is the shadow's."""
        return body.is_shadow or (self._takes_all and not isinstance(body, QueryBody | KillBody))
