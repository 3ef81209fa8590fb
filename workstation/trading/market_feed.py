"""Takes market inputs: time moves, the market's state changes, then the venue and the strategies hear of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workstation.core.bus import Bus
from workstation.core.clock import EventClock
from workstation.core.messages import (
    Bar,
    BookDelta,
    BookGap,
    BookSnapshot,
    FeedStatus,
    FundingRate,
    History,
    LogLine,
    MarkPrice,
    OpenInterest,
    Output,
    PerpetualHistory,
    Trade,
)
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Severity
from workstation.trading.guards import Guards
from workstation.trading.kernel_terms import MarketTap
from workstation.trading.market_state import MarketState
from workstation.trading.strategy_host import StrategyHost
from workstation.trading.volatility import VolatilityGuard

GUARD_INTERVAL_NS = SECOND_NS


class MarketFeed:
    """``net_lots`` is the ledger's live view."""

    def __init__(
        self,
        clock: EventClock,
        markets: Mapping[str, MarketState],
        bus: Bus,
        tap: MarketTap | None,
        host: StrategyHost,
        guards: Guards,
        volatility: VolatilityGuard,
        *,
        guarded: bool,
        net_lots: Mapping[str, int],
        emit: Callable[[Output], None],
        check_guards: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._markets = markets
        self._bus = bus
        self._heard = bus.handlers
        self._tap = tap
        self._host = host
        self._guards = guards
        self._volatility = volatility
        self._guarded = guarded
        self._net_lots = net_lots
        self._emit = emit
        self._check_guards = check_guards

    def on_trade(self, trade: Trade) -> None:
        clock = self._clock
        ts_ns = trade.ts_ns
        if ts_ns >= clock.next_due_ns:
            clock.advance(ts_ns)
        elif ts_ns > clock.time_ns:
            clock.time_ns = ts_ns
        market = self._markets.get(trade.symbol)
        if market is None:
            return
        market.last_price = trade.price
        market.last_ns = clock.time_ns
        base = market.base
        if base is not None:
            if base.close_ns == 0:
                base.add_trade(clock.time_ns, trade.price, trade.lots)
                clock.call_at(base.close_ns, lambda: self._close_base_bar(market))
            else:
                base.add_trade(clock.time_ns, trade.price, trade.lots)
        if self._tap is not None:
            self._tap.on_trade(trade)
        for listener in market.trade_listeners:
            listener(trade)
        if clock.time_ns - self._guards.checked_ns >= GUARD_INTERVAL_NS:
            self._check_guards()
        if Trade in self._heard:
            self._bus.publish(trade)

    def on_book_delta(self, delta: BookDelta) -> None:
        clock = self._clock
        ts_ns = delta.ts_ns
        if ts_ns >= clock.next_due_ns:
            clock.advance(ts_ns)
        elif ts_ns > clock.time_ns:
            clock.time_ns = ts_ns
        market = self._markets.get(delta.symbol)
        if market is None:
            return
        book = market.book
        if not book.apply_delta(delta):
            self._tell_gap(market, delta)
            return
        market.last_ns = clock.time_ns
        if self._tap is not None:
            self._tap.on_book(delta.symbol)
        for listener in market.book_listeners:
            listener(delta)
        if BookDelta in self._heard:
            self._bus.publish(delta)

    def _tell_gap(self, market: MarketState, delta: BookDelta) -> None:
        """A gap is told once; what follows it is dropped until the next snapshot."""
        book = market.book
        if book.gaps > market.gaps_told:
            market.gaps_told = book.gaps
            self._emit(
                BookGap(
                    ts_ns=self._clock.time_ns,
                    symbol=delta.symbol,
                    expected=book.sequence,
                    got=delta.previous_sequence,
                    count=book.gaps,
                )
            )

    def on_book_snapshot(self, snapshot: BookSnapshot) -> None:
        self._move_to(snapshot.ts_ns)
        market = self._markets.get(snapshot.symbol)
        if market is None:
            return
        market.book.apply_snapshot(snapshot)
        market.last_ns = self._clock.time_ns
        if not market.last_price and market.book.best_bid and market.book.best_ask:
            market.last_price = (market.book.best_bid + market.book.best_ask) // 2
        if self._tap is not None:
            self._tap.on_book(snapshot.symbol)
        for listener in market.book_listeners:
            listener(snapshot)
        self._bus.publish(snapshot)

    def on_bar(self, bar: Bar) -> None:
        clock = self._clock
        market = self._markets[bar.symbol]
        close_ns, interval_ns = bar.ts_ns, bar.interval_ns
        open_ns = close_ns - interval_ns
        if open_ns >= clock.next_due_ns:
            clock.advance(open_ns)
        elif open_ns > clock.time_ns:
            clock.time_ns = open_ns
        market.bar_interval_ns = interval_ns
        if self._tap is not None:
            self._tap.on_bar(bar)
        if close_ns > clock.next_due_ns:
            clock.advance(close_ns - 1)
        # What is due at the close (a sample of the equity, a new day) finds its price, as it does where trades made it.
        market.last_price = bar.close
        market.last_ns = close_ns
        if close_ns >= clock.next_due_ns:
            clock.advance(close_ns)
        else:
            clock.time_ns = close_ns
        self._bar_closed(market, bar, interval_ns)
        if self._guarded and self._net_lots:
            self._check_guards()

    def _close_base_bar(self, market: MarketState) -> None:
        base = market.base
        if base is None:
            return
        bar = base.take_closed(self._clock.time_ns)
        if bar is not None:
            self._bar_closed(market, bar, base.interval_ns)

    def _bar_closed(self, market: MarketState, bar: Bar, interval_ns: int) -> None:
        """All bars that close together are kept before anyone hears of them, the largest first."""
        if interval_ns in market.series:
            market.keep(bar)
        if market.aggregators:
            self._close_larger_bars(market, bar)
        for listener in market.bar_listeners.get(interval_ns, ()):
            listener(bar)
        if Bar in self._heard:
            self._bus.publish(bar)

    def _close_larger_bars(self, market: MarketState, bar: Bar) -> None:
        closed: list[Bar] = []
        for aggregator in market.aggregators.values():
            for larger in aggregator.add_bar(bar):
                closed.append(larger)
                market.keep(larger)
        for larger in reversed(closed):
            for listener in market.bar_listeners.get(larger.interval_ns, ()):
                listener(larger)
            self._bus.publish(larger)

    def on_history(self, history: History) -> None:
        self._move_to(history.ts_ns)
        market = self._markets.get(history.symbol)
        if market is None or not history.bars:
            return
        interval_ns = history.interval_ns
        series = market.series.get(interval_ns)
        if series is not None:
            series.extend(history.bars)
        bars = [Bar(market.symbol, row[0], interval_ns, *row[1:]) for row in history.bars]
        for aggregator in market.aggregators.values():
            if aggregator.interval_ns == interval_ns:
                aggregator.covered_ns = bars[-1].ts_ns
            elif aggregator.interval_ns > interval_ns and aggregator.interval_ns % interval_ns == 0:
                for bar in bars:
                    for done in aggregator.add_bar(bar):
                        market.keep(done)
                        self._host.deliver_history(market.symbol, done)
        for bar in bars:
            self._host.deliver_history(market.symbol, bar)
        self._volatility.add_history(market.symbol, interval_ns, bars)
        newest = bars[-1]
        if not market.last_price or 0 < market.priced_ns < newest.ts_ns:
            market.last_price, market.priced_ns = newest.close, newest.ts_ns
        self._bus.publish(history)

    def on_mark(self, mark: MarkPrice) -> None:
        self._move_to(mark.ts_ns)
        market = self._markets.get(mark.symbol)
        if market is None:
            return
        market.mark_price = mark.price
        if self._tap is not None:
            self._tap.on_mark(mark)
        self._bus.publish(mark)

    def on_funding(self, funding: FundingRate) -> None:
        self._move_to(funding.ts_ns)
        market = self._markets.get(funding.symbol)
        if market is not None:
            market.perpetual.take(funding)
            if self._tap is not None:
                self._tap.on_funding(funding)
        self._bus.publish(funding)

    def on_perpetual(self, told: OpenInterest | PerpetualHistory) -> None:
        self._move_to(told.ts_ns)
        market = self._markets.get(told.symbol)
        if market is not None:
            market.perpetual.take(told)
            self._bus.publish(told)

    def on_feed_status(self, status: FeedStatus) -> None:
        self._move_to(status.ts_ns)
        markets = [market for market in self._markets.values() if status.symbol in ("", market.symbol)]
        # Before its first data a feed that is told down for the first time is merely not up yet.
        starts = not status.connected and not any(market.last_ns or not market.connected for market in markets)
        for market in markets:
            market.connected = status.connected
        state = "connected" if status.connected else "starting" if starts else "down"
        severity = Severity.INFO if status.connected or starts else Severity.WARNING
        text = f"Feed {state}: {status.detail}"
        self._emit(LogLine(ts_ns=self._clock.time_ns, severity=severity, source="feed", text=text))
        self._bus.publish(status)

    def _move_to(self, ts_ns: int) -> None:
        clock = self._clock
        if ts_ns > clock.time_ns or ts_ns >= clock.next_due_ns:
            clock.advance(ts_ns)
