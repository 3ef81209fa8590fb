"""What the engine asks of a venue, and what a venue may answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from workstation.core.messages import VenueReport
from workstation.core.orders import (
    AmendRequest,
    Approved,
    CancelRequest,
    KillRequest,
    Order,
    QueryRequest,
    SnapshotRequest,
)
from workstation.core.types import OrderType

Request = Approved | CancelRequest | AmendRequest | QueryRequest | SnapshotRequest | KillRequest
ReportHandler = Callable[[VenueReport], None]


class Capabilities(msgspec.Struct, frozen=True):
    """What the venue does natively."""

    order_types: frozenset[OrderType]
    brackets: bool
    """Holds children until their parent fills, and cancels one of a pair when the other fills."""
    short: bool
    amend: bool
    certain: bool
    """Every request is answered. Where it is not, the engine asks again for what is in doubt."""
    amend_types: frozenset[OrderType] = frozenset(OrderType)
    """Types of which an order can be changed in place, where ``amend`` holds at all."""
    outlives: bool = False
    """It is an engine and goes on while this one is away: nothing that was in flight is lost to it, and it understands
    ``KillRequest``."""
    reconciles: bool = False
    """Somebody else can trade the account too: it is compared with ours, and ``SnapshotRequest`` is understood."""


class Venue(Protocol):
    can: Capabilities

    def send(self, request: Request) -> None:
        """Start a request and return at once; the outcome comes as a report. Never raises for a refusal."""
        ...

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        """Take over what the journal proves, before the first input: open orders, positions (lots, cost), balances."""
        ...
