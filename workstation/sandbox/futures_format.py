"""USD-M's JSON: answers about orders, trades and positions, and events of the user's stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workstation.rules.rounding import divide_half_even
from workstation.sandbox.listing import Listing
from workstation.sandbox.orders import Execution, OrderRecord
from workstation.sandbox.spot_format import side_text
from workstation.sandbox.wire import fixed, milliseconds
from workstation.venues.simulated.state import SymbolState

if TYPE_CHECKING:
    from workstation.sandbox.conditional import ConditionalOrder
    from workstation.sandbox.futures_books import Holding


def unit_price(listing: Listing, worth: int, lots: int) -> str:
    """Price of a unit when unsigned ``lots`` are worth so much; "0" for none."""
    if not lots:
        return fixed(0, listing.price_places)
    return fixed(divide_half_even(abs(worth) * 10**8, listing.base_money(abs(lots))))


def order(listing: Listing, record: OrderRecord) -> dict[str, Any]:
    """An order as queries show it."""
    return {
        "orderId": record.order_id,
        "symbol": record.symbol,
        "status": record.status,
        "clientOrderId": record.client_order_id,
        "price": listing.price_text(record.price),
        "avgPrice": unit_price(listing, record.worth, record.filled),
        "origQty": listing.quantity_text(record.lots),
        "executedQty": listing.quantity_text(record.filled),
        "cumQty": listing.quantity_text(record.filled),
        "cumQuote": fixed(record.worth),
        "timeInForce": record.time_in_force,
        "type": record.type,
        "reduceOnly": record.reduce_only,
        "closePosition": record.close_position,
        "side": side_text(record.side),
        "positionSide": record.position_side,
        "stopPrice": listing.price_text(record.stop_price),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": record.original_type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": record.self_trade_mode,
        "goodTillDate": milliseconds(record.good_till_ns),
        "time": milliseconds(record.created_ns),
        "updateTime": milliseconds(record.updated_ns),
    }


def answer(listing: Listing, record: OrderRecord) -> dict[str, Any]:
    """An order as the answer to its placing, changing or cancelling shows it."""
    return {name: value for name, value in order(listing, record).items() if name != "time"}


def own_trade(listing: Listing, execution: Execution) -> dict[str, Any]:
    return {
        "symbol": execution.symbol,
        "id": execution.trade_id,
        "orderId": execution.order_id,
        "side": side_text(execution.side),
        "price": listing.price_text(execution.price),
        "qty": listing.quantity_text(execution.lots),
        "realizedPnl": fixed(execution.realised),
        "quoteQty": fixed(execution.worth),
        "commission": fixed(execution.fee),
        "commissionAsset": execution.fee_asset,
        "time": milliseconds(execution.ts_ns),
        "positionSide": execution.position_side,
        "buyer": execution.side > 0,
        "maker": execution.maker,
    }


def order_update(
    listing: Listing, record: OrderRecord, execution_type: str, trade: Execution | None, now_ns: int
) -> dict[str, Any]:
    now = milliseconds(now_ns)
    body: dict[str, Any] = {
        "s": record.symbol,
        "c": record.client_order_id,
        "S": side_text(record.side),
        "o": "LIQUIDATION" if record.original_type == "LIQUIDATION" else record.type,
        "f": record.time_in_force,
        "q": listing.quantity_text(record.lots),
        "p": listing.price_text(record.price),
        "ap": unit_price(listing, record.worth, record.filled),
        "sp": listing.price_text(record.stop_price),
        "x": execution_type,
        "X": record.status,
        "i": record.order_id,
        "l": listing.quantity_text(trade.lots if trade else 0),
        "z": listing.quantity_text(record.filled),
        "L": listing.price_text(trade.price if trade else 0),
        "T": now,
        "t": trade.trade_id if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade.maker if trade else False,
        "R": record.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": record.original_type,
        "ps": record.position_side,
        "cp": record.close_position,
        "rp": fixed(trade.realised if trade else 0),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": record.self_trade_mode,
        "pm": "NONE",
        "gtd": milliseconds(record.good_till_ns),
    }
    if trade:
        body["N"] = trade.fee_asset
        body["n"] = fixed(trade.fee)
    return {"e": "ORDER_TRADE_UPDATE", "E": now, "T": now, "o": body}


def algo_order(listing: Listing, order: ConditionalOrder) -> dict[str, Any]:
    """A conditional order as the answer to its placing shows it."""
    body: dict[str, Any] = {
        "algoId": order.algo_id,
        "clientAlgoId": order.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": order.type,
        "symbol": order.symbol,
        "side": side_text(order.side),
        "positionSide": order.position_side,
        "timeInForce": order.time_in_force,
        "quantity": listing.quantity_text(order.lots),
        "algoStatus": order.status,
        "triggerPrice": listing.price_text(order.trigger),
        "price": listing.price_text(order.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": order.self_trade_mode,
        "workingType": working_type(order),
        "priceMatch": "NONE",
        "closePosition": order.close_position,
        "priceProtect": order.price_protect,
        "reduceOnly": order.reduce_only,
        "createTime": milliseconds(order.created_ns),
        "updateTime": milliseconds(order.updated_ns),
        "triggerTime": milliseconds(order.triggered_ns),
        "goodTillDate": milliseconds(order.good_till_ns),
    }
    if order.callback:
        body["activatePrice"] = listing.price_text(order.activation)
        body["callbackRate"] = fixed(order.callback * 100, 2)
    return body


def algo_query(listing: Listing, order: ConditionalOrder, record: OrderRecord | None) -> dict[str, Any]:
    """A conditional order as queries show it: with the order that it became, ``record``, when there is one."""
    body = {
        **algo_order(listing, order),
        "actualOrderId": "",
        "actualPrice": listing.price_text(0),
        "tpTriggerPrice": listing.price_text(0),
        "tpPrice": listing.price_text(0),
        "slTriggerPrice": listing.price_text(0),
        "slPrice": listing.price_text(0),
        "tpOrderType": "",
    }
    if record is not None:
        body["actualOrderId"] = str(record.order_id)
        body["actualPrice"] = unit_price(listing, record.worth, record.filled)
        body["actualType"] = record.type
        body["actualQty"] = listing.quantity_text(record.filled)
    return body


def working_type(order: ConditionalOrder) -> str:
    return "MARK_PRICE" if order.on_mark else "CONTRACT_PRICE"


def algo_update(listing: Listing, order: ConditionalOrder, record: OrderRecord | None, now_ns: int) -> dict[str, Any]:
    now = milliseconds(now_ns)
    body: dict[str, Any] = {
        "caid": order.client_algo_id,
        "aid": order.algo_id,
        "at": "CONDITIONAL",
        "o": order.type,
        "s": order.symbol,
        "S": side_text(order.side),
        "ps": order.position_side,
        "f": order.time_in_force,
        "q": listing.quantity_text(order.lots),
        "X": order.status,
        "ai": str(order.order_id) if order.order_id else "",
        "tp": listing.price_text(order.trigger),
        "p": listing.price_text(order.price),
        "V": order.self_trade_mode,
        "wt": working_type(order),
        "pm": "NONE",
        "cp": order.close_position,
        "pP": order.price_protect,
        "R": order.reduce_only,
        "tt": milliseconds(order.triggered_ns),
        "gtd": milliseconds(order.good_till_ns),
        "rm": order.reason,
    }
    if record is not None:
        body["ap"] = unit_price(listing, record.worth, record.filled)
        body["aq"] = listing.quantity_text(record.filled)
        body["act"] = record.type
    return {"e": "ALGO_UPDATE", "T": now, "E": now, "o": body}


def position_change(listing: Listing, side: str, holding: Holding, state: SymbolState, isolated: int) -> dict[str, Any]:
    """A position within ACCOUNT_UPDATE."""
    mark = listing.mark_price()
    value = listing.worth(mark, holding.lots) if mark else 0
    result = (value if holding.lots > 0 else -value) - holding.cost if mark else 0
    return {
        "s": listing.symbol,
        "pa": listing.quantity_text(holding.lots),
        "ep": unit_price(listing, holding.cost, holding.lots),
        "bep": unit_price(listing, holding.cost + holding.fees, holding.lots),
        "cr": fixed(holding.realised),
        "up": fixed(result),
        "mt": "cross" if state.cross else "isolated",
        "iw": fixed(isolated),
        "ps": side,
    }


def account_update(
    reason: str, balances: list[tuple[str, int, int]], positions: list[dict[str, Any]], now_ns: int
) -> dict[str, Any]:
    """``balances`` are asset, wallet and cross wallet of each."""
    now = milliseconds(now_ns)
    return {
        "e": "ACCOUNT_UPDATE",
        "E": now,
        "T": now,
        "a": {
            "m": reason,
            "B": [
                {"a": asset, "wb": fixed(wallet), "cw": fixed(cross), "bc": "0"} for asset, wallet, cross in balances
            ],
            "P": positions,
        },
    }


def leverage_update(symbol: str, leverage: int, now_ns: int) -> dict[str, Any]:
    now = milliseconds(now_ns)
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": now, "T": now, "ac": {"s": symbol, "l": leverage}}


def force_order(listing: Listing, record: OrderRecord, now_ns: int) -> dict[str, Any]:
    """A liquidation on the public stream."""
    return {
        "s": record.symbol,
        "S": side_text(record.side),
        "o": "LIMIT",
        "f": "IOC",
        "q": listing.quantity_text(record.lots),
        "p": listing.price_text(record.price),
        "ap": unit_price(listing, record.worth, record.filled),
        "X": "FILLED",
        "l": listing.quantity_text(record.filled),
        "z": listing.quantity_text(record.filled),
        "T": milliseconds(now_ns),
    }
