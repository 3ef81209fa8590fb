"""Hedge mode on USD-M: a long and a short position of one symbol, each with its own orders."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.practice import BUY, SELL, SYMBOLS, Practice, reopened
from tests.unit.sandbox.test_futures_trading import mark, stop
from tests.unit.sandbox.test_spot_trading import Client, code_of
from workstation.core.messages import FundingRate
from workstation.core.money import MONEY_SCALE
from workstation.sandbox.listing import Market
from workstation.sandbox.state_file import StateFile

FUTURES = Market.FUTURES


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
def client(practice: Practice) -> Client:
    return Client(practice)


def hedge(client: Client, on: bool = True) -> None:
    client.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition=str(on).lower())


def order(client: Client, **values: Any) -> dict[str, Any]:
    terms = {"type": "MARKET", "quantity": "0.1", "newOrderRespType": "RESULT", **values}
    told: dict[str, Any] = client.ask("POST", "/fapi/v1/order", symbol="BTCUSDT", **terms)
    return told


def both_ways(client: Client) -> None:
    """Long 0.2 and short 0.1."""
    hedge(client)
    order(client, side="BUY", positionSide="LONG", quantity="0.2")
    order(client, side="SELL", positionSide="SHORT")


def lots(practice: Practice) -> dict[str, int]:
    holdings = practice.account.futures.books.holdings
    return {key: holding.lots for key, holding in holdings.items() if holding.lots}


def test_the_mode_is_set_both_ways(client):
    mode = {"method": "POST", "path": "/fapi/v1/positionSide/dual"}
    assert code_of(client.ask, **mode, dualSidePosition="false") == -4059
    hedge(client)
    assert client.ask("GET", "/fapi/v1/positionSide/dual") == {"dualSidePosition": True}
    assert code_of(client.ask, **mode, dualSidePosition="true") == -4059
    hedge(client, on=False)
    assert client.ask("GET", "/fapi/v1/accountConfig")["dualSidePosition"] is False


def test_orders_and_positions_stand_in_the_way_of_another_mode(client, practice):
    mode = {"method": "POST", "path": "/fapi/v1/positionSide/dual"}
    limit = order(client, side="BUY", type="LIMIT", timeInForce="GTC", price="41000")
    assert code_of(client.ask, **mode, dualSidePosition="true") == -4067
    client.ask("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=limit["orderId"])
    order(client, side="BUY")
    assert code_of(client.ask, **mode, dualSidePosition="true") == -4068
    order(client, side="SELL", reduceOnly="true")
    both_ways(client)
    assert code_of(client.ask, **mode, dualSidePosition="false") == -4068
    order(client, side="SELL", positionSide="LONG", quantity="0.2")
    assert code_of(client.ask, **mode, dualSidePosition="false") == -4068
    order(client, side="BUY", positionSide="SHORT")
    stop(client, side="BUY", positionSide="LONG", type="STOP_MARKET", quantity="0.1", triggerPrice="60000")
    assert code_of(client.ask, **mode, dualSidePosition="false") == -4067


def test_lesson_9_an_order_names_the_side_that_the_mode_has(client):
    assert code_of(lambda **v: order(client, **v), side="BUY", positionSide="LONG") == -4061
    hedge(client)
    assert code_of(lambda **v: order(client, **v), side="BUY") == -4061
    assert code_of(lambda **v: order(client, **v), side="BUY", positionSide="BOTH") == -4061
    assert code_of(lambda **v: order(client, **v), side="BUY", positionSide="UP") == -4060
    for flag in ("true", "false"):
        assert code_of(lambda **v: order(client, **v), side="SELL", positionSide="LONG", reduceOnly=flag) == -1106
    conditional = {"side": "SELL", "type": "STOP_MARKET", "quantity": "0.1", "triggerPrice": "30000"}
    assert code_of(lambda **v: stop(client, **v), **conditional) == -4061
    assert code_of(lambda **v: stop(client, **v), **conditional, positionSide="LONG", reduceOnly="true") == -1106


def test_two_positions_live_side_by_side(client, practice):
    both_ways(client)
    assert lots(practice) == {"BTCUSDT:LONG": 20_000, "BTCUSDT:SHORT": -10_000}
    v2 = client.ask("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT")
    assert [(each["positionSide"], each["positionAmt"]) for each in v2] == [("LONG", "0.20000"), ("SHORT", "-0.10000")]
    v3 = client.ask("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT")
    assert [each["positionSide"] for each in v3] == ["LONG", "SHORT"]
    account = client.ask("GET", "/fapi/v3/account")
    assert [each["positionSide"] for each in account["positions"]] == ["LONG", "SHORT"]
    assert len(client.ask("GET", "/fapi/v2/account")["positions"]) == 2 * len(SYMBOLS)
    margins = [each["positionInitialMargin"] for each in v3]
    assert sum(float(margin) for margin in margins) == pytest.approx(float(account["totalPositionInitialMargin"]))
    moved = [p for event in practice.told("ACCOUNT_UPDATE") for p in event["a"]["P"]]
    assert [(p["ps"], p["pa"]) for p in moved] == [("LONG", "0.20000"), ("SHORT", "-0.10000")]
    assert {event["o"]["ps"] for event in practice.told("ORDER_TRADE_UPDATE")} == {"LONG", "SHORT"}
    trades = client.ask("GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
    assert {trade["positionSide"] for trade in trades} == {"LONG", "SHORT"}
    assert client.ask("GET", "/fapi/v1/adlQuantile")[0]["adlQuantile"] == {"LONG": 0, "SHORT": 0, "HEDGE": 1}


def test_an_order_of_the_other_side_only_reduces(client, practice):
    hedge(client)
    assert code_of(lambda **v: order(client, **v), side="SELL", positionSide="LONG") == -2022
    both_ways_open = {"side": "BUY", "positionSide": "LONG", "quantity": "0.2"}
    order(client, **both_ways_open)
    assert code_of(lambda **v: order(client, **v), side="BUY", positionSide="SHORT") == -2022
    told = order(client, side="SELL", positionSide="LONG", quantity="0.5")
    assert (told["status"], told["executedQty"], told["reduceOnly"]) == ("EXPIRED", "0.20000", True)
    assert lots(practice) == {}


def test_a_stop_closes_the_position_of_its_side(client, practice):
    both_ways(client)
    listing = practice.listing(market=FUTURES)
    closing = {"type": "STOP_MARKET", "closePosition": "true", "workingType": "MARK_PRICE"}
    trigger = listing.price_text(listing.mark - 10_000)
    refused = {**closing, "side": "BUY", "positionSide": "LONG", "triggerPrice": "60000"}
    assert code_of(lambda **v: stop(client, **v), **refused) == -4136
    told = stop(client, **closing, side="SELL", positionSide="LONG", triggerPrice=trigger)
    assert (told["positionSide"], told["reduceOnly"]) == ("LONG", True)
    mark(practice, listing.mark - 10_000)
    assert lots(practice) == {"BTCUSDT:SHORT": -10_000}
    assert {event["o"]["ps"] for event in practice.told("ALGO_UPDATE")} == {"LONG"}


def test_each_side_is_liquidated_by_itself(client):
    practice = Practice(futures=3_000)
    client = Client(practice)
    client.ask("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    client.ask("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=50)
    both_ways(client)
    desk = practice.account.futures
    due = desk.venue.liquidation_price("BTCUSDT:LONG")
    assert 0 < due < practice.listing().last < desk.venue.liquidation_price("BTCUSDT:SHORT")
    shown = client.ask("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT")
    assert shown[0]["liquidationPrice"] == practice.listing(market=FUTURES).price_text(due)
    mark(practice, due)
    assert lots(practice) == {"BTCUSDT:SHORT": -10_000}
    told = practice.told("ORDER_TRADE_UPDATE")[-1]["o"]
    assert (told["o"], told["ps"], told["S"]) == ("LIQUIDATION", "LONG", "SELL")
    assert desk.wallet("USDT") == sum(booking.amount for booking in desk.books.income)


def test_with_cross_margin_one_side_secures_the_other_within_a_jump():
    practice = Practice(futures=1_000)
    client = Client(practice)
    hedge(client)
    client.ask("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    order(client, side="BUY", positionSide="LONG", quantity="1")
    order(client, side="SELL", positionSide="SHORT", quantity="1")
    mark(practice, practice.listing(market=FUTURES).mark * 9 // 10)
    assert set(lots(practice)) == {"BTCUSDT:LONG", "BTCUSDT:SHORT"}


def test_margin_is_added_to_a_side(client, practice):
    client.ask("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    both_ways(client)
    margin = {"method": "POST", "path": "/fapi/v1/positionMargin", "symbol": "BTCUSDT", "amount": "50", "type": 1}
    assert code_of(client.ask, **margin) == -4061
    client.ask(**margin, positionSide="SHORT")
    states = practice.account.futures.venue.states
    assert (states["BTCUSDT:LONG"].extra_margin, states["BTCUSDT:SHORT"].extra_margin) == (0, 50 * MONEY_SCALE)


def test_funding_is_paid_by_one_side_and_received_by_the_other(client, practice):
    hedge(client)
    order(client, side="BUY", positionSide="LONG")
    order(client, side="SELL", positionSide="SHORT")
    with practice.exchange.turn():
        price = practice.listing(market=FUTURES).mark
        practice.exchange.take(FundingRate("BTCUSDT", practice.exchange.clock.time_ns, 10_000, price))
    paid = [booking for booking in practice.account.futures.books.income if booking.kind == "FUNDING_FEE"]
    assert [booking.symbol for booking in paid] == ["BTCUSDT", "BTCUSDT"]
    assert sum(booking.amount for booking in paid) in (0, -1, 1) and paid[0].amount < 0 < paid[1].amount


def test_sides_do_not_trade_with_each_other(client, practice):
    hedge(client)
    bid = practice.listing(market=FUTURES).public.best_bid
    resting = practice.order(SELL, 1_000, "LIMIT", FUTURES, price=bid + 1, position_side="SHORT")
    assert resting.is_open
    taker = practice.order(BUY, 1_000, "LIMIT", FUTURES, price=bid + 1, position_side="LONG")
    assert (taker.status, taker.filled, taker.prevented) == ("EXPIRED_IN_MATCH", 0, 1_000)


def test_what_rests_for_a_side_is_seen_and_counts_for_it(client, practice):
    hedge(client)
    price = practice.listing(market=FUTURES).public.best_bid - 1_000
    before = practice.listing(market=FUTURES).public.bids.get(price, 0)
    practice.order(BUY, 5_000, "LIMIT", FUTURES, price=price, position_side="LONG")
    assert practice.listing(market=FUTURES).public.bids[price] == before + 5_000
    (shown,) = client.ask("GET", "/fapi/v3/positionRisk")
    assert shown["positionSide"] == "LONG" and float(shown["bidNotional"]) > 0
    assert client.ask("GET", "/fapi/v1/openOrders")[0]["positionSide"] == "LONG"


def test_a_restart_goes_on_with_both_sides(tmp_path):
    file = StateFile(tmp_path / "state")
    practice = Practice(store=file.write)
    client = Client(practice)
    both_ways(client)
    order(client, side="SELL", positionSide="LONG", type="LIMIT", timeInForce="GTC", price="44000")
    stop(client, side="BUY", positionSide="SHORT", type="STOP_MARKET", closePosition="true", triggerPrice="60000")
    file.close()
    again = reopened(practice.exchange, tmp_path / "state")
    before, after = practice.account.futures, again.accounts["practice"].futures
    assert after.hedge_mode and after.account_state() == before.account_state()
    assert after.sides_in_use() == ("LONG", "SHORT")
    for key in ("BTCUSDT:LONG", "BTCUSDT:SHORT"):
        assert after.venue.states[key].lots == before.venue.states[key].lots != 0
        assert len(after.venue.states[key].orders) == len(before.venue.states[key].orders)
    assert [each.position_side for each in after.conditional.open_orders("")] == ["SHORT"]
