"""The account's stream of any exchange, as ccxt.pro reads it: orders and trades in two loops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ccxt.base import errors

from workstation.core.messages import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    VenueReport,
)
from workstation.core.types import OrderState
from workstation.venues.exchange.account.unified_dialect import UnifiedDialect
from workstation.venues.exchange.account.user_stream import StreamLost, UserStream
from workstation.venues.exchange.connection.client import ExchangeClient


class UnifiedUserStream(UserStream):
    """Gives reports in the order in which ccxt tells of them.

    What ccxt drops in a burst, and what comes before its subscription stands, of which it does not tell, the next
    reconciliation finds.
    """

    def __init__(
        self,
        client: ExchangeClient,
        dialect: UnifiedDialect,
        now_ns: Callable[[], int],
        on_reports: Callable[[list[VenueReport]], None],
        on_connected: Callable[[], None],
    ) -> None:
        super().__init__(client, on_connected)
        self._dialect = dialect
        self._now_ns = now_ns
        self._on_reports = on_reports

    async def _connect(self) -> None:
        exchange = self._client.ccxt
        loops = [self._watch(exchange.watch_orders, self._order_reports)]
        if exchange.has.get("watchMyTrades"):
            loops.append(self._watch(exchange.watch_my_trades, self._fill_reports))
        tasks = [asyncio.ensure_future(loop) for loop in loops]
        self._stands()
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _watch(
        self, watch: Callable[[], Awaitable[list[dict[str, Any]]]], read: Callable[[dict[str, Any]], list[VenueReport]]
    ) -> None:
        while True:
            try:
                rows = await watch()
            except errors.BaseError as error:
                raise StreamLost(str(error)) from None
            for row in rows:
                self._on_reports(read(row))

    def _fill_reports(self, trade: dict[str, Any]) -> list[VenueReport]:
        return [self._dialect.fill_of(trade)]

    def _order_reports(self, row: dict[str, Any]) -> list[VenueReport]:
        facts = self._dialect.facts_of(row)
        now_ns, client_id = self._now_ns(), facts.client_id
        reports: list[VenueReport] = []
        if facts.state is not OrderState.REJECTED:
            reports.append(OrderAccepted(ts_ns=now_ns, client_id=client_id, venue_id=facts.venue_id))
        if facts.state is OrderState.CANCELLED:
            reports.append(OrderCancelled(ts_ns=now_ns, client_id=client_id, reason="cancelled at the exchange"))
        elif facts.state is OrderState.EXPIRED:
            reports.append(OrderExpired(ts_ns=now_ns, client_id=client_id, reason="ended by the exchange"))
        elif facts.state is OrderState.REJECTED:
            reason = "refused by the exchange"
            reports.append(OrderRejected(ts_ns=now_ns, client_id=client_id, code="REJECTED", reason=reason))
        return reports
