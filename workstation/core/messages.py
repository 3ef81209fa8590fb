"""Every message of the engine: a closed union of inputs (market, clock, commands) and of outputs (events).

Inputs are what the kernel's one door, ``Kernel.dispatch``, accepts; each carries ``ts_ns``, the UTC nanosecond at
which it reached the engine. The same inputs in the same order give the same outputs. Prices are ticks, quantities
lots, money and rates 1e-8.
"""

from __future__ import annotations

from typing import Any

import msgspec

from workstation.core.orders import Intent
from workstation.core.types import (
    Liquidity,
    OrderRole,
    OrderState,
    OrderType,
    Severity,
    Side,
    StrategyState,
    TimeInForce,
    TradingState,
)

Levels = tuple[tuple[int, int], ...]
"""Pairs of price in ticks and total quantity in lots; quantity 0 removes the level."""


# --- Market inputs ---------------------------------------------------------------------------------------------------


class Trade(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="T"):
    """A public trade. ``side`` is the aggressor's."""

    symbol: str
    ts_ns: int
    price: int
    lots: int
    side: Side
    trade_id: int


class BookSnapshot(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="S"):
    """The whole book, best levels first."""

    symbol: str
    ts_ns: int
    sequence: int
    bids: Levels
    asks: Levels


class BookDelta(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="D"):
    """Changed levels. It applies only to the book whose sequence is ``previous_sequence``; anything else is a gap."""

    symbol: str
    ts_ns: int
    previous_sequence: int
    sequence: int
    bids: Levels
    asks: Levels


class Bar(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="B"):
    """A closed bar; ``ts_ns`` is its close, which is the open of the next."""

    symbol: str
    ts_ns: int
    interval_ns: int
    open: int
    high: int
    low: int
    close: int
    lots: int

    @property
    def open_ns(self) -> int:
        return self.ts_ns - self.interval_ns


class History(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="Y"):
    """Closed bars from before the session, oldest first, that warm up charts and strategies. Nothing trades on them."""

    symbol: str
    ts_ns: int
    interval_ns: int
    bars: tuple[tuple[int, int, int, int, int, int], ...]
    """Close time in nanoseconds, open, high, low, close in ticks, volume in lots."""


class MarkPrice(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="M"):
    symbol: str
    ts_ns: int
    price: int


class FundingRate(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="F"):
    """Funding falls due now: longs pay ``rate`` of their notional at the mark price to shorts."""

    symbol: str
    ts_ns: int
    rate: int
    price: int


class FeedStatus(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="X"):
    """The feed of a symbol went down or came back. An empty symbol means every symbol."""

    symbol: str
    ts_ns: int
    connected: bool
    detail: str


class ClockOffset(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="K"):
    """Measured difference between the venue's clock and ours."""

    ts_ns: int
    offset_ns: int


class Heartbeat(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="H"):
    """Time passed without other input; fires what is due."""

    ts_ns: int


MarketInput = (
    Trade | BookSnapshot | BookDelta | Bar | History | MarkPrice | FundingRate | FeedStatus | ClockOffset | Heartbeat
)


# --- Commands --------------------------------------------------------------------------------------------------------


class Command(msgspec.Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """Something a person or a program asks for. ``who`` is journalled; ``ts_ns`` is stamped at the engine's door."""

    ts_ns: int = 0
    who: str = "desktop"


class PlaceOrder(Command, frozen=True, tag="C.place"):
    """Manual entry: goes through the same gate as a strategy's."""

    intent: Intent


class CancelOrder(Command, frozen=True, tag="C.cancel"):
    client_id: str


class AmendOrder(Command, frozen=True, tag="C.amend"):
    """Move a working order. ``None`` leaves a field as it is."""

    client_id: str
    price: int | None = None
    stop_price: int | None = None
    lots: int | None = None


class CancelAll(Command, frozen=True, tag="C.cancel_all"):
    """Cancel working orders of a symbol (or of all, when empty). Protective stops are kept unless asked for."""

    symbol: str = ""
    include_protective: bool = False


class Flatten(Command, frozen=True, tag="C.flatten"):
    """Close the position of a symbol (or of all, when empty) at the market, after cancelling what rests there."""

    symbol: str = ""
    owner: str = ""
    """Only this owner's part of the position; empty means every owner's."""


class Kill(Command, frozen=True, tag="C.kill"):
    """Latch the kill switch: halt, cancel entries, and flatten when asked to."""

    reason: str = ""
    flatten: bool = False


class Resume(Command, frozen=True, tag="C.resume"):
    """Release the kill switch."""

    reason: str = ""


class SetTradingState(Command, frozen=True, tag="C.trading_state"):
    state: TradingState
    reason: str = ""


class StartStrategy(Command, frozen=True, tag="C.start"):
    strategy: str


class PauseStrategy(Command, frozen=True, tag="C.pause"):
    """No new entries; exits go on. An empty name means every running strategy."""

    strategy: str = ""


class StopStrategy(Command, frozen=True, tag="C.stop"):
    """Stop calling it; its entries are cancelled, its protective stops stay."""

    strategy: str


class SetParameters(Command, frozen=True, tag="C.parameters"):
    strategy: str
    values: dict[str, Any]


class TransferPosition(Command, frozen=True, tag="C.transfer"):
    """Take a position over from a strategy (``to_owner`` manual) or hand it back; orders on it move with it."""

    symbol: str
    from_owner: str
    to_owner: str
    reason: str


class LiftThrottle(Command, frozen=True, tag="C.lift_throttle"):
    """Re-enable an owner that the repeated-execution throttle stopped."""

    owner: str


class EndCrisis(Command, frozen=True, tag="C.end_crisis"):
    """A person ends crisis mode."""

    reason: str = ""


AnyCommand = (
    PlaceOrder
    | CancelOrder
    | AmendOrder
    | CancelAll
    | Flatten
    | Kill
    | Resume
    | SetTradingState
    | StartStrategy
    | PauseStrategy
    | StopStrategy
    | SetParameters
    | TransferPosition
    | LiftThrottle
    | EndCrisis
)
Input = MarketInput | AnyCommand


# --- Reports of a venue about an order -------------------------------------------------------------------------------


class Event(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="event", kw_only=True):
    """Base of every output. ``ts_ns`` is the engine's time, UTC nanoseconds."""

    ts_ns: int


class OrderAccepted(Event, frozen=True):
    client_id: str
    venue_id: str
    held: bool = False
    """Accepted but waiting for its parent to fill."""


class OrderRejected(Event, frozen=True):
    client_id: str
    code: str
    reason: str


class OrderUnknown(Event, frozen=True):
    """The request got no answer: the venue may or may not have the order."""

    client_id: str
    reason: str


class OrderTriggered(Event, frozen=True):
    """A stop's or take-profit's condition was met, or a held child became live (``released``)."""

    client_id: str
    released: bool = False


class OrderFilled(Event, frozen=True):
    """One execution. ``fill_id`` is the venue's and makes booking idempotent. A negative fee is a rebate."""

    client_id: str
    fill_id: str
    symbol: str
    side: Side
    price: int
    lots: int
    fee: int
    fee_asset: str
    liquidity: Liquidity
    slippage: int = 0
    """Cost against the reference price at submission, 1e-8 of the settlement asset; negative is an improvement."""


class OrderCancelled(Event, frozen=True):
    client_id: str
    reason: str = ""


class OrderExpired(Event, frozen=True):
    """Ended by the venue: IOC or FOK remainder, post-only that would take, expiry of the request."""

    client_id: str
    reason: str = ""


class OrderAmended(Event, frozen=True):
    client_id: str
    price: int
    stop_price: int
    lots: int


class CancelRejected(Event, frozen=True):
    """The venue refused a cancel or an amendment."""

    client_id: str
    reason: str


class OrderStatus(Event, frozen=True):
    """The venue's answer to a query: everything it knows of the order, or that it has no such order."""

    client_id: str
    found: bool
    asked_ns: int
    """When the query left: what it did not find may still have been on its way."""
    state: OrderState = OrderState.UNKNOWN
    venue_id: str = ""
    fills: tuple[OrderFilled, ...] = ()
    lots: int = 0
    """Its terms as the venue has them, where it tells; 0 lots tells nothing."""
    price: int = 0
    stop_price: int = 0


class FundingPaid(Event, frozen=True):
    """Funding booked on the account's position; positive is received. ``funding_id`` makes it idempotent."""

    funding_id: str
    symbol: str
    amount: int
    asset: str


class PositionLiquidated(Event, frozen=True):
    """The venue closed a position for lack of margin, at ``price``, charging ``fee``."""

    fill_id: str
    symbol: str
    side: Side
    price: int
    lots: int
    fee: int
    fee_asset: str


class RestingOrder(msgspec.Struct, frozen=True, gc=False):
    """An open order as the venue lists it. ``client_id`` is what the venue knows it by, ours or somebody else's."""

    client_id: str
    venue_id: str
    symbol: str
    side: Side
    type: OrderType
    lots: int
    filled_lots: int
    price: int
    stop_price: int
    reduce_only: bool


class HeldPosition(msgspec.Struct, frozen=True, gc=False):
    """A derivative's position as the venue has it: signed lots and the value they were entered at, 1e-8."""

    symbol: str
    lots: int
    cost: int
    liquidation: int = 0
    """The venue's own liquidation price in ticks; 0 when it tells none."""


class AccountSnapshot(Event, frozen=True):
    """The account as the venue sees it. A part that could not be asked for is ``None``: no news, not "nothing".

    The parts are asked for in the order orders, positions, balances, fills, so that a fill that came in between is
    among ``fills``, which are those since the last known one of each symbol, oldest first, also foreign ones.
    """

    asked_ns: int
    """When the first question left."""
    orders: tuple[RestingOrder, ...] | None = None
    positions: tuple[HeldPosition, ...] | None = None
    balances: dict[str, int] | None = None
    """Everything the account owns of each asset, what orders lock included, 1e-8 of the asset."""
    fills: tuple[OrderFilled, ...] | None = None
    funding: tuple[FundingPaid, ...] = ()
    liquidations: tuple[PositionLiquidated, ...] = ()


VenueReport = (
    OrderAccepted
    | OrderRejected
    | OrderUnknown
    | OrderTriggered
    | OrderFilled
    | OrderCancelled
    | OrderExpired
    | OrderAmended
    | CancelRejected
    | OrderStatus
    | FundingPaid
    | PositionLiquidated
    | AccountSnapshot
)


# --- The engine's own events -----------------------------------------------------------------------------------------


class OrderSubmitted(Event, frozen=True):
    """Approved and journalled; it is sent after this record is on disk."""

    client_id: str
    symbol: str
    side: Side
    type: OrderType
    lots: int
    price: int
    stop_price: int
    trail: int
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    role: OrderRole
    owner: str
    reason: str
    parent_id: str
    oco_group: str
    reference: int
    """Reference price of the gate, ticks; slippage is measured against it."""
    expires_ns: int
    tag: str = ""


class OrderDenied(Event, frozen=True):
    """The gate refused an intent; nothing was sent. ``value`` and ``limit`` are written for a person."""

    owner: str
    symbol: str
    side: Side
    lots: int
    price: int
    code: str
    text: str
    value: str = ""
    limit: str = ""


class CancelRequested(Event, frozen=True):
    client_id: str
    reason: str = ""


class AmendRequested(Event, frozen=True):
    client_id: str
    price: int
    stop_price: int
    lots: int


class TradingStateChanged(Event, frozen=True):
    state: TradingState
    reason: str
    until_ns: int = 0
    """When it lifts by itself; 0 means a person must."""


class KillSwitchChanged(Event, frozen=True):
    engaged: bool
    reason: str
    who: str
    cancelled: int = 0
    kept_stops: int = 0


class CrisisChanged(Event, frozen=True):
    active: bool
    cause: str


class ProtectionTriggered(Event, frozen=True):
    """A protection pauses entries of an owner (or of all, when empty) until ``until_ns``."""

    protection: str
    owner: str
    until_ns: int
    detail: str


class StrategyChanged(Event, frozen=True):
    strategy: str
    state: StrategyState
    detail: str = ""


class ParametersChanged(Event, frozen=True):
    strategy: str
    values: dict[str, Any]
    who: str


class StrategyStateSaved(Event, frozen=True):
    """What a strategy asked to survive a restart."""

    strategy: str
    state: dict[str, Any]


class SignalEmitted(Event, frozen=True):
    """A strategy's judgement with its parts, for the chart and the journal."""

    strategy: str
    symbol: str
    side: Side
    confidence: float
    parts: dict[str, float]
    price: int
    text: str = ""


class PositionTransferred(Event, frozen=True):
    symbol: str
    from_owner: str
    to_owner: str
    lots: int
    cost: int
    reason: str
    who: str


class CommandReceived(Event, frozen=True):
    """What a person or a program asked for, before it is carried out."""

    who: str
    command: str
    body: dict[str, Any]


class EquitySampled(Event, frozen=True):
    """Account equity in 1e-8 of the account's currency, taken each minute and at each fill."""

    equity: int
    cash: int
    realised: int
    unrealised: int
    exposure: int


class DayStarted(Event, frozen=True):
    """A new UTC day with the equity it started from."""

    equity: int


class BookGap(Event, frozen=True):
    symbol: str
    expected: int
    got: int
    count: int


class LogLine(Event, frozen=True):
    severity: Severity
    source: str
    text: str


EngineEvent = (
    OrderSubmitted
    | OrderDenied
    | CancelRequested
    | AmendRequested
    | TradingStateChanged
    | KillSwitchChanged
    | CrisisChanged
    | ProtectionTriggered
    | StrategyChanged
    | ParametersChanged
    | StrategyStateSaved
    | SignalEmitted
    | PositionTransferred
    | CommandReceived
    | EquitySampled
    | DayStarted
    | BookGap
    | LogLine
)
Output = VenueReport | EngineEvent
