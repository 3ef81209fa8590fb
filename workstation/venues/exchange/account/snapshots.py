"""The account as the exchange has it, asked part by part: a part that fails is no news."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from workstation.core.messages import AccountSnapshot, FundingPaid, OrderFilled, PositionLiquidated
from workstation.core.orders import SnapshotRequest
from workstation.core.timeframe import DAY_NS
from workstation.venues.exchange.account.facts import Dialect, Execution
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, LaggingAnswer, RequestExpired
from workstation.venues.exchange.instruments import Instruments

log = logging.getLogger(__name__)
T = TypeVar("T")

FILLS_WITHOUT_A_KNOWN_ONE_NS = DAY_NS
FUNDING_AT_FIRST_NS = 7 * DAY_NS


class Snapshots:
    """Of fills without a known one before them those of the last day are asked for; of funding, at first, a week's."""

    def __init__(
        self, client: ExchangeClient, dialect: Dialect, instruments: Instruments, now_ns: Callable[[], int]
    ) -> None:
        self._client = client
        self._dialect = dialect
        self._instruments = instruments
        self._now_ns = now_ns
        self._last_funding_ns = 0

    async def take(self, request: SnapshotRequest) -> AccountSnapshot:
        """Orders, positions, balances, then fills, so that what happened in between is among the fills."""
        dialect = self._dialect
        orders = await self._part("open orders", dialect.open_orders()) if request.orders else None
        positions = await self._part("positions", dialect.positions()) if request.positions else None
        balances = await self._part("balances", dialect.balances()) if request.positions else None
        symbols = set(self._instruments.configured) | {symbol for symbol, _, _ in request.known_fills}
        symbols |= {order.symbol for order in orders or ()} | {held.symbol for held in positions or ()}
        symbols |= self._symbols_of_balances(balances or {})
        listed = sorted(symbol for symbol in symbols if self._client.lists(symbol))
        executions = await self._part("fills", self._executions(listed, request))
        funding = await self._part("funding", self._funding(request)) if request.positions else None
        return AccountSnapshot(
            ts_ns=self._now_ns(),
            asked_ns=request.asked_ns,
            orders=None if orders is None else tuple(order.resting() for order in orders),
            positions=None if positions is None else tuple(positions),
            balances=balances,
            fills=None if executions is None else tuple(e for e in executions if isinstance(e, OrderFilled)),
            funding=tuple(funding or ()),
            liquidations=tuple(e for e in executions or () if isinstance(e, PositionLiquidated)),
        )

    async def _part(self, what: str, question: Awaitable[T]) -> T | None:
        try:
            return await question
        except (CallFailed, RequestExpired, LaggingAnswer) as error:
            log.info("%s could not be asked for its %s: %s", self._client.name, what, error)
        except Exception as error:  # what cannot be read proves nothing, and must not end the reconciliation
            text = self._client.ccxt.scrub(f"{type(error).__name__}: {error}")
            log.error("What %s told of its %s cannot be read: %s", self._client.name, what, text)
        return None

    def _symbols_of_balances(self, balances: dict[str, int]) -> set[str]:
        """Spot: what is owned may have been traded in a symbol that is not configured."""
        if self._client.settings.market != "spot":
            return set()
        quotes = {instrument.quote for instrument in self._instruments.configured.values()}
        return {asset + quote for asset in balances for quote in quotes}

    async def _executions(self, symbols: list[str], request: SnapshotRequest) -> list[Execution]:
        known = {symbol: (fill_id, time_ns) for symbol, fill_id, time_ns in request.known_fills}
        executions: list[Execution] = []
        for symbol in symbols:
            fill_id, time_ns = known.get(symbol, ("", request.asked_ns - FILLS_WITHOUT_A_KNOWN_ONE_NS))
            executions += await self._dialect.fills_after(symbol, fill_id, time_ns)
        return sorted(executions, key=lambda fill: (fill.ts_ns, fill.fill_id))

    async def _funding(self, request: SnapshotRequest) -> list[FundingPaid]:
        since_ns = self._last_funding_ns or request.asked_ns - FUNDING_AT_FIRST_NS
        payments = await self._dialect.funding_since(since_ns)
        if payments:
            self._last_funding_ns = max(paid.ts_ns for paid in payments)
        return payments
