"""The order state machine: every transition is in this table or refused."""

from __future__ import annotations

from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReleased,
    OrderTriggered,
    OrderUnknown,
)
from workstation.core.timeframe import utc_text
from workstation.core.types import OrderState

OrderReport = (
    OrderAccepted
    | OrderRejected
    | OrderUnknown
    | OrderTriggered
    | OrderReleased
    | OrderFilled
    | OrderCancelled
    | OrderExpired
    | OrderAmended
    | CancelRejected
    | AmendRejected
)

SUBMITTED = OrderState.SUBMITTED
UNKNOWN = OrderState.UNKNOWN
HELD = OrderState.HELD
ACCEPTED = OrderState.ACCEPTED
TRIGGERED = OrderState.TRIGGERED
PARTIALLY_FILLED = OrderState.PARTIALLY_FILLED
FILLED = OrderState.FILLED
CANCELLED = OrderState.CANCELLED
EXPIRED = OrderState.EXPIRED
REJECTED = OrderState.REJECTED

UNANSWERED = (SUBMITTED, UNKNOWN)
WORKING = (ACCEPTED, TRIGGERED, PARTIALLY_FILLED)
_LIVE = (SUBMITTED, UNKNOWN, HELD, ACCEPTED, TRIGGERED, PARTIALLY_FILLED)

TRANSITIONS: dict[tuple[OrderState, type], OrderState] = {
    (SUBMITTED, OrderAccepted): ACCEPTED,
    (UNKNOWN, OrderAccepted): ACCEPTED,
    (ACCEPTED, OrderAccepted): ACCEPTED,
    (TRIGGERED, OrderAccepted): TRIGGERED,
    (PARTIALLY_FILLED, OrderAccepted): PARTIALLY_FILLED,
    (HELD, OrderTriggered): ACCEPTED,
    (HELD, OrderReleased): SUBMITTED,
    (SUBMITTED, OrderTriggered): TRIGGERED,
    (UNKNOWN, OrderTriggered): TRIGGERED,
    (ACCEPTED, OrderTriggered): TRIGGERED,
    (SUBMITTED, OrderAmended): ACCEPTED,
    (ACCEPTED, OrderAmended): ACCEPTED,
    (HELD, OrderAmended): HELD,
    (UNKNOWN, OrderAmended): ACCEPTED,
    (TRIGGERED, OrderAmended): TRIGGERED,
    (PARTIALLY_FILLED, OrderAmended): PARTIALLY_FILLED,
    **{(state, OrderUnknown): UNKNOWN for state in _LIVE},
    **{(state, OrderRejected): REJECTED for state in _LIVE if state is not PARTIALLY_FILLED},
    **{(state, OrderCancelled): CANCELLED for state in _LIVE},
    **{(state, OrderExpired): EXPIRED for state in _LIVE},
    **{(state, OrderFilled): PARTIALLY_FILLED for state in _LIVE},
    # Only the venue ends an order, and it may still execute one that we had given up: late fills count.
    (CANCELLED, OrderFilled): CANCELLED,
    (EXPIRED, OrderFilled): EXPIRED,
    (REJECTED, OrderFilled): REJECTED,
    (FILLED, OrderFilled): FILLED,
}
"""New state by state and report. What the report holds may change it, in the order manager: a first acceptance that
is ``held`` leads to HELD, a release to ACCEPTED; a live order with fills is PARTIALLY_FILLED, a complete one FILLED."""


def end_note(report: OrderUnknown | OrderCancelled | OrderExpired, good_till_ns: int) -> str:
    """Why an order is as it is, for a person. Of one that ended after its date, whoever ended it, the date is why."""
    dated = 0 < good_till_ns <= report.ts_ns and not isinstance(report, OrderUnknown)
    return f"good till {utc_text(good_till_ns)} UTC" if dated else report.reason
