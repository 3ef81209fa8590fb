"""Any exchange through ccxt.pro: its book as snapshots and changes, every trade once, and failures mended."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from tests.unit.venues.exchange.market.test_binance_market import same_book
from tests.unit.venues.exchange.mini_exchange import MiniExchange, mini_exchange
from tests.unit.venues.exchange.running_market import Run, instrument, running_market
from tests.unit.venues.exchange.scripted_feed import ScriptedFeed
from workstation.core.clock import WallClock
from workstation.core.messages import BookDelta, BookSnapshot, FeedStatus, Trade
from workstation.market.order_book import OrderBook
from workstation.venues.exchange.market.ccxt_book import CcxtBook
from workstation.venues.exchange.market.ccxt_trades import REMEMBERED, CcxtTrades
from workstation.venues.exchange.market.exact_steps import NotWhole


def levels_match(run: Run, feed: ScriptedFeed) -> bool:
    book = run.books.get(feed.symbol)
    if book is None or not book.synchronised:
        return False
    book.sequence, feed_last = feed.last, book.sequence
    matches = same_book(run, feed)
    book.sequence = feed_last
    return matches


async def connected(run: Run, exchange: MiniExchange, feed: ScriptedFeed) -> None:
    await exchange.until(lambda: sum(map(len, exchange.sockets.values())) >= 2)
    while not (run.is_up() and run.of(Trade)):
        await feed.send_change()
        await feed.send_trade()
        await asyncio.sleep(0.02)


async def test_books_and_trades_come_through_ccxt() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, through_ccxt=True) as run:
            await connected(run, exchange, feed)
            for _ in range(100):
                await feed.send_change()
                await feed.send_trade()
            await run.until(lambda: levels_match(run, feed) and run.of(Trade)[-1].trade_id == len(feed.trades))
            assert len(run.of(BookSnapshot)) == 1 and run.of(BookDelta)
            assert run.books["BTCUSDT"].gaps == 0
            ids = [trade.trade_id for trade in run.of(Trade)]
            assert ids == list(range(ids[0], len(feed.trades) + 1))
            streams = {stream.kind: stream.messages for stream in run.market.figures().streams}
            assert streams["trades"] == len(ids)


async def test_a_gap_that_ccxt_finds_is_counted_and_the_book_taken_anew() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, through_ccxt=True) as run:
            await connected(run, exchange, feed)
            feed.change()
            await feed.send_change()
            await run.until(lambda: run.of(FeedStatus)[-1].detail == "BTCUSDT: gap in the order book")
            while not run.is_up():
                await feed.send_change()
                await asyncio.sleep(0.02)
            assert levels_match(run, feed)
            figures = run.market.figures()
            assert (figures.gaps, figures.resyncs) == (1, 1)


async def test_a_lost_connection_costs_no_trade() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, through_ccxt=True) as run:
            await connected(run, exchange, feed)
            await exchange.drop()
            await run.until(lambda: not run.is_up())
            for _ in range(5):
                feed.trade()
            await connected(run, exchange, feed)
            await run.until(lambda: run.of(Trade)[-1].trade_id >= len(feed.trades))
            ids = [trade.trade_id for trade in run.of(Trade)]
            assert ids == list(range(ids[0], ids[-1] + 1))
            assert run.market.figures().trades_filled >= 5


async def test_a_hole_inside_a_connection_is_filled_before_what_follows() -> None:
    """Lesson 18."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, through_ccxt=True) as run:
            await connected(run, exchange, feed)
            for _ in range(3):
                feed.trade()
            for _ in range(5):
                await feed.send_trade()
            await run.until(lambda: run.of(Trade)[-1].trade_id == len(feed.trades))
            ids = [trade.trade_id for trade in run.of(Trade)]
            assert ids == list(range(ids[0], len(feed.trades) + 1))
            figures = run.market.figures()
            assert (figures.trades_filled, figures.trades_lost, figures.reconnects) == (3, 0, 0)


async def test_a_silent_stream_is_found_out_by_asking_and_opened_again() -> None:
    """Lesson 17."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, through_ccxt=True, silent_feed_s=Decimal("0.3")) as run:
            await connected(run, exchange, feed)
            feed.bids["41999.60"] = "3.00000"
            await run.until(lambda: not run.is_up())
            assert "silent" in run.of(FeedStatus)[-1].detail
            await connected(run, exchange, feed)


def ccxt_trade(trade_id: str | None, number: int = 1) -> dict[str, object]:
    return {"id": trade_id, "timestamp": number, "price": 42000.5, "amount": Decimal("0.001"), "side": "buy"}


def test_trades_without_numbers_for_ids_are_numbered_and_told_apart() -> None:
    came: list[Trade] = []
    trades = CcxtTrades(instrument(), WallClock(), came.append, lambda error: None)
    trades.take([ccxt_trade("a-1"), ccxt_trade("a-2"), ccxt_trade("a-1"), ccxt_trade(None), ccxt_trade(None)])
    assert [trade.trade_id for trade in came] == [1, 2, 3, 4]
    assert trades.duplicates == 1
    assert trades.fill([ccxt_trade("a-2"), ccxt_trade("a-4", 9), ccxt_trade("a-3", 8)]) == 2
    assert trades.last_ms == 9
    for number in range(REMEMBERED + 5):
        trades.take([ccxt_trade(f"b-{number}")])
    assert len(trades._seen) == REMEMBERED


def test_a_book_of_floats_is_exact_and_what_left_it_is_removed() -> None:
    came: list[BookSnapshot | BookDelta] = []
    book = CcxtBook(instrument(), WallClock(), came.append)
    ours = OrderBook("BTCUSDT")
    book.take({"bids": [[61837.63, 3.78826], [61837.62, 0.617]], "asks": [[61837.64, 1.54698]]})
    book.take({"bids": [[61837.63, 3.1], [61837.5, 1.0]], "asks": [[61837.64, 1.54698]]})
    assert isinstance(came[0], BookSnapshot) and isinstance(came[1], BookDelta)
    ours.apply_snapshot(came[0])
    assert ours.apply_delta(came[1])
    assert ours.bids == {6183763: 310_000, 6183750: 100_000}
    assert ours.asks == {6183764: 154_698}
    assert came[1].asks == ()
    with pytest.raises(NotWhole):
        book.take({"bids": [[61837.635, 1.0]], "asks": []})
