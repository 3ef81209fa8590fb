"""The books of a USD-M account: positions as they are told, and every booking on the wallet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from workstation.rules.position import apply_fill
from workstation.sandbox.floor import Floor
from workstation.sandbox.listing import Listing
from workstation.sandbox.orders import Execution


class Income(msgspec.Struct, kw_only=True):
    """A booking on the wallet, 1e-8 of its asset."""

    transaction_id: int
    symbol: str
    kind: str
    amount: int
    asset: str
    ts_ns: int
    trade_id: int = 0


class Holding(msgspec.Struct):
    """A position as told so far: signed lots, cost, realised and fees since it was opened, 1e-8."""

    lots: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0
    updated_ns: int = 0


class FuturesBooks:
    """The wallet is the sum of ``income``, and realised results and fees are those of ``holdings``."""

    def __init__(self, account: str, floor: Floor, listings: Mapping[str, Listing]) -> None:
        self._account = account
        self._floor = floor
        self._listings = listings
        self.income: list[Income] = []
        self.holdings: dict[str, Holding] = defaultdict(Holding)
        """By what a position goes by."""
        self._told: dict[str, Holding] = {}

    def book(self, execution: Execution) -> None:
        """Take an execution into the position; what it realises is written into it."""
        holding = self.holdings[execution.position]
        sign = int(execution.side)
        if holding.lots == 0:
            holding.fees = 0
        effect = apply_fill(holding.lots, holding.cost, sign * execution.lots, sign * execution.worth)
        holding.lots, holding.cost = effect.lots, effect.cost
        holding.realised += effect.realised
        holding.fees += execution.fee
        holding.updated_ns = execution.ts_ns
        execution.realised = effect.realised
        quote = self._listings[execution.symbol].quote
        self.book_income(execution.symbol, "REALIZED_PNL", effect.realised, quote, execution.trade_id)
        self.book_income(execution.symbol, "COMMISSION", -execution.fee, execution.fee_asset, execution.trade_id)

    def book_income(self, symbol: str, kind: str, amount: int, asset: str, trade_id: int = 0) -> None:
        """Put a booking into the history; nothing for an amount of 0."""
        if amount == 0:
            return
        booking = Income(
            transaction_id=self._floor.take_id("transaction"),
            symbol=symbol,
            kind=kind,
            amount=amount,
            asset=asset,
            ts_ns=self._floor.clock.time_ns,
            trade_id=trade_id,
        )
        self.income.append(booking)
        self._floor.changes["income", self._account, str(booking.transaction_id)] = lambda: booking

    def take_moved(self) -> list[tuple[str, Holding]]:
        """Positions that have changed since they were last taken."""
        moved = [(key, held) for key, held in self.holdings.items() if self._told.get(key, Holding()) != held]
        for key, holding in moved:
            self._told[key] = msgspec.structs.replace(holding)
        return moved

    def restore(self, holdings: Mapping[str, Holding]) -> None:
        """Take over what was stored."""
        self.holdings.update(holdings)
        self.take_moved()
