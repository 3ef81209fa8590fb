"""The exchange's list of symbols, and quotes of those that are only looked at, asked for while they are wanted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol

from workstation.core.timeframe import DAY_NS, MINUTE_NS
from workstation.market.watching import ListedSymbol, Quote
from workstation.venues.exchange.connection.errors import CallFailed, RequestExpired
from workstation.venues.exchange.connection.patience import short_reason
from workstation.venues.exchange.instruments import instrument_from_market

log = logging.getLogger("workstation.venues.exchange")

INTERVAL_S = 5.0
"""Between two questions for quotes."""
MOST_SINGLE = 20
"""So many symbols are cheaper one by one where a question for several is answered with all: on Binance a single one
weighs 1 or 2 of a minute's limit, all of them 40 to 80."""
SPARK_NS = 15 * MINUTE_NS
SPARK_BARS = DAY_NS // SPARK_NS
SLICE = 50
ASK_ALL = ("binance",)
"""Families of exchanges that answer with all symbols, whichever are asked for."""


class WatchedClient(Protocol):
    """An open ``ExchangeClient``, as far as watching needs it."""

    @property
    def ccxt(self) -> Any: ...
    @property
    def listed(self) -> Mapping[str, str]:
        """ccxt's name of each symbol."""

    async def ask(self, method: Callable[..., Awaitable[Any]], *arguments: Any) -> Any: ...


class ExchangeWatching:
    """Public data only, at the lowest priority: within the limits, after orders and cancels, its weight counted.

    ``now_ns`` is UTC. ``run`` asks until it is cancelled; no failure of the exchange ends it.
    """

    def __init__(self, client: WatchedClient, now_ns: Callable[[], int], interval_s: float = INTERVAL_S) -> None:
        self._client = client
        self._now_ns = now_ns
        self._interval_s = interval_s
        self.listing: tuple[ListedSymbol, ...] = ()
        """Of the markets that were loaded when the connection opened; filled soon after ``run`` begins."""
        self._watched: tuple[str, ...] = ()
        self._wanted = asyncio.Event()
        self._quotes: dict[str, Quote] = {}
        self._closes: dict[str, tuple[int, tuple[float, ...]]] = {}
        self.problem = ""

    def watch(self, symbols: Collection[str]) -> None:
        watched = tuple(sorted(symbol for symbol in symbols if symbol in self._client.listed))
        if watched == self._watched:
            return
        self._watched = watched
        self._quotes = {symbol: quote for symbol, quote in self._quotes.items() if symbol in watched}
        self.problem = ""
        self._wanted.set()

    def quotes(self) -> Mapping[str, Quote]:
        return self._quotes

    async def run(self) -> None:
        """Ask at once when the wish changes, and at each interval while there is one."""
        await self._guarded(self._learn)
        while True:
            self._wanted.clear()
            if self._watched:
                self.problem = await self._guarded(self._ask)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s if self._watched else None):
                    await self._wanted.wait()

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> str:
        """What failed, in a sentence. Whatever it is, trading goes on: nothing depends on what is only looked at."""
        try:
            await work()
        except CallFailed as error:
            return f"Quotes of watched symbols do not come: {short_reason(error)}."
        except RequestExpired as error:
            return f"Quotes of watched symbols do not come: {error}."
        except Exception as error:
            sentence = f"Quotes of watched symbols cannot be read ({type(error).__name__}); the log tells more."
            if sentence != self.problem:
                log.exception("Symbols that are only watched could not be read.")
            return sentence
        return ""

    async def _learn(self) -> None:
        """Thousands of symbols at once would hold the loop up."""
        names = sorted(self._client.listed)
        for place in range(0, len(names), SLICE):
            self.listing += tuple(self._listed(symbol) for symbol in names[place : place + SLICE])
            await asyncio.sleep(0)

    async def _ask(self) -> None:
        watched, ccxt = self._watched, self._client.ccxt
        names = {self._client.listed[symbol]: symbol for symbol in watched}
        singly = ccxt.id.startswith(ASK_ALL) and len(watched) <= MOST_SINGLE
        if singly or not ccxt.has.get("fetchTickers"):
            for name, symbol in names.items():
                self._take(symbol, await self._client.ask(ccxt.fetch_ticker, name))
        else:
            told = await self._client.ask(ccxt.fetch_tickers, list(names))
            for name, symbol in names.items():
                if name in told:
                    self._take(symbol, told[name])
        await self._ask_closes(names)

    def _take(self, symbol: str, ticker: Mapping[str, Any]) -> None:
        last = ticker.get("last")
        if last is None:
            return
        change = ticker.get("percentage")
        closes = self._closes.get(symbol, (0, ()))[1]
        self._quotes[symbol] = Quote(self._now_ns(), last, None if change is None else float(change), closes)

    async def _ask_closes(self, names: Mapping[str, str]) -> None:
        """The last day in quarters of an hour, each symbol's once a quarter."""
        ccxt = self._client.ccxt
        if not ccxt.has.get("fetchOHLCV"):
            return
        for name, symbol in names.items():
            now_ns = self._now_ns()
            if now_ns // SPARK_NS == self._closes.get(symbol, (0, ()))[0] // SPARK_NS:
                continue
            rows = await self._client.ask(ccxt.fetch_ohlcv, name, "15m", None, SPARK_BARS)
            closes = tuple(float(row[4]) for row in rows if row[4] is not None)
            self._closes[symbol] = (now_ns, closes)
            quote = self._quotes.get(symbol)
            if quote is not None:
                self._quotes[symbol] = Quote(quote.ts_ns, quote.last, quote.change_percent, closes)

    def _listed(self, symbol: str) -> ListedSymbol:
        market = self._client.ccxt.market(self._client.listed[symbol])
        made = instrument_from_market(symbol, market)
        return ListedSymbol(symbol, made.base, made.quote, made.kind, made.tick)
