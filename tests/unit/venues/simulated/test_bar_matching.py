from __future__ import annotations

from decimal import Decimal
from random import Random

import msgspec
import pytest

from tests.unit.venues.simulated.desk_driver import (
    ACCOUNT,
    BUY,
    CASH,
    FREE,
    LINEAR,
    MINUTE_NS,
    SELL,
    SPOT,
    Driver,
)
from workstation.core.messages import (
    Bar,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    PositionLiquidated,
    VenueReport,
)
from workstation.core.orders import GATE_SEAL, Approved, Intent
from workstation.core.types import Liquidity, OrderType, Side, TimeInForce
from workstation.venues.simulated import SimVenue

QUARTER_NS = MINUTE_NS // 4


def bar_driver(**costs: object) -> Driver:
    """One bar at 100 has passed."""
    driver = Driver(book=None, **costs)  # type: ignore[arg-type]
    driver.bar(100, 100, 100, 100)
    return driver


def test_a_market_order_fills_at_the_next_open_or_worse():
    driver = bar_driver(slippage_bps=Decimal(50), maximum_slippage_bps=Decimal(50))
    buy = driver.send(BUY, 10)
    sell = driver.send(SELL, 5)
    open_ns = driver.clock.time_ns
    driver.bar(1_000, 1_010, 990, 1_000)
    assert driver.prices(buy) == [(1_005, 10)]
    assert driver.prices(sell) == [(995, 5)]
    assert {fill.ts_ns for fill in driver.fills()} == {open_ns}
    assert {fill.liquidity for fill in driver.fills()} == {Liquidity.TAKER}


def test_an_order_that_arrives_within_the_bar_fills_where_its_leg_begins():
    driver = bar_driver(latency_mean_ms=Decimal(100), latency_p95_ms=Decimal(100))
    order = driver.send(BUY, 10)
    driver.bar(105, 120, 90, 110)
    assert driver.prices(order) == [(105, 10)]
    late = bar_driver(latency_mean_ms=Decimal(40_000), latency_p95_ms=Decimal(40_000))
    order = late.send(BUY, 10)  # arrives after 20 s, in the second leg: from the low to the high
    late.bar(105, 120, 90, 110)
    late.wait(MINUTE_NS)
    assert late.prices(order) == [(90, 10)]


def test_a_stop_that_follows_its_entrys_fill_is_there_when_the_price_comes_to_it():
    """The entry reaches the venue at the open, the stop 200 ms later; the worse path of the position comes first."""
    driver = bar_driver(latency_mean_ms=Decimal(100), latency_p95_ms=Decimal(100))

    def protect(report: VenueReport) -> None:
        if isinstance(report, OrderFilled) and report.side is BUY:
            driver.send(SELL, 10, OrderType.STOP, stop_price=97, reduce_only=True, client_id="stop")

    driver.on_report = protect
    open_ns = driver.clock.time_ns
    entry = driver.send(BUY, 10)
    driver.bar(100, 104, 90, 92)
    assert driver.prices(entry) == [(100, 10)]
    assert driver.fills(entry)[0].ts_ns == open_ns + 100_000_000
    assert driver.prices("stop") == [(97, 10)]
    assert driver.fills("stop")[0].ts_ns == open_ns + QUARTER_NS + 50_000_000


def test_what_follows_a_fill_within_a_leg_is_there_for_the_rest_of_the_leg():
    driver = bar_driver(latency_mean_ms=Decimal(100), latency_p95_ms=Decimal(100))

    def protect(report: VenueReport) -> None:
        if isinstance(report, OrderFilled) and report.side is BUY:
            driver.send(SELL, 10, OrderType.STOP, stop_price=95, reduce_only=True, client_id="stop")

    driver.on_report = protect
    entry = driver.send(BUY, 10, OrderType.LIMIT, price=98)
    driver.bar(100, 101, 100, 100)
    open_ns = driver.clock.time_ns
    driver.bar(100, 104, 90, 92)  # a buy entry takes the high first: the low is the end of the second leg
    assert driver.prices(entry) == [(98, 10)]
    assert driver.prices("stop") == [(95, 10)]
    # The fill is known after 50 ms, the stop's acceptance 100 ms later; then the price moves on.
    assert [fill.ts_ns - open_ns - 2 * QUARTER_NS for fill in driver.fills()] == [50_000_000, 200_000_000]


@pytest.mark.parametrize(("queue", "low", "fills"), [("conservative", 95, []), ("proportional", 95, [(95, 10)])])
def test_a_limit_fills_at_its_limit_when_the_price_goes_through(queue, low, fills):
    driver = bar_driver(queue=queue)
    order = driver.limit(BUY, 10, 95)
    driver.bar(100, 101, low, 100)
    assert driver.prices(order) == fills
    driver.bar(100, 101, 94, 100)
    assert driver.prices(order) == [(95, 10)]
    assert driver.fills(order)[0].liquidity is Liquidity.MAKER


def test_a_limit_fills_at_the_open_when_the_open_is_better():
    driver = bar_driver()
    resting = driver.limit(BUY, 10, 95)
    driver.bar(100, 101, 99, 100)
    driver.bar(90, 96, 89, 95)
    assert driver.prices(resting) == [(90, 10)]
    sell = driver.limit(SELL, 10, 93)  # marketable on arrival: takes at the open
    driver.bar(97, 98, 96, 97)
    assert driver.prices(sell) == [(97, 10)]
    assert driver.fills(sell)[0].liquidity is Liquidity.TAKER


@pytest.mark.parametrize(
    ("side", "type", "level", "bar", "price"),
    [
        (BUY, OrderType.STOP, 105, (100, 110, 99, 108), 105),
        (BUY, OrderType.STOP, 105, (107, 110, 99, 108), 107),
        (SELL, OrderType.STOP, 95, (100, 101, 90, 92), 95),
        (SELL, OrderType.STOP, 95, (93, 101, 90, 92), 93),
        (BUY, OrderType.TAKE_PROFIT, 95, (100, 101, 90, 92), 95),
        (SELL, OrderType.TAKE_PROFIT, 105, (108, 110, 99, 108), 108),
    ],
)
def test_stops_fill_at_their_price_and_gaps_at_the_open(side, type, level, bar, price):
    driver = bar_driver()
    order = driver.order(side, 10, type, stop_price=level)
    driver.bar(*bar)
    assert driver.said(order) == ["OrderAccepted", "OrderTriggered", "OrderFilled"]
    assert driver.prices(order) == [(price, 10)]


def test_stops_slip():
    driver = bar_driver(slippage_bps=Decimal(100), maximum_slippage_bps=Decimal(100))
    driver.bar(1_000, 1_000, 1_000, 1_000)
    order = driver.order(SELL, 10, OrderType.STOP, stop_price=950, reference=1_000)
    driver.bar(1_000, 1_010, 900, 920)
    assert driver.prices(order) == [(940, 10)]


def test_stop_limit_within_a_bar():
    driver = bar_driver()
    gives = driver.order(BUY, 10, OrderType.STOP_LIMIT, stop_price=105, price=106)
    driver.bar(100, 110, 99, 108)
    assert driver.prices(gives) == [(105, 10)]
    gapped = driver.order(BUY, 10, OrderType.STOP_LIMIT, stop_price=115, price=116)
    driver.bar(120, 125, 118, 121)  # beyond the limit: rests
    assert driver.prices(gapped) == []
    driver.bar(121, 122, 110, 112)
    assert driver.prices(gapped) == [(116, 10)]


def test_the_worse_extreme_comes_first_for_a_position():
    driver = bar_driver()
    driver.order(BUY, 10)
    driver.bar(100, 100, 100, 100)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=95, reduce_only=True, oco_group="g")
    target = driver.order(SELL, 10, OrderType.LIMIT, price=105, reduce_only=True, oco_group="g")
    driver.bar(100, 110, 90, 108)  # both lie within: the stop counts
    assert driver.prices(stop) == [(95, 10)]
    assert isinstance(driver.last(target), OrderCancelled)


def test_a_flat_account_meets_the_entry_and_then_its_stop():
    driver = bar_driver()
    entry = driver.order(BUY, 10, OrderType.STOP, stop_price=105)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=95, parent_id=entry, reduce_only=True)
    driver.bar(100, 110, 90, 108)
    assert driver.prices(entry) == [(105, 10)] and driver.prices(stop) == [(95, 10)]


def test_a_limit_entry_meets_its_stop_in_the_same_leg_and_its_target_too_late():
    driver = bar_driver()
    entry = driver.limit(BUY, 10, 97)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=93, parent_id=entry, reduce_only=True, oco_group="g")
    target = driver.limit(SELL, 10, 105, parent_id=entry, reduce_only=True, oco_group="g")
    driver.bar(100, 110, 94, 100)
    assert driver.prices(entry) == [(97, 10)]
    assert driver.prices(stop) == [] and driver.prices(target) == []
    driver.bar(100, 101, 92, 100)
    assert driver.prices(stop) == [(93, 10)]


def test_a_reaction_within_the_bar_takes_part_from_the_next_leg():
    driver = bar_driver()
    entry = driver.order(BUY, 10, OrderType.STOP, stop_price=105)

    def protect(report):
        if isinstance(report, OrderFilled) and report.client_id == entry:
            driver.send(SELL, 10, OrderType.STOP, stop_price=102, reduce_only=True, client_id="stop")

    driver.on_report = protect
    open_ns = driver.clock.time_ns
    driver.bar(100, 110, 90, 108)
    assert driver.prices("stop") == [(102, 10)]
    assert [fill.ts_ns - open_ns for fill in driver.fills()] == [QUARTER_NS, 2 * QUARTER_NS]


def test_a_reaction_after_the_price_has_passed_fills_where_its_leg_begins():
    driver = bar_driver()
    entry = driver.limit(SELL, 10, 105)

    def protect(report):
        if isinstance(report, OrderFilled) and report.client_id == entry:
            driver.send(BUY, 10, OrderType.STOP, stop_price=107, reduce_only=True, client_id="stop")

    driver.on_report = protect
    driver.bar(100, 110, 95, 100)  # low first, then the high at which the entry fills: the stop is passed already
    assert driver.prices("stop") == [(110, 10)]


def test_trailing_stop_follows_the_extremes():
    driver = bar_driver()
    order = driver.order(SELL, 10, OrderType.TRAILING_STOP, trail=10)
    driver.bar(100, 104, 99, 103)
    driver.bar(103, 115, 103, 114)
    assert [r.stop_price for r in driver.reports if isinstance(r, OrderAmended)] == [90, 94, 105]
    driver.bar(114, 114, 106, 107)
    assert driver.prices(order) == []
    driver.bar(107, 108, 101, 102)
    assert driver.prices(order) == [(105, 10)]


def test_lesson_22_a_bars_volume_is_consumed_once():
    driver = bar_driver(bar_volume_percent=Decimal(10))
    first = driver.send(BUY, 7)
    second = driver.send(BUY, 7)
    driver.bar(100, 105, 95, 100, lots=100)
    assert driver.prices(first) == [(100, 7)]
    assert driver.prices(second) == [(100, 3)]
    driver.bar(101, 105, 95, 100, lots=20)
    assert driver.prices(second) == [(100, 3), (101, 2)]
    driver.bar(102, 105, 95, 100, lots=9)
    driver.bar(103, 105, 95, 100, lots=100)
    assert driver.prices(second) == [(100, 3), (101, 2), (103, 2)]


def test_a_triggered_stop_goes_on_when_the_volume_is_used_up():
    driver = bar_driver(liquidation=False)
    driver.order(BUY, 10)
    driver.bar(100, 100, 100, 100)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=95, reduce_only=True)
    driver.bar(100, 101, 90, 91, lots=6)
    driver.bar(88, 92, 85, 90, lots=100)
    assert driver.prices(stop) == [(95, 6), (88, 4)]


def test_immediate_orders_on_bars():
    driver = bar_driver()
    ioc = driver.order(BUY, 10, OrderType.LIMIT, price=95, time_in_force=TimeInForce.IOC)
    fok = driver.order(BUY, 10, OrderType.LIMIT, price=105, time_in_force=TimeInForce.FOK)
    cut = driver.order(BUY, 10, time_in_force=TimeInForce.IOC)
    driver.bar(100, 110, 90, 100, lots=8)
    assert isinstance(driver.last(ioc), OrderExpired) and not driver.prices(ioc)
    assert isinstance(driver.last(fok), OrderExpired) and not driver.prices(fok)
    assert driver.prices(cut) == [(100, 8)] and isinstance(driver.last(cut), OrderExpired)


def test_post_only_on_bars():
    driver = bar_driver()
    takes = driver.limit(BUY, 10, 105, post_only=True)
    rests = driver.limit(BUY, 10, 95, post_only=True)
    driver.bar(100, 104, 94, 100)
    assert isinstance(driver.last(takes), OrderExpired)
    assert driver.prices(rests) == [(95, 10)]


def test_a_stop_comes_before_the_liquidation_beyond_it():
    driver = bar_driver()
    driver.order(BUY, 10)
    driver.bar(100, 100, 100, 100)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=95, reduce_only=True)
    driver.bar(100, 101, 80, 85)
    assert driver.prices(stop) == [(95, 10)]
    assert "PositionLiquidated" not in driver.said()


def test_lesson_8_liquidation_on_the_way_to_the_low():
    driver = bar_driver()
    driver.order(BUY, 10)
    driver.bar(100, 100, 100, 100)
    driver.bar(100, 120, 80, 110)  # 10 times: liquidated at 90.45, so at 90
    event = next(report for report in driver.reports if isinstance(report, PositionLiquidated))
    assert (event.side, event.price, event.lots) == (Side.SELL, 90, 10)


def test_quiet_bars_leave_resting_orders_and_time_alone():
    driver = bar_driver()
    driver.order(BUY, 10)
    driver.bar(100, 100, 100, 100)
    stop = driver.order(SELL, 10, OrderType.STOP, stop_price=95, reduce_only=True)
    for _ in range(3):
        driver.bar(100, 103, 96, 101)
    assert (driver.state.quiet_above, driver.state.quiet_below) == (95, 1 << 62)
    driver.bar(101, 103, 95, 101)
    assert driver.prices(stop) == [(95, 10)]


def test_a_bar_is_ignored_while_the_book_is_there():
    driver = Driver()
    order = driver.limit(BUY, 5, 95)
    driver.bar(100, 110, 80, 100)
    assert driver.prices(order) == []


def test_spot_market_order_on_bars_is_cut_to_the_cash():
    driver = Driver(SPOT, book=None, cash={"USDT": 100 * 100_000_000, "BTC": 0})
    driver.bar(100, 100, 100, 100)
    order = driver.order(BUY, 10)
    driver.bar(110, 110, 110, 110)
    assert driver.prices(order) == [(110, 9)]
    assert isinstance(driver.last(order), OrderExpired)


def test_bars_of_several_symbols_share_one_clock():
    other = msgspec.structs.replace(LINEAR, symbol="ETHUSDT", base="ETH")
    driver = Driver(book=None)
    fills: list[OrderFilled] = []
    clock = driver.clock
    costs = msgspec.structs.replace(FREE, latency_mean_ms=Decimal(40_000), latency_p95_ms=Decimal(40_000))
    instruments = {LINEAR.symbol: LINEAR, other.symbol: other}

    def hear(report: VenueReport) -> None:
        if isinstance(report, OrderFilled):
            fills.append(report)

    venue = SimVenue(clock, hear, instruments, {}, costs, ACCOUNT, {"USDT": CASH}, Random(1))
    close_ns = clock.time_ns + MINUTE_NS
    # Arrives after 20 s, while the first symbol's bar is walked: in the second symbol's leg from the low to the high.
    venue.send(Approved(GATE_SEAL, Intent(symbol=other.symbol, side=BUY, lots=1), "x", 0, 0))
    for symbol in instruments:
        venue.on_bar(Bar(symbol, close_ns, MINUTE_NS, 105, 120, 90, 110, 1_000))
    clock.advance(close_ns + MINUTE_NS)
    assert [(fill.symbol, fill.price) for fill in fills] == [(other.symbol, 90)]
