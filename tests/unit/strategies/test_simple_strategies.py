"""What each of the simple strategies is known for, and what it does when things go wrong."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies.fake_context import LINEAR, SPOT, START_NS, FakeContext
from workstation.core.errors import StrategyError
from workstation.core.messages import Bar
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.core.types import OrderRole, OrderState, OrderType, Side
from workstation.rules.position import PositionFigures
from workstation.strategies.bollinger import Bollinger
from workstation.strategies.donchian_turtle import DonchianTurtle
from workstation.strategies.ema_cross import EmaCross
from workstation.strategies.grid import Grid, wanted_rungs
from workstation.strategies.market_maker import MarketMaker, quote_prices
from workstation.strategies.rsi_reversion import RsiReversion
from workstation.trading.strategy import Strategy

PRICE = 300_000


def started(kind: type[Strategy], instrument: Any = LINEAR, **values: Any) -> tuple[Any, FakeContext]:
    context = FakeContext(instrument)
    strategy = kind("one", "BTCUSDT", "1h", values)
    context.run(strategy)
    return strategy, context


def sent(context: FakeContext, role: OrderRole) -> list[tuple[Side, int]]:
    return [(intent.side, intent.lots) for intent in context.intents if intent.role is role]


# --- EMA cross ----------------------------------------------------------------------------------------------------


def crosses(closes: list[int], fast: int, slow: int) -> list[int]:
    """1 at a cross up, −1 at a cross down, by the definition."""
    result, fast_ema, slow_ema = [], float(closes[0]), float(closes[0])
    above = False
    for close in closes:
        fast_ema += 2 / (fast + 1) * (close - fast_ema)
        slow_ema += 2 / (slow + 1) * (close - slow_ema)
        result.append((fast_ema > slow_ema) - above)
        above = fast_ema > slow_ema
    return result


def test_ema_cross_trades_each_cross_at_the_close_of_its_bar():
    source = random.Random(3)
    closes = [PRICE]
    for _ in range(400):
        closes.append(closes[-1] + source.randint(-900, 900))
    _, context = started(EmaCross, quantity="0.05")
    seen = []
    for close in closes:
        before = len(context.intents)
        context.bar(close)
        seen.append(sum(int(intent.side) for intent in context.intents[before:]))
    assert seen == crosses(closes, 12, 26)
    assert {i.lots for i in context.intents} == {500}
    assert all(i.type is OrderType.MARKET and i.reduce_only is (i.side is Side.SELL) for i in context.intents)


def test_ema_cross_sizes_by_equity_when_no_quantity_is_given():
    _, context = started(EmaCross)
    for close in (PRICE, PRICE + 1000):
        context.bar(close)
    # 2,500 at 30,100.0 is 0.08305.
    assert sent(context, OrderRole.ENTRY) == [(Side.BUY, 830)]


def above_then_below(context: FakeContext) -> None:
    for close in (PRICE, PRICE + 1000, PRICE - 3000):
        context.bar(close)


def test_ema_cross_history_warms_the_averages_without_trading():
    strategy = EmaCross("one", "BTCUSDT", "1h")
    context = FakeContext()
    for index, close in enumerate((PRICE, PRICE + 1000)):
        strategy.on_history(Bar("BTCUSDT", START_NS + index, HOUR_NS, close, close, close, close, 1))
    context.run(strategy)
    context.bar(PRICE + 1100)
    assert context.intents == [], "it was above before the session"
    context.bar(PRICE - 3000)
    assert context.intents == []


def test_ema_cross_sells_after_a_cross_missed_while_it_was_down():
    strategy = EmaCross("one", "BTCUSDT", "1h")
    context = FakeContext()
    for index, close in enumerate((PRICE, PRICE - 1000)):
        strategy.on_history(Bar("BTCUSDT", START_NS + index, HOUR_NS, close, close, close, close, 1))
    context.figures = PositionFigures(300, context.value(PRICE, 300))
    context.run(strategy)
    context.bar(PRICE - 1000)
    assert sent(context, OrderRole.EXIT) == [(Side.SELL, 300)]


def test_ema_cross_tries_a_denied_exit_again_at_the_next_bar():
    _, context = started(EmaCross)
    context.deny = lambda intent: intent.reduce_only
    above_then_below(context)
    context.deny = lambda intent: False
    context.bar(PRICE - 3000)
    context.settle()
    assert context.figures.lots == 0


def test_ema_cross_tries_the_rest_of_an_expired_exit_again():
    _, context = started(EmaCross)
    above_then_below(context)
    (order,) = context.open_orders()
    context.fill(order, PRICE, 30)
    context.end(order, OrderState.EXPIRED)
    context.bar(PRICE - 3000, settle=False)
    assert sent(context, OrderRole.EXIT)[-1] == (Side.SELL, 800)


def test_ema_cross_does_not_buy_again_after_a_denied_entry_until_the_next_cross():
    _, context = started(EmaCross)
    context.deny = lambda intent: True
    context.bar(PRICE)
    context.bar(PRICE + 1000)
    context.deny = lambda intent: False
    context.bar(PRICE + 2000)
    assert len(context.intents) == 1


def test_ema_cross_sells_an_entry_that_fills_after_the_cross_down():
    _, context = started(EmaCross)
    context.bar(PRICE)
    context.bar(PRICE + 1000)
    (order,) = context.open_orders()
    context.bar(PRICE - 3000, settle=False)
    assert order.cancel_requested_ns
    context.fill(order, PRICE)
    assert sent(context, OrderRole.EXIT) == [(Side.SELL, 830)]


def test_ema_cross_refuses_a_fast_average_that_is_slow():
    with pytest.raises(StrategyError, match="must be below"):
        EmaCross("one", "BTCUSDT", "1h", {"fast": 26})


# --- Reversion ----------------------------------------------------------------------------------------------------


def wavy(context: FakeContext, bars: int = 40) -> None:
    for index in range(bars):
        close = PRICE + (300 if index % 2 else -300)
        context.bar(close, high=close + 500, low=close - 500)


def test_rsi_reversion_buys_the_turn_and_leaves_at_the_middle():
    strategy, context = started(RsiReversion)
    wavy(context)
    for step in range(8):
        context.bar(PRICE - 1500 * (step + 1))
    assert context.intents == [], "RSI falls without turning"
    context.bar(PRICE - 7_500)
    assert sent(context, OrderRole.ENTRY) == [(Side.BUY, context.intents[0].lots)]
    context.settle()
    assert context.stop().lots == context.figures.lots > 0
    entry = strategy.entry_ticks()
    distance = strategy.state["entry"][1]
    assert context.stop().stop_price == entry - distance
    for step in range(8):
        context.bar(PRICE - 7_500 + 1_500 * step)
    assert context.figures.lots == 0 and context.open_orders() == []
    assert [i.reason for i in context.intents if i.role is OrderRole.EXIT] == ["back at the mean"]


def test_rsi_reversion_sells_short_only_when_allowed():
    for allowed, instrument, expected in ((False, LINEAR, 0), (True, SPOT, 0), (True, LINEAR, 1)):
        _, context = started(RsiReversion, instrument, allow_short=allowed)
        wavy(context)
        for step in range(8):
            context.bar(PRICE + 1500 * (step + 1))
        context.bar(PRICE + 7_500)
        assert len(sent(context, OrderRole.ENTRY)) == expected


def test_bollinger_buys_back_inside_the_band():
    _, context = started(Bollinger)
    wavy(context)
    context.bar(PRICE - 4_000)
    assert context.intents == [], "still outside"
    context.bar(PRICE - 500)
    assert sent(context, OrderRole.ENTRY)[0][0] is Side.BUY
    context.settle()
    assert context.stop().lots == context.figures.lots
    context.bar(PRICE + 1_000)
    context.settle()
    assert context.figures.lots == 0


def test_bollinger_waits_while_the_bands_are_narrow():
    _, context = started(Bollinger, least_width=50.0)
    wavy(context)
    context.bar(PRICE - 4_000)
    context.bar(PRICE - 500)
    assert context.intents == []


def test_reversion_ends_after_its_time():
    _, context = started(Bollinger, most_bars=3)
    wavy(context)
    context.bar(PRICE - 4_000)
    for _ in range(4):
        context.bar(PRICE - 1_500)
    assert [i.reason for i in context.intents if i.role is OrderRole.EXIT] == ["held for 3 bars"]


# --- Turtle -------------------------------------------------------------------------------------------------------


def test_turtle_pyramids_to_four_units_with_the_stop_two_n_behind_the_newest():
    strategy, context = started(DonchianTurtle, unit_risk_percent="0.25")
    wavy(context)
    context.bar(PRICE + 900)
    n = strategy.state["pyramid"]["n"]
    # 25 over one N, capped at 2,000 at 30,090.0, which is 0.0664.
    assert sent(context, OrderRole.ENTRY) == [(Side.BUY, min(25_000_000 // (n * 10), 664))]
    close = PRICE + 900
    for units in range(2, 8):
        context.settle()
        newest = strategy.state["pyramid"]["newest"]
        assert context.stop().stop_price == newest - 2 * n
        assert context.stop().lots == context.figures.lots
        close += n
        context.bar(close)
        assert len(sent(context, OrderRole.ENTRY)) == min(units, 4)
    context.touch(context.stop().stop_price, close)
    assert context.figures.lots == 0 and context.open_orders() == []


def test_turtle_leaves_beyond_the_exit_channel():
    _, context = started(DonchianTurtle, stop_n=10.0)
    wavy(context)
    context.bar(PRICE + 900)
    for _ in range(10):
        context.bar(PRICE + 1_200, low=PRICE + 600)
    context.bar(PRICE + 599)
    assert [i.reason for i in context.intents if i.role is OrderRole.EXIT] == ["close beyond the 10-bar channel"]


def test_turtle_does_not_count_a_unit_that_was_refused():
    strategy, context = started(DonchianTurtle)
    wavy(context)
    context.bar(PRICE + 900)
    context.settle()
    n = strategy.state["pyramid"]["n"]
    context.bar(PRICE + 900 + n)
    assert strategy.state["pyramid"]["units"] == 2
    context.end(context.open_with(OrderRole.ENTRY)[0], OrderState.REJECTED)
    assert strategy.state["pyramid"]["units"] == 1
    context.deny = lambda intent: intent.role is OrderRole.ENTRY
    context.bar(PRICE + 900 + 2 * n)
    assert strategy.state["pyramid"]["units"] == 1


# --- Grid ---------------------------------------------------------------------------------------------------------


def rungs(held: int, short: bool = True, least: int = 1) -> list[tuple[int, int, bool]]:
    """Price, signed lots, reducing."""
    return [
        (rung.price, rung.lots * int(rung.side), rung.reduces)
        for rung in wanted_rungs(1000, 10, 100, 2, held, least, short)
    ]


def test_grid_is_symmetric_when_flat():
    assert rungs(0) == [(1020, -100, False), (1010, -100, False), (990, 100, False), (980, 100, False)]
    assert rungs(0, short=False) == [(990, 100, False), (980, 100, False)]


def test_grid_refills_one_step_away():
    assert rungs(100, short=False) == [(1000, -100, True), (980, 100, False)]
    assert rungs(200, short=False) == [(1000, -100, True), (990, -100, True)]
    assert rungs(-100) == [(1020, -100, False), (1000, 100, True), (990, 100, False), (980, 100, False)]


def test_grid_follows_partial_fills_and_waits_for_dust():
    assert rungs(30, short=False) == [(1000, -30, True), (990, 70, False), (980, 100, False)]
    assert rungs(30, short=False, least=40) == [(990, 70, False), (980, 100, False)]


@given(st.integers(-250, 250), st.integers(1, 150), st.booleans())
def test_grid_orders_never_pass_the_bound_nor_cross(held, least, short):
    found = rungs(held if short else abs(held), short, least)
    held = held if short else abs(held)
    buys = [(price, lots) for price, lots, _ in found if lots > 0]
    sells = [(price, -lots) for price, lots, _ in found if lots < 0]
    assert held + sum(lots for _, lots in buys) <= max(200, held)
    assert held - sum(lots for _, lots in sells) >= min(-200 if short else 0, held)
    reducing = sum(abs(lots) for _, lots, reduces in found if reduces)
    assert reducing <= abs(held)
    if buys and sells:
        assert max(price for price, _ in buys) < min(price for price, _ in sells)


def limits(context: FakeContext) -> dict[int, int]:
    return {
        order.price: order.remaining * int(order.side)
        for order in context.open_orders()
        if order.type is OrderType.LIMIT and not order.cancel_requested_ns
    }


def second(context: FakeContext, times: int = 4) -> None:
    for _ in range(times):
        context.settle()
        context.pass_time(1_000_000_000)


def test_grid_places_fills_and_refills():
    _, context = started(Grid, SPOT, levels=2, spacing_percent=1, quantity="0.01")
    context.bar(PRICE)
    second(context)
    assert limits(context) == {PRICE - 3_000: 100, PRICE - 6_000: 100}
    context.touch(PRICE - 3_000, PRICE)
    assert limits(context) == {PRICE: -100, PRICE - 6_000: 100}
    stop = context.stop()
    assert (stop.lots, stop.stop_price) == (100, PRICE - 5 * 3_000)
    context.touch(PRICE - 3_000, PRICE)
    second(context)
    assert limits(context) == {PRICE - 3_000: 100, PRICE - 6_000: 100}
    assert context.figures.lots == 0 and context.cash == 10_000 * 10**8 + 3 * 10**8
    assert all(intent.post_only for intent in context.intents if intent.role is not OrderRole.PROTECTIVE_STOP)


def test_grid_sends_a_new_grid_in_portions():
    _, context = started(Grid, levels=5, quantity="0.01")
    context.bar(PRICE)
    assert len(context.intents) == 4
    second(context)
    assert len(context.intents) == 10


def test_grid_follows_the_price_when_flat_and_stays_when_it_holds():
    strategy, context = started(Grid, SPOT, levels=2, spacing_percent=1, quantity="0.01")
    context.bar(PRICE)
    second(context)
    context.bar(PRICE + 6_001)
    second(context)
    assert strategy.state["grid"]["centre"] == PRICE + 6_001
    assert all(price > PRICE - 1_000 for price in limits(context))
    context.touch(PRICE + 2_000, PRICE + 6_000)
    assert context.figures.lots == 100
    context.bar(PRICE - 2_000, settle=False)
    assert strategy.state["grid"]["centre"] == PRICE + 6_001


def test_grid_waits_after_its_stop():
    strategy, context = started(Grid, SPOT, levels=2, spacing_percent=1, quantity="0.01", pause_bars=2)
    context.bar(PRICE)
    second(context)
    context.touch(PRICE - 6_000, PRICE)
    assert context.figures.lots == 200
    context.touch(PRICE - 15_000, PRICE - 6_000)
    second(context)
    assert context.figures.lots == 0 and limits(context) == {}
    context.bar(PRICE - 15_000)
    assert "grid" not in strategy.state
    context.bar(PRICE - 15_000)
    context.bar(PRICE - 15_000)
    assert strategy.state["grid"]["centre"] == PRICE - 15_000


def test_grid_does_not_hammer_a_level_that_is_refused():
    _, context = started(Grid, SPOT, levels=2, quantity="0.01")
    context.deny = lambda intent: True
    context.bar(PRICE)
    second(context)
    assert len(context.intents) == 1
    context.deny = lambda intent: False
    context.bar(PRICE)
    assert len(context.intents) == 3


def test_grid_restarts_without_a_second_set_of_orders():
    before, context = started(Grid, SPOT, levels=2, quantity="0.01")
    context.bar(PRICE)
    second(context)
    after = Grid("one", "BTCUSDT", "1h", {"levels": 2, "quantity": "0.01"})
    after.state = dict(before.state)
    context.run(after)
    context.bar(PRICE)
    assert len(context.intents) == 2


# --- Market maker -------------------------------------------------------------------------------------------------


def test_quotes_lie_half_the_spread_from_the_mid_and_lean_against_the_inventory():
    assert quote_prices(299_990, 300_010, 8.0, 4.0, 0.0) == (299_880, 300_120)
    assert quote_prices(299_990, 300_010, 8.0, 4.0, 1.0) == (299_760, 300_000)
    assert quote_prices(299_990, 300_010, 8.0, 4.0, -1.0) == (300_000, 300_240)


@given(st.integers(2, 10**6), st.integers(1, 5_000), st.floats(0.1, 500), st.floats(0, 500), st.floats(-1, 1))
def test_quotes_never_cross_the_book_nor_each_other(bid, spread, wide, skew, inventory):
    buy, sell = quote_prices(bid, bid + spread, wide, skew, inventory)
    assert buy < bid + spread and sell > bid and buy < sell


def making(instrument: Any = LINEAR, **values: Any) -> tuple[MarketMaker, FakeContext]:
    strategy, context = started(MarketMaker, instrument, quantity="0.01", **values)
    context.quote(PRICE - 10, PRICE + 10)
    return strategy, context


def test_market_maker_quotes_both_sides_post_only():
    _, context = making()
    assert limits(context) == {PRICE - 120: 100, PRICE + 120: -100}
    assert all(intent.post_only for intent in context.intents)


def test_market_maker_requotes_beyond_the_threshold_after_the_least_life():
    _, context = making()
    context.quote(PRICE + 190, PRICE + 210)
    assert len(context.open_orders()) == 2 and not any(o.cancel_requested_ns for o in context.open_orders())
    context.pass_time(4_000_000_000)
    context.quote(PRICE + 40, PRICE + 60)
    assert not any(o.cancel_requested_ns for o in context.open_orders()), "5 ticks are within the threshold"
    context.quote(PRICE + 190, PRICE + 210)
    context.settle()
    context.quote(PRICE + 190, PRICE + 211)
    assert sorted(limits(context)) == [PRICE + 80, PRICE + 321]


def test_market_maker_leans_and_stops_quoting_at_its_most_inventory():
    _, context = making(most_quotes=2)
    for _ in range(2):
        buy = next(o for o in context.open_orders() if o.side is Side.BUY and o.type is OrderType.LIMIT)
        context.fill(buy, buy.price)
        context.pass_time(5_000_000_000)
        context.quote(PRICE - 10, PRICE + 10)
        context.settle()
        context.quote(PRICE - 9, PRICE + 10)
    assert context.figures.lots == 200
    assert all(lots < 0 for lots in limits(context).values())
    assert context.stop().lots == 200
    (quote,) = [o for o in context.open_orders() if o.type is OrderType.LIMIT]
    assert quote.reduce_only and quote.role is OrderRole.EXIT


def test_market_maker_sells_only_what_it_has_on_spot():
    _, context = making(SPOT)
    assert limits(context) == {PRICE - 120: 100}


def test_market_maker_cancels_when_the_book_is_stale_or_missing():
    _, context = making()
    context.pass_time(7_000_000_000)
    assert all(o.cancel_requested_ns for o in context.open_orders())
    context.settle()
    context.quote(PRICE - 10, PRICE + 10)
    assert len(limits(context)) == 2
    context.the_book.synchronised = False
    context.pass_time(4_000_000_000)
    assert all(o.cancel_requested_ns for o in context.open_orders())


def test_market_maker_does_not_hammer_when_it_is_denied():
    strategy, context = started(MarketMaker, quantity="0.01")
    context.deny = lambda intent: True
    for step in range(20):
        context.quote(PRICE - 10 - step, PRICE + 10)
    assert len(context.intents) == 2
    context.deny = lambda intent: False
    context.pass_time(MINUTE_NS)
    context.quote(PRICE - 10, PRICE + 10)
    assert len(limits(context)) == 2
    strategy.on_stop()
    assert all(o.cancel_requested_ns for o in context.open_orders())


# --- What holds for all -------------------------------------------------------------------------------------------

PROTECTED = [RsiReversion, Bollinger, DonchianTurtle, Grid]


@pytest.mark.parametrize("kind", PROTECTED)
@given(seed=st.integers(0, 10_000))
def test_every_position_is_bounded_and_protected(kind, seed):
    """Bars at random, with denied, rejected and partly filled orders and a position that a person takes away."""
    source = random.Random(seed)
    context = FakeContext(LINEAR)
    values = {"allow_short": True} if kind in (RsiReversion, Bollinger) else {}
    strategy = kind("one", "BTCUSDT", "1h", values)
    context.run(strategy)
    context.deny = lambda intent: intent.role is OrderRole.ENTRY and source.random() < 0.1
    close = PRICE
    for _ in range(120):
        drift = source.choice((-2_500, 0, 2_500))
        close = max(50_000, close + drift + source.randint(-1_500, 1_500))
        high, low = close + source.randint(0, 1_500), close - source.randint(0, 1_500)
        for order in context.open_orders():
            if order.type is OrderType.MARKET and order.role is OrderRole.ENTRY and order.is_open:
                outcome = source.random()
                if outcome < 0.1:
                    context.end(order, OrderState.REJECTED)
                elif outcome < 0.3 and order.remaining > 1:
                    context.fill(order, context.price, order.remaining // 2)
        if source.random() < 0.03:
            context.figures = PositionFigures(0, 0)
            for order in context.open_orders():
                order.state = OrderState.CANCELLED
        context.bar(close, high=high, low=max(1, low))
        context.settle()
        held = context.figures.lots
        assert abs(context.value(close, held)) < context.cash
        if held and not strategy.leaving:
            stop = context.stop()
            assert stop.lots == abs(held) + stop.filled_lots and stop.side * held < 0
        elif not held:
            assert context.open_with(OrderRole.PROTECTIVE_STOP) == []


@pytest.mark.parametrize("kind", [*PROTECTED, MarketMaker])
def test_history_that_comes_before_the_start_is_kept(kind):
    context = FakeContext()
    kind("one", "BTCUSDT", "1h").attach(context)
    assert HOUR_NS in context.all_series


@pytest.mark.parametrize("kind", [*PROTECTED, EmaCross, MarketMaker])
def test_a_fresh_start_without_any_market_does_nothing(kind):
    strategy, context = started(kind)
    strategy.on_stop()
    context.pass_time(10 * MINUTE_NS)
    assert context.intents == [] and strategy.state == {}


@pytest.mark.parametrize("kind", [RsiReversion, Bollinger, DonchianTurtle, Grid])
def test_crisis_halves_the_size(kind):
    lots = []
    for factor in ("1", "0.5"):
        _, context = started(kind)
        context.factor = Decimal(factor)
        wavy(context)
        for close in (PRICE - 4_000, PRICE - 8_000, PRICE - 12_000, PRICE - 1_000, PRICE + 2_000):
            context.bar(close)
        lots.append(sent(context, OrderRole.ENTRY)[0][1])
    assert lots[1] == lots[0] // 2
