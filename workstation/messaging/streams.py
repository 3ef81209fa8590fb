"""The streams and buckets in which NATS keeps what must not be lost. Each is made by whoever needs it first.

Its owner brings the terms of one that is there up to date; others use it as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import asdict
from typing import TypeVar

from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, KeyValueConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError
from nats.js.kv import KeyValue

from workstation.config.settings import Messaging
from workstation.core.timeframe import DAY_NS, SECOND_NS
from workstation.messaging.link import StreamContext

ORDERS = "ORDERS"
EXECUTIONS = "EXECUTIONS"
SHADOW_EXECUTIONS = "SHADOW_EXECUTIONS"
POSITIONS = "POSITIONS"
PERFORMANCE = "PERFORMANCE"
REPORTS = "REPORTS"
RISK_BUCKET = "risk"
LEASES = "leases"
LEASE_TERM_S = 6.0
"""An entry that is not renewed for so long is gone."""

DUPLICATE_WINDOW_S = 24 * 3600
"""A message sent again within this time, by its ``Nats-Msg-Id``, is kept once."""

T = TypeVar("T")
_NOT_CLUSTERED, _NO_PEERS = 10074, 10005

log = logging.getLogger("workstation.messaging")


class TooFewServersError(NatsError):
    """The cluster cannot keep as many copies as it is to keep. It may be able to later: what needs them waits."""


def stream_configs(messaging: Messaging) -> dict[str, StreamConfig]:
    """Every stream by name."""
    subjects, keep_s = messaging.subjects, messaging.keep_days * DAY_NS // SECOND_NS

    def stream(name: str, subject: str, for_each_subject: int = -1) -> StreamConfig:
        return StreamConfig(
            name=name,
            subjects=[subject],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_age=keep_s,
            max_msg_size=messaging.largest_message_kilobytes * 1024,
            duplicate_window=min(DUPLICATE_WINDOW_S, keep_s) if keep_s else DUPLICATE_WINDOW_S,
            max_msgs_per_subject=for_each_subject,
        )

    return {
        ORDERS: stream(ORDERS, subjects.orders),
        EXECUTIONS: stream(EXECUTIONS, subjects.executions),
        SHADOW_EXECUTIONS: stream(SHADOW_EXECUTIONS, subjects.shadow_executions),
        POSITIONS: stream(POSITIONS, f"{subjects.positions}.>", for_each_subject=1),
        PERFORMANCE: stream(PERFORMANCE, subjects.performance_metrics),
        REPORTS: stream(REPORTS, subjects.performance_reports),
    }


def bucket_config(bucket: str, replicas: int) -> KeyValueConfig:
    """The leases are forgotten when they are not renewed; of anything else some history is kept."""
    if bucket == LEASES:
        return KeyValueConfig(bucket=bucket, ttl=LEASE_TERM_S, history=1, storage=StorageType.FILE, replicas=replicas)
    return KeyValueConfig(bucket=bucket, history=5, storage=StorageType.FILE, replicas=replicas)


async def ensure_stream(context: StreamContext, messaging: Messaging, name: str, *, owns: bool = True) -> None:
    """Make the stream where it is not there, and bring its terms up to date where it is and we own it.

    Raises ``TooFewServersError`` and other errors of NATS.
    """
    config = stream_configs(messaging)[name]
    config.num_replicas = context.replicas
    try:
        there = (await context.stream_info(name)).config
    except NotFoundError:
        await _with_copies(context, context.add_stream(config))
        return
    wanted = {field: value for field, value in asdict(config).items() if value is not None}
    if owns and any(getattr(there, field) != value for field, value in wanted.items()):
        await _with_copies(context, context.update_stream(config))


async def ensure_bucket(context: StreamContext, bucket: str, *, owns: bool = True) -> KeyValue:
    """The key-value bucket, made where it is not there; with as many copies as it is to have where we own it.

    Raises ``TooFewServersError`` and other errors of NATS.
    """
    try:
        found = await context.key_value(bucket)
    except NotFoundError:
        config = bucket_config(bucket, context.replicas)
        return await _with_copies(context, context.create_key_value(config))
    if owns:
        there = (await context.stream_info(f"KV_{bucket}")).config
        if there.num_replicas != context.replicas:
            there.num_replicas = context.replicas
            await _with_copies(context, context.update_stream(there))
    return found


async def _with_copies(context: StreamContext, made: Awaitable[T]) -> T:
    try:
        found = await made
    except APIError as error:
        if error.err_code not in (_NOT_CLUSTERED, _NO_PEERS):
            raise
        sentence = (
            f"The NATS cluster has fewer servers than messaging.replicas, {context.replicas}, asks for: start more of "
            "them, or lower messaging.replicas."
        )
        if sentence not in context.told:
            # Everybody who waits tries again and again.
            context.told.add(sentence)
            log.warning("%s It is tried again.", sentence)
        raise TooFewServersError(sentence) from None
    context.told.clear()
    return found
