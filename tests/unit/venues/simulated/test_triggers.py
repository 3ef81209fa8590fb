from __future__ import annotations

import pytest

from tests.unit.venues.simulated.desk_driver import BUY, SELL, Driver
from workstation.core.messages import OrderAmended, OrderExpired
from workstation.core.types import Liquidity, OrderType

ACCEPTED_TRIGGERED_FILLED = ["OrderAccepted", "OrderTriggered", "OrderFilled"]


@pytest.mark.parametrize(
    ("side", "type", "stop", "quiet", "price"),
    [
        (BUY, OrderType.STOP, 105, 104, 105),
        (SELL, OrderType.STOP, 95, 96, 95),
        (BUY, OrderType.TAKE_PROFIT, 95, 96, 95),
        (SELL, OrderType.TAKE_PROFIT, 105, 104, 105),
        (BUY, OrderType.STOP, 105, 104, 110),
    ],
)
def test_triggers_on_the_last_trade_and_takes(side, type, stop, quiet, price):
    driver = Driver()
    driver.trade(BUY, 1, 100)
    order = driver.order(side, 5, type, stop_price=stop)
    driver.trade(BUY, 1, quiet)
    assert driver.said(order) == ["OrderAccepted"]
    driver.trade(BUY, 1, price)
    assert driver.said(order) == ACCEPTED_TRIGGERED_FILLED
    assert driver.prices(order) == [(101 if side is BUY else 100, 5)]


def test_stop_limit_rests_at_its_limit_after_it_triggers():
    driver = Driver()
    order = driver.order(SELL, 5, OrderType.STOP_LIMIT, stop_price=95, price=104)
    driver.trade(SELL, 1, 95)
    assert driver.said(order) == ["OrderAccepted", "OrderTriggered"]
    driver.trade(BUY, 5, 105)
    assert driver.prices(order) == [(104, 5)]
    assert driver.fills(order)[0].liquidity is Liquidity.MAKER


def test_take_profit_limit():
    driver = Driver()
    order = driver.order(SELL, 5, OrderType.TAKE_PROFIT_LIMIT, stop_price=105, price=100)
    driver.trade(BUY, 1, 105)
    assert driver.prices(order) == [(100, 5)]


def test_a_stop_whose_condition_is_met_triggers_on_arrival():
    driver = Driver()
    driver.trade(SELL, 1, 90)
    order = driver.order(SELL, 5, OrderType.STOP, stop_price=95)
    assert driver.said(order) == ACCEPTED_TRIGGERED_FILLED


def test_the_mark_price_triggers_only_before_the_first_trade():
    driver = Driver()
    early = driver.order(SELL, 5, OrderType.STOP, stop_price=95)
    driver.mark(94)
    assert driver.said(early) == ACCEPTED_TRIGGERED_FILLED
    driver.trade(BUY, 1, 100)
    late = driver.order(SELL, 5, OrderType.STOP, stop_price=95)
    driver.mark(90)
    assert driver.said(late) == ["OrderAccepted"]


def test_trailing_stop_follows_and_triggers():
    driver = Driver()
    driver.trade(BUY, 1, 100)
    order = driver.order(SELL, 5, OrderType.TRAILING_STOP, trail=10)
    for price in (105, 112, 104, 103):
        driver.trade(BUY, 1, price)
    assert driver.fills(order) == []
    driver.trade(SELL, 1, 102)
    assert driver.said(order)[-2:] == ["OrderTriggered", "OrderFilled"]
    told = [report.stop_price for report in driver.reports if isinstance(report, OrderAmended)]
    assert told == [90, 95, 102]


def test_trailing_buy_stop_with_an_initial_stop():
    driver = Driver()
    driver.trade(BUY, 1, 100)
    order = driver.order(BUY, 5, OrderType.TRAILING_STOP, trail=10, stop_price=106)
    driver.trade(SELL, 1, 90)
    driver.trade(BUY, 1, 99)
    assert driver.fills(order) == []
    driver.trade(BUY, 1, 100)
    assert driver.prices(order) == [(101, 5)]


def test_a_stop_entry_that_the_margin_does_not_carry_expires_when_it_triggers():
    driver = Driver(cash={"USDT": 120 * 100_000_000})
    # 50 lots at 100 ticks are worth 500 USDT: 50 of margin each.
    stop = driver.order(BUY, 100, OrderType.STOP, stop_price=105)
    driver.venue._account.cash["USDT"] = 50 * 100_000_000
    driver.trade(BUY, 1, 105)
    assert isinstance(driver.last(stop), OrderExpired)
    assert driver.state.lots == 0
