"""Exact integers as the decimal texts of the protocol."""

from __future__ import annotations

from workstation.core.money import MONEY_SCALE

MILLISECOND_NS = 1_000_000


def fixed(units: int, places: int = 8) -> str:
    """An amount in 1e-8 with so many decimals, 0 to 8; what lies beyond them must be 0 and is cut off."""
    sign = "-" if units < 0 else ""
    whole, part = divmod(abs(units), MONEY_SCALE)
    if places == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{part // 10 ** (8 - places):0{places}d}"


def milliseconds(ts_ns: int) -> int:
    return ts_ns // MILLISECOND_NS
