"""Lots for a risk, stops for a loss: by hand, as properties, and compiled."""

from __future__ import annotations

from fractions import Fraction
from types import FunctionType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules import rounding, sizing
from workstation.rules.value import position_value

# Tick 0.1, lot 0.0001: a tick of a lot is 0.00001 = 1_000 of 1e-8.
LINEAR = (0, 1_000, 1)
# 100 quote a contract, tick 0.1: 1e11 / price in ticks.
INVERSE = (1, 100_000_000_000, 1)
EQUITY = 10_000 * 100_000_000
POINT_SIX = 600_000


def test_size_is_risk_over_distance():
    # 60 USDT over a distance of 300.0 is 0.2.
    assert sizing.lots_for_risk(EQUITY, POINT_SIX, 300_000, 297_000, *LINEAR) == 2_000
    # 60 over 300.1 is 0.19993 and rounds down.
    assert sizing.lots_for_risk(EQUITY, POINT_SIX, 300_000, 296_999, *LINEAR) == 1_999
    assert sizing.lots_for_risk(EQUITY, POINT_SIX, 300_000, 303_000, *LINEAR) == 2_000


def test_no_size_without_distance_equity_or_risk():
    assert sizing.lots_for_risk(EQUITY, POINT_SIX, 300_000, 300_000, *LINEAR) == 0
    assert sizing.lots_for_risk(0, POINT_SIX, 300_000, 297_000, *LINEAR) == 0
    assert sizing.lots_for_risk(EQUITY, 0, 300_000, 297_000, *LINEAR) == 0


def test_value_caps_the_size():
    # 30 % of 10,000 at 30,000 is 0.1.
    assert sizing.lots_for_value(EQUITY, 30_000_000, 300_000, *LINEAR) == 1_000


def test_inverse_size_by_hand():
    # One BTC of equity, 1 % at risk: contracts of 100 USD lose 100/27,000 − 100/30,000 BTC each; 0.01 over that is 27.
    assert sizing.lots_for_risk(100_000_000, 1_000_000, 300_000, 270_000, *INVERSE) == 27


def test_hard_stop_by_hand():
    # 2 % of 10,000 is 200; 0.05 lose it over 4,000.
    assert sizing.stop_for_loss(300_000, 500, 200 * 100_000_000, *LINEAR) == 260_000
    assert sizing.stop_for_loss(300_000, -500, 200 * 100_000_000, *LINEAR) == 340_000
    assert sizing.stop_for_loss(300_000, 1, 200 * 100_000_000, *LINEAR) == 1, "not even at 0"


def test_entry_price_is_the_average():
    assert sizing.entry_price(300, 100 * 300_000 * 1_000 + 200 * 303_000 * 1_000, *LINEAR) == 302_000
    assert sizing.entry_price(0, 0, *LINEAR) == 0


terms = st.sampled_from([LINEAR, INVERSE])
prices = st.integers(10_000, 1_000_000)


@given(terms, prices, prices, st.integers(1, 50 * 100_000_000), st.integers(1, 100_000_000))
def test_the_size_never_loses_more_than_its_risk(terms, entry, stop, equity, rate):
    lots = sizing.lots_for_risk(equity, rate, entry, stop, *terms)
    inverse, numerator, denominator = terms
    unit = Fraction(numerator, denominator)
    loss = abs(Fraction(1, stop) - Fraction(1, entry)) if inverse else abs(entry - stop)
    assert lots * unit * loss <= Fraction(equity * rate, 100_000_000)


@given(terms, prices, st.integers(1, 10_000), st.booleans(), st.integers(1_000, 10**12))
def test_a_stop_for_a_loss_loses_at_most_that(terms, entry, size, short, loss):
    lots = -size if short else size
    stop = sizing.stop_for_loss(entry, lots, loss, *terms)
    lost = position_value(entry, lots, *terms) - position_value(stop, lots, *terms)
    assert (entry - stop) * lots >= 0
    assert lost <= loss + 1, "but for the rounding of the two values"


@given(terms, prices, st.integers(1, 10_000), st.booleans())
def test_entry_price_returns_what_was_paid(terms, entry, size, short):
    lots = -size if short else size
    cost = position_value(entry, lots, *terms)
    assert sizing.entry_price(lots, cost, *terms) == entry


def test_the_rules_compile_unchanged():
    import numba

    compiled: dict[str, Any] = {
        name: numba.njit(getattr(rounding, name)) for name in ("scale_down", "divide_up", "divide_half_even")
    }
    for function, arguments in (
        (sizing.lots_for_risk, (EQUITY, POINT_SIX, 300_000, 296_999, *LINEAR)),
        (sizing.lots_for_risk, (100_000_000, 1_000_000, 300_000, 270_000, *INVERSE)),
        (sizing.lots_for_value, (EQUITY, POINT_SIX, 300_000, *LINEAR)),
        (sizing.stop_for_loss, (300_000, -500, 20_000_000_000, *LINEAR)),
        (sizing.entry_price, (300, 90_000_000_000, *LINEAR)),
    ):
        fast: Any = numba.njit(FunctionType(function.__code__, {**vars(sizing), **compiled}))
        assert fast(*arguments) == function(*arguments)
