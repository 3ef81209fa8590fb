"""The spot market's orders at the exchange's core."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.practice import BUY, SELL, Practice
from workstation.core.money import MONEY_SCALE
from workstation.sandbox.accounts import ApiKey
from workstation.sandbox.endpoint import Call, Endpoint
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listing import Market
from workstation.sandbox.registry import ENDPOINTS
from workstation.sandbox.weights import FUTURES_ORDERS, FUTURES_WEIGHT, SPOT_ORDERS, SPOT_WEIGHT, Weights


class Client:
    """Calls endpoints without a network."""

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self.key = ApiKey(key="k", secret="s", account="practice")
        self.limits = {
            Market.SPOT: Weights(SPOT_WEIGHT, SPOT_ORDERS),
            Market.FUTURES: Weights(FUTURES_WEIGHT, FUTURES_ORDERS),
        }
        with practice.exchange.turn():
            practice.exchange.add_key(self.key)

    def ask(self, method: str, path: str, **values: Any) -> Any:
        endpoint: Endpoint = next(e for e in ENDPOINTS if (e.method, e.path) == (method, path))
        texts = {name: str(value) for name, value in values.items()}
        with self.practice.exchange.turn():
            exchange = self.practice.exchange
            return endpoint.handler(Call(exchange, texts, self.key, exchange.clock.time_ns, self.limits))

    def order(self, **values: Any) -> Any:
        return self.ask("POST", "/api/v3/order", symbol="BTCUSDT", **values)


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
def client(practice: Practice) -> Client:
    return Client(practice)


def code_of(act, **values):
    with pytest.raises(ApiError) as caught:
        act(**values)
    return caught.value.code


def test_a_market_order_by_worth(client):
    told = client.order(side="BUY", type="MARKET", quoteOrderQty="1000")
    assert told["status"] == "FILLED"
    spent = float(told["cummulativeQuoteQty"])
    assert 999 < spent <= 1_000 and told["origQuoteOrderQty"] == "1000.00000000"


def test_the_shapes_of_answers(client):
    limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "40000"}
    assert set(client.order(**limit, newOrderRespType="ACK")) == {
        "symbol",
        "orderId",
        "orderListId",
        "clientOrderId",
        "transactTime",
    }
    assert "fills" not in client.order(**limit, newOrderRespType="RESULT")
    assert client.order(**limit)["fills"] == []
    assert "status" not in client.order(side="BUY", type="LIMIT_MAKER", quantity="0.01", price="40000")


def test_immediate_orders(practice, client):
    listing = practice.listing()
    ask = listing.public.best_ask
    shown = listing.public.asks[ask]
    terms = {"side": "BUY", "type": "LIMIT", "price": listing.price_text(ask)}
    more = listing.quantity_text(shown + 1_000)
    killed = client.order(**terms, timeInForce="FOK", quantity=more)
    assert (killed["status"], killed["executedQty"]) == ("EXPIRED", "0.00000000")
    part = client.order(**terms, timeInForce="IOC", quantity=more)
    assert (part["status"], part["executedQty"]) == ("EXPIRED", listing.quantity_text(shown))


def test_parameters_that_do_not_belong_together(client):
    limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "40000"}
    assert code_of(client.order, **{**limit, "stopPrice": "40000"}) == -1106
    assert code_of(client.order, **{**limit, "type": "MARKET"}) == -1106
    assert code_of(client.order, **{**limit, "timeInForce": "GTX"}) == -1115
    assert code_of(client.order, **{**limit, "type": "WISH"}) == -1116
    assert code_of(client.order, side="BUY", type="LIMIT", quantity="0.01", price="40000") == -1102
    assert code_of(client.order, side="BUY", type="MARKET", quantity="1", quoteOrderQty="1") == -1128
    assert code_of(client.order, **{**limit, "icebergQty": "0.02"}) == -2010
    assert code_of(client.order, **{**limit, "icebergQty": "0.0009"}) == -1013
    assert code_of(client.order, **{**limit, "icebergQty": "0.005", "timeInForce": "IOC"}) == -1014
    assert code_of(client.order, **{**limit, "trailingDelta": "100"}) == -1106
    assert code_of(client.order, **{**limit, "selfTradePreventionMode": "DECREMENT"}) == -1013


def test_a_client_id_is_free_again_when_its_order_has_ended(client):
    limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "40000"}
    first = client.order(**limit, newClientOrderId="mine")
    assert code_of(client.order, **limit, newClientOrderId="mine") == -2010
    client.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    second = client.order(**limit, newClientOrderId="mine")
    assert second["orderId"] > first["orderId"]
    found = client.ask("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert found["orderId"] == second["orderId"]


def test_a_cancel_has_an_id_of_its_own(practice, client):
    limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "40000"}
    order = client.order(**limit, newClientOrderId="mine")
    told = client.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=order["orderId"], newClientOrderId="undo")
    assert (told["origClientOrderId"], told["clientOrderId"], told["status"]) == ("mine", "undo", "CANCELED")
    report = practice.told("executionReport")[-1]
    assert (report["x"], report["c"], report["C"]) == ("CANCELED", "undo", "mine")
    assert (
        code_of(client.ask, method="DELETE", path="/api/v3/order", symbol="BTCUSDT", orderId=order["orderId"]) == -2011
    )
    assert code_of(client.ask, method="GET", path="/api/v3/order", symbol="BTCUSDT", orderId=999) == -2013


def test_own_orders_do_not_trade_with_each_other(practice):
    bid = practice.listing().public.best_bid
    resting = practice.order(SELL, 1_000, "LIMIT", price=bid + 1)
    assert resting.is_open
    taker = practice.order(BUY, 1_000, "LIMIT", price=bid + 1)
    assert (taker.status, taker.filled, taker.prevented) == ("EXPIRED_IN_MATCH", 0, 1_000)
    assert practice.told("executionReport")[-1]["x"] == "TRADE_PREVENTION"


def replacing(client, **values):
    """Code and data of a cancel-replace that failed in part."""
    with pytest.raises(ApiError) as caught:
        client.ask("POST", "/api/v3/order/cancelReplace", symbol="BTCUSDT", **values)
    assert caught.value.data is not None
    return caught.value.code, caught.value.data


def test_cancel_replace_tells_both_outcomes(client):
    limit = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "40000"}
    order = client.order(**limit)
    code, data = replacing(client, **limit, cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=99)
    assert code == -2022 and data["newOrderResult"] == "NOT_ATTEMPTED"
    dear = {**limit, "quantity": "100", "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": order["orderId"]}
    code, data = replacing(client, **dear)
    assert code == -2021 and data["newOrderResponse"]["code"] == -2010
    code, data = replacing(client, **limit, cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=order["orderId"])
    assert (code, data["newOrderResult"]) == (-2021, "SUCCESS")


def test_money_moves_between_the_markets(practice, client):
    moved = client.ask("POST", "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE", asset="USDT", amount="250.5")
    assert moved["tranId"] > 0
    assert practice.account.spot.total("USDT") == 99_749_50000000
    assert practice.account.futures.wallet("USDT") == 100_250 * MONEY_SCALE + MONEY_SCALE // 2
    too_much = {"method": "POST", "path": "/sapi/v1/asset/transfer", "type": "UMFUTURE_MAIN", "asset": "USDT"}
    assert code_of(client.ask, **too_much, amount="9999999") == -5013
    assert [event["d"] for event in practice.told("balanceUpdate")][-1] == "-250.50000000"


def test_stops_of_each_kind_are_set_off_by_the_last_trade(practice):
    listing = practice.listing()
    last = listing.last
    records = [
        practice.order(SELL, 500, "STOP_LOSS", stop_price=last - 50),
        practice.order(SELL, 500, "STOP_LOSS_LIMIT", stop_price=last - 50, price=last - 5_000),
        practice.order(SELL, 500, "TAKE_PROFIT", stop_price=last + 50),
        practice.order(BUY, 500, "TAKE_PROFIT_LIMIT", stop_price=last - 50, price=last + 5_000),
        practice.order(BUY, 500, "STOP_LOSS", stop_price=last + 50),
    ]
    assert all(not record.is_working for record in records)
    assert practice.account.spot.locked("BTC") == 3 * listing.base_money(500)
    for _ in range(3_000):
        practice.run(1)
        if not practice.account.spot.open:
            break
    assert {record.status for record in records} == {"FILLED"}
    assert all(record.working_ns > record.created_ns for record in records)
    assert practice.account.spot.locked("BTC") == practice.account.spot.locked("USDT") == 0


def test_executions_can_be_asked_for_from_an_id_on(client):
    for _ in range(3):
        client.order(side="BUY", type="MARKET", quantity="0.001")
    every = client.ask("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    assert [t["id"] for t in client.ask("GET", "/api/v3/myTrades", symbol="BTCUSDT", fromId=every[1]["id"])] == [
        trade["id"] for trade in every[1:]
    ]
    assert client.ask("GET", "/api/v3/myTrades", symbol="BTCUSDT", orderId=every[0]["orderId"]) == every[:1]
    assert (
        code_of(client.ask, method="GET", path="/api/v3/myTrades", symbol="BTCUSDT", startTime=0, endTime=90_000_000)
        == -1127
    )
