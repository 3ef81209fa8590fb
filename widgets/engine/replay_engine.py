"""A replay behind the window's protocol: the same views and events as live, as they were at the moment it stands at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from widgets.engine.protocol import Attachment, EquityPoint, Health, OwnProcess
from widgets.engine.session_market import SessionMarket
from workstation.core.errors import DataError
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
from workstation.market.recordings.recorder import RunningRecording
from workstation.market.watching import Watching
from workstation.replay.player import Player
from workstation.replay.source import Opened, ReplaySource
from workstation.session.parts import reconciliation_view
from workstation.session.trade_history import TradeHistory
from workstation.trading.arming import ArmingState
from workstation.trading.executions import Executions

ONLY_SHOWN = "This is a replay: what it shows is over. Orders are given in the live panels, behind “Leave replay”."


class _Watching:
    """What keeps commands out of a replay, told as a window that may not trade is told."""

    place = "replay"
    own: OwnProcess | None = None
    silent_s = 0.0
    trouble = ONLY_SHOWN
    in_control = False
    controller = ""

    def on_control(self, handler: Callable[[str], None]) -> None:
        """It never changes."""

    def take_control(self) -> None:
        raise DataError(ONLY_SHOWN)

    def give_up_control(self) -> None:
        """There is none."""


class _Subscription:
    """``end`` ends it with the kernel that it is connected to now."""

    def __init__(self, message_type: type, handler: Callable[[Any], None]) -> None:
        self.message_type = message_type
        self.handler = handler
        self.end: Callable[[], None] = lambda: None


class ReplayEngine:
    """Its kernel is another one each time that the player goes back; what was subscribed stays subscribed."""

    watching: Watching | None = None

    def __init__(self, source: ReplaySource) -> None:
        self.source = source
        self.attachment: Attachment | None = _Watching()
        self._subscriptions: list[_Subscription] = []
        self._markets: dict[str, SessionMarket] = {}
        self._executions: Executions
        self.player = Player(source, self._follow, self._leave)

    def _follow(self, opened: Opened) -> None:
        self._opened = opened
        self._markets = {symbol: SessionMarket(state) for symbol, state in opened.kernel.markets.items()}
        self._executions = Executions(opened.kernel)
        for subscription in self._subscriptions:
            self._connect(subscription)

    def _leave(self) -> None:
        """Nothing of the window hangs on the kernel any more."""
        for subscription in self._subscriptions:
            subscription.end()
        self._executions.close()

    def _connect(self, subscription: _Subscription) -> None:
        heard_of, handler = subscription.message_type, subscription.handler
        is_fill = heard_of is FillView
        bus = self._opened.kernel.bus
        subscription.end = self._executions.subscribe(handler) if is_fill else bus.subscribe(heard_of, handler)

    @property
    def mode(self) -> Mode:
        return Mode.REPLAY

    @property
    def symbols(self) -> Sequence[str]:
        return self.source.symbols

    @property
    def stale_ns(self) -> int:
        return self.source.stale_ns

    @property
    def failures(self) -> Mapping[str, str]:
        return self._opened.failures

    def subscribe(self, message_type: type, handler: Callable[[Any], None]) -> Callable[[], None]:
        """Of this kernel and of all that follow it."""
        subscription = _Subscription(message_type, handler)
        self._subscriptions.append(subscription)
        self._connect(subscription)

        def unsubscribe() -> None:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
                subscription.end()

        return unsubscribe

    def command(self, command: AnyCommand) -> str:
        """Raises ``DataError``: nothing that is over can be traded."""
        raise DataError(ONLY_SHOWN)

    def now_ns(self) -> int:
        return self.player.time_ns

    def market(self, symbol: str) -> SessionMarket:
        return self._markets[symbol]

    def account(self) -> AccountView:
        return self._opened.views.account()

    def orders(self) -> Sequence[OrderView]:
        return self._opened.views.orders()

    def order(self, client_id: str) -> OrderView | None:
        order = self._opened.kernel.orders.orders.get(client_id)
        return None if order is None else self._opened.views.order(order)

    def algorithms(self) -> Sequence[AlgorithmView]:
        return self._opened.views.algorithms()

    def positions(self) -> Sequence[PositionView]:
        return self._opened.views.positions()

    def risk(self) -> RiskView:
        return self._opened.views.risk()

    def strategies(self) -> Sequence[StrategyView]:
        return self._opened.views.strategies()

    def preview(self, intent: Intent) -> VerdictView:
        return self._opened.views.preview(intent)

    def health(self) -> Health:
        """Its feed is the recording; what the status bar shows is the running session's."""
        oldest = min((market.last_ns for market in self._markets.values()), default=0)
        age_ms = (self.now_ns() - oldest) / 1e6 if oldest else 0.0
        return Health(HealthView(age_ms, 0.0, 0.0, self.player.dispatched, 0.0, 0), 0.0)

    def connection(self) -> ConnectionView | None:
        return None

    @property
    def notes(self) -> Sequence[str]:
        return ()

    def reconciliation(self) -> ReconciliationView:
        return reconciliation_view(self._opened.kernel)

    def arming(self) -> ArmingState | None:
        arming = self._opened.arming
        return None if arming is None else arming.state

    def recordings(self) -> Sequence[RunningRecording]:
        return ()

    def start_recording(self, symbol: str) -> None:
        raise DataError(ONLY_SHOWN)

    def stop_recording(self, symbol: str) -> None:
        raise DataError(ONLY_SHOWN)

    # --- Before the beginning ---------------------------------------------------------------------------------------

    def trade_history(self) -> TradeHistory | None:
        return None

    def past_events(self, limit: int) -> Sequence[Any] | None:
        return self._opened.outputs[-limit:]

    def past_orders(self, limit: int) -> Sequence[OrderView]:
        return self.source.past.orders[-limit:]

    def past_fills(self, limit: int) -> Sequence[FillView]:
        return self.source.past.fills[-limit:]

    def past_funding(self, limit: int) -> Sequence[FundingView] | None:
        return self.source.past.funding[-limit:]

    def past_equity(self, limit: int) -> Sequence[EquityPoint]:
        sampled = [*self.source.past.equity, *self._opened.equity]
        return [EquityPoint(*point) for point in sampled[-limit:]]
