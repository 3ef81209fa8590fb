"""Margin and liquidation of perpetuals.

The condition is the exchanges' own, as Binance's and Bybit's help pages state it: a position is liquidated when
its margin and its unrealised result together no longer exceed the maintenance margin, a rate of its worth at the
mark price.
"""

from __future__ import annotations

from workstation.rules.fees import RATE_SCALE
from workstation.rules.rounding import divide_up, scale_down, scale_up
from workstation.rules.value import position_value


def initial_margin(worth: int, leverage: int) -> int:
    """Margin that a position of this worth needs, rounded up."""
    return divide_up(worth, leverage)


def maintenance_margin(worth: int, rate: int) -> int:
    """Margin below which a position of this worth is liquidated, rounded up."""
    return scale_up(worth, rate, RATE_SCALE)


def increasing_lots(position: int, lots: int) -> int:
    """Of signed order ``lots``, those (unsigned) that open or enlarge a position rather than close it."""
    if position == 0 or (position > 0) == (lots > 0):
        return abs(lots)
    return max(0, abs(lots) - abs(position))


def is_liquidated(
    ticks: int, lots: int, cost: int, margin: int, rate: int, inverse: int, numerator: int, denominator: int
) -> bool:
    """Whether a position of signed ``lots`` entered at ``cost`` has lost its margin at a mark price."""
    value = position_value(ticks, lots, inverse, numerator, denominator)
    return margin + value - cost <= maintenance_margin(abs(value), rate)


def liquidation_price(
    lots: int, cost: int, margin: int, rate: int, inverse: int, numerator: int, denominator: int
) -> int:
    """First mark price in ticks at which the position is liquidated; 0 when there is none.

    Solved from ``is_liquidated`` for the worth at which equality holds, then moved to the exact tick. A ``rate``
    (below 1) of 0 gives the bankruptcy price, at which the margin is gone.
    """
    if lots == 0:
        return 0
    long = lots > 0
    if long != (inverse != 0):
        if cost <= margin:
            return 0
        worth = scale_up(cost - margin, RATE_SCALE, RATE_SCALE - rate)
    else:
        worth = scale_down(margin - cost, RATE_SCALE, RATE_SCALE + rate)
    if worth <= 0:
        return 0
    unit = abs(lots) * numerator
    ticks = unit // (worth * denominator) if inverse else scale_down(worth, denominator, unit)
    step = -1 if long else 1
    ticks = max(ticks, 1)
    while ticks > 0 and not is_liquidated(ticks, lots, cost, margin, rate, inverse, numerator, denominator):
        ticks += step
    if ticks == 0:
        return 0
    while ticks - step > 0 and is_liquidated(ticks - step, lots, cost, margin, rate, inverse, numerator, denominator):
        ticks -= step
    return ticks
