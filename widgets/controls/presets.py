"""Round order sizes that fit an account."""

from __future__ import annotations

from decimal import Decimal

from widgets.ladder.ladder_view import next_group
from workstation.core.instrument import Instrument

SHARES_OF_EQUITY = (Decimal("0.02"), Decimal("0.05"), Decimal("0.1"))


def preset_lots(instrument: Instrument, ticks: int, equity: Decimal) -> list[int]:
    """Three round sizes, ascending and different, that are worth a small, a middle and a larger part of equity."""
    price = Decimal(1) if instrument.valuation.inverse else instrument.price(ticks)
    worth_of_lot = price * instrument.contract_size * instrument.lot
    found: list[int] = []
    for share in SHARES_OF_EQUITY:
        lots = max(1, int(equity * share / worth_of_lot)) if worth_of_lot else 1
        size = 1
        while next_group(size, up=True) <= lots and next_group(size, up=True) != size:
            size = next_group(size, up=True)
        found.append(size if not found or size > found[-1] else next_group(found[-1], up=True))
    return found
