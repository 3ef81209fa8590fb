"""What a fill and a funding time cost. Rates are ints of 1e-8; every rounding is against the trader."""

from __future__ import annotations

from workstation.rules.rounding import scale_down, scale_up

RATE_SCALE = 100_000_000
"""1 as a rate; also 1 whole unit of an asset in its money."""

_HALF_SCALE = 10_000


def trade_fee(worth: int, rate: int) -> int:
    """Fee on a fill of unsigned ``worth``, in the same asset: a fee rounds up, a rebate (negative) to less."""
    return scale_up(worth, rate, RATE_SCALE)


def fee_in_asset(fee: int, unit_price: int) -> int:
    """``fee`` of the settlement asset in another one, of which a whole unit costs ``unit_price``; rounds up.

    Long division in two steps of 1e4, so that 64 bits hold it up to a unit price of 9e14 (9 million a unit).
    """
    whole = -fee // unit_price
    first = (-fee - whole * unit_price) * _HALF_SCALE
    second = (first - first // unit_price * unit_price) * _HALF_SCALE
    return -(whole * RATE_SCALE + first // unit_price * _HALF_SCALE + second // unit_price)


def funding_amount(lots: int, worth: int, rate: int) -> int:
    """What a position of signed ``lots`` and unsigned ``worth`` at the mark price receives; negative is paid.

    Longs pay a positive rate to shorts. Rounded towards minus infinity.
    """
    if lots > 0:
        return scale_down(-worth, rate, RATE_SCALE)
    if lots < 0:
        return scale_down(worth, rate, RATE_SCALE)
    return 0
