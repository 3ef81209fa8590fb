"""What a kernel is made of and how it is set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple, Protocol

from workstation.core.clock import EventClock
from workstation.core.instrument import Instrument
from workstation.core.messages import Bar, FundingRate, Input, MarkPrice, Output, Trade
from workstation.core.timeframe import MINUTE_NS, SECOND_NS
from workstation.market.order_book import OrderBook
from workstation.trading.risk_limits import RiskLimits
from workstation.venues.base import ReportHandler, Venue


class Journal(Protocol):
    """Where decisions go before they leave."""

    @property
    def pending(self) -> int: ...
    def append(self, output: Output, /) -> None: ...
    def commit(self) -> None: ...


class Recorder(Protocol):
    """Where inputs go, so that every decision can be re-run."""

    def append(self, event: Input, /) -> None: ...
    def flush(self) -> None:
        """Hand what was appended to the system."""

    def begin_sync(self) -> None:
        """Begin to bring to the disk what was flushed."""

    def end_sync(self) -> None:
        """Wait until what ``begin_sync`` began is done."""


class MarketTap(Protocol):
    """A venue that lives on the engine's market data, as the simulated one does."""

    def on_trade(self, trade: Trade) -> None: ...
    def on_book(self, symbol: str) -> None: ...
    def on_bar(self, bar: Bar) -> None: ...
    def on_mark(self, mark: MarkPrice) -> None: ...
    def on_funding(self, funding: FundingRate) -> None: ...


VenueFactory = Callable[[EventClock, ReportHandler, Mapping[str, OrderBook]], tuple[Venue, MarketTap | None]]


class Nowhere:
    """A journal that forgets."""

    pending = 0

    def append(self, output: Output, /) -> None: ...
    def commit(self) -> None: ...


class ReconciliationTerms(NamedTuple):
    """How often the account is compared with the venue's, and what rounding explains."""

    orders_ns: int
    positions_ns: int
    tolerance: int
    """1e-8 of an asset."""


_RECONCILIATION = ReconciliationTerms(10 * SECOND_NS, MINUTE_NS, 100)


class LockoutTerms(NamedTuple):
    """How new risk is locked out. ``after_day_loss_ns`` 0: the day's loss limit locks nothing beyond the day."""

    after_day_loss_ns: int
    fixed: bool
    """Nobody lifts it early."""


_NO_LOCKOUT = LockoutTerms(0, fixed=False)


class KernelTerms:
    """How a kernel is set up; the same kernel serves every mode."""

    def __init__(
        self,
        *,
        instruments: Mapping[str, Instrument],
        limits: RiskLimits,
        currency: str,
        leverage: int,
        cash: Mapping[str, int],
        id_prefix: str,
        start_ns: int,
        request_expiry_ns: int,
        in_doubt_ns: int,
        in_flight_check_ns: int,
        crisis_threshold: int = 80,
        crisis_atr_multiple: Decimal = Decimal(3),
        protections_interval_ns: int = 60 * MINUTE_NS,
        base_interval_ns: int = MINUTE_NS,
        equity_interval_ns: int = MINUTE_NS,
        person_pause_ns: int = 0,
        seed: int = 0,
        lockout: LockoutTerms = _NO_LOCKOUT,
        reconciliation: ReconciliationTerms = _RECONCILIATION,
    ) -> None:
        self.instruments = instruments
        self.limits = limits
        self.currency = currency
        self.leverage = leverage
        self.cash = cash
        self.id_prefix = id_prefix
        self.start_ns = start_ns
        self.request_expiry_ns = request_expiry_ns
        self.in_doubt_ns = in_doubt_ns
        self.in_flight_check_ns = in_flight_check_ns
        self.crisis_threshold = crisis_threshold
        self.crisis_atr_multiple = crisis_atr_multiple
        self.protections_interval_ns = protections_interval_ns
        self.base_interval_ns = base_interval_ns
        self.equity_interval_ns = equity_interval_ns
        self.reconciliation = reconciliation
        self.seed = seed
        """What execution algorithms leave to chance follows from it."""
        self.lockout = lockout
        self.person_pause_ns = person_pause_ns
        """Lift what a person must lift after this; 0 waits for the person."""
