"""Publishes a journal over JetStream: every record once, in order, also after NATS or this process was gone.

The journal knows everything and NATS remembers how far it was told, so nothing waits and nothing is lost: after each
connect the publisher asks the stream for the last record that it holds and goes on behind it. What was sent but
not acknowledged is sent again under the same ``Nats-Msg-Id``, which the stream keeps once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from workstation.config.settings import Messaging
from workstation.core.errors import ConfigurationError, StorageError, VerificationError
from workstation.core.timeframe import DAY_NS
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.link import NatsLink
from workstation.messaging.stream_reader import RECORD_HEADER
from workstation.messaging.streams import EXECUTIONS, PERFORMANCE, POSITIONS, SHADOW_EXECUTIONS, ensure_stream
from workstation.services.journal_bodies import JournalBodies, Publication
from workstation.storage.disk_journal import JournalReader, JournalRecord

BATCH = 200
POLL_S = 0.005
RETRY_S = 1.0
FINISH_S = 5.0

log = logging.getLogger("workstation.services")


class JournalPublisher:
    """Runs beside a session that writes the journal, which it reads through a connection of its own.

    Of a ``shadow``, a paper run beside the venue, the executions are told apart and nothing else: the account has
    positions and results of its own.
    """

    def __init__(
        self, link: NatsLink, messaging: Messaging, journal: Path, now_ns: Callable[[], int], *, shadow: bool = False
    ) -> None:
        self._link = link
        self._messaging = messaging
        self._journal = journal
        self._now_ns = now_ns
        subjects = messaging.subjects
        self._executions = EXECUTIONS
        self._subjects = subjects
        self._streams: tuple[str, ...] = (EXECUTIONS, POSITIONS, PERFORMANCE)
        if shadow:
            self._executions = SHADOW_EXECUTIONS
            self._subjects = msgspec.structs.replace(subjects, executions=subjects.shadow_executions)
            self._streams = (SHADOW_EXECUTIONS,)
        self._lost = asyncio.Event()
        self._ends = False
        self.published = 0
        """Number of the last record that NATS has acknowledged."""
        self.messages = 0
        self.trouble = ""
        """Why nothing is published now; empty while all is well."""

    async def run(self) -> None:
        """Publish until cancelled."""
        self._link.on_up(self._lost.set)
        while True:
            try:
                if self._link.is_up:
                    self._lost.clear()
                    await self._follow()
            except (NatsError, TimeoutError, OSError) as error:
                self.trouble = f"Publishing the journal waits for NATS: {str(error) or type(error).__name__}"
                log.info("%s", self.trouble)
            except (StorageError, VerificationError, ConfigurationError) as error:
                self.trouble = f"The journal cannot be published: {error}"
                log.error("%s", self.trouble)
            await asyncio.sleep(RETRY_S)

    async def finish(self) -> None:
        """Tell the rest of a journal that nobody writes any more, if it can be told soon; else the next start does.

        Also in a task that was cancelled, as that of a service which ends.
        """
        self._ends = True
        self._lost.clear()
        try:
            async with asyncio.timeout(FINISH_S):
                if self._link.is_up:
                    await asyncio.ensure_future(self._follow())
        except (NatsError, TimeoutError, OSError) as error:
            log.info("The rest of the journal is published at the next start: %s", str(error) or type(error).__name__)

    async def _follow(self) -> None:
        """Go on behind the last record that NATS has, until the connection is lost."""
        context = self._link.jetstream()
        for name in self._streams:
            await ensure_stream(context, self._messaging, name)
        reader = JournalReader(self._journal)
        try:
            name = reader.hash_of(1).hex()[:16]
            told = await self._told(context, name)
            bodies = JournalBodies(self._subjects, name)
            seq = self._beginning(reader, told) - 1
            while self._link.is_up and not self._lost.is_set():
                records = list(reader.entries(seq, limit=BATCH))
                for record in records:
                    await self._publish(context, bodies, record, name, silent=record.seq <= told)
                    seq = record.seq
                if not records:
                    self.trouble = ""
                    if self._ends:
                        return
                    await asyncio.sleep(POLL_S)
        finally:
            reader.close()

    async def _publish(
        self, context: JetStreamContext, bodies: JournalBodies, record: JournalRecord, journal: str, silent: bool
    ) -> None:
        for publication in bodies.take(record.message):
            if silent or not self._is_told(publication):
                continue
            payload = self._link.envelope(publication.subject, publication.body, publication.ts_ns)
            headers = {
                "Nats-Msg-Id": f"{journal}:{record.seq}:{publication.part}",
                RECORD_HEADER: f"{journal}:{record.seq}",
            }
            await context.publish(publication.subject, payload, headers=headers)
            still_wanted()
            self.messages += 1
        if not silent:
            self.published = record.seq
        elif record.seq % BATCH == 0:
            await asyncio.sleep(0)

    def _is_told(self, publication: Publication) -> bool:
        return POSITIONS in self._streams or publication.subject == self._subjects.executions

    async def _told(self, context: JetStreamContext, journal: str) -> int:
        """The last record of this journal that the streams hold whole; 0 when there is none.

        Of the record itself some messages may be missing: it is told again.
        """
        try:
            last = await context.get_last_msg(self._executions, self._subjects.executions)
        except NotFoundError:
            return 0
        name, _, seq = (last.headers or {}).get(RECORD_HEADER, "").rpartition(":")
        return int(seq) - 1 if name == journal and seq.isdigit() else 0

    def _beginning(self, reader: JournalReader, told: int) -> int:
        """The header of the session to begin with: that of the last record told, or the first within the time kept."""
        keep_ns = self._messaging.keep_days * DAY_NS
        since_ns = self._now_ns() - keep_ns if keep_ns else 0
        sessions = reader.sessions()
        wanted = [s.first_seq - 1 for s in sessions if s.last_seq > told and s.header.started_ns >= since_ns]
        return wanted[0] if wanted else (sessions[-1].first_seq - 1 if sessions else 1)
