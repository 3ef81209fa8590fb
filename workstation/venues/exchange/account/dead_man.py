"""The timer at the exchange that cancels our orders when this program no longer lives to refresh it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from workstation.config.settings import Exchange
from workstation.core.timeframe import SECOND_NS
from workstation.venues.exchange.codes import family_of
from workstation.venues.exchange.connection.call import Priority
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, RequestExpired

log = logging.getLogger(__name__)

_BY_SYMBOL = {("binance", "linear")}
_FOR_THE_ACCOUNT = {("okx", "spot"), ("okx", "linear")}
_STRIPS_STOPS = {
    "kraken": "kraken's timer cancels every order of the account, protective stops too",
    "hyperliquid": "hyperliquid's timer cancels every order of the account, protective stops too",
}


class DeadManState(msgspec.Struct, frozen=True):
    """How it stands, for screens. ``until_ns``: when the exchange cancels if nothing happens, UTC ns; 0 is never."""

    on: bool
    text: str
    until_ns: int


def reason_against(exchange: Exchange) -> str:
    """Why there is no such timer, as the end of a sentence; empty when there is one.

    Binance's timer cancels orders of the order book alone: conditional orders, among them protective stops, are kept by
    its Algo service. Where stops would go with the rest, the timer stays off.
    """
    family = family_of(exchange.name)
    if exchange.dead_man_s == 0:
        return "exchange.dead_man_s is 0"
    if exchange.name in _STRIPS_STOPS:
        return _STRIPS_STOPS[exchange.name]
    if (family, exchange.market) not in _BY_SYMBOL | _FOR_THE_ACCOUNT:
        return f"{exchange.name} has none for its {exchange.market} market"
    return ""


class DeadManTimer:
    """Refreshed while ``healthy`` says so, for the symbols that ``symbols`` gives then; see ``run``."""

    def __init__(
        self, client: ExchangeClient, symbols: Callable[[], Sequence[str]], healthy: Callable[[], bool]
    ) -> None:
        self._client = client
        self._symbols = symbols
        self._healthy = healthy
        self._settings = client.settings
        self._armed: set[str] = set()
        self._until_ns = 0
        self._problem = ""
        self._against = reason_against(client.settings)

    @property
    def state(self) -> DeadManState:
        if self._against:
            return DeadManState(False, f"The dead-man timer is off: {self._against}.", 0)
        if self._problem:
            return DeadManState(False, f"The dead-man timer could not be refreshed: {self._problem}", self._until_ns)
        if not self._until_ns:
            return DeadManState(False, "The dead-man timer is not set yet.", 0)
        seconds = self._settings.dead_man_s
        return DeadManState(True, f"The exchange cancels our orders {seconds} s after our last sign.", self._until_ns)

    async def run(self) -> None:
        """Refresh for ever, or return at once where the timer is off. Ends when cancelled, and leaves the timer set."""
        if self._against:
            return
        while True:
            await self.refresh()
            await asyncio.sleep(float(self._settings.dead_man_refresh_s))

    async def refresh(self) -> None:
        """Set the timer anew if the engine is healthy; otherwise let it run out, where it is still wanted."""
        healthy = self._healthy()
        timeout_ms = int(self._settings.dead_man_s * 1_000)
        asked_ns = self._client.clock.now_ns()
        try:
            if healthy:
                await self._set(timeout_ms)
            else:
                await self._release(self._armed - set(self._symbols()))
        except (CallFailed, RequestExpired) as error:
            self._problem = f"{error}."
            log.info("The dead-man timer at %s could not be refreshed: %s", self._client.name, error)
            return
        if not healthy:
            self._problem = "the engine is not healthy, so that it is left to run out."
            return
        self._problem = ""
        self._until_ns = asked_ns + timeout_ms * SECOND_NS // 1_000

    async def disarm(self) -> None:
        """Switch the timer off, for an orderly end that leaves orders in place. Raises ``CallFailed``."""
        if not self._against:
            await self._set(0)
            self._until_ns = 0

    async def _set(self, timeout_ms: int) -> None:
        exchange = self._client.ccxt
        if (family_of(self._client.name), self._settings.market) not in _BY_SYMBOL:
            await self._client.ask(exchange.cancel_all_orders_after, timeout_ms, priority=Priority.CANCEL)
            return
        wanted = set(self._symbols()) if timeout_ms else set()
        await self._release(self._armed - wanted)
        for symbol in sorted(wanted):
            self._armed.add(symbol)
            await self._count_down(symbol, timeout_ms)

    async def _release(self, symbols: set[str]) -> None:
        """Somebody else's orders rest there now, or none of ours: the exchange must not cancel them."""
        for symbol in sorted(symbols):
            await self._count_down(symbol, 0)
            self._armed.discard(symbol)

    async def _count_down(self, symbol: str, timeout_ms: int) -> None:
        parameters = {"symbol": symbol, "countdownTime": timeout_ms}
        await self._client.ask(
            self._client.ccxt.fapiPrivatePostCountdownCancelAll, parameters, priority=Priority.CANCEL
        )
