"""What people and programs ask for."""

from __future__ import annotations

from typing import Any

import msgspec

from workstation.core.algorithms import ParentOrder
from workstation.core.brackets import BracketPlan
from workstation.core.orders import Intent
from workstation.core.types import TradingState


class Command(msgspec.Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """Something a person or a program asks for. ``who`` is journalled; ``ts_ns`` is stamped at the engine's door."""

    ts_ns: int = 0
    who: str = "desktop"


class PlaceOrder(Command, frozen=True, tag="C.place"):
    """Manual entry: goes through the same gate as a strategy's."""

    intent: Intent
    bracket: BracketPlan | None = None
    """The exits that the engine keeps for it."""


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


class FollowKill(Command, frozen=True, tag="C.follow_kill"):
    """The kill switch of the other half of a split engine is engaged, or released: this half follows it."""

    engaged: bool
    reason: str = ""
    flatten: bool = False


class FollowCrisis(Command, frozen=True, tag="C.follow_crisis"):
    """The account's crisis mode, of all its engines: this one is in it too. ``size_factor`` is a rate, 1e-8."""

    active: bool
    cause: str = ""
    size_factor: int = 100_000_000


class Resume(Command, frozen=True, tag="C.resume"):
    """Release the kill switch."""

    reason: str = ""


class Arm(Command, frozen=True, tag="C.arm"):
    """Allow live trading from now on. ``account`` is its name as somebody typed it."""

    account: str


class SetTradingState(Command, frozen=True, tag="C.trading_state"):
    state: TradingState
    reason: str = ""
    cause: str = ""
    """Who restricts, where it is no person: each cause is lifted by itself."""


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


class Reconcile(Command, frozen=True, tag="C.reconcile"):
    """Compare the account with the venue's now."""


class AcceptReconciliation(Command, frozen=True, tag="C.accept"):
    """Take over the venue's account where ours differs, as it was proposed."""

    reason: str = ""


class StartAlgorithm(Command, frozen=True, tag="C.start_algorithm"):
    """Work a parent order by child orders, each of which passes the gate."""

    order: ParentOrder


class PauseAlgorithm(Command, frozen=True, tag="C.pause_algorithm"):
    """Take its orders back until it is resumed."""

    algorithm_id: str


class ResumeAlgorithm(Command, frozen=True, tag="C.resume_algorithm"):
    algorithm_id: str


class CancelAlgorithm(Command, frozen=True, tag="C.cancel_algorithm"):
    """End it, and cancel its orders. An empty id means every one."""

    algorithm_id: str = ""


class LockOut(Command, frozen=True, tag="C.lock_out"):
    """Let only orders pass that reduce a position, until ``until_ns``, UTC."""

    until_ns: int
    reason: str = ""


class LiftLockout(Command, frozen=True, tag="C.lift_lockout"):
    """End a lock-out early; refused while it is fixed."""

    reason: str = ""


class TakeOrder(Command, frozen=True, tag="C.take_order"):
    """An order of a strategy core whose venue this engine is, under the id that it has there. The same id acts once."""

    client_id: str
    intent: Intent
    reference: int = 0
    """The price that it was decided at, ticks."""
    expires_ns: int = 0
    """What comes later is refused; 0 is never."""
    panic: bool = False
    """A person closes a position: it passes a halt."""


class TakeCancel(Command, frozen=True, tag="C.take_cancel"):
    client_id: str
    reason: str = ""


class TakeAmendment(Command, frozen=True, tag="C.take_amendment"):
    """New terms of such an order, 0 leaves one as it is; ``amendment`` is the sender's number of the change."""

    client_id: str
    amendment: int
    price: int
    stop_price: int
    lots: int
    expires_ns: int = 0


class TakeQuery(Command, frozen=True, tag="C.take_query"):
    """Whether such an order is known; what is known of it was told already."""

    client_id: str


class RefuseRequest(Command, frozen=True, tag="C.refuse_request"):
    """A forwarded order, or with ``amendment`` the change of one, that cannot be read as one: its sender is to hear."""

    client_id: str
    code: str
    reason: str
    amendment: int = 0


ForwardedRequest = TakeOrder | TakeCancel | TakeAmendment | TakeQuery | RefuseRequest | FollowKill
"""What a strategy core sends to the engine that is its venue."""


class EndSession(Command, frozen=True, tag="C.end_session"):
    """The session ends in order: entries are cancelled and none is made any more. Strategies go on with the next."""


AnyCommand = (
    PlaceOrder
    | CancelOrder
    | AmendOrder
    | CancelAll
    | Flatten
    | Kill
    | Resume
    | Arm
    | SetTradingState
    | StartStrategy
    | PauseStrategy
    | StopStrategy
    | SetParameters
    | TransferPosition
    | LiftThrottle
    | EndCrisis
    | FollowCrisis
    | Reconcile
    | AcceptReconciliation
    | StartAlgorithm
    | PauseAlgorithm
    | ResumeAlgorithm
    | CancelAlgorithm
    | LockOut
    | LiftLockout
)
