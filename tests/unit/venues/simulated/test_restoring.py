from __future__ import annotations

from typing import Any

from tests.unit.venues.simulated.desk_driver import BUY, SELL, START_NS, SYMBOL, Driver
from workstation.core.messages import OrderAccepted, OrderCancelled, OrderExpired, OrderTriggered
from workstation.core.orders import Order, SnapshotRequest
from workstation.core.timeframe import HOUR_NS
from workstation.core.types import OrderState, OrderType, Side

CASH = {"USDT": 5_000 * 100_000_000}


def journalled(client_id: str, side: Side, type: OrderType, lots: int, state: OrderState, **terms: Any) -> Order:
    filled = terms.pop("filled", 0)
    venue_id = terms.pop("venue_id", "" if state is OrderState.SUBMITTED else f"V{client_id}")
    terms.setdefault("venue_reduces", terms.get("reduce_only", False))
    order = Order(client_id=client_id, symbol=SYMBOL, side=side, type=type, lots=lots, created_ns=START_NS, **terms)
    order.state, order.filled_lots, order.venue_id = state, filled, venue_id
    return order


def restored(orders: list[Order], lots: int = 0, cost: int = 0) -> Driver:
    driver = Driver(book=None)
    driver.venue.restore(orders, {SYMBOL: (lots, cost)} if lots else {}, dict(CASH))
    assert driver.reports == []
    driver.show(((100, 10),), ((101, 10),))
    driver.settle()
    return driver


def test_account_and_open_orders_come_back():
    stop = journalled("s", SELL, OrderType.STOP, 10, OrderState.ACCEPTED, stop_price=95, reduce_only=True)
    driver = restored([stop], lots=10, cost=100 * 100_000_000)
    snapshot = driver.venue.snapshot(SnapshotRequest(0))
    assert snapshot.orders is not None and snapshot.positions is not None
    assert [order.client_id for order in snapshot.orders] == ["s"]
    assert [(position.symbol, position.lots) for position in snapshot.positions] == [(SYMBOL, 10)]
    assert snapshot.balances == CASH
    driver.trade(SELL, 1, 95)
    assert driver.prices("s") == [(100, 10)]
    assert driver.cash["USDT"] == CASH["USDT"]


def test_a_partially_filled_order_fills_only_its_rest_under_new_ids():
    order = journalled("p", BUY, OrderType.LIMIT, 10, OrderState.PARTIALLY_FILLED, price=100, filled=4)
    driver = restored([order], lots=4, cost=40 * 100_000_000)
    driver.trade(SELL, 50, 99)
    assert [(fill.fill_id, fill.lots) for fill in driver.fills()] == [("p:10", 6)]
    driver.order(BUY, 1, client_id="p")
    assert driver.last("p").code == "DUPLICATE"


def test_a_request_that_was_on_its_way_arrives_or_expires():
    timely = journalled("a", BUY, OrderType.MARKET, 5, OrderState.SUBMITTED, expires_ns=START_NS + 1)
    late = journalled("b", BUY, OrderType.MARKET, 5, OrderState.UNKNOWN, expires_ns=START_NS - 1, venue_id="")
    driver = restored([timely, late])
    assert isinstance(driver.reports[0], OrderAccepted)
    assert driver.prices("a") == [(101, 5)]
    assert isinstance(driver.last("b"), OrderExpired)


def test_held_children_stay_with_their_parent():
    parent = journalled("p", BUY, OrderType.LIMIT, 5, OrderState.ACCEPTED, price=99)
    child = journalled("c", SELL, OrderType.STOP, 5, OrderState.HELD, stop_price=90, parent_id="p", reduce_only=True)
    driver = restored([child, parent])
    driver.trade(SELL, 3, 98)
    assert driver.said("c") == ["OrderTriggered"]
    driver.trade(SELL, 1, 90)
    # The trade at 90 fills one lot more of the parent before it sets the stop off.
    assert driver.prices("p") == [(99, 3), (99, 1)] and driver.prices("c") == [(100, 4)]


def test_a_child_whose_parent_ended_protects_what_was_filled():
    child = journalled("c", SELL, OrderType.STOP, 5, OrderState.HELD, stop_price=90, parent_id="gone", reduce_only=True)
    driver = restored([child], lots=5, cost=50 * 100_000_000)
    assert isinstance(driver.last("c"), OrderTriggered)
    driver.trade(SELL, 1, 90)
    assert driver.state.lots == 0


def test_a_child_whose_parent_ended_with_nothing_is_cancelled():
    child = journalled("c", SELL, OrderType.STOP, 5, OrderState.HELD, stop_price=90, parent_id="gone", reduce_only=True)
    assert isinstance(restored([child]).last("c"), OrderCancelled)


def test_a_trailing_stop_goes_on_from_where_it_was_told():
    order = journalled("t", SELL, OrderType.TRAILING_STOP, 5, OrderState.ACCEPTED, stop_price=95, trail=10)
    driver = restored([order], lots=5, cost=50 * 100_000_000)
    driver.trade(SELL, 1, 95)
    assert driver.prices("t") == [(100, 5)]


def test_funding_goes_on():
    driver = restored([], lots=10, cost=100 * 100_000_000)
    driver.clock.advance(START_NS + 8 * HOUR_NS)
    assert driver.said() == ["FundingPaid"]
