"""USD-M's endpoints of orders and trades. Conditional orders are the Algo service's, see ``algo_service``."""

from __future__ import annotations

from typing import Any

import orjson

from workstation.core.types import Side
from workstation.sandbox import errors, filters, futures_format
from workstation.sandbox.endpoint import Call, Endpoint, Security
from workstation.sandbox.errors import ApiError
from workstation.sandbox.futures_desk import FuturesDesk
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import BOTH, HEDGE_SIDES, NewOrder, OrderRecord
from workstation.sandbox.parameters import Parameters
from workstation.sandbox.public_history import one_or_all
from workstation.sandbox.queries import WEEK_NS, all_orders, open_orders, own_trades, wanted_symbol
from workstation.sandbox.wire import MILLISECOND_NS

TIMES = ("GTC", "IOC", "FOK", "GTX", "GTD")
CONDITIONAL = tuple(type_ for type_ in filters.FUTURES_TYPES if type_ not in ("LIMIT", "MARKET"))
MOST_BATCHED = 5
DONE = {"code": 200, "msg": "The operation of cancel all open order is done."}
BAD_TYPE = ApiError(-1116, "Invalid orderType.")
BAD_TIME = ApiError(-1115, "Invalid timeInForce.")


def read_order(call: Call, listing: Listing) -> NewOrder:
    """The order that a request describes. Raises ``ApiError`` for what is missing, malformed or filtered out."""
    parameters = call.parameters
    side = parameters.side()
    type_ = parameters.one_of("type", tuple(filters.FUTURES_TYPES), BAD_TYPE)
    if type_ in CONDITIONAL:
        text = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        raise ApiError(-4120, text)
    position_side = read_position_side(call)
    new = NewOrder(
        symbol=listing.symbol,
        side=side,
        type=type_,
        client_order_id=parameters.client_id("newClientOrderId"),
        reduce_only=parameters.flag("reduceOnly") or closes(position_side, side),
        position_side=position_side,
        self_trade_mode=self_trade_mode(parameters),
    )
    if parameters.flag("closePosition"):
        raise ApiError(-4136, f"Target strategy invalid for orderType {type_},closePosition true")
    for name in ("stopPrice", "priceMatch"):
        if parameters.has(name):
            raise errors.not_required(name)
    if type_ == "LIMIT":
        new.time_in_force = parameters.one_of("timeInForce", TIMES, BAD_TIME)
        new.price = filters.price_ticks(listing, "price", parameters.decimal("price"))
        filters.check_futures_band(listing, side, new.price)
        new.good_till_ns = good_till(call, new.time_in_force)
    else:
        for name in ("price", "timeInForce"):
            if parameters.has(name):
                raise errors.not_required(name)
    new.lots = filters.quantity_lots(listing, "quantity", parameters.decimal("quantity"))
    if not new.reduce_only:
        worth = listing.worth(new.price or listing.mark_price(), new.lots)
        filters.check_futures_notional(listing, worth)
    return new


def read_position_side(call: Call) -> str:
    """Which position an order is for. Raises ``ApiError`` when the account's mode does not have it."""
    refusal = ApiError(-4060, "Invalid position side.")
    position_side = call.parameters.one_of("positionSide", (BOTH, *HEDGE_SIDES), refusal, BOTH)
    call.account.futures.check_side(position_side)
    if position_side != BOTH and call.parameters.has("reduceOnly"):
        # In hedge mode an order of the other side reduces by itself.
        raise errors.not_required("reduceonly")
    return position_side


def closes(position_side: str, side: Side) -> bool:
    """Whether an order can only reduce the position that it is for."""
    return (position_side, side) in (("LONG", Side.SELL), ("SHORT", Side.BUY))


def self_trade_mode(parameters: Parameters) -> str:
    """The one that there is. Raises ``ApiError`` for any other."""
    text = "Data sent for parameter 'selfTradePreventionMode' is not valid: the sandbox exchange has EXPIRE_TAKER only."
    return parameters.one_of("selfTradePreventionMode", ("EXPIRE_TAKER",), ApiError(-1130, text), "EXPIRE_TAKER")


def good_till(call: Call, time_in_force: str) -> int:
    """When an order with time in force GTD ends, UTC nanoseconds; 0 for any other. Raises ``ApiError``."""
    if time_in_force != "GTD":
        return 0
    until_ns = call.parameters.time_ns("goodTillDate")
    if until_ns is None:
        raise errors.missing("goodTillDate")
    if until_ns < call.exchange.clock.time_ns + 600 * 10**9:
        raise ApiError(-4190, "The goodTillDate timestamp must be greater than the current time plus 600 seconds.")
    return until_ns


def _place(call: Call) -> tuple[Listing, OrderRecord]:
    listing = call.listing(Market.FUTURES)
    if not listing.is_trading:
        raise ApiError(-4108, "This contract is being settled or pre-delivery; no orders are taken.")
    new = read_order(call, listing)
    desk = call.account.futures
    if len(desk.open_orders(listing.symbol)) >= filters.MOST_OPEN_ORDERS:
        raise ApiError(-4400, "Reach max open order limit.")
    return listing, desk.place(new)


def new_order(call: Call) -> dict[str, Any]:
    shape = call.parameters.one_of(
        "newOrderRespType", ("ACK", "RESULT"), errors.illegal("newOrderRespType", "ACK, RESULT"), "ACK"
    )
    listing, record = _place(call)
    answer = futures_format.answer(listing, record)
    if shape == "ACK":
        none = listing.quantity_text(0)
        answer.update(status="NEW", executedQty=none, cumQty=none, cumQuote="0.00000", avgPrice="0.00")
    return answer


def test_order(call: Call) -> dict[str, Any]:
    read_order(call, call.listing(Market.FUTURES))
    return {}


def batch_orders(call: Call) -> list[dict[str, Any]]:
    """Up to five orders, each with its own outcome."""
    return [_one(call, terms, new_order) for terms in _json_dicts(call.parameters.text("batchOrders"))]


def modify_batch(call: Call) -> list[dict[str, Any]]:
    return [_one(call, terms, modify_order) for terms in _json_dicts(call.parameters.text("batchOrders"))]


def _json_dicts(text: str) -> list[dict[str, str]]:
    refusal = ApiError(-4082, "Invalid number of batch place orders.")
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise errors.illegal("batchOrders", "a JSON list of orders") from None
    if (
        not isinstance(found, list)
        or not 1 <= len(found) <= MOST_BATCHED
        or not all(isinstance(x, dict) for x in found)
    ):
        raise refusal
    return [{str(name): _text(value) for name, value in terms.items()} for terms in found]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _one(call: Call, terms: dict[str, str], handler: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = handler(call.with_values({"newOrderRespType": "RESULT", **terms}))
    except ApiError as refusal:
        return refusal.body()
    return answer


def _wanted(call: Call, refusal: ApiError) -> tuple[FuturesDesk, Listing, OrderRecord]:
    listing = call.listing(Market.FUTURES)
    desk = call.account.futures
    neither = ApiError(-1102, "Either orderId or origClientOrderId must be sent.")
    record = desk.find(listing.symbol, *call.parameters.ids("orderId", "origClientOrderId", neither))
    if record is None:
        raise refusal
    return desk, listing, record


def query_order(call: Call) -> dict[str, Any]:
    _, listing, record = _wanted(call, errors.no_such_order())
    return futures_format.order(listing, record)


def query_open_order(call: Call) -> dict[str, Any]:
    _, listing, record = _wanted(call, errors.no_such_order())
    if not record.is_open:
        raise errors.no_such_order()
    return futures_format.order(listing, record)


def cancel_order(call: Call) -> dict[str, Any]:
    desk, listing, record = _wanted(call, errors.unknown_order())
    if not record.is_open:
        raise errors.unknown_order()
    desk.cancel(record)
    return futures_format.answer(listing, record)


def modify_order(call: Call) -> dict[str, Any]:
    desk, listing, record = _wanted(call, errors.no_such_order())
    if not record.is_open:
        raise errors.no_such_order()
    parameters = call.parameters
    if parameters.side() is not record.side:
        raise ApiError(-1117, "Invalid side.")
    if record.type != "LIMIT":
        raise ApiError(-5024, "Only limit order is supported.")
    price = filters.price_ticks(listing, "price", parameters.decimal("price"))
    lots = filters.quantity_lots(listing, "quantity", parameters.decimal("quantity"))
    if (price, lots) == (record.price, record.lots):
        raise ApiError(-5027, "No need to modify the order.")
    filters.check_futures_band(listing, record.side, price)
    if lots <= record.filled:
        desk.cancel(record)
    else:
        desk.amend(record, price, lots)
    return futures_format.answer(listing, record)


def cancel_all(call: Call) -> dict[str, Any]:
    desk = call.account.futures
    for record in desk.open_orders(call.listing(Market.FUTURES).symbol):
        desk.cancel(record)
    return DONE


def cancel_batch(call: Call) -> list[dict[str, Any]]:
    # Clients write the names in either way.
    names = ("orderIdList", "orderidlist", "origClientOrderIdList", "origclientorderidlist")
    name = next((name for name in names if call.parameters.has(name)), names[0])
    try:
        ids = orjson.loads(call.parameters.text(name))
    except orjson.JSONDecodeError:
        raise errors.illegal(name, "a JSON list") from None
    if not isinstance(ids, list) or not 1 <= len(ids) <= 10:
        raise ApiError(-4083, "Invalid number of batch cancel orders.")
    each = "orderId" if name.lower() == "orderidlist" else "origClientOrderId"
    symbol = call.parameters.text("symbol")
    return [_one(call, {"symbol": symbol, each: str(id_)}, cancel_order) for id_ in ids]


def countdown(call: Call) -> dict[str, Any]:
    """The dead man's switch."""
    listing = call.listing(Market.FUTURES)
    milliseconds = call.parameters.whole("countdownTime")
    call.account.futures.set_countdown(listing.symbol, milliseconds * MILLISECOND_NS)
    return {"symbol": listing.symbol, "countdownTime": str(milliseconds)}


def force_orders(call: Call) -> list[dict[str, Any]]:
    """Orders by which the exchange closed positions."""
    desk = call.account.futures
    symbol = wanted_symbol(call, Market.FUTURES)
    prefixes = {"LIQUIDATION": ("autoclose-",), "ADL": ("adl_autoclose",), "": ("autoclose-", "adl_autoclose")}
    refusal = ApiError(-1130, "Data sent for parameter 'autoCloseType' is not valid.")
    wanted = prefixes[call.parameters.one_of("autoCloseType", tuple(prefixes), refusal, "")]
    found = [
        futures_format.order(desk.listings[record.symbol], record)
        for record in desk.orders.values()
        if record.client_order_id.startswith(wanted)
        and record.symbol in desk.listings
        and symbol in ("", record.symbol)
    ]
    return found[-call.parameters.limit(50, 100) :]


READ, TRADE = Security.READ, Security.TRADE_FUTURES

ENDPOINTS = [
    Endpoint("POST", "/fapi/v1/order", TRADE, 0, new_order, orders=1),
    Endpoint("PUT", "/fapi/v1/order", TRADE, 1, modify_order, orders=1),
    Endpoint("POST", "/fapi/v1/order/test", TRADE, 0, test_order),
    Endpoint("GET", "/fapi/v1/order", READ, 1, query_order),
    Endpoint("DELETE", "/fapi/v1/order", TRADE, 1, cancel_order),
    Endpoint("POST", "/fapi/v1/batchOrders", TRADE, 5, batch_orders, orders=5),
    Endpoint("PUT", "/fapi/v1/batchOrders", TRADE, 5, modify_batch, orders=5),
    Endpoint("DELETE", "/fapi/v1/batchOrders", TRADE, 1, cancel_batch),
    Endpoint("DELETE", "/fapi/v1/allOpenOrders", TRADE, 1, cancel_all),
    Endpoint("POST", "/fapi/v1/countdownCancelAll", TRADE, 10, countdown),
    Endpoint("GET", "/fapi/v1/openOrder", READ, 1, query_open_order),
    Endpoint("GET", "/fapi/v1/openOrders", READ, one_or_all(1, 40), open_orders(Market.FUTURES, futures_format.order)),
    Endpoint("GET", "/fapi/v1/allOrders", READ, 5, all_orders(Market.FUTURES, futures_format.order, WEEK_NS)),
    Endpoint("GET", "/fapi/v1/userTrades", READ, 5, own_trades(Market.FUTURES, futures_format.own_trade, WEEK_NS)),
    Endpoint("GET", "/fapi/v1/forceOrders", READ, 20, force_orders),
]
