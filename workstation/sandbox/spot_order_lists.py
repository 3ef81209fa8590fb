"""The spot market's endpoints of order lists: OCO, OTO and OTOCO."""

from __future__ import annotations

from typing import Any

from workstation.core.types import Side
from workstation.sandbox import errors, filters, spot_format
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.order_lists import OrderList
from workstation.sandbox.orders import NewOrder
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.queries import time_range
from workstation.sandbox.spot_desk import SpotDesk
from workstation.sandbox.spot_trading import cancel_list, check_room, read_order, response_type, shaped

_TERMS = ("type", "price", "stopPrice", "trailingDelta", "icebergQty", "timeInForce")
_OCO_TYPES = ("LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
_ABSENT = "-"
"""No parameter has this name."""


# --- what a request describes ----------------------------------------------------------------------------------------


def _read_leg(parameters: Parameters, listing: Listing, prefix: str, shared: str = "") -> NewOrder:
    """One order, whose parameters begin with a word of its own, and with another one where orders share them."""
    names = {name: prefix + name[0].upper() + name[1:] for name in _TERMS}
    names["newClientOrderId"] = f"{prefix}ClientOrderId"
    if shared:
        names.update(side=f"{shared}Side", quantity=f"{shared}Quantity")
    return read_order(parameters.leg({**names, "quoteOrderQty": _ABSENT}, {}), listing)


def _read_pair(parameters: Parameters, listing: Listing, above: str, below: str, shared: str = "") -> list[NewOrder]:
    """Two orders that exclude each other, the one below the price first. Raises ``ApiError``."""
    for prefix in (above, below):
        parameters.one_of(f"{prefix}Type", _OCO_TYPES, ApiError(-1158, "Order type not supported in OCO."))
    pair = [_read_leg(parameters, listing, prefix, shared) for prefix in (below, above)]
    _check_sides(pair[1], pair[0])
    return pair


def _check_sides(above: NewOrder, below: NewOrder) -> None:
    if above.type == below.type == "LIMIT_MAKER":
        raise ApiError(-1168, "At least one OCO order must be contingent.")
    buys = above.side is Side.BUY
    word = "buy" if buys else "sell"
    lies = {"LIMIT": not buys, "STOP_LOSS": buys, "TAKE_PROFIT": not buys}
    codes = {"LIMIT": (-1165, -1166), "STOP_LOSS": (-1196, -1197), "TAKE_PROFIT": (-1198, -1199)}
    texts = {"LIMIT": "limit", "STOP_LOSS": "stop loss", "TAKE_PROFIT": "take profit"}
    for order, is_above in ((above, True), (below, False)):
        kind = next(kind for kind in lies if order.type.startswith(kind))
        if lies[kind] is not is_above:
            place = "above" if lies[kind] else "below"
            raise ApiError(codes[kind][not buys], f"A {texts[kind]} order in a {word} OCO must be {place}.")


def _check_prices(listing: Listing, above: NewOrder, below: NewOrder) -> None:
    """Raise ``ApiError`` unless the price lies between the two orders, as far as they name theirs."""
    upper, lower = (order.stop_price or (0 if order.trailing_delta else order.price) for order in (above, below))
    if (upper and listing.last >= upper) or (lower and listing.last and listing.last <= lower):
        raise errors.rejected_order("The relationship of the prices for the orders is not correct.")


def _place(call: Call, listing: Listing, orders: list[NewOrder], working: NewOrder | None = None) -> dict[str, Any]:
    desk = call.account.spot
    check_room(desk, listing, [*orders, working] if working else orders)
    if sum(found.symbol == listing.symbol for found in desk.lists.open_lists()) >= filters.MOST_OPEN_LISTS:
        raise errors.filter_failure("MAX_NUM_ORDER_LISTS")
    shape = response_type(call.parameters, "RESULT")
    before = len(desk.executions)
    order_list = desk.lists.place(call.parameters.client_id("listClientOrderId"), orders, working)
    records = desk.lists.records(order_list)
    done = desk.executions[before:]
    reports = [
        shaped(shape, listing, record, [each for each in done if each.order_id == record.order_id])
        for record in records
    ]
    return {**spot_format.order_list(order_list, records), "orderReports": reports}


def new_oco(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.SPOT)
    pair = _read_pair(call.parameters, listing, "above", "below")
    _check_prices(listing, pair[1], pair[0])
    return _place(call, listing, pair)


def new_oco_by_price(call: Call) -> dict[str, Any]:
    """The older request: a limit order and a stop."""
    listing, parameters = call.listing(Market.SPOT), call.parameters
    absent = dict.fromkeys(("quoteOrderQty", "timeInForce", "stopPrice", "trailingDelta"), _ABSENT)
    limit = parameters.leg(
        {**absent, "icebergQty": "limitIcebergQty", "newClientOrderId": "limitClientOrderId"}, {"type": "LIMIT_MAKER"}
    )
    names = {
        "quoteOrderQty": _ABSENT,
        "price": "stopLimitPrice",
        "timeInForce": "stopLimitTimeInForce",
        "icebergQty": "stopIcebergQty",
        "newClientOrderId": "stopClientOrderId",
    }
    type_ = "STOP_LOSS_LIMIT" if parameters.has("stopLimitPrice") else "STOP_LOSS"
    stop = parameters.leg(names, {"type": type_})
    pair = [read_order(stop, listing), read_order(limit, listing)]
    above, below = (pair[0], pair[1]) if pair[0].side is Side.BUY else (pair[1], pair[0])
    _check_prices(listing, above, below)
    return _place(call, listing, pair)


def _read_working(parameters: Parameters, listing: Listing) -> NewOrder:
    parameters.one_of("workingType", ("LIMIT", "LIMIT_MAKER"), ApiError(-1116, "Invalid orderType."))
    return _read_leg(parameters, listing, "working", "working")


def new_oto(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.SPOT)
    working = _read_working(call.parameters, listing)
    return _place(call, listing, [_read_leg(call.parameters, listing, "pending", "pending")], working)


def new_otoco(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.SPOT)
    working = _read_working(call.parameters, listing)
    pair = _read_pair(call.parameters, listing, "pendingAbove", "pendingBelow", "pending")
    return _place(call, listing, pair, working)


# --- queries and cancels ---------------------------------------------------------------------------------------------


def _shown(desk: SpotDesk, order_list: OrderList) -> dict[str, Any]:
    return spot_format.order_list(order_list, desk.lists.records(order_list))


def query_list(call: Call) -> dict[str, Any]:
    desk = call.account.spot
    order_list = desk.lists.find(*call.parameters.ids("orderListId", "origClientOrderId"))
    if order_list is None:
        raise errors.no_such_order()
    return _shown(desk, order_list)


def all_lists(call: Call) -> list[dict[str, Any]]:
    """By id (from it on), by time (the oldest first), or the newest."""
    parameters, desk = call.parameters, call.account.spot
    limit, from_id = parameters.limit(500, 1000), parameters.optional_whole("fromId")
    if from_id is not None:
        if parameters.has("startTime") or parameters.has("endTime"):
            raise errors.bad_combination()
        chosen = [found for found in desk.lists.lists.values() if found.list_id >= from_id][:limit]
    else:
        start, end = time_range(parameters)
        every = [found for found in desk.lists.lists.values() if start <= found.created_ns <= end]
        chosen = every[:limit] if parameters.has("startTime") else every[-limit:]
    return [_shown(desk, order_list) for order_list in chosen]


def open_lists(call: Call) -> list[dict[str, Any]]:
    desk = call.account.spot
    return [_shown(desk, order_list) for order_list in desk.lists.open_lists()]


def delete_list(call: Call) -> dict[str, Any]:
    listing, desk = call.listing(Market.SPOT), call.account.spot
    order_list = desk.lists.find(*call.parameters.ids("orderListId", "listClientOrderId"))
    if order_list is None or not order_list.is_open or order_list.symbol != listing.symbol:
        raise errors.unknown_order_list()
    return cancel_list(desk, order_list, call.parameters.client_id("newClientOrderId"))


READ, TRADE = Security.READ, Security.TRADE_SPOT

ENDPOINTS = [
    Endpoint("POST", "/api/v3/orderList/oco", TRADE, 1, new_oco, orders=2),
    Endpoint("POST", "/api/v3/order/oco", TRADE, 1, new_oco_by_price, orders=2),
    Endpoint("POST", "/api/v3/orderList/oto", TRADE, 1, new_oto, orders=2),
    Endpoint("POST", "/api/v3/orderList/otoco", TRADE, 1, new_otoco, orders=3),
    Endpoint("GET", "/api/v3/orderList", READ, 4, query_list),
    Endpoint("DELETE", "/api/v3/orderList", TRADE, 1, delete_list),
    Endpoint("GET", "/api/v3/allOrderList", READ, 20, all_lists),
    Endpoint("GET", "/api/v3/openOrderList", READ, 6, open_lists),
]
