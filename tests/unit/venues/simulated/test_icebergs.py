"""Icebergs at the simulated venue, placements that were judged before, and positions that share one market."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.simulated.desk_driver import BUY, SELL, SPOT, Driver
from workstation.core.messages import OrderRejected
from workstation.core.orders import Intent
from workstation.core.types import OrderType
from workstation.venues.simulated.restoring import Placement


def resting(driver: Driver, lots: int, part: int, others: int):
    """A buy at 100 behind 10 lots of others, of whom so many come after it."""
    client_id = driver.order(BUY, lots, OrderType.LIMIT, price=100, visible_lots=min(part, lots))
    order = driver.venue.states[driver.instrument.symbol].orders[client_id]
    driver.show(((100, 10 + others), (99, 20)), ((101, 10),))
    return order


@given(
    st.integers(1, 200),
    st.integers(1, 50),
    st.integers(0, 30),
    st.lists(st.tuples(st.integers(99, 100), st.integers(1, 40)), max_size=12),
)
def test_parts_queue_up_one_after_the_other(lots, part, others, trades):
    driver = Driver()
    order = resting(driver, lots, part, others)
    ahead, shown, left, level = 10, min(part, lots), lots, 10 + others
    for price, traded in trades:
        driver.trade(SELL, traded, price)
        rest = traded
        # The market's level has lost what traded before; who is left of the others and not ahead is behind.
        behind = max(0, level - ahead)
        level -= traded
        if price < 100:
            ahead = behind = 0
        while rest and left:
            waited = min(rest, ahead)
            ahead, rest = ahead - waited, rest - waited
            filled = min(rest, shown)
            shown, left, rest = shown - filled, left - filled, rest - filled
            if shown:
                break
            shown, ahead, behind = min(part, left), behind, 0
        assert order.filled == lots - left
        assert left == 0 or order.shown == shown <= part
        if price < 100 or not left:
            break


def test_an_order_that_shows_all_is_as_before():
    driver = Driver()
    order = resting(driver, 30, 30, 5)
    assert order.shown == 30
    driver.trade(SELL, 15, 100)
    assert (order.filled, order.shown) == (5, 25)


def test_a_book_that_crosses_an_iceberg_takes_what_it_shows_and_more():
    driver = Driver()
    order = resting(driver, 30, 10, 0)
    driver.show(((98, 10),), ((100, 25),))
    assert (order.filled, order.shown) == (25, 5)


def test_what_was_judged_before_is_not_judged_again():
    driver = Driver(SPOT, cash={"USDT": 10**8, "BTC": 0})
    intent = Intent(symbol=SPOT.symbol, side=BUY, lots=10, type=OrderType.LIMIT, price=100)
    driver.venue.send(Placement(intent, "a", 0, 0))
    driver.settle()
    assert isinstance(driver.reports[-1], OrderRejected)
    driver.venue.send(Placement(intent, "b", 0, 0, judged=True))
    driver.settle()
    assert driver.said("b") == ["OrderAccepted"]
