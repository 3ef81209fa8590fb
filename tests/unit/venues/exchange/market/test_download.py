"""Downloads into the store: nothing twice, nothing lost, holes refilled, and open candles left out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
from aiohttp import web

from tests.unit.venues.exchange.klines import START_NS, Klines
from tests.unit.venues.exchange.mini_exchange import client_of, mini_exchange
from workstation.core.errors import DataError
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database
from workstation.venues.exchange.connection.patience import Pauses
from workstation.venues.exchange.market.download import Downloaded, download_candles

SERIES = "BTCUSDT@BINANCE_SPOT"
END_NS = START_NS + 3500 * MINUTE_NS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CandleDatabase]:
    database = open_database(tmp_path / "history.sqlite3")
    yield CandleDatabase(database)
    database.close()


async def download(
    klines: Klines,
    store: CandleDatabase,
    start_ns: int = START_NS,
    end_ns: int = END_NS,
    progress: list[tuple[int, int]] | None = None,
    stop_after: int | None = None,
) -> Downloaded:
    """With ``stop_after`` it is cancelled, as by Ctrl-C, when so many pages were asked for."""
    async with mini_exchange() as exchange, client_of(exchange) as client:
        exchange.answers["klines"] = klines.answer
        running = asyncio.create_task(
            download_candles(
                client,
                store,
                SERIES,
                "BTCUSDT",
                MINUTE_NS,
                start_ns,
                end_ns,
                None if progress is None else lambda done, total: progress.append((done, total)),
                Pauses(Random(1), first_s=0.001, most_s=0.002),
            )
        )
        if stop_after is not None:
            await exchange.until(lambda: exchange.count("klines") >= stop_after)
            running.cancel()
        return await running


def opens(store: CandleDatabase, series: str = SERIES) -> list[int]:
    candles = store.load(series, MINUTE_NS, 0, 1 << 62)
    return [] if candles is None else candles.open_ns.tolist()


def minutes(*parts: tuple[int, int]) -> list[int]:
    return [START_NS + minute * MINUTE_NS for first, end in parts for minute in range(first, end)]


async def test_a_download_is_whole_and_exact(store: CandleDatabase):
    klines = Klines()
    progress: list[tuple[int, int]] = []
    found = await download(klines, store, progress=progress)
    assert found == Downloaded(3500, [])
    assert opens(store) == minutes((0, 3500))
    candles = store.load(SERIES, MINUTE_NS, START_NS, END_NS)
    assert candles is not None
    assert np.array_equal(candles.close_e8, klines.closes_e8(candles.open_ns))
    assert progress == [(1000, 3500), (2000, 3500), (3000, 3500), (3500, 3500)]
    assert store.load("BTCUSDT", MINUTE_NS, 0, 1 << 62) is None


async def test_an_interrupted_download_goes_on_and_fetches_nothing_twice(store: CandleDatabase):
    klines = Klines()
    with pytest.raises(asyncio.CancelledError):
        await download(klines, store, stop_after=3)
    there = opens(store)
    assert there in (minutes((0, 2000)), minutes((0, 3000)))
    klines.given.clear()
    progress: list[tuple[int, int]] = []
    found = await download(klines, store, progress=progress)
    assert found.kept == 3500 - len(there) == progress[-1][1]
    assert sorted(klines.given) == minutes((len(there), 3500))
    klines.given.clear()
    assert await download(klines, store) == Downloaded(0, [])
    assert klines.given == []


async def test_what_lies_between_two_downloads_is_fetched_alone(store: CandleDatabase):
    klines = Klines()
    await download(klines, store, START_NS + 100 * MINUTE_NS, START_NS + 200 * MINUTE_NS)
    await download(klines, store, START_NS + 1500 * MINUTE_NS, START_NS + 1600 * MINUTE_NS)
    assert opens(store) == minutes((100, 200), (1500, 1600))
    await download(klines, store)
    assert sorted(klines.given) == minutes((0, 3500)), "each candle was given once"
    assert opens(store) == minutes((0, 3500))


async def test_a_hole_that_the_exchange_fills_when_asked_again_is_filled(store: CandleDatabase):
    klines = Klines(first_asked_without={50, 51, 2000})
    assert (await download(klines, store)).missing == []
    assert opens(store) == minutes((0, 3500))


async def test_pages_that_came_empty_are_asked_for_again(store: CandleDatabase):
    klines = Klines(first_asked_without=set(range(1000, 2000)))
    assert (await download(klines, store)).missing == []
    assert opens(store) == minutes((0, 3500))


async def test_a_hole_that_stays_is_told_and_costs_the_next_download_little(store: CandleDatabase):
    klines = Klines(holes={7, 8, 1200})
    found = await download(klines, store)
    assert found.kept == 3497
    assert found.missing == [
        (START_NS + 7 * MINUTE_NS, START_NS + 9 * MINUTE_NS),
        (START_NS + 1200 * MINUTE_NS, START_NS + 1201 * MINUTE_NS),
    ]
    klines.given.clear()
    assert (await download(klines, store)).missing == found.missing
    assert len(klines.given) <= 12, "no more than what stands about the holes"
    klines.holes.clear()
    assert await download(klines, store) == Downloaded(3, [])


async def test_a_market_that_is_seldom_traded_costs_no_request_for_each_hole(store: CandleDatabase):
    klines = Klines(holes=range(1, 3500, 2))
    found = await download(klines, store)
    assert (found.kept, len(found.missing)) == (1750, 1750)
    assert klines.asked < 20


async def test_the_time_before_a_listing_costs_no_page_for_each_thousand_candles(store: CandleDatabase):
    klines = Klines()
    found = await download(klines, store, START_NS - 100_000 * MINUTE_NS, START_NS + 10 * MINUTE_NS)
    assert found.missing == [(START_NS - 100_000 * MINUTE_NS, START_NS)]
    assert opens(store) == minutes((0, 10))
    assert klines.asked < 10


async def test_a_candle_that_is_not_closed_yet_is_not_kept(store: CandleDatabase):
    klines = Klines()
    async with mini_exchange() as exchange, client_of(exchange) as client:
        exchange.answers["klines"] = klines.answer
        exchange.answers["time"] = lambda query: {"serverTime": (START_NS + 90 * SECOND_NS) // 1_000_000}
        await download_candles(client, store, SERIES, "BTCUSDT", MINUTE_NS, START_NS, START_NS + HOUR_NS)
    assert opens(store) == minutes((0, 1))


async def test_lesson_16_a_ban_of_a_while_is_waited_for(store: CandleDatabase):
    klines = Klines()
    refusals = iter([web.Response(status=429, headers={"Retry-After": "0"}), web.Response(status=503)])
    async with mini_exchange() as exchange, client_of(exchange) as client:
        exchange.answers["klines"] = lambda query: next(refusals, None) or klines.answer(query)
        pauses = Pauses(Random(1), first_s=0.001, most_s=0.002)
        found = await download_candles(client, store, SERIES, "BTCUSDT", MINUTE_NS, START_NS, END_NS, pauses=pauses)
    assert found == Downloaded(3500, [])


async def test_what_was_fetched_before_a_failure_is_kept(store: CandleDatabase):
    klines = Klines()
    async with mini_exchange() as exchange, client_of(exchange) as client:
        exchange.answers["klines"] = lambda query: (
            klines.answer(query) if klines.asked < 2 else web.Response(status=503)
        )
        pauses = Pauses(Random(1), first_s=0.001, most_s=0.002)
        with pytest.raises(DataError, match=r"did not give .* it goes on from there"):
            await download_candles(client, store, SERIES, "BTCUSDT", MINUTE_NS, START_NS, END_NS, pauses=pauses)
    assert opens(store) == minutes((0, 2000))


@pytest.mark.parametrize(("start", "end"), [(30, 90), (0, 59), (59, 61)])
async def test_only_whole_candles_within_the_time_count(store: CandleDatabase, start: int, end: int):
    await download(Klines(), store, START_NS + start * SECOND_NS, START_NS + end * SECOND_NS)
    assert opens(store) == []
