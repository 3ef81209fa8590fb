"""Who a process is at the NATS server."""

from __future__ import annotations

from enum import StrEnum


class NatsRole(StrEnum):
    """A user at the server. A process says who it is by ``messaging.user`` or ``WORKSTATION_NATS_USER``."""

    FEED = "feed"
    EXECUTION = "execution"
    STRATEGIES = "strategies"
    RISK = "risk"
    REPORTER = "reporter"
    OPS = "ops"
    ENGINE = "engine"
    """A whole engine in one process: it has a market, an account and strategies."""
    TRADER = "trader"
    """A window or a program of a person who may trade."""
    VIEWER = "viewer"
    """One who may only look on."""


INBOXES = "_INBOX"


def inbox_prefix(user: str) -> str:
    """What the subjects begin with on which a user is answered: each role has its own, so none hears another's."""
    return f"{INBOXES}_{user}" if user in list(NatsRole) else INBOXES
