"""The account as the exchange has it: both services' orders, fills since the last known, and what gave no answer."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.venues.exchange.venue_bench import Bench, bench, placed, trade
from workstation.core.messages import AccountSnapshot, OrderStatus
from workstation.core.orders import Order, QueryRequest, SnapshotRequest
from workstation.core.types import OrderState, OrderType, Side

NOW_NS = time.time_ns()
HOUR_NS = 3_600_000_000_000


def spot_account(made: Bench) -> None:
    """An account with a foreign order, and nothing traded."""
    balances = [
        {"asset": "BTC", "free": "0.10000000", "locked": "0.00500000"},
        {"asset": "USDT", "free": "1000.12345678", "locked": "0"},
        {"asset": "XRP", "free": "0", "locked": "0"},
    ]
    made.fake.on("GET", "/api/v3/account", {"balances": balances})
    made.fake.on("GET", "/api/v3/openOrders", [placed("web_1", orderId=500, side="SELL")])
    made.fake.on("GET", "/api/v3/myTrades", [])


def linear_account(made: Bench) -> None:
    position = {"symbol": "BTCUSDT", "positionAmt": "-0.010", "entryPrice": "50000.05", "liquidationPrice": "91234.56"}
    made.fake.on("GET", "/fapi/v3/positionRisk", [position, {**position, "symbol": "ETHUSDT", "positionAmt": "0"}])
    made.fake.on("GET", "/fapi/v3/account", {"assets": [{"asset": "USDT", "walletBalance": "999.5"}]})
    made.fake.on("GET", "/fapi/v1/openOrders", [])
    made.fake.on("GET", "/fapi/v1/openAlgoOrders", [])
    made.fake.on("GET", "/fapi/v1/userTrades", [])
    made.fake.on("GET", "/fapi/v1/income", [])


async def snapshot(made: Bench, **parts: Any) -> AccountSnapshot:
    made.venue.send(SnapshotRequest(NOW_NS, **parts))
    number = len(made.of(AccountSnapshot)) + 1
    return await made.report(AccountSnapshot, number)


async def test_the_account_holds_what_orders_lock_and_foreign_orders_too() -> None:
    async with bench() as made:
        spot_account(made)
        told = await snapshot(made)
        assert told.asked_ns == NOW_NS
        assert told.balances == {"BTC": 10_500_000, "USDT": 100_012_345_678}
        assert told.positions == () and told.fills == () and told.funding == ()
        assert told.orders is not None
        (foreign,) = told.orders
        assert (foreign.client_id, foreign.venue_id, foreign.side, foreign.lots, foreign.price) == (
            "web_1",
            "500",
            Side.SELL,
            1000,
            5_000_000,
        )


async def test_lesson_3_fills_since_the_last_known_one_are_asked_for_page_by_page() -> None:
    async with bench() as made:
        spot_account(made)
        pages = [[trade(number) for number in range(101, 1_101)], [trade(1_101)]]
        made.fake.handlers["GET", "/api/v3/myTrades"] = lambda asked: (
            200,
            pages.pop(0) if asked["symbol"] == "BTCUSDT" else [],
            {},
        )
        made.fake.on("GET", "/api/v3/order", placed("w1-1"))
        told = await snapshot(made, known_fills=(("BTCUSDT", "BTCUSDT:100", NOW_NS - HOUR_NS),))
        assert told.fills is not None and len(told.fills) == 1_001
        assert {fill.client_id for fill in told.fills} == {"w1-1"}
        asked = [p["fromId"] for p in made.fake.asked("GET", "/api/v3/myTrades") if p["symbol"] == "BTCUSDT"]
        assert asked == ["101", "1101"]
        assert len(made.fake.asked("GET", "/api/v3/order")) == 1


async def test_lesson_3_shortly_after_a_fill_those_before_it_are_asked_for_too_since_one_may_be_lost() -> None:
    async with bench() as made:
        spot_account(made)
        await snapshot(made, known_fills=(("BTCUSDT", "BTCUSDT:100", NOW_NS),))
        (asked,) = [asked for asked in made.fake.asked("GET", "/api/v3/myTrades") if asked["symbol"] == "BTCUSDT"]
        assert "fromId" not in asked
        assert int(asked["startTime"]) == (NOW_NS - 5 * 60 * 1_000_000_000) // 1_000_000


async def test_lesson_2_the_union_of_our_symbols_and_the_exchanges_is_asked_for() -> None:
    async with bench() as made:
        spot_account(made)
        made.venue._snapshots._instruments.configured = {"BTCUSDT": made.instruments["BTCUSDT"]}
        made.fake.on("GET", "/api/v3/openOrders", [placed("web_1", symbol="ETHUSDT")])
        told = await snapshot(made)
        assert told.orders is not None and told.orders[0].symbol == "ETHUSDT"
        assert {asked["symbol"] for asked in made.fake.asked("GET", "/api/v3/myTrades")} == {"BTCUSDT", "ETHUSDT"}


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/api/v3/openOrders", "orders"),
        ("/api/v3/account", "balances"),
        ("/api/v3/myTrades", "fills"),
    ],
)
async def test_a_part_that_fails_is_no_news_and_the_others_are_told(path: str, part: str) -> None:
    async with bench() as made:
        spot_account(made)
        made.fake.on("GET", path, {"code": -1007, "msg": "Timeout"}, 504)
        told = await snapshot(made)
        missing = {name for name in ("orders", "positions", "balances", "fills") if getattr(told, name) is None}
        assert missing == {part}


async def test_what_was_not_asked_for_is_not_told() -> None:
    async with bench() as made:
        spot_account(made)
        told = await snapshot(made, positions=False)
        assert told.balances is None and told.positions is None and told.orders is not None
        assert not made.fake.asked("GET", "/api/v3/account")


async def test_lesson_14_positions_carry_the_exchanges_own_liquidation_price() -> None:
    async with bench("linear") as made:
        linear_account(made)
        told = await snapshot(made)
        assert told.positions is not None
        (held,) = told.positions
        assert (held.symbol, held.lots, held.cost, held.liquidation) == ("BTCUSDT", -10, -50_000_050_000, 912_346)
        assert told.balances == {"USDT": 99_950_000_000}


async def test_lesson_7_open_orders_of_both_services_are_told() -> None:
    async with bench("linear") as made:
        linear_account(made)
        made.fake.on("GET", "/fapi/v1/openOrders", [placed("w1-1", origQty="0.010", reduceOnly=True)])
        stop = {
            "algoId": 77,
            "clientAlgoId": "w1-2",
            "algoType": "CONDITIONAL",
            "orderType": "STOP_MARKET",
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": "0.010",
            "algoStatus": "NEW",
            "triggerPrice": "49000.10",
            "price": "0",
            "reduceOnly": True,
        }
        made.fake.on("GET", "/fapi/v1/openAlgoOrders", [stop])
        told = await snapshot(made)
        assert told.orders is not None
        plain, conditional = told.orders
        assert (plain.client_id, plain.reduce_only) == ("w1-1", True)
        assert (conditional.client_id, conditional.venue_id, conditional.type, conditional.stop_price) == (
            "w1-2",
            "algo:77",
            OrderType.STOP,
            490_001,
        )


async def test_lesson_8_a_liquidation_during_an_outage_is_found() -> None:
    async with bench("linear") as made:
        linear_account(made)
        row = {
            "symbol": "BTCUSDT",
            "id": 9,
            "orderId": 555,
            "side": "SELL",
            "price": "41000.00",
            "qty": "0.010",
            "commission": "0.5",
            "commissionAsset": "USDT",
            "time": 1_700_000_000_000,
            "buyer": False,
            "maker": False,
        }
        made.fake.handlers["GET", "/fapi/v1/userTrades"] = lambda asked: (
            200,
            [row] if asked["symbol"] == "BTCUSDT" else [],
            {},
        )
        made.fake.on("GET", "/fapi/v1/order", placed("autoclose-1700000000000", orderId=555))
        told = await snapshot(made)
        assert told.fills == ()
        (liquidated,) = told.liquidations
        assert (liquidated.fill_id, liquidated.side, liquidated.lots) == ("BTCUSDT:9", Side.SELL, 10)


async def test_lesson_11_funding_is_told_once_by_id_and_then_from_the_last_one_on() -> None:
    async with bench("linear") as made:
        linear_account(made)
        paid = {"symbol": "BTCUSDT", "income": "0.1", "asset": "USDT", "time": 1_700_000_000_000, "tranId": 42}
        made.fake.on("GET", "/fapi/v1/income", [paid, paid])
        told = await snapshot(made)
        assert [payment.funding_id for payment in told.funding] == ["BTCUSDT:funding:42"]
        assert told.funding[0].ts_ns == 1_700_000_000_000_000_000
        await snapshot(made)
        assert made.fake.asked("GET", "/fapi/v1/income")[1]["startTime"] == "1700000000000"


@pytest.mark.parametrize("told_before", ["algo:77", "123", ""])
async def test_a_restart_knows_its_orders_and_finds_what_a_conditional_one_became(told_before: str) -> None:
    async with bench("linear") as made:
        linear_account(made)
        ours = Order(client_id="w1-1", symbol="BTCUSDT", side=Side.SELL, type=OrderType.STOP_LIMIT, lots=10)
        ours.venue_id = told_before
        made.venue.restore([ours], {}, {})
        algo = {"algoId": 77, "clientAlgoId": "w1-1", "algoStatus": "TRIGGERED", "actualOrderId": "123"}
        made.fake.on("GET", "/fapi/v1/algoOrder", algo)
        resting = placed("an-id-of-binance", orderId=123, side="SELL", origQty="0.010")
        made.fake.on("GET", "/fapi/v1/openOrders", [resting])
        made.fake.on("GET", "/fapi/v1/order", resting)
        told = await snapshot(made)
        assert told.orders is not None
        assert [order.client_id for order in told.orders] == ["w1-1"]
        made.venue.send(QueryRequest("w1-1", 5))
        await made.quiet()
        status = await made.report(OrderStatus)
        assert (status.found, status.state) == (True, OrderState.ACCEPTED)
