"""One symbol of Binance: its messages become the engine's inputs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import FundingRate, Levels, MarketInput, MarkPrice, Trade
from workstation.core.money import to_rate
from workstation.core.types import Side
from workstation.venues.exchange.market.binance_messages import (
    AggregateTradeAnswer,
    AggregateTradeUpdate,
    BookAnswer,
    DepthUpdate,
    Level,
    MarkPriceUpdate,
    TradeAnswer,
    TradeUpdate,
)
from workstation.venues.exchange.market.book_sequence import BookSequence
from workstation.venues.exchange.market.exact_steps import NotWhole, lot_steps, tick_steps
from workstation.venues.exchange.market.figures import StreamCounter
from workstation.venues.exchange.market.funding_schedule import FundingSchedule
from workstation.venues.exchange.market.trade_sequence import TradeSequence

AnyTrade = TradeUpdate | AggregateTradeUpdate | TradeAnswer | AggregateTradeAnswer

EVERYTHING = (0, 1 << 62)
"""Prices in ticks between which the whole book is known."""


class BinanceSymbol:
    """The handlers raise ``NotWhole`` for a price or quantity that is not whole."""

    def __init__(
        self,
        instrument: Instrument,
        clock: WallClock,
        deliver: Callable[[MarketInput], None],
        on_gap: Callable[[str], None],
        on_edge: Callable[[str], None],
        ask_trades: Callable[[str, int, int], None],
        now_s: float,
    ) -> None:
        symbol = instrument.symbol
        self.instrument = instrument
        self._symbol = symbol
        self._clock = clock
        self._deliver = deliver
        self._ticks = tick_steps(instrument)
        self._lots = lot_steps(instrument)
        self.book = BookSequence(symbol, deliver, lambda: on_gap(symbol))
        self.trades = TradeSequence(deliver, lambda first, last: ask_trades(symbol, first, last))
        self.book_counter = StreamCounter(symbol, "book", now_s)
        self.trade_counter = StreamCounter(symbol, "trades", now_s)
        self.mark_counter = StreamCounter(symbol, "mark", now_s)
        self._on_edge = on_edge
        self._known = EVERYTHING
        self._funding = FundingSchedule()

    def on_depth(self, update: DepthUpdate) -> None:
        previous = update.previous if update.previous >= 0 else update.first - 1
        bids, asks = self.levels(update.bids), self.levels(update.asks)
        self.book.on_change(self._clock.now_ns(), previous, update.last, bids, asks)

    def on_snapshot(self, answer: BookAnswer, depth: int) -> bool:
        """Take a REST answer of ``depth`` levels a side; False when it is too old.

        Levels beyond it stay unknown until they change, so a new one is wanted when trades come near its edge.
        """
        bids, asks = self.levels(answer.bids), self.levels(answer.asks)
        low, high = EVERYTHING
        if len(bids) >= depth:
            low = (bids[0][0] + bids[-1][0]) // 2
        if len(asks) >= depth:
            high = (asks[0][0] + asks[-1][0]) // 2
        taken = self.book.on_snapshot(self._clock.now_ns(), answer.update_id, bids, asks)
        if taken:
            self._known = (low, high)
        return taken

    def on_trade(self, update: TradeUpdate | AggregateTradeUpdate) -> None:
        trade = self.trade(update)
        self.trades.on_trade(trade, update.time_ms)
        low, high = self._known
        if not low <= trade.price <= high:
            self._on_edge(self._symbol)

    def trade(self, update: AnyTrade) -> Trade:
        side = Side.SELL if update.buyer_is_maker else Side.BUY
        price, lots = self._ticks[update.price], self._lots[update.quantity]
        return Trade(self._symbol, self._clock.now_ns(), price, lots, side, update.trade_id)

    def on_mark(self, update: MarkPriceUpdate) -> None:
        """A mark price is computed, finer than a tick: it is rounded half to even."""
        now_ns = self._clock.now_ns()
        try:
            price = self.instrument.ticks_rounded(Decimal(update.price))
        except InvalidOperation:
            raise NotWhole(f"The mark price of {self._symbol}, {update.price}, is no number.") from None
        self._deliver(MarkPrice(self._symbol, now_ns, price))
        if update.due_ms and update.rate:
            rate = self._funding.announce(update.time_ms, update.due_ms, to_rate(update.rate))
            if rate is not None:
                self._deliver(FundingRate(self._symbol, now_ns, rate, price))

    def levels(self, levels: tuple[Level, ...]) -> Levels:
        ticks, lots = self._ticks, self._lots
        return tuple([(ticks[price], lots[quantity]) for price, quantity in levels])
