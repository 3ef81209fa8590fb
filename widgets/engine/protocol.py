"""What the window needs of an engine, be it in this process or at the other end of a wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from workstation.core.instrument import Instrument
from workstation.core.messages import AnyCommand
from workstation.core.orders import Intent
from workstation.core.types import Mode
from workstation.core.views import (
    AccountView,
    AlgorithmView,
    ConnectionView,
    FillView,
    FundingView,
    HealthView,
    OrderView,
    PositionView,
    ReconciliationView,
    RiskView,
    StrategyView,
    VerdictView,
)
from workstation.market.bars import FormingBar
from workstation.market.perpetual_figures import PerpetualFigures
from workstation.market.recordings.recorder import RunningRecording
from workstation.market.watching import Watching
from workstation.session.trade_history import TradeHistory
from workstation.trading.arming import ArmingState

Levels = Sequence[tuple[int, int]]
"""Pairs of ticks and lots, best first."""


class EquityPoint(NamedTuple):
    """Equity of the account in its currency, for plots."""

    ts_ns: int
    equity: float


class Series(Protocol):
    """Closed bars of one interval, oldest first: float64 prices and quantities, int64 UTC nanoseconds."""

    @property
    def total(self) -> int:
        """Bars ever appended."""

    def __len__(self) -> int: ...
    @property
    def open_ns(self) -> Any: ...
    @property
    def close_ns(self) -> Any: ...
    @property
    def open(self) -> Any: ...
    @property
    def high(self) -> Any: ...
    @property
    def low(self) -> Any: ...
    @property
    def close(self) -> Any: ...
    @property
    def volume(self) -> Any: ...


class Market(Protocol):
    """The market of one symbol as it is now. Prices are ticks, 0 when there is none."""

    @property
    def instrument(self) -> Instrument: ...
    @property
    def last_price(self) -> int: ...
    @property
    def last_ns(self) -> int: ...
    @property
    def connected(self) -> bool: ...
    @property
    def synchronised(self) -> bool:
        """False while the book waits for a snapshot after a gap."""

    @property
    def best_bid(self) -> int: ...
    @property
    def best_ask(self) -> int: ...
    @property
    def perpetual(self) -> PerpetualFigures:
        """Open interest and funding until now; empty of a spot market."""

    def top(self, depth: int) -> tuple[Levels, Levels]:
        """Bids and asks."""

    def series(self, interval_ns: int) -> Series | None: ...
    def forming(self, interval_ns: int) -> FormingBar | None: ...


class Health(NamedTuple):
    """Figures of the status bar; ``loop_lag_ms`` is the 99th percentile of the last seconds."""

    view: HealthView
    loop_lag_ms: float


class OwnProcess(Protocol):
    """The process of an engine that is a window's own: it ends with the window."""

    @property
    def ended(self) -> bool:
        """Whether it ended before the window did, and can be started again."""

    @property
    def trouble(self) -> str:
        """Why it does not run, in a sentence; empty while it does."""

    def start_again(self) -> None: ...


class Attachment(Protocol):
    """How a window hangs on an engine elsewhere, of which several windows may be open and one trades."""

    place: str
    own: OwnProcess | None
    """None of an engine that goes on without this window."""

    @property
    def silent_s(self) -> float:
        """Since the engine's last word; 0 while it speaks."""

    @property
    def trouble(self) -> str:
        """Why what is shown is old, or wrong; empty when it is neither."""

    @property
    def in_control(self) -> bool:
        """Whether this window may trade."""

    @property
    def controller(self) -> str:
        """Who else may, by a name that a person understands; empty when nobody."""

    def on_control(self, handler: Callable[[str], None]) -> None:
        """Call this when control has changed, with a sentence or none."""

    def take_control(self) -> None: ...
    def give_up_control(self) -> None: ...


class Engine(Protocol):
    """Commands go in and events come out; views are read on request. All on the window's thread."""

    @property
    def attachment(self) -> Attachment | None:
        """``None`` for the engine of this process, whose commands are carried out when they are given."""

    @property
    def mode(self) -> Mode: ...
    @property
    def symbols(self) -> Sequence[str]: ...
    @property
    def stale_ns(self) -> int:
        """Market data older than this are stale."""

    @property
    def failures(self) -> Mapping[str, str]:
        """Strategies that did not load, with the reason."""

    def subscribe(self, message_type: type, handler: Callable[[Any], None]) -> Callable[[], None]:
        """Hear of each message of a type, ``FillView`` among them; the function that ends it."""

    def command(self, command: AnyCommand) -> str:
        """Carry out a command now; what came of it, in words. Elsewhere it is sent: ``CommandAnswered`` tells."""

    def now_ns(self) -> int: ...
    def market(self, symbol: str) -> Market: ...
    def account(self) -> AccountView: ...
    def orders(self) -> Sequence[OrderView]: ...
    def order(self, client_id: str) -> OrderView | None: ...
    def algorithms(self) -> Sequence[AlgorithmView]:
        """Execution algorithms that run, are paused, or ended last."""

    def positions(self) -> Sequence[PositionView]: ...
    def risk(self) -> RiskView: ...
    def strategies(self) -> Sequence[StrategyView]: ...
    def preview(self, intent: Intent) -> VerdictView: ...
    def health(self) -> Health: ...
    def connection(self) -> ConnectionView | None:
        """How the connection to the exchange stands; ``None`` on the built-in market."""

    @property
    def notes(self) -> Sequence[str]:
        """What a trader should know of the exchange, one sentence each."""

    @property
    def watching(self) -> Watching | None:
        """What of the venue can be looked at beside ``symbols``; ``None`` where that cannot be had."""

    def reconciliation(self) -> ReconciliationView: ...
    def arming(self) -> ArmingState | None:
        """How live trading is armed; ``None`` where nothing needs to be."""

    def recordings(self) -> Sequence[RunningRecording]: ...
    def start_recording(self, symbol: str) -> None:
        """Where the engine runs. Raises ``DataError``. What the disk refuses is told by a log line of *recorder*."""

    def stop_recording(self, symbol: str) -> None: ...
    def trade_history(self) -> TradeHistory | None:
        """Executions of any span up to now, read in a thread; ``None`` where only ``past_fills`` can be had."""

    def past_events(self, limit: int) -> Sequence[Any] | None:
        """How the session began and the events that it told before now, oldest first; ``None`` where nobody tells."""

    def past_orders(self, limit: int) -> Sequence[OrderView]:
        """Ended orders before now, oldest first."""

    def past_fills(self, limit: int) -> Sequence[FillView]:
        """Executions before now, oldest first."""

    def past_funding(self, limit: int) -> Sequence[FundingView] | None:
        """Funding payments before now, oldest first; ``None`` where nobody tells them."""

    def past_equity(self, limit: int) -> Sequence[EquityPoint]:
        """The account's equity before now, oldest first."""
