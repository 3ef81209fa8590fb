"""The spot market's endpoints of orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workstation.sandbox import errors, filters, spot_format
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.order_lists import OrderList
from workstation.sandbox.orders import Execution, NewOrder, OrderRecord
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.public_history import one_or_all
from workstation.sandbox.queries import all_orders, open_orders
from workstation.sandbox.spot_desk import SpotDesk
from workstation.sandbox.spot_triggers import is_conditional

TIMES = ("GTC", "IOC", "FOK")
_LIMITS = ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")


def read_order(parameters: Parameters, listing: Listing) -> NewOrder:
    """The order that a request describes. Raises ``ApiError`` for what is missing, malformed or filtered out."""
    side = parameters.side()
    type_ = parameters.one_of("type", tuple(filters.SPOT_TYPES), ApiError(-1116, "Invalid orderType."))
    new = NewOrder(
        symbol=listing.symbol,
        side=side,
        type=type_,
        client_order_id=parameters.client_id("newClientOrderId"),
        self_trade_mode=parameters.one_of(
            "selfTradePreventionMode",
            ("EXPIRE_TAKER",),
            ApiError(-1013, "This symbol does not allow the specified self-trade prevention mode."),
            "EXPIRE_TAKER",
        ),
    )
    _read_prices(parameters, listing, new)
    _read_quantity(parameters, listing, new)
    _read_iceberg(parameters, listing, new)
    price = new.price or new.stop_price
    worth = listing.worth(price, new.lots) if price else listing.cost_of(side, new.lots)
    filters.check_spot_notional(listing, new.quote_quantity or worth or listing.worth(listing.last, new.lots))
    return new


def _read_prices(parameters: Parameters, listing: Listing, new: NewOrder) -> None:
    if new.type in _LIMITS:
        new.price = filters.price_ticks(listing, "price", parameters.decimal("price"))
        filters.check_spot_band(listing, new.side, new.price)
        if new.type != "LIMIT_MAKER":
            new.time_in_force = parameters.one_of("timeInForce", TIMES, ApiError(-1115, "Invalid timeInForce."))
        elif parameters.has("timeInForce"):
            raise errors.not_required("timeInForce")
    else:
        for name in ("price", "timeInForce"):
            if parameters.has(name):
                raise errors.not_required(name)
    if new.type in _STOPS:
        if parameters.has("trailingDelta"):
            new.trailing_delta = parameters.whole("trailingDelta")
            if not filters.LEAST_TRAILING <= new.trailing_delta <= filters.MOST_TRAILING:
                raise errors.filter_failure("TRAILING_DELTA")
        if parameters.has("stopPrice") or not new.trailing_delta:
            new.stop_price = filters.price_ticks(listing, "stopPrice", parameters.decimal("stopPrice"))
        return
    for name in ("stopPrice", "trailingDelta"):
        if parameters.has(name):
            raise errors.not_required(name)


def _read_quantity(parameters: Parameters, listing: Listing, new: NewOrder) -> None:
    if not parameters.has("quoteOrderQty"):
        new.lots = filters.quantity_lots(listing, "quantity", parameters.decimal("quantity"))
        return
    if new.type != "MARKET" or parameters.has("quantity"):
        raise errors.not_required("quoteOrderQty") if new.type != "MARKET" else errors.bad_combination()
    new.quote_quantity = int(parameters.decimal("quoteOrderQty") * 10**8)
    new.lots = listing.lots_for(new.side, new.quote_quantity)
    if not new.lots:
        raise errors.filter_failure("NOTIONAL")


def _read_iceberg(parameters: Parameters, listing: Listing, new: NewOrder) -> None:
    if not parameters.has("icebergQty"):
        return
    if new.type not in _LIMITS:
        raise errors.not_required("icebergQty")
    if new.time_in_force != "GTC":
        raise ApiError(-1014, "Unsupported order combination.")
    quantity = parameters.decimal("icebergQty")
    new.iceberg = filters.quantity_lots(listing, "icebergQty", quantity) if quantity else 0
    if new.iceberg > new.lots:
        raise errors.rejected_order("IcebergQty exceeds QTY.")
    if new.iceberg and -(-new.lots // new.iceberg) > filters.MOST_ICEBERG_PARTS:
        raise errors.filter_failure("ICEBERG_PARTS")


def place(call: Call, listing: Listing, new: NewOrder) -> tuple[OrderRecord, list[Execution]]:
    """Place an order; the record and what it filled at once. Raises ``ApiError``."""
    desk = call.account.spot
    check_room(desk, listing, [new])
    before = len(desk.executions)
    record = desk.place(new)
    return record, desk.executions[before:]


def check_room(desk: SpotDesk, listing: Listing, orders: Sequence[NewOrder]) -> None:
    """Raise ``ApiError`` when the symbol is not traded, or the account has too many open orders of it."""
    if not listing.is_trading:
        raise ApiError(-1013, "Market is closed.")
    is_open = desk.open_orders(listing.symbol)
    stops = sum(is_conditional(new) for new in orders)
    waiting = sum(is_conditional(record) and not record.is_working for record in is_open)
    if stops and waiting + stops > filters.MOST_OPEN_STOPS:
        raise errors.filter_failure("MAX_NUM_ALGO_ORDERS")
    if len(is_open) + len(orders) > filters.MOST_OPEN_ORDERS:
        raise errors.filter_failure("MAX_NUM_ORDERS")


def new_order(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.SPOT)
    default = "FULL" if call.parameters.text("type", "") in ("MARKET", "LIMIT") else "ACK"
    shape = response_type(call.parameters, default)
    record, executions = place(call, listing, read_order(call.parameters, listing))
    return shaped(shape, listing, record, executions)


def response_type(parameters: Parameters, default: str) -> str:
    allowed = ("ACK", "RESULT", "FULL")
    refusal = errors.illegal("newOrderRespType", "ACK, RESULT, FULL")
    return parameters.one_of("newOrderRespType", allowed, refusal, default)


def shaped(shape: str, listing: Listing, record: OrderRecord, executions: list[Execution]) -> dict[str, Any]:
    if shape == "ACK":
        return spot_format.acknowledgement(record)
    if shape == "RESULT":
        return spot_format.result(listing, record)
    return spot_format.full(listing, record, executions)


def test_order(call: Call) -> dict[str, Any]:
    read_order(call.parameters, call.listing(Market.SPOT))
    return {}


def _wanted(call: Call, refusal: ApiError) -> tuple[SpotDesk, Listing, OrderRecord]:
    listing = call.listing(Market.SPOT)
    desk = call.account.spot
    order_id, client_id = call.parameters.ids("orderId", "origClientOrderId")
    record = desk.find(listing.symbol, order_id, client_id)
    if record is None or (order_id is not None and client_id and record.client_order_id != client_id):
        raise refusal
    return desk, listing, record


def query_order(call: Call) -> dict[str, Any]:
    _, listing, record = _wanted(call, errors.no_such_order())
    return spot_format.order(listing, record)


def cancel_order(call: Call) -> dict[str, Any]:
    desk, _, record = _wanted(call, errors.unknown_order())
    restriction = call.parameters.text("cancelRestrictions", "")
    if not record.is_open:
        raise errors.unknown_order()
    if (restriction == "ONLY_NEW" and record.filled) or (restriction == "ONLY_PARTIALLY_FILLED" and not record.filled):
        raise ApiError(-2011, "Order was not canceled due to cancel restrictions.")
    return cancel(desk, record, call.parameters.client_id("newClientOrderId"))


def cancel(desk: SpotDesk, record: OrderRecord, cancel_id: str = "") -> dict[str, Any]:
    """Cancel an open order or the list that it belongs to; the answer tells which."""
    order_list = desk.lists.open_list(record)
    if order_list is not None:
        return cancel_list(desk, order_list, cancel_id)
    desk.cancel(record, cancel_id or f"cancel-{record.order_id}")
    return spot_format.cancelled(desk.listings[record.symbol], record)


def cancel_list(desk: SpotDesk, order_list: OrderList, cancel_id: str = "") -> dict[str, Any]:
    """Cancel an open list; the answer tells of its orders that were open."""
    cancelled = desk.lists.cancel(order_list, cancel_id)
    listing = desk.listings[order_list.symbol]
    reports = [spot_format.cancelled(listing, record) for record in cancelled]
    return {**spot_format.order_list(order_list, desk.lists.records(order_list)), "orderReports": reports}


def cancel_open_orders(call: Call) -> list[dict[str, Any]]:
    listing = call.listing(Market.SPOT)
    desk = call.account.spot
    records = desk.open_orders(listing.symbol)
    if not records:
        raise errors.unknown_order()
    # The first order of a list cancels the others.
    return [cancel(desk, record) for record in records if record.is_open]


def cancel_replace(call: Call) -> dict[str, Any]:
    """Cancel one order and place another; each part is told with its own outcome."""
    listing = call.listing(Market.SPOT)
    mode = call.parameters.one_of(
        "cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"), errors.missing("cancelReplaceMode")
    )
    new = read_order(call.parameters, listing)
    desk = call.account.spot
    record = desk.find(listing.symbol, *call.parameters.ids("cancelOrderId", "cancelOrigClientOrderId"))
    cancelled: dict[str, Any]
    if record is not None and record.is_open:
        cancelled = cancel(desk, record, call.parameters.client_id("cancelNewClientOrderId"))
        cancel_result = "SUCCESS"
    else:
        cancelled, cancel_result = errors.unknown_order().body(), "FAILURE"
        if mode == "STOP_ON_FAILURE":
            data = {
                "cancelResult": cancel_result,
                "newOrderResult": "NOT_ATTEMPTED",
                "cancelResponse": cancelled,
                "newOrderResponse": None,
            }
            raise ApiError(-2022, "Order cancel-replace failed.", data=data)
    shape = response_type(call.parameters, "FULL")
    try:
        placed, executions = place(call, listing, new)
    except ApiError as refusal:
        data = {
            "cancelResult": cancel_result,
            "newOrderResult": "FAILURE",
            "cancelResponse": cancelled,
            "newOrderResponse": refusal.body(),
        }
        if cancel_result == "SUCCESS":
            raise ApiError(-2021, "Order cancel-replace partially failed.", 409, data=data) from None
        raise ApiError(-2022, "Order cancel-replace failed.", data=data) from None
    answer = {
        "cancelResult": cancel_result,
        "newOrderResult": "SUCCESS",
        "cancelResponse": cancelled,
        "newOrderResponse": shaped(shape, listing, placed, executions),
    }
    if cancel_result != "SUCCESS":
        raise ApiError(-2021, "Order cancel-replace partially failed.", 409, data=answer)
    return answer


READ, TRADE = Security.READ, Security.TRADE_SPOT

ENDPOINTS = [
    Endpoint("POST", "/api/v3/order", TRADE, 1, new_order, orders=1),
    Endpoint("POST", "/api/v3/order/test", TRADE, 1, test_order),
    Endpoint("GET", "/api/v3/order", READ, 4, query_order),
    Endpoint("DELETE", "/api/v3/order", TRADE, 1, cancel_order),
    Endpoint("POST", "/api/v3/order/cancelReplace", TRADE, 1, cancel_replace, orders=1),
    Endpoint("GET", "/api/v3/openOrders", READ, one_or_all(6, 80), open_orders(Market.SPOT, spot_format.order)),
    Endpoint("DELETE", "/api/v3/openOrders", TRADE, 1, cancel_open_orders),
    Endpoint("GET", "/api/v3/allOrders", READ, 20, all_orders(Market.SPOT, spot_format.order)),
]
