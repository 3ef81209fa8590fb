"""What the engine asks of a venue, and what a venue may answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from workstation.core.messages import VenueReport
from workstation.core.orders import AmendRequest, Approved, CancelRequest, Order, QueryRequest
from workstation.core.types import OrderType

Request = Approved | CancelRequest | AmendRequest | QueryRequest
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


class VenueSnapshot(msgspec.Struct, frozen=True):
    """The account as the venue sees it."""

    open_orders: tuple[str, ...]
    """Client ids."""
    positions: dict[str, int]
    """Signed lots by symbol."""
    balances: dict[str, int]
    """1e-8 of the asset."""


class Venue(Protocol):
    can: Capabilities

    def send(self, request: Request) -> None:
        """Start a request and return at once; the outcome comes as a report. Never raises for a refusal."""
        ...

    def restore(self, orders: list[Order], positions: dict[str, tuple[int, int]], balances: dict[str, int]) -> None:
        """Take over what the journal proves, before the first input: open orders, positions (lots, cost), balances."""
        ...

    async def snapshot(self) -> VenueSnapshot: ...
