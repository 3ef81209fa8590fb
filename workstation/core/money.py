"""Exact amounts: an asset's money is an int of 1e-8 of it; ``Decimal`` stands at the edges."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

MONEY_SCALE = 100_000_000
RATE_SCALE = 100_000_000
"""Rates (fees, funding, fractions of equity) are ints of 1e-8: 1 basis point is 10_000."""
BASIS_POINT = RATE_SCALE // 10_000

_QUANTUM = Decimal(1).scaleb(-8)


def to_money(amount: Decimal | int | str) -> int:
    """Amount of an asset in 1e-8 of it, rounded half to even."""
    return int((Decimal(amount) * MONEY_SCALE).quantize(Decimal(1), ROUND_HALF_EVEN))


def from_money(money: int) -> Decimal:
    """Exact ``Decimal`` amount with 8 decimals."""
    return Decimal(money).scaleb(-8).quantize(_QUANTUM)


def to_rate(fraction: Decimal | int | str) -> int:
    """A fraction (0.0007 for 7 basis points) in 1e-8."""
    return int((Decimal(fraction) * RATE_SCALE).quantize(Decimal(1), ROUND_HALF_EVEN))


def from_rate(rate: int) -> Decimal:
    return Decimal(rate).scaleb(-8)


def money_lossy(money: int) -> float:
    """For plots and statistics only."""
    return money / MONEY_SCALE
