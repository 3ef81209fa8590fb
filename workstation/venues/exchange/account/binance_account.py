"""The account at Binance: whose an order is, what is held and owned, executions and funding, in Binance's own words."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from workstation.core.messages import FundingPaid, HeldPosition
from workstation.core.money import to_money
from workstation.core.timeframe import MINUTE_NS
from workstation.venues.exchange.account import binance_parsing as parsing
from workstation.venues.exchange.account.facts import Execution
from workstation.venues.exchange.account.known_orders import KnownOrder, KnownOrders
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed
from workstation.venues.exchange.instruments import Instruments

PAGE = 1_000
RECENT_NS = 10 * MINUTE_NS
OVERLAP_NS = 5 * MINUTE_NS
NO_SUCH_ORDER = ("-2011", "-2013")


class BinanceAccount:
    """``now_ns`` stamps reports, UTC ns. Conditional orders of perpetuals are kept by a service of their own (Algo)."""

    def __init__(
        self,
        client: ExchangeClient,
        instruments: Instruments,
        orders: KnownOrders,
        now_ns: Callable[[], int],
    ) -> None:
        self._client = client
        self._instruments = instruments
        self._orders = orders
        self._now_ns = now_ns
        self._spot = client.settings.market == "spot"

    async def _ask(self, spot: str, linear: str, parameters: dict[str, Any], **terms: Any) -> Any:
        """Ask ccxt's method of the market at hand."""
        return await self._client.ask(getattr(self._client.ccxt, spot if self._spot else linear), parameters, **terms)

    async def _found(self, spot: str, linear: str, name: dict[str, Any]) -> dict[str, Any] | None:
        try:
            row: dict[str, Any] = await self._ask(spot, linear, name)
        except CallFailed as failed:
            if failed.code in NO_SUCH_ORDER and failed.call.status < 500:
                return None
            raise
        return row

    # --- whose is it? -------------------------------------------------------------------------------------------------

    async def client_id_of(self, symbol: str, venue_id: str, told: str = "") -> str:
        """The engine's id of an order; a conditional order that triggered keeps the one that it was placed with."""
        known = self._orders.by_venue_id(symbol, venue_id)
        if known is not None:
            return known.client_id
        if not told:
            row = await self._found("privateGetOrder", "fapiPrivateGetOrder", {"symbol": symbol, "orderId": venue_id})
            told = row["clientOrderId"] if row is not None else f"order-{venue_id}"
        if self._orders.get(told) is None:
            for order in self._orders.untriggered(symbol):
                await self._learn_what_it_became(order)
                if order.actual_id == venue_id:
                    return order.client_id
        known = self._orders.add(KnownOrder(told, symbol, venue_id=venue_id))
        if known.conditional and not known.actual_id:
            self._orders.became(known, venue_id)
        return told

    async def _learn_what_it_became(self, order: KnownOrder) -> None:
        row = await self._found("", "fapiPrivateGetAlgoOrder", algo_name(order))
        if row is not None:
            self._note_actual(order, row)

    def _note_actual(self, order: KnownOrder, row: dict[str, Any]) -> None:
        if not order.venue_id:
            self._orders.name(order, f"{parsing.ALGO}{row['algoId']}")
        actual_id = str(row.get("actualOrderId") or "")
        if actual_id not in ("", "0"):
            self._orders.became(order, actual_id)

    # --- the account --------------------------------------------------------------------------------------------------

    async def positions(self) -> list[HeldPosition]:
        if self._spot:
            return []
        held = []
        for row in await self._ask("", "fapiPrivateV3GetPositionRisk", {}):
            symbol = row["symbol"]
            if not self._client.lists(symbol):
                continue
            instrument = self._instruments.of(symbol)
            lots = instrument.lots(row["positionAmt"])
            if lots:
                cost = to_money(Decimal(row["entryPrice"]) * Decimal(row["positionAmt"]))
                liquidation = instrument.ticks_rounded(Decimal(row.get("liquidationPrice") or "0"))
                quantity = f"{instrument.quantity(lots)}"
                held.append(HeldPosition(symbol, lots, cost, liquidation, quantity=quantity))
        return held

    async def balances(self) -> dict[str, int]:
        if self._spot:
            account = await self._ask("privateGetAccount", "", {"omitZeroBalances": "true"})
            owned = {row["asset"]: to_money(row["free"]) + to_money(row["locked"]) for row in account["balances"]}
        else:
            account = await self._ask("", "fapiPrivateV3GetAccount", {})
            owned = {row["asset"]: to_money(row["walletBalance"]) for row in account["assets"]}
        return {asset: amount for asset, amount in owned.items() if amount}

    async def fills_after(self, symbol: str, fill_id: str, since_ns: int) -> list[Execution]:
        """Also those shortly before a recent known one: a message that was lost may be of an earlier execution."""
        parameters: dict[str, Any] = {"symbol": symbol, "limit": PAGE}
        trade_id = fill_id.rpartition(":")[2]
        if trade_id.isdigit() and since_ns < self._now_ns() - RECENT_NS:
            parameters["fromId"] = int(trade_id) + 1
        else:
            overlap_ns = OVERLAP_NS if trade_id.isdigit() else 0
            parameters["startTime"] = (since_ns - overlap_ns) // parsing.MILLISECOND_NS
        instrument = self._instruments.of(symbol)
        fills: list[Execution] = []
        while True:
            rows = await self._ask("privateGetMyTrades", "fapiPrivateGetUserTrades", parameters)
            for row in sorted(rows, key=lambda row: int(row["id"])):
                client_id = await self.client_id_of(symbol, str(row["orderId"]))
                fills.append(parsing.execution(row, client_id, instrument))
            if len(rows) < PAGE:
                return fills
            parameters.pop("startTime", None)
            parameters["fromId"] = max(int(row["id"]) for row in rows) + 1

    async def funding_since(self, since_ns: int) -> list[FundingPaid]:
        if self._spot:
            return []
        start_ms = since_ns // parsing.MILLISECOND_NS
        payments: dict[str, FundingPaid] = {}
        while True:
            parameters = {"incomeType": "FUNDING_FEE", "startTime": start_ms, "limit": PAGE}
            rows = await self._ask("", "fapiPrivateGetIncome", parameters)
            for row in rows:
                paid = parsing.funding(row)
                payments[paid.funding_id] = paid
            if len(rows) < PAGE:
                return sorted(payments.values(), key=lambda paid: (paid.ts_ns, paid.funding_id))
            # Several payments share a millisecond: it is asked for again, unless it fills a page.
            last_ms = max(int(row["time"]) for row in rows)
            start_ms = last_ms if last_ms > start_ms else start_ms + 1


def algo_name(order: KnownOrder) -> dict[str, Any]:
    """How the Algo service is told which order."""
    if order.venue_id:
        return {"algoId": order.venue_id.removeprefix(parsing.ALGO)}
    return {"clientAlgoId": order.client_id}
