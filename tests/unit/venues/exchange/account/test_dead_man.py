"""The timer at the exchange: refreshed while the engine is healthy, off where it would strip protective stops."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.venues.exchange.fake_binance import FakeBinance, connected, exchange_settings
from workstation.venues.exchange.account.dead_man import DeadManTimer, reason_against

COUNTDOWN = "/fapi/v1/countdownCancelAll"


async def test_it_is_refreshed_for_each_symbol_only_while_the_engine_is_healthy() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        fake.on("POST", COUNTDOWN, {"symbol": "BTCUSDT", "countdownTime": "60000"})
        healthy = True
        timer = DeadManTimer(client, lambda: ["BTCUSDT", "ETHUSDT"], lambda: healthy)
        assert not timer.state.on
        await timer.refresh()
        sent = [(asked["symbol"], asked["countdownTime"]) for asked in fake.asked("POST", COUNTDOWN)]
        assert sent == [("BTCUSDT", "60000"), ("ETHUSDT", "60000")]
        assert timer.state.on and timer.state.until_ns
        healthy = False
        await timer.refresh()
        assert len(fake.asked("POST", COUNTDOWN)) == 2
        assert not timer.state.on and "left to run out" in timer.state.text


async def test_a_symbol_that_is_no_longer_traded_is_released_and_an_orderly_end_releases_all() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        fake.on("POST", COUNTDOWN, {})
        symbols = ["BTCUSDT", "ETHUSDT"]
        timer = DeadManTimer(client, lambda: symbols, lambda: True)
        await timer.refresh()
        symbols.pop()
        await timer.refresh()
        await timer.disarm()
        sent = [(asked["symbol"], asked["countdownTime"]) for asked in fake.asked("POST", COUNTDOWN)]
        assert sent[2:] == [("ETHUSDT", "0"), ("BTCUSDT", "60000"), ("BTCUSDT", "0")]


async def test_a_refresh_that_fails_is_told() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "linear") as client:
        fake.on("POST", COUNTDOWN, {"code": -1000, "msg": "no"}, 500)
        timer = DeadManTimer(client, lambda: ["BTCUSDT"], lambda: True)
        await timer.refresh()
        assert not timer.state.on and "could not be refreshed: -1000 no" in timer.state.text


@pytest.mark.parametrize(
    ("name", "market", "seconds", "reason"),
    [
        ("binance", "linear", 60, ""),
        ("okx", "linear", 60, ""),
        ("binance", "linear", 0, "exchange.dead_man_s is 0"),
        ("binance", "spot", 60, "binance has none for its spot market"),
        ("bybit", "linear", 60, "bybit has none for its linear market"),
        ("kraken", "spot", 60, "protective stops too"),
        ("hyperliquid", "linear", 60, "protective stops too"),
    ],
)
async def test_where_it_is_off_it_says_why(name: str, market: str, seconds: int, reason: str) -> None:
    settings = exchange_settings(name=name, market=market, dead_man_s=Decimal(seconds))
    assert reason in reason_against(settings)
    assert bool(reason) is bool(reason_against(settings))


async def test_where_it_is_off_nothing_is_sent() -> None:
    async with FakeBinance().serving() as fake, connected(fake, "spot") as client:
        timer = DeadManTimer(client, lambda: ["BTCUSDT"], lambda: True)
        await timer.run()
        await timer.disarm()
        assert not [request for request in fake.requests if request[0] == "POST"]
        assert timer.state.text == "The dead-man timer is off: binance has none for its spot market."
