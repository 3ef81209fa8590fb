"""Compares the account with the venue's: at the start, after each reconnect, and on a timer.

Whatever the venue proves is taken: fills that were missed, orders that ended, orders and fills of others as *external*.
What cannot be explained halts trading until a person accepts it or it is gone. A question that failed proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from workstation.core.clock import EventClock
from workstation.core.errors import WorkstationError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AccountAdjusted,
    AccountDiffers,
    AccountRead,
    AccountSnapshot,
    Difference,
    FundingPaid,
    HeldPosition,
    LogLine,
    OrderFilled,
    OrderStatus,
    Output,
    PositionLiquidated,
    RestingOrder,
    VenueReport,
)
from workstation.core.money import from_money, to_money
from workstation.core.orders import CancelRequest, Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderState, Severity, TradingState
from workstation.rules.value import position_value
from workstation.trading.account_questions import AccountQuestions
from workstation.trading.differences import NOT_CONFIGURED, Adjustment, Comparison, compare
from workstation.trading.foreign_orders import adopt_by_fill, adopt_listed
from workstation.trading.guards import Guards
from workstation.trading.kernel_terms import ReconciliationTerms
from workstation.trading.ledger import Ledger
from workstation.trading.market_state import MarketState
from workstation.trading.order_manager import OrderManager
from workstation.trading.order_states import UNANSWERED, WORKING
from workstation.trading.risk_gate import RiskGate
from workstation.trading.settlement import Settlement
from workstation.trading.trading_state import TradingStateHolder

CAUSE = "reconciliation"
SOON_NS = SECOND_NS // 4
"""How soon the account is asked for again where two looks should have nothing between them."""
OF_LATE_NS = 10 * SECOND_NS
"""What happened this long before a question, by clocks that may differ, is surely in its answer."""
SEEN_ALIKE = 3
"""How often a difference must be seen unchanged before it is believed."""

REMEMBERED_EXECUTIONS = 2_000
EXECUTIONS = (OrderFilled, FundingPaid, PositionLiquidated)


class Engine(Protocol):
    """What it needs of the kernel."""

    clock: EventClock
    ledger: Ledger
    orders: OrderManager
    gate: RiskGate
    guards: Guards
    trading: TradingStateHolder
    settlement: Settlement
    markets: dict[str, MarketState]

    def emit(self, output: Output) -> None: ...
    def alarm(self, severity: Severity, text: str) -> None: ...


def _ids_of(snapshot: AccountSnapshot) -> tuple[str, ...]:
    """Of every execution and payment that it tells of."""
    fills = tuple(fill.fill_id for fill in snapshot.fills or ())
    liquidations = tuple(liquidation.fill_id for liquidation in snapshot.liquidations)
    return fills + liquidations + tuple(paid.funding_id for paid in snapshot.funding)


class Reconciliation:
    """Until the account was read once and agreed, the gate lets nothing through that adds risk."""

    def __init__(self, engine: Engine, terms: ReconciliationTerms) -> None:
        self._engine = engine
        self._terms = terms
        self.account_known = False
        """The books were begun from the venue's account."""
        self.differences: tuple[Difference, ...] = ()
        self.agreed_ns = 0
        """When ours and the venue's agreed last; 0 before."""
        self._first_look: tuple[str, ...] = ()
        """What the account had done when it was looked at before the books began."""
        self._proposed = Adjustment({}, ())
        """What would settle the differences as they are shown."""
        self._comparison: Comparison | None = None
        self._alike = 0
        self._questions = AccountQuestions(engine, terms)
        self._astray: tuple[str, ...] = ()
        self._held: dict[str, HeldPosition] = {}
        """The venue's positions by symbol, as it told them last."""
        engine.gate.reconciled = False

    @property
    def comparing(self) -> bool:
        """Whether the venue was asked and has not answered yet."""
        return self._questions.open

    @property
    def known_fills(self) -> Mapping[str, tuple[str, int]]:
        """By symbol: id and time (UTC ns) of the last fill that is known."""
        return self._questions.known_fills

    def liquidation_price(self, symbol: str) -> int | None:
        """The venue's own for the position in a symbol, ticks; 0 when it has none, ``None`` when it has not told one
        for what is held now."""
        told = self._held.get(symbol)
        held = self._engine.ledger.net_lots.get(symbol, 0)
        return told.liquidation if told is not None and told.lots == held else None

    def start(self) -> None:
        """Ask for everything, and go on asking on the timer."""
        self._questions.start()

    def request(self) -> None:
        """Ask for the account."""
        self._questions.ask()

    # --- taking -------------------------------------------------------------------------------------------------------

    def on_report(self, report: VenueReport) -> None:
        """Take a report of the venue; what it tells of others' orders is looked into."""
        settlement, orders = self._engine.settlement, self._engine.orders.orders
        if isinstance(report, AccountSnapshot):
            self.take(report)
        elif isinstance(report, EXECUTIONS) and report.symbol not in self._engine.markets:
            # There are no books of that symbol: the account's positions tell what came of it.
            self._questions.ask_again()
        elif isinstance(report, FundingPaid | PositionLiquidated):
            if self.account_known:
                settlement.take(report)
        elif report.client_id in orders:
            settlement.take(report)
        elif not self.account_known or isinstance(report, OrderStatus):
            # The first sight of the account will hold it; a query was about an order that is long over.
            return
        elif isinstance(report, OrderFilled):
            if report.fill_id not in self._engine.ledger.booked:
                self.take_fill(report)
        elif not self._questions.asks_again:
            # Somebody else's order has changed: its terms are among the account's orders.
            self._questions.ask_again()

    def take(self, snapshot: AccountSnapshot) -> None:
        """Bring our orders and books to what the venue proves, then compare what is left."""
        if not self._questions.take_answer(snapshot.asked_ns):
            return
        if snapshot.positions is not None:
            self._held = {position.symbol: position for position in snapshot.positions}
        first = not self.account_known
        if first and (snapshot.positions is None or snapshot.balances is None or snapshot.fills is None):
            self._questions.ask_again()
            return
        if first and self._still_moves(snapshot):
            self._questions.ask_again(SOON_NS)
            return
        if first and not self._adopt_account(snapshot):
            self._questions.ask_again()
            return
        adopt_listed(self._engine, snapshot, booked=not first)
        moved = self._take_executions(snapshot, booked=not first)
        if snapshot.orders is not None:
            self._take_orders(snapshot)
        if snapshot.positions is not None and snapshot.balances is not None and snapshot.fills is not None:
            self._compare(snapshot, moved)

    def _still_moves(self, snapshot: AccountSnapshot) -> bool:
        """Whether the positions may be older than the newest executions, so that nobody could tell which they hold.

        They are certain where nothing happened of late, or nothing between two looks.
        """
        happened = [*(snapshot.fills or ()), *snapshot.liquidations, *snapshot.funding]
        ids = _ids_of(snapshot)
        moves = ids != self._first_look and any(one.ts_ns > snapshot.asked_ns - OF_LATE_NS for one in happened)
        self._first_look = ids
        return moves

    def _adopt_account(self, snapshot: AccountSnapshot) -> bool:
        """The first sight of the account: all of it is *external*. False while a price to value it at is missing."""
        positions = list(snapshot.positions or ())
        amounts = dict(snapshot.balances or {})
        differences = compare(snapshot, self._engine.ledger, self._instruments(), 0).differences
        unknown = tuple(line for line in differences if line.ours == NOT_CONFIGURED)
        if unknown:
            if unknown != self.differences:
                self.differences = unknown
                self._halt()
            return False
        if not all(self._engine.markets[position.symbol].price for position in positions):
            # What is open already is no result of today: it is in the equity that the day begins with.
            return False
        for market in self._engine.markets.values():
            instrument = market.instrument
            if instrument.is_derivative or not amounts.get(instrument.base):
                continue
            if not market.price:
                return False
            lots = instrument.lots_rounded(from_money(amounts[instrument.base]))
            if lots:
                cost = position_value(market.price, lots, *instrument.valuation)
                positions.append(HeldPosition(instrument.symbol, lots, cost))
                amounts[instrument.base] -= to_money(instrument.quantity(lots))
        self.adjust(amounts, tuple(positions), "the account as it was found", "engine")
        return True

    def adjust(self, amounts: dict[str, int], positions: tuple[HeldPosition, ...], reason: str, who: str) -> None:
        """Book what brings ours to the venue's."""
        engine = self._engine
        amounts = {asset: amount for asset, amount in amounts.items() if amount}
        before = engine.ledger.equity()
        engine.ledger.adjust(amounts, positions, engine.clock.time_ns)
        event = AccountAdjusted(
            ts_ns=engine.clock.time_ns,
            amounts=amounts,
            positions=positions,
            worth=engine.ledger.equity() - before,
            reason=reason,
            who=who,
        )
        engine.guards.on_transfer(event.worth)
        self.account_known = True
        engine.emit(event)

    def _take_executions(self, snapshot: AccountSnapshot, booked: bool) -> bool:
        """Book what was missed; whether there was any. Executions from before the books began are only known."""
        settlement, ledger = self._engine.settlement, self._engine.ledger
        moved = False
        markets = self._engine.markets
        for funding in snapshot.funding if booked else ():
            if funding.symbol in markets and funding.funding_id not in ledger.booked:
                settlement.take_funding(funding)
                moved = True
        for liquidation in snapshot.liquidations if booked else ():
            if liquidation.symbol in markets and liquidation.fill_id not in ledger.booked:
                settlement.take_liquidation(liquidation)
                moved = True
        if snapshot.fills is None:
            return moved
        for fill in snapshot.fills if booked else ():
            if fill.symbol in markets and fill.fill_id not in ledger.booked:
                self.take_fill(fill)
                moved = True
        known = dict(self.known_fills) | {fill.symbol: (fill.fill_id, fill.ts_ns) for fill in snapshot.fills}
        seen = () if booked else _ids_of(snapshot)
        if known != self.known_fills or seen:
            read = AccountRead(ts_ns=self._engine.clock.time_ns, known_fills=known, seen=seen)
            self.know(read)
            self._engine.emit(read)
        return moved

    def know(self, read: AccountRead) -> None:
        """Executions up to these are known; those from before the books began are never booked."""
        engine = self._engine
        self._questions.known_fills = dict(read.known_fills)
        engine.ledger.booked.update(read.seen)
        engine.orders.seen_fills.update(read.seen)
        engine.settlement.account_reports.extend(read.seen)

    def take_fill(self, fill: OrderFilled) -> None:
        """Book a fill; one of an order that is not ours belongs to *external*."""
        adopt_by_fill(self._engine, fill)
        self._engine.settlement.take_fill(fill)

    def _take_orders(self, snapshot: AccountSnapshot) -> None:
        orders, listed = self._engine.orders, {order.client_id: order for order in snapshot.orders or ()}
        astray = []
        for client_id, resting in listed.items():
            order = orders.orders.get(client_id)
            if resting.symbol not in self._engine.markets:
                continue
            if order is None:
                continue
            if not order.is_open:
                if order.updated_ns < snapshot.asked_ns:
                    astray.append(client_id)
            elif order.state in UNANSWERED or resting.filled_lots > order.filled_lots:
                orders.request_status(order)
            else:
                self._take_terms(order, resting, snapshot)
        for order in orders.open_orders():
            settled = order.updated_ns < snapshot.asked_ns and order.state in WORKING
            if order.client_id not in listed and settled:
                orders.request_status(order)
        self._astray = tuple(astray)

    def _take_terms(self, order: Order, resting: RestingOrder, snapshot: AccountSnapshot) -> None:
        """A change of ours that was lost, or one of somebody else's. A list from before the last report is older."""
        told = (resting.lots, resting.price, resting.stop_price)
        settled = order.updated_ns < snapshot.asked_ns and order.state in WORKING
        if settled and told != (order.lots, order.price, order.stop_price):
            self._engine.settlement.take(
                OrderStatus(
                    ts_ns=self._engine.clock.time_ns,
                    client_id=order.client_id,
                    found=True,
                    asked_ns=snapshot.asked_ns,
                    state=OrderState.ACCEPTED,
                    venue_id=resting.venue_id,
                    lots=resting.lots,
                    price=resting.price,
                    stop_price=resting.stop_price,
                )
            )

    # --- comparing ----------------------------------------------------------------------------------------------------

    def _instruments(self) -> dict[str, Instrument]:
        return {symbol: market.instrument for symbol, market in self._engine.markets.items()}

    def _compare(self, snapshot: AccountSnapshot, moved: bool) -> None:
        comparison = compare(snapshot, self._engine.ledger, self._instruments(), self._terms.tolerance)
        differences = comparison.differences + tuple(self._astray_lines())
        if not differences:
            self._agree(comparison)
            return
        alike = self._comparison is not None and differences == self._comparison.differences and not moved
        self._alike = self._alike + 1 if alike else 1
        self._comparison = Comparison(differences, comparison.adjustment)
        if self._alike >= SEEN_ALIKE and differences != self.differences:
            self.differences = differences
            self._halt()
        if differences == self.differences:
            self._proposed = comparison.adjustment
        self._questions.ask_again()

    def _astray_lines(self) -> list[Difference]:
        orders = self._engine.orders.orders
        return [
            Difference(
                what=f"order {client_id}",
                ours=str(orders[client_id].state),
                theirs="open",
                proposed="cancel it",
            )
            for client_id in self._astray
        ]

    def _halt(self) -> None:
        engine = self._engine
        engine.gate.reconciled = False
        engine.emit(AccountDiffers(ts_ns=engine.clock.time_ns, differences=self.differences))
        first = self.differences[0]
        text = f"Our books and the venue's account differ: {first.what}, ours {first.ours}, the venue's {first.theirs}."
        engine.trading.restrict(CAUSE, TradingState.HALTED, text)
        engine.alarm(Severity.ERROR, text)

    def _agree(self, comparison: Comparison) -> None:
        engine = self._engine
        self._comparison, self._alike = None, 0
        rounding = {a: m for a, m in comparison.adjustment.amounts.items() if abs(m) * 2 > self._terms.tolerance}
        if rounding:
            self.adjust(rounding, (), "rounding", "engine")
        if self.differences:
            self.differences = ()
            engine.emit(AccountDiffers(ts_ns=engine.clock.time_ns, differences=()))
        engine.trading.lift(CAUSE)
        if not engine.gate.reconciled:
            engine.gate.reconciled = True
            text = "Orders, positions and balances agree with the venue."
            engine.emit(LogLine(ts_ns=engine.clock.time_ns, severity=Severity.INFO, source=CAUSE, text=text))
        self.agreed_ns = engine.clock.time_ns

    def accept(self, reason: str, who: str) -> str:
        """Take over the venue's account as it was proposed. Raises ``WorkstationError`` when nothing was."""
        unknown = [line for line in self.differences if line.ours == NOT_CONFIGURED]
        if unknown:
            raise WorkstationError(f"{unknown[0].what} cannot be accepted: {unknown[0].proposed}.")
        if not self.differences:
            raise WorkstationError("There is no difference to accept: our books and the venue's account agree.")
        accepted, adjustment = len(self.differences), self._proposed
        self.adjust(adjustment.amounts, adjustment.positions, reason or "accepted", who)
        for client_id in self._astray:
            self._engine.orders.outbox.append(CancelRequest(client_id))
        self._comparison, self._alike = None, 0
        self.request()
        differences = "1 difference" if accepted == 1 else f"{accepted} differences"
        return f"Accepted {differences}; the account is compared again."

    # --- restarts -----------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """What survives a restart, as JSON values. Ids of the newest executions tell which were booked."""
        newest = list(self._engine.ledger.booked)[-REMEMBERED_EXECUTIONS:]
        return {"known_fills": self.known_fills, "account_known": self.account_known, "booked": newest}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what ``snapshot`` gave."""
        self._questions.known_fills = {symbol: (last[0], last[1]) for symbol, last in snapshot["known_fills"].items()}
        self.account_known = snapshot["account_known"]
        self._engine.ledger.booked.update(snapshot["booked"])
        self._engine.orders.seen_fills.update(snapshot["booked"])
