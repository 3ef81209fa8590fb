"""What an exchange tells of an order, in the engine's terms."""

from __future__ import annotations

from typing import Protocol

import msgspec

from workstation.core.messages import (
    FundingPaid,
    HeldPosition,
    OrderFilled,
    OrderStatus,
    PositionLiquidated,
    RestingOrder,
    VenueReport,
)
from workstation.core.orders import AmendRequest, Approved, QueryRequest
from workstation.core.types import OrderState, OrderType, Side
from workstation.venues.exchange.account.known_orders import KnownOrder

Execution = OrderFilled | PositionLiquidated


class OrderFacts(msgspec.Struct, frozen=True):
    """An order as the exchange has it. Prices in ticks, quantities in lots."""

    client_id: str
    venue_id: str
    symbol: str
    side: Side
    type: OrderType
    state: OrderState
    lots: int
    filled_lots: int
    price: int
    stop_price: int
    reduce_only: bool
    conditional: bool = False

    def resting(self) -> RestingOrder:
        return RestingOrder(
            client_id=self.client_id,
            venue_id=self.venue_id,
            symbol=self.symbol,
            side=self.side,
            type=self.type,
            lots=self.lots,
            filled_lots=self.filled_lots,
            price=self.price,
            stop_price=self.stop_price,
            reduce_only=self.reduce_only,
        )

    def status(self, query: QueryRequest, ts_ns: int, fills: tuple[OrderFilled, ...]) -> OrderStatus:
        return OrderStatus(
            ts_ns=ts_ns,
            client_id=query.client_id,
            found=True,
            asked_ns=query.asked_ns,
            state=self.state,
            venue_id=self.venue_id,
            fills=fills,
            lots=self.lots,
            price=self.price,
            stop_price=self.stop_price,
        )


class Dialect(Protocol):
    """One exchange's protocol.

    Methods raise ``CallFailed`` for whatever is not a good answer, ``RequestExpired`` when nothing was sent,
    ``NotNative`` for what the exchange does not have, and ``LaggingAnswer`` when its answers disagree.
    """

    async def place(self, approved: Approved, order: KnownOrder) -> list[VenueReport]:
        """Send a new order; the reports that its answer proves."""
        ...

    async def cancel(self, order: KnownOrder) -> list[VenueReport]: ...

    async def amend(self, order: KnownOrder, request: AmendRequest) -> list[VenueReport]: ...

    async def find(self, order: KnownOrder) -> tuple[OrderFacts, tuple[OrderFilled, ...]] | None:
        """The order with all of its fills; ``None`` when the exchange has no such order."""
        ...

    async def cancel_all(self, symbol: str) -> None:
        """Cancel whatever rests in a symbol, in every service of the exchange."""
        ...

    async def open_orders(self) -> list[OrderFacts]: ...

    async def positions(self) -> list[HeldPosition]: ...

    async def balances(self) -> dict[str, int]: ...

    async def fills_after(self, symbol: str, fill_id: str, since_ns: int) -> list[Execution]:
        """Executions of a symbol after a known one; with an empty id, since a time. Oldest first."""
        ...

    async def funding_since(self, since_ns: int) -> list[FundingPaid]: ...
