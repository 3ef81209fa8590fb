from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st

from workstation.rules.fees import RATE_SCALE, fee_in_asset, funding_amount, trade_fee

BP = RATE_SCALE // 10_000


def test_fees_round_up_and_rebates_to_less():
    assert trade_fee(100_000_000, 7 * BP) == 70_000
    assert trade_fee(1, 7 * BP) == 1
    assert trade_fee(100_000_000, -BP) == -10_000
    assert trade_fee(1, -BP) == 0


def test_funding_longs_pay_a_positive_rate():
    assert funding_amount(5, 1_000_000, BP) == -100
    assert funding_amount(-5, 1_000_000, BP) == 100
    assert funding_amount(5, 1_000_000, -BP) == 100
    assert funding_amount(0, 1_000_000, BP) == 0
    assert funding_amount(5, 1, BP) == -1 and funding_amount(-5, 1, BP) == 0


def test_fee_in_another_asset():
    # 0.6 USDT at 600 USDT a BNB.
    assert fee_in_asset(60_000_000, 600 * RATE_SCALE) == 100_000


@given(worth=st.integers(0, 10**18), rate=st.integers(-(10**7), 10**8))
def test_fee_is_the_exact_product_rounded_up(worth, rate):
    assert trade_fee(worth, rate) == ceil(Fraction(worth * rate, RATE_SCALE))


@given(fee=st.integers(-(10**14), 10**14), unit=st.integers(1, 9 * 10**14))
def test_conversion_is_the_exact_quotient_rounded_up(fee, unit):
    assert fee_in_asset(fee, unit) == ceil(Fraction(fee * RATE_SCALE, unit))


@given(lots=st.sampled_from([-3, 3]), worth=st.integers(0, 10**18), rate=st.integers(-(10**7), 10**7))
def test_funding_is_rounded_against_the_account(lots, worth, rate):
    exact = Fraction(-worth * rate if lots > 0 else worth * rate, RATE_SCALE)
    assert funding_amount(lots, worth, rate) == floor(exact)
