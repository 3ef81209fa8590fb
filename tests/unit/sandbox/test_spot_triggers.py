"""Spot stops: when one is set off, and how a trailing one follows; Binance's own scenarios, in ticks of 0.01."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sandbox.practice import BUY, SELL, Practice
from tests.unit.sandbox.test_order_lists import trade
from tests.unit.sandbox.test_spot_trading import Client, code_of
from workstation.core.types import Side
from workstation.sandbox.orders import OrderRecord
from workstation.sandbox.spot_triggers import follow, is_waiting, lock_price


def stop(side: Side, type_: str, delta: int, stop_price: int = 0) -> OrderRecord:
    return OrderRecord(
        order_id=1,
        symbol="BTCUSDT",
        side=side,
        type=type_,
        original_type=type_,
        client_order_id="c",
        time_in_force="GTC",
        price=0,
        stop_price=stop_price,
        lots=1,
        quote_quantity=0,
        reduce_only=False,
        trailing_delta=delta,
        created_ns=0,
        updated_ns=0,
    )


@pytest.mark.parametrize(
    ("order", "prices", "last"),
    [
        (
            stop(BUY, "STOP_LOSS_LIMIT", 500, 4_400_000),
            [3_700_000, 4_400_000, 4_600_000, 4_200_000, 4_409_999],
            4_410_000,
        ),
        (stop(SELL, "STOP_LOSS_LIMIT", 1000, 3_900_000), [4_150_000, 3_900_000, 3_700_000, 4_100_000], 3_690_000),
        (
            stop(BUY, "TAKE_PROFIT_LIMIT", 850, 3_800_000),
            [4_200_000, 3_800_000, 3_700_000, 3_900_000, 3_800_000],
            4_014_500,
        ),
        (
            stop(SELL, "TAKE_PROFIT_LIMIT", 750, 4_200_000),
            [4_150_000, 3_900_000, 4_200_000, 4_500_000, 4_400_000, 4_650_000],
            4_301_250,
        ),
        (stop(SELL, "STOP_LOSS_LIMIT", 700), [4_000_000, 4_200_000, 3_950_000, 4_550_000], 4_231_500),
    ],
)
def test_binances_scenarios(order, prices, last):
    assert [follow(order, price, number) for number, price in enumerate(prices)] == [False] * len(prices)
    assert is_waiting(order)
    assert not follow(order, last + int(order.side) * -1, 99)
    assert follow(order, last, 100)


@given(st.lists(st.integers(1, 10**7), min_size=1), st.integers(10, 2000), st.sampled_from([BUY, SELL]))
def test_it_is_set_off_by_its_distance_from_the_best_price_and_never_before(prices, delta, side):
    order = stop(side, "STOP_LOSS", delta)
    for number, price in enumerate(prices, 1):
        best = min(prices[:number]) if side is BUY else max(prices[:number])
        moved = (price - best) * int(side) * 10_000 >= best * delta
        assert follow(order, price, number) == moved
        assert order.best == best


def test_what_a_buy_locks_is_where_it_may_be_set_off():
    assert lock_price(stop(BUY, "STOP_LOSS", 0, 4_400_000), 4_000_000) == 4_400_000
    assert lock_price(stop(BUY, "STOP_LOSS", 500, 4_400_000), 4_000_000) == 4_620_000
    assert lock_price(stop(BUY, "TAKE_PROFIT", 100), 4_000_001) == 4_040_002


def test_a_trailing_stop_on_the_exchange(client, practice):
    last = practice.listing().last
    told = client.order(side="SELL", type="STOP_LOSS", quantity="0.1", trailingDelta="100", newOrderRespType="RESULT")
    assert (told["trailingDelta"], told["workingTime"]) == (100, -1) and told["trailingTime"] > 0
    assert "stopPrice" not in told
    assert practice.told("executionReport")[-1]["d"] == 100 and "D" in practice.told("executionReport")[-1]
    record = practice.account.spot.orders[told["orderId"]]
    assert practice.account.spot.locked("BTC") == practice.listing().base_money(10_000)
    trade(practice, last + 100_000)
    trade(practice, last + 90_000, side=SELL)
    assert record.is_open and record.best == last + 100_000
    trade(practice, (last + 100_000) * 99 // 100, side=SELL)
    assert record.status == "FILLED" and practice.account.spot.locked("BTC") == 0
    shown = client.ask("GET", "/api/v3/order", symbol="BTCUSDT", orderId=record.order_id)
    assert (shown["type"], shown["isWorking"], shown["trailingDelta"]) == ("STOP_LOSS", True, 100)


def test_a_trailing_stop_with_a_stop_price_waits_for_it(client, practice):
    last = practice.listing().last
    price = practice.listing().price_text
    told = client.order(
        side="SELL",
        type="TAKE_PROFIT_LIMIT",
        quantity="0.1",
        stopPrice=price(last + 50_000),
        price=price(last - 50_000),
        timeInForce="GTC",
        trailingDelta="50",
        newOrderRespType="RESULT",
    )
    assert told["trailingTime"] == -1 and told["stopPrice"] == price(last + 50_000)
    record = practice.account.spot.orders[told["orderId"]]
    trade(practice, last + 40_000)
    trade(practice, last + 10_000, side=SELL)
    assert record.status == "NEW" and not record.is_trailing
    trade(practice, last + 60_000)
    assert record.is_trailing
    trade(practice, (last + 60_000) * 9_950 // 10_000, side=SELL)
    assert record.is_working and record.worth >= practice.listing().worth(last - 50_000, record.filled)


@pytest.mark.parametrize("delta", [9, 2001])
def test_a_distance_that_the_filter_refuses(client, delta):
    assert code_of(client.order, side="SELL", type="STOP_LOSS", quantity="0.1", trailingDelta=delta) == -1013


def test_a_buy_that_trails_locks_its_worst_price(client, practice):
    last, listing = practice.listing().last, practice.listing()
    client.order(side="BUY", type="STOP_LOSS", quantity="0.1", trailingDelta="100")
    worst = -(-last * 101 // 100)
    assert practice.account.spot.locked("USDT") == listing.worth(worst, 10_000)
    trade(practice, last - 50_000, side=SELL)
    trade(practice, last)
    assert practice.account.spot.locked("USDT") == 0
    assert practice.account.spot.free("USDT") >= 0


@pytest.fixture
def practice() -> Practice:
    return Practice()


@pytest.fixture
def client(practice: Practice) -> Client:
    return Client(practice)
