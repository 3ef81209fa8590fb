"""USD-M's Algo service: the endpoints of conditional orders."""

from __future__ import annotations

from typing import Any

from workstation.sandbox import errors, filters, futures_format
from workstation.sandbox.conditional import TRAILING, ConditionalOrder
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.futures_desk import FuturesDesk
from workstation.sandbox.futures_trading import (
    BAD_TIME,
    BAD_TYPE,
    CONDITIONAL,
    DONE,
    TIMES,
    closes,
    good_till,
    read_position_side,
    self_trade_mode,
)
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import BOTH
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.public_history import one_or_all
from workstation.sandbox.queries import WEEK_NS, time_range, wanted_symbol


def read_conditional(call: Call, listing: Listing) -> ConditionalOrder:
    """The conditional order that a request describes. Raises ``ApiError``."""
    parameters = call.parameters
    if parameters.text("algoType", "CONDITIONAL") != "CONDITIONAL":
        raise ApiError(-1130, "Data sent for parameter 'algoType' is not valid.")
    side = parameters.side()
    type_ = parameters.one_of("type", CONDITIONAL, BAD_TYPE)
    position_side = read_position_side(call)
    now_ns = call.exchange.clock.time_ns
    algo_id = call.exchange.floor.take_id("algo")
    time_in_force = parameters.one_of("timeInForce", (*TIMES, "GTE_GTC"), BAD_TIME, "GTC")
    working = parameters.one_of(
        "workingType", ("CONTRACT_PRICE", "MARK_PRICE"), ApiError(-4008, "Invalid working type."), "CONTRACT_PRICE"
    )
    order = ConditionalOrder(
        algo_id=algo_id,
        client_algo_id=parameters.client_id("clientAlgoId") or f"sandbox-algo-{algo_id}",
        symbol=listing.symbol,
        side=side,
        type=type_,
        time_in_force=time_in_force,
        lots=0,
        trigger=0,
        on_mark=working == "MARK_PRICE",
        position_side=position_side,
        reduce_only=parameters.flag("reduceOnly") or closes(position_side, side),
        close_position=parameters.flag("closePosition"),
        price_protect=parameters.flag("priceProtect"),
        self_trade_mode=self_trade_mode(parameters),
        good_till_ns=good_till(call, time_in_force),
        created_ns=now_ns,
        updated_ns=now_ns,
    )
    _read_condition(parameters, listing, order)
    if order.close_position:
        if (
            parameters.has("quantity")
            or parameters.has("reduceOnly")
            or order.type in ("STOP", "TAKE_PROFIT", TRAILING)
            or (position_side != BOTH and not closes(position_side, side))
        ):
            raise ApiError(-4136, f"Target strategy invalid for orderType {type_},closePosition true")
    else:
        order.lots = filters.quantity_lots(listing, "quantity", parameters.decimal("quantity"))
        if not order.reduce_only:
            price = order.price or order.trigger or listing.mark_price()
            filters.check_futures_notional(listing, listing.worth(price, order.lots))
    return order


def _read_condition(parameters: Parameters, listing: Listing, order: ConditionalOrder) -> None:
    if order.type == TRAILING:
        rate = parameters.decimal("callbackRate")
        if not filters.LEAST_CALLBACK <= rate <= filters.MOST_CALLBACK:
            raise ApiError(-2007, "Invalid callBack rate.")
        order.callback = int(rate * 10**6)
        if parameters.has("activatePrice"):
            order.activation = filters.price_ticks(listing, "activatePrice", parameters.decimal("activatePrice"))
        return
    order.trigger = filters.price_ticks(listing, "triggerPrice", parameters.decimal("triggerPrice"))
    if order.type in ("STOP", "TAKE_PROFIT"):
        order.price = filters.price_ticks(listing, "price", parameters.decimal("price"))
    elif parameters.has("price"):
        raise errors.not_required("price")


def new_algo_order(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.FUTURES)
    if not listing.is_trading:
        raise ApiError(-4108, "This contract is being settled or pre-delivery; no orders are taken.")
    order = read_conditional(call, listing)
    call.account.futures.conditional.place(order)
    return futures_format.algo_order(listing, order)


def _wanted_algo(call: Call, refusal: ApiError) -> tuple[FuturesDesk, ConditionalOrder]:
    neither = ApiError(-1102, "Either algoId or clientAlgoId must be sent.")
    desk = call.account.futures
    order = desk.conditional.find(*call.parameters.ids("algoId", "clientAlgoId", neither))
    if order is None:
        raise refusal
    return desk, order


def query_algo_order(call: Call) -> dict[str, Any]:
    desk, order = _wanted_algo(call, errors.no_such_order())
    return _algo_shown(desk, order)


def _algo_shown(desk: FuturesDesk, order: ConditionalOrder) -> dict[str, Any]:
    return futures_format.algo_query(desk.listings[order.symbol], order, desk.orders.get(order.order_id))


def cancel_algo_order(call: Call) -> dict[str, Any]:
    desk, order = _wanted_algo(call, errors.unknown_order())
    if not order.is_open:
        raise errors.unknown_order()
    desk.conditional.cancel(order)
    return {"algoId": order.algo_id, "clientAlgoId": order.client_algo_id, "code": "200", "msg": "success"}


def cancel_all_algo(call: Call) -> dict[str, Any]:
    conditional = call.account.futures.conditional
    for order in conditional.open_orders(call.listing(Market.FUTURES).symbol):
        conditional.cancel(order)
    return DONE


def open_algo_orders(call: Call) -> list[dict[str, Any]]:
    desk = call.account.futures
    symbol = wanted_symbol(call, Market.FUTURES)
    return [_algo_shown(desk, order) for order in desk.conditional.open_orders(symbol)]


def all_algo_orders(call: Call) -> list[dict[str, Any]]:
    desk = call.account.futures
    symbol = call.listing(Market.FUTURES).symbol
    from_id = call.parameters.optional_whole("algoId")
    limit = call.parameters.limit(500, 1000)
    start, end = time_range(call.parameters, WEEK_NS)
    found = [
        _algo_shown(desk, order)
        for order in desk.conditional.orders.values()
        if order.symbol == symbol and start <= order.created_ns <= end and order.algo_id >= (from_id or 0)
    ]
    return found[:limit] if from_id is not None else found[-limit:]


READ, TRADE = Security.READ, Security.TRADE_FUTURES

ENDPOINTS = [
    Endpoint("POST", "/fapi/v1/algoOrder", TRADE, 0, new_algo_order, orders=1),
    Endpoint("GET", "/fapi/v1/algoOrder", READ, 1, query_algo_order),
    Endpoint("DELETE", "/fapi/v1/algoOrder", TRADE, 1, cancel_algo_order),
    Endpoint("DELETE", "/fapi/v1/algoOpenOrders", TRADE, 1, cancel_all_algo),
    Endpoint("GET", "/fapi/v1/openAlgoOrders", READ, one_or_all(1, 40), open_algo_orders),
    Endpoint("GET", "/fapi/v1/allAlgoOrders", READ, 5, all_algo_orders),
]
