"""Trades through ccxt whose ids are counted: holes are found, filled in order, and what is not to be had is counted."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.unit.venues.exchange.mini_exchange import exchange_settings
from tests.unit.venues.exchange.running_market import instrument
from workstation.core.clock import WallClock
from workstation.core.messages import MarketInput, Trade
from workstation.venues.exchange.connection.budget import Budget
from workstation.venues.exchange.connection.venue_clock import ClockReading
from workstation.venues.exchange.market.ccxt_symbol import CcxtSymbol
from workstation.venues.exchange.market.feed_status import FeedStatuses
from workstation.venues.exchange.market.market_reader import Supplies
from workstation.venues.exchange.market.trade_ids import span_of_ids


def told(number: int | str, count: int = 1, lots: int = 1) -> dict[str, Any]:
    """A trade as ccxt tells it; OKX puts ``count`` of them together."""
    time_ms = number * 10 if isinstance(number, int) else 7
    amount, info = Decimal("0.00001") * lots, {"count": str(count)} if count > 1 else {}
    return {"id": str(number), "timestamp": time_ms, "price": 100, "amount": amount, "side": "buy", "info": info}


class CannedExchange:
    """Answers what was given of each trade asked for, as ccxt does: those since a time, at most a page of them."""

    def __init__(self, name: str, answers: list[list[dict[str, Any]] | Exception]) -> None:
        self.id = name
        self.asked: list[tuple[int, int]] = []
        self._answers = answers

    def feature_value(self, *_: Any) -> int:
        return 500

    async def fetch_trades(self, symbol: str, since_ms: int, limit: int) -> list[dict[str, Any]]:
        self.asked.append((since_ms, limit))
        answer = self._answers.pop(0) if self._answers else []
        if isinstance(answer, Exception):
            raise answer
        return [trade for trade in answer if trade["timestamp"] >= since_ms]


class CannedClient:
    def __init__(self, ccxt: CannedExchange) -> None:
        self.ccxt = ccxt
        self.budget = Budget(lambda: 0, lambda: 0)

    def unified(self, symbol: str) -> str:
        return "BTC/USDT"

    async def measure_clock(self) -> ClockReading:
        raise AssertionError("nobody asks for it")


class Tape:
    def __init__(self, name: str, *answers: list[dict[str, Any]] | Exception) -> None:
        self.ccxt = CannedExchange(name, list(answers))
        came: list[MarketInput] = []
        clock = WallClock()
        supplies = Supplies(
            CannedClient(self.ccxt), exchange_settings("", "spot"), (instrument(),), clock, came.append, Random(1)
        )
        statuses = FeedStatuses(["BTCUSDT"], [], clock, came.append)
        self.symbol = CcxtSymbol(instrument(), supplies, statuses, lambda *_: None, 0.0)
        self._came = came

    async def take(self, *trades: dict[str, Any]) -> None:
        await self.symbol._take_trades(trades)

    @property
    def came(self) -> list[tuple[int, int]]:
        """Ids and lots."""
        return [(trade.trade_id, trade.lots) for trade in self._came if isinstance(trade, Trade)]

    @property
    def ids(self) -> list[int]:
        return [number for number, _ in self.came]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        trades = self.symbol.trades
        return trades.gaps, trades.filled, trades.lost, trades.duplicates


def test_whose_ids_are_counted() -> None:
    assert all(span_of_ids(name) is not None for name in ("binance", "binanceusdm", "kraken", "okx", "okxus", "myokx"))
    assert all(span_of_ids(name) is None for name in ("bybit", "krakenfutures", "coinbase", "gate"))


@pytest.mark.parametrize("name", ["kraken", "okx"])
async def test_a_hole_is_filled_by_since_and_what_rest_has_beyond_it_comes_by_the_stream(name: str) -> None:
    tape = Tape(name, [told(number) for number in range(10, 18)])
    await tape.take(told(10), told(11))
    await tape.take(told(15), told(16))
    await tape.take(told(16), told(17))
    assert tape.ids == [10, 11, 12, 13, 14, 15, 16, 17]
    assert tape.ccxt.asked == [(110, 500)]
    assert tape.counts == (1, 3, 0, 1)


async def test_pages_and_answers_that_fail_or_lag_are_asked_for_again() -> None:
    first, rest = [told(number) for number in range(11, 14)], [told(number) for number in range(13, 20)]
    tape = Tape("kraken", OSError("reset"), [], first, rest)
    await tape.take(told(10), told(20))
    assert tape.ids == list(range(10, 21))
    assert [since_ms for since_ms, _ in tape.ccxt.asked] == [100, 100, 100, 130]
    assert tape.counts == (1, 9, 0, 0)


async def test_what_the_stream_brings_late_needs_no_request() -> None:
    tape = Tape("kraken")
    await tape.take(told(10), told(13), told(12), told(11), told(14))
    assert tape.ids == [10, 11, 12, 13, 14] and not tape.ccxt.asked


@pytest.mark.allow_log_warnings
async def test_what_is_not_to_be_had_is_lost_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    tape = Tape("kraken", [told(12)])
    await tape.take(told(10), told(15), told(16))
    assert tape.ids == [10, 12, 15, 16]
    assert tape.counts == (1, 1, 3, 0)
    assert tape.counts == (1, 1, 3, 0)
    assert "3 trades of BTCUSDT are missing and could not be had." in caplog.text


async def test_trades_that_okx_puts_together_are_no_hole() -> None:
    tape = Tape("okx")
    await tape.take(told(10), told(14, count=4, lots=4), told(15))
    assert tape.came == [(10, 1), (14, 4), (15, 1)]
    assert tape.counts == (0, 0, 0, 0) and not tape.ccxt.asked


async def test_one_of_which_a_part_came_by_rest_is_not_counted_twice() -> None:
    tape = Tape("okx", [told(number) for number in (13, 14, 15)])
    await tape.take(told(10))
    tape.symbol.trades.fill([told(11), told(12)])
    await tape.take(told(14, count=4, lots=4), told(15))
    assert tape.came == [(number, 1) for number in range(10, 16)]


async def test_an_exchange_that_counts_anew_is_followed() -> None:
    tape = Tape("kraken")
    anew = told(1) | {"timestamp": 20_000_000}
    await tape.take(told(1_000_000), anew, told(2) | {"timestamp": 20_000_001}, anew)
    assert tape.ids == [1_000_000, 1, 2]
    assert tape.counts == (0, 0, 0, 1)


async def test_ids_that_promise_nothing_show_no_hole() -> None:
    tape = Tape("bybit")
    await tape.take(told(10), told(15), told("a-1"), told(15))
    assert len(tape.ids) == 3 and not tape.ccxt.asked
    assert tape.counts == (0, 0, 0, 1)
