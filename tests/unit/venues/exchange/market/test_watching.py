"""Quotes of watched symbols: what is asked of an exchange, how often, and what is told when it does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
from ccxt.base.errors import NetworkError

from workstation.core.timeframe import SECOND_NS
from workstation.venues.exchange.connection.call import Call
from workstation.venues.exchange.connection.errors import CallFailed
from workstation.venues.exchange.market.watching import MOST_SINGLE, ExchangeWatching

START_NS = 1_704_110_400 * SECOND_NS


def market(name: str) -> dict[str, Any]:
    steps = {"price": Decimal("0.01"), "amount": Decimal("0.001")}
    return {"base": name.split("/", maxsplit=1)[0], "quote": "USDT", "spot": True, "precision": steps, "limits": {}}


class FakeCcxt:
    def __init__(self, name: str, has: tuple[str, ...]) -> None:
        self.id = name
        self.has = dict.fromkeys(has, True)
        self.asked: list[str] = []
        self.market = market
        self.fails = False
        self.ticker: Any = {"last": Decimal("1.5"), "percentage": Decimal("-2.5")}

    async def fetch_ticker(self, name: str) -> Any:
        self._note(name)
        return self.ticker

    async def fetch_tickers(self, names: list[str]) -> dict[str, Any]:
        self._note(f"all {len(names)}")
        return {name: {"last": Decimal(2), "percentage": None} for name in names[1:]}

    async def fetch_ohlcv(self, name: str, timeframe: str, since: None, limit: int) -> list[list[Any]]:
        self._note(f"{timeframe} {name}")
        return [[0, 1, 1, 1, Decimal(3), 1], [0, 1, 1, 1, None, 1]]

    def _note(self, what: str) -> None:
        if self.fails:
            raise CallFailed(Call(), NetworkError("no route"), "", "no route")
        self.asked.append(what)


class FakeClient:
    def __init__(self, ccxt: FakeCcxt, count: int) -> None:
        self.ccxt = ccxt
        self.listed = {f"S{number:02}USDT": f"S{number:02}/USDT" for number in range(count)}

    async def ask(self, method: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        return await method(*arguments)


@asynccontextmanager
async def running(watching: ExchangeWatching) -> Any:
    task = asyncio.create_task(watching.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def turns(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("name", "count", "asked"),
    [
        ("binance", 2, ["S00/USDT", "S01/USDT"]),
        ("binance", MOST_SINGLE + 1, [f"all {MOST_SINGLE + 1}"]),
        ("okx", 2, ["all 2"]),
    ],
)
def test_the_cheapest_question_is_asked_at_once(name: str, count: int, asked: list[str]) -> None:
    async def run() -> None:
        ccxt = FakeCcxt(name, ("fetchTickers",))
        watching = ExchangeWatching(FakeClient(ccxt, 60), lambda: START_NS, interval_s=3600)
        async with running(watching):
            await turns(lambda: len(watching.listing) == 60)
            assert ccxt.asked == [], "nothing is asked for before something is watched"
            watching.watch([f"S{number:02}USDT" for number in range(count)] + ["UNLISTED"])
            await turns(watching.quotes)
            assert ccxt.asked == asked
            if asked == ["all 2"]:
                assert list(watching.quotes()) == ["S01USDT"], "one without an answer has no quote"
            watching.watch(())
            assert watching.quotes() == {}

    asyncio.run(run())


def test_the_last_day_comes_once_a_quarter_of_an_hour_and_failures_are_told_until_it_answers() -> None:
    async def run() -> None:
        now = [START_NS]
        ccxt = FakeCcxt("binance", ("fetchTickers", "fetchOHLCV"))
        ccxt.fails = True
        watching = ExchangeWatching(FakeClient(ccxt, 1), lambda: now[0], interval_s=0.001)
        async with running(watching):
            watching.watch(["S00USDT"])
            await turns(lambda: watching.problem)
            assert watching.problem.startswith("Quotes of watched symbols do not come: ")
            ccxt.fails = False
            await turns(lambda: len(ccxt.asked) > 4)
            assert watching.problem == "" and ccxt.asked.count("15m S00/USDT") == 1
            quote = watching.quotes()["S00USDT"]
            assert (quote.last, quote.change_percent, quote.closes) == (Decimal("1.5"), -2.5, (3.0,))
            now[0] += 900 * SECOND_NS
            await turns(lambda: ccxt.asked.count("15m S00/USDT") == 2)
        listed = watching.listing[0]
        assert (listed.symbol, listed.base, listed.tick) == ("S00USDT", "S00", Decimal("0.01"))

    asyncio.run(run())


@pytest.mark.allow_log_warnings("could not be read")
def test_an_answer_in_another_form_ends_nothing() -> None:
    async def run() -> None:
        ccxt = FakeCcxt("kraken", ())
        ccxt.ticker = None
        watching = ExchangeWatching(FakeClient(ccxt, 1), lambda: START_NS, interval_s=0.001)
        async with running(watching):
            watching.watch(["S00USDT"])
            await turns(lambda: watching.problem)
            assert watching.problem.endswith("(AttributeError); the log tells more.")
            ccxt.ticker = {"last": Decimal(1)}
            await turns(lambda: not watching.problem and watching.quotes())

    asyncio.run(run())
