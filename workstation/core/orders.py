"""Intent, approval, order: the three stages of the order path."""

from __future__ import annotations

from typing import Any

import msgspec

from workstation.core.types import OrderRole, OrderState, OrderType, Side, TimeInForce


class Intent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a strategy or a person wants. Prices in ticks, 0 where a type has none; quantities in lots.

    ``stop_loss`` and ``take_profit`` make it a bracket: two reduce-only children that become live as it fills and
    of which one cancels the other.
    """

    symbol: str
    side: Side
    lots: int
    type: OrderType = OrderType.MARKET
    price: int = 0
    stop_price: int = 0
    trail: int = 0
    """Distance of a trailing stop, ticks."""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    role: OrderRole = OrderRole.ENTRY
    owner: str = "manual"
    reason: str = ""
    tag: str = ""
    stop_loss: int = 0
    take_profit: int = 0
    parent_id: str = ""
    oco_group: str = ""
    good_till_ns: int = 0
    """When an order with time in force GTD ends, UTC; 0 for any other."""
    visible_lots: int = 0
    """What the venue's own iceberg shows at a time; 0 shows all."""


class Approved:
    """An intent that passed the gate. Only ``RiskGate`` makes one; ``OrderManager.submit`` takes nothing else."""

    __slots__ = ("client_id", "expires_ns", "intent", "panic", "reference", "venue_reduces")

    def __init__(
        self,
        seal: object,
        intent: Intent,
        client_id: str,
        reference: int,
        expires_ns: int,
        venue_reduces: bool | None = None,
        panic: bool = False,
    ) -> None:
        if seal is not GATE_SEAL:
            raise TypeError("Only the risk gate approves an intent.")
        self.intent = intent
        self.client_id = client_id
        self.reference = reference
        self.expires_ns = expires_ns
        self.panic = panic
        """A person closes a position: it passes the halt of an engine that is the venue, too."""
        self.venue_reduces = intent.reduce_only if venue_reduces is None else venue_reduces
        """Tell the venue that it only reduces. Not where another owner holds against it: the venue, which knows the
        net position alone, would refuse."""

    @property
    def venue_intent(self) -> Intent:
        """The intent as the venue is to hear it."""
        if self.venue_reduces is self.intent.reduce_only:
            return self.intent
        return msgspec.structs.replace(self.intent, reduce_only=self.venue_reduces)


GATE_SEAL = object()


class CancelRequest(msgspec.Struct, frozen=True, gc=False):
    client_id: str


class AmendRequest(msgspec.Struct, frozen=True, gc=False):
    """The order as it should be after the amendment."""

    client_id: str
    price: int
    stop_price: int
    lots: int
    amendment: int
    """Counts the changes of one order from 1."""
    expires_ns: int
    """The venue takes the request no later than this."""


class QueryRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask the venue what it knows of an order; the answer is an ``OrderStatus`` that repeats ``asked_ns``."""

    client_id: str
    asked_ns: int


class KillRequest(msgspec.Struct, frozen=True, gc=False):
    """Tells an engine that is the venue how the kill switch stands here: it follows, and closes what is held there."""

    engaged: bool
    reason: str = ""
    flatten: bool = False


class SnapshotRequest(msgspec.Struct, frozen=True, gc=False):
    """Ask the venue for the account; the answer is an ``AccountSnapshot`` that repeats ``asked_ns``."""

    asked_ns: int
    orders: bool = True
    positions: bool = True
    """Balances go with positions."""
    known_fills: tuple[tuple[str, str, int], ...] = ()
    """Symbol, id and time (UTC ns) of the last fill that is booked of each symbol; fills after it are asked for."""


class Order(msgspec.Struct, eq=False, kw_only=True):
    """A journalled order and what became of it. The order manager alone changes it; others read."""

    client_id: str
    symbol: str
    side: Side
    type: OrderType
    lots: int
    price: int = 0
    stop_price: int = 0
    trail: int = 0
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    venue_reduces: bool = False
    """Whether it was sent to the venue as reduce-only."""
    role: OrderRole = OrderRole.ENTRY
    owner: str = "manual"
    reason: str = ""
    tag: str = ""
    parent_id: str = ""
    oco_group: str = ""
    reference: int = 0
    created_ns: int = 0
    updated_ns: int = 0
    expires_ns: int = 0
    state: OrderState = OrderState.SUBMITTED
    venue_id: str = ""
    filled_lots: int = 0
    filled_value: int = 0
    fees: int = 0
    fill_ids: list[str] = []
    terms_version: int = 1
    amendments: int = 0
    """How many changes were asked for."""
    cancel_requested_ns: int = 0
    waits_for: list[str] = []
    """Client ids of the orders that must have ended before this one, which the engine holds, leaves."""
    note: str = ""
    good_till_ns: int = 0
    visible_lots: int = 0
    carried_out: int = 0
    """Number of the newest change that the venue has told of as carried out."""

    @property
    def remaining(self) -> int:
        """Lots that can still fill; 0 when the venue filled more than the order's size."""
        return max(0, self.lots - self.filled_lots)

    @property
    def is_open(self) -> bool:
        return self.state.is_open

    def snapshot(self) -> dict[str, Any]:
        """Every field, for the journal's session record and for comparison."""
        return msgspec.structs.asdict(self)
