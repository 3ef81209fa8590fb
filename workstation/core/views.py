"""What screens, the ops API and reports read: small snapshots in exact units, made on request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from workstation.core.algorithms import AlgorithmState
from workstation.core.messages import Difference
from workstation.core.types import (
    Liquidity,
    Mode,
    OrderRole,
    OrderState,
    OrderType,
    Severity,
    Side,
    StrategyState,
    TradingState,
)


class OrderView(msgspec.Struct, frozen=True):
    client_id: str
    symbol: str
    owner: str
    side: Side
    type: OrderType
    role: OrderRole
    state: OrderState
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    average_price: Decimal | None
    reduce_only: bool
    created_ns: int
    updated_ns: int
    reason: str
    note: str
    in_doubt_since_ns: int = 0
    """0 unless its state is unknown."""
    price_ticks: int = 0
    lots: int = 0
    post_only: bool = False
    parent_id: str = ""
    """The entry whose exit it is."""
    tag: str = ""
    good_till_ns: int = 0
    """When a good-till-date order ends, UTC; 0 for any other."""
    visible: Decimal | None = None
    """What an iceberg of the venue's own shows at a time."""


class AlgorithmView(msgspec.Struct, frozen=True):
    """An execution algorithm: a parent order and how far it is."""

    algorithm_id: str
    kind: str
    """TWAP, iceberg or scaled order."""
    symbol: str
    owner: str
    side: Side
    state: AlgorithmState
    quantity: Decimal
    filled: Decimal
    working: Decimal
    """What of it may still fill at the venue."""
    average_price: Decimal | None
    price: Decimal | None
    """Where it rests; of a scaled order the first price, of a TWAP none."""
    steps: int
    """Slices that were due, orders that were shown."""
    steps_planned: int
    """0 where that is not known before."""
    next_ns: int
    """When its next slice is due, or its time is over; 0 when that does not depend on time."""
    started_ns: int
    changed_ns: int
    detail: str
    """Why it is paused, waits or has ended."""
    reduce_only: bool = False


class PositionView(msgspec.Struct, frozen=True):
    """One owner's part of a position."""

    symbol: str
    owner: str
    quantity: Decimal
    """Signed."""
    entry: Decimal
    mark: Decimal | None
    liquidation: Decimal | None
    """Mark price at which the venue closes it; 0 where there is none, ``None`` where the venue has not told it."""
    unrealised: Decimal
    realised: Decimal
    r_multiple: Decimal | None
    """``unrealised`` over what is held would lose at its first protective stop; ``None`` while it has had none."""
    stop_at_venue: Decimal | None
    """Price of the protective stop that rests at the venue."""
    value: Decimal
    opened_ns: int = 0
    stopped: Decimal = Decimal(0)
    """What of the quantity, unsigned, protective stops at the venue would close."""


class FillView(msgspec.Struct, frozen=True):
    fill_id: str
    client_id: str
    ts_ns: int
    symbol: str
    owner: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    realised: Decimal
    slippage: Decimal
    reason: str


class FundingView(msgspec.Struct, frozen=True):
    """A funding payment of the account."""

    funding_id: str
    ts_ns: int
    symbol: str
    amount: Decimal
    """Positive is received."""
    asset: str


class BalanceView(msgspec.Struct, frozen=True):
    asset: str
    amount: Decimal


class AccountView(msgspec.Struct, frozen=True):
    mode: Mode
    name: str
    venue: str
    currency: str
    equity: Decimal
    cash: Decimal
    realised: Decimal
    """Since the account began, fees and funding included in none of these three."""
    unrealised: Decimal
    fees: Decimal
    funding: Decimal
    day_result: Decimal
    day_percent: Decimal
    drawdown_percent: Decimal
    exposure_percent: Decimal
    trading_state: TradingState
    trading_reason: str
    killed: bool
    crisis: bool
    open_positions: int
    working_orders: int
    in_doubt: int
    running_strategies: int
    balances: tuple[BalanceView, ...] = ()
    locked_until_ns: int = 0
    """Until then only orders that reduce a position pass; 0 when nobody is locked out."""
    lock_fixed: bool = False
    """Nobody can lift that early."""


class LimitView(msgspec.Struct, frozen=True):
    """A limit and its use. ``use`` is 0 to 1 and beyond when it is passed."""

    name: str
    value: str
    limit: str
    use: float


class RiskView(msgspec.Struct, frozen=True):
    trading_state: TradingState
    reason: str
    until_ns: int
    killed: bool
    crisis: bool
    crisis_cause: str
    denied_today: int
    size_factor: Decimal
    limits: tuple[LimitView, ...]
    protections: tuple[tuple[str, str, int], ...]
    """Protection, owner ("" for all), until."""
    throttled: tuple[str, ...]
    """Owners that a person must re-enable."""


class ParameterView(msgspec.Struct, frozen=True):
    name: str
    kind: str
    value: Any
    default: Any
    minimum: Any
    maximum: Any
    step: Any
    unit: str
    help: str
    choices: tuple[str, ...]


class StrategyView(msgspec.Struct, frozen=True):
    name: str
    strategy: str
    title: str
    symbol: str
    timeframe: str
    state: StrategyState
    detail: str
    quantity: Decimal
    day_result: Decimal
    realised: Decimal
    parameters: tuple[ParameterView, ...]
    inner: tuple[tuple[str, str], ...] = ()
    """What it holds beside its parameters: names and values in words."""


class VerdictView(msgspec.Struct, frozen=True):
    """What the gate would say to an intent now, and what it would cost, in the account's currency."""

    allowed: bool
    code: str
    text: str
    value: str
    limit: str
    cost: Decimal
    fee: Decimal
    margin: Decimal
    """What it binds: nothing for what closes a position, all of its worth on spot."""
    risk: Decimal | None
    """Loss at the stop, if the intent has one."""
    maker: bool = False
    """Whether it is expected to rest; a negative fee is a rebate."""


class LogView(msgspec.Struct, frozen=True):
    ts_ns: int
    severity: Severity
    source: str
    text: str


class HealthView(msgspec.Struct, frozen=True):
    feed_age_ms: float
    """Of the stalest symbol."""
    messages_per_second: float
    order_to_acknowledgement_ms: float
    journal_records: int
    clock_offset_ms: float
    gaps: int
    messaging: str = ""
    """How the connection to NATS stands; empty where none is wanted."""


class StreamView(msgspec.Struct, frozen=True):
    """One stream of market data."""

    symbol: str
    kind: str
    messages_per_second: float
    age_s: float
    """Since its last message."""


class LatencyView(msgspec.Struct, frozen=True):
    """How long answered requests of the last minute took, and how many there were."""

    p50_ms: float
    max_ms: float
    count: int


class ConnectionView(msgspec.Struct, frozen=True):
    """How a session's connection to an exchange stands. Counts are since the start."""

    title: str
    streams: tuple[StreamView, ...] = ()
    gaps: int = 0
    resyncs: int = 0
    reconnects: int = 0
    trades_filled: int = 0
    """Missing on the stream and fetched."""
    trades_lost: int = 0
    clock_offset_ms: float = 0.0
    """The exchange's clock less ours."""
    account: str = ""
    """Of the account's stream: connected, or what is the matter; empty where prices only are taken."""
    limits: tuple[LimitView, ...] = ()
    blocked_until_ns: int = 0
    """The exchange takes no request before; 0 is now."""
    blocked_reason: str = ""
    dead_man: str = ""
    latency: LatencyView | None = None
    """Of requests; ``None`` where none was answered of late."""


class ReconciliationView(msgspec.Struct, frozen=True):
    """Whether our books and the venue's account agree."""

    reconciles: bool
    """False for a simulated venue, whose account is the engine's own."""
    agreed_ns: int
    """When they agreed last; 0 before."""
    differences: tuple[Difference, ...]
    comparing: bool = False
    """Whether the venue was asked and has not answered yet."""


class SessionStart(msgspec.Struct, frozen=True):
    """How a session began: what it took over from the one before."""

    ts_ns: int
    number: int
    follows: int
    """The session before; 0 when there was none."""
    in_order: bool
    """Whether that one ended in order. One that was cut off is brought back from its records."""
    open_orders: int
    positions: int


class ArmingView(msgspec.Struct, frozen=True):
    """How live trading is armed. ``until_ns`` 0 means that it never disarms itself; ``soon``: it will in minutes."""

    armed: bool
    armed_ns: int
    until_ns: int
    soon: bool
    who: str


class ViewsChanged(msgspec.Struct, frozen=True):
    """Told by a remote engine's mirror: views are newer than those that were read, these orders among them."""

    client_ids: tuple[str, ...] = ()


class CommandAnswered(msgspec.Struct, frozen=True):
    """What became of a command that took a while, as one to a remote engine does."""

    text: str
    good: bool
