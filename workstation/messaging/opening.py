"""How a process comes to its NATS connection, by the configuration alone."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from workstation.config.settings import Messaging
from workstation.core.errors import MessagingError, StorageError
from workstation.messaging.link import Address, NatsLink, configured_address
from workstation.messaging.server import EmbeddedServer, kept_address
from workstation.storage.lock import FolderLock

FOLDER = "messaging"


class MessagingConnection:
    """A link, and the server behind it where this process runs one."""

    def __init__(self, link: NatsLink, server: EmbeddedServer | None, lock: FolderLock | None) -> None:
        self.link = link
        self.server = server
        self._lock = lock

    async def close(self) -> None:
        """Disconnect, then end the server."""
        await self.link.close()
        if self.server is not None:
            await self.server.stop()
        if self._lock is not None:
            self._lock.release()


async def open_messaging(messaging: Messaging, data: Path, name: str, now_ns: Callable[[], int]) -> MessagingConnection:
    """Connect as ``name``. Of the processes that share a data folder the first runs the embedded server.

    Raises ``MessagingError`` when messaging is switched off, or there is no server to be had.
    """
    largest = messaging.largest_message_kilobytes * 1024
    server, lock, address = None, None, Address(())
    if messaging.use == "none":
        raise MessagingError(
            f"{name} needs NATS, but messaging.use is none: set it to servers with the addresses, or to embedded."
        )
    if messaging.use == "servers":
        address = configured_address(messaging)
    else:
        folder = data / FOLDER
        lock = _take(folder, now_ns())
        if lock is not None:
            server = EmbeddedServer(folder, messaging.port, largest)
            try:
                await server.start()
            except BaseException:
                await server.stop()
                lock.release()
                raise
            address = server.address
        else:
            kept = kept_address(folder)
            if kept is None:
                raise MessagingError(f"The NATS server of {folder} is just starting; try again.")
            address = kept.address
    link = NatsLink(address, name, session_name(name), now_ns, largest, messaging.replicas)
    connection = MessagingConnection(link, server, lock)
    try:
        await link.open()
    except BaseException:
        await connection.close()
        raise
    return connection


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


def session_name(name: str) -> str:
    """A name of this run that no other has."""
    return f"{name}-{os.getpid()}-{secrets.token_hex(4)}"


def _take(folder: Path, now_ns: int) -> FolderLock | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MessagingError(f"{folder} cannot be made ({error.strerror}): choose another one with --data.") from error
    try:
        return FolderLock(folder / "lock", now_ns)
    except StorageError:
        return None
