"""Risk and performance of the account."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from workstation.messaging.bodies.fields import Body, Moment, Text, Word


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
