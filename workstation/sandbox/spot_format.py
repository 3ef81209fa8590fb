"""The spot market's JSON: answers about orders and trades, and events of the user's stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workstation.core.types import Side
from workstation.sandbox.listing import Listing
from workstation.sandbox.orders import REJECTED, Execution, OrderRecord
from workstation.sandbox.wire import fixed, milliseconds

if TYPE_CHECKING:
    from workstation.sandbox.order_lists import OrderList


def side_text(side: Side) -> str:
    return "BUY" if side is Side.BUY else "SELL"


def named(record: OrderRecord) -> dict[str, Any]:
    """What tells an order apart."""
    return {"symbol": record.symbol, "orderId": record.order_id, "clientOrderId": record.client_order_id}


def _terms(listing: Listing, record: OrderRecord) -> dict[str, Any]:
    """What all shapes but the shortest tell of an order."""
    return {
        "price": listing.price_text(record.price),
        "origQty": listing.quantity_text(record.lots),
        "executedQty": listing.quantity_text(record.filled),
        "origQuoteOrderQty": fixed(record.quote_quantity),
        "cummulativeQuoteQty": fixed(record.worth),
        "status": record.status,
        "timeInForce": record.time_in_force,
        "type": record.type,
        "side": side_text(record.side),
        "workingTime": milliseconds(record.working_ns) if record.is_working else -1,
        "selfTradePreventionMode": record.self_trade_mode,
        **_trailing(record),
    }


def _trailing(record: OrderRecord) -> dict[str, Any]:
    if not record.trailing_delta:
        return {}
    since = milliseconds(record.trailing_ns) if record.is_trailing else -1
    return {"trailingDelta": record.trailing_delta, "trailingTime": since}


def order(listing: Listing, record: OrderRecord) -> dict[str, Any]:
    """An order as queries show it."""
    return {
        **named(record),
        **_terms(listing, record),
        "orderListId": record.list_id,
        "stopPrice": listing.price_text(record.stop_price),
        "icebergQty": listing.quantity_text(record.iceberg),
        "time": milliseconds(record.created_ns),
        "updateTime": milliseconds(record.updated_ns),
        "isWorking": record.is_working,
    }


def acknowledgement(record: OrderRecord) -> dict[str, Any]:
    """newOrderRespType ACK."""
    return {**named(record), "orderListId": record.list_id, "transactTime": milliseconds(record.updated_ns)}


def result(listing: Listing, record: OrderRecord) -> dict[str, Any]:
    """newOrderRespType RESULT."""
    body = {**acknowledgement(record), **_terms(listing, record)}
    if record.stop_price:
        body["stopPrice"] = listing.price_text(record.stop_price)
    if record.iceberg:
        body["icebergQty"] = listing.quantity_text(record.iceberg)
    return body


def full(listing: Listing, record: OrderRecord, executions: list[Execution]) -> dict[str, Any]:
    """newOrderRespType FULL."""
    fills = [
        {
            "price": listing.price_text(execution.price),
            "qty": listing.quantity_text(execution.lots),
            "commission": fixed(execution.fee),
            "commissionAsset": execution.fee_asset,
            "tradeId": execution.trade_id,
        }
        for execution in executions
    ]
    return {**result(listing, record), "fills": fills}


def cancelled(listing: Listing, record: OrderRecord) -> dict[str, Any]:
    """Answer to a cancel: ``clientOrderId`` is the cancel's own, ``origClientOrderId`` the order's."""
    told = {name: value for name, value in result(listing, record).items() if name != "workingTime"}
    return {**told, "origClientOrderId": record.client_order_id, "clientOrderId": record.cancel_id}


def own_trade(listing: Listing, execution: Execution) -> dict[str, Any]:
    return {
        "symbol": execution.symbol,
        "id": execution.trade_id,
        "orderId": execution.order_id,
        "orderListId": execution.list_id,
        "price": listing.price_text(execution.price),
        "qty": listing.quantity_text(execution.lots),
        "quoteQty": fixed(execution.worth),
        "commission": fixed(execution.fee),
        "commissionAsset": execution.fee_asset,
        "time": milliseconds(execution.ts_ns),
        "isBuyer": execution.side is Side.BUY,
        "isMaker": execution.maker,
        "isBestMatch": True,
    }


def execution_report(
    listing: Listing,
    record: OrderRecord,
    execution_type: str,
    trade: Execution | None,
    now_ns: int,
    execution_id: int,
) -> dict[str, Any]:
    now = milliseconds(now_ns)
    cancelled_by = record.cancel_id if execution_type == "CANCELED" else ""
    event = {
        "e": "executionReport",
        "E": now,
        "s": record.symbol,
        "c": cancelled_by or record.client_order_id,
        "S": side_text(record.side),
        "o": record.type,
        "f": record.time_in_force,
        "q": listing.quantity_text(record.lots),
        "p": listing.price_text(record.price),
        "P": listing.price_text(record.stop_price),
        "F": listing.quantity_text(record.iceberg),
        "g": record.list_id,
        "C": record.client_order_id if cancelled_by else "",
        "x": execution_type,
        "X": record.status,
        "r": "NONE" if record.status != REJECTED else "UNKNOWN",
        "i": record.order_id,
        "l": listing.quantity_text(trade.lots if trade else 0),
        "z": listing.quantity_text(record.filled),
        "L": listing.price_text(trade.price if trade else 0),
        "n": fixed(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": now,
        "t": trade.trade_id if trade else -1,
        "I": execution_id,
        "w": record.is_open and record.is_working,
        "m": trade.maker if trade else False,
        "M": False,
        "O": milliseconds(record.created_ns),
        "Z": fixed(record.worth),
        "Y": fixed(trade.worth if trade else 0),
        "Q": fixed(record.quote_quantity),
        "V": record.self_trade_mode,
    }
    if record.is_working:
        event["W"] = milliseconds(record.working_ns)
    if record.trailing_delta:
        event["d"] = record.trailing_delta
        if record.is_trailing:
            event["D"] = milliseconds(record.trailing_ns)
    return event


def order_list(order_list: OrderList, records: Iterable[OrderRecord]) -> dict[str, Any]:
    """A list as queries show it."""
    return {
        "orderListId": order_list.list_id,
        "contingencyType": order_list.contingency,
        "listStatusType": "EXEC_STARTED" if order_list.is_open else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if order_list.is_open else "ALL_DONE",
        "listClientOrderId": order_list.client_id,
        "transactionTime": milliseconds(order_list.updated_ns),
        "symbol": order_list.symbol,
        "orders": [named(record) for record in records],
    }


def list_status(order_list: OrderList, records: Iterable[OrderRecord], now_ns: int) -> dict[str, Any]:
    now = milliseconds(now_ns)
    return {
        "e": "listStatus",
        "E": now,
        "s": order_list.symbol,
        "g": order_list.list_id,
        "c": order_list.contingency,
        "l": "EXEC_STARTED" if order_list.is_open else "ALL_DONE",
        "L": "EXECUTING" if order_list.is_open else "ALL_DONE",
        "r": "NONE",
        "C": order_list.client_id,
        "T": now,
        "O": [{"s": record.symbol, "i": record.order_id, "c": record.client_order_id} for record in records],
    }


def account_position(balances: list[tuple[str, int, int]], now_ns: int) -> dict[str, Any]:
    """Asset, free and locked of each."""
    now = milliseconds(now_ns)
    return {
        "e": "outboundAccountPosition",
        "E": now,
        "u": now,
        "B": [{"a": asset, "f": fixed(free), "l": fixed(locked)} for asset, free, locked in balances],
    }


def balance_update(asset: str, amount: int, now_ns: int) -> dict[str, Any]:
    now = milliseconds(now_ns)
    return {"e": "balanceUpdate", "E": now, "a": asset, "d": fixed(amount), "T": now}
