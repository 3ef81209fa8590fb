"""Bars from trades equal bars from smaller bars; a book tells when it has missed a change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workstation.core.messages import Bar, BookDelta, BookSnapshot
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.market.bars import BarBuilder
from workstation.market.order_book import OrderBook

Trades = list[tuple[int, int, int]]

trades_strategy = st.lists(st.tuples(st.integers(0, 4_000), st.integers(90, 110), st.integers(1, 9)), max_size=200)


def bars_of_trades(trades: Trades, interval_ns: int, end_ns: int) -> list[Bar]:
    builder = BarBuilder("BTCUSDT", interval_ns)
    closed = [builder.add_trade(*trade) for trade in trades]
    return [bar for bar in [*closed, builder.take_closed(end_ns)] if bar is not None]


@given(pauses=trades_strategy)
def test_bars_from_trades_equal_bars_from_smaller_bars(pauses: Trades) -> None:
    now_ns, trades = 0, []
    for pause_s, price, lots in pauses:
        now_ns += pause_s * SECOND_NS
        trades.append((now_ns, price, lots))
    end_ns = now_ns + 2 * HOUR_NS
    builder = BarBuilder("BTCUSDT", HOUR_NS)
    hours = [hour for bar in bars_of_trades(trades, MINUTE_NS, end_ns) for hour in builder.add_bar(bar)]
    last = builder.take_closed(end_ns)
    hours += [last] if last is not None else []
    assert hours == bars_of_trades(trades, HOUR_NS, end_ns)
    assert sum(bar.lots for bar in hours) == sum(lots for _, _, lots in trades)


def test_lesson_18_a_gap_is_counted_and_the_book_waits_for_a_snapshot() -> None:
    book = OrderBook("BTCUSDT")
    book.apply_snapshot(BookSnapshot("BTCUSDT", 1, 10, ((99, 5), (98, 5)), ((101, 5),)))
    assert book.apply_delta(BookDelta("BTCUSDT", 2, 10, 11, ((99, 0),), ((100, 2),)))
    assert (book.best_bid, book.best_ask) == (98, 100)
    assert not book.apply_delta(BookDelta("BTCUSDT", 3, 12, 13, ((97, 1),), ()))
    assert not book.apply_delta(BookDelta("BTCUSDT", 4, 13, 14, ((97, 1),), ()))
    assert (book.gaps, book.synchronised, book.best_bid) == (1, False, 98)
    book.apply_snapshot(BookSnapshot("BTCUSDT", 5, 20, ((97, 1),), ((101, 5),)))
    assert book.apply_delta(BookDelta("BTCUSDT", 6, 20, 21, ((96, 1),), ()))
    assert book.synchronised
    assert book.top_bids(5) == [(97, 1), (96, 1)]
