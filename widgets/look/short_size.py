"""Sizes in little room: one unit and number of decimals for all figures of a view, by the largest of them."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from widgets.look.numbers import decimals_of, format_number

UNITS: Final = ((Decimal(1_000_000_000), "G"), (Decimal(1_000_000), "M"), (Decimal(1_000), "k"))
FIGURES: Final = 3


class ShortSize(NamedTuple):
    """Sizes are shown as lots * ``step`` with so many decimals and a suffix: 17.4, 3.12 k without the space."""

    step: Decimal
    decimals: int
    suffix: str

    @classmethod
    @lru_cache(maxsize=4096)
    def of(cls, largest_lots: int, lot: Decimal) -> ShortSize:
        """For sizes up to so many lots of size ``lot``: the largest has about three figures."""
        size = abs(largest_lots) * lot
        unit, suffix = next(((unit, suffix) for unit, suffix in UNITS if size >= unit), (Decimal(1), ""))
        whole = len(str(int(size / unit))) if size >= unit else 0
        return cls(lot / unit, min(decimals_of(lot / unit), max(0, FIGURES - whole)), suffix)

    def text(self, lots: int, *, signed: bool = False) -> str:
        return format_number(lots * self.step, self.decimals, signed=signed) + self.suffix
