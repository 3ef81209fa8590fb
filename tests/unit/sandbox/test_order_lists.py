"""Order lists on spot: one order cancels the other, and one triggers others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.practice import Practice, reopened
from tests.unit.sandbox.test_spot_trading import Client, code_of
from workstation.core.messages import BookSnapshot, Trade
from workstation.core.types import Side
from workstation.sandbox.state_file import StateFile

OCO = "/api/v3/orderList/oco"


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
def client(practice: Practice) -> Client:
    return Client(practice)


def trade(practice: Practice, ticks: int, lots: int = 1_000_000, side: Side = Side.BUY) -> None:
    """One trade of the market."""
    with practice.exchange.turn():
        practice.exchange.take(Trade("BTCUSDT", practice.exchange.clock.time_ns, ticks, lots, side, 1))


def price(practice: Practice, ticks: int) -> str:
    return practice.listing().price_text(ticks)


def sell_oco(practice: Practice, client: Client, distance: int = 20_000, **values: Any) -> dict[str, Any]:
    """0.1 BTC, a limit above the price and a stop below."""
    last = practice.listing().last
    terms = {
        "side": "SELL",
        "quantity": "0.1",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": price(practice, last + distance),
        "belowType": "STOP_LOSS",
        "belowStopPrice": price(practice, last - distance),
        **values,
    }
    told: dict[str, Any] = client.ask("POST", OCO, symbol="BTCUSDT", **terms)
    return told


def statuses(practice: Practice, told: dict[str, Any]) -> dict[str, str]:
    """Status by type."""
    records = [practice.account.spot.orders[each["orderId"]] for each in told["orders"]]
    return {record.type: record.status for record in records}


def list_events(practice: Practice) -> list[tuple[str, str]]:
    return [(event["l"], event["L"]) for event in practice.told("listStatus")]


def test_the_answer_and_the_lock_of_both_orders(practice, client):
    told = sell_oco(practice, client, listClientOrderId="pair", aboveClientOrderId="up", belowClientOrderId="down")
    assert (told["contingencyType"], told["listStatusType"], told["listOrderStatus"]) == (
        "OCO",
        "EXEC_STARTED",
        "EXECUTING",
    )
    assert told["listClientOrderId"] == "pair"
    assert [order["clientOrderId"] for order in told["orders"]] == ["down", "up"]
    assert [report["type"] for report in told["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
    assert {report["orderListId"] for report in told["orderReports"]} == {told["orderListId"]}
    assert [report["workingTime"] > 0 for report in told["orderReports"]] == [False, True]
    assert practice.account.spot.locked("BTC") == practice.listing().base_money(10_000)
    reports = practice.told("executionReport")
    assert [(event["x"], event["g"]) for event in reports] == [("NEW", told["orderListId"])] * 2
    assert list_events(practice) == [("EXEC_STARTED", "EXECUTING")]


def test_a_fill_of_the_limit_ends_the_stop(practice, client):
    told = sell_oco(practice, client)
    trade(practice, practice.listing().last + 20_001)
    assert statuses(practice, told) == {"LIMIT_MAKER": "FILLED", "STOP_LOSS": "EXPIRED"}
    assert list_events(practice)[-1] == ("ALL_DONE", "ALL_DONE")
    assert practice.account.spot.locked("BTC") == 0


def test_a_part_of_the_limit_is_enough_and_the_rest_stays_locked(practice, client):
    told = sell_oco(practice, client)
    trade(practice, practice.listing().last + 20_001, lots=4_000)
    assert statuses(practice, told) == {"LIMIT_MAKER": "PARTIALLY_FILLED", "STOP_LOSS": "EXPIRED"}
    assert practice.account.spot.locked("BTC") == practice.listing().base_money(6_000)
    assert list_events(practice) == [("EXEC_STARTED", "EXECUTING")]
    assert client.ask("GET", "/api/v3/orderList", orderListId=told["orderListId"])["listOrderStatus"] == "EXECUTING"


def test_the_stop_ends_the_limit_before_it_trades(practice, client):
    told = sell_oco(practice, client)
    trade(practice, practice.listing().last - 20_000, side=Side.SELL)
    assert statuses(practice, told) == {"LIMIT_MAKER": "EXPIRED", "STOP_LOSS": "FILLED"}
    executed = [event["x"] for event in practice.told("executionReport")]
    assert executed[2] == "EXPIRED" and "TRADE" in executed[3:]
    assert practice.account.spot.locked("BTC") == 0


def test_to_cancel_one_is_to_cancel_both(practice, client):
    told = sell_oco(practice, client)
    undone = client.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=told["orders"][0]["orderId"])
    assert (undone["listStatusType"], undone["orderListId"]) == ("ALL_DONE", told["orderListId"])
    assert [report["status"] for report in undone["orderReports"]] == ["CANCELED", "CANCELED"]
    assert statuses(practice, told) == {"LIMIT_MAKER": "CANCELED", "STOP_LOSS": "CANCELED"}
    gone = {"method": "DELETE", "path": "/api/v3/orderList", "symbol": "BTCUSDT"}
    assert code_of(client.ask, **gone, orderListId=told["orderListId"]) == -2011


def test_lists_are_found_and_cancelled_by_their_ids(practice, client):
    first = sell_oco(practice, client, listClientOrderId="first")
    second = sell_oco(practice, client)
    assert [each["orderListId"] for each in client.ask("GET", "/api/v3/openOrderList")] == [
        first["orderListId"],
        second["orderListId"],
    ]
    undone = client.ask("DELETE", "/api/v3/orderList", symbol="BTCUSDT", listClientOrderId="first")
    assert [report["origClientOrderId"] for report in undone["orderReports"]] == [
        order["clientOrderId"] for order in first["orders"]
    ]
    assert [each["orderListId"] for each in client.ask("GET", "/api/v3/openOrderList")] == [second["orderListId"]]
    assert len(client.ask("GET", "/api/v3/allOrderList")) == 2
    assert client.ask("GET", "/api/v3/allOrderList", fromId=second["orderListId"])[0]["listOrderStatus"] == "EXECUTING"
    assert client.ask("GET", "/api/v3/orderList", origClientOrderId="first")["listOrderStatus"] == "ALL_DONE"
    assert code_of(client.ask, method="GET", path="/api/v3/orderList", orderListId=99) == -2013
    assert code_of(client.ask, method="GET", path="/api/v3/orderList") == -1102
    answers = client.ask("DELETE", "/api/v3/openOrders", symbol="BTCUSDT")
    assert [answer["orderListId"] for answer in answers] == [second["orderListId"]]


def test_the_older_request(practice, client):
    last = practice.listing().last
    terms = {
        "side": "BUY",
        "quantity": "0.1",
        "price": price(practice, last - 30_000),
        "stopPrice": price(practice, last + 30_000),
        "stopLimitPrice": price(practice, last + 40_000),
        "stopLimitTimeInForce": "GTC",
        "limitClientOrderId": "limit",
        "stopClientOrderId": "stop",
    }
    told = client.ask("POST", "/api/v3/order/oco", symbol="BTCUSDT", **terms)
    assert [order["clientOrderId"] for order in told["orders"]] == ["stop", "limit"]
    assert statuses(practice, told) == {"STOP_LOSS_LIMIT": "NEW", "LIMIT_MAKER": "NEW"}
    # What is locked is the dearer of both.
    assert practice.account.spot.locked("USDT") == practice.listing().worth(last + 40_000, 10_000)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"belowType": "LIMIT_MAKER", "belowPrice": "30000", "belowStopPrice": ""}, -1168),
        ({"belowType": "MARKET"}, -1158),
        ({"belowType": "TAKE_PROFIT"}, -1199),
        ({"aboveType": "STOP_LOSS", "aboveStopPrice": "90000"}, -1197),
        ({"side": "BUY"}, -1165),
        ({"belowStopPrice": "60000"}, -2010),
        ({"quantity": "5"}, -2010),
        ({"aboveClientOrderId": "same", "belowClientOrderId": "same"}, -2010),
        ({"belowPrice": "1"}, -1106),
        ({"aboveIcebergQty": "0.001"}, -1013),
    ],
)
def test_pairs_that_are_refused(practice, client, change, code):
    terms = {"aboveType": "LIMIT_MAKER", "abovePrice": "60000", "belowType": "STOP_LOSS", "belowStopPrice": "30000"}
    before = {"side": "SELL", "quantity": "0.1", **terms}
    if "aboveStopPrice" in change:
        del before["abovePrice"]
    request = {"method": "POST", "path": OCO, "symbol": "BTCUSDT", **before, **change}
    assert code_of(client.ask, **request) == code
    assert not practice.account.spot.open and not practice.account.spot.lists.lists


def test_a_trailing_stop_in_a_pair(practice, client):
    last = practice.listing().last
    told = sell_oco(practice, client, distance=200_000, belowStopPrice="", belowTrailingDelta="100")
    trade(practice, last + 50_000)
    trade(practice, last + 10_000, side=Side.SELL)
    assert statuses(practice, told)["STOP_LOSS"] == "NEW"
    trade(practice, (last + 50_000) * 99 // 100, side=Side.SELL)
    assert statuses(practice, told) == {"LIMIT_MAKER": "EXPIRED", "STOP_LOSS": "FILLED"}


def buy_otoco(practice: Practice, client: Client, limit: int, quantity: str = "0.1") -> dict[str, Any]:
    last = practice.listing().last
    told: dict[str, Any] = client.ask(
        "POST",
        "/api/v3/orderList/otoco",
        symbol="BTCUSDT",
        workingType="LIMIT",
        workingSide="BUY",
        workingPrice=price(practice, limit),
        workingQuantity="0.1",
        workingTimeInForce="GTC",
        workingClientOrderId="entry",
        pendingSide="SELL",
        pendingQuantity=quantity,
        pendingAboveType="LIMIT_MAKER",
        pendingAbovePrice=price(practice, last + 50_000),
        pendingBelowType="STOP_LOSS",
        pendingBelowStopPrice=price(practice, last - 50_000),
    )
    return told


def test_what_is_pending_waits_for_the_whole_fill(practice, client):
    limit = practice.listing().last - 10_000
    told = buy_otoco(practice, client, limit)
    assert told["contingencyType"] == "OTO"
    assert [report["status"] for report in told["orderReports"]] == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    desk, listing = practice.account.spot, practice.listing()
    assert desk.locked("BTC") == 0 and desk.locked("USDT") == listing.worth(limit, 10_000)
    trade(practice, limit - 1, lots=4_000, side=Side.SELL)
    assert statuses(practice, told) == {
        "LIMIT": "PARTIALLY_FILLED",
        "LIMIT_MAKER": "PENDING_NEW",
        "STOP_LOSS": "PENDING_NEW",
    }
    trade(practice, limit - 1, side=Side.SELL)
    assert statuses(practice, told) == {"LIMIT": "FILLED", "LIMIT_MAKER": "NEW", "STOP_LOSS": "NEW"}
    assert desk.locked("BTC") == listing.base_money(10_000) and desk.locked("USDT") == 0
    trade(practice, listing.last + 100_000)
    assert statuses(practice, told) == {"LIMIT": "FILLED", "LIMIT_MAKER": "FILLED", "STOP_LOSS": "EXPIRED"}
    assert list_events(practice) == [("EXEC_STARTED", "EXECUTING"), ("ALL_DONE", "ALL_DONE")]


def test_what_is_pending_ends_with_the_working_order(practice, client):
    told = buy_otoco(practice, client, practice.listing().last - 10_000)
    client.ask("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="entry")
    assert set(statuses(practice, told).values()) == {"CANCELED"}
    assert practice.account.spot.locked("USDT") == 0


def test_what_the_balance_does_not_carry_is_rejected_when_it_is_due(practice, client):
    limit = practice.listing().last - 10_000
    told = buy_otoco(practice, client, limit, quantity="2")
    trade(practice, limit - 1, side=Side.SELL)
    assert statuses(practice, told) == {"LIMIT": "FILLED", "LIMIT_MAKER": "REJECTED", "STOP_LOSS": "REJECTED"}
    assert list_events(practice)[-1] == ("ALL_DONE", "ALL_DONE")


def test_a_working_order_that_fills_at_once_is_answered_before_the_next(practice, client):
    ask = practice.listing().public.best_ask
    told = client.ask(
        "POST",
        "/api/v3/orderList/oto",
        symbol="BTCUSDT",
        workingType="LIMIT",
        workingSide="BUY",
        workingPrice=price(practice, ask + 10_000),
        workingQuantity="0.001",
        workingTimeInForce="GTC",
        pendingType="MARKET",
        pendingSide="SELL",
        pendingQuantity="0.0005",
        newOrderRespType="FULL",
    )
    working, pending = told["orderReports"]
    assert (working["status"], pending["status"]) == ("FILLED", "PENDING_NEW") and working["fills"]
    assert practice.account.spot.orders[pending["orderId"]].status == "FILLED"


def test_what_is_pending_locks_by_the_price_at_which_it_begins(practice, client):
    last = practice.listing().last
    told = client.ask(
        "POST",
        "/api/v3/orderList/oto",
        symbol="BTCUSDT",
        workingType="LIMIT_MAKER",
        workingSide="SELL",
        workingPrice=price(practice, last + 50_000),
        workingQuantity="0.1",
        pendingType="STOP_LOSS",
        pendingSide="BUY",
        pendingQuantity="0.1",
        pendingTrailingDelta="100",
    )
    trade(practice, last + 60_000)
    assert statuses(practice, told) == {"LIMIT_MAKER": "FILLED", "STOP_LOSS": "NEW"}
    worst = -(-(last + 60_000) * 101 // 100)
    assert practice.account.spot.locked("USDT") == practice.listing().worth(worst, 10_000)


def test_delisting_ends_lists(practice, client):
    told = sell_oco(practice, client)
    with practice.exchange.turn():
        practice.exchange.set_trading(practice.listing(), False)
    assert set(statuses(practice, told).values()) == {"CANCELED"}
    assert not practice.account.spot.open and not practice.account.spot.lists.open_lists()


def test_a_restart_goes_on_with_lists(tmp_path):
    file = StateFile(tmp_path / "state")
    practice = Practice(store=file.write)
    client = Client(practice)
    oco = sell_oco(practice, client, belowStopPrice="", belowTrailingDelta="100")
    otoco = buy_otoco(practice, client, practice.listing().last - 10_000)
    trade(practice, practice.listing().last + 5_000)
    before = practice.account.spot
    file.close()
    exchange = practice.exchange
    again = reopened(exchange, tmp_path / "state")
    after = again.accounts["practice"].spot
    assert [found.list_id for found in after.lists.open_lists()] == [oco["orderListId"], otoco["orderListId"]]
    for asset in ("BTC", "USDT"):
        assert after.locked(asset) == before.locked(asset) > 0
    trailing = after.orders[oco["orders"][0]["orderId"]]
    assert trailing.best == practice.listing().last and trailing.trailing_ns > 0
    again.advance(exchange.clock.time_ns)
    book = practice.listing().book
    with again.turn():
        again.take(BookSnapshot("BTCUSDT", exchange.clock.time_ns, 1, tuple(book.top_bids(5)), tuple(book.top_asks(5))))
        again.take(Trade("BTCUSDT", exchange.clock.time_ns, trailing.best * 99 // 100, 1_000_000, Side.SELL, 1))
    assert after.orders[oco["orders"][1]["orderId"]].status == "EXPIRED"
    assert after.orders[otoco["orders"][0]["orderId"]].status == "FILLED"
    assert {after.orders[order["orderId"]].status for order in otoco["orders"][1:]} == {"NEW"}
