"""An L2 order book in ticks and lots that knows when it has missed something."""

from __future__ import annotations

from bisect import bisect_left, insort

from workstation.core.messages import BookDelta, BookSnapshot, Levels


class OrderBook:
    """Total quantity by price level. ``bids`` and ``asks`` map ticks to lots; the price lists are ascending."""

    __slots__ = (
        "ask_prices",
        "asks",
        "bid_prices",
        "bids",
        "gaps",
        "sequence",
        "symbol",
        "synchronised",
        "ts_ns",
    )

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.bid_prices: list[int] = []
        self.ask_prices: list[int] = []
        self.sequence = -1
        self.ts_ns = 0
        self.synchronised = False
        self.gaps = 0

    def apply_snapshot(self, snapshot: BookSnapshot) -> None:
        self.bids = {price: lots for price, lots in snapshot.bids if lots > 0}
        self.asks = {price: lots for price, lots in snapshot.asks if lots > 0}
        self.bid_prices = sorted(self.bids)
        self.ask_prices = sorted(self.asks)
        self.sequence = snapshot.sequence
        self.ts_ns = snapshot.ts_ns
        self.synchronised = True

    def apply_delta(self, delta: BookDelta) -> bool:
        """Apply a change; False, and the book is unsynchronised until the next snapshot, when one was missed."""
        if delta.previous_sequence != self.sequence or not self.synchronised:
            if delta.sequence <= self.sequence and self.synchronised:
                return True
            if self.synchronised:
                self.gaps += 1
            self.synchronised = False
            return False
        self.sequence = delta.sequence
        self.ts_ns = delta.ts_ns
        if delta.bids:
            _apply(self.bids, self.bid_prices, delta.bids)
        if delta.asks:
            _apply(self.asks, self.ask_prices, delta.asks)
        return True

    @property
    def best_bid(self) -> int:
        """Ticks; 0 when there is none."""
        return self.bid_prices[-1] if self.bid_prices else 0

    @property
    def best_ask(self) -> int:
        """Ticks; 0 when there is none."""
        return self.ask_prices[0] if self.ask_prices else 0

    @property
    def crossed(self) -> bool:
        return bool(self.bid_prices and self.ask_prices and self.bid_prices[-1] >= self.ask_prices[0])

    def top_bids(self, depth: int) -> list[tuple[int, int]]:
        """Best levels first."""
        bids = self.bids
        return [(price, bids[price]) for price in self.bid_prices[: -depth - 1 : -1]]

    def top_asks(self, depth: int) -> list[tuple[int, int]]:
        """Best levels first."""
        asks = self.asks
        return [(price, asks[price]) for price in self.ask_prices[:depth]]


def _apply(levels: dict[int, int], prices: list[int], changes: Levels) -> None:
    for price, lots in changes:
        if lots > 0:
            if price not in levels:
                insort(prices, price)
            levels[price] = lots
        elif price in levels:
            del levels[price]
            del prices[bisect_left(prices, price)]
