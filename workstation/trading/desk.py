"""What people may command: manual orders, cancel, flatten, kill and resume, strategies, take-over and hand-back.

Each command is journalled with who asked and why before it is carried out. A command that cannot be carried out
becomes a log line with one sentence; it never raises into the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from workstation.core.algorithms import ParentOrder
from workstation.core.errors import WorkstationError
from workstation.core.messages import (
    AcceptReconciliation,
    AmendOrder,
    CancelAlgorithm,
    CancelAll,
    CancelOrder,
    Command,
    CommandReceived,
    EndCrisis,
    EndSession,
    Flatten,
    FollowCrisis,
    LiftLockout,
    LiftThrottle,
    LockOut,
    LogLine,
    PauseAlgorithm,
    PauseStrategy,
    PlaceOrder,
    PositionTransferred,
    Reconcile,
    ResumeAlgorithm,
    SetParameters,
    SetTradingState,
    StartAlgorithm,
    StartStrategy,
    StopStrategy,
    TransferPosition,
)
from workstation.core.orders import Intent, Order
from workstation.core.types import EXTERNAL, MANUAL, OrderRole, OrderType, Severity, Side, TradingState
from workstation.trading.algorithms.runner import word_of
from workstation.trading.kernel import Kernel
from workstation.trading.kill_switch import MANUAL_STATE, KillSwitch, KillSwitchLatch
from workstation.trading.reconciliation import Reconciliation
from workstation.trading.remote_books import RemoteBooks
from workstation.trading.taken_back import TakenBack

RISK_STATE = "risk state"
"""What the account's risk state restricts in each of its engines; a person at one engine does not lift it."""
_PROTECTIVE = (OrderRole.PROTECTIVE_STOP, OrderRole.TAKE_PROFIT)


class Desk:
    """Carries out commands on a kernel."""

    def __init__(self, kernel: Kernel, latch: KillSwitchLatch | None) -> None:
        self._kernel = kernel
        self.last_result = ""
        self.last_refused = False
        """Whether the last command could not be carried out; ``last_result`` says why."""
        handlers: dict[type, Callable[[Any], str]] = {
            PlaceOrder: self._place,
            CancelOrder: self._cancel,
            AmendOrder: self._amend,
            CancelAll: self._cancel_all,
            Flatten: self._flatten,
            SetTradingState: self._set_trading_state,
            StartStrategy: lambda command: self._start(command.strategy),
            PauseStrategy: self._pause,
            StopStrategy: lambda command: self._stop(command.strategy),
            SetParameters: self._set_parameters,
            TransferPosition: self._transfer,
            LiftThrottle: self._lift_throttle,
            EndCrisis: self._end_crisis,
            FollowCrisis: self._follow_crisis,
            EndSession: self._end_session,
            StartAlgorithm: self._start_algorithm,
            PauseAlgorithm: self._pause_algorithm,
            ResumeAlgorithm: self._resume_algorithm,
            CancelAlgorithm: self._cancel_algorithm,
            LockOut: lambda command: kernel.lockout.lock(command.until_ns, command.reason, command.who),
            LiftLockout: lambda command: kernel.lockout.lift(command.reason, command.who),
            Reconcile: lambda command: self._reconcile(),
            AcceptReconciliation: self._accept_reconciliation,
        }
        for command_type, handler in handlers.items():
            self.take(command_type, handler)
        self.kill_switch = KillSwitch(kernel, self, latch)
        self._taken_back = TakenBack(kernel, self.flatten)

    def take(self, command_type: type, handler: Callable[[Any], str]) -> None:
        """Journal commands of a type and have them carried out by ``handler``, which gives the result in words."""
        self._kernel.handle(command_type, self._journalled(handler))

    def _journalled(self, handler: Callable[[Any], str]) -> Callable[[Kernel, Any], None]:
        def carry_out(kernel: Kernel, command: Command) -> None:
            now_ns = kernel.clock.time_ns
            body = msgspec.json.decode(msgspec.json.encode(msgspec.structs.asdict(command)))
            kernel.emit(CommandReceived(ts_ns=now_ns, who=command.who, command=type(command).__name__, body=body))
            try:
                result = handler(command)
            except WorkstationError as error:
                kernel.emit(LogLine(ts_ns=now_ns, severity=Severity.WARNING, source="desk", text=str(error)))
                self.last_result, self.last_refused = str(error), True
                return
            self.last_result, self.last_refused = result, False
            if result:
                kernel.emit(LogLine(ts_ns=now_ns, severity=Severity.INFO, source="desk", text=result))

        return carry_out

    # --- Orders -----------------------------------------------------------------------------------------------------

    def _place(self, command: PlaceOrder) -> str:
        intent = command.intent
        # What a person places is the person's, whatever the command says.
        if intent.owner != MANUAL:
            intent = msgspec.structs.replace(intent, owner=MANUAL)
        if command.bracket is None:
            self._kernel.place(intent)
        else:
            self._kernel.brackets.place(intent, command.bracket)
        return ""

    def _cancel(self, command: CancelOrder) -> str:
        self._kernel.orders.request_cancel(self._order(command.client_id), f"cancelled by {command.who}")
        return ""

    def _amend(self, command: AmendOrder) -> str:
        order = self._order(command.client_id)
        self._kernel.amend(order, command.price, command.stop_price, command.lots)
        return ""

    def _order(self, client_id: str) -> Order:
        order = self._kernel.orders.orders.get(client_id)
        if order is None:
            raise WorkstationError(f"There is no order {client_id}.")
        return order

    def _cancel_all(self, command: CancelAll) -> str:
        asked, kept = self.cancel_orders(command.symbol, command.include_protective, f"cancelled by {command.who}")
        keeping = f", kept {kept} protective" if kept else ""
        return f"Cancel sent for {asked} orders{keeping}."

    def _end_session(self, command: EndSession) -> str:
        self._kernel.host.rest()
        self._kernel.algorithms.rest()
        return self._cancel_all(CancelAll(who=command.who))

    def cancel_orders(
        self, symbol: str, include_protective: bool, reason: str, *, closing: bool = False
    ) -> tuple[int, int]:
        """Ask for the cancel of working orders; how many, and how many protective orders were kept.

        What would go on to order ends, too. With ``closing`` nothing that they still fill is held.
        """
        cancel = self._taken_back.cancel if closing else self._kernel.orders.request_cancel
        asked = kept = 0
        self._kernel.algorithms.end_all(lambda order: symbol in ("", order.symbol), reason)
        self._kernel.replacements.forget_all(
            lambda intent: symbol in ("", intent.symbol) and (include_protective or not _protects(intent)), reason
        )
        for order in self._kernel.orders.open_orders(symbol):
            if order.owner == EXTERNAL:
                # What somebody else placed is cancelled one by one, by a person.
                continue
            if _protects(order) and not include_protective:
                kept += 1
            else:
                cancel(order, reason)
                asked += 1
        return asked, kept

    def _flatten(self, command: Flatten) -> str:
        return self.flatten(command.symbol, command.owner, f"flatten by {command.who}")

    def flatten(self, symbol: str, owner: str, reason: str) -> str:
        """Cancel what rests and close positions at the market; passes a halt, for it only reduces."""
        kernel = self._kernel
        closed = refused = 0
        for position in list(kernel.ledger.positions.values()):
            held_symbol = position.instrument.symbol
            if position.lots == 0 or (symbol and held_symbol != symbol) or (owner and position.owner != owner):
                continue
            if position.owner == EXTERNAL and owner != EXTERNAL:
                continue
            kernel.algorithms.end_all(_of_owner(position.owner, held_symbol), reason)
            kernel.replacements.forget_all(_of_owner(position.owner, held_symbol), reason)
            resting = kernel.orders.open_orders(held_symbol, position.owner)
            side = Side.SELL if position.lots > 0 else Side.BUY
            exits = [o for o in resting if o.reduce_only and o.type is OrderType.MARKET and o.side is side]
            lots = abs(position.lots) - sum(order.remaining for order in exits)
            for order in resting:
                if order not in exits:
                    self._taken_back.cancel(order, reason)
            if lots <= 0:
                closed += 1
                continue
            intent = Intent(
                symbol=held_symbol,
                side=side,
                lots=lots,
                reduce_only=True,
                role=OrderRole.EXIT,
                type=OrderType.MARKET,
                owner=position.owner,
                reason=reason,
            )
            if kernel.place(intent, panic=True):
                closed += 1
            else:
                refused += 1
        problem = f", {refused} could not be sent" if refused else ""
        return f"Flatten sent for {closed} positions{problem}."

    def _set_trading_state(self, command: SetTradingState) -> str:
        cause = command.cause or MANUAL_STATE
        if cause not in (MANUAL_STATE, RISK_STATE):
            raise WorkstationError(f"“{cause}” cannot be set by a command.")
        if command.state is TradingState.ACTIVE:
            self._kernel.trading.lift(cause)
        else:
            reason = command.reason or f"set by {command.who}"
            self._kernel.trading.restrict(cause, command.state, reason)
        return f"Trading is {self._kernel.trading.state}."

    # --- Algorithms -------------------------------------------------------------------------------------------------

    def _start_algorithm(self, command: StartAlgorithm) -> str:
        order, algorithms = command.order, self._kernel.algorithms
        # What a person starts is the person's, whatever the command says.
        algorithm_id = algorithms.start(msgspec.structs.replace(order, owner=MANUAL), command.who)
        quantity = self._kernel.markets[order.symbol].instrument.quantity(order.lots)
        parent = algorithms.parents[algorithm_id]
        after = f"{parent.state}: {parent.reason}" if parent.reason else str(parent.state)
        return f"{word_of(order)} {algorithm_id}, {order.side.word} {quantity} {order.symbol}: {after}."

    def _pause_algorithm(self, command: PauseAlgorithm) -> str:
        self._kernel.algorithms.pause(command.algorithm_id, f"paused by {command.who}")
        return f"Algorithm {command.algorithm_id} is paused; its orders are taken back."

    def _resume_algorithm(self, command: ResumeAlgorithm) -> str:
        self._kernel.algorithms.resume(command.algorithm_id)
        return f"Algorithm {command.algorithm_id} goes on."

    def _cancel_algorithm(self, command: CancelAlgorithm) -> str:
        algorithms, reason = self._kernel.algorithms, f"cancelled by {command.who}"
        if not command.algorithm_id:
            return f"Ended {algorithms.end_all(lambda order: True, reason)} algorithms."
        algorithms.end(command.algorithm_id, reason)
        return f"Algorithm {command.algorithm_id} is ended; its orders are cancelled."

    # --- Strategies -------------------------------------------------------------------------------------------------

    def _start(self, name: str) -> str:
        self._kernel.host.start(name)
        return ""

    def _pause(self, command: PauseStrategy) -> str:
        if command.strategy:
            self._kernel.host.pause(command.strategy)
            return ""
        return f"Paused {self._kernel.host.pause_all()} strategies; their exits go on."

    def _stop(self, name: str) -> str:
        self._kernel.host.stop(name)
        return ""

    def _set_parameters(self, command: SetParameters) -> str:
        self._kernel.host.set_parameters(command.strategy, command.values, command.who)
        return ""

    def _lift_throttle(self, command: LiftThrottle) -> str:
        self._kernel.gate.throttled.discard(command.owner)
        return f"{command.owner} may order again."

    def _end_crisis(self, command: EndCrisis) -> str:
        self._kernel.guards.end_crisis(self._kernel.clock.time_ns, command.reason or f"ended by {command.who}")
        if self._kernel.guards.account_crisis:
            return "Crisis mode of this engine ended; that of the account goes on and is ended at its risk state."
        return "Crisis mode ended."

    def _follow_crisis(self, command: FollowCrisis) -> str:
        guards = self._kernel.guards
        guards.follow_crisis(self._kernel.clock.time_ns, command.active, command.cause, command.size_factor)
        return f"The account is in crisis mode: {command.cause}" if command.active else ""

    # --- Reconciliation ---------------------------------------------------------------------------------------------

    def _reconciliation(self) -> Reconciliation | RemoteBooks:
        comparison = self._kernel.comparison
        if comparison is None:
            raise WorkstationError("There is nothing to reconcile: the simulated venue's account is this engine's own.")
        return comparison

    def _reconcile(self) -> str:
        self._reconciliation().request()
        return "The account is compared with the venue's."

    def _accept_reconciliation(self, command: AcceptReconciliation) -> str:
        return self._reconciliation().accept(command.reason, command.who)

    # --- Take-over --------------------------------------------------------------------------------------------------

    def _transfer(self, command: TransferPosition) -> str:
        kernel = self._kernel
        if not command.reason.strip():
            raise WorkstationError("A position is taken over or handed back only with a reason: type one.")
        if kernel.venue.can.outlives:
            raise WorkstationError("A position changes hands where the account is: in the execution service's engine.")
        known = {"manual", *kernel.host.slots}
        if command.to_owner not in known:
            raise WorkstationError(f"There is no owner {command.to_owner}; there are {', '.join(sorted(known))}.")
        slot = kernel.host.slots.get(command.to_owner)
        if slot is not None and slot.strategy.symbol != command.symbol:
            raise WorkstationError(f"{command.to_owner} trades {slot.strategy.symbol}, not {command.symbol}.")
        source = kernel.ledger.positions.get((command.from_owner, command.symbol))
        if source is None or source.lots == 0:
            raise WorkstationError(f"{command.from_owner} has no position in {command.symbol}.")
        transferred = PositionTransferred(
            ts_ns=kernel.clock.time_ns,
            symbol=command.symbol,
            from_owner=command.from_owner,
            to_owner=command.to_owner,
            lots=source.lots,
            cost=source.cost,
            reason=command.reason,
            who=command.who,
        )
        held = _of_owner(command.from_owner, command.symbol)
        kernel.algorithms.end_all(held, "position taken over")
        kernel.brackets.let_go(command.from_owner, command.symbol, "position taken over")
        kernel.replacements.forget_all(lambda intent: held(intent) and not intent.reduce_only, "position taken over")
        for order in kernel.orders.open_orders(command.symbol, command.from_owner):
            if order.role is OrderRole.ENTRY and not order.reduce_only:
                kernel.orders.request_cancel(order, "position taken over")
        apply_transfer(kernel, transferred)
        kernel.emit(transferred)
        return f"{command.symbol} moved from {command.from_owner} to {command.to_owner}: {command.reason}"


def _protects(order: Order | Intent) -> bool:
    return order.role in _PROTECTIVE and order.reduce_only


def _of_owner(owner: str, symbol: str) -> Callable[[Intent | ParentOrder], bool]:
    return lambda order: (order.owner, order.symbol) == (owner, symbol)


def apply_transfer(kernel: Kernel, transfer: PositionTransferred) -> None:
    """Move the position and the orders that protect it."""
    kernel.ledger.transfer(transfer.symbol, transfer.from_owner, transfer.to_owner, transfer.lots, transfer.cost)
    kernel.replacements.hand_over(transfer.symbol, transfer.from_owner, transfer.to_owner)
    for order in kernel.orders.open_orders(transfer.symbol, transfer.from_owner):
        if order.reduce_only:
            order.owner = transfer.to_owner
