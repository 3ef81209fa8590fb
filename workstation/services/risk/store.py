"""The risk state in the key-value bucket: what everybody reads, and what the service itself resumes from.

Under the account's name stands the ``risk_state`` message, as it is published. Beside it stands the service's memory,
with the positions in the streams up to which it holds: it is written first and whole, so the two cannot part. Each
write names the revision that it follows, so that of two services only the later one goes on.
"""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import quote

from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from workstation.core.errors import MessagingError
from workstation.messaging.bodies import RiskStateBody
from workstation.messaging.link import NatsLink
from workstation.messaging.streams import RISK_BUCKET, ensure_bucket

SCHEMA = 1

log = logging.getLogger("workstation.services")


def risk_key(account: str) -> str:
    """The key of an account: its name, with ``=XX`` for each byte that a key may not hold."""
    return quote(account, safe="").replace(".", "%2E").replace("~", "%7E").replace("%", "=")


class RiskStore:
    """Raises errors of NATS while it is away, and ``MessagingError`` when another service has taken over."""

    def __init__(self, link: NatsLink, account: str) -> None:
        self._link = link
        self._account = account
        self._key = risk_key(account)
        self._memory_key = f"{self._key}.memory"
        self._revision = 0

    async def load(self) -> dict[str, Any] | None:
        """What the service last remembered; ``None`` at the first start."""
        bucket = await self._bucket()
        try:
            entry = await bucket.get(self._memory_key)
        except KeyNotFoundError:
            return None
        self._revision = entry.revision or 0
        memory: dict[str, Any] = json.loads(entry.value or b"{}")
        if memory.get("schema") != SCHEMA:
            raise MessagingError(
                f"The risk state of {self._account} was written by another version of the workstation: update it, or "
                f"remove the keys of the account from the bucket {RISK_BUCKET} to have it built anew."
            )
        return memory

    async def save(self, memory: dict[str, Any], state: RiskStateBody) -> None:
        """Keep the memory, then show the state."""
        bucket = await self._bucket()
        value = json.dumps(memory | {"schema": SCHEMA, "session": self._link.session}, separators=(",", ":")).encode()
        try:
            self._revision = await self._write(bucket, value)
        except KeyWrongLastSequenceError:
            self._revision = await self._own_revision(bucket)
            self._revision = await self._write(bucket, value)
        await bucket.put(self._key, self._link.envelope(f"{RISK_BUCKET}.{self._key}", state))

    async def _write(self, bucket: KeyValue, value: bytes) -> int:
        if self._revision:
            return await bucket.update(self._memory_key, value, last=self._revision)
        return await bucket.create(self._memory_key, value)

    async def _own_revision(self, bucket: KeyValue) -> int:
        """The revision of what we wrote without hearing of it; 0 where nothing is kept any more."""
        try:
            entry = await bucket.get(self._memory_key)
        except KeyNotFoundError:
            return 0
        if json.loads(entry.value or b"{}").get("session") != self._link.session:
            raise MessagingError(
                f"Another risk service has taken over the account {self._account}: this one ends. Run one an account."
            )
        return entry.revision or 0

    async def _bucket(self) -> KeyValue:
        return await ensure_bucket(self._link.jetstream(), RISK_BUCKET)
