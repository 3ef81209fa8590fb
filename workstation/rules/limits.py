"""Risk limits: pure comparisons of integers. Rates are 1e-8, money 1e-8 of the account's currency."""

from __future__ import annotations

from workstation.rules.rounding import scale_down

RATE_ONE = 100_000_000
_HALF_SCALE = 10_000


def within_collar(side: int, price: int, reference: int, collar: int) -> bool:
    """A price may not be worse than the reference by more than the collar's rate: buys not above, sells not below."""
    if side > 0:
        return price * RATE_ONE <= reference * (RATE_ONE + collar)
    return price * RATE_ONE >= reference * (RATE_ONE - collar)


def worst_position(longs: int, shorts: int, pending_buys: int, pending_sells: int) -> int:
    """Largest position on either side that what is held and pending could lead to, lots (positive).

    ``longs`` and ``shorts`` are what all owners hold on each side, positive: each may close its part alone.
    """
    return max(longs + pending_buys, shorts + pending_sells)


def allowance(equity: int, rate: int) -> int:
    """The money that a fraction of the equity is; never negative."""
    return scale_down(max(0, equity), rate, RATE_ONE)


def decline(start: int, now: int) -> int:
    """Loss from ``start`` to ``now`` as a rate of ``start``, rounded down; 0 when there is none.

    Long division in two steps of 1e4, so that 64 bits hold it up to a start of 9e14 (9 million in money).
    """
    if now >= start or start <= 0:
        return 0
    loss = start - now
    whole = loss // start
    first = loss % start * _HALF_SCALE
    second = first % start * _HALF_SCALE
    return whole * RATE_ONE + first // start * _HALF_SCALE + second // start
