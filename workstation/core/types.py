"""Enumerations of the field's standard terms."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Side(IntEnum):
    """Direction of an order or the aggressor of a trade. The value is the sign of the position change."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def word(self) -> str:
        return "buy" if self is Side.BUY else "sell"


class InstrumentKind(StrEnum):
    SPOT = "spot"
    LINEAR = "linear"
    """Perpetual margined and settled in the quote asset."""
    INVERSE = "inverse"
    """Perpetual margined and settled in the base asset; a contract is worth a fixed amount of quote."""


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    """Market order that triggers when the price moves against it (buy above, sell below)."""
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    """Market order that triggers when the price moves in its favour (buy below, sell above)."""
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    GTC = "gtc"
    GTD = "gtd"
    """Good till a date: it rests until then."""
    IOC = "ioc"
    FOK = "fok"


class OrderRole(StrEnum):
    """What an order is for. Cancel-all and the kill switch keep protective stops and end everything else."""

    ENTRY = "entry"
    EXIT = "exit"
    PROTECTIVE_STOP = "protective_stop"
    TAKE_PROFIT = "take_profit"


class OrderState(StrEnum):
    SUBMITTED = "submitted"
    """Journalled and on its way; the venue has not answered."""
    UNKNOWN = "unknown"
    """No answer in time: it may or may not rest at the venue. Counted at its worst until it is proved."""
    HELD = "held"
    """Accepted, waiting for its parent to fill (one-triggers-other)."""
    ACCEPTED = "accepted"
    TRIGGERED = "triggered"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"

    is_terminal: bool
    is_open: bool


TERMINAL_STATES = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED})
for _state in OrderState:
    # Plain attributes: they are read several times for each order and report.
    _state.is_terminal = _state in TERMINAL_STATES
    _state.is_open = not _state.is_terminal


class TradingState(StrEnum):
    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    """Only orders that reduce a position pass."""
    HALTED = "HALTED"
    """No new order passes; cancels do."""


class Liquidity(StrEnum):
    MAKER = "maker"
    TAKER = "taker"


class Mode(StrEnum):
    """How the session is shown. Only the kernel's builder and the screens read it."""

    LIVE = "LIVE"
    PAPER = "PAPER"
    BACKTEST = "BACKTEST"
    REPLAY = "REPLAY"


class StrategyState(StrEnum):
    STOPPED = "stopped"
    RUNNING = "running"
    PAUSED = "paused"
    """Receives the market and manages its exits; its entries are denied."""
    FAILED = "failed"


class Severity(StrEnum):
    INFO = "INFO"
    WARNING = "WARN"
    ERROR = "ERROR"


MANUAL = "manual"
EXTERNAL = "external"
"""Owners of orders and positions beside the strategies: a person at this desk, and whatever else trades the account."""
