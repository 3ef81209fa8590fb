"""Regime, setup, signals, confidence, ladder and exits, each against a case worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from workstation.strategies.confluence.confidence import Conditions, Weights, confidence, size_for
from workstation.strategies.confluence.exits import planned_reward, structure
from workstation.strategies.confluence.ladder import confirmed, give_up, has_momentum
from workstation.strategies.confluence.reading import below_average, beyond_average
from workstation.strategies.confluence.regime import regime
from workstation.strategies.confluence.setup import setup
from workstation.strategies.confluence.signals import breakout, divergence, pivot_highs, pivot_lows, pullback
from workstation.strategies.confluence.trade import Trade

WEIGHTS = Weights(25.0, 30.0, 35.0, 3.0, 3.0, 4.0, 10.0)
RISING = np.linspace(100.0, 200.0, 260)
FALLING = RISING[::-1].copy()


def series(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_the_regime_is_bullish_above_the_average_with_a_positive_macd():
    assert regime(RISING, 200, 12, 26, 9) == 1
    assert regime(FALLING, 200, 12, 26, 9) == -1


def test_the_regime_is_neutral_until_the_long_average_is_ready():
    assert regime(RISING[:199], 200, 12, 26, 9) == 0
    assert regime(RISING[:200], 200, 12, 26, 9) == 1


def test_the_regime_is_neutral_when_average_and_macd_disagree():
    slump = np.concatenate([RISING, np.linspace(200.0, 170.0, 15)])
    assert slump[-1] > slump[-200:].mean()
    assert regime(slump, 200, 12, 26, 9) == 0


def trend(step: float, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    close = 1000.0 + step * np.arange(150)
    return close + spread, close - spread, close


def test_the_setup_follows_a_strong_trend_either_way():
    for direction in (1, -1):
        assert setup(*trend(direction * 0.5), (8, 21, 55), 14, 25.0, 14, 2.0) == direction


def test_the_setup_needs_its_three_conditions():
    high, low, close = trend(0.5)
    assert setup(high, low, close, (8, 21, 55), 14, 100.0, 14, 2.0) == 0, "ADX"
    assert setup(high, low, close, (8, 21, 55), 14, 25.0, 14, 0.1) == 0, "distance: EMA 8 lags by 3.5 × 0.5"
    flat = np.full(150, 1000.0)
    assert setup(flat + 1, flat - 1, flat, (8, 21, 55), 14, 0.0, 14, 2.0) == 0, "the stack"
    assert setup(high[:54], low[:54], close[:54], (8, 21, 55), 14, 25.0, 14, 2.0) == 0, "not ready"


def test_a_pullback_bounces_from_the_average():
    high, low, close = series(102, 101, 103), series(99, 98, 100), series(100, 99, 102)
    ema, atr = series(100, 100, 100), series(2, 2, 2)
    arguments = (high, low, close, ema)
    assert pullback(*arguments, series(50, 39, 45), atr, 40.0, 60.0, 0.5) == 1
    assert pullback(*arguments, series(50, 41, 45), atr, 40.0, 60.0, 0.5) == 0, "RSI was not below 40"
    assert pullback(*arguments, series(50, 39, 38), atr, 40.0, 60.0, 0.5) == 0, "RSI did not turn"
    assert pullback(high, low, close, ema + 3.5, series(50, 39, 45), atr, 40.0, 60.0, 0.5) == 0, "too far"
    assert pullback(high, low, series(100, 102, 99), ema, series(50, 61, 55), atr, 40.0, 60.0, 0.5) == -1


def test_a_breakout_closes_beyond_the_channel_on_volume():
    high, low = np.full(21, 110.0), np.full(21, 90.0)
    close, volume = np.full(21, 100.0), np.full(21, 50.0)
    volume[-1] = 60.0
    close[-1] = 110.1
    assert breakout(high, low, close, volume, 20, 1.2) == 1
    close[-1] = 110.0
    assert breakout(high, low, close, volume, 20, 1.2) == 0, "on the channel is not beyond"
    close[-1] = 89.9
    assert breakout(high, low, close, volume, 20, 1.2) == -1
    volume[-1] = 59.9
    assert breakout(high, low, close, volume, 20, 1.2) == 0
    assert breakout(high[1:], low[1:], close[1:], volume[1:], 20, 1.2) == 0, "20 bars before are needed"


LOWS = series(9, 8, 7, 5, 7, 8, 9, 8, 7, 4, 6, 7, 8)


def test_pivots_stand_out_over_three_bars_a_side():
    assert pivot_lows(LOWS, 3) == [3, 9]
    assert pivot_highs(-LOWS, 3) == [3, 9]
    assert pivot_lows(LOWS[:12], 3) == [3], "the second is not confirmed a bar earlier"
    assert pivot_lows(series(3, 2, 1, 1, 2, 3, 4), 2) == [2], "of equal lows the first"


def test_a_divergence_fires_when_its_second_pivot_is_confirmed():
    rsi = np.full(13, 50.0)
    rsi[3], rsi[9] = 30.0, 35.0
    assert divergence(LOWS + 5, LOWS, rsi, 3, 60) == 1
    assert divergence(-LOWS, -LOWS - 5, 100.0 - rsi, 3, 60) == -1
    assert divergence(LOWS + 5, LOWS, rsi, 3, 5) == 0, "the pivots are 6 bars apart"
    rsi[9] = 29.0
    assert divergence(LOWS + 5, LOWS, rsi, 3, 60) == 0, "RSI agrees with the price"
    rsi[9] = 35.0
    later = np.append(LOWS, 9.0)
    assert divergence(later + 5, later, np.append(rsi, 50.0), 3, 60) == 0, "a bar later it is old"


def test_everything_in_agreement_is_100():
    found = confidence(1, Conditions(1, 1, 1, False, False), WEIGHTS)
    assert found.value == 100.0
    assert found.parts["regime"] == pytest.approx(25 / 0.9)
    assert found.parts["setup"] == pytest.approx(30 / 0.9)
    assert found.parts["signal"] == pytest.approx(35 / 0.9)


@pytest.mark.parametrize(
    ("conditions", "points"),
    [
        (Conditions(0, 1, 1, False, False), 65),
        (Conditions(1, 0, 1, False, False), 60),
        (Conditions(0, 0, 1, False, False), 35),
        (Conditions(1, 1, 1, True, False), 87),
        (Conditions(1, 1, 1, True, True), 84),
        (Conditions(-1, 1, 1, False, False), 61),
        (Conditions(-1, 1, 1, True, True), 55),
        (Conditions(-1, -1, 1, True, True), 25),
    ],
)
def test_confidence_is_the_sum_over_ninety(conditions: Conditions, points: int):
    found = confidence(1, conditions, WEIGHTS)
    assert found.value == pytest.approx(points / 0.9)
    assert sum(found.parts.values()) == pytest.approx(found.value)


def test_penalties_are_bounded_together():
    heavy = WEIGHTS._replace(volatility=8.0, volume=8.0)
    found = confidence(1, Conditions(1, 1, 1, True, True), heavy)
    assert found.value == pytest.approx(80 / 0.9)
    assert found.parts["volatility"] == found.parts["volume"] == pytest.approx(-5 / 0.9)


def test_confidence_decides_the_size():
    reduced = Decimal("0.7")
    assert size_for(70.0, 70, 50, reduced, 0) == 1
    assert size_for(69.9, 70, 50, reduced, 0) == reduced
    assert size_for(50.0, 70, 50, reduced, 0) == reduced
    assert size_for(49.9, 70, 50, reduced, 0) == 0
    assert size_for(79.9, 70, 50, reduced, 80) == 0, "crisis mode raises the threshold"
    assert size_for(80.0, 70, 50, reduced, 80) == 1


def test_averages_are_of_the_bars_before():
    values = np.array([np.nan] + [10.0] * 20 + [20.0])
    assert not beyond_average(values, 20, 2.0), "twice is not above twice"
    values[-1] = 20.1
    assert beyond_average(values, 20, 2.0)
    assert not beyond_average(values, 21, 2.0), "not ready"
    values[-1] = 7.9
    assert below_average(values, 20, 0.8)


def test_confirmation_and_momentum():
    assert confirmed(1, 1000, 1000) and not confirmed(1, 999, 1000)
    assert confirmed(-1, 999, 1000) and not confirmed(-1, 1001, 1000)
    close = series(10, 12, 11)
    assert has_momentum(1, close, 2, 50.1, 50.0)
    assert not has_momentum(1, close, 1, 60.0, 50.0), "this bar closed lower than the one before"
    assert not has_momentum(1, close, 2, 50.0, 50.0)
    assert has_momentum(-1, series(12, 10, 11), 2, 49.0, 50.0)
    assert not has_momentum(1, close, 3, 60.0, 50.0), "too few bars"


def test_deeper_entries_are_given_up():
    def why(best: int, now: float, least: float = 50.0) -> str:
        return give_up(1, 1000, best, 100, 0.5, 100.0, now, 15.0, least)

    assert why(1049, 100.0) == ""
    assert why(1050, 100.0) == "the trade is at +0.5 R"
    assert why(1000, 85.1) == ""
    assert why(1000, 85.0).startswith("confidence fell")
    assert why(1000, 90.0, least=91.0).startswith("confidence fell")


def test_planned_reward_reaches_to_the_extreme_or_projects_the_channel():
    high, low = np.full(50, 110.0), np.full(50, 100.0)
    high[5] = 140.0
    assert planned_reward(1, 105.0, high, low, 50, 20) == 35.0
    assert planned_reward(1, 105.0, high, low, 40, 20) == 10.0, "the peak is out of sight"
    assert planned_reward(-1, 105.0, high, low, 50, 20) == 10.0


def test_structure_is_the_newest_pivot_after_the_signal():
    close_ns = np.arange(13, dtype=np.int64)
    assert structure(1, LOWS + 5, LOWS, close_ns, 8, 3) == 4.0
    assert structure(1, LOWS + 5, LOWS, close_ns, 9, 3) == 0.0, "its bar closed at the signal, not after it"
    assert structure(-1, -LOWS, -LOWS - 5, close_ns, 0, 3) == -4.0


def test_the_soft_stop_only_moves_towards_the_price():
    trade = Trade(
        side=1,
        regime=1,
        confidence=100.0,
        factor="1",
        risk=10,
        hard_loss=1,
        stop=90,
        best=100,
        signal_ns=0,
        signal_close=100,
        progress_ns=0,
        rungs=["sent", "waiting", "waiting"],
    )
    trade.tighten(89)
    assert trade.stop == 90
    trade.tighten(95)
    assert trade.stop == 95
    assert Trade.from_state(trade.to_state()) == trade
