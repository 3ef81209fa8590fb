"""Average-cost position accounting: what a fill does to a position, and what it realises."""

from __future__ import annotations

from typing import NamedTuple

from workstation.rules.rounding import scale_down


class PositionFigures(NamedTuple):
    """Signed lots, and their cost: the signed value (see ``position_value``) at which they were entered."""

    lots: int
    cost: int


class FillEffect(NamedTuple):
    lots: int
    cost: int
    realised: int


def apply_fill(lots: int, cost: int, fill_lots: int, fill_value: int) -> FillEffect:
    """Position after a fill of signed ``fill_lots`` worth signed ``fill_value``, and the profit it realises.

    The cost of what is closed is released in proportion (rounded towards minus infinity), so that
    ``value of fills = cost of what is left - realised`` holds to the last digit whatever the rounding.
    """
    if lots == 0 or (lots > 0) == (fill_lots > 0):
        return FillEffect(lots + fill_lots, cost + fill_value, 0)
    have = abs(lots)
    closing = min(have, abs(fill_lots))
    released = cost if closing == have else scale_down(cost, closing, have)
    closing_value = fill_value if closing == abs(fill_lots) else scale_down(fill_value, closing, abs(fill_lots))
    realised = -closing_value - released
    return FillEffect(lots + fill_lots, cost - released + fill_value - closing_value, realised)
