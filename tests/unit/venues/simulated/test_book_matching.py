from __future__ import annotations

import pytest

from tests.unit.venues.simulated.desk_driver import BUY, LADDER, SELL, Driver
from workstation.core.messages import OrderExpired, OrderFilled
from workstation.core.types import Liquidity, OrderType, TimeInForce


def test_market_order_walks_the_levels():
    driver = Driver()
    order = driver.order(BUY, 25)
    assert driver.prices(order) == [(101, 10), (102, 15)]
    assert {fill.liquidity for fill in driver.fills()} == {Liquidity.TAKER}
    assert driver.said(order) == ["OrderAccepted", "OrderFilled", "OrderFilled"]
    sell = driver.order(SELL, 12)
    assert driver.prices(sell) == [(100, 10), (99, 2)]


def test_fill_ids_are_unique_and_tell_the_order():
    driver = Driver()
    order = driver.order(BUY, 25)
    assert [fill.fill_id for fill in driver.fills()] == [f"{order}:10", f"{order}:25"]


def test_lesson_22_liquidity_is_consumed_once():
    driver = Driver()
    assert driver.prices(driver.order(BUY, 10)) == [(101, 10)]
    assert driver.prices(driver.order(BUY, 10)) == [(102, 10)]
    # The feed repeats the same quantities: nothing has come back.
    driver.show(*LADDER)
    assert driver.prices(driver.order(BUY, 15)) == [(102, 10), (103, 5)]
    # Five lots are added at 101: those are new, the ten old ones are still taken.
    driver.show(LADDER[0], ((101, 15), (102, 20), (103, 30)))
    assert driver.prices(driver.order(BUY, 7)) == [(101, 5), (103, 2)]
    # The level empties and comes back: all of it is new.
    driver.show(LADDER[0], ((102, 20), (103, 30)))
    driver.show(*LADDER)
    assert driver.prices(driver.order(BUY, 10)) == [(101, 10)]


def test_a_market_order_goes_on_when_the_book_fills_again():
    driver = Driver()
    order = driver.order(BUY, 70)
    assert sum(lots for _, lots in driver.prices(order)) == 60
    assert driver.said(order)[-1] == "OrderFilled"
    driver.show(((100, 10),), ((105, 50),))
    assert driver.prices(order)[-1] == (105, 10)


def test_orders_wait_for_a_synchronised_book():
    driver = Driver(book=None)
    order = driver.order(BUY, 5)
    assert driver.said(order) == ["OrderAccepted"]
    driver.show(*LADDER)
    assert driver.prices(order) == [(101, 5)]


def test_limit_order_takes_to_its_limit_and_rests():
    driver = Driver()
    order = driver.limit(BUY, 35, 102)
    assert driver.prices(order) == [(101, 10), (102, 20)]
    driver.trade(SELL, 3, 102)
    fill = driver.fills(order)[-1]
    assert (fill.price, fill.lots, fill.liquidity) == (102, 3, Liquidity.MAKER)


def test_immediate_or_cancel():
    driver = Driver()
    order = driver.limit(BUY, 15, 101, time_in_force=TimeInForce.IOC)
    assert driver.prices(order) == [(101, 10)]
    assert isinstance(driver.last(order), OrderExpired)
    assert not driver.state.orders
    market = driver.order(SELL, 100, time_in_force=TimeInForce.IOC)
    assert sum(lots for _, lots in driver.prices(market)) == 60
    assert isinstance(driver.last(market), OrderExpired)


@pytest.mark.parametrize(("lots", "price", "fills"), [(30, 102, [(101, 10), (102, 20)]), (31, 102, []), (61, 103, [])])
def test_fill_or_kill(lots, price, fills):
    driver = Driver()
    order = driver.limit(BUY, lots, price, time_in_force=TimeInForce.FOK)
    assert driver.prices(order) == fills
    assert isinstance(driver.last(order), OrderFilled if fills else OrderExpired)


def test_fill_or_kill_counts_what_was_taken_before():
    driver = Driver()
    driver.order(BUY, 10)
    order = driver.limit(BUY, 10, 101, time_in_force=TimeInForce.FOK)
    assert isinstance(driver.last(order), OrderExpired)


def test_post_only_that_would_take_expires_without_being_accepted():
    driver = Driver()
    assert driver.said(driver.limit(BUY, 1, 101, post_only=True)) == ["OrderExpired"]
    assert driver.said(driver.limit(SELL, 1, 100, post_only=True)) == ["OrderExpired"]
    assert driver.said(driver.limit(BUY, 1, 100, post_only=True)) == ["OrderAccepted"]


def test_queue_position_is_behind_what_the_book_shows():
    driver = Driver()
    order = driver.limit(BUY, 5, 100)
    driver.trade(SELL, 8, 100)
    assert driver.prices(order) == []
    driver.trade(SELL, 4, 100)
    assert driver.prices(order) == [(100, 2)]
    driver.trade(BUY, 50, 100)  # the aggressor was a buyer: nothing came to the bids
    assert driver.prices(order) == [(100, 2)]
    driver.trade(SELL, 4, 100)
    assert driver.prices(order) == [(100, 2), (100, 3)]


def test_a_better_price_has_no_queue():
    driver = Driver(book=(((98, 10),), ((101, 10),)))
    order = driver.limit(BUY, 5, 99)
    driver.trade(SELL, 2, 99)
    assert driver.prices(order) == [(99, 2)]


def test_a_trade_through_the_price_fills():
    driver = Driver()
    order = driver.limit(BUY, 5, 99)
    driver.trade(SELL, 5, 98)
    assert driver.prices(order) == [(99, 5)]


def test_a_trade_gives_no_more_than_its_lots():
    driver = Driver()
    first = driver.limit(BUY, 5, 100)
    second = driver.limit(BUY, 5, 99)
    driver.trade(SELL, 7, 98)
    assert driver.prices(first) == [(100, 5)]
    assert driver.prices(second) == [(99, 2)]


def test_price_time_priority_among_own_orders():
    driver = Driver()
    early = driver.limit(BUY, 4, 99)
    late = driver.limit(BUY, 4, 99)
    better = driver.limit(BUY, 4, 100)
    driver.trade(SELL, 10, 98)
    assert [fill.client_id for fill in driver.fills()] == [better, early, late]
    assert driver.prices(late) == [(99, 2)]


def test_conservative_queue_is_not_moved_by_cancels_ahead():
    driver = Driver(queue="conservative")
    order = driver.limit(BUY, 5, 98)  # 30 ahead
    driver.show(((98, 40),), LADDER[1])
    driver.show(((98, 32),), LADDER[1])
    driver.trade(SELL, 30, 98)
    assert driver.prices(order) == []
    driver.trade(SELL, 1, 98)
    assert driver.prices(order) == [(98, 1)]


def test_proportional_queue_moves_with_cancels():
    driver = Driver(queue="proportional")
    order = driver.limit(BUY, 5, 98)  # 30 ahead
    driver.show(((98, 60),), LADDER[1])
    driver.show(((98, 30),), LADDER[1])  # half cancelled: 15 ahead
    driver.trade(SELL, 16, 98)
    assert driver.prices(order) == [(98, 1)]


def test_without_partial_fills_a_maker_fills_whole_once_touched():
    driver = Driver(partial_fills=False)
    order = driver.limit(BUY, 50, 100)
    driver.trade(SELL, 10, 100)
    assert driver.prices(order) == []
    driver.trade(SELL, 1, 100)
    assert driver.prices(order) == [(100, 50)]


def test_slices_are_of_a_least_size_and_few():
    driver = Driver(smallest_slice_percent=15, most_slices=3, book=((), ((200, 1),)))
    order = driver.limit(BUY, 100, 100)
    for lots in (10, 6, 20, 30, 33):
        driver.trade(SELL, lots, 100)
    assert driver.prices(order) == [(100, 16), (100, 20)]
    driver.trade(SELL, 1, 100)
    assert driver.prices(order)[-1] == (100, 64)


def test_a_book_that_crosses_the_limit_fills_the_maker_at_its_limit():
    driver = Driver()
    order = driver.limit(BUY, 15, 100)
    driver.show(((97, 5),), ((99, 10), (100, 2), (101, 9)))
    assert driver.prices(order) == [(100, 10), (100, 2)]
    assert driver.fills(order)[0].liquidity is Liquidity.MAKER
    driver.show(((97, 5),), ((99, 10), (100, 2), (101, 9)))  # the same lots do not fill twice
    assert len(driver.prices(order)) == 2


def test_own_orders_never_trade_with_each_other():
    driver = Driver()
    own = driver.limit(SELL, 5, 102)
    order = driver.order(BUY, 20)
    assert driver.prices(order) == [(101, 10)]
    assert isinstance(driver.last(order), OrderExpired)
    assert driver.prices(own) == []
    crossing = driver.limit(BUY, 5, 102)
    assert isinstance(driver.last(crossing), OrderExpired)
    assert driver.prices(crossing) == []


def test_slippage_worsens_takers_to_a_tick_within_its_bound():
    wide = (((10_000, 100),), ((10_010, 100),))
    driver = Driver(book=wide, slippage_bps=3, maximum_slippage_bps=10)
    buy = driver.order(BUY, 1)
    assert driver.prices(buy) == [(10_014, 1)]  # 3.003 ticks become 4
    sell = driver.order(SELL, 1)
    assert driver.prices(sell) == [(9_997, 1)]
    limited = driver.limit(BUY, 1, 10_012)
    assert driver.prices(limited) == [(10_012, 1)]
    # Submitted against 10,002: slippage takes no fill beyond 10 basis points of it, 10,013.
    bounded = driver.order(BUY, 1, reference=10_002)
    assert driver.prices(bounded) == [(10_013, 1)]


def test_slippage_of_a_stop_counts_from_its_trigger_and_of_a_resting_limit_not_at_all():
    driver = Driver()
    driver.order(BUY, 10)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=95, reduce_only=True, reference=101)
    resting = driver.limit(BUY, 4, 97, reference=100)
    driver.show(((94, 20),), ((97, 4), (98, 20)))
    driver.trade(SELL, 1, 95)
    # 94 instead of 95 for 10 lots, each worth 0.1 USDT a tick; the fall from 101 is the market's.
    assert driver.prices(stop) == [(94, 10)]
    assert driver.fills(stop)[0].slippage == 100_000_000
    assert driver.prices(resting) == [(97, 4)]
    assert driver.fills(resting)[0].slippage == 0


def test_slippage_is_reported_against_the_reference():
    driver = Driver()
    driver.order(BUY, 10, reference=100)
    # 1 tick of 10 lots, each worth 0.1 USDT.
    assert driver.fills()[0].slippage == 100_000_000
    driver.order(SELL, 10, reference=99)
    assert driver.fills()[1].slippage == -100_000_000
    driver.order(BUY, 1, OrderType.MARKET)
    assert driver.fills()[2].slippage == 0
