"""The market of one symbol of a remote engine: book and trades from the feed, bars as the engine itself has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.messages import (
    BookDelta,
    BookSnapshot,
    FeedStatus,
    FundingRate,
    MarkPrice,
    OpenInterest,
    PerpetualHistory,
    Trade,
)
from workstation.market.bars import BarSeries, FormingBar
from workstation.market.order_book import OrderBook
from workstation.market.perpetual_figures import PerpetualFigures


class MirroredMarket:
    """Prices are ticks, 0 when there is none. ``want`` is told of each interval whose bars are read."""

    def __init__(self, instrument: Instrument, want: Callable[[str, int], None]) -> None:
        self.instrument = instrument
        self.last_price = 0
        self.last_ns = 0
        self.connected = False
        self.perpetual = PerpetualFigures()
        self._want = want
        self._book = OrderBook(instrument.symbol)
        self._series: dict[int, BarSeries] = {}
        self._forming: dict[int, FormingBar] = {}

    @property
    def synchronised(self) -> bool:
        """False while the book waits for a snapshot after a gap."""
        return self._book.synchronised

    @property
    def best_bid(self) -> int:
        return self._book.best_bid

    @property
    def best_ask(self) -> int:
        return self._book.best_ask

    def top(self, depth: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Bids and asks, best first."""
        return self._book.top_bids(depth), self._book.top_asks(depth)

    def take(self, event: Any) -> None:
        """What the feed tells."""
        if isinstance(event, FeedStatus):
            self.connected = event.connected
            return
        if isinstance(event, FundingRate | OpenInterest | PerpetualHistory):
            self.perpetual.take(event)
            return
        if isinstance(event, Trade):
            self.last_price = event.price
            for interval_ns, bar in self._forming.items():
                if bar.open_ns <= event.ts_ns < bar.open_ns + interval_ns:
                    high, low = max(bar.high, event.price), min(bar.low, event.price)
                    self._forming[interval_ns] = FormingBar(
                        bar.open_ns, bar.open, high, low, event.price, bar.lots + event.lots
                    )
        elif isinstance(event, BookSnapshot):
            self._book.apply_snapshot(event)
            if not self.last_price and self.best_bid and self.best_ask:
                self.last_price = (self.best_bid + self.best_ask) // 2
        elif isinstance(event, BookDelta):
            self._book.apply_delta(event)
        if not isinstance(event, MarkPrice):
            self.last_ns = max(self.last_ns, event.ts_ns)

    # --- Bars ---------------------------------------------------------------------------------------------------------

    def series(self, interval_ns: int) -> BarSeries:
        """Closed bars; empty until the engine has answered."""
        self._want(self.instrument.symbol, interval_ns)
        return self._kept(interval_ns)

    def _kept(self, interval_ns: int) -> BarSeries:
        found = self._series.get(interval_ns)
        if found is None:
            found = self._series[interval_ns] = BarSeries(self.instrument, interval_ns)
        return found

    def forming(self, interval_ns: int) -> FormingBar | None:
        return self._forming.get(interval_ns)

    def newest_ns(self, interval_ns: int) -> int:
        """Close of the newest bar that is known; 0 without one."""
        series = self._series.get(interval_ns)
        return int(series.close_ns[-1]) if series is not None and len(series) else 0

    def put_bars(self, interval_ns: int, rows: Sequence[Sequence[float]], now_ns: int) -> None:
        """Take bars over: close time, open, high, low, close, volume. The one that closes after now is being built."""
        series, newest_ns = self._kept(interval_ns), self.newest_ns(interval_ns)
        tick, lot = self.instrument.tick_lossy, self.instrument.lot_lossy
        self._forming.pop(interval_ns, None)
        for time, *values in rows:
            close_ns = int(time)
            *prices, volume = values
            open_, high, low, close = (round(price / tick) for price in prices)
            lots = round(volume / lot)
            if close_ns > now_ns:
                self._forming[interval_ns] = FormingBar(close_ns - interval_ns, open_, high, low, close, lots)
            elif close_ns > newest_ns:
                series.append(close_ns, open_, high, low, close, lots)
