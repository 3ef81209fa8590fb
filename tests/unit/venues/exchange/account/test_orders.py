"""Orders at the exchange: what is sent, what its answers and silences mean, and that nothing is sent twice."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.venues.exchange.fake_binance import WallTime, exchange_settings
from tests.unit.venues.exchange.venue_bench import bench, order, placed, trade
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderStatus,
    OrderUnknown,
)
from workstation.core.orders import AmendRequest, CancelRequest, QueryRequest
from workstation.core.types import Liquidity, OrderState, OrderType, Side, TimeInForce
from workstation.venues.exchange.connection.client import ExchangeClient

ORDER = "/api/v3/order"
ALGO = "/fapi/v1/algoOrder"
DATED = {"time_in_force": TimeInForce.GTD, "good_till_ns": 1_900_000_001_900_000_000}


def soon_ns() -> int:
    """An expiry that a change sent now meets."""
    return time.time_ns() + 4_000_000_000


@pytest.mark.parametrize(
    ("terms", "sent"),
    [
        ({"type": OrderType.MARKET}, {"type": "MARKET"}),
        ({}, {"type": "LIMIT", "price": "50000.00", "timeInForce": "GTC"}),
        ({"time_in_force": TimeInForce.IOC}, {"type": "LIMIT", "price": "50000.00", "timeInForce": "IOC"}),
        ({"time_in_force": TimeInForce.FOK}, {"type": "LIMIT", "price": "50000.00", "timeInForce": "FOK"}),
        ({"post_only": True}, {"type": "LIMIT_MAKER", "price": "50000.00"}),
        (DATED, {"type": "LIMIT", "price": "50000.00", "timeInForce": "GTC"}),
        (
            {"visible_lots": 200},
            {"type": "LIMIT", "price": "50000.00", "timeInForce": "GTC", "icebergQty": "0.00200"},
        ),
        ({"type": OrderType.STOP, "stop_price": 4_900_001}, {"type": "STOP_LOSS", "stopPrice": "49000.01"}),
        (
            {"type": OrderType.STOP_LIMIT, "stop_price": 4_900_001},
            {"type": "STOP_LOSS_LIMIT", "stopPrice": "49000.01", "price": "50000.00", "timeInForce": "GTC"},
        ),
        ({"type": OrderType.TAKE_PROFIT, "stop_price": 4_900_001}, {"type": "TAKE_PROFIT", "stopPrice": "49000.01"}),
        (
            {"type": OrderType.TAKE_PROFIT_LIMIT, "stop_price": 4_900_001},
            {"type": "TAKE_PROFIT_LIMIT", "stopPrice": "49000.01", "price": "50000.00", "timeInForce": "GTC"},
        ),
    ],
)
async def test_each_type_of_order_is_written_as_spot_has_it(terms: dict[str, Any], sent: dict[str, str]) -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        made.venue.send(order(**terms))
        await made.report(OrderAccepted)
        parameters = made.fake.asked("POST", ORDER)[0]
        for name in ("timestamp", "recvWindow", "signature"):
            assert parameters.pop(name)
        assert parameters == {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "quantity": "0.01000",
            "newClientOrderId": "w1-1",
            "newOrderRespType": "FULL",
            "selfTradePreventionMode": "EXPIRE_MAKER",
            **sent,
        }


@pytest.mark.parametrize(
    ("terms", "path", "sent"),
    [
        ({"type": OrderType.MARKET}, "/fapi/v1/order", {"type": "MARKET", "newOrderRespType": "RESULT"}),
        (
            DATED,
            "/fapi/v1/order",
            {
                "type": "LIMIT",
                "price": "500000.0",
                "timeInForce": "GTD",
                "goodTillDate": "1900000001000",
                "newOrderRespType": "RESULT",
            },
        ),
        (
            {"post_only": True, **DATED},
            "/fapi/v1/order",
            {"type": "LIMIT", "price": "500000.0", "timeInForce": "GTX", "newOrderRespType": "RESULT"},
        ),
        (
            {"type": OrderType.STOP_LIMIT, "stop_price": 490_001, **DATED},
            ALGO,
            {
                "type": "STOP",
                "triggerPrice": "49000.1",
                "price": "500000.0",
                "timeInForce": "GTC",
                "algoType": "CONDITIONAL",
            },
        ),
        (
            {"post_only": True, "reduce_only": True},
            "/fapi/v1/order",
            {
                "type": "LIMIT",
                "price": "500000.0",
                "timeInForce": "GTX",
                "reduceOnly": "true",
                "newOrderRespType": "RESULT",
            },
        ),
        (
            {"type": OrderType.STOP, "stop_price": 490_001, "reduce_only": True},
            ALGO,
            {"type": "STOP_MARKET", "triggerPrice": "49000.1", "algoType": "CONDITIONAL", "reduceOnly": "true"},
        ),
        (
            {"type": OrderType.STOP_LIMIT, "stop_price": 490_001},
            ALGO,
            {
                "type": "STOP",
                "triggerPrice": "49000.1",
                "price": "500000.0",
                "timeInForce": "GTC",
                "algoType": "CONDITIONAL",
            },
        ),
        (
            {"type": OrderType.TAKE_PROFIT, "stop_price": 490_001},
            ALGO,
            {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "49000.1", "algoType": "CONDITIONAL"},
        ),
    ],
)
async def test_lesson_7_conditional_orders_of_perpetuals_go_to_the_algo_service(
    terms: dict[str, Any], path: str, sent: dict[str, str]
) -> None:
    async with bench("linear") as made:
        made.fake.on("POST", "/fapi/v1/order", placed())
        made.fake.on("POST", ALGO, {"algoId": 77, "clientAlgoId": "w1-1", "algoStatus": "NEW"})
        made.venue.send(order(lots=10, **terms))
        accepted = await made.report(OrderAccepted)
        assert accepted.venue_id == ("algo:77" if path == ALGO else "11")
        parameters = made.fake.asked("POST", path)[0]
        for name in ("timestamp", "recvWindow", "signature"):
            assert parameters.pop(name)
        identity = {"clientAlgoId" if path == ALGO else "newClientOrderId": "w1-1"}
        assert parameters == {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.010", **identity, **sent}


async def test_lesson_7_a_cancel_goes_to_the_service_that_has_the_order_and_follows_it_when_it_triggered() -> None:
    async with bench("linear") as made:
        made.fake.on("POST", ALGO, {"algoId": 77, "clientAlgoId": "w1-1", "algoStatus": "NEW"})
        made.venue.send(order(type=OrderType.STOP_LIMIT, stop_price=490_001, lots=10))
        await made.report(OrderAccepted)
        made.fake.on("DELETE", ALGO, {"code": -2011, "msg": "Unknown order sent."}, 400)
        made.fake.on("GET", ALGO, {"algoId": 77, "algoStatus": "TRIGGERED", "actualOrderId": "123"})
        made.fake.on("DELETE", "/fapi/v1/order", placed(status="CANCELED"))
        made.venue.send(CancelRequest("w1-1"))
        await made.report(OrderCancelled)
        assert made.fake.asked("DELETE", ALGO)[0]["algoId"] == "77"
        assert made.fake.asked("DELETE", "/fapi/v1/order")[0]["orderId"] == "123"


async def test_lesson_7_cancel_all_covers_both_services_and_verifies() -> None:
    async with bench("linear") as made:
        stop = {
            "algoId": 77,
            "clientAlgoId": "theirs",
            "algoType": "CONDITIONAL",
            "orderType": "STOP_MARKET",
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": "0.010",
            "algoStatus": "NEW",
            "triggerPrice": "49000.0",
            "price": "0",
        }
        made.fake.on("DELETE", "/fapi/v1/allOpenOrders", {"code": 200, "msg": "done"})
        made.fake.on("DELETE", "/fapi/v1/algoOpenOrders", {"code": 200, "msg": "done"})
        made.fake.on("GET", "/fapi/v1/openOrders", [])
        made.fake.once("GET", "/fapi/v1/openAlgoOrders", [stop])
        made.fake.on("GET", "/fapi/v1/openAlgoOrders", [])
        assert await made.venue.cancel_all(["BTCUSDT"]) == ()
        assert len(made.fake.asked("DELETE", "/fapi/v1/algoOpenOrders")) == 2
        made.fake.on("GET", "/fapi/v1/openAlgoOrders", [stop])
        left = await made.venue.cancel_all(["BTCUSDT"])
        assert [(resting.client_id, resting.venue_id, resting.type) for resting in left] == [
            ("theirs", "algo:77", OrderType.STOP)
        ]


async def test_what_fills_at_once_is_reported_from_the_answer_with_its_exact_fee() -> None:
    async with bench() as made:
        fills = [
            {"price": "49999.99", "qty": "0.00600", "commission": "0.00000600", "commissionAsset": "BTC", "tradeId": 5},
            {"price": "50000.00", "qty": "0.00400", "commission": "0.00000123", "commissionAsset": "BNB", "tradeId": 6},
        ]
        made.fake.on("POST", ORDER, placed(status="FILLED", executedQty="0.01000", fills=fills))
        made.venue.send(order(type=OrderType.MARKET))
        second = await made.report(OrderFilled, 2)
        first = made.of(OrderFilled)[0]
        assert (first.fill_id, first.price, first.lots, first.fee, first.fee_asset) == (
            "BTCUSDT:5",
            4_999_999,
            600,
            600,
            "BTC",
        )
        assert (second.fill_id, second.fee, second.fee_asset) == ("BTCUSDT:6", 123, "BNB")
        assert second.liquidity is Liquidity.TAKER
        assert isinstance(made.reports[0], OrderAccepted)


async def test_an_ioc_remainder_ends_by_the_answer() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed(status="EXPIRED"))
        made.venue.send(order(time_in_force=TimeInForce.IOC))
        await made.report(OrderExpired)


async def test_the_expiry_of_an_order_is_enforced_by_the_exchange() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        sent = order(expires_s=3)
        made.venue.send(sent)
        await made.report(OrderAccepted)
        parameters = made.fake.asked("POST", ORDER)[0]
        reading = made.client.venue_clock.reading
        last_ns = (int(parameters["timestamp"]) + int(parameters["recvWindow"])) * 1_000_000 - reading.offset_ns
        early_ns = sent.expires_ns - last_ns
        assert reading.uncertainty_ns <= early_ns <= reading.uncertainty_ns + 2_000_000
        assert int(parameters["recvWindow"]) <= 3_000


async def test_an_order_that_has_expired_is_not_sent() -> None:
    async with bench() as made:
        made.venue.send(order(expires_s=-0.001))
        expired = await made.report(OrderExpired)
        assert expired.reason == "not sent: request expired"
        assert not made.fake.asked("POST", ORDER)


async def test_lesson_4_a_lost_answer_makes_the_order_unknown_and_it_is_never_sent_again() -> None:
    async with bench() as made:
        made.fake.drop("POST", ORDER)
        made.venue.send(order())
        await made.report(OrderUnknown)
        made.fake.on("GET", ORDER, {"code": -2013, "msg": "Order does not exist."}, 400)
        made.venue.send(QueryRequest("w1-1", 123))
        status = await made.report(OrderStatus)
        assert (status.found, status.asked_ns) == (False, 123)
        await made.quiet()
        assert len(made.fake.asked("POST", ORDER)) == 1


@pytest.mark.parametrize(("age_s", "found"), [(0, True), (3_600, False)])
async def test_an_old_order_under_the_same_client_id_is_not_taken_for_ours(age_s: int, found: bool) -> None:
    async with bench() as made:
        made.fake.drop("POST", ORDER)
        made.venue.send(order())
        await made.report(OrderUnknown)
        made_ms = time.time_ns() // 1_000_000 - age_s * 1_000
        made.fake.on("GET", ORDER, placed(time=made_ms, orderId=3))
        made.venue.send(QueryRequest("w1-1", 123))
        assert (await made.report(OrderStatus)).found is found


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (504, {"code": -1007, "msg": "Timeout waiting for response from backend server."}),
        (503, {"code": -1000, "msg": "An unknown error occurred."}),
        (500, "no JSON at all"),
        (400, {"code": -9999, "msg": "Never heard of"}),
    ],
)
async def test_lesson_4_what_is_not_certainly_refused_is_unknown(status: int, body: Any) -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, body, status)
        made.venue.send(order())
        await made.report(OrderUnknown)
        await made.quiet()
        assert len(made.fake.asked("POST", ORDER)) == 1


async def test_an_order_that_found_no_connection_was_certainly_not_taken() -> None:
    async with bench() as made:
        made.client.ccxt.urls["api"]["private"] = "http://127.0.0.1:9/api/v3"
        made.venue.send(order())
        rejected = await made.report(OrderRejected)
        assert rejected.code == "NOT_SENT"


async def test_a_refusal_carries_the_code_the_text_and_the_remedy() -> None:
    async with bench("linear") as made:
        text = "Order's position side does not match user's setting."
        made.fake.on("POST", "/fapi/v1/order", {"code": -4061, "msg": text}, 400)
        made.venue.send(order(lots=10))
        rejected = await made.report(OrderRejected)
        assert rejected.code == "-4061"
        assert rejected.reason == f"{text} Switch the account to one-way position mode."


async def test_a_doubled_client_id_leaves_the_order_that_the_exchange_has() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, {"code": -2010, "msg": "Duplicate order sent."}, 400)
        made.venue.send(order())
        assert (await made.report(OrderRejected)).code == "DUPLICATE"


async def test_lesson_15_an_order_refused_for_its_time_stamp_measures_the_clock_and_is_sent_by_the_right_one() -> None:
    async with bench() as made:
        made.fake.clock_ahead_ms = 60_000
        made.fake.once("POST", ORDER, {"code": -1021, "msg": "Timestamp for this request is outside."}, 400)
        made.fake.on("POST", ORDER, placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        first, second = made.fake.asked("POST", ORDER)
        assert int(second["timestamp"]) - int(first["timestamp"]) > 59_000
        assert first["newClientOrderId"] == second["newClientOrderId"]


async def test_lesson_15_a_second_refusal_for_the_time_stamp_ends_the_order() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, {"code": -1021, "msg": "Timestamp for this request is outside."}, 400)
        made.venue.send(order())
        await made.report(OrderExpired)
        await made.quiet()
        assert len(made.fake.asked("POST", ORDER)) == 2


async def test_a_query_brings_the_state_and_all_fills_page_by_page() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        made.venue.send(order(lots=401_000))
        await made.report(OrderAccepted)
        made.fake.on("GET", ORDER, placed(status="CANCELED", origQty="4.01000", executedQty="4.00400"))
        made.fake.once("GET", "/api/v3/myTrades", [trade(number) for number in range(1, 1001)])
        made.fake.once("GET", "/api/v3/myTrades", [trade(1001)])
        made.venue.send(QueryRequest("w1-1", 7))
        status = await made.report(OrderStatus)
        assert (status.state, status.lots, len(status.fills)) == (OrderState.CANCELLED, 401_000, 1_001)
        assert made.fake.asked("GET", "/api/v3/myTrades")[1]["fromId"] == "1001"
        assert status.fills[0].fill_id == "BTCUSDT:1"
        assert status.fills[0].ts_ns == 1_700_000_000_001_000_000


async def test_a_query_whose_trades_lag_behind_gives_no_news() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        made.fake.on("GET", ORDER, placed(status="FILLED", executedQty="0.01000"))
        made.fake.on("GET", "/api/v3/myTrades", [trade(1)])
        made.venue.send(QueryRequest("w1-1", 7))
        await made.quiet()
        assert not made.of(OrderStatus)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_query_that_fails_gives_no_news(status: int) -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        made.fake.on("GET", ORDER, {"code": -1000, "msg": "no"}, status, {"Retry-After": "0"})
        made.venue.send(QueryRequest("w1-1", 7))
        await made.quiet()
        assert not made.of(OrderStatus)


async def test_a_cancel_of_a_gone_order_is_refused_and_says_what_became_of_it() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        made.fake.on("DELETE", ORDER, {"code": -2011, "msg": "Unknown order sent."}, 400)
        made.fake.on("GET", ORDER, placed(status="FILLED", executedQty="0.00400", origQty="0.00400"))
        made.fake.on("GET", "/api/v3/myTrades", [trade(1)])
        made.venue.send(CancelRequest("w1-1"))
        status = await made.report(OrderStatus)
        assert made.of(CancelRejected)[0].reason == "There is no such open order."
        assert status.state is OrderState.FILLED and len(status.fills) == 1


async def test_a_cancel_without_an_answer_proves_nothing() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        made.fake.on("DELETE", ORDER, {"code": -1007, "msg": "Timeout"}, 504)
        made.venue.send(CancelRequest("w1-1"))
        await made.quiet()
        assert len(made.reports) == 1


async def test_a_cancel_right_after_its_order_waits_for_it() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        made.fake.on("DELETE", ORDER, placed(status="CANCELED"))
        made.venue.send(order())
        made.venue.send(CancelRequest("w1-1"))
        made.venue.send(CancelRequest("w1-1"))
        await made.report(OrderCancelled)
        await made.quiet()
        methods = [method for method, path, _ in made.fake.requests if path == ORDER]
        assert methods == ["POST", "DELETE"]


async def test_a_cancel_of_an_order_that_nobody_told_of_is_refused() -> None:
    async with bench() as made:
        made.venue.send(CancelRequest("never-heard"))
        assert "no such order" in (await made.report(CancelRejected)).reason


async def test_spot_changes_no_order_in_place_and_says_what_to_do() -> None:
    async with bench() as made:
        made.fake.on("POST", ORDER, placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        made.venue.send(AmendRequest("w1-1", 5_000_001, 0, 1_000, 1, soon_ns()))
        assert (await made.report(AmendRejected)).reason == (
            "binance changes no limit order in place; cancel it and place another."
        )
        assert not made.venue.can.amend


async def test_a_perpetuals_limit_order_is_changed_in_place_with_an_expiry() -> None:
    async with bench("linear") as made:
        made.fake.on("POST", "/fapi/v1/order", placed())
        made.venue.send(order(lots=10, side=Side.SELL))
        await made.report(OrderAccepted)
        made.fake.on("PUT", "/fapi/v1/order", placed(price="50000.10", origQty="0.020"))
        made.venue.send(AmendRequest("w1-1", 500_001, 0, 20, 1, soon_ns()))
        amended = await made.report(OrderAmended)
        assert (amended.price, amended.lots) == (500_001, 20)
        sent = made.fake.asked("PUT", "/fapi/v1/order")[0]
        assert (sent["orderId"], sent["price"], sent["quantity"], sent["side"]) == ("11", "50000.1", "0.020", "SELL")
        assert int(sent["recvWindow"]) <= 5_000


async def test_lesson_16_a_ban_is_waited_out_as_long_as_the_exchange_says_and_is_shown() -> None:
    async with bench() as made:
        made.fake.once("POST", ORDER, {"code": -1003, "msg": "Too many requests."}, 429, {"Retry-After": "1"})
        made.fake.on("POST", ORDER, placed("w1-2", orderId=12))
        made.venue.send(order())
        assert (await made.report(OrderRejected)).code == "-1003"
        limits = made.venue.limits
        assert limits.refusals == 1 and limits.blocked_until_ns > time.time_ns()
        assert "429" in limits.blocked_reason
        made.venue.send(order("w1-2"))
        await made.report(OrderAccepted)
        assert time.time_ns() >= limits.blocked_until_ns
        made.fake.once("POST", ORDER, {"code": -1003, "msg": "banned"}, 418, {"Retry-After": "100"})
        made.venue.send(order("w1-3"))
        await made.report(OrderRejected, 2)
        made.venue.send(order("w1-4"))
        assert (await made.report(OrderExpired)).reason == "not sent: request expired"


async def test_lesson_31_a_paper_sessions_client_holds_no_keys() -> None:
    client = ExchangeClient(exchange_settings("http://127.0.0.1:8800"), None, WallTime())
    assert not client.has_credentials
    assert not client.ccxt.apiKey and not client.ccxt.secret
    await client.close()
