"""The kernel's state as plain values, and how it comes back: from a snapshot, and from the journal after it.

A session's first record holds the snapshot it opened with; the records after it are events that are applied here in
the same way as they were applied when they happened. So a kill at any moment loses nothing that was committed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

import msgspec

from workstation.core.errors import ConfigurationError, StrategyError
from workstation.core.messages import (
    AccountAdjusted,
    AccountRead,
    AlgorithmAdvanced,
    AlgorithmChanged,
    AlgorithmStarted,
    AmendRejected,
    AmendRequested,
    BracketBegun,
    BracketChanged,
    CancelRejected,
    CancelRequested,
    CommandReceived,
    CrisisChanged,
    DayStarted,
    EquitySampled,
    FundingPaid,
    KillSwitchChanged,
    LockoutChanged,
    OrderAccepted,
    OrderAdopted,
    OrderAmended,
    OrderCancelled,
    OrderDenied,
    OrderDue,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    Output,
    ParametersChanged,
    PeakReached,
    PositionLiquidated,
    PositionTransferred,
    ProtectionTriggered,
    ReplacementEnded,
    ReplacementPlanned,
    StrategyChanged,
    StrategyStateSaved,
    TradingStateChanged,
)
from workstation.core.orders import Order
from workstation.core.timeframe import DAY_NS
from workstation.core.types import EXTERNAL, OrderRole, OrderType, Side, StrategyState, TradingState
from workstation.trading.denials import DenialCode
from workstation.trading.desk import RISK_STATE, apply_transfer
from workstation.trading.guards import DAY_LOSS, DRAWDOWN
from workstation.trading.kernel import Kernel
from workstation.trading.kill_switch import MANUAL_STATE, followed_reason
from workstation.trading.order_states import UNANSWERED
from workstation.trading.trading_state import KILL, KILL_ELSEWHERE, Restriction

_ORDER_REPORTS = (
    OrderAccepted,
    OrderRejected,
    OrderReleased,
    OrderUnknown,
    OrderTriggered,
    OrderCancelled,
    OrderExpired,
    OrderAmended,
    CancelRejected,
    AmendRejected,
)


def snapshot(kernel: Kernel) -> dict[str, Any]:
    """Everything that survives a restart, as JSON values."""
    state = {
        "ledger": kernel.ledger.snapshot(),
        "guards": kernel.guards.snapshot(),
        "orders": [order.snapshot() for order in kernel.orders.open_orders()],
        "ended": [_compact(order) for order in kernel.orders.ended_orders()],
        "amendments": kernel.orders.amendments.snapshot(),
        "replacements": kernel.replacements.snapshot(),
        "brackets": kernel.brackets.snapshot(),
        "algorithms": kernel.algorithms.snapshot(),
        "lockout": kernel.lockout.snapshot(),
        "account_reports": list(kernel.settlement.account_reports),
        "reconciliation": kernel.reconciliation.snapshot() if kernel.reconciliation is not None else {},
        "strategies": kernel.absent_strategies
        | {
            name: {
                "state": slot.state,
                "saved": msgspec.json.decode(slot.saved_state),
                "parameters": {key: str(value) for key, value in slot.strategy.parameter_values().items()},
            }
            for name, slot in sorted(kernel.host.slots.items())
        },
        "causes": {
            cause: list(restriction)
            for cause, restriction in sorted(kernel.trading.causes.items())
            if cause in (KILL, KILL_ELSEWHERE, MANUAL_STATE, RISK_STATE)
        },
        "kill_flattens": kernel.kill_flattens,
        "throttled": sorted(kernel.gate.throttled),
        "denied": list(kernel.denied_ids),
        "prices": {symbol: market.last_price for symbol, market in sorted(kernel.markets.items()) if market.last_price},
    }
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(state))
    return decoded


def restore(kernel: Kernel, state: dict[str, Any]) -> None:
    """Take over a snapshot, and give the venue what rests there.

    Raises ``ConfigurationError`` when the symbol of something held or of an open order is no longer configured. What
    somebody else ordered in such a symbol is nothing of ours.
    """
    for row in state["ledger"]["positions"]:
        if row["lots"] and row["symbol"] not in kernel.markets:
            raise ConfigurationError(
                f"The account holds {row['symbol']}, which the configuration no longer has: "
                "add it to `instruments` and to `market.symbols`."
            )
    kernel.ledger.restore(state["ledger"])
    kernel.guards.restore(state["guards"])
    for fields in state["orders"]:
        order = msgspec.convert(fields, Order)
        if order.symbol not in kernel.markets:
            if order.owner == EXTERNAL:
                continue
            raise ConfigurationError(
                f"Order {order.client_id} is open in {order.symbol}, which the configuration no longer has: add it to "
                "`instruments` and to `market.symbols`; once the order has ended it may be taken out."
            )
        _know_fills(kernel, order)
        kernel.orders.adopt(order)
    for fields in state.get("ended", ()):
        if fields["symbol"] in kernel.markets:
            _know_fills(kernel, order := msgspec.convert(fields, Order))
            kernel.orders.remember(order)
    kernel.orders.amendments.restore(state["amendments"])
    kernel.replacements.restore(state.get("replacements", []))
    kernel.brackets.restore(state.get("brackets", []))
    kernel.algorithms.restore(state.get("algorithms", []))
    kernel.lockout.restore(state.get("lockout", {}))
    kernel.settlement.account_reports.extend(state["account_reports"])
    kernel.ledger.booked.update(state["account_reports"])
    if kernel.reconciliation is not None and state["reconciliation"]:
        kernel.reconciliation.restore(state["reconciliation"])
    for name, saved in state["strategies"].items():
        slot = kernel.host.slots.get(name)
        if slot is None:
            kernel.absent_strategies[name] = {**saved, "state": StrategyState.STOPPED}
            continue
        slot.state = StrategyState(saved["state"])
        slot.strategy.state = dict(saved["saved"])
        slot.saved_state = msgspec.json.encode(saved["saved"], order="sorted")
        known = slot.strategy.parameters()
        # What its new code does not take any more stays as it is configured.
        with contextlib.suppress(StrategyError):
            slot.strategy.set_parameters({key: value for key, value in saved["parameters"].items() if key in known})
    for cause, (trading_state, reason, until_ns) in state["causes"].items():
        kernel.trading.causes[cause] = _restriction(trading_state, reason, until_ns)
    kernel.kill_flattens = state.get("kill_flattens", False)
    kernel.gate.throttled.update(state["throttled"])
    kernel.denied_ids.update(state.get("denied", ()))
    for symbol, price in state["prices"].items():
        if symbol in kernel.markets:
            kernel.markets[symbol].last_price = price
    _finish(kernel)
    # A venue inside the engine has lost what was in flight; one outside is asked for it.
    can = kernel.venue.can
    lost = UNANSWERED if can.certain and not can.outlives else ()
    kernel.venue.restore(
        [order for order in kernel.orders.open_orders() if order.state not in lost],
        {
            symbol: (lots, sum(position.cost for position in kernel.ledger.by_symbol[symbol]))
            for symbol, lots in kernel.ledger.net_lots.items()
            if lots
        },
        dict(kernel.ledger.cash),
    )


def apply_records(kernel: Kernel, records: Iterable[Output]) -> None:
    """Bring a kernel that holds a session's opening state to where its records end. Nothing is journalled or sent."""
    for record in records:
        _apply(kernel, record)
    _finish(kernel)


def _apply(kernel: Kernel, record: Output) -> None:
    clock = kernel.clock
    if record.ts_ns > clock.time_ns:
        clock.time_ns = record.ts_ns
    if isinstance(record, OrderSubmitted):
        fields = msgspec.structs.asdict(record)
        fields["created_ns"] = fields["updated_ns"] = fields.pop("ts_ns")
        kernel.orders.adopt(Order(**fields))
        kernel.markets[record.symbol].last_price = record.reference
    elif isinstance(record, OrderFilled):
        order = kernel.orders.apply(record)
        kernel.markets[record.symbol].last_price = record.price
        if order is not None:
            booking = kernel.ledger.book_fill(order.owner, record)
            if booking is not None:
                kernel.algorithms.count(order, record)
                kernel.brackets.count(order, record)
                kernel.know_stops(booking.position)
            if booking is not None and booking.closed_trip:
                stopped = order.role is OrderRole.PROTECTIVE_STOP or order.reason.startswith("stop")
                kernel.guards.on_trip(
                    record.ts_ns,
                    order.owner,
                    order.symbol,
                    booking.trip_result,
                    stopped,
                    kernel.host.interval_of(order.owner),
                )
    elif isinstance(record, _ORDER_REPORTS):
        kernel.orders.apply(record)
    elif isinstance(record, CancelRequested):
        order = kernel.orders.orders[record.client_id]
        order.cancel_requested_ns = record.ts_ns
        kernel.algorithms.know_cancel(order, record.reason)
    elif isinstance(record, AmendRequested):
        kernel.orders.expect_amend(kernel.orders.orders[record.client_id], record)
    elif isinstance(record, ReplacementPlanned):
        kernel.replacements.expect(record)
    elif isinstance(record, ReplacementEnded):
        kernel.replacements.drop(record.client_id)
    elif isinstance(record, OrderDue):
        kernel.orders.orders[record.client_id].waits_for = list(record.after)
    elif isinstance(record, OrderAdopted):
        kernel.orders.adopt_foreign(record)
    elif isinstance(record, AccountAdjusted):
        kernel.ledger.adjust(record.amounts, record.positions, record.ts_ns)
        kernel.guards.on_transfer(record.worth)
        if kernel.reconciliation is not None:
            kernel.reconciliation.account_known = True
    elif isinstance(record, AccountRead):
        if kernel.reconciliation is not None:
            kernel.reconciliation.know(record)
    elif isinstance(record, FundingPaid):
        if kernel.ledger.book_funding(record):
            kernel.settlement.account_reports.append(record.funding_id)
    elif isinstance(record, PositionLiquidated):
        kernel.settlement.account_reports.append(record.fill_id)
        for booking in kernel.ledger.book_liquidation(record):
            if booking.closed_trip:
                owner = booking.position.owner
                interval_ns = kernel.host.interval_of(owner)
                kernel.guards.on_trip(record.ts_ns, owner, record.symbol, booking.trip_result, True, interval_ns)
    elif isinstance(record, PositionTransferred):
        apply_transfer(kernel, record)
    elif isinstance(record, EquitySampled):
        for symbol, price in record.prices.items():
            kernel.markets[symbol].last_price = price
        kernel.guards.on_equity(record.ts_ns, record.equity)
    elif isinstance(record, PeakReached):
        kernel.guards.on_equity(record.ts_ns, record.equity)
    elif isinstance(record, DayStarted):
        kernel.trading.causes.pop(DAY_LOSS, None)
        kernel.guards.day_equity = record.equity
        kernel.guards.day_ends_ns = record.ts_ns // DAY_NS * DAY_NS + DAY_NS
        if kernel.guards.peak_equity == 0:
            kernel.guards.equity = record.equity
            kernel.guards.count_from_now()
    else:
        _apply_state(kernel, record)


def _apply_state(kernel: Kernel, record: Output) -> None:
    guards = kernel.guards
    if isinstance(record, CrisisChanged):
        if record.account:
            guards.know_account_crisis(record)
            return
        guards.crisis, guards.crisis_cause = record.active, record.cause if record.active else ""
        if not record.active:
            guards.losses_in_a_row = 0
            guards.count_from_now()
    elif isinstance(record, ProtectionTriggered):
        guards.pauses[(record.protection, record.owner)] = record.until_ns
    elif isinstance(record, KillSwitchChanged):
        kernel.kill_flattens = record.engaged and record.flatten
        if record.engaged:
            kernel.trading.causes[KILL] = _restriction(TradingState.HALTED, record.reason, 0)
        else:
            kernel.trading.causes.pop(KILL, None)
            kernel.trading.causes.pop(MANUAL_STATE, None)
            guards.lift_drawdown()
    elif isinstance(record, TradingStateChanged):
        _apply_loss_limit(kernel, record)
    elif isinstance(record, LockoutChanged):
        kernel.lockout.know(record)
    elif isinstance(record, AlgorithmStarted | AlgorithmAdvanced | AlgorithmChanged):
        kernel.algorithms.know(record)
    elif isinstance(record, BracketBegun | BracketChanged):
        kernel.brackets.know(record)
    elif isinstance(record, OrderDenied):
        if record.client_id:
            kernel.denied_ids.add(record.client_id)
        if record.code == DenialCode.REPEATED_EXECUTION:
            kernel.gate.throttled.add(record.owner)
    elif isinstance(record, CommandReceived):
        if record.command == "SetTradingState":
            state = TradingState(record.body["state"])
            cause = record.body.get("cause") or MANUAL_STATE
            if cause not in (MANUAL_STATE, RISK_STATE):
                return
            kernel.trading.causes.pop(cause, None)
            if state is not TradingState.ACTIVE:
                kernel.trading.causes[cause] = _restriction(state, record.body["reason"] or f"set by {record.who}", 0)
        elif record.command == "FollowKill":
            kernel.trading.causes.pop(KILL_ELSEWHERE, None)
            if record.body["engaged"]:
                reason = followed_reason(kernel, record.body["reason"])
                kernel.trading.causes[KILL_ELSEWHERE] = _restriction(TradingState.HALTED, reason, 0)
        elif record.command == "LiftThrottle":
            kernel.gate.throttled.discard(record.body["owner"])
    else:
        _apply_strategy(kernel, record)


def _apply_loss_limit(kernel: Kernel, record: TradingStateChanged) -> None:
    """Equity is journalled now and then only, so that a loss limit that it reached in between is taken from here."""
    causes = kernel.trading.causes
    for cause in (DAY_LOSS, DRAWDOWN):
        if record.state is TradingState.ACTIVE:
            causes.pop(cause, None)
        elif record.reason.lower().startswith(cause):
            causes[cause] = _restriction(record.state, record.reason, record.until_ns)


def _apply_strategy(kernel: Kernel, record: Output) -> None:
    if not isinstance(record, StrategyChanged | StrategyStateSaved | ParametersChanged):
        return
    slot = kernel.host.slots.get(record.strategy)
    if slot is None:
        # Its file does not load now: what it saved waits until it does.
        nothing: dict[str, Any] = {"state": StrategyState.STOPPED, "saved": {}, "parameters": {}}
        absent = kernel.absent_strategies.setdefault(record.strategy, nothing)
        if isinstance(record, StrategyStateSaved):
            absent["saved"] = record.state
        elif isinstance(record, ParametersChanged):
            absent["parameters"] = absent["parameters"] | record.values
    elif isinstance(record, StrategyChanged):
        slot.state = record.state
    elif isinstance(record, StrategyStateSaved):
        slot.strategy.state = dict(record.state)
        slot.saved_state = msgspec.json.encode(record.state, order="sorted")
    else:
        with contextlib.suppress(StrategyError):
            slot.strategy.set_parameters(record.values)


def _finish(kernel: Kernel) -> None:
    for symbol, lots in kernel.ledger.net_lots.items():
        if lots:
            kernel.orders.symbol_orders(symbol)
    kernel.trading.settle_quietly()


def _restriction(state: str, reason: str, until_ns: int) -> Restriction:
    return Restriction(TradingState(state), reason, until_ns)


def _know_fills(kernel: Kernel, order: Order) -> None:
    kernel.orders.seen_fills.update(order.fill_ids)
    kernel.ledger.booked.update(order.fill_ids)


_NAMED = ("client_id", "symbol", "side", "type", "lots")
_UNSET = Order(client_id="", symbol="", side=Side.BUY, type=OrderType.MARKET, lots=0).snapshot()


def _compact(order: Order) -> dict[str, Any]:
    """An order's fields without those that say nothing: there may be many that have ended."""
    return {name: value for name, value in order.snapshot().items() if name in _NAMED or value != _UNSET[name]}
