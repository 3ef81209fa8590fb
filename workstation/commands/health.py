"""``workstation health``: how the services are."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence

from workstation.commands.places import data_folder, settings
from workstation.config.settings import Messaging
from workstation.core.clock import WallClock
from workstation.messaging.bodies import ServiceHealthBody
from workstation.messaging.link import Address, NatsLink
from workstation.messaging.opening import attach_address, session_name
from workstation.services.health import LISTENING_S, hear_services

CONNECTING_S = 3.0


def health(arguments: argparse.Namespace) -> int:
    """Print a line for each service; 0 when all of them are running."""
    loaded = settings(arguments)
    messaging = loaded.settings.messaging
    address = attach_address(messaging, data_folder(arguments).path, "")
    names: list[str] = arguments.names
    heard = asyncio.run(_ask(messaging, address, names))
    for name in names or sorted(heard):
        print(line(name, heard.get(name), loaded.hash))
    if not heard and not names:
        print(f"No service told its health within {LISTENING_S:.0f} s: are any started?")
    wanted = names or list(heard)
    return 0 if wanted and all(name in heard and heard[name].state == "running" for name in wanted) else 1


async def _ask(messaging: Messaging, address: Address, names: Sequence[str]) -> Mapping[str, ServiceHealthBody]:
    largest = messaging.largest_message_kilobytes * 1024
    link = NatsLink(address, "health", session_name("health"), WallClock().now_ns, largest)
    await link.open(CONNECTING_S)
    try:
        return await hear_services(link, messaging.subjects, names)
    finally:
        await link.close()


def line(name: str, told: ServiceHealthBody | None, newest: str) -> str:
    """What is printed of a service; ``newest`` is the hash of the configuration's file as it is now."""
    if told is None:
        return f"{name:<12} silent     nothing was heard for {LISTENING_S:.0f} s"
    counts = f"{told.messages:,} messages, {told.gaps:,} gaps, {told.refused:,} refused"
    text = f"{name:<12} {told.state:<10} {told.detail or 'no detail'}; {counts}; since {told.started}"
    if told.configuration and told.configuration != newest:
        text += (
            f"; runs with configuration {told.configuration[:12]}, the file is {newest[:12]}: restart it to take it up"
        )
    return text
