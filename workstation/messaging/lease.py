"""A lease in the key-value store: of several processes exactly one may act, and one that has lost it knows.

The holder writes its entry anew well before it runs out; the bucket forgets an entry that is not renewed. Each
write names the revision that it follows, so two holders cannot both succeed. The time that counts is the holder's own
monotonic clock, from before the renewal was sent: it stops acting before anybody else can begin.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from collections.abc import Callable
from typing import Any

from nats.errors import Error as NatsError
from nats.js.errors import APIError, KeyNotFoundError, KeyWrongLastSequenceError, NotFoundError
from nats.js.kv import KeyValue

from workstation.core.errors import MessagingError
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.link import NatsLink
from workstation.messaging.streams import LEASE_TERM_S, LEASES, ensure_bucket

RENEWAL_S = 1.5
ASKING_S = 1.0
"""How long the question who holds it may take."""
MARGIN_S = 1.0
"""The holder stops acting so long before its entry could be gone."""

log = logging.getLogger("workstation.messaging")


class Lease:
    """``key`` names what is held, such as an account. ``held`` is to be asked before each act, and ``fence`` grows with
    each new holder, so that what an old one still says can be told from the new. ``owns``: the bucket of the leases is
    ours to keep as it is to be."""

    def __init__(
        self,
        link: NatsLink,
        key: str,
        holder: str,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        owns: bool = False,
    ) -> None:
        self._link = link
        self._key = key
        self._owns = owns
        self._holder = holder
        self.who = ""
        """On whose behalf it is held, in words, where that is somebody else than the holder's own name tells."""
        self._monotonic = monotonic
        self._revision = 0
        self._good_until = 0.0
        self._task: asyncio.Task[None] | None = None
        self.fence = 0
        self.other = ""
        """Who else holds it, as far as known."""
        self.holder_name = ""
        """Who held it when somebody looked last, in words for people."""
        self.on_change: Callable[[bool], None] = lambda held: None

    @property
    def held(self) -> bool:
        return self._monotonic() < self._good_until

    @property
    def _value(self) -> bytes:
        return json.dumps({"holder": self._holder} | ({"who": self.who} if self.who else {})).encode()

    def start(self) -> None:
        """Try to take it, and keep it once taken, until ``stop``; more than once is the same as once."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._keep())

    async def take_over(self) -> None:
        """Take it from whoever holds it, who notices at the next renewal: only where acts are checked against it.

        Raises ``MessagingError`` when it cannot be written.
        """
        asked = self._monotonic()
        try:
            bucket = await self._bucket()
            self._revision = self.fence = await bucket.put(self._key, self._value)
        except (NatsError, TimeoutError, OSError) as error:
            raise MessagingError(f"The lease {self._key} cannot be written: {_words(error)}.") from None
        self.other = ""
        self._good_until = asked + LEASE_TERM_S - MARGIN_S

    async def holder(self) -> str:
        """Who holds it now, empty when nobody does; no bucket is made for the asking.

        Raises ``MessagingError`` when it cannot be told.
        """
        try:
            async with asyncio.timeout(ASKING_S):
                entry = await (await self._link.jetstream().key_value(LEASES)).get(self._key)
        except (KeyNotFoundError, NotFoundError):
            self.holder_name = ""
            return ""
        except (NatsError, TimeoutError, OSError) as error:
            raise MessagingError(f"Who holds the lease {self._key} cannot be told: {_words(error)}.") from None
        return self._look(entry.value)

    def _look(self, value: bytes | None) -> str:
        told = _read(value)
        holder = str(told.get("holder", ""))
        self.holder_name = str(told.get("who") or person_of(holder))
        return holder

    async def stop(self) -> None:
        """Give it up at once."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self.held:
            self._good_until = 0.0
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                bucket = await self._bucket()
                await bucket.delete(self._key, last=self._revision)
            self.on_change(False)

    async def _keep(self) -> None:
        was = False
        while True:
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                await self._try()
            still_wanted()
            now = self.held
            if now != was:
                was = now
                log.info("The lease of %s is %s.", self._key, "held" if now else "not held")
                self.on_change(now)
            await asyncio.sleep(RENEWAL_S if now else RENEWAL_S / 3)

    async def _try(self) -> None:
        if not self._link.is_up:
            return
        asked = self._monotonic()
        bucket = await self._bucket()
        try:
            if self.held:
                self._revision = await bucket.update(self._key, self._value, last=self._revision)
            else:
                self._revision = await bucket.create(self._key, self._value)
                self.fence = self._revision
        except (KeyWrongLastSequenceError, APIError):
            self._good_until = 0.0
            if not await self._is_still_ours(bucket):
                return
        self.other = ""
        self._good_until = asked + LEASE_TERM_S - MARGIN_S

    async def _is_still_ours(self, bucket: KeyValue) -> bool:
        """Whether the entry is our own, whose renewal was not answered: then it is renewed. Else ``other`` is set."""
        try:
            entry = await bucket.get(self._key)
        except KeyNotFoundError:
            self.other = ""
            return False
        holder = self._look(entry.value)
        self.other = holder if holder != self._holder else ""
        if not self.other and entry.revision is not None:
            with contextlib.suppress(KeyWrongLastSequenceError, APIError):
                self._revision = await bucket.update(self._key, self._value, last=entry.revision)
                return True
        return False

    async def _bucket(self) -> KeyValue:
        return await ensure_bucket(self._link.jetstream(), LEASES, owns=self._owns)


def trade_lease(account: str) -> str:
    """The key of who may trade an account through its engine."""
    return f"trade-{_key(account)}"


def execution_lease(account: str) -> str:
    """The key of the one execution service that sends an account's orders."""
    return f"execution-{_key(account)}"


def _key(account: str) -> str:
    """What a key may not hold is written as its code."""
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_") else f"={ord(letter):x}="
        for letter in account
    )


def person_of(session: str) -> str:
    """``anna@desk`` of ``anna@desk-4711-0a1b2c3d``: a run's name without what makes it unlike every other."""
    return re.sub(r"-\d+-[0-9a-f]{8}$", "", session)


def _read(value: bytes | None) -> dict[str, Any]:
    try:
        told = json.loads(value or b"{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
