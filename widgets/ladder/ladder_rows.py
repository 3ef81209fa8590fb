"""The book grouped into ladder rows: integer arithmetic without Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Side = Literal["buy", "sell"]
Levels = Iterable[tuple[int, int]]
MIDDLE_SHARE = 3  # the spread may wander within the middle third before the ladder follows


class LadderOrder(NamedTuple):
    """Own lots resting at a price; `ahead` is the share of the level that is before them, 0 to 1.

    `names` are the orders' ids; `stop` tells that one of them waits there for its trigger.
    """

    lots: int
    side: Side
    ahead: float | None = None
    names: tuple[str, ...] = ()
    stop: bool = False

    def with_more(self, other: LadderOrder) -> LadderOrder:
        """Both in one cell; the queue share is this one's."""
        names, stop = self.names + other.names, self.stop or other.stop
        return self._replace(lots=self.lots + other.lots, names=names, stop=stop)


@dataclass
class LadderRows:
    """Rows are numbered by price: row r holds the prices of `group` ticks that round to r * group.

    Bids round down and asks up, so that a row never claims a better price than the book has.
    """

    group: int = 1
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    orders: dict[int, LadderOrder] = field(default_factory=dict)
    traded: dict[int, int] = field(default_factory=dict)
    best_bid: int | None = None
    best_ask: int | None = None
    bid_sum: int = 0
    ask_sum: int = 0
    _ask_ticks: int | None = None

    def set_book(self, bids: Levels, asks: Levels) -> None:
        """Levels as (ticks, lots) in any order; levels without lots are passed over."""
        group = self.group
        self.bids, self.asks, self._ask_ticks = {}, {}, None
        for ticks, lots in bids:
            if lots > 0:
                row = ticks // group
                self.bids[row] = self.bids.get(row, 0) + lots
        for ticks, lots in asks:
            if lots > 0:
                self._ask_ticks = ticks if self._ask_ticks is None else min(ticks, self._ask_ticks)
                row = -(-ticks // group)
                self.asks[row] = self.asks.get(row, 0) + lots
        self.best_bid = max(self.bids, default=None)
        self.best_ask = min(self.asks, default=None)
        self.bid_sum, self.ask_sum = sum(self.bids.values()), sum(self.asks.values())

    def set_orders(self, orders: Mapping[int, LadderOrder]) -> None:
        """Own orders by ticks; those that share a row are added up, its queue share is the first one's."""
        self.orders = {}
        for ticks, order in sorted(orders.items()):
            row = self.row_of(ticks, order.side)
            before = self.orders.get(row)
            self.orders[row] = order if before is None else before.with_more(order)

    def set_traded(self, lots_by_ticks: Mapping[int, int]) -> None:
        self.traded = {}
        for ticks, lots in lots_by_ticks.items():
            row = ticks // self.group
            self.traded[row] = self.traded.get(row, 0) + lots

    def row_of(self, ticks: int, side: Side) -> int:
        return ticks // self.group if side == "buy" else -(-ticks // self.group)

    def last_row(self, last_ticks: int) -> int:
        """The row of the last trade: with the asks when it traded at the best ask or above."""
        at_ask = self._ask_ticks is not None and last_ticks >= self._ask_ticks
        return self.row_of(last_ticks, "sell" if at_ask else "buy")

    def centre_row(self) -> int | None:
        """The row above the spread's middle; None for an empty book."""
        if self.best_bid is None or self.best_ask is None:
            return self.best_ask if self.best_bid is None else self.best_bid
        return (self.best_bid + self.best_ask + 1) // 2

    def largest(self, lowest: int, highest: int) -> int:
        """Most lots in one visible cell, at least 1."""
        rows = range(lowest, highest + 1)
        return max(1, max((max(self.bids.get(row, 0), self.asks.get(row, 0)) for row in rows), default=1))


def followed_top(top: int, rows: int, centre: int) -> int:
    """The top row after following: unchanged while `centre` is in the middle third of `rows` rows."""
    third = rows // MIDDLE_SHARE
    if top - rows + third < centre <= top - third:
        return top
    return centre + rows // 2
