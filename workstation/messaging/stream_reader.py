"""Reads a stream in order from where its reader stands: nothing is left out, and nothing is taken twice.

The reader keeps its own position, together with what it made of the messages, so that the two cannot disagree. The
durable consumer at the server begins anew at that position whenever the connection, the server or the reader has come
back, and whenever a message is missing; for the rest it shows operators how far the reader has come.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from workstation.config.settings import Messaging
from workstation.core.errors import MessagingError
from workstation.messaging.bodies import Body
from workstation.messaging.cancelling import still_wanted
from workstation.messaging.envelope import Message, decode
from workstation.messaging.link import NatsLink, StreamContext
from workstation.messaging.streams import ensure_stream

RECORD_HEADER = "Workstation-Record"
"""Journal and number of the record that a message tells."""
BATCH = 500
FETCH_S = 1.0
RETRY_S = 0.5

log = logging.getLogger("workstation.services")


class Numbered(NamedTuple):
    """A message with its number in the stream."""

    seq: int
    message: Message
    record: str = ""
    """Of the journal that it tells, where it is one's: the journal's name and the record's number."""


Take = Callable[[Sequence[Numbered], int], Awaitable[None]]
"""Given messages and the number up to which all are in; they are acknowledged when it returns."""


class StreamReader:
    """``position`` tells the number of the last message that was taken, ``restarted`` that the stream began anew.

    One that ``makes`` its stream does not wait for the writer to make it.
    """

    def __init__(
        self,
        link: NatsLink,
        messaging: Messaging,
        stream: str,
        consumer: str,
        *kinds: type[Body],
        position: Callable[[], int],
        restarted: Callable[[], None],
        take: Take,
        makes: bool = False,
    ) -> None:
        self._link = link
        self._messaging = messaging
        self._stream = stream
        self._consumer = consumer
        self._kinds = kinds
        self._position = position
        self._restarted = restarted
        self._take = take
        self._makes = makes
        self._largest = messaging.largest_message_kilobytes * 1024
        self.stream = ""
        """When the stream was made, which tells it from another of its name; may be set from what was kept."""
        self.messages = 0
        self.gaps = 0
        """How often a message was missing and asked for again."""
        self.waiting = 0
        """Messages that are there and not yet taken."""
        self.caught_up = asyncio.Event()
        """All that was in the stream was taken once."""

    async def run(self) -> None:
        """Read until cancelled, through every loss of the connection. Raises what ``take`` raises."""
        while still_wanted():
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                if self._link.is_up:
                    await self._read()
            await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        context = self._link.jetstream()
        subscription = await self._begin(context)
        reconnects = self._link.reconnects
        fresh = True
        try:
            while still_wanted() and self._link.reconnects == reconnects:
                try:
                    received = await subscription.fetch(BATCH, FETCH_S)
                except NatsTimeoutError:
                    # A consumer that is no more is noticed here: the server answers nothing for it.
                    info = await subscription.consumer_info()
                    self.waiting = info.num_pending or 0
                    if not self.waiting:
                        self.caught_up.set()
                    continue
                if not await self._take_all(received, fresh):
                    return
                fresh = False
        finally:
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                await subscription.unsubscribe()

    async def _begin(self, context: StreamContext) -> JetStreamContext.PullSubscription:
        if self._makes:
            await ensure_stream(context, self._messaging, self._stream)
        try:
            info = await context.stream_info(self._stream)
        except NotFoundError:
            self.caught_up.set()
            raise
        state = info.state
        created = str(info.created)
        if state.last_seq < self._position() or self.stream not in ("", created):
            log.warning("The stream %s began anew; it is read from its first message.", self._stream)
            self._restarted()
        self.stream = created
        with contextlib.suppress(NotFoundError):
            await context.delete_consumer(self._stream, self._consumer)
        await context.add_consumer(
            self._stream,
            ConsumerConfig(
                durable_name=self._consumer,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self._position() + 1,
                ack_policy=AckPolicy.ALL,
                ack_wait=30,
                max_ack_pending=4 * BATCH,
            ),
        )
        if state.last_seq <= self._position():
            self.caught_up.set()
        return await context.pull_subscribe_bind(self._consumer, self._stream)

    async def _take_all(self, received: Sequence[Msg], fresh: bool) -> bool:
        """Take what follows without a gap; whether there was none."""
        position = self._position()
        taken: list[Numbered] = []
        complete = True
        for raw in received:
            seq = raw.metadata.sequence.stream
            if seq <= position:
                continue
            if seq > position + 1 and not fresh:
                self.gaps += 1
                complete = False
                break
            # What is missing at the very beginning has been removed from the stream for its age.
            fresh = False
            position = seq
            try:
                message = decode(raw.data, *self._kinds, largest=self._largest)
                taken.append(Numbered(seq, message, (raw.headers or {}).get(RECORD_HEADER, "")))
            except MessagingError as error:
                self._link.refused += 1
                log.debug("%s %d: %s", self._stream, seq, error)
        if position > self._position():
            await self._take(taken, position)
            self.messages += len(taken)
        if complete and received:
            with contextlib.suppress(NatsError, TimeoutError, OSError):
                await received[-1].ack()
            self.waiting = received[-1].metadata.num_pending
            if not self.waiting:
                self.caught_up.set()
        return complete


def consumer_name(service: str, account: str) -> str:
    """Of a service of an account; what a name may not hold is written as ``-``."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in account)
    return f"{service}-{kept}"
