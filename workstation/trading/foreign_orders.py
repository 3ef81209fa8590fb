"""Orders that somebody else placed on the account, taken into our books."""

from __future__ import annotations

from typing import Protocol

import msgspec

from workstation.core.clock import EventClock
from workstation.core.messages import AccountSnapshot, OrderAdopted, OrderFilled, Output, RestingOrder
from workstation.core.types import EXTERNAL, OrderType
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    ledger: Ledger
    orders: OrderManager
    markets: dict[str, MarketState]

    def emit(self, output: Output) -> None: ...


def adopt(engine: Engine, resting: RestingOrder) -> None:
    """Take an order into the books, and journal it."""
    adopted = OrderAdopted(ts_ns=engine.clock.time_ns, order=resting)
    engine.orders.adopt_foreign(adopted)
    engine.emit(adopted)


def adopt_by_fill(engine: Engine, fill: OrderFilled, owner: str = EXTERNAL) -> bool:
    """Take in the order of a fill, of which no more is known than what filled; False where we know the order."""
    if fill.client_id in engine.orders.orders:
        return False
    resting = RestingOrder(
        client_id=fill.client_id,
        venue_id="",
        symbol=fill.symbol,
        side=fill.side,
        type=OrderType.MARKET,
        lots=fill.lots,
        filled_lots=0,
        price=0,
        stop_price=0,
        reduce_only=False,
        owner=owner,
    )
    adopt(engine, resting)
    return True


def adopt_listed(engine: Engine, snapshot: AccountSnapshot, booked: bool) -> None:
    """Take in the account's orders that are not ours, as they were before the executions that are booked next."""
    coming: dict[str, int] = {}
    for fill in snapshot.fills or ():
        if booked and fill.fill_id not in engine.ledger.booked:
            coming[fill.client_id] = coming.get(fill.client_id, 0) + fill.lots
    for resting in snapshot.orders or ():
        if resting.client_id not in engine.orders.orders and resting.symbol in engine.markets:
            filled = max(0, resting.filled_lots - coming.get(resting.client_id, 0))
            adopt(engine, msgspec.structs.replace(resting, filled_lots=filled))
