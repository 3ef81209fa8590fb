"""Closed candles of an exchange over REST: page by page, exact, with gaps asked for once more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any, Protocol

import numpy as np
from ccxt.base.errors import BadSymbol, BaseError, NetworkError

from workstation.core.errors import DataError
from workstation.core.money import to_money
from workstation.core.timeframe import TIMEFRAME_NAMES, bar_open_ns, utc_text
from workstation.market.history import Candles, interval_name
from workstation.venues.exchange.connection.call import Call, calling
from workstation.venues.exchange.connection.patience import Pauses, short_reason

MS = 1_000_000
"""Nanoseconds of a millisecond."""
PAGE = 1000
"""Candles of one request, where the exchange does not tell its own limit."""
ATTEMPTS = 7
"""How often one page is asked for, about a minute in all."""
FAULT_OF_THE_SERVER = 500
"""From this HTTP status on: in maintenance, for one, it answers later."""

Page = dict[int, tuple[int, int, int, int, int]]
"""Open, high, low, close and volume, 1e-8, by opening time."""


class CandleSource(Protocol):
    """The ccxt exchange object with its markets loaded, and its name for a symbol."""

    @property
    def ccxt(self) -> Any: ...

    def unified(self, symbol: str) -> str: ...


async def fetch_candles(
    client: CandleSource,
    symbol: str,
    interval_ns: int,
    start_ns: int,
    end_ns: int,
    progress: Callable[[int, int], None] | None = None,
    pauses: Pauses | None = None,
) -> AsyncIterator[Candles]:
    """Yield pages of closed candles that open at or after ``start_ns`` and close by ``end_ns``, oldest first.

    Pages follow each other without overlap, so who keeps each page goes on after an interruption from the last one's
    ``end_ns``. A page with gaps is asked for once more from its first gap; what is still missing then is missing at the
    exchange, and ``Candles.gaps`` tells it. ``progress`` is told candles passed and candles in all. ``pauses`` are
    those between attempts; the client keeps the rate limit. Raises ``DataError`` when the exchange has no such symbol
    or timeframe, does not answer, or answers with what is no candle.
    """
    pages = _Pages(client, symbol, interval_ns, pauses or Pauses(Random()))
    end_ns = min(end_ns, await pages.now_ns())
    first_ns = cursor_ns = bar_open_ns(start_ns + interval_ns - 1, interval_ns)
    total = max(0, (end_ns - first_ns) // interval_ns)
    while cursor_ns + interval_ns <= end_ns:
        page = await pages.get(cursor_ns, end_ns)
        missing_ns = _first_gap(page, cursor_ns, interval_ns)
        if missing_ns is not None:
            page = await pages.get(missing_ns, end_ns) | page
        within = {open_ns: row for open_ns, row in page.items() if open_ns + interval_ns <= end_ns}
        if within:
            candles = pages.candles(within)
            cursor_ns = candles.end_ns
            yield candles
        elif page:
            # The next candle there is opens after the end: there is none before it.
            cursor_ns = end_ns
        else:
            # Some exchanges answer with nothing where nothing was traded for the length of a page.
            cursor_ns += pages.limit * interval_ns
        if progress is not None:
            progress(min(total, (cursor_ns - first_ns) // interval_ns), total)


def _may_pass(error: BaseError, asked: Call) -> bool:
    """Whether asking again may help: no answer came, or one that tells of a fault of the server."""
    unanswered = asked.sent and not asked.status
    return isinstance(error, NetworkError) or unanswered or asked.status >= FAULT_OF_THE_SERVER


def _first_gap(page: Page, cursor_ns: int, interval_ns: int) -> int | None:
    if not page:
        return None
    opens = range(cursor_ns, max(page), interval_ns)
    return next((open_ns for open_ns in opens if open_ns not in page), None)


class _Pages:
    """One symbol's candles of one interval at one exchange."""

    def __init__(self, client: CandleSource, symbol: str, interval_ns: int, pauses: Pauses) -> None:
        self._ccxt = client.ccxt
        self._symbol = symbol
        self._interval_ns = interval_ns
        self._pauses = pauses
        self._timeframe = TIMEFRAME_NAMES.get(interval_ns, "")
        if self._timeframe not in (self._ccxt.timeframes or {}):
            known = ", ".join(name for name in TIMEFRAME_NAMES.values() if name in (self._ccxt.timeframes or {}))
            raise DataError(
                f"{self._ccxt.id} has no {interval_name(interval_ns)} candles; it has {known or 'none'}; "
                "choose one of these timeframes."
            )
        self._market = client.unified(symbol)
        if self._market not in self._ccxt.markets:
            raise self._not_listed()
        self.limit = int(self._ccxt.feature_value(self._market, "fetchOHLCV", "limit", PAGE) or PAGE)

    async def now_ns(self) -> int:
        """The exchange's own time: a candle is closed by its clock, not by ours."""
        if not self._ccxt.has.get("fetchTime"):
            return int(self._ccxt.milliseconds()) * MS
        return int(await self._ask(self._ccxt.fetch_time, "the time")) * MS

    async def get(self, since_ns: int, end_ns: int) -> Page:
        """At most a page of candles that open at or after ``since_ns``, and no more than fit in before ``end_ns``."""
        limit = min(self.limit, (end_ns - since_ns) // self._interval_ns)
        rows = await self._ask(
            lambda: self._ccxt.fetch_ohlcv(self._market, self._timeframe, since_ns // MS, limit),
            f"the {self._timeframe} candles of {self._symbol} from {utc_text(since_ns)}",
        )
        page = dict(self._parsed(row) for row in rows)
        return {open_ns: values for open_ns, values in page.items() if open_ns >= since_ns}

    def candles(self, page: Page) -> Candles:
        opens = sorted(page)
        columns = np.array([page[open_ns] for open_ns in opens], dtype=np.int64).T
        return Candles(self._symbol, self._interval_ns, np.array(opens, dtype=np.int64), *columns)

    async def _ask(self, call: Callable[[], Any], what: str) -> Any:
        """Ask until there is an answer, with growing pauses, a limited number of times."""
        self._pauses.reset()
        while True:
            asked = Call()
            try:
                with calling(asked):
                    return await call()
            except BadSymbol as error:
                raise self._not_listed() from error
            except BaseError as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    # Who is stopped in a request may see it break, which is neither a refusal nor to be tried again.
                    raise asyncio.CancelledError from error
                if not _may_pass(error, asked):
                    raise DataError(f"{self._ccxt.id} refused {what}: {short_reason(error)}.") from error
                pause_s = self._pauses.next_s()
                if self._pauses.attempts >= ATTEMPTS:
                    raise DataError(
                        f"{self._ccxt.id} did not give {what}: {short_reason(error)}. Check the network and start "
                        "again; it goes on from there."
                    ) from error
                await asyncio.sleep(pause_s)

    def _not_listed(self) -> DataError:
        return DataError(f"{self._ccxt.id} does not list {self._symbol}; check the symbol.")

    def _parsed(self, row: Sequence[Any]) -> tuple[int, tuple[int, int, int, int, int]]:
        try:
            open_ns = int(row[0]) * MS
            # Text keeps the digits as they came, also of an exchange that writes numbers instead of text.
            open_, high, low, close, volume = (to_money(Decimal(str(value))) for value in row[1:6])
        except (TypeError, ValueError, InvalidOperation) as error:
            raise DataError(
                f"{self._ccxt.id} gave a {self._timeframe} candle of {self._symbol} that is none: {list(row)}."
            ) from error
        moment = f"{self._ccxt.id}'s {self._timeframe} candle of {self._symbol} at {utc_text(open_ns)}"
        if bar_open_ns(open_ns, self._interval_ns) != open_ns:
            raise DataError(f"{moment} does not start a {self._timeframe} in UTC; choose another timeframe.")
        if not (0 < low <= min(open_, close) and max(open_, close) <= high and volume >= 0):
            raise DataError(f"{moment} contradicts itself: {list(row)}.")
        if max(high, volume) >= 2**63:
            raise DataError(f"{moment} is too large; at most 92,000,000,000 can be kept.")
        return open_ns, (open_, high, low, close, volume)
