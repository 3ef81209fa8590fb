"""USD-M at the exchange's core: conditional orders, timers, funding, liquidation, listen keys."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.practice import BUY, SELL, START_NS, Practice
from tests.unit.sandbox.test_spot_trading import Client, code_of
from workstation.core.clock import EventClock
from workstation.core.messages import FundingRate, MarkPrice
from workstation.core.money import MONEY_SCALE
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.sandbox.errors import ApiError
from workstation.sandbox.listen_keys import LIFE_NS, ListenKeys
from workstation.sandbox.listing import Market

FUTURES = Market.FUTURES


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
def client(practice: Practice) -> Client:
    return Client(practice)


def stop(client, **values):
    return client.ask("POST", "/fapi/v1/algoOrder", algoType="CONDITIONAL", symbol="BTCUSDT", **values)


def mark(practice, ticks):
    with practice.exchange.turn():
        practice.exchange.take(MarkPrice("BTCUSDT", practice.exchange.clock.time_ns, ticks))


def test_a_stop_on_the_mark_price_ignores_the_last_trade(practice, client):
    practice.order(BUY, 10_000, market=FUTURES)
    listing = practice.listing(market=FUTURES)
    trigger = listing.mark - 10_000
    told = stop(
        client,
        side="SELL",
        type="STOP_MARKET",
        closePosition="true",
        triggerPrice=listing.price_text(trigger),
        workingType="MARK_PRICE",
    )
    order = practice.account.futures.conditional.orders[told["algoId"]]
    mark(practice, trigger + 1)
    assert order.status == "NEW"
    mark(practice, trigger)
    assert order.status == "FINISHED" and not practice.account.futures.books.holdings["BTCUSDT"].lots
    became = practice.account.futures.orders[order.order_id]
    assert (became.client_order_id, became.original_type, became.reduce_only) == (
        told["clientAlgoId"],
        "STOP_MARKET",
        True,
    )
    assert [e["o"]["X"] for e in practice.told("ALGO_UPDATE")] == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]


def test_lesson_6_a_stop_that_the_exchange_refuses_is_told(practice, client):
    listing = practice.listing(market=FUTURES)
    trigger = listing.mark - 10_000
    told = stop(
        client,
        side="SELL",
        type="STOP_MARKET",
        quantity="0.1",
        reduceOnly="true",
        triggerPrice=listing.price_text(trigger),
        workingType="MARK_PRICE",
    )
    mark(practice, trigger)
    order = practice.account.futures.conditional.orders[told["algoId"]]
    assert (order.status, order.reason) == ("REJECTED", "ReduceOnly Order is rejected.")
    assert practice.told("ALGO_UPDATE")[-1]["o"]["rm"] == "ReduceOnly Order is rejected."


def test_a_stop_limit_rests_at_its_limit(practice, client):
    practice.order(BUY, 10_000, market=FUTURES)
    listing = practice.listing(market=FUTURES)
    trigger = listing.mark - 10_000
    told = stop(
        client,
        side="SELL",
        type="STOP",
        quantity="0.1",
        price=listing.price_text(listing.public.best_ask + 100),
        triggerPrice=listing.price_text(trigger),
        workingType="MARK_PRICE",
    )
    mark(practice, trigger)
    order = practice.account.futures.conditional.orders[told["algoId"]]
    assert order.status == "TRIGGERED"
    record = practice.account.futures.orders[order.order_id]
    assert record.is_open and record.type == "LIMIT"
    with practice.exchange.turn():
        practice.account.futures.cancel(record)
    assert order.status == "FINISHED"


def test_a_trailing_stop_waits_for_its_activation(practice, client):
    practice.order(BUY, 10_000, market=FUTURES)
    listing = practice.listing(market=FUTURES)
    start = listing.mark
    told = stop(
        client,
        side="SELL",
        type="TRAILING_STOP_MARKET",
        quantity="0.1",
        callbackRate="1",
        activatePrice=listing.price_text(start + 1_000),
        workingType="MARK_PRICE",
    )
    order = practice.account.futures.conditional.orders[told["algoId"]]
    mark(practice, start + 500)
    assert order.trigger == 0
    mark(practice, start + 2_000)
    assert order.trigger == (start + 2_000) * 99 // 100
    trigger = order.trigger
    mark(practice, start + 1_500)
    assert order.trigger == trigger
    mark(practice, trigger)
    assert order.status == "FINISHED"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"type": "STOP_MARKET", "quantity": "0.1", "triggerPrice": "90000"}, -2021),
        ({"type": "STOP_MARKET", "quantity": "0.1"}, -1102),
        ({"type": "STOP_MARKET", "quantity": "0.1", "triggerPrice": "30000", "price": "1"}, -1106),
        ({"type": "STOP_MARKET", "quantity": "0.1", "triggerPrice": "30000", "closePosition": "true"}, -4136),
        ({"type": "TRAILING_STOP_MARKET", "quantity": "0.1", "callbackRate": "20"}, -2007),
        ({"type": "LIMIT", "quantity": "0.1", "price": "30000"}, -1116),
        ({"type": "STOP_MARKET", "quantity": "0.1", "triggerPrice": "30000", "positionSide": "LONG"}, -4061),
    ],
)
def test_conditional_orders_that_are_refused(client, terms, code):
    assert code_of(lambda **values: stop(client, side="SELL", **values), **terms) == code


def test_funding_moves_the_wallet_and_is_told(practice):
    practice.order(BUY, 10_000, market=FUTURES)
    before = practice.account.futures.wallet("USDT")
    price = practice.listing(market=FUTURES).mark
    with practice.exchange.turn():
        practice.exchange.take(FundingRate("BTCUSDT", practice.exchange.clock.time_ns, 10_000, price))
    paid = practice.account.futures.books.income[-1]
    assert paid.kind == "FUNDING_FEE" and paid.amount < 0
    assert practice.account.futures.wallet("USDT") == before + paid.amount
    assert practice.told("ACCOUNT_UPDATE")[-1]["a"]["m"] == "FUNDING_FEE"


def test_lesson_14_the_liquidation_price_is_where_it_happens(practice):
    practice = Practice(futures=1_000)
    desk = practice.account.futures
    with practice.exchange.turn():
        desk.set_cross(desk.listings["BTCUSDT"], False)
        desk.set_leverage(desk.listings["BTCUSDT"], 50)
    practice.order(BUY, 50_000, market=FUTURES)
    due = desk.venue.liquidation_price("BTCUSDT")
    mark(practice, due + 1)
    assert desk.books.holdings["BTCUSDT"].lots == 50_000
    mark(practice, due)
    assert desk.books.holdings["BTCUSDT"].lots == 0
    told = practice.told("ORDER_TRADE_UPDATE")[-1]["o"]
    assert told["c"].startswith("autoclose-") and (told["x"], told["X"], told["o"]) == (
        "CALCULATED",
        "FILLED",
        "LIQUIDATION",
    )
    assert desk.wallet("USDT") == sum(booking.amount for booking in desk.books.income) > 0


def test_isolated_margin_can_be_added_and_taken_back(practice, client):
    desk = practice.account.futures
    margin = {"method": "POST", "path": "/fapi/v1/positionMargin", "symbol": "BTCUSDT"}
    practice.order(BUY, 10_000, market=FUTURES)
    assert code_of(client.ask, **margin, amount="10", type=1) == -4049
    practice.order(SELL, 10_000, market=FUTURES)
    client.ask("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    practice.order(BUY, 10_000, market=FUTURES)
    free, wallet = desk.available("USDT"), desk.wallet("USDT")
    due = desk.venue.liquidation_price("BTCUSDT")
    client.ask(**margin, amount="50", type=1)
    assert desk.available("USDT") == free - 50 * MONEY_SCALE and desk.wallet("USDT") == wallet
    assert desk.venue.liquidation_price("BTCUSDT") < due
    assert practice.told("ACCOUNT_UPDATE")[-1]["a"]["m"] == "MARGIN_TRANSFER"
    assert code_of(client.ask, **margin, amount="51", type=2) == -4051
    assert code_of(client.ask, **margin, amount="9999999", type=1) == -4050
    client.ask(**margin, amount="50", type=2)
    assert desk.available("USDT") == free and desk.venue.liquidation_price("BTCUSDT") == due
    client.ask(**margin, amount="50", type=1)
    practice.order(SELL, 10_000, market=FUTURES)
    assert desk.available("USDT") == desk.wallet("USDT")


def test_good_till_date_ends_an_order(practice, client):
    now_ms = practice.exchange.clock.time_ns // 1_000_000
    terms = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "0.1",
        "price": "41000",
        "timeInForce": "GTD",
    }
    assert code_of(client.ask, method="POST", path="/fapi/v1/order", **terms) == -1102
    assert code_of(client.ask, method="POST", path="/fapi/v1/order", **terms, goodTillDate=now_ms + 1_000) == -4190
    told = client.ask("POST", "/fapi/v1/order", **terms, goodTillDate=now_ms + 601_000)
    practice.run(600)
    record = practice.account.futures.orders[told["orderId"]]
    assert record.is_open
    practice.run(2)
    assert record.status == "CANCELED"


def test_leverage_binds_margin(practice, client):
    desk = practice.account.futures
    assert code_of(client.ask, method="POST", path="/fapi/v1/leverage", symbol="BTCUSDT", leverage=126) == -4028
    client.ask("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=1)
    with pytest.raises(ApiError, match="Margin is insufficient"):
        practice.order(BUY, 300_000, market=FUTURES)
    client.ask("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=10)
    practice.order(BUY, 300_000, market=FUTURES)
    assert code_of(client.ask, method="POST", path="/fapi/v1/leverage", symbol="BTCUSDT", leverage=1) == -2019
    assert desk.available("USDT") < 100_000 * MONEY_SCALE - 12_000 * MONEY_SCALE
    assert practice.told("ACCOUNT_CONFIG_UPDATE")[-1]["ac"] == {"s": "BTCUSDT", "l": 10}


def test_figures_of_the_account_add_up(practice, client):
    practice.order(BUY, 10_000, market=FUTURES)
    practice.order(SELL, 20_000, market=FUTURES, symbol="ETHUSDT")
    practice.order(BUY, 10_000, "LIMIT", market=FUTURES, price=practice.listing().last - 2_000)
    practice.run(10)
    told = client.ask("GET", "/fapi/v3/account")
    positions = told["positions"]
    assert {position["symbol"] for position in positions} == {"BTCUSDT", "ETHUSDT"}
    total = sum(round(float(position["unrealizedProfit"]) * 10**8) for position in positions)
    assert total == round(float(told["totalUnrealizedProfit"]) * 10**8)
    margin = float(told["totalWalletBalance"]) + float(told["totalUnrealizedProfit"])
    assert float(told["totalMarginBalance"]) == pytest.approx(margin)
    available = margin - float(told["totalInitialMargin"])
    assert float(told["availableBalance"]) == pytest.approx(available, abs=25)  # open orders bind their fees, too
    v2 = client.ask("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT")[0]
    assert v2["positionAmt"] == "0.10000" and v2["leverage"] == "20" and v2["marginType"] == "cross"


def test_listen_keys_live_an_hour_after_they_were_kept_alive():
    clock = EventClock(START_NS)
    keys = ListenKeys(clock)
    ended = []
    keys.on_ended = lambda key, expired: ended.append((key, expired))
    key = keys.open("a")
    assert keys.open("a") == key and keys.owner(key) == "a" and keys.open("b") != key
    clock.advance(START_NS + LIFE_NS - SECOND_NS)
    assert keys.keep_alive("a") == key
    clock.advance(START_NS + LIFE_NS + MINUTE_NS)
    assert keys.owner(key) == "a"
    clock.advance(START_NS + 2 * LIFE_NS)
    assert keys.owner(key) == "" and (key, True) in ended
    with pytest.raises(ApiError, match="listenKey does not exist"):
        keys.keep_alive("a")
    other = keys.open("a")
    keys.close("a")
    assert ended[-1] == (other, False)
