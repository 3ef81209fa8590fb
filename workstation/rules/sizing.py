"""How large a position may be, and where its stop lies, for a given loss.

Equity and losses are 1e-8 of the settlement asset, prices ticks, quantities lots. 64 bits hold the results while
``equity * denominator`` and ``distance * numerator`` stay below 2**63; for inverse contracts also ``price ** 2``.
"""

from __future__ import annotations

from workstation.rules.rounding import divide_half_even, divide_up, scale_down

RATE_UNIT = 100_000_000
FARTHEST_STOP = 10
"""A stop of a short position lies at most at this multiple of the entry."""


def lots_for_risk(
    equity: int, risk_rate: int, entry: int, stop: int, inverse: int, numerator: int, denominator: int
) -> int:
    """Most lots that lose at most ``equity * risk_rate`` (a rate of 1e-8) between ``entry`` and ``stop``."""
    distance = abs(entry - stop)
    if distance == 0 or equity <= 0 or risk_rate <= 0 or stop <= 0:
        return 0
    budget = scale_down(equity, risk_rate, RATE_UNIT)
    if inverse:
        return scale_down(scale_down(budget, entry, distance), stop * denominator, numerator)
    return budget * denominator // (distance * numerator)


def lots_for_value(equity: int, value_rate: int, price: int, inverse: int, numerator: int, denominator: int) -> int:
    """Most lots that are worth at most ``equity * value_rate`` (a rate of 1e-8) at ``price``."""
    if equity <= 0 or value_rate <= 0 or price <= 0:
        return 0
    budget = scale_down(equity, value_rate, RATE_UNIT)
    if inverse:
        return scale_down(budget, price * denominator, numerator)
    return budget * denominator // (price * numerator)


def stop_for_loss(entry: int, lots: int, loss: int, inverse: int, numerator: int, denominator: int) -> int:
    """Price at which a position of signed ``lots`` entered at ``entry`` has lost ``loss``, rounded towards the entry.

    At least 1 tick; at most ``FARTHEST_STOP`` times the entry. ``lots`` is not 0.
    """
    size = abs(lots)
    if inverse:
        worth = size * numerator // (denominator * entry)
        if lots > 0:
            return min(entry, max(1, divide_up(entry * worth, worth + loss)))
        if loss >= worth:
            return FARTHEST_STOP * entry
        return min(FARTHEST_STOP * entry, entry * worth // (worth - loss))
    distance = loss * denominator // (size * numerator)
    if lots > 0:
        return max(1, entry - distance)
    return min(FARTHEST_STOP * entry, entry + distance)


def entry_price(lots: int, cost: int, inverse: int, numerator: int, denominator: int) -> int:
    """Average entry in ticks of a position of signed ``lots`` and ``cost``, rounded half to even. 0 when flat."""
    if lots == 0 or cost == 0:
        return 0
    if inverse:
        return divide_half_even(abs(lots) * numerator, abs(cost) * denominator)
    return divide_half_even(abs(cost) * denominator, abs(lots) * numerator)
