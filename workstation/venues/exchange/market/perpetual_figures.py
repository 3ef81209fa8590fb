"""Open interest and past funding of an exchange's perpetuals, asked over REST: no stream brings them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ccxt.base.errors import BaseError

from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import MarketInput, OpenInterest, PerpetualHistory
from workstation.core.money import to_rate
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS
from workstation.venues.exchange.connection.patience import short_reason
from workstation.venues.exchange.market.market_reader import MarketClient

INTERVAL_S = 15.0
"""How often open interest is asked for; Binance counts it anew every few seconds, at a weight of 1."""
PAST_OPEN_INTEREST = (("1h", HOUR_NS), ("5m", 5 * MINUTE_NS))
"""A page of each: Binance gives 500 values, which are 20 days of hours and 41 hours of five minutes."""
PAGE = 500
FUNDING_DAYS = 60
FUNDING_PAGE = 500
AMOUNTS = ("sumOpenInterest", "openInterest", "oiCcy")
"""Where Binance, Bybit and OKX write it, in the base asset."""
MS = 1_000_000

log = logging.getLogger("workstation.venues.exchange")


class PerpetualReader:
    """Asks an open ``client``. What an exchange does not offer, or refuses, is left out: nothing trades on it."""

    def __init__(
        self,
        client: MarketClient,
        instruments: Sequence[Instrument],
        clock: WallClock,
        deliver: Callable[[MarketInput], None],
    ) -> None:
        self._client = client
        self._ccxt = client.ccxt
        self._instruments = [instrument for instrument in instruments if instrument.is_derivative]
        self._clock = clock
        self._deliver = deliver

    async def run(self) -> None:
        """Deliver what is known from before, then open interest until cancelled."""
        await self._load_past()
        if not self._ccxt.has.get("fetchOpenInterest"):
            return
        while True:
            for instrument in self._instruments:
                told = await self._ask(instrument, "open interest", self._ccxt.fetch_open_interest)
                lots = _lots(instrument, told or {})
                if lots:
                    self._deliver(OpenInterest(instrument.symbol, self._clock.now_ns(), lots))
            await asyncio.sleep(INTERVAL_S)

    async def _load_past(self) -> None:
        """Of every perpetual of which anything is known from before now."""
        for instrument in self._instruments:
            open_interest, fundings = await self._past_open_interest(instrument), await self._past_fundings(instrument)
            if open_interest or fundings:
                now_ns = self._clock.now_ns()
                self._deliver(PerpetualHistory(instrument.symbol, now_ns, open_interest, fundings))

    async def _past_open_interest(self, instrument: Instrument) -> tuple[tuple[int, int], ...]:
        found: dict[int, int] = {}
        if self._ccxt.has.get("fetchOpenInterestHistory"):
            now_ns = self._clock.now_ns()
            for timeframe, interval_ns in PAST_OPEN_INTEREST:
                since_ms = (now_ns - PAGE * interval_ns) // MS
                ask = self._ccxt.fetch_open_interest_history
                rows = await self._ask(instrument, "past open interest", ask, timeframe, since_ms, PAGE)
                for row in rows or ():
                    lots, time_ns = _lots(instrument, row), int(row.get("timestamp") or 0) * MS
                    if lots and 0 < time_ns <= now_ns:
                        found[time_ns] = lots
        return tuple(sorted(found.items()))

    async def _past_fundings(self, instrument: Instrument) -> tuple[tuple[int, int], ...]:
        if not self._ccxt.has.get("fetchFundingRateHistory"):
            return ()
        now_ns = self._clock.now_ns()
        since_ms = (now_ns - FUNDING_DAYS * DAY_NS) // MS
        ask = self._ccxt.fetch_funding_rate_history
        rows = await self._ask(instrument, "past funding", ask, since_ms, FUNDING_PAGE)
        found = {
            int(row["timestamp"]) * MS: to_rate(str(row["fundingRate"]))
            for row in rows or ()
            if row.get("timestamp") and row.get("fundingRate") is not None
        }
        return tuple(sorted((time_ns, rate) for time_ns, rate in found.items() if time_ns <= now_ns))

    async def _ask(
        self, instrument: Instrument, what: str, method: Callable[..., Awaitable[Any]], *arguments: Any
    ) -> Any:
        """An answer of REST; None, and a line in the log, when there is none."""
        try:
            return await method(self._client.unified(instrument.symbol), *arguments)
        except BaseError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # Who is stopped in a request may see it break, which is no answer of the exchange.
                raise asyncio.CancelledError from error
            log.info("The %s of %s could not be had: %s", what, instrument.symbol, short_reason(error))
            return None


def _lots(instrument: Instrument, told: dict[str, Any]) -> int:
    """The nearest whole number of lots; an average over time need be none. 0 when it is not told."""
    amount = told.get("openInterestAmount")
    if amount is None:
        # ccxt 4.5 loses an amount that is a Decimal on its way through ``safe_open_interest``.
        raw = told.get("info") or {}
        amount = next((raw[name] for name in AMOUNTS if isinstance(raw, dict) and raw.get(name)), 0)
    try:
        return round(Decimal(str(amount)) / instrument.lot)
    except InvalidOperation:
        return 0
