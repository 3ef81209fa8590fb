"""Texts of an exchange become whole ticks or lots exactly as the instrument reads them, or are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.exchange.running_market import instrument
from workstation.venues.exchange.market.exact_steps import KEPT, NotWhole, lot_steps, tick_steps

STEPS = ["0.01", "0.00001", "0.5", "1", "10", "0.0000001", "0.025"]


@given(step=st.sampled_from(STEPS), count=st.integers(0, 10**12), places=st.integers(0, 10))
def test_every_multiple_is_read_exactly(step: str, count: int, places: int) -> None:
    ticks = tick_steps(instrument(tick=Decimal(step)))
    price = Decimal(step) * count
    text = f"{price:f}" + ("0" * places if "." in f"{price:f}" else "")
    assert ticks[text] == ticks[text] == count
    assert ticks[price] == count
    assert ticks[f"{price:E}"] == count


@given(step=st.sampled_from(STEPS), price=st.decimals("0", "1000000", places=8))
def test_the_fast_way_agrees_with_the_instrument(step: str, price: Decimal) -> None:
    traded = instrument(tick=Decimal(step), lot=Decimal(step))
    assert lot_steps(traded)[str(price)] == traded.lots_rounded(price)
    try:
        expected = traded.ticks(price)
    except ValueError:
        with pytest.raises(NotWhole, match="is not a multiple of its"):
            tick_steps(traded)[f"{price:f}"]
    else:
        assert tick_steps(traded)[f"{price:f}"] == expected


def test_less_than_a_lot_of_an_old_order_is_cut_off() -> None:
    """Seen in recordings: an order from the time of a finer step still rests."""
    assert lot_steps(instrument())["25.42618900"] == 2_542_618


@pytest.mark.parametrize("written", ["", "-1", "1.005", "nan", "1,5", "0x10", 1.005, None, "1e-3"])
def test_what_is_no_whole_number_of_steps_is_refused(written: object) -> None:
    with pytest.raises(NotWhole):
        tick_steps(instrument())[written]


def test_floats_that_ccxt_made_keep_the_digits_that_were_written() -> None:
    assert lot_steps(instrument())[0.00003] == 3
    assert tick_steps(instrument())[61837.64] == 6183764


def test_what_is_remembered_is_bounded() -> None:
    """Lesson 18: memory is bounded."""
    ticks = tick_steps(instrument())
    for count in range(KEPT + 10):
        ticks[f"{count}.01"]
    assert len(ticks) <= KEPT
