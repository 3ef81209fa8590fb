"""Round trips of executions as screens know them, from an account that did not begin flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from workstation.backtest.round_trips import BookedFill, RoundTrips, Trade
from workstation.core.instrument import Instrument
from workstation.core.money import to_money
from workstation.core.types import Side
from workstation.core.views import FillView
from workstation.trading.results import fee_in_settlement

Holder = tuple[str, str]
"""An owner and a symbol."""


class FillTrips:
    """The round trips that closed, by a name that stays the same when they are made anew.

    ``held`` is what each owner holds after the last of ``fills``; counted backwards it tells who held something before
    the first. They are then taken with ``add``, oldest first, and those that follow after them.

    What belongs to a position whose entry is not known is counted in ``unknown`` and makes no trip; so is all of a
    symbol's owner after an execution that is no multiple of the symbol's tick and lot as they are now. Funding is
    not in the trips: it is paid on the account's position, not on an owner's.
    """

    def __init__(
        self, instruments: Mapping[str, Instrument], held: Mapping[Holder, Decimal], fills: Iterable[FillView]
    ) -> None:
        self.trips: dict[str, Trade] = {}
        self.unknown = 0
        self._instruments = instruments
        self._made = RoundTrips(instruments)
        self._seen: set[tuple[str, str, str]] = set()
        self._held = dict(held)
        for fill in fills:
            holder = (fill.owner, fill.symbol)
            self._held[holder] = self._held.get(holder, Decimal(0)) - _signed(fill)
        self._outgrown: set[Holder] = set()
        self._lost = {holder for holder, quantity in self._held.items() if quantity}

    def add(self, fill: FillView) -> str:
        """Take an execution, once; the name of the trip that it closed, or nothing."""
        name = (fill.symbol, fill.client_id, fill.fill_id)
        if name in self._seen:
            return ""
        self._seen.add(name)
        holder = (fill.owner, fill.symbol)
        self._held[holder] = self._held.get(holder, Decimal(0)) + _signed(fill)
        booked = None if holder in self._lost | self._outgrown else self._booked(fill)
        if booked is None:
            self.unknown += 1
            if holder not in self._lost:
                self._outgrown.add(holder)
            if not self._held[holder]:
                self._lost.discard(holder)
            return ""
        closed = self._made.add(booked)
        return "" if closed is None else self._keep(closed)

    def _booked(self, fill: FillView) -> BookedFill | None:
        instrument = self._instruments.get(fill.symbol)
        if instrument is None:
            return None
        lots, between_lots = divmod(fill.quantity, instrument.lot)
        ticks, between_ticks = divmod(fill.price, instrument.tick)
        if between_lots or between_ticks:
            return None
        fee = fee_in_settlement(fill, instrument)
        return BookedFill(
            ts_ns=fill.ts_ns,
            symbol=fill.symbol,
            owner=fill.owner,
            side=Side(fill.side),
            lots=int(lots),
            price=int(ticks),
            fee=to_money(fee or 0),
            realised=to_money(fill.realised),
            slippage=to_money(fill.slippage),
            reason=fill.reason,
        )

    def _keep(self, trade: Trade) -> str:
        """Trips of one holder that began at one moment are told apart by their order."""
        name = first = f"{trade.symbol} {trade.strategy} {trade.entry_ns}"
        number = 1
        while name in self.trips:
            number += 1
            name = f"{first} {number}"
        self.trips[name] = trade
        return name


def _signed(fill: FillView) -> Decimal:
    return fill.quantity * int(fill.side)
