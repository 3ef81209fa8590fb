"""A finished backtest, and recordings without one, as sources of a replay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from workstation.assembly import backtest_equity_interval, session_engine
from workstation.backtest.engine import BacktestEngine
from workstation.backtest.history import RunFolder
from workstation.backtest.job import BacktestJob, read_job
from workstation.backtest.recorded import recorded_instrument
from workstation.backtest.result import BacktestResult
from workstation.backtest.round_trips import PriceBars
from workstation.config.settings import Settings
from workstation.core.errors import DataError, StrategyError
from workstation.core.messages import Bar, Input
from workstation.core.timeframe import MINUTE_NS, SECOND_NS, TIMEFRAMES, utc_text
from workstation.core.types import Mode
from workstation.market.recordings import Recordings, read_recordings
from workstation.replay.source import Opened, Past
from workstation.session.parts import engine_views
from workstation.storage.journal import MemoryJournal
from workstation.trading.registry import StrategyRegistry


class BacktestSource:
    """Made of a run's folder. Reading it takes a while for a long run: not in the loop of a window.

    Raises ``StorageError``, and ``DataError`` or ``StrategyError`` when the run cannot be made again as it was.
    """

    def __init__(self, folder: RunFolder) -> None:
        job = read_job(folder)
        summary = folder.summary()
        request = job.request
        registry = job.registry()
        if request.strategy not in registry.names():
            raise StrategyError(
                f"Run {job.number} cannot be replayed: there is no strategy {request.strategy} any more."
            )
        if registry.source_hash(request.strategy) != summary.source_hash:
            raise StrategyError(
                f"Run {job.number} cannot be replayed: the code of {request.strategy} has changed since. Run it again."
            )
        self._job: BacktestJob = job
        self._settings: Settings = job.settings()
        self._registry = registry
        self._recordings: Recordings | None = read_recordings(job.recordings) if job.recordings else None
        market = folder.market()
        self._warm_up = market.warm_up_rows()
        self._rows = market.rows
        self._bars: list[Bar] = market.bars(request.symbol, TIMEFRAMES[request.timeframe])
        if self._recordings is None and not self._bars:
            raise DataError(f"Run {job.number} kept no market, so that it cannot be replayed: run it again.")
        self.start_ns, self.end_ns = request.start_ns, request.end_ns
        self.symbols: Sequence[str] = (request.symbol,)
        self.timeframe = request.timeframe
        self.has_depth = self._recordings is not None
        self.pace_ns = SECOND_NS if self.has_depth else TIMEFRAMES[request.timeframe]
        self.stale_ns = 1 << 62 if self._recordings is None else int(self._settings.risk.stale_data_s * SECOND_NS)
        self.title = f"Run {job.number} · {request.strategy}"
        self.detail = (
            f"{request.symbol} {request.timeframe}, {utc_text(self.start_ns)[:10]} to {utc_text(self.end_ns)[:10]}"
        )
        self.past = Past()
        self.instrument = self._settings.instruments[request.symbol]
        self.engine: BacktestEngine
        """Of the kernel that is shown."""

    def open(self) -> Opened:
        recordings = self._recordings
        engine = self._recorded_engine(recordings) if recordings is not None else self._candle_engine()
        self.engine = engine
        return Opened(
            engine.kernel,
            engine_views(engine.kernel, self._settings, Mode.BACKTEST, "Simulated venue"),
            iter(self._bars if recordings is None else recordings),
            {},
            equity=Opened.samples(engine.journal.outputs),
            outputs=engine.journal.outputs,
            dispatch=None if recordings is None else _RecordedRun(engine).dispatch,
            run=engine,
        )

    def resumed(self, opened: Opened) -> None:
        assert opened.run is not None
        self.engine = opened.run

    def result_until(self, time_ns: int) -> BacktestResult | None:
        """The run as far as it has come at ``time_ns``, where the kernel that was opened last stands; ``None`` before
        its first bar and for a run over recordings."""
        if self._recordings is not None:
            return None
        count = int(np.searchsorted(self._rows[:, 0], time_ns, side="right"))
        if count == 0:
            return None
        close_ns, open_, high, low, close, _ = self._rows[:count].T
        interval = self._job.request.timeframe
        return self.engine.result(
            PriceBars(interval_ns=TIMEFRAMES[interval], close_ns=close_ns, open=open_, high=high, low=low, close=close),
            end_ns=time_ns,
            bars=count,
            warm_up_bars=len(self._warm_up),
            data=f"{count:,} candles of {interval} so far",
        )

    def _candle_engine(self) -> BacktestEngine:
        request = self._job.request
        interval_ns = TIMEFRAMES[request.timeframe]
        engine = BacktestEngine(
            self._settings,
            request,
            self._registry,
            self._settings.instruments[request.symbol],
            base_interval_ns=interval_ns,
            equity_interval_ns=backtest_equity_interval(interval_ns),
        )
        self._want_series(engine, interval_ns)
        engine.start(self._bars[0].open_ns, self._warm_up)
        engine.start_strategy()
        return engine

    def _recorded_engine(self, recordings: Recordings) -> BacktestEngine:
        request = self._job.request
        engine = BacktestEngine(
            self._settings,
            request,
            self._registry,
            recorded_instrument(recordings, request.symbol, self._settings.instruments),
            base_interval_ns=MINUTE_NS,
            equity_interval_ns=MINUTE_NS,
        )
        engine.kernel.markets[request.symbol].want_bars(MINUTE_NS, MINUTE_NS)
        self._want_series(engine, MINUTE_NS)
        engine.start(request.start_ns, self._warm_up)
        return engine

    def _want_series(self, engine: BacktestEngine, base_ns: int) -> None:
        """What charts show, in every timeframe that the bars divide."""
        market = engine.kernel.markets[self._job.request.symbol]
        for interval_ns in TIMEFRAMES.values():
            if interval_ns % base_ns == 0:
                market.want_series(interval_ns, base_ns)


class _RecordedRun:
    """As the run did, the strategy starts once its feed stands."""

    def __init__(self, engine: BacktestEngine) -> None:
        self._engine = engine
        self._waits = True

    def dispatch(self, event: Input) -> None:
        engine = self._engine
        engine.kernel.dispatch(event)
        if self._waits and engine.kernel.feed_stands(engine.request.symbol):
            self._waits = False
            engine.start_strategy()


class RecordingSource:
    """Recordings as they are: a market without strategies, on an account of paper. Raises ``DataError``."""

    timeframe = "1m"
    pace_ns = SECOND_NS
    has_depth = True

    def __init__(self, files: Sequence[Path], settings: Settings) -> None:
        self._recordings = read_recordings(list(files))
        instruments = self._recordings.instruments
        replace = msgspec.structs.replace
        self.symbols: Sequence[str] = tuple(instruments)
        self._settings = replace(
            settings,
            mode="paper",
            market=replace(settings.market, symbols=self.symbols),
            instruments={**settings.instruments, **instruments},
            strategies={},
        )
        self.start_ns, self.end_ns = self._recordings.first_ns, self._recordings.last_ns
        self.stale_ns = int(settings.risk.stale_data_s * SECOND_NS)
        self.title = "Recording · " + ", ".join(self.symbols)
        self.detail = f"{self._recordings.headers[0].market_text()}, {utc_text(self.start_ns)[:16]} UTC"
        self.past = Past()

    def open(self) -> Opened:
        journal = MemoryJournal()
        engine = session_engine(
            self._settings,
            journal=journal,
            recorder=None,
            latch=None,
            registry=StrategyRegistry(None),
            session=0,
            seed=1,
            start_ns=self.start_ns,
        )
        engine.start(self.start_ns)
        views = engine_views(engine.kernel, self._settings, Mode.REPLAY, "Recording")
        sampled = Opened.samples(journal.outputs)
        return Opened(
            engine.kernel, views, iter(self._recordings), engine.failures, equity=sampled, outputs=journal.outputs
        )

    def resumed(self, opened: Opened) -> None:
        """Nothing here depends on the kernel."""
