"""A reader that stops reading is cut off by the server: nobody else notices, and it comes back by a snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.end_to_end.partition import wire
from tests.unit.messaging.nats_servers import LARGEST, running_server
from tests.unit.services.test_feed import Reader, a_feed, a_reader
from tests.unit.waiting import until
from workstation.core.clock import WallClock
from workstation.core.messages import FeedStatus, Trade
from workstation.messaging.link import NatsLink

pytestmark = [pytest.mark.services, pytest.mark.allow_log_warnings]

SYMBOL = "BTCUSDT"
BULK = 80
"""Megabytes: more than the server keeps for one reader."""


async def test_a_reader_that_does_not_read_is_cut_off_and_recovers(tmp_path: Path) -> None:
    async with (
        running_server(tmp_path) as server,
        wire(server.address) as cable,
        a_feed(server) as feed,
        a_reader(server, "quick") as quick,
    ):
        link = NatsLink(cable.address, "slow", "slow-1", WallClock().now_ns, LARGEST)
        await link.open()
        slow = Reader(link)
        await slow.start()
        await link.client.subscribe("bulk")
        try:
            feed.step(1)
            await until(lambda: slow.market.complete.is_set() and quick.market.complete.is_set())
            before = len(quick.trades()), len(slow.trades())
            feed.step(5)
            told = [event for event in feed.told if isinstance(event, Trade)]
            await until(lambda: newest(quick.trades()) == newest(slow.trades()) == newest(told))
            assert len(quick.trades()) - before[0] == len(slow.trades()) - before[1] > 10
            heard = len(quick.trades()) - len(told)
            cable.cut()
            filling = asyncio.ensure_future(_fill(feed.handler._link))
            for _ in range(20):
                feed.step(1)
                await asyncio.sleep(0.02)
            await filling
            told = [event for event in feed.told if isinstance(event, Trade)]
            await until(lambda: len(quick.trades()) == len(told) + heard)
            assert slow.trades()[-1] != quick.trades()[-1]
            await until(lambda: "Slow Consumer Detected" in (tmp_path / "server.log").read_text())
            assert quick.market.gaps == 0 and feed.handler._link.reconnects == 0
            cable.mend()
            await until(lambda: link.reconnects > 0 and slow.market._symbols[SYMBOL].synchronised)
            feed.step(2)
            await until(lambda: quick.books[SYMBOL].sequence == slow.books[SYMBOL].sequence > 0)
            assert slow.books[SYMBOL].bids == quick.books[SYMBOL].bids
            statuses = [e.connected for e in slow.heard if isinstance(e, FeedStatus) and e.symbol == SYMBOL]
            assert False in statuses and statuses[-1], "it is told that it has missed something, and that it is back"
            assert not [e for e in quick.heard if isinstance(e, FeedStatus) and not e.connected]
        finally:
            await slow.stop()
            await link.close()


def newest(trades: Sequence[Trade]) -> dict[str, Trade]:
    """By symbol: between symbols there is no order."""
    return {trade.symbol: trade for trade in trades}


async def _fill(link: NatsLink) -> None:
    for _ in range(BULK):
        await link.client.publish("bulk", b"x" * 1_000_000)
        await link.confirm()
