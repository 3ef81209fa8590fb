"""Binance's streams become the engine's inputs, and every failure of a feed ends in a whole feed again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from aiohttp import web

from tests.unit.venues.exchange.mini_exchange import MiniExchange, mini_exchange
from tests.unit.venues.exchange.running_market import Run, instrument, running_market
from tests.unit.venues.exchange.scripted_feed import TRADE_MS, ScriptedFeed
from workstation.core.errors import ConfigurationError
from workstation.core.messages import (
    BookSnapshot,
    ClockOffset,
    FeedStatus,
    FundingRate,
    History,
    MarketInput,
    MarkPrice,
    OpenInterest,
    PerpetualHistory,
    Trade,
)
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.core.types import Side

MARKETS = pytest.mark.parametrize("market", ["spot", "linear"])


async def connected(run: Run, exchange: MiniExchange, feed: ScriptedFeed) -> None:
    """The feed is up: its book is synchronised, and the stream of trades flows on its own connection, too."""
    await exchange.until(lambda: sum(map(len, exchange.sockets.values())) >= (3 if feed.linear else 2))
    await feed.send_trade()
    while not run.is_up():
        await feed.send_change()
        await asyncio.sleep(0.01)
    await run.until(lambda: run.of(Trade))


def same_book(run: Run, feed: ScriptedFeed) -> bool:
    book, depth = run.books[feed.symbol], feed.depth()
    bids = [(int(price.replace(".", "")), int(lots.replace(".", ""))) for price, lots in depth["bids"]]
    asks = [(int(price.replace(".", "")), int(lots.replace(".", ""))) for price, lots in depth["asks"]]
    return (
        book.synchronised
        and book.sequence == feed.last
        and (book.top_bids(10_000), book.top_asks(10_000)) == (bids, asks)
    )


@MARKETS
async def test_a_book_starts_with_a_snapshot_over_what_was_kept_and_follows_every_change(market: str) -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange, market == "linear")
        answered = exchange.answers["depth"]

        async def while_changes_come(query: dict[str, str]) -> object:
            for _ in range(3):
                await feed.send_change()
            answer = answered(query)
            for _ in range(3):
                await feed.send_change()
            return answer

        exchange.answers["depth"] = while_changes_come
        async with running_market(exchange, market) as run:
            await connected(run, exchange, feed)
            exchange.answers["depth"] = answered
            for _ in range(50):
                await feed.send_change()
            await run.until(lambda: same_book(run, feed))
            assert run.books["BTCUSDT"].gaps == 0 and run.market.figures().gaps == 0
            assert run.statuses()[:2] == [("BTCUSDT", False), ("BTCUSDT", True)]


@MARKETS
async def test_a_gap_in_the_book_is_mended_counted_and_told(market: str) -> None:
    """Lesson 18: gap, then a new book."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange, market == "linear")
        async with running_market(exchange, market) as run:
            await connected(run, exchange, feed)
            feed.change()
            await feed.send_change()
            await run.until(lambda: run.of(FeedStatus)[-1].detail.startswith("BTCUSDT: gap in the order book"))
            await run.until(run.is_up)
            await feed.send_change()
            await run.until(lambda: same_book(run, feed))
            assert run.books["BTCUSDT"].gaps == 1
            figures = run.market.figures()
            assert (figures.gaps, figures.resyncs, figures.reconnects) == (1, 1, 0)


@MARKETS
async def test_trades_that_the_stream_lost_are_fetched_and_come_in_order(market: str) -> None:
    """Lesson 18: trades are not filled by ccxt (ccxt #26945)."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange, market == "linear")
        async with running_market(exchange, market) as run:
            await connected(run, exchange, feed)
            for _ in range(2_500):
                feed.trade()
            await feed.send_trade()
            await feed.send_trade()
            await run.until(lambda: len(run.of(Trade)) == len(feed.trades))
            assert [trade.trade_id for trade in run.of(Trade)] == list(range(1, len(feed.trades) + 1))
            figures = run.market.figures()
            assert (figures.trades_filled, figures.trades_lost) == (2_500, 0)


@pytest.mark.allow_log_warnings("2000 trades of BTCUSDT are missing and could not be had")
async def test_of_very_many_missing_trades_the_newest_are_fetched_and_the_others_told_as_lost() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange) as run:
            await connected(run, exchange, feed)
            for _ in range(12_000):
                feed.trade()
            await feed.send_trade()
            await run.until(lambda: run.of(Trade)[-1].trade_id == len(feed.trades))
            figures = run.market.figures()
            assert (figures.trades_filled, figures.trades_lost) == (10_000, 2_000)


@MARKETS
async def test_a_lost_connection_comes_back_with_its_book_and_its_trades(market: str) -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange, market == "linear")
        async with running_market(exchange, market) as run:
            await connected(run, exchange, feed)
            opened = exchange.opened
            await exchange.drop()
            for _ in range(3):
                feed.trade()
                feed.change()
            await run.until(lambda: not run.is_up())
            await exchange.until(lambda: exchange.opened > opened)
            await connected(run, exchange, feed)
            await feed.send_change()
            await run.until(lambda: same_book(run, feed) and len(run.of(Trade)) == len(feed.trades))
            assert [trade.trade_id for trade in run.of(Trade)] == list(range(1, len(feed.trades) + 1))
            assert run.books["BTCUSDT"].gaps == 0
            assert run.market.figures().reconnects >= 1


async def test_a_silent_socket_is_closed_told_and_opened_again() -> None:
    """Lesson 17: the connection lives, its heartbeats are fine, and nothing comes."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, silent_feed_s=Decimal("0.4")) as run:
            await connected(run, exchange, feed)
            await run.until(lambda: not run.is_up())
            assert run.of(FeedStatus)[-1].detail == "BTCUSDT: silent for 0.4 s"
            await exchange.until(lambda: exchange.opened == 2)
            await connected(run, exchange, feed)
            assert run.market.figures().reconnects == 1


async def test_a_dead_stream_on_a_living_connection_is_found_out_by_asking() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, silent_feed_s=Decimal("0.4")) as run:
            await connected(run, exchange, feed)
            feed.change()
            while run.is_up():
                await feed.send_trade()
                await asyncio.sleep(0.05)
            assert "the book of BTCUSDT was silent" in run.of(FeedStatus)[-1].detail


async def test_a_quiet_book_is_left_alone() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, silent_feed_s=Decimal("0.2")) as run:
            await connected(run, exchange, feed)
            asked = exchange.count("depth")
            while exchange.count("depth") < asked + 2:
                await feed.send_trade()
                await asyncio.sleep(0.02)
            assert run.is_up() and exchange.opened == 1


async def test_maintenance_is_waited_out() -> None:
    """Lesson 19: nothing answers for a while; the feed is told down, and comes back by itself."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange) as run:
            await connected(run, exchange, feed)
            exchange.refuse_sockets = True
            depth = exchange.answers["depth"]
            refused = 0

            def maintenance(query: dict[str, str]) -> web.Response:
                nonlocal refused
                refused += 1
                return web.Response(status=503, text='{"code":-1000,"msg":"System maintenance."}')

            exchange.answers["depth"] = maintenance
            await exchange.drop()
            await run.until(lambda: not run.is_up())
            exchange.refuse_sockets = False
            await exchange.until(lambda: refused >= 2)
            assert "the order book cannot be had yet" in run.of(FeedStatus)[-1].detail
            exchange.answers["depth"] = depth
            await connected(run, exchange, feed)
            await feed.send_change()
            await run.until(lambda: same_book(run, feed))


async def test_a_server_that_shuts_down_is_left_at_once() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange) as run:
            await connected(run, exchange, feed)
            await exchange.push(feed.book_stream, {"e": "serverShutdown", "E": TRADE_MS})
            await run.until(lambda: not run.is_up())
            assert "shuts this server down" in run.of(FeedStatus)[-1].detail
            await connected(run, exchange, feed)


async def test_a_connection_is_renewed_before_the_exchange_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        monkeypatch.setattr("workstation.venues.exchange.connection.web_socket.OLDEST_S", 0.3)
        async with running_market(exchange, silent_feed_s=Decimal(1)) as run:
            await connected(run, exchange, feed)
            await run.until(lambda: any("renewed" in status.detail for status in run.of(FeedStatus)))
            await exchange.until(lambda: exchange.opened >= 2)


@pytest.mark.allow_log_warnings("is not a multiple of its step")
async def test_a_price_that_is_no_whole_tick_is_counted_and_told_and_the_book_taken_anew() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange) as run:
            await connected(run, exchange, feed)
            await exchange.push(feed.trade_stream, feed.trade("42000.005"))
            await exchange.push(feed.book_stream, feed.change("42000.005", "1.00000"))
            await run.until(lambda: not run.is_up())
            assert "42000.005, is not a multiple of its step 0.01" in run.of(FeedStatus)[-1].detail
            feed.bids.pop("42000.005", None)
            feed.asks.pop("42000.005", None)
            await run.until(run.is_up)
            await feed.send_change()
            await run.until(lambda: same_book(run, feed))
            assert run.market.figures().unreadable >= 2


@pytest.mark.allow_log_warnings("not a message of Binance's streams")
async def test_a_message_that_is_none_is_counted_and_the_feed_goes_on() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange) as run:
            await connected(run, exchange, feed)
            for text in ("garbage", '{"e":"depthUpdate"}', "[]"):
                for socket in exchange.sockets:
                    await socket.send_str(text)
            await exchange.push(feed.book_stream, {"e": "somethingNew"})
            await feed.send_change()
            await run.until(lambda: same_book(run, feed))
            assert run.market.figures().unreadable == 3 and run.is_up()


async def test_a_refused_stream_is_one_sentence_and_tried_again() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        exchange.refusal = {"error": {"code": 2, "msg": "Invalid request"}, "id": 1}
        async with running_market(exchange) as run:
            await exchange.until(lambda: exchange.opened >= 2)
            assert run.of(FeedStatus)[-1].detail == "BTCUSDT: the exchange refused the streams: Invalid request (2)"
            exchange.refusal = {}
            await connected(run, exchange, feed)


async def test_a_subscription_without_an_answer_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workstation.venues.exchange.market.binance_route.ANSWER_S", 0.2)
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        exchange.answers_subscriptions = False
        async with running_market(exchange) as run:
            await exchange.until(lambda: exchange.opened >= 2)
            assert "did not answer the subscription within 0.2 s" in run.of(FeedStatus)[-1].detail
            exchange.answers_subscriptions = True
            await connected(run, exchange, feed)


async def test_marks_and_funding_of_perpetuals() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange, linear=True)
        stream = "btcusdt@markPrice@1s"
        async with running_market(exchange, "linear") as run:
            await connected(run, exchange, feed)
            due, later = TRADE_MS + 1_000, TRADE_MS + 28_801_000
            await exchange.push(stream, feed.mark(due, "0.00010000"))
            await exchange.push(stream, feed.mark(due, "0.00012345"))
            await exchange.push(stream, feed.mark(later, "0.00020000", due + 5))
            await exchange.push(stream, feed.mark(later, "0.00020000", due + 1005))
            await run.until(lambda: len(run.of(MarkPrice)) == 4)
            assert {mark.price for mark in run.of(MarkPrice)} == {4_200_012}
            assert [(funding.rate, funding.price) for funding in run.of(FundingRate)] == [(12_345, 4_200_012)]


async def test_open_interest_of_perpetuals_is_asked_for_now_and_before() -> None:
    now_ms = time.time_ns() // 10**6
    hour_ms = 3_600_000

    def past(query: dict[str, str]) -> list[dict[str, object]]:
        step = {"1h": hour_ms, "5m": hour_ms // 12}[query["period"]]
        times = (now_ms // step * step - back * step for back in (2, 1, 0))
        return [{"symbol": "BTCUSDT", "sumOpenInterest": "80000.123456", "timestamp": at} for at in times]

    async with mini_exchange() as exchange:
        ScriptedFeed(exchange, linear=True)
        exchange.answers["openInterestHist"] = past
        exchange.answers["fundingRate"] = lambda query: [
            {"symbol": "BTCUSDT", "fundingTime": now_ms - 8 * hour_ms, "fundingRate": "-0.00012345", "markPrice": ""}
        ]
        async with running_market(exchange, "linear") as run:
            await run.until(lambda: run.of(OpenInterest))
            assert run.of(OpenInterest)[0].lots == 8_000_050_000
        (told,) = run.of(PerpetualHistory)
        assert run.inputs.index(told) < run.inputs.index(run.of(OpenInterest)[0])
        assert told.fundings == (((now_ms - 8 * hour_ms) * 10**6, -12_345),)
        assert {lots for _, lots in told.open_interest} == {8_000_012_346}
        assert len(told.open_interest) >= 5 and [ns for ns, _ in told.open_interest] == sorted(
            {ns for ns, _ in told.open_interest}
        )


async def test_what_an_exchange_refuses_of_perpetuals_costs_only_that() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange, linear=True)
        refusal = {"code": -1130, "msg": "parameter 'period' is invalid."}
        refused = {"openInterest", "openInterestHist", "fundingRate"}
        exchange.answers |= dict.fromkeys(refused, lambda query: web.json_response(refusal, status=400))
        async with running_market(exchange, "linear") as run:
            await connected(run, exchange, feed)
            await run.until(lambda: refused <= {path for path, _ in exchange.asked})
        assert not run.of(PerpetualHistory) and not run.of(OpenInterest)


async def test_a_symbol_that_is_not_listed_is_refused_before_anything_is_asked() -> None:
    async with mini_exchange() as exchange:
        with pytest.raises(ConfigurationError, match="DOGEUSDT is not listed"):
            async with running_market(exchange, instruments=(instrument("DOGEUSDT"),)):
                pass
        assert exchange.opened == 0


async def test_two_symbols_do_not_mix_and_each_has_its_figures() -> None:
    async with mini_exchange() as exchange:
        bitcoin, ether = ScriptedFeed(exchange), ScriptedFeed(exchange, symbol="ETHUSDT")
        books = {"BTCUSDT": bitcoin, "ETHUSDT": ether}
        exchange.answers["depth"] = lambda query: books[query["symbol"]].depth()
        async with running_market(exchange, instruments=(instrument(), instrument("ETHUSDT"))) as run:
            await connected(run, exchange, bitcoin)
            await exchange.push(ether.trade_stream, ether.trade("3000.00"))
            await ether.send_change()
            await run.until(lambda: same_book(run, bitcoin) and same_book(run, ether))
            await run.until(lambda: any(trade.symbol == "ETHUSDT" for trade in run.of(Trade)))
            streams = {(stream.symbol, stream.kind): stream.messages for stream in run.market.figures().streams}
            assert streams["ETHUSDT", "trades"] == 1 and streams["BTCUSDT", "book"] >= 1


async def test_inputs_are_stamped_with_our_clock_in_the_order_in_which_they_came() -> None:
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        before_ns = time.time_ns()
        async with running_market(exchange) as run:
            await connected(run, exchange, feed)
            for _ in range(20):
                await feed.send_change()
                await feed.send_trade()
            await run.until(lambda: len(run.of(Trade)) == len(feed.trades))
            stamps = [item.ts_ns for item in run.inputs]
            assert stamps == sorted(stamps)
            assert before_ns <= stamps[0] and stamps[-1] <= time.time_ns() + 1_000_000
            trade = run.of(Trade)[0]
            assert (trade.price, trade.lots, trade.side, trade.trade_id) == (4_200_000, 100, Side.SELL, 1)


async def test_the_clocks_offset_is_measured_at_the_start() -> None:
    async with mini_exchange() as exchange:
        ScriptedFeed(exchange)
        exchange.answers["time"] = lambda query: {"serverTime": time.time_ns() // 1_000_000 + 60_000}
        async with running_market(exchange) as run:
            await run.until(lambda: run.of(ClockOffset))
            assert abs(run.of(ClockOffset)[0].offset_ns - 60_000_000_000) < 1_000_000_000
            assert run.market.figures().clock_offset_ns == run.of(ClockOffset)[0].offset_ns


async def test_history_comes_before_the_streams_the_largest_interval_first() -> None:
    async with mini_exchange() as exchange:
        ScriptedFeed(exchange)
        steps = {"1m": 60_000, "1h": 3_600_000}

        def klines(query: dict[str, str]) -> list[list[object]]:
            step = steps[query["interval"]]
            first = -(-int(query["startTime"]) // step) * step
            return [
                [
                    first + index * step,
                    "42000.10",
                    "42000.30",
                    "42000.10",
                    "42000.20",
                    "1.50000",
                    0,
                    "0",
                    1,
                    "0",
                    "0",
                    "0",
                ]
                for index in range(int(query["limit"]))
            ]

        exchange.answers["klines"] = klines
        exchange.answers["time"] = lambda query: {"serverTime": time.time_ns() // 1_000_000}
        async with running_market(exchange) as run:
            await run.market.load_history({MINUTE_NS: 90, HOUR_NS: 5})
        hours, minutes = run.of(History)
        assert (hours.interval_ns, len(hours.bars)) == (HOUR_NS, 5)
        assert (minutes.interval_ns, len(minutes.bars)) == (MINUTE_NS, 90)
        assert minutes.bars[-1][1:] == (4_200_010, 4_200_030, 4_200_010, 4_200_020, 150_000)
        assert time.time_ns() - 61 * 10**9 < minutes.bars[-1][0] <= time.time_ns()


async def test_a_book_is_taken_anew_when_trades_come_near_its_edge() -> None:
    """Levels beyond the snapshot are unknown until they change."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange, book_depth=10) as run:
            await connected(run, exchange, feed)
            feed.asks["42015.50"] = "7.00000"
            for _ in range(3):
                await exchange.push(feed.trade_stream, feed.trade("42006.00"))
            await run.until(lambda: len(run.of(BookSnapshot)) == 2)
            await feed.send_change()
            await run.until(lambda: run.books["BTCUSDT"].sequence == feed.last)
            assert all(connected for _, connected in run.statuses()[1:])
            assert run.books["BTCUSDT"].gaps == 0


class Slow:
    """A kernel that takes its time with every input."""

    def __init__(self, deliver: Callable[[MarketInput], None]) -> None:
        self.deliver = deliver

    def __call__(self, item: MarketInput) -> None:
        self.deliver(item)
        ends = time.perf_counter() + 0.0002
        while time.perf_counter() < ends:
            pass


async def test_the_loop_is_served_between_slices_of_a_burst() -> None:
    """The window stays smooth: no more than some milliseconds of messages without a turn of the loop."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        async with running_market(exchange) as run:
            await connected(run, exchange, feed)
            feed_symbol = run.market._reader._symbols["BTCUSDT"]  # type: ignore[attr-defined]
            feed_symbol.trades._deliver = Slow(run.deliver)
            before = len(run.of(Trade))
            for _ in range(2_000):
                await feed.send_trade()
            turns = 0
            while len(run.of(Trade)) < before + 2_000:
                await asyncio.sleep(0)
                turns += 1
            assert turns > 20
