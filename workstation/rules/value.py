"""What a quantity at a price is worth in the settlement asset."""

from __future__ import annotations

from typing import NamedTuple

from workstation.rules.rounding import divide_half_even


class Valuation(NamedTuple):
    """How ticks and lots become money: ``numerator / denominator`` is 1e-8 of the settlement asset a tick and lot."""

    inverse: int
    numerator: int
    denominator: int


def position_value(ticks: int, lots: int, inverse: int, numerator: int, denominator: int) -> int:
    """Signed worth of ``lots`` at ``ticks``, in 1e-8 of the settlement asset, rounded half to even.

    It rises with the price for a long position of either kind, so profit is always value now less value at entry:
    ``q * p`` for spot and linear, ``-q / p`` for inverse contracts.
    """
    if inverse:
        return -divide_half_even(lots * numerator, ticks * denominator)
    if denominator == 1:
        return ticks * lots * numerator
    return divide_half_even(ticks * lots * numerator, denominator)


def notional(ticks: int, lots: int, inverse: int, numerator: int, denominator: int) -> int:
    """Unsigned worth of ``lots`` at ``ticks``, in 1e-8 of the settlement asset."""
    return abs(position_value(ticks, lots, inverse, numerator, denominator))
