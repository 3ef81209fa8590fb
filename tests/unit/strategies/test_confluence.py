"""The flagship's ladder, stops and exits, bar by bar, and a year of real candles."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.strategies.fake_context import LINEAR, SPOT, START_NS, FakeContext
from workstation.core.errors import StrategyError
from workstation.core.messages import Bar
from workstation.core.timeframe import DAY_NS, HOUR_NS, TIMEFRAMES
from workstation.core.types import OrderRole, OrderState, OrderType, Side
from workstation.market.bars import BarBuilder
from workstation.rules.position import PositionFigures
from workstation.strategies.confluence import Confluence
from workstation.strategies.confluence.reading import Reading, judge

# ATR is 200.0, so one R is 300.0: 3,000 ticks. Full risk of 10,000 is 60; a quarter is 15, over 300 is 0.05.
ATR = 200.0
PRICE = 300_000
R = 3_000


class Scripted(Confluence):
    """Its bars are real, what it finds in them is written by the test."""

    regime_now = 1
    setup_now = 1
    found: dict[str, int] = {}
    volatile = False
    rsi_now = 60.0

    def _read(self) -> Reading:
        bars = self.bars()
        self._reading = Reading(
            bars.high,
            bars.low,
            bars.close,
            bars.close_ns,
            self.rsi_now,
            ATR,
            self.regime_now,
            self.setup_now,
            self.volatile,
            False,
            dict(self.found),
        )
        return self._reading


def started(instrument: Any = LINEAR, **values: Any) -> tuple[Scripted, FakeContext]:
    context = FakeContext(instrument)
    strategy = Scripted("flagship", "BTCUSDT", "1h", values)
    # A range of 1,000.0 in the past is the planned reward of either side.
    for index in range(40):
        close = PRICE + (5_000 if index % 2 else -5_000)
        context.append(Bar("BTCUSDT", START_NS + index * HOUR_NS, HOUR_NS, close, close, close, close, 100))
    context.price = PRICE
    context.run(strategy)
    return strategy, context


def signalled(side: int = 1, **values: Any) -> tuple[Scripted, FakeContext]:
    """At the close of the bar of the signal, with the first entry sent."""
    strategy, context = started(**values)
    strategy.found = {"breakout": side}
    context.bar(PRICE)
    strategy.found = {}
    return strategy, context


def entries(context: FakeContext) -> list[int]:
    return [intent.lots for intent in context.intents if intent.role is OrderRole.ENTRY]


def exits(context: FakeContext) -> list[tuple[str, int]]:
    return [(intent.reason, intent.lots) for intent in context.intents if intent.role is OrderRole.EXIT]


def test_a_signal_sends_a_quarter_of_the_risk_and_shows_its_parts():
    _, context = signalled()
    (intent,) = context.intents
    assert (intent.side, intent.type, intent.role) == (Side.BUY, OrderType.MARKET, OrderRole.ENTRY)
    assert intent.lots == 500
    assert intent.reason == "breakout, confidence 100"
    ((side, confidence, parts, text),) = context.signals
    assert (side, confidence, text) == (Side.BUY, 100.0, "breakout")
    assert parts["signal"] == pytest.approx(35 / 0.9)


def test_the_mirror_sells_short():
    strategy, context = started()
    strategy.regime_now = strategy.setup_now = -1
    strategy.found = {"pullback": -1}
    context.bar(PRICE)
    context.settle()
    assert context.figures.lots == -500
    assert context.stop().side is Side.BUY
    assert strategy.state["trade"]["stop"] == PRICE + R


def test_spot_is_never_sold_short():
    strategy, context = started(SPOT)
    strategy.regime_now = strategy.setup_now = -1
    strategy.found = {"pullback": -1}
    context.bar(PRICE)
    assert context.intents == [] and len(context.signals) == 1


def test_reduced_confidence_takes_seven_tenths():
    strategy, context = started()
    strategy.setup_now = 0  # 60 of 90 is 66.7
    strategy.found = {"breakout": 1}
    context.bar(PRICE)
    assert entries(context) == [350]


def test_a_signal_alone_is_shown_and_not_traded():
    strategy, context = started()
    strategy.regime_now = strategy.setup_now = 0
    strategy.found = {"breakout": 1}
    context.bar(PRICE)
    assert context.intents == []
    assert context.signals[0][1] == pytest.approx(35 / 0.9)


def test_crisis_halves_the_size_and_raises_the_threshold():
    strategy, context = started()
    context.factor, context.in_crisis = Decimal("0.5"), True
    strategy.regime_now = 0  # 65 of 90 is 72.2: full size outside a crisis
    strategy.found = {"breakout": 1}
    context.bar(PRICE)
    assert context.intents == []
    strategy.regime_now = 1
    context.bar(PRICE)
    assert entries(context) == [250]


def test_too_little_planned_reward_is_no_trade():
    strategy, context = started(least_reward=3.4)  # the range of 1,000 is 3.3 R
    strategy.found = {"breakout": 1}
    context.bar(PRICE)
    assert context.intents == []
    assert "planned reward is 3.3 R" in context.lines[-1][1]


def test_a_size_below_the_minimum_is_no_trade_and_said():
    strategy, context = started(risk_percent="0.001")
    strategy.found = {"breakout": 1}
    context.bar(PRICE)
    assert context.intents == []
    assert "below the least order" in context.lines[-1][1]


def test_the_ladder_climbs_on_confirmation_and_momentum():
    strategy, context = signalled()
    context.bar(PRICE + 100)
    assert entries(context) == [500]
    context.bar(PRICE)  # the second bar: not behind the signal
    # 35 % of 60 is 21, over 300 is 0.07.
    assert entries(context) == [500, 700]
    context.bar(PRICE + 500)
    assert entries(context) == [500, 700]
    # The fourth: equity has grown by 0.12 × 60 = 7.2, 40 % of its 0.6 % is 24.017, over 360 to the same stop 0.06671.
    context.bar(PRICE + 600)
    assert entries(context) == [500, 700, 667]
    context.settle()
    assert context.figures.lots == 1867
    assert strategy.state["trade"]["rungs"] == ["sent", "sent", "sent"]


def test_an_entry_that_is_not_due_in_time_is_given_up():
    strategy, context = signalled()
    context.bar(PRICE)
    context.bar(PRICE - 1)  # behind the signal at the second bar
    context.bar(PRICE)
    strategy.rsi_now = 49.0  # no momentum at the fourth
    context.bar(PRICE + 500)
    context.bar(PRICE + 600)
    assert entries(context) == [500]
    assert strategy.state["trade"]["rungs"] == ["sent", "dropped", "dropped"]


def test_a_deeper_entry_is_not_larger_for_being_nearer_to_the_stop():
    _, context = signalled(confirmation_bars=1)
    context.bar(PRICE, low=PRICE - 2_900)
    assert entries(context) == [500, 700]


def test_deeper_entries_end_at_half_an_r_of_profit():
    strategy, context = signalled()
    context.bar(PRICE, high=PRICE + R // 2)
    context.bar(PRICE)
    context.bar(PRICE)
    context.bar(PRICE + 10)
    assert entries(context) == [500]
    assert strategy.state["trade"]["rungs"] == ["sent", "dropped", "dropped"]


def test_deeper_entries_end_when_confidence_decays():
    strategy, context = signalled()
    strategy.setup_now = 0
    context.bar(PRICE)
    context.bar(PRICE)
    assert entries(context) == [500]


def test_a_denied_entry_leaves_no_trade_behind():
    strategy, context = started()
    context.deny = lambda intent: True
    strategy.found = {"breakout": 1}
    context.bar(PRICE)
    assert strategy.state == {}
    context.deny = lambda intent: False
    context.bar(PRICE)
    assert entries(context) == [500, 500]


def test_a_rejected_entry_leaves_no_trade_behind():
    strategy, context = signalled()
    context.end(context.open_orders()[0], OrderState.REJECTED)
    assert strategy.state == {}
    context.bar(PRICE)
    assert len(context.intents) == 1


def test_a_denied_deeper_entry_is_given_up_and_the_trade_goes_on():
    strategy, context = signalled()
    context.bar(PRICE)
    context.deny = lambda intent: intent.role is OrderRole.ENTRY
    context.bar(PRICE)
    assert strategy.state["trade"]["rungs"] == ["sent", "dropped", "waiting"]
    assert context.figures.lots == 500


# --- The stop at the venue ----------------------------------------------------------------------------------------


def test_lesson_5_the_hard_stop_follows_the_filled_quantity():
    _, context = signalled()
    (entry,) = context.open_orders()
    context.fill(entry, PRICE, 200)
    stop = context.stop()
    assert (stop.type, stop.side, stop.lots, stop.reduce_only) == (OrderType.STOP, Side.SELL, 200, True)
    # 200 over 0.02 is 10,000.0.
    assert stop.stop_price == PRICE - 100_000
    context.fill(entry, PRICE, 300)
    assert context.stop() is stop
    # 200 over 0.05 is 4,000.0.
    assert (stop.lots, stop.stop_price) == (500, PRICE - 40_000)


def test_the_hard_stop_never_moves_away_from_the_price():
    strategy, context = signalled()
    context.settle()
    stop = context.stop()
    assert stop.stop_price == PRICE - 40_000
    context.bar(PRICE + 100, high=PRICE + R)
    context.settle()
    assert context.figures.lots == 250, "half is gone, so 2 % would lie farther away"
    assert (stop.stop_price, stop.lots) == (PRICE - 40_000, 250)
    context.cash += 10**14
    strategy.guard()
    assert stop.stop_price == PRICE - 40_000


def test_the_hard_stop_ends_the_trade():
    strategy, context = signalled()
    context.bar(PRICE)
    context.fill(context.stop(), PRICE - 40_000)
    assert context.figures.lots == 0 and strategy.state == {}
    assert context.open_orders() == []


def test_a_lost_stop_is_placed_again_at_its_price():
    _, context = signalled()
    context.settle()
    stop = context.stop()
    price = stop.stop_price
    context.cash -= 10**11
    context.end(stop, OrderState.CANCELLED)
    assert context.stop() is not stop
    assert context.stop().stop_price == price


def test_lesson_6_a_stop_that_is_refused_twice_ends_the_position():
    _, context = signalled()
    context.deny = lambda intent: intent.role is OrderRole.PROTECTIVE_STOP
    context.settle()
    assert context.figures.lots == 500
    context.pass_time(10_000_000_000)
    context.settle()
    assert context.figures.lots == 0
    assert "missing" in context.lines[0][1]


def test_while_a_stop_is_unanswered_no_second_one_is_sent():
    strategy, context = signalled()
    context.settle()
    context.stop().state = OrderState.UNKNOWN
    context.bar(PRICE)
    strategy.guard()
    assert len([i for i in context.intents if i.role is OrderRole.PROTECTIVE_STOP]) == 1


# --- Exits --------------------------------------------------------------------------------------------------------


def test_the_soft_stop_closes_at_one_and_a_half_atr():
    _, context = signalled()
    context.settle()
    context.trade(PRICE - R + 1)
    assert exits(context) == []
    context.trade(PRICE - R)
    context.trade(PRICE - R)
    assert exits(context) == [("stop (soft)", 500)]
    context.settle()
    assert context.figures.lots == 0 and context.open_orders() == []


def test_a_bar_that_reaches_both_stop_and_target_takes_the_stop():
    _, context = signalled()
    context.bar(PRICE, high=PRICE + R, low=PRICE - R)
    assert exits(context) == [("stop (soft)", 500)]


def test_half_is_closed_at_one_r_and_the_stop_goes_to_break_even():
    strategy, context = signalled()
    context.settle()
    context.trade(PRICE + R - 1)
    assert exits(context) == []
    context.trade(PRICE + R)
    context.trade(PRICE + R + 1)
    assert exits(context) == [("half at +1 R", 250)]
    context.settle()
    assert context.figures.lots == 250
    assert strategy.state["trade"]["stop"] == PRICE
    context.trade(PRICE)
    assert exits(context)[-1] == ("stop (soft)", 250)


def test_the_rest_trails_one_atr_behind_the_best_price():
    strategy, context = signalled()
    context.bar(PRICE + R, high=PRICE + R)
    context.bar(PRICE + 2 * R, high=PRICE + 2 * R)
    assert strategy.state["trade"]["stop"] == PRICE + 2 * R - 2_000
    context.bar(PRICE + 2 * R - 500)
    assert strategy.state["trade"]["stop"] == PRICE + 2 * R - 2_000


def test_a_position_too_small_to_split_moves_its_stop_all_the_same():
    strategy, context = signalled(risk_percent="0.0036")
    context.settle()
    assert context.figures.lots == 3
    context.trade(PRICE + R)
    assert exits(context) == []
    assert strategy.state["trade"]["stop"] == PRICE and strategy.state["trade"]["halved"]


def test_a_regime_that_turns_against_the_trade_closes_it():
    strategy, context = signalled()
    context.bar(PRICE)
    strategy.regime_now = 0
    context.bar(PRICE)
    assert exits(context) == [("the regime changed", 500)]


def test_a_regime_that_turns_in_its_favour_does_not():
    strategy, context = started()
    strategy.regime_now = 0
    strategy.found = {"breakout": 1}
    context.bar(PRICE)
    strategy.found = {}
    strategy.regime_now = 1
    context.bar(PRICE)
    assert exits(context) == []
    strategy.regime_now = 0
    context.bar(PRICE)
    assert exits(context) == [("the regime changed", 500)]


def test_48_hours_without_progress_close_the_trade():
    _, context = signalled()
    context.bar(PRICE, high=PRICE + 100)
    for _ in range(47):
        context.bar(PRICE)
    assert exits(context) == []
    context.bar(PRICE)
    assert exits(context)[0][0] == "no progress in 48 hours"


def test_structure_raises_the_soft_stop():
    strategy, context = signalled()
    context.bar(PRICE + 600)
    for low in (500, 400, 300, 200, 300, 400):
        context.bar(PRICE + 600, low=PRICE + low)
    assert strategy.state["trade"]["stop"] == PRICE - R
    context.bar(PRICE + 600, low=PRICE + 500)
    assert strategy.state["trade"]["stop"] == PRICE + 199


def test_a_denied_exit_is_tried_again_until_the_position_is_gone():
    strategy, context = signalled()
    context.settle()
    context.deny = lambda intent: intent.role is OrderRole.EXIT
    context.trade(PRICE - R)
    context.trade(PRICE)
    assert len(exits(context)) == 1, "not at every trade"
    context.deny = lambda intent: False
    context.pass_time(60_000_000_000)
    context.settle()
    assert context.figures.lots == 0 and strategy.state == {}


def test_a_partly_filled_exit_is_finished():
    _, context = signalled()
    context.settle()
    context.trade(PRICE - R)
    (order,) = context.open_with(OrderRole.EXIT)
    context.fill(order, PRICE - R, 100)
    context.end(order, OrderState.EXPIRED)
    context.pass_time(60_000_000_000)
    assert exits(context)[-1] == ("stop (soft)", 400)


# --- Restart and take-over ----------------------------------------------------------------------------------------


def restarted(strategy: Scripted, context: FakeContext) -> Scripted:
    again = Scripted("flagship", "BTCUSDT", "1h")
    again.state = json.loads(json.dumps(strategy.state))
    context.run(again)
    return again


def test_a_restart_goes_on_where_it_was():
    before, context = signalled()
    context.bar(PRICE)
    count = len(context.intents)
    after = restarted(before, context)
    assert len(context.intents) == count and after.state == before.state
    context.bar(PRICE)
    assert entries(context) == [500, 700]
    context.trade(PRICE - R)
    assert exits(context)[0][0] == "stop (soft)"


def test_a_restart_with_the_entry_in_flight_waits_for_it():
    before, context = signalled()
    after = restarted(before, context)
    assert after.state["trade"]["entered"] is False
    context.settle()
    assert after.state["trade"]["entered"] is True and context.stop().lots == 500


def test_a_restart_into_a_position_without_stop_places_it():
    before, context = signalled()
    context.settle()
    context.stop().state = OrderState.CANCELLED
    restarted(before, context)
    assert context.stop().lots == 500


def test_a_plan_that_cannot_be_read_is_dropped_and_the_position_adopted():
    before, context = signalled()
    context.settle()
    before.state["trade"] = {"side": "up"}
    after = restarted(before, context)
    assert after.state["trade"]["stop"] == PRICE - R
    assert "cannot be read" in context.lines[-2][1]


def test_lesson_8_a_position_taken_over_by_a_person_ends_the_trade():
    strategy, context = signalled()
    context.bar(PRICE)
    context.figures = PositionFigures(0, 0)
    context.stop().state = OrderState.CANCELLED
    context.trade(PRICE - R)
    context.bar(PRICE)
    assert strategy.state == {} and exits(context) == [] and context.open_orders() == []


def test_a_position_handed_to_it_is_protected_and_managed():
    strategy, context = started()
    context.figures = PositionFigures(-400, context.value(PRICE, -400))
    context.bar(PRICE)
    assert context.stop().lots == 400 and context.stop().side is Side.BUY
    assert strategy.state["trade"]["stop"] == PRICE + R
    context.trade(PRICE + R)
    assert exits(context) == [("stop (soft)", 400)]


# --- Parameters, reading, a year ----------------------------------------------------------------------------------


def test_periods_out_of_order_are_refused():
    with pytest.raises(StrategyError, match="must rise"):
        Confluence("a", "BTCUSDT", "1h", {"setup_ema_fast": 30})
    with pytest.raises(StrategyError, match="add up to 100"):
        Confluence("a", "BTCUSDT", "1h", {"first_percent": 30})


def test_two_signals_against_each_other_go_with_the_more_confident_side():
    terms = Confluence("a", "BTCUSDT", "1h")
    nothing = np.zeros(0)
    reading = Reading(
        nothing,
        nothing,
        nothing,
        np.zeros(0, np.int64),
        50.0,
        1.0,
        -1,
        0,
        False,
        False,
        {"pullback": 1, "breakout": -1},
    )
    judged = judge(reading, terms)
    assert judged is not None and judged[0] == -1 and judged[2] == ["breakout"]
    assert judge(reading._replace(regime=0), terms) is None


def year() -> list[tuple[int, ...]]:
    path = Path(__file__).parents[3] / "resources" / "data" / "BTCUSDT_1h_2023.csv.gz"
    rows = []
    with gzip.open(path, "rt") as file:
        for index, row in enumerate(csv.reader(file)):
            try:
                prices = [round(float(value) * 10) for value in row[1:5]]
            except ValueError:
                continue
            rows.append((index, *prices, max(1, round(float(row[5]) * 100))))
    return rows


def test_a_year_of_candles_is_traded_within_every_bound():
    context = FakeContext(LINEAR)
    strategy = Confluence("flagship", "BTCUSDT", "1h")
    context.run(strategy)
    builders = [BarBuilder("BTCUSDT", TIMEFRAMES[name]) for name in ("4h", "1d")]
    trips = deepest = 0
    for _, open_, high, low, close, lots in year()[:6_500]:
        held = context.figures.lots
        context.settle(open_)
        context.touch(low, high)
        context.settle(close)
        bar = Bar("BTCUSDT", context.now_ns() + HOUR_NS, HOUR_NS, open_, high, low, close, lots)
        for builder in builders:
            for done in builder.add_bar(bar):
                context.append(done)
        context.append(bar)
        strategy.on_bar(bar)
        json.dumps(strategy.state)
        now = context.figures.lots
        trips += held != 0 and now == 0
        deepest = max(deepest, abs(context.value(close, now)))
        if now:
            assert context.stop().lots == abs(now)
            trade = strategy.state["trade"]
            loss = (context.stop().stop_price - strategy.entry_ticks()) * trade["side"] * abs(now) * 1_000
            assert loss >= -trade["hard_loss"]
        else:
            assert context.open_with(OrderRole.PROTECTIVE_STOP) == []
    assert trips > 20
    assert deepest < context.cash
    assert {side for side, *_ in context.signals} == {Side.BUY, Side.SELL}
    assert context.now_ns() - START_NS == 6_500 * HOUR_NS > 200 * DAY_NS
    assert {name for *_, text in context.signals for name in text.split(" + ")} == {
        "pullback",
        "breakout",
        "divergence",
    }
