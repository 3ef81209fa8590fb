"""Trades on the numbers of public trades, so that only the market decides what it does."""

from __future__ import annotations

from workstation.core.messages import BookDelta, BookSnapshot, Trade
from workstation.core.timeframe import SECOND_NS
from workstation.trading.strategy import Strategy

SETTLED_NS = 3 * SECOND_NS // 2


class ByNumber(Strategy):
    """Begins a moment after the first book: until then a feed may be said to be down."""

    _first_ns = 0

    def on_book(self, change: BookDelta | BookSnapshot) -> None:
        self._first_ns = self._first_ns or change.ts_ns

    def on_trade(self, trade: Trade) -> None:
        if not self._first_ns or trade.ts_ns - self._first_ns < SETTLED_NS or trade.trade_id % 5:
            return
        # Always the same side: what is denied for meeting an own order names it, and ids differ by session.
        if trade.trade_id % 15:
            self.buy(200, price=trade.price - trade.trade_id % 7 * 10)
        else:
            self.buy(100)
