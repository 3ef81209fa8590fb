"""Requests of a strategy core as messages and back, and what an execution says to it as a venue's report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from workstation.core.clock import NEVER_NS
from workstation.core.errors import MessagingError
from workstation.core.instrument import Instrument
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    FollowKill,
    ForwardedRequest,
    FundingPaid,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
    OrderUnknown,
    PositionLiquidated,
    TakeAmendment,
    TakeCancel,
    TakeOrder,
    TakeQuery,
    VenueReport,
)
from workstation.core.money import to_money
from workstation.core.orders import AmendRequest, Approved, CancelRequest, Intent, KillRequest, QueryRequest
from workstation.core.types import Liquidity, OrderRole, OrderType, Side, TimeInForce
from workstation.messaging.bodies import AmendBody, CancelBody, ExecutionBody, KillBody, OrderBody, QueryBody
from workstation.messaging.moments import moment, nanoseconds

Instruments = Mapping[str, Instrument]
RequestBody = OrderBody | CancelBody | AmendBody | QueryBody | KillBody

MOST_DIGITS = 30
MOST_STEPS = 1 << 62
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def request_body(
    request: Approved | CancelRequest | AmendRequest | QueryRequest | KillRequest,
    symbol: str,
    instruments: Instruments,
    now_ns: int,
) -> RequestBody:
    """The message of a request; ``symbol`` is that of the order, where it is about one."""
    if isinstance(request, KillRequest):
        id_ = f"kill-{now_ns}-{request.engaged:d}{request.flatten:d}"
        return KillBody(id=id_, engaged=request.engaged, reason=request.reason[:500], flatten=request.flatten)
    client_id = request.client_id
    if isinstance(request, Approved):
        return _order_body(request, instruments[symbol])
    if isinstance(request, CancelRequest):
        return CancelBody(id=f"{client_id}-cancel-{now_ns}", client_id=client_id)
    if isinstance(request, AmendRequest):
        terms = instruments[symbol]
        return AmendBody(
            id=f"{client_id}-amend-{request.amendment}",
            client_id=client_id,
            amendment=request.amendment,
            price=_price(request.price, terms),
            stop_price=_price(request.stop_price, terms),
            quantity=terms.quantity(request.lots),
            expires_at=_moment(request.expires_ns),
        )
    return QueryBody(id=f"{client_id}-query-{request.asked_ns}", client_id=client_id, asked_at=moment(request.asked_ns))


def _order_body(request: Approved, terms: Instrument) -> OrderBody:
    intent = request.intent
    return OrderBody(
        id=f"{request.client_id}-order",
        client_id=request.client_id,
        symbol=intent.symbol,
        type=intent.type.value,
        side="buy" if intent.side is Side.BUY else "sell",
        quantity=terms.quantity(intent.lots),
        strategy=intent.owner,
        price=_price(intent.price, terms),
        stop_price=_price(intent.stop_price, terms),
        trail=_price(intent.trail, terms),
        time_in_force=intent.time_in_force.value,
        good_till=_moment(intent.good_till_ns),
        visible=terms.quantity(intent.visible_lots) if intent.visible_lots else None,
        post_only=intent.post_only,
        reduce_only=intent.reduce_only,
        role=intent.role.value,
        parent_id=intent.parent_id,
        oco_group=intent.oco_group,
        reference=_price(request.reference, terms),
        reason=intent.reason[:500],
        tag=intent.tag[:100],
        expires_at=_moment(request.expires_ns),
        panic=request.panic,
    )


def forwarded(body: RequestBody, symbol: str, instruments: Instruments, who: str, late_ns: int = 0) -> ForwardedRequest:
    """The engine's command of a message; ``symbol`` is that of the order where it is known here.

    An order or change that names no ``expires_at`` is refused after ``late_ns``; 0 is never. Raises ``MessagingError``
    for a symbol or step that this side does not know.
    """
    if isinstance(body, KillBody):
        return FollowKill(engaged=body.engaged, reason=body.reason, flatten=body.flatten, who=who)
    if isinstance(body, CancelBody):
        return TakeCancel(client_id=body.client_id, reason=body.reason, who=who)
    if isinstance(body, QueryBody):
        return TakeQuery(client_id=body.client_id, who=who)
    if isinstance(body, AmendBody) and not symbol:
        # An order that is not known here: the engine answers, whatever the new terms.
        return TakeAmendment(body.client_id, body.amendment, 0, 0, 0, who=who)
    terms = instruments.get(body.symbol if isinstance(body, OrderBody) else symbol)
    if terms is None:
        raise MessagingError(f"The order {body.client_id} was refused: its symbol is not configured here.")
    try:
        expires_ns = min(_nanoseconds(body.expires_at) or late_ns, NEVER_NS)
        if isinstance(body, AmendBody):
            return TakeAmendment(
                client_id=body.client_id,
                amendment=body.amendment,
                price=_ticks(body.price, terms),
                stop_price=_ticks(body.stop_price, terms),
                lots=_lots(body.quantity or Decimal(0), terms),
                expires_ns=expires_ns,
                who=who,
            )
        return TakeOrder(
            client_id=body.client_id,
            intent=_intent(body, terms),
            reference=_ticks(body.reference, terms),
            expires_ns=expires_ns,
            panic=body.panic,
            who=who,
        )
    except ValueError as error:
        raise MessagingError(f"The order {body.client_id} was refused: {error}") from None


def _intent(body: OrderBody, terms: Instrument) -> Intent:
    return Intent(
        symbol=body.symbol,
        side=_SIDES[body.side],
        lots=_lots(body.quantity, terms),
        type=OrderType(body.type),
        price=_ticks(body.price, terms),
        stop_price=_ticks(body.stop_price, terms),
        trail=_ticks(body.trail, terms),
        time_in_force=TimeInForce(body.time_in_force),
        good_till_ns=min(_nanoseconds(body.good_till), NEVER_NS),
        visible_lots=_lots(body.visible or Decimal(0), terms),
        post_only=body.post_only,
        reduce_only=body.reduce_only,
        role=OrderRole(body.role),
        owner=body.strategy,
        reason=body.reason,
        tag=body.tag,
        parent_id=body.parent_id,
        oco_group=body.oco_group,
    )


def venue_report(body: ExecutionBody, instruments: Instruments) -> VenueReport | None:
    """What an execution says to who sent the order; ``None`` for a step that its sender took itself.

    Raises ``MessagingError`` for a symbol or step that this side does not know.
    """
    reader = _REPORTS.get(body.status)
    if reader is None:
        return None
    try:
        return reader(body, nanoseconds(body.time), instruments)
    except (KeyError, ValueError) as error:
        raise MessagingError(f"An execution of {body.client_id} was refused: {error}.") from None


def told_kill(body: ExecutionBody) -> FollowKill | None:
    """What an execution says of the service's kill switch; ``None`` for every other one."""
    if body.status not in ("killed", "resumed"):
        return None
    return FollowKill(
        ts_ns=nanoseconds(body.time), engaged=body.status == "killed", reason=body.error, who="execution service"
    )


def _accepted(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return OrderAccepted(ts_ns=ts_ns, client_id=body.client_id, venue_id=body.order_id, held=body.held)


def _rejected(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return OrderRejected(ts_ns=ts_ns, client_id=body.client_id, code=body.code, reason=body.error)


def _unknown(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return OrderUnknown(ts_ns=ts_ns, client_id=body.client_id, reason=body.error)


def _triggered(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return OrderTriggered(ts_ns=ts_ns, client_id=body.client_id, released=body.released)


def _amended(body: ExecutionBody, ts_ns: int, instruments: Instruments) -> VenueReport:
    terms = instruments[body.symbol]
    return OrderAmended(
        ts_ns=ts_ns,
        client_id=body.client_id,
        price=_ticks(body.price, terms),
        stop_price=_ticks(body.stop_price, terms),
        lots=_lots(body.quantity or Decimal(0), terms),
        version=body.version,
        amendment=body.amendment,
    )


def _filled(body: ExecutionBody, ts_ns: int, instruments: Instruments) -> VenueReport:
    terms = instruments[body.symbol]
    return OrderFilled(
        ts_ns=ts_ns,
        client_id=body.client_id,
        fill_id=body.execution_id,
        symbol=body.symbol,
        side=_SIDES[body.side or ""],
        price=_ticks(body.price, terms),
        lots=_lots(body.quantity or Decimal(0), terms),
        fee=to_money(body.fees),
        fee_asset=body.fee_asset,
        liquidity=Liquidity.MAKER if body.maker else Liquidity.TAKER,
        slippage=to_money(body.slippage),
    )


def _cancelled(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return OrderCancelled(ts_ns=ts_ns, client_id=body.client_id, reason=body.error)


def _expired(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return OrderExpired(ts_ns=ts_ns, client_id=body.client_id, reason=body.error)


def _kept(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return CancelRejected(ts_ns=ts_ns, client_id=body.client_id, reason=body.error)


def _unchanged(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return AmendRejected(ts_ns=ts_ns, client_id=body.client_id, reason=body.error, amendment=body.amendment)


def _funding(body: ExecutionBody, ts_ns: int, _: Instruments) -> VenueReport:
    return FundingPaid(
        ts_ns=ts_ns,
        funding_id=body.execution_id,
        symbol=body.symbol,
        amount=to_money(body.funding),
        asset=body.fee_asset,
    )


def _liquidated(body: ExecutionBody, ts_ns: int, instruments: Instruments) -> VenueReport:
    terms = instruments[body.symbol]
    return PositionLiquidated(
        ts_ns=ts_ns,
        fill_id=body.execution_id,
        symbol=body.symbol,
        side=_SIDES[body.side or ""],
        price=_ticks(body.price, terms),
        lots=_lots(body.quantity or Decimal(0), terms),
        fee=to_money(body.fees),
        fee_asset=body.fee_asset,
    )


_REPORTS: dict[str, Callable[[ExecutionBody, int, Instruments], VenueReport]] = {
    "accepted": _accepted,
    "rejected": _rejected,
    "denied": _rejected,
    "unknown": _unknown,
    "triggered": _triggered,
    "amended": _amended,
    "partially_filled": _filled,
    "filled": _filled,
    "cancelled": _cancelled,
    "expired": _expired,
    "cancel_rejected": _kept,
    "amend_rejected": _unchanged,
    "funding": _funding,
    "liquidated": _liquidated,
}


def _price(ticks: int, terms: Instrument) -> Decimal | None:
    return terms.price(ticks) if ticks else None


def _ticks(price: Decimal | None, terms: Instrument) -> int:
    return _counted(price, terms.ticks) if price is not None else 0


def _lots(quantity: Decimal, terms: Instrument) -> int:
    return _counted(quantity, terms.lots)


def _counted(amount: Decimal, steps_of: Callable[[Decimal], int]) -> int:
    """Steps that the journal can hold; a number of a thousand digits is not even looked at."""
    steps = steps_of(amount) if abs(amount.adjusted()) < MOST_DIGITS else MOST_STEPS
    if abs(steps) >= MOST_STEPS:
        raise ValueError(f"{amount:E} is out of any range.")
    return steps


def _moment(ts_ns: int) -> str | None:
    return moment(ts_ns) if ts_ns else None


def _nanoseconds(text: Any) -> int:
    return nanoseconds(text) if text else 0
