"""Orders and account at Binance, spot and USD-M perpetuals, in its own words: ccxt signs, sends and limits."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from workstation.core.messages import (
    FundingPaid,
    HeldPosition,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    VenueReport,
)
from workstation.core.money import to_money
from workstation.core.orders import AmendRequest, Approved
from workstation.core.types import OrderState, Side
from workstation.venues.exchange import binance_parsing as parsing
from workstation.venues.exchange.call import Priority
from workstation.venues.exchange.client import ExchangeClient
from workstation.venues.exchange.errors import CallFailed, LaggingAnswer
from workstation.venues.exchange.facts import Execution, OrderFacts
from workstation.venues.exchange.instruments import Instruments
from workstation.venues.exchange.known_orders import KnownOrder, KnownOrders
from workstation.venues.exchange.order_terms import binance_linear_order, binance_spot_order

PAGE = 1_000
NO_SUCH_ORDER = ("-2011", "-2013")
SELF_TRADE = "EXPIRE_MAKER"
"""Both sides of a trade with ourselves would carry one id: it must not come to it."""


class BinanceDialect:
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

    # --- orders -------------------------------------------------------------------------------------------------------

    async def place(self, approved: Approved, order: KnownOrder) -> list[VenueReport]:
        intent, client_id = approved.venue_intent, approved.client_id
        instrument = self._instruments.of(intent.symbol)
        if self._spot:
            parameters = binance_spot_order(intent, client_id, instrument)
        else:
            parameters = binance_linear_order(intent, client_id, instrument)
        market = self._client.ccxt.market(self._client.unified(intent.symbol))
        if SELF_TRADE in market["info"].get("allowedSelfTradePreventionModes", ()):
            parameters["selfTradePreventionMode"] = SELF_TRADE
        conditional = order.conditional
        answer = await self._ask(
            "privatePostOrder",
            "fapiPrivatePostAlgoOrder" if conditional else "fapiPrivatePostOrder",
            parameters,
            priority=Priority.ORDER,
            expires_ns=approved.expires_ns,
        )
        if conditional:
            self._orders.name(order, f"{parsing.ALGO}{answer['algoId']}")
            return [self._accepted(order)]
        self._orders.name(order, str(answer["orderId"]))
        reports: list[VenueReport] = [self._accepted(order)]
        for row in answer.get("fills", ()):
            # What fills in the answer to its own request took liquidity.
            reports.append(
                parsing.execution_report(
                    ts_ns=self._now_ns(),
                    client_id=client_id,
                    trade_id=row["tradeId"],
                    side=intent.side,
                    price=row["price"],
                    quantity=row["qty"],
                    fee=row["commission"],
                    fee_asset=row["commissionAsset"],
                    maker=False,
                    instrument=instrument,
                )
            )
        if parsing.STATES.get(answer.get("status", "")) is OrderState.EXPIRED:
            reports.append(OrderExpired(ts_ns=self._now_ns(), client_id=client_id, reason="ended by the exchange"))
        return reports

    def _accepted(self, order: KnownOrder) -> OrderAccepted:
        return OrderAccepted(ts_ns=self._now_ns(), client_id=order.client_id, venue_id=order.venue_id)

    async def cancel(self, order: KnownOrder) -> list[VenueReport]:
        try:
            await self._cancel_in_its_service(order)
        except CallFailed as failed:
            if failed.code not in NO_SUCH_ORDER or not order.conditional:
                raise
            # It triggered: what rests now is the order that it became.
            await self._learn_what_it_became(order)
            if not order.actual_id:
                raise
            await self._cancel_in_its_service(order)
        return [OrderCancelled(ts_ns=self._now_ns(), client_id=order.client_id, reason="cancelled")]

    async def _cancel_in_its_service(self, order: KnownOrder) -> None:
        if order.conditional and not order.actual_id:
            await self._ask("", "fapiPrivateDeleteAlgoOrder", _algo_name(order), priority=Priority.CANCEL)
        else:
            name = _order_name(order)
            await self._ask("privateDeleteOrder", "fapiPrivateDeleteOrder", name, priority=Priority.CANCEL)

    async def amend(self, order: KnownOrder, request: AmendRequest) -> list[VenueReport]:
        instrument = self._instruments.of(order.symbol)
        parameters = {
            **_order_name(order),
            "side": "BUY" if order.side is Side.BUY else "SELL",
            "quantity": f"{instrument.quantity(request.lots):f}",
            "price": f"{instrument.price(request.price):f}",
        }
        expires_ns = request.expires_ns
        answer = await self._ask("", "fapiPrivatePutOrder", parameters, priority=Priority.ORDER, expires_ns=expires_ns)
        facts = parsing.order_facts(answer, order.client_id, instrument)
        if facts.state.is_terminal and facts.state is not OrderState.FILLED:
            # A size at or below what has filled ends the order.
            return [OrderCancelled(ts_ns=self._now_ns(), client_id=order.client_id, reason="ended by its change")]
        return [
            OrderAmended(
                ts_ns=self._now_ns(),
                client_id=order.client_id,
                price=facts.price,
                stop_price=request.stop_price,
                lots=facts.lots,
                amendment=request.amendment,
            )
        ]

    async def find(self, order: KnownOrder) -> tuple[OrderFacts, tuple[OrderFilled, ...]] | None:
        instrument = self._instruments.of(order.symbol)
        if order.conditional and not order.actual_id:
            row = await self._found("", "fapiPrivateGetAlgoOrder", _algo_name(order))
            if row is None:
                return None
            self._note_actual(order, row)
            if not order.actual_id:
                facts = parsing.algo_facts(row, order.client_id, instrument)
                if facts.state is OrderState.UNKNOWN:
                    raise LaggingAnswer(order.client_id)
                return facts, ()
        row = await self._found("privateGetOrder", "fapiPrivateGetOrder", _order_name(order))
        if row is None:
            return None
        facts = parsing.order_facts(row, order.client_id, instrument)
        if not order.conditional:
            self._orders.name(order, facts.venue_id)
        if facts.filled_lots == 0 and not facts.state.is_terminal:
            return facts, ()
        fills = await self._fills_of(order, str(row["orderId"]))
        if sum(fill.lots for fill in fills) < facts.filled_lots:
            raise LaggingAnswer(order.client_id)
        return facts, tuple(fills)

    async def _found(self, spot: str, linear: str, name: dict[str, Any]) -> dict[str, Any] | None:
        try:
            row: dict[str, Any] = await self._ask(spot, linear, name)
        except CallFailed as failed:
            if failed.code in NO_SUCH_ORDER and failed.call.status < 500:
                return None
            raise
        return row

    async def _fills_of(self, order: KnownOrder, venue_id: str) -> list[OrderFilled]:
        instrument = self._instruments.of(order.symbol)
        parameters = {"symbol": order.symbol, "orderId": venue_id, "limit": PAGE}
        fills: list[OrderFilled] = []
        while True:
            rows = await self._ask("privateGetMyTrades", "fapiPrivateGetUserTrades", parameters)
            for row in rows:
                fill = parsing.execution(row, order.client_id, instrument)
                if isinstance(fill, OrderFilled):
                    fills.append(fill)
            if len(rows) < PAGE:
                return fills
            parameters["fromId"] = int(rows[-1]["id"]) + 1

    async def cancel_all(self, symbol: str) -> None:
        try:
            await self._ask(
                "privateDeleteOpenOrders",
                "fapiPrivateDeleteAllOpenOrders",
                {"symbol": symbol},
                priority=Priority.CANCEL,
            )
        except CallFailed as failed:
            if failed.code not in NO_SUCH_ORDER:
                raise
        if not self._spot:
            await self._ask("", "fapiPrivateDeleteAlgoOpenOrders", {"symbol": symbol}, priority=Priority.CANCEL)

    async def open_orders(self) -> list[OrderFacts]:
        rows = await self._ask("privateGetOpenOrders", "fapiPrivateGetOpenOrders", {})
        facts = []
        for row in rows:
            if self._client.lists(row["symbol"]):
                client_id = await self.client_id_of(row["symbol"], str(row["orderId"]), row["clientOrderId"])
                facts.append(parsing.order_facts(row, client_id, self._instruments.of(row["symbol"])))
        if not self._spot:
            answer = await self._ask("", "fapiPrivateGetOpenAlgoOrders", {})
            for row in answer["orders"] if isinstance(answer, dict) else answer:
                if self._client.lists(row["symbol"]) and row.get("algoType", "CONDITIONAL") == "CONDITIONAL":
                    facts.append(parsing.algo_facts(row, row["clientAlgoId"], self._instruments.of(row["symbol"])))
        return facts

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
        row = await self._found("", "fapiPrivateGetAlgoOrder", _algo_name(order))
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
                held.append(HeldPosition(symbol, lots, cost, liquidation))
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
        parameters: dict[str, Any] = {"symbol": symbol, "limit": PAGE}
        trade_id = fill_id.rpartition(":")[2]
        if trade_id.isdigit():
            parameters["fromId"] = int(trade_id) + 1
        else:
            parameters["startTime"] = since_ns // parsing.MILLISECOND_NS
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
            # Several payments share a millisecond: it is asked for again.
            start_ms = max(int(row["time"]) for row in rows)


def _order_name(order: KnownOrder) -> dict[str, Any]:
    """How /order is told which: by id where it is known, since client ids may be used again."""
    if order.conditional:
        return {"symbol": order.symbol, "orderId": order.actual_id}
    if order.venue_id:
        return {"symbol": order.symbol, "orderId": order.venue_id}
    return {"symbol": order.symbol, "origClientOrderId": order.client_id}


def _algo_name(order: KnownOrder) -> dict[str, Any]:
    if order.venue_id:
        return {"algoId": order.venue_id.removeprefix(parsing.ALGO)}
    return {"clientAlgoId": order.client_id}
