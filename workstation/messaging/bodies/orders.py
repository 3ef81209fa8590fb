"""Orders and what becomes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from workstation.messaging.bodies.fields import Body, Moment, Price, Quantity, SideWord, Text, Word


class OrderBody(Body, frozen=True, kw_only=True):
    """An order on its way to the execution service. Sent twice, it acts once; late, it is refused."""

    id: Word
    """Of this message: what makes it act once."""
    client_id: Word
    symbol: Word
    type: Literal["market", "limit", "stop", "stop_limit", "take_profit", "take_profit_limit", "trailing_stop"]
    side: SideWord
    quantity: Quantity
    strategy: Word
    """Who owns the order and its position."""
    price: Price | None = None
    stop_price: Price | None = None
    trail: Annotated[Decimal | None, Meta(description="distance of a trailing stop in the quote asset")] = None
    time_in_force: Literal["gtc", "gtd", "ioc", "fok"] = "gtc"
    good_till: Moment | None = None
    """When an order with time in force ``gtd`` ends."""
    visible: Quantity | None = None
    """What the exchange's own iceberg shows at a time; without it all is shown."""
    post_only: bool = False
    reduce_only: bool = False
    role: Literal["entry", "exit", "protective_stop", "take_profit"] = "entry"
    parent_id: Annotated[str, Meta(max_length=100)] = ""
    oco_group: Annotated[str, Meta(max_length=100)] = ""
    reference: Price | None = None
    """The price that it was decided at, for slippage."""
    reason: Text = ""
    tag: Annotated[str, Meta(max_length=100)] = ""
    expires_at: Moment | None = None
    """Later it is refused; without it when it is older than ``execution.request_expiry_s``."""
    is_shadow: bool = False
    """For the paper run beside the venue alone."""
    panic: bool = False
    """A person closes a position: it passes a halt. It must be ``reduce_only``, never more than its owner holds."""


class CancelBody(Body, frozen=True, kw_only=True):
    """The wish that an order end."""

    id: Word
    client_id: Word
    reason: Text = ""
    expires_at: Moment | None = None
    is_shadow: bool = False


class AmendBody(Body, frozen=True, kw_only=True):
    """New terms of a working order; ``None`` leaves one as it is."""

    id: Word
    client_id: Word
    amendment: Annotated[int, Meta(ge=1, le=1_000_000_000, description="the sender's number of the change")]
    price: Price | None = None
    stop_price: Price | None = None
    quantity: Quantity | None = None
    expires_at: Moment | None = None
    is_shadow: bool = False


class QueryBody(Body, frozen=True, kw_only=True):
    """The question what became of an order."""

    id: Word
    client_id: Word
    asked_at: Moment
    is_shadow: bool = False


class KillBody(Body, frozen=True, kw_only=True):
    """The strategy core's kill switch is engaged, or released: the execution service follows it, however late."""

    id: Word
    engaged: bool
    reason: Text = ""
    flatten: bool = False
    """Close every position of the account."""
    is_shadow: bool = False


class ExecutionBody(Body, frozen=True, kw_only=True):
    """One step in the life of an order."""

    order_id: Annotated[str, Meta(max_length=100)]
    """The venue's."""
    client_id: Word
    symbol: Word
    side: SideWord | None
    strategy: Word
    status: Literal[
        "submitted",
        "accepted",
        "rejected",
        "denied",
        "triggered",
        "amended",
        "partially_filled",
        "filled",
        "cancelled",
        "expired",
        "unknown",
        "cancel_rejected",
        "amend_rejected",
        "funding",
        "liquidated",
        "transferred",
        "killed",
        "resumed",
    ]
    """``transferred``: the whole position went from ``strategy`` to ``to_strategy``; nothing was traded. ``killed`` and
    ``resumed`` are of the engine that tells: its kill switch."""
    time: Moment
    price: Price | None
    """Of the execution where there is one, else the order's limit."""
    quantity: Quantity | None
    """Of the execution where there is one, else the order's."""
    execution_id: Annotated[str, Meta(max_length=200)] = ""
    fees: Decimal = Decimal(0)
    fee_asset: Annotated[str, Meta(max_length=100)] = ""
    funding: Decimal = Decimal(0)
    realized_pnl: Decimal = Decimal(0)
    slippage: Decimal = Decimal(0)
    """Cost against the price that the order was decided at, in the settlement asset."""
    slippage_bps: Decimal | None = None
    maker: bool | None = None
    latency_ms: Decimal | None = None
    """From the decision to this."""
    ack_latency_ms: Decimal | None = None
    """From sending to the venue's answer."""
    mode: Literal["paper", "live", "backtest", "replay"]
    run_id: Word
    code: Annotated[str, Meta(max_length=100)] = ""
    """Why it was refused, in one word."""
    error: Text = ""
    reduce_only: bool = False
    held: bool = False
    """Accepted, but waiting for its parent to fill."""
    released: bool = False
    """Triggered because its parent filled."""
    stop_price: Price | None = None
    version: int = 0
    amendment: int = 0
    role: Literal["entry", "exit", "protective_stop", "take_profit"] | None = None
    """Of the order."""
    to_strategy: Annotated[str, Meta(max_length=100)] = ""


class PositionBody(Body, frozen=True, kw_only=True):
    """The account's position in one symbol."""

    symbol: Word
    quantity: Annotated[Decimal, Meta(description="signed")]
    average_price: Price | None
    mark_price: Price | None
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    by_strategy: dict[str, Decimal] = {}
