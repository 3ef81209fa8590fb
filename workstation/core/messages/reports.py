"""What a venue reports about orders and the account."""

from __future__ import annotations

import msgspec

from workstation.core.messages.event import Event
from workstation.core.types import EXTERNAL, Liquidity, OrderState, OrderType, Side


class OrderAccepted(Event, frozen=True):
    client_id: str
    venue_id: str
    held: bool = False
    """Accepted but waiting for its parent to fill."""


class OrderRejected(Event, frozen=True):
    client_id: str
    code: str
    reason: str


class OrderUnknown(Event, frozen=True):
    """The request got no answer: the venue may or may not have the order."""

    client_id: str
    reason: str


class OrderTriggered(Event, frozen=True):
    """A stop's or take-profit's condition was met, or a held child became live (``released``)."""

    client_id: str
    released: bool = False


class OrderReleased(Event, frozen=True):
    """An order that the engine held is on its way to the venue, which takes it no later than ``expires_ns``."""

    client_id: str
    expires_ns: int


class OrderFilled(Event, frozen=True):
    """One execution. ``fill_id`` is the venue's and makes booking idempotent. A negative fee is a rebate."""

    client_id: str
    fill_id: str
    symbol: str
    side: Side
    price: int
    lots: int
    fee: int
    fee_asset: str
    liquidity: Liquidity
    slippage: int = 0
    """Cost against the price to be expected, 1e-8 of the settlement asset; negative is an improvement. That price is a
    triggered order's trigger, the limit of one that rested, otherwise the last one when it was submitted."""


class OrderCancelled(Event, frozen=True):
    client_id: str
    reason: str = ""


class OrderExpired(Event, frozen=True):
    """Ended by the venue: IOC or FOK remainder, post-only that would take, expiry of the request."""

    client_id: str
    reason: str = ""


class OrderAmended(Event, frozen=True):
    """The order's terms at the venue, changed by us or by the venue."""

    client_id: str
    price: int
    stop_price: int
    lots: int
    version: int = 0
    """1 as submitted, growing with each change, so that terms which come late are known as old; 0 where untold."""
    amendment: int = 0
    """Number of our change that this answers; 0 for the venue's own."""


class CancelRejected(Event, frozen=True):
    """The venue refused a cancel: the order goes on."""

    client_id: str
    reason: str


class AmendRejected(Event, frozen=True):
    """The venue refused a change: the order keeps its terms."""

    client_id: str
    reason: str
    amendment: int
    """Number of our change that was refused."""


class OrderStatus(Event, frozen=True):
    """The venue's answer to a query: everything it knows of the order, or that it has no such order."""

    client_id: str
    found: bool
    asked_ns: int
    """When the query left: what it did not find may still have been on its way."""
    state: OrderState = OrderState.UNKNOWN
    venue_id: str = ""
    fills: tuple[OrderFilled, ...] = ()
    lots: int = 0
    """Its terms as the venue has them, where it tells; 0 lots tells nothing."""
    price: int = 0
    stop_price: int = 0
    version: int = 0
    amendment: int = 0
    """Both as of ``OrderAmended``."""


class FundingPaid(Event, frozen=True):
    """Funding booked on the account's position; positive is received. ``funding_id`` makes it idempotent."""

    funding_id: str
    symbol: str
    amount: int
    asset: str


class PositionLiquidated(Event, frozen=True):
    """The venue closed a position for lack of margin, at ``price``, charging ``fee``."""

    fill_id: str
    symbol: str
    side: Side
    price: int
    lots: int
    fee: int
    fee_asset: str


class FilledElsewhere(Event, frozen=True):
    """An execution of an order that this engine did not send, for an owner of its own: the execution service closed the
    position by itself, or somebody ordered there in the owner's name."""

    owner: str
    fill: OrderFilled


class HoldingsTold(Event, frozen=True):
    """What each owner holds in the execution service's books, as of everything that it has told before."""

    symbols: tuple[str, ...]
    """Those of which it is known."""
    lots: dict[str, dict[str, int]]
    """Signed, by owner and symbol; nothing where an owner is flat."""


class RestingOrder(msgspec.Struct, frozen=True, gc=False):
    """An open order as the venue lists it. ``client_id`` is what the venue knows it by, ours or somebody else's."""

    client_id: str
    venue_id: str
    symbol: str
    side: Side
    type: OrderType
    lots: int
    filled_lots: int
    price: int
    stop_price: int
    reduce_only: bool
    owner: str = EXTERNAL


class HeldPosition(msgspec.Struct, frozen=True, gc=False):
    """A derivative's position as the venue has it: signed lots and the value they were entered at, 1e-8."""

    symbol: str
    lots: int
    cost: int
    liquidation: int = 0
    """The venue's own liquidation price in ticks; 0 when it tells none."""
    owner: str = EXTERNAL
    quantity: str = ""
    """Signed, for people: the lot of a symbol that is not configured is only known to who tells of it; may be empty."""


class AccountSnapshot(Event, frozen=True):
    """The account as the venue sees it. A part that could not be asked for is ``None``: no news, not "nothing".

    The parts are asked for in the order orders, positions, balances, fills, so that a fill that came in between is
    among ``fills``, which are those since the last known one of each symbol, oldest first, also foreign ones.
    """

    asked_ns: int
    """When the first question left."""
    orders: tuple[RestingOrder, ...] | None = None
    positions: tuple[HeldPosition, ...] | None = None
    balances: dict[str, int] | None = None
    """Everything the account owns of each asset, what orders lock included, 1e-8 of the asset."""
    fills: tuple[OrderFilled, ...] | None = None
    funding: tuple[FundingPaid, ...] = ()
    liquidations: tuple[PositionLiquidated, ...] = ()


VenueReport = (
    OrderAccepted
    | OrderRejected
    | OrderUnknown
    | OrderTriggered
    | OrderReleased
    | OrderFilled
    | OrderCancelled
    | OrderExpired
    | OrderAmended
    | CancelRejected
    | AmendRejected
    | OrderStatus
    | FundingPaid
    | PositionLiquidated
    | AccountSnapshot
)
ServiceReport = FilledElsewhere | HoldingsTold
"""What the execution service tells a strategy core besides: of its owners, not of its orders."""
