"""What an engine tells a window at the other end of NATS, in two pieces: what stays, and what changes."""

from __future__ import annotations

import msgspec

from workstation.core.instrument import Instrument
from workstation.core.types import Mode
from workstation.core.views import (
    AccountView,
    AlgorithmView,
    ArmingView,
    ConnectionView,
    HealthView,
    OrderView,
    PositionView,
    ReconciliationView,
    RiskView,
    StrategyView,
)
from workstation.market.recordings.recorder import RunningRecording


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Of one run of an engine."""

    mode: Mode
    account: str
    currency: str
    symbols: tuple[str, ...]
    instruments: dict[str, Instrument]
    session: int
    """The journal's number of it."""
    seed: int
    started_ns: int
    market: str
    """Where prices come from, in words."""
    stale_ns: int
    """Market data older than this are stale."""
    flatten_on_kill: bool
    failures: dict[str, str]
    """Strategies that did not load, with the reason."""
    notes: tuple[str, ...]
    version: str


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """As of one event. ``cut`` says that there were more open orders than a message holds: the newest are here."""

    account: AccountView
    orders: tuple[OrderView, ...]
    positions: tuple[PositionView, ...]
    risk: RiskView
    strategies: tuple[StrategyView, ...]
    health: HealthView
    loop_lag_ms: float
    connection: ConnectionView | None
    reconciliation: ReconciliationView
    arming: ArmingView | None
    notes: tuple[str, ...]
    algorithms: tuple[AlgorithmView, ...] = ()
    recordings: tuple[RunningRecording, ...] = ()
    cut: bool = False


_BUILT_FOR = {
    "mode": "mode",
    "account": "account",
    "currency": "currency",
    "symbols": "symbols",
    "instruments": "instruments",
    "stale_ns": "risk limits",
    "flatten_on_kill": "kill switch",
    "failures": "strategies",
}


def settings_that_differ(before: tuple[About, Screen], now: tuple[About, Screen]) -> tuple[str, ...]:
    """What a window was built for and another run of the engine has otherwise, in words."""
    words = [word for name, word in _BUILT_FOR.items() if getattr(before[0], name) != getattr(now[0], name)]
    if _strategies(before[1]) != _strategies(now[1]):
        words.append("strategies")
    return tuple(dict.fromkeys(words))


def _strategies(screen: Screen) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [
        (view.name, view.symbol, view.timeframe, tuple(parameter.name for parameter in view.parameters))
        for view in screen.strategies
    ]
