"""Market data of any exchange that ccxt.pro streams from."""

from __future__ import annotations

import asyncio

from workstation.venues.exchange.market.ccxt_symbol import BOOK, CACHED_TRADES, CcxtSymbol
from workstation.venues.exchange.market.feed_status import FeedStatuses
from workstation.venues.exchange.market.figures import MarketFigures
from workstation.venues.exchange.market.market_reader import Supplies
from workstation.venues.exchange.market.refusals import Refusals


class CcxtMarket:
    """ccxt keeps connections, subscriptions and the rules of each exchange's sequence."""

    def __init__(self, supplies: Supplies) -> None:
        ccxt = supplies.client.ccxt
        self._refusals = Refusals()
        ccxt.options["tradesLimit"] = CACHED_TRADES
        self._asks_marks = supplies.exchange.market == "linear" and bool(ccxt.has.get("fetchFundingRate"))
        names = [instrument.symbol for instrument in supplies.instruments]
        statuses = FeedStatuses(names, [BOOK], supplies.clock, supplies.deliver)
        now_s = asyncio.get_running_loop().time()
        self._symbols = [
            CcxtSymbol(instrument, supplies, statuses, self._refusals.add, now_s) for instrument in supplies.instruments
        ]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for symbol in self._symbols:
                tasks.create_task(symbol.watch_book())
                tasks.create_task(symbol.watch_trades())
                if self._asks_marks:
                    tasks.create_task(symbol.ask_marks())

    def figures(self) -> MarketFigures:
        now_s = asyncio.get_running_loop().time()
        symbols = self._symbols
        counters = [(symbol.book_counter, symbol.trade_counter) for symbol in symbols]
        marks = [symbol.mark_counter for symbol in symbols] if self._asks_marks else []
        return MarketFigures(
            streams=tuple(counter.figures(now_s) for counter in [*(one for pair in counters for one in pair), *marks]),
            gaps=sum(symbol.gaps for symbol in symbols),
            resyncs=sum(max(0, symbol.book.snapshots - 1) for symbol in symbols),
            reconnects=sum(symbol.reconnects for symbol in symbols),
            trades_filled=sum(symbol.trades.filled for symbol in symbols),
            trades_lost=sum(symbol.trades.lost for symbol in symbols),
            duplicates=sum(symbol.trades.duplicates for symbol in symbols),
            unreadable=self._refusals.count,
        )
