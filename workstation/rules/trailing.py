"""Where a trailing stop stands."""

from __future__ import annotations


def trailed_stop(stop_price: int, side: int, price: int, trail: int) -> int:
    """Stop price after the market traded at ``price``, all in ticks; ``side`` is the order's sign.

    A sell trails below the highest price, a buy above the lowest, at ``trail`` ticks, and neither ever retreats. A
    ``stop_price`` of 0 means that it has none yet.
    """
    if side < 0:
        return max(stop_price, price - trail, 1)
    if stop_price == 0:
        return price + trail
    return min(stop_price, price + trail)


def trail_worth_telling(told: int, stop_price: int, trail: int) -> bool:
    """Whether a stop moved by a tenth of its distance since its owner last heard of it."""
    return abs(stop_price - told) * 10 >= trail
