"""One symbol at the feed handler: its book, bars and flow, the enriched message, and the answer to late joiners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from workstation.core.instrument import Instrument
from workstation.core.messages import (
    Bar,
    BookDelta,
    BookSnapshot,
    FundingRate,
    History,
    MarkPrice,
    OpenInterest,
    PerpetualHistory,
    Trade,
)
from workstation.core.money import from_money
from workstation.core.timeframe import TIMEFRAMES
from workstation.core.types import Side
from workstation.market.bars import BarBuilder
from workstation.market.order_book import OrderBook
from workstation.market.perpetual_figures import PerpetualFigures
from workstation.messaging.bodies import BarRow, BookSnapshotBody, MarketAnswerBody, MarketData, SideWord
from workstation.messaging.market_bodies import MarketEvent, market_body
from workstation.messaging.moments import moment
from workstation.services.flow import FlowWindow

KEPT_BARS = 6_000

Row = tuple[int, int, int, int, int, int]
"""Close time in nanoseconds, open, high, low, close in ticks, volume in lots."""


class SymbolPublisher:
    """``publish`` takes each market event that the symbol gives rise to, bars of every timeframe among them."""

    def __init__(self, instrument: Instrument, publish: Callable[[MarketEvent], None]) -> None:
        self.instrument = instrument
        self.book = OrderBook(instrument.symbol)
        self.connected = True
        self.changed = False
        """Whether the enriched message has something new to tell."""
        self._publish = publish
        self._builders = [BarBuilder(instrument.symbol, interval_ns) for interval_ns in sorted(TIMEFRAMES.values())]
        self._past: dict[int, list[Row]] = {}
        self._flow = FlowWindow()
        self._last: Trade | None = None
        self._mark = 0
        self._funding: Decimal | None = None
        self._perpetual = PerpetualFigures()
        self._now_ns = 0

    def take(self, event: MarketEvent | History | PerpetualHistory) -> None:
        """Keep what is told of the symbol, and pass it on."""
        self._now_ns = max(self._now_ns, event.ts_ns)
        self.close_bars(self._now_ns)
        if isinstance(event, History):
            self._past[event.interval_ns] = list(event.bars[-KEPT_BARS:])
            return
        if isinstance(event, FundingRate | OpenInterest | PerpetualHistory):
            self._perpetual.take(event)
        if isinstance(event, PerpetualHistory):
            return
        if isinstance(event, BookSnapshot):
            self.book.apply_snapshot(event)
        elif isinstance(event, BookDelta):
            self.book.apply_delta(event)
        elif isinstance(event, Trade):
            self._last = event
            self._flow.add(self._now_ns, event.side, event.lots)
            self._builders[0].add_trade(self._now_ns, event.price, event.lots)
        elif isinstance(event, MarkPrice):
            self._mark = event.price
        elif isinstance(event, FundingRate):
            self._funding = from_money(event.rate)
        self.changed = True
        self._publish(event)

    def close_bars(self, now_ns: int) -> None:
        """Publish the bars whose time is over, the smallest first."""
        minute = self._builders[0].take_closed(now_ns)
        if minute is None:
            return
        self._keep(minute)
        for builder in self._builders[1:]:
            for bar in builder.add_bar(minute):
                self._keep(bar)

    def _keep(self, bar: Bar) -> None:
        rows = self._past.setdefault(bar.interval_ns, [])
        rows.append((bar.ts_ns, bar.open, bar.high, bar.low, bar.close, bar.lots))
        if len(rows) > 2 * KEPT_BARS:
            del rows[:-KEPT_BARS]
        self._publish(bar)

    def enriched(self) -> MarketData:
        """The symbol in one message."""
        terms, book, last = self.instrument, self.book, self._last
        bid, ask = book.best_bid, book.best_ask
        side: SideWord | None = None if last is None else "buy" if last.side is Side.BUY else "sell"
        self.changed = False
        return MarketData(
            symbol=terms.symbol,
            best_bid=terms.tick * bid if bid else None,
            best_ask=terms.tick * ask if ask else None,
            bid_size=terms.lot * book.bids[bid] if bid else None,
            ask_size=terms.lot * book.asks[ask] if ask else None,
            last_price=terms.tick * last.price if last is not None else None,
            last_side=side,
            last_size=terms.lot * last.lots if last is not None else None,
            mark_price=terms.tick * self._mark if self._mark else None,
            funding_rate=self._funding,
            order_flow_imbalance=self._flow.imbalance(self._now_ns),
        )

    def answer(self, numbers: Mapping[str, int], bars: Mapping[str, int], figures: int) -> MarketAnswerBody:
        """How it stands after the messages of these numbers, with so many bars of each timeframe and so many values of
        open interest and funding.
        """
        terms, last, known = self.instrument, self._last, self._perpetual
        book: BookSnapshotBody | None = None
        if self.book.synchronised:
            body = market_body(whole_book(self.book, self._now_ns), {terms.symbol: terms})
            assert isinstance(body, BookSnapshotBody)
            book = body
        return MarketAnswerBody(
            symbol=terms.symbol,
            numbers=dict(numbers),
            connected=self.connected,
            book=book,
            mark_price=terms.tick * self._mark if self._mark else None,
            last_price=terms.tick * last.price if last is not None else None,
            bars={name: self._rows(TIMEFRAMES[name], count) for name, count in bars.items() if name in TIMEFRAMES},
            open_interest=tuple((moment(ns), terms.lot * lots) for ns, lots in known.open_interest.rows(figures)),
            fundings=tuple((moment(ns), from_money(rate)) for ns, rate in known.fundings.rows(figures)),
        )

    def _rows(self, interval_ns: int, count: int) -> tuple[BarRow, ...]:
        tick, lot = self.instrument.tick, self.instrument.lot
        rows = self._past.get(interval_ns, ())[-count:] if count else ()
        return tuple(
            (moment(close_ns), tick * open_, tick * high, tick * low, tick * close, lot * lots)
            for close_ns, open_, high, low, close, lots in rows
        )


def whole_book(book: OrderBook, ts_ns: int) -> BookSnapshot:
    """Every level of a book."""
    depth = max(len(book.bids), len(book.asks))
    return BookSnapshot(book.symbol, ts_ns, book.sequence, tuple(book.top_bids(depth)), tuple(book.top_asks(depth)))
