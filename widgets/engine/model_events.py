"""Which events of an engine change what panels show."""

from __future__ import annotations

from workstation.core.messages import (
    AccountAdjusted,
    AlgorithmAdvanced,
    AlgorithmChanged,
    AlgorithmStarted,
    AmendRequested,
    ArmingChanged,
    CancelRejected,
    CancelRequested,
    FundingPaid,
    KillSwitchChanged,
    LockoutChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
    PositionTransferred,
    StrategyChanged,
    TradingStateChanged,
)

ORDER_EVENTS = (
    OrderSubmitted,
    OrderAccepted,
    OrderRejected,
    OrderUnknown,
    OrderReleased,
    OrderTriggered,
    OrderFilled,
    OrderCancelled,
    OrderExpired,
    OrderAmended,
    CancelRejected,
    CancelRequested,
    AmendRequested,
)
STATE_EVENTS = (
    TradingStateChanged,
    KillSwitchChanged,
    ArmingChanged,
    StrategyChanged,
    PositionTransferred,
    FundingPaid,
    AccountAdjusted,
    AlgorithmStarted,
    AlgorithmAdvanced,
    AlgorithmChanged,
    LockoutChanged,
)
