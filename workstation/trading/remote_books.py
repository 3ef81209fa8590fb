"""A strategy core's books held against those of the execution service, which is its venue.

The service may change a position by itself: its own kill switch closes it, the exchange liquidates it, somebody orders
there in the owner's name. Such executions are booked for their owner. Whatever differs in spite of that restricts
trading to orders that reduce, until a person accepts the service's books or the difference is gone.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from workstation.core.clock import EventClock
from workstation.core.errors import WorkstationError
from workstation.core.messages import (
    AccountAdjusted,
    AccountDiffers,
    Difference,
    FilledElsewhere,
    HeldPosition,
    HoldingsTold,
    LogLine,
    Output,
    PositionLiquidated,
    ServiceReport,
    VenueReport,
)
from workstation.core.types import EXTERNAL, Severity, TradingState
from workstation.rules.rounding import scale_down
from workstation.rules.value import position_value
from workstation.trading.foreign_orders import adopt_by_fill
from workstation.trading.guards import Guards
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.settlement import Settlement
from workstation.trading.strategy_host import StrategyHost
from workstation.trading.trading_state import TradingStateHolder

CAUSE = "execution service"
SEEN_ALIKE = 2
"""How often a difference must be seen unchanged before it is believed; the first comparison of a session counts."""


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    ledger: Ledger
    orders: OrderManager
    guards: Guards
    trading: TradingStateHolder
    settlement: Settlement
    host: StrategyHost
    markets: dict[str, MarketState]

    def emit(self, output: Output) -> None: ...
    def alarm(self, severity: Severity, text: str) -> None: ...


class RemoteBooks:
    """Compares owner by owner: others may trade the account too. Nothing of it survives a restart: the service tells
    what its books hold by itself, again and again."""

    comparing = False
    """It is never asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.differences: tuple[Difference, ...] = ()
        self.agreed_ns = 0
        """When ours and the service's agreed last; 0 before."""
        self._last: tuple[Difference, ...] = ()
        self._alike = 0
        self._missing: dict[tuple[str, str], int] = {}
        """Lots by owner and symbol that would settle the differences as they are shown."""

    def request(self) -> None:
        """Nothing to do: the service's books are told again and again."""

    # --- Taking -------------------------------------------------------------------------------------------------------

    def take(self, report: ServiceReport) -> None:
        """Take what the service tells of our owners."""
        if isinstance(report, HoldingsTold):
            self._compare(report)
        else:
            self._take_elsewhere(report)

    def on_report(self, report: VenueReport) -> None:
        """Take a report on our orders, or on the account."""
        if isinstance(report, PositionLiquidated):
            self._take_liquidation(report)
        else:
            self._engine.settlement.take(report)

    def _owners(self) -> set[str]:
        """Those whose books are kept here."""
        engine = self._engine
        return ({owner for owner, _ in engine.ledger.positions} | set(engine.host.slots)) - {EXTERNAL}

    def _take_elsewhere(self, report: FilledElsewhere) -> None:
        engine, fill = self._engine, report.fill
        ours = report.owner in self._owners() and fill.symbol in engine.markets
        if not ours or fill.fill_id in engine.ledger.booked:
            return
        if adopt_by_fill(engine, fill, report.owner):
            text = f"The execution service traded {fill.symbol} for {report.owner} by {fill.client_id}: it is booked."
            engine.alarm(Severity.WARNING, text)
        engine.settlement.take(fill)

    def _take_liquidation(self, report: PositionLiquidated) -> None:
        """Our owners' part of it: the account may hold more than they do."""
        engine = self._engine
        if report.symbol not in engine.markets:
            return
        holders = engine.ledger.by_symbol.get(report.symbol, ())
        ours = sum(abs(held.lots) for held in holders if held.lots * int(report.side) < 0 and held.owner != EXTERNAL)
        lots = min(ours, report.lots)
        if lots:
            fee = scale_down(report.fee, lots, report.lots)
            engine.settlement.take(msgspec.structs.replace(report, lots=lots, fee=fee))

    # --- Comparing ----------------------------------------------------------------------------------------------------

    def _compare(self, told: HoldingsTold) -> None:
        engine = self._engine
        self._missing = {}
        lines = []
        for symbol in told.symbols:
            if symbol not in engine.markets:
                continue
            quantity = engine.markets[symbol].instrument.quantity
            for owner in sorted(self._owners()):
                ours, theirs = engine.ledger.lots(owner, symbol), told.lots.get(owner, {}).get(symbol, 0)
                if ours != theirs:
                    self._missing[(owner, symbol)] = theirs - ours
                    line = Difference(
                        what=f"position of {owner} in {symbol}",
                        ours=f"{quantity(ours)}",
                        theirs=f"{quantity(theirs)}",
                        proposed=f"book {quantity(theirs - ours):+} for {owner} at the price of now",
                    )
                    lines.append(line)
        differences = tuple(lines)
        self._alike = self._alike + 1 if differences == self._last else 1
        self._last = differences
        if not differences:
            self._agree()
        elif differences != self.differences and (self._alike >= SEEN_ALIKE or not self.agreed_ns):
            self.differences = differences
            self._restrict()

    def _restrict(self) -> None:
        engine, first = self._engine, self.differences[0]
        engine.emit(AccountDiffers(ts_ns=engine.clock.time_ns, differences=self.differences))
        text = (
            f"Our books and the execution service's differ: {first.what}, ours {first.ours}, the service's "
            f"{first.theirs}. `workstation reconcile` shows and accepts."
        )
        engine.trading.restrict(CAUSE, TradingState.REDUCING, text)
        engine.alarm(Severity.ERROR, text)

    def _agree(self) -> None:
        engine = self._engine
        if self.differences:
            self.differences = ()
            engine.emit(AccountDiffers(ts_ns=engine.clock.time_ns, differences=()))
        engine.trading.lift(CAUSE)
        if not self.agreed_ns:
            text = "The positions agree with the execution service's."
            engine.emit(LogLine(ts_ns=engine.clock.time_ns, severity=Severity.INFO, source=CAUSE, text=text))
        self.agreed_ns = engine.clock.time_ns

    def accept(self, reason: str, who: str) -> str:
        """Take over the service's positions at the prices of now. Raises ``WorkstationError`` when there is no
        difference, or no price."""
        engine = self._engine
        if not self.differences:
            raise WorkstationError("There is no difference to accept: our books and the execution service's agree.")
        positions: list[HeldPosition] = []
        amounts: dict[str, int] = {}
        for (owner, symbol), lots in self._missing.items():
            market = engine.markets[symbol]
            price = market.mark_price or market.last_price
            if not price:
                raise WorkstationError(f"{symbol} has no price yet to book its difference at: try again.")
            cost = position_value(price, lots, *market.instrument.valuation)
            positions.append(HeldPosition(symbol, lots, cost, owner=owner))
            if not market.instrument.is_derivative:
                settle = market.instrument.settle
                amounts[settle] = amounts.get(settle, 0) - cost
        before = engine.ledger.equity()
        engine.ledger.adjust(amounts, positions, engine.clock.time_ns)
        event = AccountAdjusted(
            ts_ns=engine.clock.time_ns,
            amounts=amounts,
            positions=tuple(positions),
            worth=engine.ledger.equity() - before,
            reason=reason or "accepted",
            who=who,
        )
        engine.guards.on_transfer(event.worth)
        engine.emit(event)
        self._missing, self._alike = {}, 0
        differences = "1 difference" if len(positions) == 1 else f"{len(positions)} differences"
        return f"Accepted {differences}; the positions are compared again."
