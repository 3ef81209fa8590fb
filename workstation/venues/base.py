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
    Intent,
    KillRequest,
    Order,
    QueryRequest,
    SnapshotRequest,
)
from workstation.core.types import OrderType

Request = Approved | CancelRequest | AmendRequest | QueryRequest | SnapshotRequest | KillRequest
ReportHandler = Callable[[VenueReport], None]


MOST_ICEBERG_PARTS = 10
"""Binance's filter ICEBERG_PARTS allows at least so many everywhere; no venue here takes more."""


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
    good_till_types: frozenset[OrderType] = frozenset()
    """Types of which the venue itself ends an order at its date; any other is cancelled by the engine then."""
    good_till_post_only: bool = True
    """Also where such an order is post-only."""
    good_till_ahead_ns: int = 0
    """How far ahead a date must be that the venue keeps."""
    iceberg_parts: int = 0
    """The most parts of an iceberg of the venue's own; 0 where it has none."""
    outlives: bool = False
    """It is an engine and goes on while this one is away: nothing that was in flight is lost to it, and it understands
    ``KillRequest``."""
    reconciles: bool = False
    """Somebody else can trade the account too: it is compared with ours, and ``SnapshotRequest`` is understood."""

    def keeps_date(self, order: Order | Intent) -> bool:
        """Whether the venue itself ends a good-till-date order."""
        return order.type in self.good_till_types and (self.good_till_post_only or not order.post_only)


class Venue(Protocol):
    can: Capabilities

    def send(self, request: Request) -> None:
        """Start a request and return at once; the outcome comes as a report. Never raises for a refusal."""
        ...

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        """Take over what the journal proves, before the first input: open orders, positions (lots, cost), balances."""
        ...

    def liquidation_price(self, symbol: str) -> int | None:
        """Mark price at which the venue closes the position of a symbol, ticks; 0 when there is none, ``None`` where it
        cannot be asked at once. Nothing is changed by it."""
        ...
