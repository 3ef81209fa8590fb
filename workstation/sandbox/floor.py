"""What all desks share: the clock, the listings, the tape, ids, and what is to be stored and told after a turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from workstation.core.clock import EventClock
from workstation.core.types import Side
from workstation.sandbox.listing import DepthChange, Listing, Market
from workstation.sandbox.tape import AggregateTrade, TapeTrade


class UserEvent(NamedTuple):
    """One message of a user's stream."""

    account: str
    market: Market
    body: dict[str, Any]


class MarketListener(Protocol):
    """Hears of the public market as it happens."""

    def on_trade(self, listing: Listing, trade: TapeTrade) -> None: ...

    def on_aggregate(self, listing: Listing, trade: AggregateTrade) -> None: ...

    def on_depth(self, listing: Listing, change: DepthChange) -> None: ...

    def on_mark(self, listing: Listing) -> None: ...

    def on_liquidation(self, listing: Listing, order: dict[str, Any]) -> None: ...


class Silence:
    """Nobody listens."""

    def on_trade(self, listing: Listing, trade: TapeTrade) -> None:
        """Nothing to do."""

    def on_aggregate(self, listing: Listing, trade: AggregateTrade) -> None:
        """Nothing to do."""

    def on_depth(self, listing: Listing, change: DepthChange) -> None:
        """Nothing to do."""

    def on_mark(self, listing: Listing) -> None:
        """Nothing to do."""

    def on_liquidation(self, listing: Listing, order: dict[str, Any]) -> None:
        """Nothing to do."""


StoredKey = tuple[str, ...]
"""Kind of a stored thing, then what names it."""


class Floor:
    def __init__(self, clock: EventClock, listings: Mapping[Market, Mapping[str, Listing]]) -> None:
        self.clock = clock
        self.listings = listings
        self.listener: MarketListener = Silence()
        self.events: list[UserEvent] = []
        self.changes: dict[StoredKey, Callable[[], Any]] = {}
        """What must be written before anybody hears of it: how to get its newest value, by its name."""
        self.next_ids = {"order": 1, "transaction": 1, "algo": 1, "list": 1}
        self.brings_funding = True
        """The market tells funding rates; otherwise one is assumed every 8 hours."""
        self.partial_percent: Callable[[], int | None] = _all_of_it
        """Chaos: the part that the next order finds at once; ``None`` for all."""
        self._dirty: dict[Listing, None] = {}

    def take_id(self, kind: str) -> int:
        """The next id of a kind; it is stored, so that no id is given twice."""
        number = self.next_ids[kind]
        self.next_ids[kind] = number + 1
        self.changes[("ids",)] = lambda: dict(self.next_ids)
        return number

    def tell(self, account: str, market: Market, body: dict[str, Any]) -> None:
        """Queue an event of a user's stream."""
        self.events.append(UserEvent(account, market, body))

    def print_trade(self, listing: Listing, price: int, lots: int, side: Side) -> TapeTrade:
        """Put a trade on the public tape."""
        trade = listing.tape.append(self.clock.time_ns, price, lots, listing.worth(price, lots), side)
        listing.last = price
        listing.candles.add(trade)
        done = listing.tape.aggregate(trade)
        if done is not None:
            self.listener.on_aggregate(listing, done)
        self._dirty[listing] = None
        self.listener.on_trade(listing, trade)
        return trade

    def end_instant(self) -> None:
        """Time goes on: aggregates of trades are complete."""
        for listing in self._dirty:
            done = listing.tape.complete_aggregate()
            if done is not None:
                self.listener.on_aggregate(listing, done)
        self._dirty.clear()


def _all_of_it() -> int | None:
    return None
