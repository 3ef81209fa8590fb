"""How a window finds and reaches an engine that runs elsewhere."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from workstation.config.settings import Messaging
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError
from workstation.messaging.link import Address, NatsLink, configured_address
from workstation.messaging.opening import FOLDER, session_name
from workstation.messaging.server import kept_address
from workstation.services.remote_engine import RemoteEngine


def attach_address(messaging: Messaging, data: Path, given: str) -> Address:
    """The server that was named; without a name the configured ones, or the one that the data folder's engine runs.

    Raises ``MessagingError`` with the remedy.
    """
    kept = kept_address(data / FOLDER)
    if not given:
        if messaging.use == "servers":
            return configured_address(messaging)
        if kept is None:
            raise MessagingError(
                f"There is no engine's NATS server in {data}: start the engine with messaging.use embedded, choose its "
                "folder with --data, or name a server, as --attach nats://host:4222."
            )
        return kept.address
    place = urlsplit(given)
    if place.scheme not in ("nats", "tls") or not place.hostname or place.username or place.password:
        raise MessagingError(
            f"{place.scheme or given}: this is no server to attach to; write nats://host:4222 or tls://host:4222, and "
            "name the user under messaging.user."
        )
    if kept is not None and not messaging.user and kept.address.servers == (given.rstrip("/"),):
        return kept.address
    return configured_address(msgspec.structs.replace(messaging, servers=(given,)))


def asker() -> str:
    """Who sits here, as the engine journals it."""
    user = os.environ.get("USER") or os.environ.get("USERNAME") or "somebody"
    return f"{user}@{socket.gethostname()}"[:60]


class Attached:
    """``open`` once, then ``remote`` is there; ``close`` lets go of both."""

    def __init__(self, messaging: Messaging, address: Address) -> None:
        self.place = ", ".join(address.servers)
        self._messaging = messaging
        self._address = address
        self._clock = WallClock()
        self._link: NatsLink | None = None
        self._remote: RemoteEngine | None = None

    @property
    def remote(self) -> RemoteEngine:
        assert self._remote is not None
        return self._remote

    async def open(self) -> None:
        """Connect and learn what the engine has. Raises ``MessagingError``, holding nothing."""
        who, clock = asker(), self._clock
        largest = self._messaging.largest_message_kilobytes * 1024
        link = NatsLink(self._address, who, session_name(who), clock.now_ns, largest)
        await link.open(patience_s=5.0)
        remote = RemoteEngine(link, self._messaging.subjects, self.place, who, clock)
        try:
            await remote.open()
        except msgspec.ValidationError as error:
            await link.close()
            raise MessagingError(
                f"The engine at {self.place} speaks another version ({error}): use the same one on both sides."
            ) from None
        except BaseException:
            await link.close()
            raise
        self._link, self._remote = link, remote

    async def close(self) -> None:
        """Give up control and disconnect; the engine goes on."""
        if self._remote is not None and self._link is not None:
            await self._remote.close()
            await self._link.close()
