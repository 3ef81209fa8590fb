"""The streams and buckets in which NATS keeps what must not be lost. Each is made by whoever needs it first."""

from __future__ import annotations

from dataclasses import asdict

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, KeyValueConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError
from nats.js.kv import KeyValue

from workstation.config.settings import Messaging
from workstation.core.timeframe import DAY_NS, SECOND_NS

ORDERS = "ORDERS"
EXECUTIONS = "EXECUTIONS"
SHADOW_EXECUTIONS = "SHADOW_EXECUTIONS"
POSITIONS = "POSITIONS"
PERFORMANCE = "PERFORMANCE"
REPORTS = "REPORTS"
RISK_BUCKET = "risk"

DUPLICATE_WINDOW_S = 24 * 3600
"""A message sent again within this time, by its ``Nats-Msg-Id``, is kept once."""


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


async def ensure_stream(context: JetStreamContext, messaging: Messaging, name: str) -> None:
    """Make the stream where it is not there, and bring its terms up to date where it is."""
    config = stream_configs(messaging)[name]
    try:
        there = (await context.stream_info(name)).config
    except NotFoundError:
        await context.add_stream(config)
        return
    # Who may only use a stream may not change it, and need not where nothing has changed.
    wanted = {field: value for field, value in asdict(config).items() if value is not None}
    if any(getattr(there, field) != value for field, value in wanted.items()):
        await context.update_stream(config)


async def ensure_bucket(context: JetStreamContext, bucket: str) -> KeyValue:
    """The key-value bucket, made where it is not there."""
    try:
        return await context.key_value(bucket)
    except NotFoundError:
        return await context.create_key_value(KeyValueConfig(bucket=bucket, history=5, storage=StorageType.FILE))
