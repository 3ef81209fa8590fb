"""`workstation data download` and what a backtest takes of it, against a small exchange on loopback."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from aiohttp import web

from tests.end_to_end.program import configuration
from tests.end_to_end.sandbox_server import running_sandbox
from tests.unit.venues.exchange.klines import START_NS, Klines, kept_opens, minutes
from tests.unit.venues.exchange.mini_exchange import MiniExchange, mini_exchange
from workstation.__main__ import main
from workstation.core.money import to_money
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, iso_text
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database

LINEAR, SPOT = "BTCUSDT@SANDBOX_LINEAR", "BTCUSDT@SANDBOX_SPOT"
PERIOD = ("--start", "2023-01-02", "--end", "2023-01-02T10:00")
MISSION = ("data", "download", "--symbol", "BTC/USDT", "--timeframe", "1m", *PERIOD)
BACKTEST = ("backtest", "--symbol", "BTCUSDT", "--timeframe", "1m", *PERIOD, "--strategy", "ema_cross", "--json")


class Done(NamedTuple):
    status: int
    said: str
    error: str


class Place:
    """A configuration whose exchange is on loopback, and a data folder."""

    def __init__(self, folder: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = folder / "data"
        profile = f"exchange:\n  address: {address}\nbacktest:\n  warm_up_bars: 0\n"
        file = configuration(folder, profile)
        self.options = ("--config", str(file), "--profile", "test", "--data", str(self.data))
        self.capsys = capsys

    async def run(self, *arguments: str) -> Done:
        status = await asyncio.to_thread(main, [*arguments, *self.options])
        return Done(status, *self.capsys.readouterr())

    def opens(self, series: str = LINEAR) -> list[int]:
        return kept_opens(self.data, series)


@asynccontextmanager
async def place_with(
    folder: Path, klines: Klines, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[tuple[Place, MiniExchange]]:
    async with mini_exchange() as exchange:
        exchange.answers["klines"] = klines.answer
        yield Place(folder, exchange.address, capsys), exchange


async def test_spot_and_perpetual_are_not_mixed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with place_with(tmp_path, Klines(), capsys) as (place, exchange):
        done = await place.run(*MISSION, "--market", "spot")
        assert (
            f"Downloaded 600 candles of 1m of BTCUSDT from {exchange.address}, spot; they are kept as {SPOT}."
            in done.said
        )
        assert place.opens(SPOT) == minutes(0, 600) and place.opens(LINEAR) == place.opens("BTCUSDT") == []
        refused = await place.run(*BACKTEST)
        assert refused.status == 2 and "--market linear" in refused.error, "a perpetual takes no spot prices by itself"
        told = await place.run(*BACKTEST, "--candles", SPOT)
        assert told.status == 0 and f"of {SPOT}" in json.loads(told.said)["data"]
        listed = await place.run("data", "list")
        assert SPOT in listed.said and "BTCUSDT   " in listed.said


async def test_gaps_of_a_backtest_name_the_download_that_may_fill_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    klines = Klines(holes={300})
    async with place_with(tmp_path, klines, capsys) as (place, _):
        await place.run(*MISSION)
        plain = BACKTEST[:-1]
        done = await place.run(*plain)
        command = re.search(r"Gaps       `workstation (.*)` asks the exchange once more", done.said)
        assert command, done.said
        klines.holes.clear()
        assert await asyncio.to_thread(main, shlex.split(command.group(1))) == 0
        assert "Downloaded 1 candle of" in capsys.readouterr().out
        assert "asks the exchange" not in (await place.run(*plain)).said


async def test_the_shipped_sample_is_taken_and_named_where_nothing_was_downloaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    async with place_with(tmp_path, Klines(), capsys) as (place, exchange):
        year = ("--start", "2023-01-01", "--end", "2024-01-01")
        done = await place.run("backtest", *year, "--strategy", "ema_cross", "--json")
        assert "1h of BTCUSDT, imported or the shipped sample" in json.loads(done.said)["data"]
        assert exchange.asked == []


async def test_candles_that_were_named_are_the_only_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with place_with(tmp_path, Klines(), capsys) as (place, _):
        done = await place.run(*BACKTEST, "--candles", "BTCUSDT@NOWHERE_SPOT")
    assert done.status == 2 and "No 1m candles of BTCUSDT@NOWHERE_SPOT" in done.error
    assert "data download" not in done.error, "what it downloads would not be those"


async def test_lesson_16_limits_and_holes_of_the_exchange(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    klines = Klines(holes={7, 8}, first_asked_without={500})
    async with place_with(tmp_path, klines, capsys) as (place, exchange):
        refusals = iter([web.Response(status=429, headers={"Retry-After": "1"}, text='{"code":-1003,"msg":"Slower."}')])
        exchange.answers["klines"] = lambda query: next(refusals, None) or klines.answer(query)
        done = await place.run(*MISSION)
    assert done.status == 0, done.error
    assert "Downloaded 598 candles" in done.said
    assert "Gaps: 1, 2 candles are missing:\n  2023-01-02 00:07:00 to 2023-01-02 00:09:00: 2\n" in done.said


async def test_an_end_in_the_future_ends_with_the_last_closed_candle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    async with place_with(tmp_path, Klines(), capsys) as (place, exchange):
        exchange.answers["time"] = lambda query: {"serverTime": (START_NS + 90 * MINUTE_NS) // 1_000_000 + 30_000}
        mission = ("data", "download", "--symbol", "BTCUSDT", "--timeframe", "1m")
        for options in ((), ("--end", "2099-01-01")):
            done = await place.run(*mission, "--start", "2023-01-02", *options)
            assert done.status == 0 and "Gaps: none." in done.said, done.error
        assert place.opens() == minutes(0, 90)
        done = await place.run(*mission, "--start", "2023-01-03")
        assert done.status == 2 and "choose an earlier start" in done.error


async def test_the_exchanges_clock_counts_when_ours_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The server of these tests lives in 2023, years behind: what is not closed there is not kept."""
    async with place_with(tmp_path, Klines(), capsys) as (place, exchange):
        exchange.answers["time"] = lambda query: {"serverTime": (START_NS + MINUTE_NS) // 1_000_000 + 59_000}
        await place.run(*MISSION)
    assert place.opens() == minutes(0, 1)


async def test_the_sandbox_exchange_gives_what_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with running_sandbox() as sandbox:
        place = Place(tmp_path, sandbox.address, capsys)
        query = f"{sandbox.address}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=50"
        async with aiohttp.ClientSession() as session, session.get(query) as answer:
            *closed, _ = await answer.json()
        start = iso_text(closed[0][0] * 1_000_000)
        mission = ("data", "download", "--symbol", "BTCUSDT", "--timeframe", "1h", "--market", "spot", "--start", start)
        done = await place.run(*mission)
        assert done.status == 0 and "Gaps: none." in done.said, done.error
    database = open_database(place.data / "history.sqlite3")
    kept = CandleDatabase(database).load(SPOT, HOUR_NS, 0, 1 << 62)
    database.close()
    assert kept is not None
    assert kept.open_ns.tolist()[: len(closed)] == [row[0] * 1_000_000 for row in closed]
    for column, index in (
        (kept.open_e8, 1),
        (kept.high_e8, 2),
        (kept.low_e8, 3),
        (kept.close_e8, 4),
        (kept.volume_e8, 5),
    ):
        assert column.tolist()[: len(closed)] == [to_money(Decimal(row[index])) for row in closed]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--symbol", "NOPEUSDT"), "lists no NOPEUSDT among its linear markets"),
        (("--end", "2022-01-01"), "The end must be later than the start"),
    ],
)
async def test_a_wrong_download_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
):
    async with place_with(tmp_path, Klines(), capsys) as (place, _):
        done = await place.run(*MISSION, *arguments)
    assert done.status == 2 and said in done.error and done.error.count("\n") == 1


async def test_an_exchange_that_cannot_be_reached_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with mini_exchange() as exchange:
        address = exchange.address
    done = await Place(tmp_path, address, capsys).run(*MISSION)
    assert done.status == 5 and done.error.count("\n") == 1
    assert f"{address} cannot be reached" in done.error


async def test_an_exchange_under_maintenance_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with place_with(tmp_path, Klines(), capsys) as (place, exchange):
        exchange.answers["time"] = lambda query: web.Response(status=503, text="maintenance")
        done = await place.run(*MISSION)
    assert done.status == 5 and "maintenance" in done.error and done.error.count("\n") == 1
