"""What travels in an envelope: one class a message, decimals as strings, times as RFC 3339 in UTC.

The names are the wire's own and part of its contract: a client in any language reads them with a JSON parser alone.
Prices are in the quote asset, quantities in the base asset (inverse: in contracts), money in the asset that the field
or its neighbour names. ``None`` says that there is nothing to tell. Unknown fields are ignored.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=500)]
Word = Annotated[str, Meta(min_length=1, max_length=100)]
"""A symbol, an owner, an id."""
Moment = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$",
        max_length=30,
        description="RFC 3339 in UTC, to the nanosecond",
        extra_json_schema={"format": "date-time"},
    ),
]
Price = Annotated[Decimal, Meta(description="in the quote asset")]
Quantity = Annotated[Decimal, Meta(description="in the base asset, or contracts of an inverse perpetual")]
Level = tuple[Price, Quantity]
Levels = Annotated[tuple[Level, ...], Meta(max_length=20_000)]
SideWord = Literal["buy", "sell"]


class Body(Struct, frozen=True, kw_only=True):
    """Base of what an envelope holds."""


# --- The market -------------------------------------------------------------------------------------------------------


class MarketData(Body, frozen=True, kw_only=True):
    """The state of one symbol, enriched, whenever it has changed."""

    symbol: Word
    best_bid: Price | None
    best_ask: Price | None
    bid_size: Quantity | None
    ask_size: Quantity | None
    last_price: Price | None
    last_side: SideWord | None
    last_size: Quantity | None
    mark_price: Price | None
    funding_rate: Decimal | None
    order_flow_imbalance: Annotated[Decimal, Meta(description="(bought - sold) / both over the last minute, -1 to 1")]


class TradeBody(Body, frozen=True, kw_only=True):
    """A public trade. ``side`` is the aggressor's."""

    symbol: Word
    trade_id: int
    price: Price
    quantity: Quantity
    side: SideWord
    time: Moment


class BookSnapshotBody(Body, frozen=True, kw_only=True):
    """The whole book, best levels first."""

    symbol: Word
    sequence: int
    bids: Levels
    asks: Levels
    time: Moment


class BookDeltaBody(Body, frozen=True, kw_only=True):
    """Changed levels; quantity 0 removes one. Applies only to the book whose sequence is ``previous_sequence``."""

    symbol: Word
    previous_sequence: int
    sequence: int
    bids: Levels
    asks: Levels
    time: Moment


class BarBody(Body, frozen=True, kw_only=True):
    """A closed bar."""

    symbol: Word
    timeframe: Word
    open_time: Moment
    close_time: Moment
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Quantity


class MarkBody(Body, frozen=True, kw_only=True):
    """A perpetual's mark price."""

    symbol: Word
    price: Price
    time: Moment


class FundingBody(Body, frozen=True, kw_only=True):
    """Funding falls due: longs pay ``rate`` of their notional at ``price`` to shorts."""

    symbol: Word
    rate: Decimal
    price: Price | None
    time: Moment


class OpenInterestBody(Body, frozen=True, kw_only=True):
    """The contracts of a perpetual that are open, every one counted once."""

    symbol: Word
    quantity: Quantity
    time: Moment


class FeedBody(Body, frozen=True, kw_only=True):
    """The feed of a symbol went down or came back; an empty symbol means every symbol."""

    symbol: Annotated[str, Meta(max_length=100)]
    connected: bool
    detail: Text
    time: Moment


class MarketRequestBody(Body, frozen=True, kw_only=True):
    """Asks the feed handler for a symbol as it stands, by who joins late or has missed something."""

    symbol: Word
    bars: dict[str, Annotated[int, Meta(ge=0, le=20_000)]] = {}
    """How many closed bars of each timeframe."""
    figures: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """How many values of open interest, and of funding, at most."""


BarRow = tuple[Moment, Price, Price, Price, Price, Quantity]
"""Close time, open, high, low, close, volume."""


class MarketAnswerBody(Body, frozen=True, kw_only=True):
    """A symbol as it stands after the messages that ``numbers`` names, by subject; later ones are to be applied."""

    symbol: Word
    numbers: dict[str, int]
    connected: bool
    book: BookSnapshotBody | None
    mark_price: Price | None
    last_price: Price | None
    bars: dict[str, tuple[BarRow, ...]]
    """Oldest first."""
    open_interest: tuple[tuple[Moment, Quantity], ...] = ()
    fundings: tuple[tuple[Moment, Decimal], ...] = ()
    """When each fell due, and its rate."""


MarketBody = (
    TradeBody | BookSnapshotBody | BookDeltaBody | BarBody | MarkBody | FundingBody | OpenInterestBody | FeedBody
)


# --- Orders and what becomes of them ----------------------------------------------------------------------------------


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


# --- Risk, performance, control ---------------------------------------------------------------------------------------


class LimitBody(Struct, frozen=True, kw_only=True):
    """A limit and the share of it that is used: 0 to 1, and beyond when it is passed."""

    name: Word
    value: Text
    limit: Text
    use: float


class RiskCommandBody(Body, frozen=True, kw_only=True):
    """What somebody asks of the risk state. Past ``deadline`` it is refused; the same ``id`` acts once."""

    id: Word
    command: Literal["kill", "resume", "reduce", "activate", "end_crisis"]
    who: Word
    why: Text
    deadline: Moment
    flatten: bool = False


class RiskStateBody(Body, frozen=True, kw_only=True):
    """The account across all engines."""

    trading_state: Literal["active", "reducing", "halted"]
    reason: Text
    killed: bool
    crisis_mode: bool
    crisis_cause: Text
    consecutive_losses: int
    drawdown: Annotated[Decimal, Meta(description="share of the highest equity, 0 to 1")]
    volatility: Annotated[Decimal | None, Meta(description="of minute returns over the last hour, a share a minute")]
    position_size_factor: Decimal
    equity: Decimal
    currency: Word
    limits: tuple[LimitBody, ...]
    engines: dict[str, str]
    """Each engine's session and its own trading state."""
    flatten: bool = False
    """Whether the kill asked for positions to be closed."""


class MetricsBody(Body, frozen=True, kw_only=True):
    """Performance after a fill or at a minute."""

    equity: Decimal
    cash: Decimal
    exposure: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    funding: Decimal
    currency: Word
    cause: Literal["fill", "minute"]
    by_strategy: dict[str, Decimal] = {}
    engine: Annotated[str, Meta(max_length=100)] = ""
    """Whose part of the account this is, the same after a restart; engines that share one account differ in it."""


class ReportBody(Body, frozen=True, kw_only=True):
    """The reporter's summary of a period."""

    period: Word
    strategy: Annotated[str, Meta(max_length=100)]
    """Empty: of all."""
    total_trades: int
    """Round trips that were closed in the period."""
    win_rate: Decimal | None
    total_pnl: Annotated[Decimal, Meta(description="realized, less fees, with funding")]
    max_drawdown: Annotated[Decimal, Meta(description="share of the highest equity, 0 to 1")]
    sharpe_ratio: Decimal | None
    profit_factor: Decimal | None
    expectancy: Decimal | None
    maker_share: Decimal | None
    slippage: Decimal
    fees: Decimal
    currency: Word
    symbol: Annotated[str, Meta(max_length=100)] = ""
    """Empty: of all."""
    funding: Decimal = Decimal(0)
    fills: int = 0


class ReplayCommandBody(Body, frozen=True, kw_only=True):
    """Moves a replay."""

    id: Word
    command: Literal["play", "pause", "seek", "speed", "step"]
    deadline: Moment
    to: Moment | None = None
    speed: Decimal | None = None


class ConfigReloadBody(Body, frozen=True, kw_only=True):
    """The configuration's file was changed: processes whose hash is another one run with an older configuration."""

    hash: Word
    """SHA-256 of the text of the new file."""
    who: Word
    before: Text = ""
    """Of the file that it replaces."""
    profile: Text = ""
    """The profile with which ``changes`` were found."""
    changes: tuple[Word, ...] = ()
    """Settings that are not as before, by their path."""


class ServiceHealthBody(Body, frozen=True, kw_only=True):
    """How a service is."""

    service: Word
    state: Literal["starting", "running", "degraded", "stopping"]
    detail: Text
    version: Word
    started: Moment
    messages: int
    refused: int
    """Malformed messages since the start."""
    gaps: int
    lag_ms: Decimal | None = None
    configuration: Text = ""
    """SHA-256 of the text of the configuration's file with which it runs."""
    waiting: Text = ""
    """Of a newer one, which waits for its restart."""


class EngineRequestBody(Body, frozen=True, kw_only=True):
    """Asks an engine for a view, or commands it. Past ``deadline`` it is refused; a command's ``id`` acts once."""

    id: Word
    name: Word
    """Of the view or the command."""
    who: Word
    deadline: Moment
    arguments: dict[str, Any] = {}
    run: Annotated[str, Meta(max_length=100)] = ""
    """The ``session`` of the engine that a command is meant for, whose units it is in; empty: whichever."""


class EngineAnswerBody(Body, frozen=True, kw_only=True):
    """A view as it was after the event that ``number`` names, or what a command came to."""

    ok: bool
    text: Annotated[str, Meta(max_length=5_000)] = ""
    number: int = 0
    data: Any = None
    duplicate: bool = False


class EngineEventBody(Body, frozen=True, kw_only=True):
    """An event of an engine as its journal has it: prices in ticks, quantities in lots, money in 1e-8 of its asset.

    A ``FillView`` is none of the journal's: it is an execution as screens show it, its decimals as text.
    """

    kind: Word
    event: dict[str, Any]


class AnswerBody(Body, frozen=True, kw_only=True):
    """What a request came to."""

    ok: bool
    text: Annotated[str, Meta(max_length=5_000)] = ""
    duplicate: bool = False


TYPES: dict[str, type[Body]] = {
    "market_data": MarketData,
    "trade": TradeBody,
    "book_snapshot": BookSnapshotBody,
    "book_delta": BookDeltaBody,
    "bar": BarBody,
    "mark": MarkBody,
    "funding": FundingBody,
    "open_interest": OpenInterestBody,
    "feed": FeedBody,
    "market_request": MarketRequestBody,
    "market_answer": MarketAnswerBody,
    "order": OrderBody,
    "cancel": CancelBody,
    "amend": AmendBody,
    "query": QueryBody,
    "kill": KillBody,
    "execution": ExecutionBody,
    "position": PositionBody,
    "risk_command": RiskCommandBody,
    "risk_state": RiskStateBody,
    "metrics": MetricsBody,
    "report": ReportBody,
    "replay_command": ReplayCommandBody,
    "config_reload": ConfigReloadBody,
    "health": ServiceHealthBody,
    "engine_request": EngineRequestBody,
    "engine_answer": EngineAnswerBody,
    "engine_event": EngineEventBody,
    "answer": AnswerBody,
}
"""Every message by the ``type`` of its envelope."""
