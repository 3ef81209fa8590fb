"""What an engine journals about orders, as the executions that everybody may read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    FundingPaid,
    KillSwitchChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    Output,
    PositionLiquidated,
    PositionTransferred,
)
from workstation.core.money import from_money
from workstation.core.orders import Order
from workstation.core.types import Liquidity, Mode
from workstation.messaging.bodies import ExecutionBody
from workstation.messaging.moments import moment
from workstation.trading.kernel import Kernel
from workstation.trading.views import entry_price

ACCOUNT = "account"
"""Stands for order and owner in what concerns the account as a whole."""
UNKNOWN = "unknown"
_TENTHS = Decimal("0.1")
_MS = 1_000_000


class ExecutionWriter:
    """``kernel`` stands where the record that is written left it."""

    def __init__(self, kernel: Kernel, mode: Mode, run_id: str) -> None:
        self._kernel = kernel
        self._always: dict[str, Any] = {"mode": mode.value.lower(), "run_id": run_id}

    def body(self, event: Output, realised: int = 0) -> ExecutionBody | None:
        """The execution of an event; ``None`` for one that is about no order. ``realised`` is what a fill realised."""
        if isinstance(event, OrderFilled):
            return self._filled(event, realised)
        writer = _WRITERS.get(type(event))
        return writer(self, event) if writer is not None else None

    def _of(self, event: Any, status: Any, **fields: Any) -> ExecutionBody | None:
        order = self._kernel.orders.orders.get(event.client_id)
        return None if order is None else self._step(order, event, status, fields)

    def _refused(self, event: Any, status: Any, **fields: Any) -> ExecutionBody:
        """The same of a request that was refused, which its sender hears also where there is no such order."""
        told = self._of(event, status, **fields)
        if told is not None:
            return told
        nothing: dict[str, Any] = {
            "order_id": "",
            "client_id": event.client_id,
            "symbol": UNKNOWN,
            "side": None,
            "strategy": UNKNOWN,
            "price": None,
            "quantity": None,
            "time": moment(event.ts_ns),
        }
        return ExecutionBody(status=status, **(self._always | nothing | fields))

    def _step(self, order: Order, event: Any, status: Any, fields: dict[str, Any]) -> ExecutionBody:
        terms = self._kernel.terms.instruments[order.symbol]
        told: dict[str, Any] = {
            "order_id": order.venue_id,
            "client_id": order.client_id,
            "symbol": order.symbol,
            "side": order.side.word,
            "strategy": order.owner,
            "price": terms.price(order.price) if order.price else None,
            "quantity": terms.quantity(order.lots),
            "latency_ms": _ms(event.ts_ns - order.created_ns),
            "reduce_only": order.reduce_only,
            "role": order.role.value,
            "time": moment(event.ts_ns),
        }
        return ExecutionBody(status=status, **(self._always | told | fields))

    def _submitted(self, event: OrderSubmitted) -> ExecutionBody | None:
        return self._of(event, "submitted")

    def _accepted(self, event: OrderAccepted) -> ExecutionBody | None:
        order = self._kernel.orders.orders.get(event.client_id)
        if order is None:
            return None
        ack_ms = _ms(event.ts_ns - order.created_ns)
        return self._step(order, event, "accepted", {"held": event.held, "ack_latency_ms": ack_ms})

    def _rejected(self, event: OrderRejected) -> ExecutionBody | None:
        return self._refused(event, "rejected", code=event.code, error=event.reason[:500])

    def _unknown(self, event: OrderUnknown) -> ExecutionBody | None:
        return self._of(event, "unknown", error=event.reason[:500])

    def _triggered(self, event: OrderTriggered) -> ExecutionBody | None:
        return self._of(event, "triggered", released=event.released)

    def _amended(self, event: OrderAmended) -> ExecutionBody | None:
        order = self._kernel.orders.orders.get(event.client_id)
        if order is None:
            return None
        terms = self._kernel.terms.instruments[order.symbol]
        # The order itself counts at the largest that it may still become.
        fields = {
            "price": terms.price(event.price) if event.price else None,
            "stop_price": terms.price(event.stop_price) if event.stop_price else None,
            "quantity": terms.quantity(event.lots),
            "version": event.version,
            "amendment": event.amendment,
        }
        return self._step(order, event, "amended", fields)

    def _kept(self, event: CancelRejected) -> ExecutionBody | None:
        return self._refused(event, "cancel_rejected", error=event.reason[:500])

    def _unchanged(self, event: AmendRejected) -> ExecutionBody | None:
        return self._refused(event, "amend_rejected", error=event.reason[:500], amendment=event.amendment)

    def _filled(self, event: OrderFilled, realised: int) -> ExecutionBody | None:
        order = self._kernel.orders.orders.get(event.client_id)
        if order is None:
            return None
        terms = self._kernel.terms.instruments[event.symbol]
        fields: dict[str, Any] = {
            "price": terms.price(event.price),
            "quantity": terms.quantity(event.lots),
            "execution_id": event.fill_id,
            "fees": from_money(event.fee),
            "fee_asset": event.fee_asset,
            "realized_pnl": from_money(realised),
            "maker": event.liquidity is Liquidity.MAKER,
            "slippage": from_money(event.slippage),
        }
        if order.reference:
            worse = (event.price - order.reference) * int(event.side)
            fields["slippage_bps"] = (Decimal(worse * 10_000) / order.reference).quantize(_TENTHS)
        whole = order.filled_lots >= order.lots
        return self._step(order, event, "filled" if whole else "partially_filled", fields)

    def _cancelled(self, event: OrderCancelled) -> ExecutionBody | None:
        return self._of(event, "cancelled", error=event.reason[:500])

    def _expired(self, event: OrderExpired) -> ExecutionBody | None:
        return self._of(event, "expired", error=event.reason[:500])

    def _denied(self, event: OrderDenied) -> ExecutionBody | None:
        terms = self._kernel.terms.instruments.get(event.symbol)
        if terms is None:
            return None
        told: dict[str, Any] = {
            "order_id": "",
            "client_id": event.client_id or "denied",
            "symbol": event.symbol,
            "side": event.side.word,
            "strategy": event.owner,
            "price": terms.price(event.price) if event.price else None,
            "quantity": terms.quantity(event.lots),
            "code": event.code,
            "error": event.text[:500],
            "time": moment(event.ts_ns),
        }
        return ExecutionBody(status="denied", **(self._always | told))

    def _funding(self, event: FundingPaid) -> ExecutionBody | None:
        fields = {"execution_id": event.funding_id, "funding": from_money(event.amount), "fee_asset": event.asset}
        return self._of_account(event, "funding", fields)

    def _liquidated(self, event: PositionLiquidated) -> ExecutionBody | None:
        terms = self._kernel.terms.instruments[event.symbol]
        fields = {
            "side": event.side.word,
            "price": terms.price(event.price),
            "quantity": terms.quantity(event.lots),
            "execution_id": event.fill_id,
            "fees": from_money(event.fee),
            "fee_asset": event.fee_asset,
        }
        return self._of_account(event, "liquidated", fields)

    def _transferred(self, event: PositionTransferred) -> ExecutionBody | None:
        terms = self._kernel.terms.instruments[event.symbol]
        fields = {
            "strategy": event.from_owner,
            "to_strategy": event.to_owner,
            "side": "buy" if event.lots > 0 else "sell",
            "quantity": terms.quantity(abs(event.lots)),
            "price": entry_price(terms, event.lots, event.cost),
            "execution_id": f"transfer-{event.symbol}-{event.from_owner}-{event.ts_ns}"[:200],
        }
        return self._of_account(event, "transferred", fields)

    def _kill_switch(self, event: KillSwitchChanged) -> ExecutionBody | None:
        return self._of_account(event, "killed" if event.engaged else "resumed", {"error": event.reason[:500]})

    def _of_account(self, event: Any, status: Any, fields: dict[str, Any]) -> ExecutionBody:
        told: dict[str, Any] = {
            "order_id": "",
            "client_id": ACCOUNT,
            "symbol": getattr(event, "symbol", ACCOUNT),
            "side": None,
            "strategy": ACCOUNT,
            "price": None,
            "quantity": None,
            "time": moment(event.ts_ns),
        }
        return ExecutionBody(status=status, **(self._always | told | fields))


def _ms(duration_ns: int) -> Decimal:
    return (Decimal(max(0, duration_ns)) / _MS).quantize(_TENTHS)


_WRITERS: dict[type[Any], Callable[[ExecutionWriter, Any], ExecutionBody | None]] = {
    OrderSubmitted: ExecutionWriter._submitted,
    OrderAccepted: ExecutionWriter._accepted,
    OrderRejected: ExecutionWriter._rejected,
    OrderUnknown: ExecutionWriter._unknown,
    OrderTriggered: ExecutionWriter._triggered,
    OrderAmended: ExecutionWriter._amended,
    CancelRejected: ExecutionWriter._kept,
    AmendRejected: ExecutionWriter._unchanged,
    OrderCancelled: ExecutionWriter._cancelled,
    OrderExpired: ExecutionWriter._expired,
    OrderDenied: ExecutionWriter._denied,
    FundingPaid: ExecutionWriter._funding,
    PositionLiquidated: ExecutionWriter._liquidated,
    PositionTransferred: ExecutionWriter._transferred,
    KillSwitchChanged: ExecutionWriter._kill_switch,
}
