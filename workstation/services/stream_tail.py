"""The newest messages of a stream up to a number, read once."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from workstation.core.errors import MessagingError
from workstation.messaging.bodies import Body
from workstation.messaging.envelope import decode
from workstation.messaging.link import NatsLink

BATCH = 1_000


async def newest_bodies(link: NatsLink, stream: str, upto: int, count: int) -> AsyncIterator[Body]:
    """At most ``count`` bodies whose number is not above ``upto``, oldest first. Raises errors of NATS."""
    context = link.jetstream()
    state = (await context.stream_info(stream)).state
    upto = min(upto, state.last_seq)
    begin = max(upto - count + 1, state.first_seq, 1)
    if begin > upto:
        return
    made = await context.add_consumer(
        stream,
        ConsumerConfig(
            name=f"tail-{link.session}",
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=begin,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=30,
            mem_storage=True,
        ),
    )
    subscription = await context.pull_subscribe_bind(made.name, stream)
    try:
        while True:
            try:
                received = await subscription.fetch(BATCH, 2.0)
            except NatsTimeoutError:
                return
            for raw in received:
                with contextlib.suppress(MessagingError):
                    yield decode(raw.data).body
                if raw.metadata.sequence.stream >= upto:
                    return
    finally:
        await context.delete_consumer(stream, made.name)
