"""What queries of orders and of the past ask for, the same on both markets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workstation.sandbox import errors
from workstation.sandbox.endpoint import Call, Handler
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Listing, Market
from workstation.sandbox.orders import Execution, OrderRecord
from workstation.sandbox.parameters import Parameters

LONGEST_QUERY_NS = 24 * 3_600 * 10**9
"""Between the two times of a query on spot."""
WEEK_NS = 7 * LONGEST_QUERY_NS
"""The same on USD-M."""


def time_range(parameters: Parameters, longest_ns: int = LONGEST_QUERY_NS) -> tuple[int, int]:
    """``startTime`` and ``endTime`` as nanoseconds, both included. Raises ``ApiError`` when they lie too far apart."""
    start, end = parameters.time_ns("startTime"), parameters.time_ns("endTime")
    if start is not None and end is not None:
        if start > end:
            raise ApiError(-1023, "Start time is greater than end time.")
        if end - start > longest_ns:
            raise ApiError(-1127, f"More than {longest_ns // (3_600 * 10**9)} hours between startTime and endTime.")
    return start or 0, (end + 999_999) if end is not None else 1 << 62


def wanted_symbol(call: Call, market: Market) -> str:
    """The parameter ``symbol``; empty, for all, when it is not there. Raises ``ApiError``."""
    return call.listing(market).symbol if call.parameters.has("symbol") else ""


def open_orders(market: Market, shape: Callable[[Listing, OrderRecord], dict[str, Any]]) -> Handler:
    """The endpoint of open orders, of a symbol or of all."""

    def answer(call: Call) -> list[dict[str, Any]]:
        desk = call.account.desk(market)
        records = desk.open_orders(wanted_symbol(call, market))
        return [shape(desk.listings[record.symbol], record) for record in records]

    return answer


def all_orders(
    market: Market, shape: Callable[[Listing, OrderRecord], dict[str, Any]], longest_ns: int = LONGEST_QUERY_NS
) -> Handler:
    """The endpoint of a symbol's orders: by id (from it on), by time (the oldest first), or the newest."""

    def answer(call: Call) -> list[dict[str, Any]]:
        listing, parameters = call.listing(market), call.parameters
        limit = parameters.limit(500, 1000)
        found = [record for record in call.account.desk(market).orders.values() if record.symbol == listing.symbol]
        from_id = parameters.optional_whole("orderId")
        if from_id is not None:
            chosen = [record for record in found if record.order_id >= from_id][:limit]
        else:
            start, end = time_range(parameters, longest_ns)
            found = [record for record in found if start <= record.created_ns <= end]
            chosen = found[:limit] if parameters.has("startTime") else found[-limit:]
        return [shape(listing, record) for record in chosen]

    return answer


def own_trades(
    market: Market, shape: Callable[[Listing, Execution], dict[str, Any]], longest_ns: int = LONGEST_QUERY_NS
) -> Handler:
    """The endpoint of a symbol's own trades."""

    def answer(call: Call) -> list[dict[str, Any]]:
        listing = call.listing(market)
        executions = call.account.desk(market).executions
        wanted = wanted_executions(call.parameters, executions, listing.symbol, longest_ns)
        return [shape(listing, execution) for execution in wanted]

    return answer


def order_limits(market: Market) -> Handler:
    """The endpoint of the account's limits of orders and their use."""
    return lambda call: call.order_limits(market)


def wanted_executions(
    parameters: Parameters, executions: list[Execution], symbol: str, longest_ns: int
) -> list[Execution]:
    """By order, by trade id (from it on), by time (the oldest first), or the newest."""
    limit = parameters.limit(500, 1000)
    found = [execution for execution in executions if execution.symbol == symbol]
    order_id, from_id = parameters.optional_whole("orderId"), parameters.optional_whole("fromId")
    if order_id is not None:
        found = [execution for execution in found if execution.order_id == order_id]
    if from_id is not None:
        if parameters.has("startTime") or parameters.has("endTime"):
            raise errors.bad_combination()
        return [execution for execution in found if execution.trade_id >= from_id][:limit]
    start, end = time_range(parameters, longest_ns)
    found = [execution for execution in found if start <= execution.ts_ns <= end]
    return found[:limit] if parameters.has("startTime") else found[-limit:]
