"""Hears what services tell of their health."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from workstation.config.settings import Subjects
from workstation.messaging.bodies import ServiceHealthBody
from workstation.messaging.envelope import Message
from workstation.messaging.link import NatsLink

LISTENING_S = 5.0
"""More than two of the intervals at which services speak."""


async def hear_services(link: NatsLink, subjects: Subjects, names: Sequence[str]) -> dict[str, ServiceHealthBody]:
    """The next word of each service by its name: until all that are named were heard, or the time is over."""
    heard: dict[str, ServiceHealthBody] = {}
    complete = asyncio.Event()

    def hear(message: Message) -> None:
        body = message.body
        assert isinstance(body, ServiceHealthBody)
        heard[body.service] = body
        if names and all(name in heard for name in names):
            complete.set()

    await link.subscribe(f"{subjects.health}.*", hear, ServiceHealthBody)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LISTENING_S):
            await complete.wait()
    return heard
