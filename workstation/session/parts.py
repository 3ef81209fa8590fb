"""What a session makes beside its kernel and lets go of at its end: views, recorder, candles, log, tally."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import peewee

from workstation.assembly import Engine
from workstation.config.settings import Settings
from workstation.core.bus import Bus
from workstation.core.errors import WorkstationError
from workstation.core.messages import LogLine, OrderFilled, OrderSubmitted
from workstation.core.money import to_rate
from workstation.core.types import Mode, Severity
from workstation.core.views import ReconciliationView
from workstation.market.recordings.file_format import BUILT_IN
from workstation.market.recordings.recorder import MarketRecorder
from workstation.market.series import exchange_series, invented
from workstation.session.candle_keeper import CandleKeeper
from workstation.session.remote_control import RemoteControl
from workstation.storage.candles import CandleDatabase
from workstation.storage.journal import SessionSummary
from workstation.storage.kill_latch import KillLatch
from workstation.trading.kernel import Kernel
from workstation.trading.order_cost import FeeRates
from workstation.trading.views import EngineViews

log = logging.getLogger("workstation.session")

_LEVELS = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ERROR: logging.ERROR}


class Tally:
    """What happened in a session, for its summary."""

    def __init__(self, bus: Bus) -> None:
        self.inputs = self._orders = self._fills = 0
        bus.subscribe(OrderSubmitted, self._on_order)
        bus.subscribe(OrderFilled, self._on_fill)

    def _on_order(self, _: OrderSubmitted) -> None:
        self._orders += 1

    def _on_fill(self, _: OrderFilled) -> None:
        self._fills += 1

    def summary(self, ended_ns: int, reason: str) -> SessionSummary:
        return SessionSummary(
            ended_ns=ended_ns, reason=reason, inputs=self.inputs, orders=self._orders, fills=self._fills
        )


def engine_views(
    kernel: Kernel, settings: Settings, mode: Mode, venue: str, told_rates: Mapping[str, FeeRates] | None = None
) -> EngineViews:
    """``told_rates``, by symbol, are what an exchange charges the account; without them it costs what paper does."""
    return EngineViews(
        kernel,
        mode=mode,
        account=settings.account.name,
        venue=venue,
        rates=FeeRates(to_rate(settings.paper.maker_bps / 10_000), to_rate(settings.paper.taker_bps / 10_000)),
        told_rates=told_rates,
    )


def reconciliation_view(kernel: Kernel) -> ReconciliationView:
    found = kernel.comparison
    if found is None:
        return ReconciliationView(False, 0, ())
    return ReconciliationView(True, found.agreed_ns, found.differences, found.comparing)


def candle_keeper(
    kernel: Kernel, settings: Settings, database: peewee.SqliteDatabase, *, connected: bool
) -> CandleKeeper:
    """Candles of an exchange and those of the built-in market are kept under names of their own."""

    def series(symbol: str) -> str:
        return exchange_series(symbol, settings.exchange) if connected else invented(symbol)

    return CandleKeeper(CandleDatabase(database), kernel.terms.instruments, series, kernel.bus)


def remote_control(
    engine: Engine, settings: Settings, latch: KillLatch, folder: Path, command: Callable[..., str]
) -> RemoteControl:
    return RemoteControl(
        engine.kernel,
        engine.arming,
        latch,
        folder,
        command,
        flatten_on_kill=settings.risk.flatten_on_kill,
        confirmed=settings.live.confirm_account,
    )


def market_recorder(kernel: Kernel, settings: Settings, folder: Path, exchange: str, seed: int) -> MarketRecorder:
    """Records what the settings name from the start. ``exchange`` is empty on the built-in market, which has the seed.

    Raises ``DataError``.
    """
    recorder = MarketRecorder(
        folder,
        kernel.bus,
        kernel.clock,
        kernel.markets,
        kernel.terms.instruments,
        source=exchange or BUILT_IN,
        seed=None if exchange else seed,
        segment_bytes=settings.record.segment_megabytes * 1_000_000,
    )
    recorder.start_all(settings.record.symbols)
    return recorder


def to_python_log(line: LogLine) -> None:
    """Hand an engine's log line to the process's log."""
    logging.getLogger(f"workstation.{line.source}").log(_LEVELS[line.severity], "%s", line.text)


def let_go(part: object) -> None:
    """Close, stop or release it, whichever it can; what goes wrong is logged."""
    closing: Callable[[], object] | None = next(
        (getattr(part, verb) for verb in ("close", "stop", "release") if hasattr(part, verb)), None
    )
    if closing is not None:
        try:
            closing()
        except (WorkstationError, OSError) as error:
            log.error("%s", error)
