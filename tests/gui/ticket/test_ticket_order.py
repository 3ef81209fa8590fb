"""Sizes of a ticket in other units, worked out by hand."""

from __future__ import annotations

from decimal import Decimal

from widgets.ticket.ticket_order import SizeUnit, TicketEntry, lots_of
from workstation.core.instrument import Instrument
from workstation.core.types import InstrumentKind, OrderType, Side

INVERSE = Instrument(
    symbol="SOLUSD",
    base="SOL",
    quote="USD",
    kind=InstrumentKind.INVERSE,
    tick=Decimal("0.01"),
    lot=Decimal(1),
    minimum_notional=Decimal(0),
    contract_size=Decimal(10),
    maximum_quantity=Decimal(100_000),
    maximum_leverage=50,
    maintenance_margin=Decimal("0.01"),
)


def test_contracts_of_a_fixed_worth_are_sized_by_their_loss_at_the_stop() -> None:
    """Contracts of 10 USD, bought at 100 and stopped at 80: each loses 10/80 − 10/100 SOL, 2 USD at the stop."""
    entry = TicketEntry(
        symbol="SOLUSD",
        side=Side.BUY,
        type=OrderType.LIMIT,
        price=Decimal(100),
        trigger=None,
        trail=None,
        size=Decimal("0.5"),
        unit=SizeUnit.RISK,
        stop=Decimal(80),
        target=None,
        with_stop=True,
        with_target=False,
        post_only=False,
        reduce_only=False,
    )
    assert lots_of(entry, INVERSE, Decimal(100), Decimal(10_000)) == 25
