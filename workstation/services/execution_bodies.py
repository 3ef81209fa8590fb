"""What an engine journals about orders, as the executions that everybody may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    FundingPaid,
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
from workstation.messaging.bodies import ExecutionBody, SideWord
from workstation.messaging.moments import moment
from workstation.trading.views import entry_price

_TENTHS = Decimal("0.1")
_MS = 1_000_000


class ExecutionWriter:
    """Tells each step of an order; it follows the orders, to know what later reports leave out."""

    def __init__(self, instruments: Mapping[str, Instrument], mode: Mode, run_id: str) -> None:
        self._instruments = instruments
        self._mode = str(mode).lower()
        self._run_id = run_id
        self._orders: dict[str, Order] = {}
        self._accepted_ns: dict[str, int] = {}
        self._realised: dict[str, int] = {}

    def follow(self, order: Order) -> None:
        """Know an order from before."""
        self._orders[order.client_id] = order

    def realised(self, fill_id: str, amount: int) -> None:
        """What a fill realised, 1e-8 of the settlement asset; told before the fill itself is written."""
        self._realised[fill_id] = amount

    def body(self, event: Output) -> ExecutionBody | None:
        """The execution of an event; ``None`` for one that is about no order."""
        writer = _WRITERS.get(type(event))
        return writer(self, event) if writer is not None else None

    def _of(self, event: Any, status: Any, **fields: Any) -> ExecutionBody | None:
        order = self._orders.get(event.client_id)
        if order is None:
            return None
        terms = self._instruments[order.symbol]
        told: dict[str, Any] = {
            "order_id": order.venue_id,
            "client_id": order.client_id,
            "symbol": order.symbol,
            "side": _word(order.side),
            "strategy": order.owner,
            "price": terms.price(order.price) if order.price else None,
            "quantity": terms.quantity(order.lots),
            "latency_ms": _ms(event.ts_ns - order.created_ns),
            "mode": self._mode,
            "run_id": self._run_id,
            "reduce_only": order.reduce_only,
            "role": str(order.role),
            "event_time": event.ts_ns,
        }
        return ExecutionBody(status=status, **_with_time(told | fields))

    def _submitted(self, event: OrderSubmitted) -> ExecutionBody | None:
        self._orders[event.client_id] = Order(
            client_id=event.client_id,
            symbol=event.symbol,
            side=event.side,
            type=event.type,
            lots=event.lots,
            price=event.price,
            stop_price=event.stop_price,
            owner=event.owner,
            reduce_only=event.reduce_only,
            role=event.role,
            reference=event.reference,
            created_ns=event.ts_ns,
        )
        return self._of(event, "submitted")

    def _accepted(self, event: OrderAccepted) -> ExecutionBody | None:
        order = self._orders.get(event.client_id)
        if order is not None:
            order.venue_id = event.venue_id
            return self._of(event, "accepted", held=event.held, ack_latency_ms=_ms(event.ts_ns - order.created_ns))
        return None

    def _rejected(self, event: OrderRejected) -> ExecutionBody | None:
        return self._ended(self._of(event, "rejected", error=f"{event.code}: {event.reason}"[:500]))

    def _unknown(self, event: OrderUnknown) -> ExecutionBody | None:
        return self._of(event, "unknown", error=event.reason[:500])

    def _triggered(self, event: OrderTriggered) -> ExecutionBody | None:
        return self._of(event, "triggered", released=event.released)

    def _amended(self, event: OrderAmended) -> ExecutionBody | None:
        order = self._orders.get(event.client_id)
        if order is None:
            return None
        order.price, order.stop_price, order.lots = event.price, event.stop_price, event.lots
        terms = self._instruments[order.symbol]
        stop = terms.price(event.stop_price) if event.stop_price else None
        return self._of(event, "amended", stop_price=stop, version=event.version, amendment=event.amendment)

    def _kept(self, event: CancelRejected) -> ExecutionBody | None:
        return self._of(event, "cancel_rejected", error=event.reason[:500])

    def _unchanged(self, event: AmendRejected) -> ExecutionBody | None:
        return self._of(event, "amend_rejected", error=event.reason[:500], amendment=event.amendment)

    def _filled(self, event: OrderFilled) -> ExecutionBody | None:
        order = self._orders.get(event.client_id)
        terms = self._instruments[event.symbol]
        fields: dict[str, Any] = {
            "price": terms.price(event.price),
            "quantity": terms.quantity(event.lots),
            "execution_id": event.fill_id,
            "fees": from_money(event.fee),
            "fee_asset": event.fee_asset,
            "realized_pnl": from_money(self._realised.pop(event.fill_id, 0)),
            "maker": event.liquidity is Liquidity.MAKER,
            "slippage": from_money(event.slippage),
        }
        if order is None:
            return None
        order.filled_lots += event.lots
        if order.reference:
            worse = (event.price - order.reference) * int(event.side)
            fields["slippage_bps"] = (Decimal(worse * 10_000) / order.reference).quantize(_TENTHS)
        whole = order.filled_lots >= order.lots
        told = self._of(event, "filled" if whole else "partially_filled", **fields)
        return self._ended(told) if whole else told

    def _cancelled(self, event: OrderCancelled) -> ExecutionBody | None:
        return self._ended(self._of(event, "cancelled", error=event.reason[:500]))

    def _expired(self, event: OrderExpired) -> ExecutionBody | None:
        return self._ended(self._of(event, "expired", error=event.reason[:500]))

    def _ended(self, told: ExecutionBody | None) -> ExecutionBody | None:
        # A late fill may still come: what ended is known for a while.
        if len(self._orders) > 20_000:
            del self._orders[next(iter(self._orders))]
        return told

    def _denied(self, event: OrderDenied) -> ExecutionBody | None:
        terms = self._instruments.get(event.symbol)
        if terms is None:
            return None
        return ExecutionBody(
            **_with_time(
                {
                    "order_id": "",
                    "client_id": "denied",
                    "symbol": event.symbol,
                    "side": _word(event.side),
                    "strategy": event.owner,
                    "status": "denied",
                    "price": terms.price(event.price) if event.price else None,
                    "quantity": terms.quantity(event.lots),
                    "mode": self._mode,
                    "run_id": self._run_id,
                    "error": f"{event.code}: {event.text}"[:500],
                    "event_time": event.ts_ns,
                }
            )
        )

    def _funding(self, event: FundingPaid) -> ExecutionBody | None:
        return self._of_account(event, event.symbol, "funding", event.funding_id, funding=from_money(event.amount))

    def _liquidated(self, event: PositionLiquidated) -> ExecutionBody | None:
        terms = self._instruments[event.symbol]
        return self._of_account(
            event,
            event.symbol,
            "liquidated",
            event.fill_id,
            side=_word(event.side),
            price=terms.price(event.price),
            quantity=terms.quantity(event.lots),
            fees=from_money(event.fee),
            fee_asset=event.fee_asset,
        )

    def _transferred(self, event: PositionTransferred) -> ExecutionBody | None:
        terms = self._instruments[event.symbol]
        return self._of_account(
            event,
            event.symbol,
            "transferred",
            f"transfer-{event.symbol}-{event.from_owner}-{event.ts_ns}"[:200],
            strategy=event.from_owner,
            to_strategy=event.to_owner,
            side=_word(event.lots),
            quantity=terms.quantity(abs(event.lots)),
            price=entry_price(terms, event.lots, event.cost),
        )

    def _of_account(self, event: Any, symbol: str, status: Any, id_: str, **fields: Any) -> ExecutionBody:
        told: dict[str, Any] = {
            "order_id": "",
            "client_id": "account",
            "symbol": symbol,
            "side": None,
            "strategy": "account",
            "price": None,
            "quantity": None,
            "execution_id": id_,
            "mode": self._mode,
            "run_id": self._run_id,
            "event_time": event.ts_ns,
        }
        return ExecutionBody(status=status, **_with_time(told | fields))


def _with_time(fields: dict[str, Any]) -> dict[str, Any]:
    fields["time"] = moment(fields.pop("event_time"))
    return fields


def _word(side: Any) -> SideWord:
    return "buy" if side > 0 else "sell"


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
    OrderFilled: ExecutionWriter._filled,
    OrderCancelled: ExecutionWriter._cancelled,
    OrderExpired: ExecutionWriter._expired,
    OrderDenied: ExecutionWriter._denied,
    FundingPaid: ExecutionWriter._funding,
    PositionLiquidated: ExecutionWriter._liquidated,
    PositionTransferred: ExecutionWriter._transferred,
}
