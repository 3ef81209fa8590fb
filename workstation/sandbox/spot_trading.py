"""The spot market's endpoints of orders."""

from __future__ import annotations

from typing import Any

from workstation.sandbox import errors, filters, spot_format
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import Execution, NewOrder, OrderRecord
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.queries import time_range
from workstation.sandbox.spot_desk import SpotDesk

TIMES = ("GTC", "IOC", "FOK")
_LIMITS = ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")


def read_order(call: Call, listing: Listing) -> NewOrder:
    """The order that a request describes. Raises ``ApiError`` for what is missing, malformed or filtered out."""
    parameters = call.parameters
    side = parameters.side()
    type_ = parameters.one_of("type", tuple(filters.SPOT_TYPES), ApiError(-1116, "Invalid orderType."))
    _refuse_unsupported(parameters)
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
        new.stop_price = filters.price_ticks(listing, "stopPrice", parameters.decimal("stopPrice"))
    elif parameters.has("stopPrice"):
        raise errors.not_required("stopPrice")


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


def _refuse_unsupported(parameters: Parameters) -> None:
    if parameters.has("icebergQty"):
        raise errors.rejected_order("Iceberg orders are not supported for this symbol.")
    if parameters.has("trailingDelta"):
        raise errors.rejected_order("Trailing stop orders are not supported for this symbol.")


def place(call: Call, listing: Listing, new: NewOrder) -> tuple[OrderRecord, list[Execution]]:
    """Place an order; the record and what it filled at once. Raises ``ApiError``."""
    desk = call.account.spot
    if not listing.is_trading:
        raise ApiError(-1013, "Market is closed.")
    waiting = [record for record in desk.open_orders(listing.symbol) if record.stop_price and not record.is_working]
    if new.stop_price and len(waiting) >= filters.MOST_OPEN_STOPS:
        raise errors.filter_failure("MAX_NUM_ALGO_ORDERS")
    if len(desk.open_orders(listing.symbol)) >= filters.MOST_OPEN_ORDERS:
        raise errors.filter_failure("MAX_NUM_ORDERS")
    before = len(desk.executions)
    record = desk.place(new)
    return record, desk.executions[before:]


def new_order(call: Call) -> dict[str, Any]:
    listing = call.listing(Market.SPOT)
    default = "FULL" if call.parameters.text("type", "") in ("MARKET", "LIMIT") else "ACK"
    shape = _response_type(call.parameters, default)
    record, executions = place(call, listing, read_order(call, listing))
    return _shaped(shape, listing, record, executions)


def _response_type(parameters: Parameters, default: str) -> str:
    allowed = ("ACK", "RESULT", "FULL")
    refusal = errors.illegal("newOrderRespType", "ACK, RESULT, FULL")
    return parameters.one_of("newOrderRespType", allowed, refusal, default)


def _shaped(shape: str, listing: Listing, record: OrderRecord, executions: list[Execution]) -> dict[str, Any]:
    if shape == "ACK":
        return spot_format.acknowledgement(record)
    if shape == "RESULT":
        return spot_format.result(listing, record)
    return spot_format.full(listing, record, executions)


def test_order(call: Call) -> dict[str, Any]:
    read_order(call, call.listing(Market.SPOT))
    return {}


def _wanted(call: Call, refusal: ApiError) -> tuple[SpotDesk, Listing, OrderRecord]:
    listing = call.listing(Market.SPOT)
    desk = call.account.spot
    order_id = call.parameters.optional_whole("orderId")
    client_id = call.parameters.client_id("origClientOrderId")
    if order_id is None and not client_id:
        raise ApiError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    record = desk.find(listing.symbol, order_id, client_id)
    if record is None or (order_id is not None and client_id and record.client_order_id != client_id):
        raise refusal
    return desk, listing, record


def query_order(call: Call) -> dict[str, Any]:
    _, listing, record = _wanted(call, errors.no_such_order())
    return spot_format.order(listing, record)


def cancel_order(call: Call) -> dict[str, Any]:
    desk, listing, record = _wanted(call, errors.unknown_order())
    restriction = call.parameters.text("cancelRestrictions", "")
    if not record.is_open:
        raise errors.unknown_order()
    if (restriction == "ONLY_NEW" and record.filled) or (restriction == "ONLY_PARTIALLY_FILLED" and not record.filled):
        raise ApiError(-2011, "Order was not canceled due to cancel restrictions.")
    desk.cancel(record, _cancel_id(call, record))
    return spot_format.cancelled(listing, record)


def _cancel_id(call: Call, record: OrderRecord) -> str:
    return call.parameters.client_id("newClientOrderId") or f"cancel-{record.order_id}"


def cancel_open_orders(call: Call) -> list[dict[str, Any]]:
    listing = call.listing(Market.SPOT)
    desk = call.account.spot
    records = desk.open_orders(listing.symbol)
    if not records:
        raise errors.unknown_order()
    for record in records:
        desk.cancel(record, f"cancel-{record.order_id}")
    return [spot_format.cancelled(listing, record) for record in records]


def cancel_replace(call: Call) -> dict[str, Any]:
    """Cancel one order and place another; each part is told with its own outcome."""
    listing = call.listing(Market.SPOT)
    mode = call.parameters.one_of(
        "cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"), errors.missing("cancelReplaceMode")
    )
    new = read_order(call, listing)
    desk = call.account.spot
    order_id = call.parameters.optional_whole("cancelOrderId")
    client_id = call.parameters.client_id("cancelOrigClientOrderId")
    if order_id is None and not client_id:
        raise ApiError(
            -1102, "Param 'cancelOrigClientOrderId' or 'cancelOrderId' must be sent, but both were empty/null!"
        )
    record = desk.find(listing.symbol, order_id, client_id)
    cancelled: dict[str, Any]
    if record is not None and record.is_open:
        desk.cancel(record, call.parameters.client_id("cancelNewClientOrderId") or f"cancel-{record.order_id}")
        cancelled, cancel_result = spot_format.cancelled(listing, record), "SUCCESS"
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
    shape = _response_type(call.parameters, "FULL")
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
        "newOrderResponse": _shaped(shape, listing, placed, executions),
    }
    if cancel_result != "SUCCESS":
        raise ApiError(-2021, "Order cancel-replace partially failed.", 409, data=answer)
    return answer


def open_orders(call: Call) -> list[dict[str, Any]]:
    symbol = call.listing(Market.SPOT).symbol if call.parameters.has("symbol") else ""
    desk = call.account.spot
    return [spot_format.order(desk.listings[record.symbol], record) for record in desk.open_orders(symbol)]


def all_orders(call: Call) -> list[dict[str, Any]]:
    listing = call.listing(Market.SPOT)
    limit = call.parameters.limit(500, 1000)
    records = [record for record in call.account.spot.orders.values() if record.symbol == listing.symbol]
    from_id = call.parameters.optional_whole("orderId")
    if from_id is not None:
        return [spot_format.order(listing, r) for r in records if r.order_id >= from_id][:limit]
    start, end = time_range(call.parameters)
    found = [record for record in records if start <= record.created_ns <= end]
    newest = not call.parameters.has("startTime")
    return [spot_format.order(listing, r) for r in (found[-limit:] if newest else found[:limit])]


def _open_weight(parameters: Parameters) -> int:
    return 6 if parameters.has("symbol") else 80


READ, TRADE = Security.READ, Security.TRADE_SPOT

ENDPOINTS = [
    Endpoint("POST", "/api/v3/order", TRADE, 1, new_order, orders=1),
    Endpoint("POST", "/api/v3/order/test", TRADE, 1, test_order),
    Endpoint("GET", "/api/v3/order", READ, 4, query_order),
    Endpoint("DELETE", "/api/v3/order", TRADE, 1, cancel_order),
    Endpoint("POST", "/api/v3/order/cancelReplace", TRADE, 1, cancel_replace, orders=1),
    Endpoint("GET", "/api/v3/openOrders", READ, _open_weight, open_orders),
    Endpoint("DELETE", "/api/v3/openOrders", TRADE, 1, cancel_open_orders),
    Endpoint("GET", "/api/v3/allOrders", READ, 20, all_orders),
]
