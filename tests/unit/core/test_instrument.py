from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.errors import ConfigurationError
from workstation.core.instrument import Instrument, canonical_symbol
from workstation.core.types import InstrumentKind
from workstation.rules.value import position_value


def instrument(kind: InstrumentKind = InstrumentKind.LINEAR, **changes: Any) -> Instrument:
    terms: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "base": "BTC",
        "quote": "USDT",
        "kind": kind,
        "tick": Decimal("0.01"),
        "lot": Decimal("0.00001"),
        "minimum_notional": Decimal(5),
    }
    return Instrument(**(terms | changes))


STEPS = st.sampled_from([Decimal(s) for s in ("0.00000001", "0.0003", "0.01", "0.25", "0.5", "1", "5", "10", "1E+2")])
COUNTS = st.integers(-(10**12), 10**12)


@given(STEPS, COUNTS)
def test_steps_go_to_decimals_and_back_unchanged(step: Decimal, count: int) -> None:
    terms = instrument(tick=step, lot=step)
    assert terms.ticks(terms.price(count)) == count
    assert terms.lots(terms.quantity(count)) == count
    assert terms.ticks(str(terms.price(count))) == count
    assert Fraction(terms.price(count)) == Fraction(step) * count
    for rounding in (ROUND_FLOOR, ROUND_CEILING):
        assert terms.ticks_rounded(terms.price(count), rounding) == count


@given(STEPS, st.decimals(-(10**9), 10**9, places=9))
def test_a_price_between_two_ticks_is_refused_or_rounded_to_one_of_them(step: Decimal, price: Decimal) -> None:
    terms = instrument(tick=step)
    exact = Fraction(price) / Fraction(step)
    low, high = terms.ticks_rounded(price, ROUND_FLOOR), terms.ticks_rounded(price, ROUND_CEILING)
    assert low <= exact <= high <= low + 1
    if exact.denominator == 1:
        assert terms.ticks(price) == exact
    else:
        with pytest.raises(ValueError, match="not a multiple of its tick"):
            terms.ticks(price)


@pytest.mark.parametrize("text", ["abc", "", "NaN", "Infinity", "-inf", "1,5"])
def test_what_is_no_number_is_refused_as_a_value(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        instrument().ticks(text)
    with pytest.raises(ValueError, match="quantity of BTCUSDT must be a number"):
        instrument().lots(text)


def test_no_digit_is_lost_in_the_largest_amounts() -> None:
    amount = Decimal("12345678901234567890123456789.015")
    with pytest.raises(ValueError, match="not a multiple"):
        instrument().ticks(amount)


def test_prices_have_exactly_the_decimals_of_their_step() -> None:
    terms = instrument(tick=Decimal("0.50"), lot=Decimal("0.010"))
    assert (str(terms.price(3)), str(terms.quantity(3))) == ("1.5", "0.03")
    assert (terms.price_decimals, terms.quantity_decimals) == (1, 2)
    coarse = instrument(tick=Decimal("1E+1"))
    assert (str(coarse.price(3)), coarse.price_decimals) == ("30", 0)
    assert terms.price_lossy(3) == 1.5


@given(st.integers(1, 10**7), st.integers(-(10**6), 10**6))
def test_the_valuation_is_the_worth_of_quantity_times_price(ticks: int, lots: int) -> None:
    for kind in (InstrumentKind.SPOT, InstrumentKind.LINEAR):
        terms = instrument(kind, contract_size=Decimal("0.7"))
        worth = Fraction(terms.price(ticks)) * Fraction(terms.quantity(lots)) * Fraction(7, 10) * 10**8
        assert abs(position_value(ticks, lots, *terms.valuation) - worth) <= Fraction(1, 2)
    inverse = instrument(InstrumentKind.INVERSE, lot=Decimal(1), contract_size=Decimal(100))
    worth = -Fraction(inverse.quantity(lots)) * 100 / Fraction(inverse.price(ticks)) * 10**8
    assert abs(position_value(ticks, lots, *inverse.valuation) - worth) <= Fraction(1, 2)


def test_a_contract_settles_in_quote_and_an_inverse_one_in_base() -> None:
    assert [instrument(kind).settle for kind in InstrumentKind] == ["USDT", "USDT", "BTC"]
    assert [instrument(kind).is_derivative for kind in InstrumentKind] == [False, True, True]


@pytest.mark.parametrize("name", ["tick", "lot", "contract_size"])
@pytest.mark.parametrize("step", ["0", "-0.1"])
def test_a_step_of_nothing_is_refused_by_name(name: str, step: str) -> None:
    with pytest.raises(ConfigurationError, match=f"BTCUSDT: {name} must be above 0"):
        msgspec.structs.replace(instrument(), **{name: Decimal(step)}).check()


def test_steps_that_64_bits_cannot_hold_are_refused() -> None:
    instrument().check()
    with pytest.raises(ConfigurationError, match="too fine"):
        instrument(tick=Decimal("1E-12"), lot=Decimal("1E-12")).check()


@pytest.mark.parametrize("text", ["BTC/USDT", "btcusdt", " BTC-USDT ", "BTC/USDT:USDT", "btc/usdt:usdt"])
def test_every_spelling_of_a_symbol_is_accepted(text: str) -> None:
    assert canonical_symbol(text) == "BTCUSDT"
