"""Orders and account at any exchange of ccxt's, through its unified interface."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ccxt.base import errors

from workstation.core.instrument import Instrument
from workstation.core.messages import (
    FundingPaid,
    HeldPosition,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    VenueReport,
)
from workstation.core.money import to_money
from workstation.core.orders import AmendRequest, Approved
from workstation.core.types import Liquidity, OrderState, OrderType, Side
from workstation.venues.exchange.account.client_ids import from_venue, to_venue
from workstation.venues.exchange.account.facts import Execution, OrderFacts
from workstation.venues.exchange.account.known_orders import KnownOrder, KnownOrders
from workstation.venues.exchange.account.order_terms import NotNative, unified_order
from workstation.venues.exchange.connection.call import Priority
from workstation.venues.exchange.connection.client import ExchangeClient
from workstation.venues.exchange.connection.errors import CallFailed, LaggingAnswer
from workstation.venues.exchange.instruments import Instruments

PAGE = 100
MILLISECOND_NS = 1_000_000
_STATES = {
    "open": OrderState.ACCEPTED,
    "closed": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "canceling": OrderState.ACCEPTED,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
}


class UnifiedDialect:
    """``now_ns`` stamps reports, UTC ns. What an exchange does not list at all raises ccxt's NotSupported: no news."""

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

    # --- orders -------------------------------------------------------------------------------------------------------

    async def place(self, approved: Approved, order: KnownOrder) -> list[VenueReport]:
        intent = approved.venue_intent
        try:
            venue_client_id = to_venue(self._client.name, approved.client_id)
        except ValueError as error:
            raise NotNative(str(error)) from None
        terms = unified_order(intent, venue_client_id, self._instruments.of(intent.symbol))
        answer = await self._client.ask(
            self._client.ccxt.create_order,
            self._client.unified(intent.symbol),
            terms.type,
            terms.side,
            Decimal(terms.amount),
            Decimal(terms.price) if terms.price is not None else None,
            terms.parameters,
            priority=Priority.ORDER,
            expires_ns=approved.expires_ns,
        )
        self._orders.name(order, str(answer["id"]))
        return [OrderAccepted(ts_ns=self._now_ns(), client_id=order.client_id, venue_id=order.venue_id)]

    async def cancel(self, order: KnownOrder) -> list[VenueReport]:
        parameters: dict[str, Any] = {"trigger": True} if order.conditional else {}
        if not order.venue_id:
            parameters["clientOrderId"] = to_venue(self._client.name, order.client_id)
        await self._client.ask(
            self._client.ccxt.cancel_order,
            order.venue_id or None,
            self._client.unified(order.symbol),
            parameters,
            priority=Priority.CANCEL,
        )
        return [OrderCancelled(ts_ns=self._now_ns(), client_id=order.client_id, reason="cancelled")]

    async def amend(self, order: KnownOrder, request: AmendRequest) -> list[VenueReport]:
        raise NotNative(f"{self._client.name} changes no order in place here; cancel it and place another")

    async def find(self, order: KnownOrder) -> tuple[OrderFacts, tuple[OrderFilled, ...]] | None:
        """By its id where that is known; else it is looked for in the lists of open and of ended orders."""
        row = await self._row_of(order)
        if row is None:
            return None
        facts = self._facts(row, order.client_id)
        self._orders.name(order, facts.venue_id)
        if facts.filled_lots == 0:
            return facts, ()
        rows = await self._client.ask(self._client.ccxt.fetch_my_trades, self._client.unified(order.symbol))
        fills = [self._fill(trade, order.client_id) for trade in rows if str(trade["order"]) == facts.venue_id]
        if sum(fill.lots for fill in fills) < facts.filled_lots:
            raise LaggingAnswer(order.client_id)
        return facts, tuple(fills)

    async def _row_of(self, order: KnownOrder) -> dict[str, Any] | None:
        exchange, unified = self._client.ccxt, self._client.unified(order.symbol)
        lists = ["fetch_open_orders"]
        lists += ["fetch_closed_orders"] if exchange.has.get("fetchClosedOrders") else []
        lists += ["fetch_canceled_orders"] if exchange.has.get("fetchCanceledOrders") is True else []
        for name in lists:
            for row in await self._client.ask(getattr(exchange, name), unified):
                told = from_venue(self._client.name, str(row.get("clientOrderId") or ""))
                if told == order.client_id or (order.venue_id and str(row["id"]) == order.venue_id):
                    found: dict[str, Any] = row
                    return found
        if len(lists) == 1:
            raise LaggingAnswer(f"{self._client.name} lists no ended orders")
        return None

    async def cancel_all(self, symbol: str) -> None:
        exchange, unified = self._client.ccxt, self._client.unified(symbol)
        if exchange.has.get("cancelAllOrders"):
            await self._client.ask(exchange.cancel_all_orders, unified, priority=Priority.CANCEL)
            return
        for row in await self._client.ask(exchange.fetch_open_orders, unified):
            await self._client.ask(exchange.cancel_order, row["id"], unified, priority=Priority.CANCEL)

    async def open_orders(self) -> list[OrderFacts]:
        fetch = self._client.ccxt.fetch_open_orders
        try:
            rows = await self._client.ask(fetch)
        except CallFailed as failed:
            if not isinstance(failed.error, errors.ArgumentsRequired):
                raise
            # This exchange lists open orders symbol by symbol.
            rows = []
            for symbol in self._instruments.configured:
                rows += await self._client.ask(fetch, self._client.unified(symbol))
        listed = [row for row in rows if self._client.lists(self._client.symbol(row["symbol"]))]
        return [self._facts(row, self._client_id(row)) for row in listed]

    def _client_id(self, row: dict[str, Any]) -> str:
        symbol, venue_id = self._client.symbol(row["symbol"]), str(row["id"])
        known = self._orders.by_venue_id(symbol, venue_id)
        if known is not None:
            return known.client_id
        client_id = from_venue(self._client.name, str(row.get("clientOrderId") or f"order-{venue_id}"))
        self._orders.add(KnownOrder(client_id, symbol, venue_id=venue_id))
        return client_id

    def _facts(self, row: dict[str, Any], client_id: str) -> OrderFacts:
        symbol = self._client.symbol(row["symbol"])
        instrument = self._instruments.of(symbol)
        lots, filled = _lots(instrument, row["amount"]), _lots(instrument, row["filled"])
        state = _STATES.get(row["status"], OrderState.UNKNOWN)
        if state is OrderState.ACCEPTED and filled:
            state = OrderState.PARTIALLY_FILLED
        stop_price = _ticks(instrument, row.get("triggerPrice"))
        limit = row["type"] == "limit"
        kind = OrderType.LIMIT if limit else OrderType.MARKET
        if stop_price:
            takes = row.get("takeProfitPrice") is not None
            if takes:
                kind = OrderType.TAKE_PROFIT_LIMIT if limit else OrderType.TAKE_PROFIT
            else:
                kind = OrderType.STOP_LIMIT if limit else OrderType.STOP
        return OrderFacts(
            client_id=client_id,
            venue_id=str(row["id"]),
            symbol=symbol,
            side=Side.BUY if row["side"] == "buy" else Side.SELL,
            type=kind,
            state=state,
            lots=lots,
            filled_lots=filled,
            price=_ticks(instrument, row["price"]) if limit else 0,
            stop_price=stop_price,
            reduce_only=bool(row.get("reduceOnly")),
            conditional=bool(stop_price),
        )

    def _fill(self, trade: dict[str, Any], client_id: str) -> OrderFilled:
        symbol = self._client.symbol(trade["symbol"])
        instrument = self._instruments.of(symbol)
        fee = trade.get("fee") or {}
        return OrderFilled(
            ts_ns=int(trade["timestamp"]) * MILLISECOND_NS,
            client_id=client_id,
            fill_id=f"{symbol}:{trade['id']}",
            symbol=symbol,
            side=Side.BUY if trade["side"] == "buy" else Side.SELL,
            price=_ticks(instrument, trade["price"]),
            lots=_lots(instrument, trade["amount"]),
            fee=to_money(fee.get("cost") or 0),
            fee_asset=fee.get("currency") or instrument.settle,
            liquidity=Liquidity.MAKER if trade.get("takerOrMaker") == "maker" else Liquidity.TAKER,
        )

    def fill_of(self, trade: dict[str, Any]) -> OrderFilled:
        """From a trade of ccxt's ``watch_my_trades``."""
        row = {"symbol": trade["symbol"], "id": trade["order"], "clientOrderId": trade.get("clientOrderId")}
        return self._fill(trade, self._client_id(row))

    def facts_of(self, row: dict[str, Any]) -> OrderFacts:
        """From an order of ccxt's ``watch_orders``."""
        return self._facts(row, self._client_id(row))

    # --- the account --------------------------------------------------------------------------------------------------

    async def positions(self) -> list[HeldPosition]:
        if self._client.settings.market == "spot":
            return []
        held = []
        for row in await self._client.ask(self._client.ccxt.fetch_positions):
            symbol = self._client.symbol(row["symbol"])
            if not self._client.lists(symbol):
                continue
            instrument = self._instruments.of(symbol)
            sign = -1 if row["side"] == "short" else 1
            quantity = sign * abs(Decimal(row["contracts"] or 0))
            lots = instrument.lots(quantity)
            if lots:
                cost = to_money(Decimal(row["entryPrice"]) * quantity * instrument.contract_size)
                liquidation = instrument.ticks_rounded(Decimal(row.get("liquidationPrice") or 0))
                told = f"{instrument.quantity(lots)}"
                held.append(HeldPosition(symbol, lots, cost, liquidation, quantity=told))
        return held

    async def balances(self) -> dict[str, int]:
        total = (await self._client.ask(self._client.ccxt.fetch_balance))["total"]
        owned = {asset: to_money(amount) for asset, amount in total.items() if amount is not None}
        return {asset: amount for asset, amount in owned.items() if amount}

    async def fills_after(self, symbol: str, fill_id: str, since_ns: int) -> list[Execution]:
        """By time, since exchanges number their trades each in a way of its own; the last known one is told again."""
        since_ms = since_ns // MILLISECOND_NS
        found: dict[str, Execution] = {}
        while True:
            rows = await self._client.ask(
                self._client.ccxt.fetch_my_trades, self._client.unified(symbol), since_ms, PAGE
            )
            before = len(found)
            for trade in rows:
                fill = self.fill_of(trade)
                found[fill.fill_id] = fill
            if len(rows) < PAGE or len(found) == before:
                return sorted(found.values(), key=lambda fill: (fill.ts_ns, fill.fill_id))
            since_ms = max(int(trade["timestamp"]) for trade in rows)

    async def funding_since(self, since_ns: int) -> list[FundingPaid]:
        exchange = self._client.ccxt
        if self._client.settings.market == "spot" or not exchange.has.get("fetchFundingHistory"):
            return []
        payments = []
        for row in await self._client.ask(exchange.fetch_funding_history, None, since_ns // MILLISECOND_NS, PAGE):
            symbol = self._client.symbol(row["symbol"])
            payments.append(
                FundingPaid(
                    ts_ns=int(row["timestamp"]) * MILLISECOND_NS,
                    funding_id=f"{symbol}:funding:{row.get('id') or row['timestamp']}",
                    symbol=symbol,
                    amount=to_money(row["amount"]),
                    asset=row["code"],
                )
            )
        return payments


def _lots(instrument: Instrument, quantity: Any) -> int:
    return instrument.lots(Decimal(quantity or 0))


def _ticks(instrument: Instrument, price: Any) -> int:
    return instrument.ticks(Decimal(price or 0))
