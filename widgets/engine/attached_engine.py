"""An engine at the other end of NATS behind the window's protocol: everything is read from its mirror at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from widgets.engine.protocol import Attachment, EquityPoint, Health, OwnProcess
from workstation.core.messages import AnyCommand
from workstation.core.orders import Intent
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
from workstation.services.engine_client import RecordMarket
from workstation.services.mirror_market import MirroredMarket
from workstation.services.remote_engine import RemoteEngine
from workstation.services.shown import Screen
from workstation.session.trade_history import TradeHistory
from workstation.trading.arming import ArmingState


class AttachedEngine:
    """``remote`` was opened and is followed on the window's loop; ``own`` is the engine's process where it ends with
    the window."""

    watching: Watching | None = None

    def __init__(self, remote: RemoteEngine, own: OwnProcess | None = None) -> None:
        self._remote = remote
        self._mirror = remote.mirror
        self.attachment: Attachment | None = _Attachment(remote, own)

    @property
    def _screen(self) -> Screen:
        return self._mirror.screen

    @property
    def mode(self) -> Mode:
        return self._mirror.about.mode

    @property
    def symbols(self) -> Sequence[str]:
        return self._mirror.about.symbols

    @property
    def stale_ns(self) -> int:
        return self._mirror.about.stale_ns

    @property
    def failures(self) -> Mapping[str, str]:
        return self._mirror.about.failures

    def subscribe(self, message_type: type, handler: Callable[[Any], None]) -> Callable[[], None]:
        return self._mirror.bus.subscribe(message_type, handler)

    def command(self, command: AnyCommand) -> str:
        self._remote.command(command)
        return ""

    def now_ns(self) -> int:
        return self._remote.now_ns()

    def market(self, symbol: str) -> MirroredMarket:
        return self._remote.markets[symbol]

    def account(self) -> AccountView:
        return self._screen.account

    def orders(self) -> Sequence[OrderView]:
        return self._mirror.orders.open()

    def order(self, client_id: str) -> OrderView | None:
        return self._mirror.orders.views.get(client_id)

    def algorithms(self) -> Sequence[AlgorithmView]:
        return self._screen.algorithms

    def positions(self) -> Sequence[PositionView]:
        return self._screen.positions

    def risk(self) -> RiskView:
        return self._screen.risk

    def strategies(self) -> Sequence[StrategyView]:
        return self._screen.strategies

    def preview(self, intent: Intent) -> VerdictView:
        return self._remote.preview(intent)

    def health(self) -> Health:
        view, silent_s = self._screen.health, self._remote.silent_s
        if silent_s:
            age_ms = view.feed_age_ms + silent_s * 1000
            view = msgspec.structs.replace(view, feed_age_ms=age_ms, messaging="no word from the engine")
        return Health(view, self._screen.loop_lag_ms)

    def connection(self) -> ConnectionView | None:
        return self._screen.connection

    @property
    def notes(self) -> Sequence[str]:
        return self._screen.notes

    def reconciliation(self) -> ReconciliationView:
        return self._screen.reconciliation

    def arming(self) -> ArmingState | None:
        view = self._screen.arming
        return None if view is None else ArmingState(view.armed, view.armed_ns, view.until_ns, view.soon, view.who)

    def recordings(self) -> Sequence[RunningRecording]:
        return self._screen.recordings

    def start_recording(self, symbol: str) -> None:
        self._remote.command(RecordMarket(symbol=symbol, on=True))

    def stop_recording(self, symbol: str) -> None:
        self._remote.command(RecordMarket(symbol=symbol, on=False))

    def trade_history(self) -> TradeHistory | None:
        return None

    def past_events(self, limit: int) -> Sequence[Any] | None:
        """The engine tells events as they come, not those before."""
        return None

    def past_orders(self, limit: int) -> Sequence[OrderView]:
        told = {view.client_id: view for view in (*self._remote.past_orders, *self._mirror.orders.ended())}
        return list(told.values())[-limit:]

    def past_fills(self, limit: int) -> Sequence[FillView]:
        return list(self._mirror.fills)[-limit:]

    def past_funding(self, limit: int) -> Sequence[FundingView] | None:
        return list(self._mirror.payments)[-limit:] if self._remote.knows_funding else None

    def past_equity(self, limit: int) -> Sequence[EquityPoint]:
        return [EquityPoint(*point) for point in self._remote.past_equity[-limit:]]


class _Attachment:
    """How the window hangs on the engine."""

    def __init__(self, remote: RemoteEngine, own: OwnProcess | None) -> None:
        self._remote = remote
        self.place = remote.place
        self.own = own

    @property
    def silent_s(self) -> float:
        return self._remote.silent_s

    @property
    def trouble(self) -> str:
        trouble = self._trouble
        return f"A kill waits for the engine. {trouble}" if trouble and self._remote.kill_waits else trouble

    @property
    def _trouble(self) -> str:
        silent_s = self._remote.silent_s
        if self.own is not None and self.own.trouble:
            return self.own.trouble
        wrong = self._remote.changed or self._remote.mismatch
        if wrong:
            return wrong
        return f"No word from the engine for {silent_s:.0f} s. What is shown is old." if silent_s else ""

    @property
    def in_control(self) -> bool:
        return self._remote.control.held

    @property
    def controller(self) -> str:
        return self._remote.control.other_name

    def on_control(self, handler: Callable[[str], None]) -> None:
        self._remote.control.on_change = handler

    def take_control(self) -> None:
        self._remote.control.take()

    def give_up_control(self) -> None:
        self._remote.control.give_up()
