"""``SimVenue(spot_assets=True)``: balances of assets instead of positions, fees out of what is received."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.simulated.desk_driver import ACCOUNT, BUY, LADDER, SELL, SPOT, Driver
from workstation.core.types import OrderType
from workstation.venues.simulated import SimVenue

UNIT = 100_000_000
FEES: dict[str, Any] = {"taker_bps": Decimal(10), "maker_bps": Decimal(10)}


def assets_driver(cash: dict[str, int], **costs: Any) -> Driver:
    driver = Driver(SPOT, book=None, cash=cash, **costs)
    driver.venue = SimVenue(
        driver.clock,
        driver._hear,
        {SPOT.symbol: SPOT},
        {SPOT.symbol: driver.book},
        driver.costs,
        ACCOUNT,
        cash,
        Random(1),
        spot_assets=True,
    )
    driver.show(*LADDER)
    return driver


def test_a_buyer_pays_its_fee_in_base():
    driver = assets_driver({"USDT": 1_000 * UNIT}, **FEES)
    driver.order(BUY, 10)  # 1 BTC for 101 USDT
    assert (driver.fills()[0].fee, driver.fills()[0].fee_asset) == (UNIT // 1_000, "BTC")
    assert driver.cash == {"USDT": (1_000 - 101) * UNIT, "BTC": UNIT - UNIT // 1_000}
    assert driver.state.lots == 0


def test_a_seller_pays_its_fee_in_quote():
    driver = assets_driver({"BTC": UNIT}, **FEES)
    driver.order(SELL, 10)
    assert driver.cash == {"USDT": 100 * UNIT - 100 * UNIT // 1_000, "BTC": 0}


def test_the_whole_balance_buys_what_it_costs_without_a_fee():
    driver = assets_driver({"USDT": 101 * UNIT}, **FEES)
    order = driver.order(BUY, 10)
    assert driver.prices(order) == [(101, 10)]
    assert driver.cash["USDT"] == 0


def test_what_is_left_below_a_lot_after_the_fee_cannot_be_sold():
    driver = assets_driver({"USDT": 1_000 * UNIT}, **FEES)
    driver.order(BUY, 10)
    assert driver.last(driver.order(SELL, 10)).code == "INSUFFICIENT_BALANCE"
    driver.order(SELL, 9)
    assert driver.cash["BTC"] == UNIT - UNIT // 1_000 - 9 * UNIT // 10


def test_paper_keeps_its_defaults():
    driver = Driver(SPOT, cash={"USDT": 1_000 * UNIT, "BTC": 0}, **FEES)
    driver.order(BUY, 10)
    assert driver.state.lots == 10 and driver.fills()[0].fee_asset == "USDT"


def test_margin_is_of_each_position_by_itself():
    """One symbol's margin can be its own while another's is all that the account has."""
    driver = Driver(account=msgspec.structs.replace(ACCOUNT, margin_mode="cross"), cash={"USDT": 1_000 * UNIT})
    driver.order(BUY, 10)
    crossed = driver.venue.liquidation_price("BTCUSDT")
    driver.state.cross = False
    driver.venue.account.update_liquidation(driver.state)
    assert driver.venue.liquidation_price("BTCUSDT") > crossed


def test_the_venue_can_close_a_position_by_itself():
    driver = Driver(cash={"USDT": 1_000 * UNIT})
    driver.order(BUY, 10)
    driver.limit(BUY, 1, 90)
    driver.venue.close_position("BTCUSDT", 100)
    assert driver.said()[-2:] == ["PositionLiquidated", "OrderCancelled"]
    assert driver.state.lots == 0


@given(st.lists(st.tuples(st.sampled_from((BUY, SELL)), st.integers(1, 40), st.booleans()), max_size=30))
def test_nothing_is_made_or_lost_but_fees(orders):
    driver = assets_driver({"USDT": 500 * UNIT, "BTC": UNIT}, **FEES)
    for side, lots, limit in orders:
        terms: dict[str, Any] = {"type": OrderType.LIMIT, "price": 100 if side is BUY else 101} if limit else {}
        driver.order(side, lots, **terms)
        driver.trade(side.opposite, 3, 100 if side is BUY else 101)
        driver.show(*LADDER)
    cash = {"USDT": 500 * UNIT, "BTC": UNIT}
    for fill in driver.fills():
        sign = int(fill.side)
        cash["BTC"] += sign * fill.lots * UNIT // 10
        cash["USDT"] -= sign * fill.lots * fill.price * UNIT // 10
        cash[fill.fee_asset] -= fill.fee
    assert driver.cash == cash
    assert min(cash.values()) >= 0
