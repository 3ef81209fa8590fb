"""Everything that a running engine does on NATS, on one connection."""

from __future__ import annotations

import asyncio

from workstation.messaging.link import NatsLink
from workstation.services.engine_bridge import EngineBridge
from workstation.services.journal_publisher import JournalPublisher
from workstation.services.risk.follower import RiskFollower
from workstation.session import Session


async def engine_on_nats(
    session: Session, bridge: EngineBridge, link: NatsLink, publisher: JournalPublisher | None
) -> None:
    """Answer and tell, publish the journal where there is a publisher, and follow the account's risk state.

    Runs until cancelled. A strategy core publishes no executions: those of its orders are the execution service's.
    """
    settings = session.settings
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bridge.run(link))
        follower = RiskFollower(
            link,
            settings.messaging.subjects,
            settings.account.name,
            settings.risk_service,
            session,
            # On a server of its own an engine is whole: the account's other engines would be elsewhere.
            expected=settings.messaging.use == "servers",
        )
        tasks.create_task(follower.run())
        if publisher is not None:
            tasks.create_task(publisher.run())


def journal_publisher(session: Session, link: NatsLink) -> JournalPublisher | None:
    """What publishes the session's journal, where the account is this engine's."""
    settings = session.settings
    if settings.execution.place != "here":
        return None
    return JournalPublisher(link, settings.messaging, session.folder.journal, session.clock.now_ns)
