"""One symbol through ccxt.pro: a task watches its book, another its trades, and a third asks for marks and funding."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ccxt.base.errors import ChecksumError, NetworkError

from workstation.core.instrument import Instrument
from workstation.core.messages import FundingRate, MarkPrice
from workstation.core.money import to_rate
from workstation.venues.exchange.connection.patience import Pauses, short_reason
from workstation.venues.exchange.market.ccxt_book import CcxtBook
from workstation.venues.exchange.market.ccxt_trades import CcxtTrades, number_of
from workstation.venues.exchange.market.exact_steps import NotWhole
from workstation.venues.exchange.market.feed_status import FeedStatuses
from workstation.venues.exchange.market.figures import StreamCounter
from workstation.venues.exchange.market.funding_schedule import FundingSchedule
from workstation.venues.exchange.market.market_reader import Supplies
from workstation.venues.exchange.market.trade_ids import span_of_ids

log = logging.getLogger("workstation.venues.exchange")

BOOK, TRADES = "order book", "trades"
CACHED_TRADES = 100_000
"""ccxt keeps so many trades between two wake-ups and drops what is beyond; its own 1000 lose bursts."""
MOST_WAITING = 10_000
"""Answers of ccxt that wait while missing trades are fetched."""
FILL_PAGE = 1000
MOST_PAGES = 10
FILL_ATTEMPTS, FILL_ANSWERS = 10, 3
"""How often missing trades are asked for, and how often an answer without them is doubted."""
CATCH_UP_S = 1.0
"""What REST has must reach a living stream within this."""
MARK_INTERVAL_S = 5.0


class CcxtSymbol:
    """``refuse`` hears of numbers that are not whole. The tasks run until cancelled, whatever the exchange does."""

    def __init__(
        self,
        instrument: Instrument,
        supplies: Supplies,
        statuses: FeedStatuses,
        refuse: Callable[[str, NotWhole], None],
        now_s: float,
    ) -> None:
        symbol = instrument.symbol
        self._instrument = instrument
        self._symbol = symbol
        self._unified = supplies.client.unified(symbol)
        self._ccxt = supplies.client.ccxt
        self._clock = supplies.clock
        self._deliver = supplies.deliver
        self._random = supplies.random
        self._silent_s = float(supplies.exchange.silent_feed_s)
        self._statuses = statuses
        self._refuse = refuse
        self.book = CcxtBook(instrument, supplies.clock, supplies.deliver)
        span = span_of_ids(self._ccxt.id)
        self.trades = CcxtTrades(
            instrument, supplies.clock, supplies.deliver, lambda error: refuse(symbol, error), span
        )
        self._page = int(self._ccxt.feature_value(self._unified, "fetchTrades", "limit", FILL_PAGE) or FILL_PAGE)
        self.book_counter = StreamCounter(symbol, "book", now_s)
        self.trade_counter = StreamCounter(symbol, "trades", now_s)
        self.mark_counter = StreamCounter(symbol, "mark", now_s)
        self._mending = asyncio.Lock()
        self._hears_trades = False
        self.gaps = 0
        self.reconnects = 0

    async def watch_book(self) -> None:
        pauses = Pauses(self._random)
        while True:
            try:
                async with asyncio.timeout(self._silent_s):
                    book = await self._ccxt.watch_order_book(self._unified)
            except TimeoutError:
                if await self._book_is_behind():
                    self._reopen(f"the order book of {self._symbol} was silent for {self._silent_s:g} s")
                continue
            except ChecksumError:
                self.gaps += 1
                await self._lose_book("gap in the order book", pauses)
                continue
            except Exception as error:
                # ccxt's parsing fails in its own ways, too; the next message may be better.
                self.reconnects += 1
                await self._lose_book(short_reason(error), pauses)
                continue
            try:
                self.book.take(book)
            except NotWhole as error:
                self._refuse(self._symbol, error)
                await self._lose_book(short_reason(error), pauses)
                continue
            pauses.reset()
            self._count(self.book_counter)
            self._statuses.up(self._symbol, BOOK)

    async def watch_trades(self) -> None:
        """Watch without a pause: what ccxt hears while nobody waits for it, it tells with the next trade only."""
        came: asyncio.Queue[tuple[list[dict[str, Any]], bool]] = asyncio.Queue(MOST_WAITING)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take_what_came(came))
            tasks.create_task(self._hear_trades(came))

    async def _hear_trades(self, came: asyncio.Queue[tuple[list[dict[str, Any]], bool]]) -> None:
        pauses = Pauses(self._random)
        broken = False
        while True:
            try:
                async with asyncio.timeout(self._silent_s):
                    trades = await self._ccxt.watch_trades(self._unified)
            except TimeoutError:
                if await self._trades_are_behind():
                    self._reopen(f"the trades of {self._symbol} were silent for {self._silent_s:g} s")
                continue
            except Exception as error:
                broken, self._hears_trades = True, False
                self._statuses.down(self._symbol, TRADES, short_reason(error))
                await asyncio.sleep(pauses.next_s())
                continue
            pauses.reset()
            self._hears_trades = True
            self._count(self.trade_counter, len(trades))
            await came.put((list(trades), broken or len(trades) >= CACHED_TRADES))
            broken = False

    async def _take_what_came(self, came: asyncio.Queue[tuple[list[dict[str, Any]], bool]]) -> None:
        while True:
            trades, broken = await came.get()
            async with self._mending:
                if broken and not self.trades.counted:
                    await self._fill_trades()
                await self._take_trades(trades)
            if self._hears_trades:
                self._statuses.up(self._symbol, TRADES)

    async def ask_marks(self) -> None:
        schedule = FundingSchedule()
        while True:
            told = await self._ask("mark price", self._ccxt.fetch_funding_rate, self._unified)
            now_ns = self._clock.now_ns()
            if told and told.get("markPrice"):
                self._count(self.mark_counter)
                price = self._instrument.ticks_rounded(told["markPrice"])
                self._deliver(MarkPrice(self._symbol, now_ns, price))
                due_ms, rate = told.get("fundingTimestamp"), told.get("fundingRate")
                if due_ms and rate is not None:
                    paid = schedule.announce(told.get("timestamp") or now_ns // 10**6, due_ms, to_rate(str(rate)))
                    if paid is not None:
                        self._deliver(FundingRate(self._symbol, now_ns, paid, price))
            await asyncio.sleep(MARK_INTERVAL_S)

    async def _ask(self, what: str, method: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """An answer of REST; None, and a line in the log, when there is none."""
        try:
            return await method(*arguments)
        except Exception as error:
            # ccxt's parsing fails in its own ways, too.
            log.info("The %s of %s could not be had: %s", what, self._symbol, short_reason(error))
            return None

    async def _lose_book(self, reason: str, pauses: Pauses) -> None:
        self.book.lose()
        self._statuses.down(self._symbol, BOOK, reason)
        await asyncio.sleep(pauses.next_s())

    async def _take_trades(self, trades: Sequence[dict[str, Any]]) -> None:
        """Take what the stream brought; what it shows to be missing comes first."""
        while behind := self.trades.take(trades):
            missing = self.trades.missing_before(behind[0])
            lost = self.trades.lost
            found = {number: trade for trade in behind[1:] if (number := number_of(trade["id"])) in missing}
            await self._ask_missing(missing, found)
            self.trades.close_hole(missing, found.values())
            if self.trades.lost > lost:
                log.warning("%s trades of %s are missing and could not be had.", self.trades.lost - lost, self._symbol)
            trades = [trade for trade in behind if number_of(trade["id"]) not in missing]

    async def _ask_missing(self, missing: range, found: dict[int, dict[str, Any]]) -> None:
        """Add to ``found`` what REST has of these ids, until all are there or clearly not to be had."""
        pauses = Pauses(self._random, first_s=0.2, most_s=5.0)
        since_ms = self.trades.last_ms
        answers = pages = 0
        while len(found) < len(missing) and answers < FILL_ANSWERS and pages < MOST_PAGES:
            page = await self._ask("trades", self._ccxt.fetch_trades, self._unified, since_ms, self._page)
            new = {number: trade for trade in page or () if (number := number_of(trade["id"])) in missing}
            if new.keys() - found.keys():
                found |= new
                since_ms = max(since_ms, *(trade["timestamp"] or 0 for trade in new.values()))
                pages += 1
                continue
            answers += page is not None
            if pauses.attempts >= FILL_ATTEMPTS:
                break
            await asyncio.sleep(pauses.next_s())

    async def _fill_trades(self) -> int:
        """Fetch what came since the last trade; how many were new."""
        pauses = Pauses(self._random, first_s=0.2, most_s=5.0)
        new = pages = 0
        while self.trades.last_ms and pages < MOST_PAGES and pauses.attempts < FILL_ATTEMPTS:
            page = await self._ask("trades", self._ccxt.fetch_trades, self._unified, self.trades.last_ms, self._page)
            if page is None:
                await asyncio.sleep(pauses.next_s())
                continue
            pages += 1
            found = self.trades.fill(page)
            new += found
            if not found:
                break
        return new

    async def _book_is_behind(self) -> bool:
        """A book without changes is quiet, or its stream is dead: REST tells."""
        messages = self.book_counter.messages
        theirs = await self._ask("order book", self._ccxt.fetch_order_book, self._unified)
        if theirs is None:
            return True
        await asyncio.sleep(CATCH_UP_S)
        try:
            return self.book_counter.messages == messages and not self.book.agrees(theirs)
        except NotWhole:
            return True

    async def _trades_are_behind(self) -> bool:
        messages = self.trade_counter.messages
        async with self._mending:
            if not await self._fill_trades():
                return False
        await asyncio.sleep(CATCH_UP_S)
        return self.trade_counter.messages == messages

    def _reopen(self, reason: str) -> None:
        """End the connections that carry this symbol; who waits on them gets the error and connects again."""
        for client in list(self._ccxt.clients.values()):
            if any(self._unified in str(name) for name in (*client.subscriptions, *client.futures)):
                client.on_error(NetworkError(reason))

    def _count(self, counter: StreamCounter, messages: int = 1) -> None:
        counter.messages += messages
        counter.last_s = asyncio.get_running_loop().time()
