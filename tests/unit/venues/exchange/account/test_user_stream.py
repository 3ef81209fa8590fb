"""The account's stream: every execution once, each turn of an order's life, and what a lost connection leads to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.venues.exchange.fake_binance import KEYS
from tests.unit.venues.exchange.venue_bench import bench, execution_report, linear_update, order, placed
from workstation.core.messages import (
    FundingPaid,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
    PositionLiquidated,
)
from workstation.core.orders import CancelRequest
from workstation.core.types import Liquidity, OrderType, Side

FILL = {"l": "0.00400", "L": "50000.00", "n": "0.00000400", "N": "BTC", "t": 12345, "m": True}


async def test_the_spot_stream_is_subscribed_by_signature() -> None:
    async with bench(stream=True) as made:
        sent = made.fake.asked("WS", "userDataStream.subscribe.signature")[0]
        assert sent["apiKey"] == KEYS.key and len(sent["signature"]) == 64
        assert made.venue.stream.connected


async def test_an_order_and_its_fills_are_told_with_the_exchanges_ids() -> None:
    async with bench(stream=True) as made:
        made.fake.on("POST", "/api/v3/order", placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        await made.fake.push(execution_report("NEW", "NEW"))
        await made.fake.push(execution_report("TRADE", "PARTIALLY_FILLED", **FILL))
        fill = await made.report(OrderFilled)
        assert (fill.client_id, fill.fill_id, fill.price, fill.lots) == ("w1-1", "BTCUSDT:12345", 5_000_000, 400)
        assert (fill.fee, fill.fee_asset, fill.liquidity) == (400, "BTC", Liquidity.MAKER)
        assert len(made.of(OrderAccepted)) == 1


async def test_the_same_fill_by_the_answer_and_by_the_stream_is_one() -> None:
    async with bench(stream=True) as made:
        row = {"price": "50000.00", "qty": "0.00400", "commission": "0.000004", "commissionAsset": "BTC"}
        made.fake.on("POST", "/api/v3/order", placed(fills=[{**row, "tradeId": 12345}]))
        await made.fake.push(execution_report("TRADE", "PARTIALLY_FILLED", **FILL))
        await made.report(OrderFilled)
        made.venue.send(order())
        await made.report(OrderAccepted)
        await made.quiet()
        await made.fake.push(execution_report("TRADE", "FILLED", **{**FILL, "t": 12346}))
        await made.report(OrderFilled, 2)
        assert [fill.fill_id for fill in made.of(OrderFilled)] == ["BTCUSDT:12345", "BTCUSDT:12346"]


async def test_a_cancel_is_told_under_the_orders_own_id() -> None:
    async with bench(stream=True) as made:
        made.fake.on("POST", "/api/v3/order", placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        made.fake.on("DELETE", "/api/v3/order", placed(status="CANCELED"))
        await made.fake.push(execution_report("CANCELED", "CANCELED", c="another-id-of-binance", C="w1-1"))
        cancelled = await made.report(OrderCancelled)
        assert cancelled.client_id == "w1-1"
        made.venue.send(CancelRequest("w1-1"))
        await made.quiet()
        assert len(made.of(OrderCancelled)) == 1


@pytest.mark.parametrize(
    ("what", "status", "kind"),
    [
        ("EXPIRED", "EXPIRED", OrderExpired),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH", OrderExpired),
        ("REPLACED", "CANCELED", OrderCancelled),
        ("REJECTED", "REJECTED", OrderRejected),
    ],
)
async def test_every_end_of_an_order_is_told(what: str, status: str, kind: type[Any]) -> None:
    async with bench(stream=True) as made:
        await made.fake.push(execution_report(what, status))
        assert (await made.report(kind)).client_id == "w1-1"


async def test_fills_of_foreign_orders_are_told_under_their_own_id() -> None:
    async with bench(stream=True) as made:
        await made.fake.push(execution_report("TRADE", "FILLED", **FILL, c="web_abc", s="ETHUSDT", i=99))
        fill = await made.report(OrderFilled)
        assert (fill.client_id, fill.fill_id) == ("web_abc", "ETHUSDT:12345")


async def test_a_triggered_spot_stop_is_told() -> None:
    async with bench(stream=True) as made:
        made.fake.on("POST", "/api/v3/order", placed(type="STOP_LOSS_LIMIT"))
        made.venue.send(order(type=OrderType.STOP_LIMIT, stop_price=5_000_000))
        await made.report(OrderAccepted)
        await made.fake.push(execution_report("NEW", "NEW", o="STOP_LOSS_LIMIT", w=False))
        await made.fake.push(execution_report("NEW", "NEW", o="STOP_LOSS_LIMIT", w=True))
        await made.report(OrderTriggered)
        assert len(made.of(OrderAccepted)) == 1


async def test_lesson_3_after_each_reconnect_the_account_is_asked_for() -> None:
    async with bench(stream=True) as made:
        made.fake.socket_opened.clear()
        await made.fake.sockets[0].close()
        await made.fake.socket_opened.wait()
        await made.until(lambda: made.reconnects == 1)
        await made.fake.push(execution_report("TRADE", "FILLED", **FILL))
        await made.report(OrderFilled)


async def test_lesson_3_a_stream_that_does_not_tell_of_an_accepted_order_is_opened_again() -> None:
    async with bench(stream=True, silent_feed_s=Decimal("0.05")) as made:
        made.fake.on("POST", "/api/v3/order", placed())
        made.venue.send(order())
        await made.report(OrderAccepted)
        await made.until(lambda: made.reconnects == 1)
        assert made.venue.stream.connected


async def test_a_stream_that_tells_of_its_orders_is_left_alone() -> None:
    async with bench(stream=True, silent_feed_s=Decimal("0.05")) as made:
        made.fake.on("POST", "/api/v3/order", placed())
        await made.fake.push(execution_report("NEW", "NEW"))
        await made.report(OrderAccepted)
        made.venue.send(order())
        await made.quiet()
        made.venue.send(order("w1-2"))
        await made.until(lambda: made.reconnects == 1)
        assert made.venue.stream.connections == 2


async def test_a_refused_subscription_is_told_and_tried_again() -> None:
    async with bench() as made:
        error = {"error": {"code": -1022, "msg": "Signature for this request is not valid."}}
        made.fake.once("WS", "userDataStream.subscribe.signature", error, 400)
        made.venue.start()
        await made.fake.socket_opened.wait()
        assert len(made.fake.asked("WS", "userDataStream.subscribe.signature")) == 2


async def test_perpetuals_are_told_on_a_listen_key() -> None:
    async with bench("linear", stream=True) as made:
        made.fake.on("POST", "/fapi/v1/order", placed())
        made.venue.send(order(type=OrderType.MARKET, lots=10, side=Side.SELL))
        await made.report(OrderAccepted)
        fill = {"l": "0.010", "L": "50000.10", "n": "0.20000004", "N": "USDT", "t": 7, "m": False}
        await made.fake.push(linear_update("TRADE", "FILLED", **fill))
        told = await made.report(OrderFilled)
        assert (told.fill_id, told.price, told.lots, told.fee) == ("BTCUSDT:7", 500_001, 10, 20_000_004)


async def test_a_change_of_a_perpetuals_order_is_told() -> None:
    async with bench("linear", stream=True) as made:
        await made.fake.push(linear_update("AMENDMENT", "NEW", p="50000.10", q="0.020"))
        amended = await made.report(OrderAmended)
        assert (amended.price, amended.lots) == (500_001, 20)


@pytest.mark.parametrize("told_first", [True, False])
async def test_lesson_7_the_order_that_a_conditional_one_became_keeps_its_id(told_first: bool) -> None:
    algo = "/fapi/v1/algoOrder"
    async with bench("linear", stream=True) as made:
        made.fake.on("POST", algo, {"algoId": 77, "clientAlgoId": "w1-1", "algoStatus": "NEW"})
        made.venue.send(order(type=OrderType.STOP, stop_price=490_001, lots=10, side=Side.SELL))
        await made.report(OrderAccepted)
        update = {"caid": "w1-1", "aid": 77, "s": "BTCUSDT", "X": "TRIGGERED", "ai": "123"}
        triggered = {"e": "ALGO_UPDATE", "T": 1, "E": 1, "o": update}
        made.fake.on("GET", algo, {"algoId": 77, "algoStatus": "TRIGGERED", "actualOrderId": "123"})
        if told_first:
            await made.fake.push(triggered)
        await made.fake.push(linear_update("NEW", "NEW", c="an-id-of-binance", i=123))
        fill = {"l": "0.010", "L": "49000.00", "n": "0.1", "N": "USDT", "t": 8}
        await made.fake.push(linear_update("TRADE", "FILLED", c="an-id-of-binance", i=123, **fill))
        if not told_first:
            await made.fake.push(triggered)
        told = await made.report(OrderFilled)
        assert (told.client_id, told.fill_id) == ("w1-1", "BTCUSDT:8")
        assert len(made.of(OrderTriggered)) == 1
        assert bool(made.fake.asked("GET", algo)) is not told_first


async def test_a_conditional_order_that_is_refused_when_it_triggers_is_told() -> None:
    async with bench("linear", stream=True) as made:
        update = {"caid": "w1-1", "aid": 77, "s": "BTCUSDT", "X": "REJECTED", "rm": "Margin is insufficient."}
        await made.fake.push({"e": "ALGO_UPDATE", "T": 1, "E": 1, "o": update})
        assert (await made.report(OrderRejected)).reason == "Margin is insufficient."


@pytest.mark.parametrize("client_id", ["autoclose-1700000000000", "adl_autoclose"])
async def test_lesson_8_liquidation_and_deleveraging_are_told_as_what_they_are(client_id: str) -> None:
    async with bench("linear", stream=True) as made:
        fill = {"l": "0.010", "L": "41000.00", "n": "0.5", "N": "USDT", "t": 9}
        await made.fake.push(linear_update("TRADE", "FILLED", c=client_id, i=555, **fill))
        told = await made.report(PositionLiquidated)
        assert (told.fill_id, told.side, told.price, told.lots, told.fee) == (
            "BTCUSDT:9",
            Side.SELL,
            410_000,
            10,
            50_000_000,
        )
        assert not made.of(OrderFilled)


async def test_lesson_11_funding_is_told_by_the_payments_own_ids() -> None:
    async with bench("linear", stream=True) as made:
        paid = {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-0.12345678", "asset": "USDT"}
        made.fake.on("GET", "/fapi/v1/income", [{**paid, "time": 1_700_000_000_000, "tranId": 42}])
        event = {"e": "ACCOUNT_UPDATE", "T": 1_700_000_000_500, "E": 1, "a": {"m": "FUNDING_FEE", "B": [], "P": []}}
        await made.fake.push(event)
        told = await made.report(FundingPaid)
        assert (told.funding_id, told.amount) == ("BTCUSDT:funding:42", -12_345_678)


@pytest.mark.allow_log_warnings("cannot be read")
async def test_an_event_that_cannot_be_read_does_not_end_the_stream_and_the_account_is_asked_for() -> None:
    async with bench(stream=True) as made:
        await made.fake.push(execution_report("TRADE", "FILLED", **{**FILL, "L": "50000.001"}))
        await made.until(lambda: made.reconnects == 1)
        await made.fake.push(execution_report("TRADE", "FILLED", **FILL))
        await made.report(OrderFilled)
        assert made.venue.stream.connections == 1
