"""Orders at Binance, spot and USD-M perpetuals, in its own words: ccxt signs, sends and limits."""

from __future__ import annotations

from typing import Any

import msgspec

from workstation.core.messages import (
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    VenueReport,
)
from workstation.core.orders import AmendRequest, Approved
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import OrderState, Side
from workstation.venues.exchange.account import binance_parsing as parsing
from workstation.venues.exchange.account.binance_account import NO_SUCH_ORDER, PAGE, BinanceAccount, algo_name
from workstation.venues.exchange.account.facts import OrderFacts
from workstation.venues.exchange.account.known_orders import KnownOrder
from workstation.venues.exchange.account.order_terms import binance_linear_order, binance_spot_order
from workstation.venues.exchange.connection.call import Priority
from workstation.venues.exchange.connection.errors import CallFailed, LaggingAnswer

CLOCK_TOLERANCE_NS = MINUTE_NS
SELF_TRADE = "EXPIRE_MAKER"
"""Both sides of a trade with ourselves would carry one id: it must not come to it."""


class BinanceDialect(BinanceAccount):
    """Implements ``Dialect``."""

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
            await self._ask("", "fapiPrivateDeleteAlgoOrder", algo_name(order), priority=Priority.CANCEL)
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
            row = await self._found("", "fapiPrivateGetAlgoOrder", algo_name(order))
            if row is None or self._is_older(order, row.get("createTime")):
                return None
            self._note_actual(order, row)
            if not order.actual_id:
                facts = parsing.algo_facts(row, order.client_id, instrument)
                if facts.state is OrderState.UNKNOWN:
                    raise LaggingAnswer(order.client_id)
                return facts, ()
        row = await self._found("privateGetOrder", "fapiPrivateGetOrder", _order_name(order))
        if row is None or self._is_older(order, row.get("time")):
            return None
        facts = parsing.order_facts(row, order.client_id, instrument)
        if order.conditional:
            facts = msgspec.structs.replace(facts, venue_id=order.venue_id or facts.venue_id)
        else:
            self._orders.name(order, facts.venue_id)
        if facts.filled_lots == 0 and not facts.state.is_terminal:
            return facts, ()
        fills = await self._fills_of(order, str(row["orderId"]))
        if sum(fill.lots for fill in fills) < facts.filled_lots:
            raise LaggingAnswer(order.client_id)
        return facts, tuple(fills)

    def _is_older(self, order: KnownOrder, time_ms: int | None) -> bool:
        """Binance lets a client id be used again: an order from before ours is another, of an earlier installation."""
        if time_ms is None or order.venue_id or not order.created_ns:
            return False
        made_ns = order.created_ns + self._client.venue_clock.reading.offset_ns
        return int(time_ms) * parsing.MILLISECOND_NS < made_ns - CLOCK_TOLERANCE_NS

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


def _order_name(order: KnownOrder) -> dict[str, Any]:
    """How /order is told which: by id where it is known, since client ids may be used again."""
    if order.conditional:
        return {"symbol": order.symbol, "orderId": order.actual_id}
    if order.venue_id:
        return {"symbol": order.symbol, "orderId": order.venue_id}
    return {"symbol": order.symbol, "origClientOrderId": order.client_id}
