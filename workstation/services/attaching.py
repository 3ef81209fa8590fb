"""How a window finds and reaches an engine that runs elsewhere."""

from __future__ import annotations

import os
import socket

import msgspec

from workstation.config.settings import Messaging
from workstation.core.clock import WallClock
from workstation.core.errors import MessagingError
from workstation.messaging.link import Address, NatsLink
from workstation.messaging.opening import session_name
from workstation.services.remote_engine import RemoteEngine


def asker() -> str:
    """Who sits here, as the engine journals it."""
    user = os.environ.get("USER") or os.environ.get("USERNAME") or "somebody"
    return f"{user}@{socket.gethostname()}"[:60]


class Attached:
    """``open`` once, then ``remote`` is there; ``close`` lets go of both."""

    def __init__(self, messaging: Messaging, address: Address, place: str = "") -> None:
        self.place = place or ", ".join(address.servers)
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
        link = NatsLink(self._address, who, session_name(who), clock.now_ns, largest, self._messaging.replicas)
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
