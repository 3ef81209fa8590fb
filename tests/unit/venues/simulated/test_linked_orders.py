from __future__ import annotations

from typing import Any

from tests.unit.venues.simulated.desk_driver import BUY, SELL, Driver
from workstation.core.messages import OrderAccepted, OrderAmended, OrderCancelled, OrderRejected, OrderTriggered
from workstation.core.types import OrderType


def bracket(driver: Driver, lots: int, price: int, stop: int, target: int, **terms: Any) -> tuple[str, str, str]:
    parent = driver.limit(BUY, lots, price, **terms)
    common = {"parent_id": parent, "oco_group": f"g-{parent}", "reduce_only": True}
    stop_loss = driver.order(SELL, lots, OrderType.STOP, stop_price=stop, **common)
    take_profit = driver.limit(SELL, lots, target, **common)
    return parent, stop_loss, take_profit


def lots_told(driver: Driver, client_id: str) -> list[int]:
    return [r.lots for r in driver.reports if isinstance(r, OrderAmended) and r.client_id == client_id]


def test_children_are_held_until_the_parent_fills():
    driver = Driver()
    _, stop, target = bracket(driver, 5, 99, 90, 120)
    accepted = [r for r in driver.reports if isinstance(r, OrderAccepted)]
    assert [r.held for r in accepted] == [False, True, True]
    driver.trade(SELL, 1, 89)  # would set the stop off if it were live; it fills the parent's first lot
    assert driver.said(stop)[:2] == ["OrderAccepted", "OrderTriggered"]
    assert [r.released for r in driver.reports if isinstance(r, OrderTriggered) and r.client_id == target] == [True]


def test_take_profit_cancels_the_stop():
    driver = Driver()
    _, stop, target = bracket(driver, 5, 101, 90, 110)
    driver.trade(BUY, 50, 111)
    assert driver.prices(target) == [(110, 5)]
    assert isinstance(driver.last(stop), OrderCancelled)
    assert driver.state.lots == 0 and not driver.venue._desk.orders and not driver.venue._desk.groups


def test_stop_cancels_the_take_profit():
    driver = Driver()
    _, stop, target = bracket(driver, 5, 101, 90, 110)
    driver.trade(SELL, 1, 90)
    assert driver.prices(stop) == [(100, 5)]
    assert isinstance(driver.last(target), OrderCancelled)


def test_lesson_5_protective_orders_follow_the_filled_quantity():
    driver = Driver()
    parent, stop, target = bracket(driver, 10, 99, 90, 110)
    driver.trade(SELL, 20, 99)  # the queue ahead
    driver.trade(SELL, 3, 99)
    assert driver.prices(parent) == [(99, 3)]
    driver.trade(BUY, 100, 110)
    driver.trade(BUY, 100, 111)
    assert driver.prices(target) == [(110, 3)]  # no more than the parent filled
    assert lots_told(driver, stop) == [7]
    assert driver.state.lots == 0
    driver.trade(SELL, 4, 99)
    driver.cancel(parent)
    assert driver.state.lots == 4
    assert lots_told(driver, stop)[-1] == 4  # three filled by its sibling, four left of seven
    assert lots_told(driver, target)[-1] == 7
    driver.trade(SELL, 1, 90)
    assert sum(lots for _, lots in driver.prices(stop)) == 4
    assert driver.state.lots == 0
    assert isinstance(driver.last(target), OrderCancelled)
    assert not driver.venue._desk.orders


def test_children_end_with_a_parent_that_never_filled():
    driver = Driver()
    parent, stop, target = bracket(driver, 5, 90, 80, 110)
    driver.cancel(parent)
    assert isinstance(driver.last(stop), OrderCancelled) and isinstance(driver.last(target), OrderCancelled)
    late = driver.order(SELL, 5, OrderType.STOP, stop_price=80, parent_id=parent, reduce_only=True)
    assert isinstance(driver.last(late), OrderRejected) and driver.last(late).code == "PARENT"


def test_children_of_a_parent_that_has_filled_are_live_at_once():
    driver = Driver()
    parent = driver.order(BUY, 5)
    stop = driver.order(SELL, 9, OrderType.STOP, stop_price=90, parent_id=parent, reduce_only=True)
    assert not driver.last(stop).held
    driver.trade(SELL, 1, 90)
    assert driver.prices(stop) == [(100, 5)]


def test_a_child_of_an_unknown_parent_is_rejected():
    driver = Driver()
    order = driver.order(SELL, 5, OrderType.STOP, stop_price=90, parent_id="nobody", reduce_only=True)
    assert driver.last(order).code == "PARENT"


def test_one_cancels_other_without_a_parent():
    driver = Driver()
    low = driver.limit(BUY, 6, 99, oco_group="entry")
    high = driver.order(BUY, 6, OrderType.STOP, stop_price=105, oco_group="entry")
    driver.trade(SELL, 22, 99)
    assert driver.prices(low) == [(99, 2)]
    assert lots_told(driver, high) == [4]
    driver.trade(BUY, 1, 105)
    assert driver.prices(high) == [(101, 4)]
    assert isinstance(driver.last(low), OrderCancelled)
    assert driver.state.lots == 6


def test_a_released_stop_beyond_its_trigger_fires_at_once():
    driver = Driver()
    driver.trade(SELL, 1, 85)
    parent, stop, _ = bracket(driver, 5, 99, 90, 110)
    driver.trade(SELL, 5, 86)
    assert driver.prices(parent) == [(99, 5)]
    assert driver.prices(stop) == [(100, 5)]


def test_a_childs_live_quantity_counts_what_its_sibling_closed():
    driver = Driver()
    parent = driver.limit(BUY, 10, 99)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=90, parent_id=parent, oco_group="g")
    target = driver.limit(SELL, 10, 110, parent_id=parent, oco_group="g")
    driver.trade(SELL, 23, 99)
    driver.trade(BUY, 3, 111)
    assert driver.prices(parent) == [(99, 3)] and driver.prices(target) == [(110, 3)]
    driver.venue._desk.trigger(driver.state.orders[stop])
    driver.show(((100, 50),), ((120, 50),))
    assert stop in driver.state.orders and driver.prices(stop) == []  # nothing of the parent's fill is left to it
