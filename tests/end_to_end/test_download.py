"""`workstation data download` in processes of its own, against a small exchange on loopback."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import shlex
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.end_to_end.program import ROOT, TIMEOUT_S, command, configuration, environment, is_one_sentence, run
from tests.unit.venues.exchange.klines import Klines, kept_opens, minutes
from tests.unit.venues.exchange.mini_exchange import MiniExchange, mini_exchange

SERIES = "BTCUSDT@SANDBOX_LINEAR"
MINUTES = 1200
PAGE = 500
"""Candles that ccxt asks Binance's perpetuals for at once."""
PERIOD = ("--start", "2023-01-02", "--end", "2023-01-02T20:00")
MISSION = ("--symbol", "BTC/USDT", "--timeframe", "1m", *PERIOD)


class Place:
    """A configuration whose exchange is on loopback, and a data folder."""

    def __init__(self, folder: Path, address: str) -> None:
        self.data = folder / "data"
        self.profile = f"exchange:\n  address: {address}\nbacktest:\n  warm_up_bars: 0\n"
        self.file = configuration(folder, self.profile)
        self.options = ("--config", self.file, "--profile", "test", "--data", self.data)

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(run, *arguments, *self.options)

    async def download(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return await self.run("data", "download", *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command("data", "download", *arguments, *self.options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )

    def opens(self, series: str = SERIES) -> list[int]:
        return kept_opens(self.data, series)


@asynccontextmanager
async def place_with(folder: Path, klines: Klines) -> AsyncIterator[tuple[Place, MiniExchange]]:
    async with mini_exchange() as exchange:
        exchange.answers["klines"] = klines.answer
        yield Place(folder, exchange.address), exchange


@asynccontextmanager
async def stuck_at(exchange: MiniExchange, klines: Klines, page: int) -> AsyncIterator[None]:
    """The exchange gives so many pages, and then is silent until this ends."""
    end = asyncio.Event()

    async def answer(query: dict[str, str]) -> Any:
        if klines.asked < page:
            return klines.answer(query)
        await end.wait()
        return web.Response(status=503)

    exchange.answers["klines"] = answer
    yield
    end.set()
    exchange.answers["klines"] = klines.answer


async def test_what_a_backtest_lacks_is_downloaded_with_the_command_that_it_names(tmp_path: Path):
    klines = Klines()
    async with place_with(tmp_path, klines) as (place, exchange):
        test = ("backtest", *MISSION, "--strategy", "ema_cross")
        lacking = await place.run(*test)
        assert is_one_sentence(lacking)
        named = re.search(r"download them with `workstation (.*?)`", lacking.stderr)
        assert named, lacking.stderr
        done = await asyncio.to_thread(run, *shlex.split(named.group(1)))
        assert done.returncode == 0, done.stderr
        assert (
            f"Downloaded 1,200 candles of 1m of BTCUSDT from {exchange.address}, linear; they are kept as {SERIES}."
            in done.stdout
        )
        assert "Gaps: none." in done.stdout
        tested = await place.run(*test)
        assert tested.returncode == 0, tested.stderr
        assert f"1,200 candles of 1m of {SERIES}" in " ".join(tested.stdout.split())
    assert klines.given == minutes(0, MINUTES), "each candle was given once"


async def test_kill_9_in_the_middle_loses_only_the_page_on_its_way(tmp_path: Path):
    klines = Klines()
    async with place_with(tmp_path, klines) as (place, exchange):
        async with stuck_at(exchange, klines, 2):
            running = place.start(*MISSION)
            await exchange.until(lambda: exchange.count("klines") == 3, TIMEOUT_S)
            running.send_signal(signal.SIGKILL)
            await asyncio.to_thread(running.communicate)
        assert place.opens() == minutes(0, 2 * PAGE)
        done = await place.download(*MISSION)
        assert "Downloaded 200 candles" in done.stdout, done.stderr
        assert place.opens() == minutes(0, MINUTES)
    assert klines.given == minutes(0, MINUTES), "each candle was given once"


async def test_ctrl_c_stops_in_order_and_says_how_to_go_on(tmp_path: Path):
    klines = Klines()
    async with place_with(tmp_path, klines) as (place, exchange):
        async with stuck_at(exchange, klines, 1):
            running = place.start(*MISSION)
            await exchange.until(lambda: exchange.count("klines") == 2, TIMEOUT_S)
            running.send_signal(signal.SIGINT)
            _, said = await asyncio.to_thread(running.communicate)
        assert running.returncode == 130
        named = re.fullmatch(r"workstation: stopped; what was fetched is kept\. `workstation (.*)` goes on\.\n", said)
        assert named, said
        assert place.opens() == minutes(0, PAGE)
        done = await asyncio.to_thread(run, *shlex.split(named.group(1)))
        assert "Downloaded 700 candles" in done.stdout, done.stderr
    assert klines.given == minutes(0, MINUTES), "each candle was given once"


async def test_a_person_at_a_terminal_is_asked(tmp_path: Path):
    async with place_with(tmp_path, Klines()) as (place, _):
        arguments = command("backtest", *MISSION, "--strategy", "ema_cross", *place.options)

        def talk() -> tuple[int, str]:
            terminal, inner = pty.openpty()
            running = subprocess.Popen(
                arguments, stdin=inner, stdout=inner, stderr=inner, cwd=ROOT, env=environment(COLUMNS="500")
            )
            os.close(inner)
            shown = b""
            while b"[y/N] " not in shown:
                shown += os.read(terminal, 4096)
            os.write(terminal, b"y\n")
            while True:
                try:
                    part = os.read(terminal, 4096)
                except OSError:
                    # Linux says so when the program has ended.
                    break
                if not part:
                    break
                shown += part
            os.close(terminal)
            return running.wait(TIMEOUT_S), shown.decode()

        status, shown = await asyncio.to_thread(talk)
        assert status == 0 and SERIES in shown, shown
