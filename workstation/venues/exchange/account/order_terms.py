"""An order of the engine as each protocol writes it: prices and quantities exactly as the engine has them."""

from __future__ import annotations

from typing import Any

import msgspec

from workstation.core.instrument import Instrument
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderType, Side, TimeInForce

CONDITIONAL_TYPES = frozenset(
    {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.TRAILING_STOP}
)
LIMIT_TYPES = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})

_SPOT_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
}
_LINEAR_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_MARKET",
    OrderType.STOP_LIMIT: "STOP",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT_MARKET",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT",
}
SPOT_TYPES_BACK = {name: type for type, name in _SPOT_TYPES.items()} | {"LIMIT_MAKER": OrderType.LIMIT}
LINEAR_TYPES_BACK = {name: type for type, name in _LINEAR_TYPES.items()} | {
    "TRAILING_STOP_MARKET": OrderType.TRAILING_STOP,
    "LIQUIDATION": OrderType.MARKET,
}
_PAST_TRIGGER = {OrderType.STOP: "stopLossPrice", OrderType.STOP_LIMIT: "stopLossPrice"}


def in_algo_service(type: OrderType, market: str) -> bool:
    """Whether Binance keeps an order of this type in the service of conditional orders (Algo)."""
    return market == "linear" and type in CONDITIONAL_TYPES


class NotNative(Exception):
    """The exchange has no such order; the message says what it lacks."""


class UnifiedOrder(msgspec.Struct, frozen=True):
    """Arguments of ccxt's ``create_order`` but for the symbol."""

    type: str
    side: str
    amount: str
    price: str | None
    parameters: dict[str, Any]


def binance_spot_order(intent: Intent, client_id: str, instrument: Instrument) -> dict[str, Any]:
    """Parameters of POST /api/v3/order. Raises ``NotNative``."""
    type_name = _SPOT_TYPES.get(intent.type)
    if type_name is None:
        raise NotNative(f"Binance spot has no {intent.type} order with a fixed distance")
    parameters = {**_basics(intent, instrument), "newClientOrderId": client_id, "newOrderRespType": "FULL"}
    if intent.post_only:
        if intent.type is not OrderType.LIMIT:
            raise NotNative("On Binance spot only a limit order can be post-only")
        type_name = "LIMIT_MAKER"
    elif intent.type in LIMIT_TYPES:
        parameters["timeInForce"] = _life(intent)
    if intent.visible_lots:
        parameters["icebergQty"] = f"{instrument.quantity(intent.visible_lots):f}"
    parameters["type"] = type_name
    if intent.type in LIMIT_TYPES:
        parameters["price"] = f"{instrument.price(intent.price):f}"
    if intent.type in CONDITIONAL_TYPES:
        parameters["stopPrice"] = f"{instrument.price(intent.stop_price):f}"
    return parameters


def binance_linear_order(intent: Intent, client_id: str, instrument: Instrument) -> dict[str, Any]:
    """Parameters of POST /fapi/v1/order, or of /fapi/v1/algoOrder for a conditional type. Raises ``NotNative``."""
    type_name = _LINEAR_TYPES.get(intent.type)
    if type_name is None:
        raise NotNative(f"Binance's perpetuals have no {intent.type} order with a fixed distance")
    parameters = {**_basics(intent, instrument), "type": type_name}
    if intent.type in LIMIT_TYPES:
        parameters["price"] = f"{instrument.price(intent.price):f}"
        parameters["timeInForce"] = "GTX" if intent.post_only else _life(intent)
        if intent.time_in_force is TimeInForce.GTD and intent.type is OrderType.LIMIT and not intent.post_only:
            parameters["timeInForce"] = "GTD"
            parameters["goodTillDate"] = intent.good_till_ns // SECOND_NS * 1_000
    elif intent.post_only:
        raise NotNative("A market order cannot be post-only")
    if intent.reduce_only:
        parameters["reduceOnly"] = "true"
    if intent.type in CONDITIONAL_TYPES:
        parameters |= {
            "algoType": "CONDITIONAL",
            "clientAlgoId": client_id,
            "triggerPrice": f"{instrument.price(intent.stop_price):f}",
        }
    else:
        parameters |= {"newClientOrderId": client_id, "newOrderRespType": "RESULT"}
    return parameters


def unified_order(intent: Intent, client_id: str, instrument: Instrument) -> UnifiedOrder:
    """Arguments for ccxt's unified interface. Raises ``NotNative``."""
    if intent.type is OrderType.TRAILING_STOP:
        raise NotNative("Trailing stops by a fixed distance are not sent to exchanges")
    parameters: dict[str, Any] = {"clientOrderId": client_id}
    limit = intent.type in LIMIT_TYPES
    if intent.post_only:
        if not limit:
            raise NotNative("A market order cannot be post-only")
        parameters["postOnly"] = True
    elif limit and _life(intent) != "GTC":
        parameters["timeInForce"] = _life(intent)
    if intent.reduce_only and instrument.is_derivative:
        parameters["reduceOnly"] = True
    if intent.type in CONDITIONAL_TYPES:
        name = _PAST_TRIGGER.get(intent.type, "takeProfitPrice")
        parameters[name] = f"{instrument.price(intent.stop_price):f}"
    return UnifiedOrder(
        type="limit" if limit else "market",
        side=intent.side.word,
        amount=f"{instrument.quantity(intent.lots):f}",
        price=f"{instrument.price(intent.price):f}" if limit else None,
        parameters=parameters,
    )


def _life(intent: Intent) -> str:
    """The time in force by the exchange's name. Where the exchange has no dates, the order rests until it is
    cancelled, and the engine does that."""
    return "GTC" if intent.time_in_force is TimeInForce.GTD else intent.time_in_force.upper()


def _basics(intent: Intent, instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": intent.symbol,
        "side": "BUY" if intent.side is Side.BUY else "SELL",
        "quantity": f"{instrument.quantity(intent.lots):f}",
    }
