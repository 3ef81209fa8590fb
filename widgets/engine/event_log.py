"""Events of the engine in words, for the log panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from widgets.engine.protocol import Engine
from widgets.look.numbers import format_number, format_time, zone_words
from workstation.core.algorithms import AlgorithmState
from workstation.core.messages import (
    AccountAdjusted,
    AlgorithmChanged,
    BookGap,
    CancelRejected,
    CrisisChanged,
    KillSwitchChanged,
    LockoutChanged,
    LogLine,
    OrderAccepted,
    OrderAdopted,
    OrderCancelled,
    OrderDenied,
    OrderExpired,
    OrderRejected,
    OrderUnknown,
    ParametersChanged,
    PositionLiquidated,
    PositionTransferred,
    ProtectionTriggered,
    SignalEmitted,
    StrategyChanged,
    TradingStateChanged,
)
from workstation.core.types import Severity
from workstation.core.views import FillView, LogView

Words = tuple[Severity, str, str]
INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR


class EventWords:
    """Severity, source and sentence of each event that a person may want to read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._by_type: dict[type, Callable[[Any], Words | None]] = {
            LogLine: lambda event: (event.severity, event.source, event.text),
            OrderAccepted: self._accepted,
            OrderRejected: lambda event: (WARNING, "venue", f"Rejected {self._order(event)}: {event.reason}"),
            OrderUnknown: lambda event: (WARNING, "venue", f"In doubt: {self._order(event)}, {event.reason}"),
            OrderCancelled: lambda event: (INFO, "order", f"Cancelled {self._order(event)}"),
            OrderExpired: lambda event: (INFO, "order", f"Expired {self._order(event)}: {event.reason}"),
            CancelRejected: lambda event: (WARNING, "venue", f"Not changed: {self._order(event)}, {event.reason}"),
            OrderDenied: self._denied,
            FillView: self._filled,
            TradingStateChanged: self._trading_state,
            KillSwitchChanged: self._kill,
            CrisisChanged: self._crisis,
            LockoutChanged: self._lockout,
            AlgorithmChanged: self._algorithm,
            ProtectionTriggered: self._protection,
            StrategyChanged: self._strategy,
            ParametersChanged: self._parameters,
            PositionTransferred: self._transfer,
            PositionLiquidated: lambda event: (ERROR, "venue", f"Liquidated {event.symbol}"),
            SignalEmitted: self._signal,
            OrderAdopted: self._adopted,
            AccountAdjusted: lambda event: (INFO, "account", f"Books adjusted by {event.who}: {event.reason}"),
            BookGap: lambda event: (WARNING, "feed", f"{event.symbol}: gap {event.expected}–{event.got}, book rebuilt"),
        }

    @property
    def types(self) -> list[type]:
        return list(self._by_type)

    def line(self, event: Any) -> LogView | None:
        """The log line of an event; None when it says nothing new."""
        words = self._by_type[type(event)](event)
        return None if words is None else LogView(event.ts_ns, *words)

    def _order(self, event: Any) -> str:
        order = self._engine.order(event.client_id)
        if order is None:
            return str(event.client_id)
        return f"{event.client_id}, {order.symbol} {order.side.word} {order.quantity}"

    def _adopted(self, event: OrderAdopted) -> Words:
        order = event.order
        return WARNING, "account", f"Order of somebody else: {order.client_id}, {order.symbol} {order.side.word}"

    def _accepted(self, event: OrderAccepted) -> Words:
        order = self._engine.order(event.client_id)
        took = f" in {(event.ts_ns - order.created_ns) // 1_000_000} ms" if order is not None else ""
        return INFO, "order", f"Accepted {self._order(event)}{took}"

    def _denied(self, event: OrderDenied) -> Words:
        facts = f" {event.value}; limit {event.limit}." if event.value and event.limit else ""
        return WARNING, "risk", f"Denied {event.code}, {event.owner}, {event.symbol}: {event.text}{facts}"

    def _filled(self, fill: FillView) -> Words:
        decimals = -int(fill.price.as_tuple().exponent)
        price = format_number(fill.price, decimals)
        return INFO, "fill", f"{fill.symbol} {fill.side.word} {fill.quantity} at {price}, {fill.owner}"

    def _trading_state(self, event: TradingStateChanged) -> Words:
        until = f", until {format_time(event.until_ns)} {zone_words(event.until_ns)}" if event.until_ns else ""
        reason = f": {event.reason}{until}" if event.reason else ""
        severity = INFO if event.state == "ACTIVE" else WARNING
        return severity, "risk", f"Trading is {event.state}{reason}"

    def _kill(self, event: KillSwitchChanged) -> Words:
        if not event.engaged:
            return INFO, "kill switch", f"Released by {event.who}"
        asked = f"{event.cancelled} entries cancelled, {event.kept_stops} stops kept"
        return WARNING, "kill switch", f"Killed by {event.who}: {event.reason}. {asked}."

    def _crisis(self, event: CrisisChanged) -> Words:
        whose = "Crisis mode of the account" if event.account else "Crisis mode"
        return (WARNING, "risk", f"{whose}: {event.cause}") if event.active else (INFO, "risk", f"{whose} ended")

    def _lockout(self, event: LockoutChanged) -> Words:
        if not event.until_ns:
            return INFO, "risk", f"Lock-out ended: {event.reason}"
        until = f"{format_time(event.until_ns)} {zone_words(event.until_ns)}"
        return WARNING, "risk", f"Locked out by {event.who} until {until}: {event.reason}"

    def _algorithm(self, event: AlgorithmChanged) -> Words:
        severity = WARNING if event.state is AlgorithmState.PAUSED else INFO
        reason = f": {event.reason}" if event.reason else ""
        return severity, "order", f"Algorithm {event.algorithm_id} is {event.state}{reason}"

    def _protection(self, event: ProtectionTriggered) -> Words:
        whom = event.owner or "every strategy"
        until = format_time(event.until_ns)
        return (
            WARNING,
            "risk",
            f"{event.protection} pauses {whom} until {until} {zone_words(event.until_ns)}: {event.detail}",
        )

    def _strategy(self, event: StrategyChanged) -> Words:
        severity = ERROR if event.state == "failed" else INFO
        return severity, event.strategy, f"{event.state.capitalize()}{': ' + event.detail if event.detail else ''}"

    def _parameters(self, event: ParametersChanged) -> Words:
        changed = ", ".join(f"{name} = {value}" for name, value in event.values.items())
        return INFO, event.strategy, f"Parameters set by {event.who}: {changed}"

    def _transfer(self, event: PositionTransferred) -> Words | None:
        text = f"{event.symbol} moved from {event.from_owner} to {event.to_owner}: {event.reason}"
        return INFO, "position", text

    def _signal(self, event: SignalEmitted) -> Words:
        words = f"{event.symbol} {event.side.word}, confidence {event.confidence:.0f}. {event.text}"
        return INFO, event.strategy, words.strip()
