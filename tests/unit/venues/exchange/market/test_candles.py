"""Candles over REST: old ones too, exact, closed ones only, gaps asked for again, an exchange that fails."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from aiohttp import web
from ccxt.base.errors import BaseError, ExchangeError, RequestTimeout

from tests.unit.venues.exchange.mini_exchange import MiniExchange, client_of, mini_exchange
from workstation.core.errors import DataError
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS, parse_utc
from workstation.market.history import Candles
from workstation.venues.exchange.connection.patience import Pauses
from workstation.venues.exchange.market.candles import fetch_candles

START_NS = parse_utc("2019-03-04T05:06")
END_NS = START_NS + 2500 * MINUTE_NS
MS = 1_000_000


def kline(open_ns: int, price: str = "42000.12345678", volume: str = "3.00000001") -> list[Any]:
    return [open_ns // MS, price, price, price, price, volume, open_ns // MS + 59_999, "0", 1, "0", "0", "0"]


def klines(exchange: MiniExchange, holes: set[int] = frozenset(), filled: set[int] = frozenset()) -> None:  # type: ignore[assignment]
    """A minute candle at every minute but at ``holes``; those of ``filled`` are there when asked for again."""

    def answer(query: dict[str, str]) -> list[Any]:
        start_ns = int(query["startTime"]) * MS
        since = -(-start_ns // MINUTE_NS) * MINUTE_NS
        again = exchange.count("klines") > 1
        there = (since + index * MINUTE_NS for index in range(int(query["limit"])))
        return [
            kline(open_ns)
            for open_ns in there
            if open_ns < END_NS + HOUR_NS
            and (minute := (open_ns - START_NS) // MINUTE_NS) not in holes
            and (again or minute not in filled)
        ]

    exchange.answers["klines"] = answer


def quick() -> Pauses:
    return Pauses(Random(1), first_s=0.001, most_s=0.002)


async def fetched(exchange: MiniExchange, *, start_ns: int = START_NS, end_ns: int = END_NS) -> list[Candles]:
    async with client_of(exchange) as client:
        pages = fetch_candles(client, "BTCUSDT", MINUTE_NS, start_ns, end_ns, pauses=quick())
        return [page async for page in pages]


async def test_old_candles_come_page_by_page_and_exact() -> None:
    """ccxt's own pagination counts back from now and ignores an old start."""
    async with mini_exchange() as exchange:
        klines(exchange)
        pages = await fetched(exchange)
    assert [len(page) for page in pages] == [1000, 1000, 500]
    assert pages[0].first_ns == START_NS and pages[-1].end_ns == END_NS
    assert all(after.first_ns == before.end_ns for before, after in pairwise(pages))
    assert set(pages[1].close_e8.tolist()) == {4_200_012_345_678}
    assert set(pages[2].volume_e8.tolist()) == {300_000_001}


async def test_an_interrupted_download_goes_on_where_it_stopped() -> None:
    async with mini_exchange() as exchange:
        klines(exchange)
        first = (await fetched(exchange))[0]
        rest = await fetched(exchange, start_ns=first.end_ns)
    assert rest[0].first_ns == first.end_ns
    assert sum(map(len, rest)) == 1500


async def test_a_candle_is_closed_by_the_exchanges_clock() -> None:
    async with mini_exchange() as exchange:
        klines(exchange)
        exchange.answers["time"] = lambda query: {"serverTime": (START_NS + 90 * SECOND_NS) // MS}
        pages = await fetched(exchange)
    assert [len(page) for page in pages] == [1]


async def test_a_gap_is_asked_for_again_once_and_what_is_still_missing_is_told() -> None:
    holes, filled = {7, 8, 1200}, {100}
    async with mini_exchange() as exchange:
        klines(exchange, holes, filled)
        pages = await fetched(exchange)
        asked = exchange.count("klines")
    assert pages[0].gaps() == [(START_NS + 7 * MINUTE_NS, START_NS + 8 * MINUTE_NS, 2)]
    assert sum(map(len, pages)) == 2500 - 3
    assert asked <= 2 * len(pages)


async def test_time_before_the_listing_is_passed_over() -> None:
    async with mini_exchange() as exchange:
        klines(exchange, set(range(2200)))
        pages = await fetched(exchange)
    assert sum(map(len, pages)) == 300
    assert pages[0].first_ns == START_NS + 2200 * MINUTE_NS


async def test_progress_ends_at_its_total() -> None:
    told: list[tuple[int, int]] = []
    async with mini_exchange() as exchange, client_of(exchange) as client:
        klines(exchange)
        start_ns = START_NS - 30 * SECOND_NS
        async for _ in fetch_candles(
            client, "BTCUSDT", MINUTE_NS, start_ns, END_NS, lambda done, total: told.append((done, total))
        ):
            pass
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]


async def test_an_exchange_that_fails_for_a_while_is_asked_again() -> None:
    async with mini_exchange() as exchange:
        klines(exchange)
        healthy = exchange.answers["klines"]
        failures = iter([web.Response(status=503), web.Response(status=502, text="bad gateway")])
        exchange.answers["klines"] = lambda query: next(failures, None) or healthy(query)
        pages = await fetched(exchange)
    assert sum(map(len, pages)) == 2500


async def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    async with mini_exchange() as exchange:
        klines(exchange)
        whole = exchange.answers["klines"]

        def first_cut(query: dict[str, str]) -> Any:
            if exchange.count("klines") > 1:
                return whole(query)
            return web.Response(body=b"no gzip", headers={"Content-Encoding": "gzip"}, content_type="application/json")

        exchange.answers["klines"] = first_cut
        pages = await fetched(exchange)
    assert sum(map(len, pages)) == 2500


@pytest.mark.parametrize("kind", [ExchangeError, RequestTimeout])
async def test_a_request_that_breaks_while_one_is_stopped_is_no_answer(kind: type[BaseError]) -> None:
    """Ctrl-C cancels the task; what a library makes of it must not end in a refusal, or in another request."""
    async with mini_exchange() as exchange, client_of(exchange) as client:
        waiting = asyncio.Event()

        async def breaks(*_: Any) -> None:
            waiting.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise kind("binance GET klines") from None

        client.ccxt.fetch_ohlcv = breaks

        async def download() -> list[Candles]:
            pages = fetch_candles(client, "BTCUSDT", MINUTE_NS, START_NS, END_NS, pauses=quick())
            return [page async for page in pages]

        task = asyncio.create_task(download())
        await waiting.wait()
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait([task])
        assert task.cancelled()


async def test_the_pause_that_the_exchange_asked_for_is_kept() -> None:
    async with mini_exchange() as exchange, client_of(exchange) as client:
        klines(exchange)
        healthy = exchange.answers["klines"]
        too_many = '{"code":-1003,"msg":"Too many requests."}'
        refusals = iter([web.Response(status=429, headers={"Retry-After": "1"}, text=too_many)])
        exchange.answers["klines"] = lambda query: next(refusals, None) or healthy(query)
        pages = fetch_candles(client, "BTCUSDT", MINUTE_NS, START_NS, START_NS + MINUTE_NS, pauses=quick())
        assert [len(page) async for page in pages] == [1]
        assert client.limits.refusals == 1
        assert exchange.count("klines") == 2


async def test_an_exchange_that_stays_away_is_one_sentence() -> None:
    async with mini_exchange() as exchange:
        exchange.answers["klines"] = lambda query: web.Response(status=503)
        with pytest.raises(DataError, match=r"did not give the 1m candles of BTCUSDT from 2019-03-04 05:06:00: .*goes"):
            await fetched(exchange)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (kline(START_NS)[:3], "that is none"),
        (kline(START_NS, price="zero"), "that is none"),
        (kline(START_NS, price="-1"), "contradicts itself"),
        (kline(START_NS + SECOND_NS), "does not start a 1m in UTC"),
        (kline(START_NS, volume="93000000000"), "is too large"),
    ],
)
async def test_what_is_no_candle_is_refused(row: list[Any], sentence: str) -> None:
    async with mini_exchange() as exchange:
        exchange.answers["klines"] = lambda query: [row]
        with pytest.raises(DataError, match=sentence):
            await fetched(exchange)


async def test_an_unlisted_symbol_and_an_unknown_timeframe_are_one_sentence_each() -> None:
    async with mini_exchange() as exchange, client_of(exchange) as client:
        exchange.answers["klines"] = lambda query: web.Response(
            status=400, text='{"code":-1121,"msg":"Invalid symbol."}', content_type="application/json"
        )
        with pytest.raises(DataError, match="binance does not list BTCUSDT"):
            await anext(fetch_candles(client, "BTCUSDT", MINUTE_NS, START_NS, END_NS))
        with pytest.raises(DataError, match="binance has no 7s candles; it has 1m, 3m, "):
            await anext(fetch_candles(client, "BTCUSDT", 7 * SECOND_NS, START_NS, END_NS))
