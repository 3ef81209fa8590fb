from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from tests.unit.venues.simulated.desk_driver import ACCOUNT, BUY, INVERSE, LINEAR, SELL, SPOT, START_NS, Driver
from workstation.core.messages import FundingPaid, OrderCancelled, OrderExpired, PositionLiquidated
from workstation.core.timeframe import HOUR_NS
from workstation.core.types import OrderType

UNIT = 100_000_000


def fundings(driver: Driver) -> list[FundingPaid]:
    return [report for report in driver.reports if isinstance(report, FundingPaid)]


def test_fees_of_takers_and_makers():
    driver = Driver(taker_bps=Decimal(7), maker_bps=Decimal(-1), cash={"USDT": 1_000 * UNIT})
    driver.order(BUY, 10)  # worth 101 USDT
    assert driver.fills()[0].fee == 101 * UNIT * 7 // 10_000
    driver.limit(SELL, 10, 110)
    driver.trade(BUY, 10, 111)  # worth 110 USDT
    assert driver.fills()[1].fee == -110 * UNIT // 10_000
    assert driver.cash["USDT"] == (1_000 + 9) * UNIT - sum(fill.fee for fill in driver.fills())


def test_spot_moves_the_whole_value():
    driver = Driver(SPOT, taker_bps=Decimal(10), cash={"USDT": 1_000 * UNIT, "BTC": 0})
    driver.order(BUY, 10)
    assert driver.state.lots == 10
    assert driver.cash["USDT"] == 1_000 * UNIT - 101 * UNIT - 101 * UNIT // 1_000


def test_spot_never_spends_more_than_there_is():
    driver = Driver(SPOT, cash={"USDT": 105 * UNIT, "BTC": 0}, book=(((100, 10),), ((101, 5), (110, 50))))
    order = driver.order(BUY, 10)
    assert driver.prices(order) == [(101, 5), (110, 4)]
    assert isinstance(driver.last(order), OrderExpired)
    assert driver.cash["USDT"] == (105 * 10 - 505 - 440) * UNIT // 10


def test_initial_base_balance_can_be_sold_on_spot():
    driver = Driver(SPOT, cash={"USDT": 0, "BTC": UNIT})  # 10 lots
    order = driver.order(SELL, 10)
    assert driver.prices(order) == [(100, 10)]
    assert driver.last(driver.order(SELL, 1)).code == "INSUFFICIENT_BALANCE"


def test_fee_in_another_asset_with_a_price_and_a_balance():
    driver = Driver(taker_bps=Decimal(10), fee_asset="BTC", cash={"USDT": 1_000 * UNIT, "BTC": UNIT})
    driver.trade(BUY, 1, 100)
    driver.order(BUY, 10)
    fill = driver.fills()[0]
    # 0.101 USDT at 100 USDT a BTC.
    assert (fill.fee_asset, fill.fee) == ("BTC", 101_000)
    assert driver.cash["BTC"] == UNIT - 101_000
    assert driver.cash["USDT"] == 1_000 * UNIT


def test_fee_falls_back_to_the_settlement_asset():
    driver = Driver(taker_bps=Decimal(10), fee_asset="BTC", cash={"USDT": 1_000 * UNIT, "BTC": 0})
    driver.trade(BUY, 1, 100)
    driver.order(BUY, 10)
    assert driver.fills()[0].fee_asset == "USDT"


def test_inverse_profit_is_in_base():
    driver = Driver(INVERSE, cash={"BTC": 10 * UNIT})
    driver.order(BUY, 1)  # 100 USD at 101
    driver.show(((200, 10),), ((201, 10),))
    driver.order(SELL, 1)
    # 100/101 - 100/200 BTC, each side rounded half to even.
    assert driver.cash["BTC"] == 10 * UNIT + 99_009_901 - 50_000_000


def test_lesson_11_funding_is_booked_once():
    driver = Driver()
    driver.order(BUY, 10)
    before = driver.cash["USDT"]
    driver.clock.advance(START_NS + 8 * HOUR_NS - 1)
    driver.funding(10_000, 100)
    driver.wait(5)
    driver.funding(10_000, 100)  # the same one again
    assert len(fundings(driver)) == 1
    paid = fundings(driver)[0]
    assert paid.amount == -100 * UNIT // 10_000
    assert driver.cash["USDT"] == before + paid.amount
    # The next one has another id, whatever the venue's memory.
    driver.clock.advance(START_NS + 16 * HOUR_NS)
    driver.funding(-10_000, 100)
    assert len({report.funding_id for report in fundings(driver)}) == 2
    assert fundings(driver)[1].amount == 100 * UNIT // 10_000


def test_assumed_funding_every_eight_hours_while_a_position_is_open():
    driver = Driver()
    driver.trade(BUY, 1, 100)
    driver.order(SELL, 10)
    driver.clock.advance(START_NS + 24 * HOUR_NS)
    assert [report.ts_ns for report in fundings(driver)] == [START_NS + n * 8 * HOUR_NS for n in (1, 2, 3)]
    assert {report.amount for report in fundings(driver)} == {100 * UNIT // 10_000}
    driver.order(BUY, 10)
    driver.clock.advance(START_NS + 72 * HOUR_NS)
    assert len(fundings(driver)) == 3


def test_the_markets_funding_replaces_the_assumed_one():
    driver = Driver()
    driver.order(BUY, 10)
    driver.clock.advance(START_NS + 8 * HOUR_NS)
    assert len(fundings(driver)) == 1
    driver.funding(20_000, 100)  # the same time as the assumed one
    driver.clock.advance(START_NS + 16 * HOUR_NS)
    driver.funding(20_000, 100)
    driver.clock.advance(START_NS + 24 * HOUR_NS)
    assert [report.amount for report in fundings(driver)][1:] == [-200 * UNIT // 10_000]


def test_no_funding_on_spot_or_when_it_is_off():
    for driver in (Driver(SPOT), Driver(funding=False)):
        driver.order(BUY, 10)
        driver.clock.advance(START_NS + 24 * HOUR_NS)
        assert fundings(driver) == []


def test_lesson_8_liquidation_is_reported_and_ends_the_orders():
    driver = Driver(taker_bps=Decimal(5), cash={"USDT": 1_000 * UNIT})
    driver.order(BUY, 10)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=80, reduce_only=True)
    # Entry 101, margin 10.1: liquidated at 91 (91.36 solves the condition), bankrupt at 90.9.
    assert driver.venue.liquidation_price(driver.instrument.symbol) == 91
    driver.mark(92)
    assert driver.state.lots == 10
    driver.mark(91)
    event = next(report for report in driver.reports if isinstance(report, PositionLiquidated))
    assert (event.side, event.price, event.lots) == (SELL, 91, 10)
    assert isinstance(driver.last(stop), OrderCancelled)
    assert driver.state.lots == 0
    assert driver.cash["USDT"] == 990 * UNIT - event.fee - driver.fills()[0].fee


def test_a_gap_beyond_bankruptcy_costs_no_more_than_the_margin():
    driver = Driver()
    driver.order(SELL, 10)  # entry 100, margin 10
    driver.mark(150)
    event = next(report for report in driver.reports if isinstance(report, PositionLiquidated))
    assert event.price == 110


def test_the_last_trade_liquidates_where_there_is_no_mark():
    driver = Driver()
    driver.order(BUY, 10)
    driver.trade(SELL, 1, 91)
    assert driver.said()[-1] == "PositionLiquidated"


def test_liquidation_can_be_off():
    driver = Driver(liquidation=False)
    driver.order(BUY, 10)
    driver.mark(1)
    assert driver.state.lots == 10


def test_cross_margin_uses_all_the_cash():
    account = msgspec.structs.replace(ACCOUNT, margin_mode="cross")
    driver = Driver(account=account, cash={"USDT": 50 * UNIT})
    driver.order(BUY, 10)
    driver.mark(80)
    assert driver.state.lots == 10
    driver.mark(51)  # 51 - 101 + 50 = 0
    assert driver.state.lots == 0


@pytest.mark.parametrize("instrument", [LINEAR, INVERSE])
def test_the_account_is_cash_and_cost(instrument):
    driver = Driver(instrument, taker_bps=Decimal(3), cash={"USDT": 10**13, "BTC": 10**12})
    opening = driver.cash[instrument.settle]
    driver.order(BUY, 15)
    driver.order(SELL, 37)
    driver.order(BUY, 11)
    value = sum(
        int(fill.side) * instrument.valuation.numerator * fill.lots * fill.price
        if not instrument.valuation.inverse
        else -_half_even(int(fill.side) * instrument.valuation.numerator * fill.lots, fill.price)
        for fill in driver.fills()
    )
    fees = sum(fill.fee for fill in driver.fills())
    assert driver.state.lots == -11
    assert driver.cash[instrument.settle] == opening - fees + driver.state.cost - value


def _half_even(numerator: int, denominator: int) -> int:
    return round(Decimal(numerator) / Decimal(denominator))
