"""Every reason of the gate to refuse, reached as a user would reach it, and each limit from both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.unit.trading.bench import (
    BTC,
    CAN,
    COIN,
    ETH,
    EXPIRES_NS,
    INSTRUMENTS,
    LAST,
    PERCENT,
    SOL,
    UNIT,
    Bench,
    buy,
    changed,
    replaced,
    sell,
)
from workstation.core.messages import BookDelta, BookSnapshot, OrderCancelled, OrderTriggered
from workstation.core.orders import Intent
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.core.types import EXTERNAL, OrderRole, OrderType, Side, TimeInForce, TradingState
from workstation.trading.denials import DenialCode


class Case(NamedTuple):
    """A bench on which ``inside`` passes and ``outside`` does not."""

    code: DenialCode
    bench: Bench
    outside: Intent
    inside: Intent | None = None


def halted() -> Case:
    bench = Bench()
    bench.hold(BTC, 10)
    bench.halt()
    return Case(DenialCode.HALTED, bench, sell(10, reduce_only=True))


def reducing() -> Case:
    bench = Bench()
    bench.hold(BTC, 10)
    bench.halt(TradingState.REDUCING)
    return Case(DenialCode.REDUCING, bench, sell(10), sell(10, reduce_only=True))


def not_reconciled() -> Case:
    bench = Bench()
    bench.gate.reconciled = False
    return Case(DenialCode.NOT_RECONCILED, bench, buy(1))


def throttled() -> Case:
    bench = Bench()
    bench.gate.throttled.add("ema")
    return Case(DenialCode.THROTTLED, bench, buy(1, owner="ema"), buy(1, owner="manual"))


def not_running() -> Case:
    bench = Bench()
    bench.running["ema"] = False
    return Case(DenialCode.STRATEGY_NOT_RUNNING, bench, buy(1, owner="ema"), buy(1, owner="manual"))


def protection() -> Case:
    bench = Bench()
    bench.guards.on_trip(bench.clock.time_ns, "ema", BTC, -1, stopped=False, interval_ns=HOUR_NS)
    return Case(DenialCode.PROTECTION, bench, buy(1, owner="ema"), buy(1, ETH, owner="ema"))


def crisis() -> Case:
    bench = Bench()
    bench.hold(BTC, 10)
    bench.guards.enter_crisis(bench.clock.time_ns, "a test")
    return Case(DenialCode.CRISIS, bench, buy(10, ETH), buy(10))


def unknown_symbol() -> Case:
    return Case(DenialCode.UNKNOWN_SYMBOL, Bench(), buy(1, "DOGEUSDT"), buy(1))


def not_permitted() -> Case:
    bench = Bench(changed(permitted=frozenset({BTC})))
    return Case(DenialCode.NOT_PERMITTED, bench, buy(1, ETH), buy(1))


def quantity() -> Case:
    return Case(DenialCode.QUANTITY, Bench(), buy(0), buy(1))


def maximum_quantity() -> Case:
    return Case(DenialCode.MAXIMUM_QUANTITY, Bench(), buy(251), buy(250))


def price() -> Case:
    return Case(
        DenialCode.PRICE,
        Bench(),
        buy(1, type=OrderType.STOP, stop_price=LAST),
        buy(1, type=OrderType.STOP, stop_price=LAST + 1),
    )


def good_till_date() -> Case:
    bench = Bench()
    dated: dict[str, Any] = {"price": LAST - 1, "time_in_force": TimeInForce.GTD}
    now_ns = bench.clock.time_ns
    return Case(
        DenialCode.GOOD_TILL_DATE, bench, buy(1, good_till_ns=now_ns, **dated), buy(1, good_till_ns=now_ns + 1, **dated)
    )


def iceberg() -> Case:
    bench = Bench(can=msgspec.structs.replace(CAN, iceberg_parts=10))
    return Case(
        DenialCode.ICEBERG, bench, buy(11, price=LAST - 1, visible_lots=1), buy(10, price=LAST - 1, visible_lots=1)
    )


def minimum_notional() -> Case:
    bench = Bench()
    bench.quote(BTC, 25_000)
    return Case(DenialCode.MINIMUM_NOTIONAL, bench, buy(1), buy(2))


def no_short() -> Case:
    bench = Bench()
    bench.hold(SOL, 10)
    return Case(DenialCode.NO_SHORT, bench, sell(11, SOL), sell(10, SOL))


def no_reference() -> Case:
    bench = Bench()
    bench.markets[BTC].last_price = 0
    return Case(DenialCode.NO_REFERENCE, bench, buy(1), buy(1, ETH))


def feed_down() -> Case:
    bench = Bench()
    bench.markets[BTC].connected = False
    return Case(DenialCode.FEED_DOWN, bench, buy(1), buy(1, ETH))


def stale_data() -> Case:
    bench = Bench()
    bench.clock.advance(bench.clock.time_ns + 1)
    bench.quote(ETH, LAST)
    bench.clock.advance(bench.clock.time_ns + 5 * SECOND_NS)
    return Case(DenialCode.STALE_DATA, bench, buy(1), buy(1, ETH))


def book_gap() -> Case:
    bench = Bench()
    for symbol in (BTC, ETH):
        bench.markets[symbol].book.apply_snapshot(BookSnapshot(symbol, 1, 1, ((LAST - 1, 5),), ((LAST, 5),)))
    assert not bench.markets[BTC].book.apply_delta(BookDelta(BTC, 2, 7, 8, (), ()))
    return Case(DenialCode.BOOK_GAP, bench, buy(1), buy(1, ETH))


def clock_drift() -> Case:
    bench = Bench()
    bench.gate.clock_offset_ns = -SECOND_NS - 1
    return Case(DenialCode.CLOCK_DRIFT, bench, buy(1))


def price_collar() -> Case:
    return Case(DenialCode.PRICE_COLLAR, Bench(), buy(1, price=102_001), buy(1, price=102_000))


def reduce_only() -> Case:
    bench = Bench()
    bench.hold(BTC, 10)
    return Case(DenialCode.REDUCE_ONLY, bench, sell(11, reduce_only=True), sell(10, reduce_only=True))


def order_value() -> Case:
    return Case(DenialCode.ORDER_VALUE, Bench(), buy(291, ETH), buy(290, ETH))


def position_value() -> Case:
    bench = Bench()
    bench.hold(BTC, 590)
    return Case(DenialCode.POSITION_VALUE, bench, buy(11), buy(10))


def gross_exposure() -> Case:
    bench = Bench()
    bench.hold(ETH, -600)
    bench.hold(BTC, 390)
    return Case(DenialCode.GROSS_EXPOSURE, bench, buy(11), buy(10))


def open_positions() -> Case:
    bench = Bench(changed(open_positions=2))
    bench.hold(ETH, 10)
    bench.submit(buy(10, COIN))
    return Case(DenialCode.OPEN_POSITIONS, bench, buy(1), buy(1, ETH))


def open_orders() -> Case:
    bench = Bench(changed(open_orders=2))
    bench.submit(buy(1, price=LAST - 1))
    bench.hold(BTC, 10)
    bench.submit(buy(1, price=LAST - 2))
    return Case(DenialCode.OPEN_ORDERS, bench, buy(1, price=LAST - 3), sell(10, reduce_only=True))


def rate_second() -> Case:
    bench = Bench()
    for number in range(5):
        bench.submit(buy(1, price=LAST - number, owner="ema"))
    return Case(
        DenialCode.RATE_SECOND, bench, buy(1, price=LAST - 9, owner="ema"), buy(1, price=LAST - 9, owner="grid")
    )


def rate_minute() -> Case:
    bench = Bench(changed(orders_per_minute=7))
    for number in range(7):
        bench.wait(SECOND_NS)
        bench.submit(buy(1, price=LAST - number, owner="ema"))
    bench.wait(SECOND_NS)
    return Case(
        DenialCode.RATE_MINUTE, bench, buy(1, price=LAST - 9, owner="ema"), buy(1, price=LAST - 9, owner="grid")
    )


def duplicate() -> Case:
    bench = Bench()
    bench.submit(buy(1, price=LAST - 1))
    return Case(DenialCode.DUPLICATE, bench, buy(1, price=LAST - 1), buy(1, price=LAST - 2))


def repeated_execution() -> Case:
    bench = Bench()
    for _ in range(10):
        bench.submit(buy(1))
        bench.wait(SECOND_NS)
    return Case(DenialCode.REPEATED_EXECUTION, bench, buy(1), buy(2))


def self_match() -> Case:
    bench = Bench()
    bench.submit(sell(1, price=LAST + 10, owner="grid"))
    return Case(DenialCode.SELF_MATCH, bench, buy(1, price=LAST + 10), buy(1, price=LAST + 9))


CASES: tuple[Callable[[], Case], ...] = (
    halted,
    reducing,
    not_reconciled,
    throttled,
    not_running,
    protection,
    crisis,
    unknown_symbol,
    not_permitted,
    quantity,
    maximum_quantity,
    price,
    minimum_notional,
    no_short,
    no_reference,
    feed_down,
    stale_data,
    book_gap,
    clock_drift,
    price_collar,
    reduce_only,
    order_value,
    position_value,
    gross_exposure,
    open_positions,
    open_orders,
    rate_second,
    rate_minute,
    duplicate,
    repeated_execution,
    self_match,
    good_till_date,
    iceberg,
)


@pytest.mark.parametrize("arrange", CASES, ids=lambda arrange: arrange.__name__)
def test_each_reason_refuses_outside_its_limit_and_not_inside(arrange: Callable[[], Case]) -> None:
    case = arrange()
    if case.inside is not None:
        assert case.bench.gate.judge(case.inside) is None
    before = len(case.bench.orders.outbox)
    denial = case.bench.deny(case.outside)
    assert denial.code is case.code
    assert denial.text.endswith(".") or ":" in denial.text
    assert len(case.bench.orders.outbox) == before


def test_every_reason_has_a_case() -> None:
    # What comes too late is refused before the gate is asked.
    assert {arrange().code for arrange in CASES} == set(DenialCode) - {DenialCode.EXPIRED}


# --- May we trade at all ---------------------------------------------------------------------------------------------


def test_a_panic_exit_passes_a_halt_stale_data_and_a_missing_price() -> None:
    bench = Bench()
    bench.hold(BTC, 10)
    bench.halt()
    bench.gate.reconciled = False
    bench.markets[BTC].connected = False
    bench.markets[BTC].last_price = 0
    assert bench.code(sell(10, reduce_only=True), panic=True) is None
    assert bench.code(sell(11, reduce_only=True), panic=True) is DenialCode.REDUCE_ONLY


def test_panic_gives_nothing_to_an_order_that_is_not_reduce_only() -> None:
    bench = Bench()
    bench.hold(BTC, 10)
    bench.halt()
    assert bench.code(buy(1), panic=True) is DenialCode.HALTED
    assert bench.code(sell(10), panic=True) is DenialCode.HALTED


def test_a_position_in_a_symbol_that_is_no_longer_permitted_can_still_be_closed() -> None:
    bench = Bench(changed(permitted=frozenset({BTC})))
    bench.hold(ETH, 10)
    assert bench.code(sell(10, ETH, reduce_only=True)) is None
    assert bench.code(sell(10, ETH)) is DenialCode.NOT_PERMITTED


def test_a_protection_ends_by_itself() -> None:
    bench = Bench()
    bench.guards.on_trip(bench.clock.time_ns, "ema", BTC, -1, stopped=False, interval_ns=HOUR_NS)
    bench.wait(2 * HOUR_NS - 1)
    assert bench.code(buy(1, owner="ema")) is DenialCode.PROTECTION
    bench.wait(1)
    assert bench.code(buy(1, owner="ema")) is None


# --- Is it well formed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lots", [-1, 0, 1.5, float("nan"), float("inf"), True, "1", None])
def test_a_quantity_is_a_whole_number_of_lots(lots: Any) -> None:
    assert Bench().code(buy(lots)) is DenialCode.QUANTITY


def test_a_side_is_a_side() -> None:
    side: Any = 1
    assert Bench().code(Intent(symbol=BTC, side=side, lots=1)) is DenialCode.QUANTITY


@pytest.mark.parametrize("name", ["price", "stop_price", "trail", "stop_loss", "take_profit"])
@pytest.mark.parametrize("ticks", [-1, 99_000.5, float("nan"), True])
def test_a_price_is_a_whole_number_of_ticks(name: str, ticks: Any) -> None:
    assert Bench().code(replaced(buy(1), **{name: ticks})) is DenialCode.PRICE


@pytest.mark.parametrize(
    "terms",
    [
        {"type": OrderType.LIMIT},
        {"type": OrderType.STOP},
        {"type": OrderType.TAKE_PROFIT},
        {"type": OrderType.TRAILING_STOP},
        {"type": OrderType.STOP_LIMIT, "price": LAST},
        {"type": OrderType.STOP_LIMIT, "stop_price": LAST + 5},
        {"type": OrderType.TAKE_PROFIT_LIMIT, "price": LAST},
    ],
)
def test_an_order_needs_the_prices_of_its_type(terms: dict[str, Any]) -> None:
    assert Bench().code(buy(1, **terms)) is DenialCode.PRICE


def test_a_market_order_cannot_hide_its_worth_behind_a_low_price() -> None:
    bench = Bench()
    assert bench.code(buy(290, ETH, type=OrderType.MARKET, price=20_000)) is DenialCode.PRICE
    assert bench.code(buy(290, ETH, type=OrderType.STOP, stop_price=LAST + 1, price=20_000)) is DenialCode.PRICE
    assert bench.code(buy(1, type=OrderType.LIMIT, price=LAST, stop_price=1)) is DenialCode.PRICE
    assert bench.code(buy(1, type=OrderType.LIMIT, price=LAST, trail=1)) is DenialCode.PRICE


@pytest.mark.parametrize(
    ("intent", "allowed"),
    [
        (buy(1, stop_loss=LAST - 1, take_profit=LAST + 1), True),
        (buy(1, stop_loss=LAST), False),
        (buy(1, take_profit=LAST), False),
        (sell(1, stop_loss=LAST + 1, take_profit=LAST - 1), True),
        (sell(1, stop_loss=LAST - 1), False),
        (buy(1, price=LAST - 50, stop_loss=LAST - 51), True),
        (buy(1, price=LAST - 50, stop_loss=LAST - 50), False),
    ],
)
def test_the_exits_of_a_bracket_lie_on_their_sides(intent: Intent, allowed: bool) -> None:
    assert Bench().code(intent) is (None if allowed else DenialCode.PRICE)


# --- Prices ----------------------------------------------------------------------------------------------------------


def test_the_collar_bounds_only_the_costly_side() -> None:
    bench = Bench()
    assert bench.code(sell(1, price=98_000)) is None
    assert bench.code(sell(1, price=97_999)) is DenialCode.PRICE_COLLAR
    assert bench.code(buy(1, price=50_000)) is None
    assert bench.code(sell(1, price=150_000)) is None


def test_the_limit_of_a_stop_limit_is_measured_from_its_stop() -> None:
    bench = Bench()
    bench.hold(BTC, 10)
    assert bench.code(sell(10, stop_price=90_000, price=89_000, reduce_only=True)) is None
    assert bench.code(sell(10, stop_price=90_000, price=88_000, reduce_only=True)) is DenialCode.PRICE_COLLAR
    assert bench.code(buy(1, stop_price=110_000, price=113_000)) is DenialCode.PRICE_COLLAR


def test_a_collar_needs_a_reference_and_its_absence_denies_every_price() -> None:
    bench = Bench()
    bench.markets[BTC].last_price = 0
    for intent in (buy(1), buy(1, price=LAST), sell(1, stop_price=LAST)):
        assert bench.code(intent) is DenialCode.NO_REFERENCE


def test_an_order_of_another_settlement_asset_needs_its_price_too() -> None:
    bench = Bench()
    bench.hold(COIN, 1)
    bench.markets[BTC].last_price = 0
    assert bench.code(buy(10, COIN)) is DenialCode.NO_REFERENCE


def test_a_held_symbol_without_a_price_denies_growth_elsewhere() -> None:
    bench = Bench()
    bench.hold(ETH, 10)
    bench.markets[ETH].last_price = 0
    assert bench.code(buy(1)) is DenialCode.NO_REFERENCE
    bench.quote(ETH, LAST)
    assert bench.code(buy(1)) is None


# --- Worth -----------------------------------------------------------------------------------------------------------


def test_a_limit_buy_is_worth_its_limit_and_a_limit_sell_at_least_the_market() -> None:
    bench = Bench(changed(order_worth=1_000 * UNIT))
    assert bench.code(buy(101, ETH, price=99_000)) is None
    assert bench.code(sell(101, ETH, price=98_500)) is DenialCode.ORDER_VALUE
    assert bench.code(sell(51, ETH, price=2 * LAST)) is DenialCode.ORDER_VALUE


def test_a_target_that_would_trigger_at_once_is_denied_unless_it_takes_a_brackets_profit() -> None:
    bench = Bench()
    bench.hold(BTC, 10)
    target = sell(10, type=OrderType.TAKE_PROFIT, stop_price=LAST)
    assert bench.code(target) is bench.code(replaced(target, reduce_only=True)) is DenialCode.PRICE
    assert bench.code(replaced(target, stop_price=LAST + 1)) is None
    assert bench.code(buy(1, type=OrderType.TAKE_PROFIT_LIMIT, stop_price=LAST, price=LAST)) is DenialCode.PRICE
    assert bench.code(buy(1, type=OrderType.TAKE_PROFIT_LIMIT, stop_price=LAST - 1, price=LAST - 1)) is None
    assert bench.code(replaced(target, reduce_only=True, role=OrderRole.TAKE_PROFIT)) is None


def test_a_stop_is_worth_its_stop_price() -> None:
    bench = Bench(changed(order_worth=1_000 * UNIT))
    assert bench.code(buy(66, ETH, stop_price=150_000)) is None
    assert bench.code(buy(67, ETH, stop_price=150_000)) is DenialCode.ORDER_VALUE
    assert bench.code(buy(98, ETH, type=OrderType.TRAILING_STOP, trail=2_000)) is None
    assert bench.code(buy(99, ETH, type=OrderType.TRAILING_STOP, trail=2_000)) is DenialCode.ORDER_VALUE


def test_a_far_limit_does_not_make_an_inverse_contract_cheap() -> None:
    bench = Bench()
    assert bench.code(sell(290, COIN)) is None
    assert bench.code(sell(291, COIN)) is DenialCode.ORDER_VALUE
    assert bench.code(sell(291, COIN, price=5 * LAST)) is DenialCode.ORDER_VALUE


def test_no_equity_allows_no_order() -> None:
    bench = Bench(cash={"USDT": 0})
    assert bench.code(buy(1)) is DenialCode.ORDER_VALUE


def test_leverage_widens_the_gross_exposure_only() -> None:
    bench = Bench(changed(position_value=200 * PERCENT), leverage=2)
    bench.hold(ETH, -1_000)
    bench.hold(BTC, 900)
    assert bench.code(buy(100)) is None
    assert bench.code(buy(101)) is DenialCode.GROSS_EXPOSURE


# --- What is held and in flight --------------------------------------------------------------------------------------


def test_a_position_without_orders_of_this_session_counts_towards_the_account() -> None:
    bench = Bench()
    bench.hold(ETH, 600)
    assert ETH not in bench.orders.by_symbol
    bench.hold(BTC, 390)
    assert bench.code(buy(11)) is DenialCode.GROSS_EXPOSURE


def test_what_shrinks_the_worst_case_passes_limits_that_are_already_exceeded() -> None:
    bench = Bench()
    bench.hold(BTC, 700)
    assert bench.code(buy(1)) is DenialCode.POSITION_VALUE
    assert bench.code(sell(100)) is None


def test_a_spot_owner_sells_only_its_own() -> None:
    bench = Bench()
    bench.hold(SOL, 10, owner="grid")
    assert bench.code(sell(1, SOL, owner="ema")) is DenialCode.NO_SHORT
    assert bench.code(sell(1, SOL)) is DenialCode.NO_SHORT
    assert bench.code(sell(10, SOL, owner="grid")) is None
    bench.submit(sell(6, SOL, owner="grid", price=LAST + 5))
    assert bench.code(sell(5, SOL, owner="grid")) is DenialCode.NO_SHORT
    bench.hold(SOL, 3, owner=EXTERNAL)
    assert bench.code(sell(3, SOL)) is None
    assert bench.code(sell(4, SOL)) is DenialCode.NO_SHORT


def test_a_venue_without_shorts_refuses_them_in_derivatives_too() -> None:
    bench = Bench(short=False)
    assert bench.code(sell(1)) is DenialCode.NO_SHORT
    bench.hold(BTC, 1)
    assert bench.code(sell(1)) is None


# --- Reduce-only -----------------------------------------------------------------------------------------------------


def test_reduce_only_needs_a_position_of_the_owner_on_the_other_side() -> None:
    bench = Bench()
    bench.hold(BTC, 10, owner="ema")
    assert bench.code(sell(10, reduce_only=True, owner="ema")) is None
    assert bench.code(buy(10, reduce_only=True, owner="ema")) is DenialCode.REDUCE_ONLY
    assert bench.code(sell(10, reduce_only=True)) is DenialCode.REDUCE_ONLY


def test_two_market_exits_cannot_both_close_the_position() -> None:
    bench = Bench()
    bench.hold(BTC, 10)
    bench.submit(sell(6, reduce_only=True))
    bench.wait(SECOND_NS)
    assert bench.code(sell(5, reduce_only=True)) is DenialCode.REDUCE_ONLY
    assert bench.code(sell(4, reduce_only=True)) is None
    assert bench.code(sell(10, stop_price=LAST - 9, reduce_only=True)) is None
    assert bench.code(sell(10, reduce_only=True), panic=True) is None


def test_an_exit_of_a_bracket_waits_for_its_own_open_entry_and_is_no_larger() -> None:
    bench = Bench()
    entry = bench.submit(buy(10, stop_price=LAST + 500, owner="ema"))
    exit_ = sell(10, stop_price=LAST + 400, reduce_only=True, owner="ema", parent_id=entry.client_id)
    assert bench.code(exit_) is None
    assert bench.code(replaced(exit_, lots=11)) is DenialCode.REDUCE_ONLY
    assert bench.code(replaced(exit_, parent_id="t99", stop_price=LAST - 1)) is DenialCode.REDUCE_ONLY
    assert bench.code(replaced(exit_, owner="grid", stop_price=LAST - 1)) is DenialCode.REDUCE_ONLY
    assert bench.code(replaced(exit_, symbol=ETH, stop_price=LAST - 1)) is DenialCode.REDUCE_ONLY
    bench.fill(entry)
    assert not entry.is_open
    assert bench.code(replaced(exit_, stop_price=LAST - 1)) is None
    assert bench.code(replaced(exit_, stop_price=LAST - 1, lots=11)) is DenialCode.REDUCE_ONLY
    assert bench.code(exit_) is DenialCode.PRICE


def test_an_exit_of_an_entry_that_ended_unfilled_has_nothing_to_reduce() -> None:
    bench = Bench()
    entry = bench.submit(buy(10, price=LAST - 5))
    exit_ = sell(10, stop_price=LAST - 400, reduce_only=True, parent_id=entry.client_id)
    assert bench.code(exit_) is None
    bench.orders.apply(OrderCancelled(ts_ns=1, client_id=entry.client_id))
    assert bench.code(exit_) is DenialCode.REDUCE_ONLY


def test_a_new_order_cannot_pass_as_the_change_of_an_open_one() -> None:
    bench = Bench()
    entry = bench.submit(buy(10, price=LAST - 5))
    bench.wait(SECOND_NS)
    denial = bench.deny(buy(10, reduce_only=True, parent_id=entry.client_id))
    assert denial.code is DenialCode.REDUCE_ONLY


def test_naming_a_parent_does_not_escape_the_repeats() -> None:
    bench = Bench()
    bench.submit(buy(1, parent_id="anything"))
    assert bench.code(buy(1, parent_id="anything")) is DenialCode.DUPLICATE


# --- Too often -------------------------------------------------------------------------------------------------------


def test_the_rates_count_a_sliding_window() -> None:
    bench = Bench()
    for number in range(5):
        bench.submit(buy(1, price=LAST - number))
    assert bench.code(buy(1, price=LAST - 9)) is DenialCode.RATE_SECOND
    bench.wait(SECOND_NS - 1)
    assert bench.code(buy(1, price=LAST - 9)) is DenialCode.RATE_SECOND
    bench.wait(1)
    assert bench.code(buy(1, price=LAST - 9)) is None


def test_exits_pass_the_rates_but_not_without_end() -> None:
    bench = Bench(changed(repeats=3, open_orders=5))
    bench.hold(BTC, 100)
    for number in range(5):
        bench.submit(buy(1, price=LAST - number))
    for _ in range(3):
        bench.submit(sell(1, reduce_only=True))
        bench.wait(SECOND_NS)
    assert bench.code(sell(1, reduce_only=True)) is DenialCode.REPEATED_EXECUTION


def test_a_throttled_owner_stays_so_until_a_person_lifts_it() -> None:
    bench = Bench(changed(repeats=3))
    told: list[str] = []
    bench.gate.on_throttled = told.append
    for _ in range(3):
        bench.submit(buy(1, owner="ema"))
        bench.wait(SECOND_NS)
    assert bench.deny(buy(1, owner="ema")).code is DenialCode.REPEATED_EXECUTION
    assert told == ["ema"]
    bench.wait(10 * MINUTE_NS)
    assert bench.deny(buy(2, owner="ema")).code is DenialCode.THROTTLED
    assert bench.code(buy(2, owner="grid")) is None
    bench.gate.throttled.discard("ema")
    assert bench.code(buy(1, owner="ema")) is None


def test_a_lifted_throttle_does_not_fall_again_at_once() -> None:
    bench = Bench(changed(repeats=3))
    for _ in range(3):
        bench.submit(buy(1, owner="ema"))
        bench.wait(SECOND_NS)
    bench.deny(buy(1, owner="ema"))
    bench.gate.throttled.discard("ema")
    bench.wait(SECOND_NS)
    assert bench.code(buy(1, owner="ema")) is None


def test_repeated_brackets_are_repeats_although_their_exits_come_between() -> None:
    bench = Bench(changed(repeats=3))
    for _ in range(3):
        entry = bench.submit(buy(1, owner="ema"))
        bench.submit(sell(1, stop_price=LAST - 9, reduce_only=True, owner="ema", parent_id=entry.client_id))
        bench.wait(SECOND_NS)
    assert bench.code(buy(1, owner="ema")) is DenialCode.REPEATED_EXECUTION


# --- Own orders ------------------------------------------------------------------------------------------------------


def test_a_triggered_stop_limit_rests_in_the_book_like_a_limit() -> None:
    bench = Bench()
    resting = bench.submit(sell(1, stop_price=LAST - 5, price=LAST - 6))
    assert bench.code(buy(1, price=LAST - 6)) is None
    bench.orders.apply(OrderTriggered(ts_ns=1, client_id=resting.client_id))
    assert bench.code(buy(1, price=LAST - 6)) is DenialCode.SELF_MATCH


# --- Changes of orders -----------------------------------------------------------------------------------------------


def amended(bench: Bench, client_id: str, **terms: int) -> DenialCode | None:
    order = bench.orders.orders[client_id]
    new = {"price": order.price, "stop_price": order.stop_price, "lots": order.lots} | terms
    denial = bench.gate.approve_amend(order, new["price"], new["stop_price"], new["lots"])
    return denial.code if denial is not None else None


def test_a_change_passes_the_same_limits_as_a_new_order() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(200, price=LAST - 100)))
    bench.hold(BTC, 380)
    assert amended(bench, order.client_id, price=LAST - 50) is None
    assert amended(bench, order.client_id, price=102_001) is DenialCode.PRICE_COLLAR
    assert amended(bench, order.client_id, lots=220) is None
    assert amended(bench, order.client_id, lots=221) is DenialCode.POSITION_VALUE
    assert amended(bench, order.client_id, lots=251) is DenialCode.MAXIMUM_QUANTITY
    bench.submit(sell(1, price=LAST + 10))
    assert amended(bench, order.client_id, price=LAST + 10) is DenialCode.SELF_MATCH


def test_an_order_cannot_grow_past_its_limit_step_by_step() -> None:
    bench = Bench(changed(orders_per_second=100))
    order = bench.accept(bench.submit(buy(200, ETH, price=LAST)))
    lots = 200
    while amended(bench, order.client_id, lots=lots + 30) is None:
        lots += 30
        bench.orders.request_amend(order, order.price, 0, lots, EXPIRES_NS)
    assert lots == 290


def test_a_change_below_what_has_filled_is_refused() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.fill(order, 4)
    for lots in (4, 0, -1):
        assert amended(bench, order.client_id, lots=lots) is DenialCode.QUANTITY
    assert amended(bench, order.client_id, lots=5) is None


def test_in_a_halt_an_order_may_only_shrink() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.halt()
    assert amended(bench, order.client_id, lots=9) is None
    assert amended(bench, order.client_id, lots=11) is DenialCode.HALTED
    assert amended(bench, order.client_id, price=LAST - 1) is DenialCode.HALTED


def test_a_protective_stop_follows_the_position_and_no_further() -> None:
    bench = Bench()
    bench.hold(BTC, 10)
    stop = bench.accept(bench.submit(sell(10, stop_price=LAST - 100, reduce_only=True)))
    bench.hold(BTC, 5)
    bench.halt(TradingState.REDUCING)
    assert amended(bench, stop.client_id, lots=15, stop_price=LAST - 50) is None
    assert amended(bench, stop.client_id, lots=16) is DenialCode.REDUCE_ONLY
    assert amended(bench, stop.client_id, stop_price=LAST) is DenialCode.PRICE


def test_changes_count_as_messages() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    for number in range(4):
        assert amended(bench, order.client_id, price=LAST - number - 1) is None
    assert amended(bench, order.client_id, price=LAST - 9) is DenialCode.RATE_SECOND


# --- Judging ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrange", CASES, ids=lambda arrange: arrange.__name__)
def test_judging_changes_nothing(arrange: Callable[[], Case]) -> None:
    case = arrange()
    bench = case.bench

    def state() -> Any:
        return (
            bench.guards.snapshot(),
            bench.ledger.snapshot(),
            list(bench.orders.by_symbol),
            list(bench.ledger.positions),
            {
                owner: (list(a.sent), list(a.repeats), a.last, a.last_ns)
                for owner, a in bench.gate.activity.owners.items()
            },
            set(bench.gate.throttled),
            len(bench.events),
        )

    bench.wait(90 * SECOND_NS)
    before = state()
    for intent in (case.outside, case.inside, *(sell(1, symbol) for symbol in INSTRUMENTS)):
        if intent is not None:
            bench.gate.judge(intent)
            bench.gate.judge(intent, panic=True)
    assert state() == before
    assert bench.orders.next_client_id() == f"t{len(bench.orders.orders) + 1}"


def test_an_approval_carries_the_reference_and_the_expiry() -> None:
    bench = Bench()
    order = bench.submit(buy(3, owner="ema", reason="test"))
    assert (order.reference, order.expires_ns) == (LAST, bench.clock.time_ns + 10 * SECOND_NS)
    assert (order.client_id, order.owner, order.side) == ("t1", "ema", Side.BUY)
