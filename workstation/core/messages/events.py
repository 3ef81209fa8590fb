"""What the engine itself decides and notices."""

from __future__ import annotations

from typing import Any

import msgspec

from workstation.core.algorithms import AlgorithmState, ParentOrder
from workstation.core.brackets import BracketPlan
from workstation.core.messages.event import Event
from workstation.core.messages.reports import HeldPosition, RestingOrder
from workstation.core.orders import Intent
from workstation.core.types import OrderRole, OrderType, Severity, Side, StrategyState, TimeInForce, TradingState


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
    venue_reduces: bool
    """The venue was told that it only reduces."""
    role: OrderRole
    owner: str
    reason: str
    parent_id: str
    oco_group: str
    reference: int
    """Reference price of the gate, ticks; slippage is measured against it."""
    expires_ns: int
    tag: str = ""
    good_till_ns: int = 0
    visible_lots: int = 0


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
    client_id: str = ""
    """The order's, where it was named before it came to the gate."""


class CancelRequested(Event, frozen=True):
    client_id: str
    reason: str = ""


class AmendRequested(Event, frozen=True):
    client_id: str
    price: int
    stop_price: int
    lots: int
    amendment: int
    """Counts the changes of one order from 1."""
    expires_ns: int


class ReplacementPlanned(Event, frozen=True):
    """Once the order has ended, a new one takes its place with what is left. Journalled before the cancel leaves."""

    client_id: str
    """The old order's."""
    intent: Intent
    lots: int
    """The size of both together."""


class ReplacementEnded(Event, frozen=True):
    """The plan to replace an order was carried out ``by`` a new one, or is no longer wanted for a ``reason``."""

    client_id: str
    by: str = ""
    reason: str = ""


class OrderDue(Event, frozen=True):
    """An order that the engine holds leaves once the orders ``after`` which it comes have ended."""

    client_id: str
    after: tuple[str, ...]
    reason: str


class AlgorithmStarted(Event, frozen=True):
    """From here on a parent order is worked; ``seed`` decides what of its plan is random."""

    algorithm_id: str
    order: ParentOrder
    seed: int
    who: str


class AlgorithmAdvanced(Event, frozen=True):
    """How far its plan has been begun; journalled with the orders that follow from it."""

    algorithm_id: str
    step: int
    """Slices that were due, orders that were shown."""
    delay_ns: int
    """By how much it is behind its plan, for it was paused or the engine was off."""


class AlgorithmChanged(Event, frozen=True):
    """It was paused, goes on, or has ended."""

    algorithm_id: str
    state: AlgorithmState
    reason: str = ""


class BracketBegun(Event, frozen=True):
    """The engine keeps the exits of an entry, which comes next."""

    bracket_id: str
    symbol: str
    owner: str
    side: Side
    plan: BracketPlan


class BracketChanged(Event, frozen=True):
    """Exits of a bracket stay away, or it is over, for the reason ``ended``."""

    bracket_id: str
    dropped: tuple[int, ...]
    """1 is the stop, then the targets."""
    ended: str = ""


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
    flatten: bool = False


class ArmingChanged(Event, frozen=True):
    """Live trading was armed, or disarmed itself; also told when a session begins."""

    armed: bool
    armed_ns: int
    """When it was armed last."""
    until_ns: int
    """When it disarms itself; 0 means never."""
    who: str


class LockoutChanged(Event, frozen=True):
    """New risk is locked out until ``until_ns``; 0 says that it is over."""

    until_ns: int
    fixed: bool
    """Nobody can lift it early, whatever the configuration says later."""
    reason: str
    who: str


class CrisisChanged(Event, frozen=True):
    active: bool
    cause: str
    account: bool = False
    """The crisis mode of the account across its engines, which is lifted there."""
    size_factor: int = 100_000_000
    """The account's, 1e-8; the engine's own is in its settings."""


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
    prices: dict[str, int]
    """Last price of each symbol, ticks, that a restart values positions at until the market tells new ones."""


class PeakReached(Event, frozen=True):
    """The account's highest equity has risen well above what was last told: drawdown counts from here."""

    equity: int


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


class OrderAdopted(Event, frozen=True):
    """An order of the account that this engine did not place; it belongs to *external*, or to the owner in whose name
    the execution service took it."""

    order: RestingOrder


class AccountRead(Event, frozen=True):
    """The account at the venue was read: executions up to these are known."""

    known_fills: dict[str, tuple[str, int]]
    """By symbol: id and time of the last one."""
    seen: tuple[str, ...] = ()
    """Ids of what happened before the books began: it is in what they began with."""


class Difference(msgspec.Struct, frozen=True, gc=False):
    """A line of a reconciliation, written for a person."""

    what: str
    ours: str
    theirs: str
    proposed: str


class AccountDiffers(Event, frozen=True):
    """The venue's account and ours differ beyond what can be explained; trading is halted. Empty: they agree again."""

    differences: tuple[Difference, ...]


class AccountAdjusted(Event, frozen=True):
    """Our books were brought to the venue's: amounts were booked, and positions of their owners, mostly *external*."""

    amounts: dict[str, int]
    positions: tuple[HeldPosition, ...]
    worth: int
    """What it added to the equity: a transfer is no profit and no loss."""
    reason: str
    who: str


EngineEvent = (
    OrderSubmitted
    | OrderDenied
    | CancelRequested
    | AmendRequested
    | ReplacementPlanned
    | ReplacementEnded
    | OrderDue
    | BracketBegun
    | BracketChanged
    | AlgorithmStarted
    | AlgorithmAdvanced
    | AlgorithmChanged
    | TradingStateChanged
    | KillSwitchChanged
    | ArmingChanged
    | LockoutChanged
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
    | PeakReached
    | BookGap
    | OrderAdopted
    | AccountRead
    | AccountDiffers
    | AccountAdjusted
    | LogLine
)
