"""Good-till dates at the simulated venue: kept by event time, whatever else happens."""

from __future__ import annotations

from tests.unit.venues.simulated.desk_driver import BUY, MINUTE_NS, SELL, START_NS, SYMBOL, Driver
from workstation.core.messages import OrderExpired
from workstation.core.orders import Order
from workstation.core.timeframe import utc_text
from workstation.core.types import OrderState, OrderType, TimeInForce

DATE_NS = START_NS + 3 * MINUTE_NS
DATED = {"time_in_force": TimeInForce.GTD, "good_till_ns": DATE_NS}


def test_an_order_rests_until_its_date_and_no_longer():
    driver = Driver()
    rests = driver.limit(BUY, 10, 99, **DATED)
    waits = driver.order(BUY, 10, OrderType.STOP, stop_price=110, **DATED)
    driver.trade(SELL, 24, 99)
    assert driver.prices(rests) == [(99, 4)]
    driver.clock.advance(DATE_NS - 1)
    assert driver.venue._desk.orders.keys() == {rests, waits}
    driver.clock.advance(DATE_NS)
    for client_id in (rests, waits):
        expired = driver.last(client_id)
        assert isinstance(expired, OrderExpired)
        assert (expired.ts_ns, expired.reason) == (DATE_NS, f"good till {utc_text(DATE_NS)} UTC")
    driver.trade(SELL, 50, 98)
    assert driver.prices() == [(99, 4)]


def test_one_that_ended_before_its_date_is_not_ended_twice():
    driver = Driver()
    client_id = driver.limit(BUY, 10, 99, **DATED)
    driver.cancel(client_id)
    driver.clock.advance(DATE_NS)
    assert driver.said(client_id) == ["OrderAccepted", "OrderCancelled"]


def test_the_date_falls_within_a_bar():
    driver = Driver(book=None)
    driver.bar(100, 101, 99, 100)
    client_id = driver.limit(BUY, 10, 90, time_in_force=TimeInForce.GTD, good_till_ns=START_NS + 15 * MINUTE_NS // 8)
    driver.bar(100, 101, 89, 100)
    assert driver.said(client_id)[-1] == "OrderFilled", "its low comes before the date"
    late = driver.limit(BUY, 10, 80, time_in_force=TimeInForce.GTD, good_till_ns=driver.clock.time_ns + MINUTE_NS // 8)
    driver.bar(100, 101, 79, 100)
    assert driver.said(late) == ["OrderAccepted", "OrderExpired"]


def test_a_restart_keeps_the_date_and_ends_what_is_over():
    driver = Driver(book=None)
    orders = []
    for client_id, until_ns in (("soon", DATE_NS), ("over", START_NS - 1)):
        order = Order(
            client_id=client_id,
            symbol=SYMBOL,
            side=BUY,
            type=OrderType.LIMIT,
            lots=10,
            price=90,
            time_in_force=TimeInForce.GTD,
            good_till_ns=until_ns,
            venue_id=f"V{client_id}",
            state=OrderState.ACCEPTED,
        )
        orders.append(order)
    driver.venue.restore(orders, {}, {"USDT": 10**12})
    driver.settle()
    assert driver.said() == ["OrderExpired"] and driver.last("over")
    driver.clock.advance(DATE_NS)
    assert isinstance(driver.last("soon"), OrderExpired)
