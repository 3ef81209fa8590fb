"""A burst of trades: plain ccxt.pro loses some without a word, ours deliver every one, in order."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import ccxt.pro
import msgspec
import pytest

from tests.unit.venues.exchange.mini_exchange import MiniExchange, mini_exchange
from tests.unit.venues.exchange.running_market import running_market
from tests.unit.venues.exchange.scripted_feed import ScriptedFeed
from workstation.core.messages import Trade
from workstation.venues.exchange.connection.addresses import at_address

BURST = 40_000


def burst(feed: ScriptedFeed) -> list[str]:
    return [msgspec.json.encode({"stream": feed.trade_stream, "data": feed.trade()}).decode() for _ in range(BURST)]


async def send(exchange: MiniExchange, stream: str, frames: list[str]) -> None:
    socket = next(socket for socket, streams in exchange.sockets.items() if stream in streams)
    for frame in frames:
        await socket.send_str(frame)


@pytest.mark.parametrize("through_ccxt", [False, True])
async def test_every_trade_of_a_burst_comes(through_ccxt: bool) -> None:
    """Lesson 18 and fact 7."""
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        frames = burst(feed)
        async with running_market(exchange, through_ccxt=through_ccxt) as run:
            await exchange.until(lambda: sum(map(len, exchange.sockets.values())) >= 2)
            await send(exchange, feed.trade_stream, frames)
            await run.until(lambda: len(run.inputs) >= BURST and len(run.of(Trade)) >= BURST, seconds=60)
            assert [trade.trade_id for trade in run.of(Trade)] == list(range(1, BURST + 1))
            assert run.market.figures().trades_filled == 0


async def test_plain_ccxt_loses_trades_of_the_same_burst() -> None:
    """What ours must not do is real: without this the test above could not fail."""
    plain = ccxt.pro.binance(
        {"options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}}
    )
    async with mini_exchange() as exchange:
        feed = ScriptedFeed(exchange)
        frames = burst(feed)
        plain.urls["api"] = at_address(plain.urls["api"], exchange.address)
        came: list[int] = []
        ended = asyncio.Event()

        async def watch() -> None:
            while True:
                came.extend(int(trade["id"]) for trade in await plain.watch_trades("BTC/USDT"))
                if came[-1] == BURST:
                    ended.set()

        watching = asyncio.create_task(watch())
        await exchange.until(lambda: sum(map(len, exchange.sockets.values())) >= 1)
        await send(exchange, feed.trade_stream, frames)
        async with asyncio.timeout(60):
            await ended.wait()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await plain.close()
    assert len(came) < BURST
