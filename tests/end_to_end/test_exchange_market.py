"""Market data from the sandbox exchange: books equal its own at the same update, every trade comes, also in chaos."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from tests.unit.venues.exchange.running_market import Run, running_market
from workstation.core.messages import FeedStatus, History, MarkPrice, Trade
from workstation.core.timeframe import MINUTE_NS
from workstation.sandbox.chaos import Switch
from workstation.sandbox.listing import Market

SYMBOLS = ("BTCUSDT", "ETHUSDT")
MARKETS = pytest.mark.parametrize("market", [Market.SPOT, Market.FUTURES], ids=["spot", "linear"])


@asynccontextmanager
async def watched(sandbox: Sandbox, market: Market = Market.SPOT, **settings: Any) -> AsyncIterator[Run]:
    """The market of both symbols with their feeds up."""
    instruments = tuple(sandbox.exchange.listings[market][symbol].instrument for symbol in SYMBOLS)
    kind = "spot" if market is Market.SPOT else "linear"
    async with running_market(sandbox, kind, instruments, **settings) as run:
        await settle(sandbox, run)
        yield run


async def settle(sandbox: Sandbox, run: Run) -> None:
    """Let the market move until both feeds are up."""
    async with asyncio.timeout(60):
        while not all(run.is_up(symbol) for symbol in SYMBOLS):
            sandbox.step(0.2)
            await asyncio.sleep(0.02)


async def same_books(sandbox: Sandbox, run: Run, market: Market) -> None:
    """Each book comes to an update at which the exchange has its own, and is that book."""
    for symbol in SYMBOLS:
        listing = sandbox.exchange.listings[market][symbol]
        async with asyncio.timeout(60):
            while not (run.is_up(symbol) and run.books[symbol].sequence == listing.update_id):
                sandbox.step(0.01)
                await asyncio.sleep(0.005)
        ours = run.books[symbol]
        assert ours.synchronised
        assert (ours.bids, ours.asks) == (listing.public.bids, listing.public.asks)


async def whole_tape(sandbox: Sandbox, run: Run) -> None:
    """Every trade from the first on came once, in order, with the exchange's own figures."""
    for symbol in SYMBOLS:
        feed = run.market._reader._symbols[symbol]  # type: ignore[attr-defined]
        mine = [trade for trade in run.of(Trade) if trade.symbol == symbol]
        theirs = await run.market._reader._requests.trades(symbol, mine[0].trade_id, mine[-1].trade_id)  # type: ignore[attr-defined]
        assert [trade.trade_id for trade in mine] == list(range(mine[0].trade_id, mine[-1].trade_id + 1))
        assert [(trade.price, trade.lots, trade.side) for trade in mine] == [
            (trade.price, trade.lots, trade.side) for trade in map(feed.trade, theirs)
        ]


async def move(sandbox: Sandbox, seconds: float) -> None:
    for _ in range(int(seconds * 5)):
        sandbox.step(0.2)
        await asyncio.sleep(0.015)


@MARKETS
async def test_books_equal_the_exchanges_own_and_every_trade_comes(market: Market) -> None:
    async with running_sandbox(paced=False, symbols=SYMBOLS) as sandbox, watched(sandbox, market) as run:
        for _ in range(5):
            await move(sandbox, 4)
            await same_books(sandbox, run, market)
        await whole_tape(sandbox, run)
        figures = run.market.figures()
        assert (figures.gaps, figures.reconnects, figures.trades_lost, figures.unreadable) == (0, 0, 0, 0)
        assert len(run.of(Trade)) > 50
        if market is Market.FUTURES:
            await run.until(lambda: {mark.symbol for mark in run.of(MarkPrice)} == set(SYMBOLS))


CHAOS = {
    "gap": Switch(kind="gap", probability=0.1),
    "drop_message": Switch(kind="drop_message", probability=0.03, connection="market"),
    "duplicate": Switch(kind="duplicate", probability=0.2, connection="market"),
    "reorder": Switch(kind="reorder", probability=0.1, connection="market"),
    "disconnect": Switch(kind="disconnect", probability=0.02, connection="market", count=3),
    "server_error": Switch(kind="server_error", probability=0.5, endpoint="GET /"),
    "silent": Switch(kind="silent", count=1, connection="market", value=1),
    "message_latency": Switch(kind="message_latency", connection="market", value=50),
}


@pytest.mark.parametrize(
    "kinds",
    [
        ["gap"],
        ["drop_message"],
        ["duplicate"],
        ["reorder"],
        ["disconnect"],
        ["silent"],
        ["message_latency"],
        ["gap", "server_error"],
        ["gap", "duplicate", "server_error", "disconnect"],
    ],
    ids=" ".join,
)
@MARKETS
async def test_whatever_goes_wrong_the_feed_becomes_whole_again(kinds: list[str], market: Market) -> None:
    async with (
        running_sandbox(paced=False, symbols=SYMBOLS, seed=3) as sandbox,
        watched(sandbox, market, silent_feed_s=Decimal(1), book_depth=500) as run,
    ):
        switches = [msgspec.structs.replace(CHAOS[kind]) for kind in kinds]
        for switch in switches:
            sandbox.chaos.add(switch)
        await move(sandbox, 20)
        assert all(switch.struck for switch in switches)
        sandbox.chaos.clear()
        await settle(sandbox, run)
        await move(sandbox, 2)
        await settle(sandbox, run)
        await same_books(sandbox, run, market)
        assert run.market.figures().trades_lost == 0
        await whole_tape(sandbox, run)


async def test_history_is_what_the_exchange_closed() -> None:
    async with running_sandbox(paced=False, symbols=SYMBOLS) as sandbox, watched(sandbox) as run:
        await run.market.load_history({MINUTE_NS: 30})
        assert {history.symbol for history in run.of(History)} == set(SYMBOLS)
        for history in run.of(History):
            closes = [row[0] for row in history.bars]
            assert len(closes) == 30
            assert all(after - before == MINUTE_NS for before, after in pairwise(closes))


async def test_an_exchange_that_is_not_there_is_told_and_waited_for() -> None:
    async with running_sandbox(paced=False, symbols=SYMBOLS) as sandbox, watched(sandbox) as run:
        sandbox.chaos.add(Switch(kind="maintenance"))
        await run.until(lambda: not run.is_up("BTCUSDT"))
        sandbox.chaos.clear()
        await settle(sandbox, run)
        assert run.of(FeedStatus)[-1].connected
