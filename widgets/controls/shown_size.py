"""The step in which ladder and tape show sizes: a column of 50 pixels has no room for every decimal of a fine lot."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from workstation.core.instrument import Instrument

MOST_WORTH = Decimal(100)


class ShownStep(NamedTuple):
    """``lots`` of the instrument make one step of size ``step``."""

    step: Decimal
    lots: int

    def of(self, lots: int) -> int:
        """Steps of so many lots, rounded up, so that nothing that is there shows as nothing."""
        return -(-lots // self.lots)


def shown_step(instrument: Instrument, ticks: int) -> ShownStep:
    """The coarsest power of ten of the lot that is worth little at this price and is at most 1."""
    price = Decimal(1) if instrument.valuation.inverse else instrument.price(max(1, ticks))
    lots = 1
    while True:
        coarser = instrument.lot * lots * 10
        if coarser > 1 or coarser * price * instrument.contract_size > MOST_WORTH:
            return ShownStep(instrument.lot * lots, lots)
        lots *= 10
