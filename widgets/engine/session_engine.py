"""The engine of this process behind the window's protocol: a session, its kernel and its history database."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from widgets.engine.protocol import Attachment, EquityPoint, Health
from widgets.engine.session_market import SessionMarket
from workstation.core.messages import AnyCommand
from workstation.core.orders import Intent
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Mode
from workstation.core.views import (
    AccountView,
    AlgorithmView,
    ConnectionView,
    FillView,
    FundingView,
    OrderView,
    PositionView,
    ReconciliationView,
    RiskView,
    StrategyView,
    VerdictView,
)
from workstation.market.recordings.recorder import RunningRecording
from workstation.market.watching import Watching
from workstation.session import Session
from workstation.session.past import past_equity, past_fills, past_funding, past_orders
from workstation.session.trade_history import TradeHistory
from workstation.trading.arming import ArmingState
from workstation.trading.executions import Executions

CATCH_UP_S = 0.5


class SessionEngine:
    """Of the session that runs in this process."""

    attachment: Attachment | None = None

    def __init__(self, session: Session) -> None:
        self._session = session
        self._kernel = session.kernel
        self._views = session.views
        self._markets = {symbol: SessionMarket(state) for symbol, state in session.kernel.markets.items()}
        self._executions = Executions(session.kernel)

    @property
    def mode(self) -> Mode:
        return self._session.mode

    @property
    def symbols(self) -> Sequence[str]:
        return self._session.settings.market.symbols

    @property
    def stale_ns(self) -> int:
        return int(self._session.settings.risk.stale_data_s * SECOND_NS)

    @property
    def failures(self) -> Mapping[str, str]:
        return self._session.failures

    def subscribe(self, message_type: type, handler: Callable[[Any], None]) -> Callable[[], None]:
        if message_type is FillView:
            return self._executions.subscribe(handler)
        return self._kernel.bus.subscribe(message_type, handler)

    def command(self, command: AnyCommand) -> str:
        return self._session.command(command)

    def now_ns(self) -> int:
        return self._session.clock.now_ns()

    def market(self, symbol: str) -> SessionMarket:
        return self._markets[symbol]

    def account(self) -> AccountView:
        return self._views.account()

    def orders(self) -> Sequence[OrderView]:
        return self._views.orders()

    def order(self, client_id: str) -> OrderView | None:
        order = self._kernel.orders.orders.get(client_id)
        return None if order is None else self._views.order(order)

    def algorithms(self) -> Sequence[AlgorithmView]:
        return self._views.algorithms()

    def positions(self) -> Sequence[PositionView]:
        return self._views.positions()

    def risk(self) -> RiskView:
        return self._views.risk()

    def strategies(self) -> Sequence[StrategyView]:
        return self._views.strategies()

    def preview(self, intent: Intent) -> VerdictView:
        return self._views.preview(intent)

    def health(self) -> Health:
        session = self._session
        return Health(session.health.view(self.now_ns(), session.journal.last_seq), session.health.lag_p99_ms)

    def connection(self) -> ConnectionView | None:
        return self._session.connection()

    @property
    def notes(self) -> Sequence[str]:
        return self._session.notes

    @property
    def watching(self) -> Watching | None:
        return self._session.watching

    def reconciliation(self) -> ReconciliationView:
        return self._session.reconciliation()

    def arming(self) -> ArmingState | None:
        arming = self._session.arming
        return None if arming is None else arming.state

    def recordings(self) -> Sequence[RunningRecording]:
        return self._session.recordings.recording()

    def start_recording(self, symbol: str) -> None:
        self._session.recordings.start(symbol)

    def stop_recording(self, symbol: str) -> None:
        self._session.recordings.stop(symbol)

    def trade_history(self) -> TradeHistory | None:
        session, kernel = self._session, self._kernel
        held = {(each.owner, each.symbol): each.quantity for each in self._views.positions()}
        instruments = dict(kernel.terms.instruments)
        return TradeHistory(session.database, session.projection, session.journal.last_seq, instruments, held)

    def past_events(self, limit: int) -> Sequence[Any] | None:
        """Read from the journal, once when the window opens: the session is young then."""
        told = deque(self._session.journal.records(self._session.number), maxlen=limit)
        return [self._session.started, *told]

    # --- History ----------------------------------------------------------------------------------------------------

    def past_orders(self, limit: int) -> Sequence[OrderView]:
        self._session.projection.wait_for(self._session.journal.last_seq, CATCH_UP_S)
        return past_orders(self._session.database, limit, self._kernel.markets)

    def past_fills(self, limit: int) -> Sequence[FillView]:
        return past_fills(self._session.database, limit)

    def past_funding(self, limit: int) -> Sequence[FundingView] | None:
        return past_funding(self._session.database, limit)

    def past_equity(self, limit: int) -> Sequence[EquityPoint]:
        return [EquityPoint(*point) for point in past_equity(self._session.database, limit)]
