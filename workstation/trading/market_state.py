"""What the engine knows of one symbol's market: its book, last price, freshness and bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.messages import Bar, BookDelta, BookSnapshot, Trade
from workstation.core.timeframe import bar_open_ns
from workstation.market.bars import BarBuilder, BarSeries, FormingBar
from workstation.market.order_book import OrderBook
from workstation.market.perpetual_figures import PerpetualFigures


class MarketState:
    """``last_price`` is the reference of the gate and the mark of the ledger: the last trade, bar close or mark."""

    __slots__ = (
        "aggregators",
        "bar_interval_ns",
        "bar_listeners",
        "base",
        "book",
        "book_listeners",
        "connected",
        "gaps_told",
        "instrument",
        "last_ns",
        "last_price",
        "mark_price",
        "perpetual",
        "priced_ns",
        "series",
        "symbol",
        "trade_listeners",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.symbol = instrument.symbol
        self.instrument = instrument
        self.book = OrderBook(instrument.symbol)
        self.last_price = 0
        self.mark_price = 0
        self.perpetual = PerpetualFigures()
        self.last_ns = 0
        self.priced_ns = 0
        """Close of the bar from before the session that ``last_price`` comes from; 0 when it comes from elsewhere."""
        self.connected = True
        self.gaps_told = 0
        self.bar_interval_ns = 0
        """Interval of the bars that the feed consists of; 0 when it has trades. Between two bars nothing is heard."""
        self.base: BarBuilder | None = None
        """Builds the smallest bars from trades."""
        self.aggregators: dict[int, BarBuilder] = {}
        self.series: dict[int, BarSeries] = {}
        self.bar_listeners: dict[int, list[Callable[[Bar], Any]]] = {}
        self.trade_listeners: list[Callable[[Trade], Any]] = []
        self.book_listeners: list[Callable[[BookDelta | BookSnapshot], Any]] = []

    @property
    def price(self) -> int:
        """The price at which positions are valued: the venue's mark where there is one."""
        return self.mark_price or self.last_price

    def want_bars(self, interval_ns: int, base_interval_ns: int) -> None:
        """Have bars of this interval built, from the base bars where it is larger."""
        if self.base is None:
            self.base = BarBuilder(self.symbol, base_interval_ns)
        if interval_ns > base_interval_ns and interval_ns not in self.aggregators:
            self.aggregators[interval_ns] = BarBuilder(self.symbol, interval_ns)
            self.aggregators = dict(sorted(self.aggregators.items()))

    def want_series(self, interval_ns: int, base_interval_ns: int) -> BarSeries:
        """The series of this interval; from now on its bars are kept."""
        self.want_bars(interval_ns, base_interval_ns)
        found = self.series.get(interval_ns)
        if found is None:
            found = self.series[interval_ns] = BarSeries(self.instrument, interval_ns)
        return found

    def keep(self, bar: Bar) -> None:
        """Append a closed bar to its series, where that is kept."""
        series = self.series.get(bar.interval_ns)
        if series is not None:
            series.append(bar.ts_ns, bar.open, bar.high, bar.low, bar.close, bar.lots)

    def forming(self, interval_ns: int) -> FormingBar | None:
        """The smaller closed bars of the interval together with the trades since."""
        base = self.base
        if base is None:
            return None
        part = self.aggregators.get(interval_ns)
        live = FormingBar(0, base.open, base.high, base.low, base.close, base.lots) if base.close_ns else None
        closed = None
        if part is not None and part.close_ns:
            closed = FormingBar(part.close_ns - interval_ns, part.open, part.high, part.low, part.close, part.lots)
        if live is None:
            return closed
        open_ns = bar_open_ns(base.close_ns - base.interval_ns, interval_ns)
        if closed is None or closed.open_ns != open_ns or part is base:
            return live._replace(open_ns=open_ns)
        return FormingBar(
            open_ns,
            closed.open,
            max(closed.high, live.high),
            min(closed.low, live.low),
            live.close,
            closed.lots + live.lots,
        )
