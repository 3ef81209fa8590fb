"""A running workstation: a kernel fed by the wall clock and a market, with its journal, database and kill switch.

The desktop and the headless mode run the same session. Everything awaits here and nothing awaits in the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from workstation import __version__
from workstation.assembly import configured_instruments, last_state, paper_kernel, strategy_registry
from workstation.config.loader import Loaded
from workstation.config.settings import StrategyEntry
from workstation.core.clock import WallClock
from workstation.core.errors import StorageError, WorkstationError
from workstation.core.memory import release_freed_memory
from workstation.core.messages import (
    AnyCommand,
    Bar,
    BookGap,
    CancelAll,
    Heartbeat,
    History,
    Input,
    Kill,
    LogLine,
    OrderAccepted,
    OrderFilled,
    OrderSubmitted,
    PauseStrategy,
    Resume,
    StartStrategy,
)
from workstation.core.money import to_rate
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.core.types import Mode, Severity, StrategyState
from workstation.core.views import HealthView
from workstation.market.bar_rows import candles_of
from workstation.market.built_in.market import BuiltInMarket
from workstation.market.history import BarRow
from workstation.market.recordings.file_format import BUILT_IN
from workstation.market.recordings.recorder import MarketRecorder
from workstation.market.series import invented
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database
from workstation.storage.disk_journal import DiskJournal
from workstation.storage.inputs import InputRecorder, prune_inputs
from workstation.storage.journal import SessionHeader, SessionSummary
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder
from workstation.storage.lock import FolderLock
from workstation.storage.projection import Projection
from workstation.trading import recovery
from workstation.trading.desk import KILL
from workstation.trading.kernel import Kernel
from workstation.trading.views import EngineViews
from workstation.watchdog import Watchdog

log = logging.getLogger("workstation.session")

PUMP_INTERVAL_S = 0.010
"""How often the market is asked for what is due."""
FLUSH_INTERVAL_S = 0.1
"""How often recorded inputs are handed to the system, so that little is left to write when an order leaves."""
PUMP_BUDGET_S = 0.004
"""How long inputs are taken before the loop may serve the window."""
MINUTE_BARS = 2 * 1440


class Session:
    """Opened, run and closed once. All methods are called on the loop's thread, except ``request_stop``."""

    mode = Mode.PAPER

    def __init__(self, loaded: Loaded, data: Path, seed: int | None = None) -> None:
        self.loaded = loaded
        self.settings = loaded.settings
        self.folder = DataFolder(data)
        self.clock = WallClock()
        self.health = Health()
        self.failures: dict[str, str] = {}
        """Strategies that did not load, with the reason."""
        self.stop_reason = ""
        self._given_seed = seed
        self._stop = threading.Event()
        self._kill_reason = ""
        self._opened = False

    # --- Opening ----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take the data folder, bring back the last state, and start. Raises ``WorkstationError``, holding nothing."""
        self.folder.create()
        now_ns = self.clock.now_ns()
        self._lock = FolderLock(self.folder.lock, now_ns)
        try:
            self._open_storage()
            self._open_kernel(now_ns)
        except BaseException:
            self._release()
            raise
        self._opened = True

    def _open_storage(self) -> None:
        self.latch = KillLatch(self.folder.path)
        self.latch.prepare()
        self.database = open_database(self.folder.history)
        self.candles = CandleDatabase(self.database)
        self.journal = DiskJournal(self.folder.journal)

    def _open_kernel(self, now_ns: int) -> None:
        settings, journal = self.settings, self.journal
        registry = strategy_registry(settings, self.loaded.file)
        number = journal.next_session
        self.seed = self._given_seed if self._given_seed is not None else number
        opening = last_state(journal, settings, registry)
        record = settings.storage.record_inputs
        self.recorder = (
            InputRecorder(self.folder.session_inputs(number), settings.storage.segment_megabytes * 1_000_000)
            if record
            else None
        )
        self.kernel, self.desk, self.failures = paper_kernel(
            settings,
            journal=journal,
            recorder=self.recorder,
            latch=self.latch,
            registry=registry,
            session=number,
            seed=self.seed,
            start_ns=now_ns,
        )
        kernel = self.kernel
        self.watchdog = Watchdog(kernel.host.interrupt)
        if opening is not None:
            kernel.recover(lambda: recovery.restore(kernel, opening))
        journal.begin_session(
            SessionHeader(
                started_ns=now_ns,
                mode=self.mode,
                seed=self.seed,
                engine_version=__version__,
                configuration=self.loaded.json,
                instruments=configured_instruments(settings, settings.market.symbols),
                strategies={name: registry.source_hash(entry.strategy) for name, entry in self._loaded_strategies()},
                opening=recovery.snapshot(kernel),
                inputs=self.folder.session_name(number) if record else "",
            )
        )
        self.number = number
        self.views = EngineViews(
            kernel,
            mode=self.mode,
            account=settings.account.name,
            venue=f"Built-in market, seed {self.seed}",
            taker_rate=to_rate(settings.paper.taker_bps / 10_000),
            maker_rate=to_rate(settings.paper.maker_bps / 10_000),
        )
        self.health.attach(kernel)
        self._new_bars: dict[str, list[BarRow]] = {}
        kernel.bus.subscribe(Bar, self._keep_bar)
        kernel.bus.subscribe(OrderFilled, lambda _: self._count("fills"))
        kernel.bus.subscribe(OrderSubmitted, lambda _: self._count("orders"))
        kernel.bus.subscribe(LogLine, _to_python_log)
        self._counts = {"fills": 0, "orders": 0, "inputs": 0}
        self.projection = Projection(self.folder.journal, self.database, lambda error: log.error("%s", error))
        self.watchdog.start()
        resumed = kernel.start(now_ns)
        self.recordings = self._recorder_of_the_market(kernel)
        self.market = self._open_market(now_ns)
        # A kill that the journal knows and the latch does not was lifted while nothing ran here.
        self._latched = KILL in kernel.trading.causes
        self._start_strategies(resumed, first=opening is None)
        self._follow_latch()
        self.projection.start()
        if record:
            keep = settings.storage.keep_inputs_days
            prune_inputs(self.folder.inputs, keep, now_ns, frozenset({self.folder.session_name(number)}))

    def _recorder_of_the_market(self, kernel: Kernel) -> MarketRecorder:
        recorder = MarketRecorder(
            self.folder.recordings,
            kernel.bus,
            kernel.clock,
            {symbol: market.book for symbol, market in kernel.markets.items()},
            kernel.terms.instruments,
            source=BUILT_IN,
            seed=self.seed,
            segment_bytes=self.settings.record.segment_megabytes * 1_000_000,
        )
        recorder.start_all(self.settings.record.symbols)
        return recorder

    def _loaded_strategies(self) -> list[tuple[str, StrategyEntry]]:
        return [(name, entry) for name, entry in self.settings.strategies.items() if name not in self.failures]

    def _open_market(self, now_ns: int) -> BuiltInMarket:
        instruments = configured_instruments(self.settings, self.settings.market.symbols)
        prices = {symbol: market.last_price for symbol, market in self.kernel.markets.items() if market.last_price}
        market = BuiltInMarket(
            self.settings.market.built_in, list(instruments.values()), self.seed, prices or None, now_ns
        )
        for symbol in instruments:
            for history in self._history(market, symbol, now_ns):
                self.dispatch(history)
        market.forget_past()
        release_freed_memory()
        return market

    def _history(self, market: BuiltInMarket, symbol: str, now_ns: int) -> list[History]:
        """Hours, then minutes: what the store kept of earlier sessions, else what the market makes up."""
        instrument = self.settings.instruments[symbol]
        days = self.settings.market.built_in.history_days
        histories = []
        for interval_ns, bars, start_ns in (
            (HOUR_NS, days * 24, now_ns - days * DAY_NS),
            (MINUTE_NS, MINUTE_BARS, now_ns - MINUTE_BARS * MINUTE_NS),
        ):
            stored = self.candles.load(invented(symbol), interval_ns, start_ns, now_ns)
            if stored is not None and len(stored) and self.kernel.markets[symbol].last_price:
                rows = tuple(stored.rows(instrument))
                histories.append(History(symbol, now_ns, interval_ns, rows))
            elif bars:
                history = market.history(symbol, interval_ns, bars)
                self.candles.save(candles_of(invented(symbol), instrument, interval_ns, history.bars))
                histories.append(history)
        return histories

    def _start_strategies(self, resumed: dict[str, StrategyState], first: bool) -> None:
        for name, state in resumed.items():
            self.command(StartStrategy(strategy=name, who="restart"))
            if state is StrategyState.PAUSED:
                self.command(PauseStrategy(strategy=name, who="restart"))
        if first:
            for name, entry in self.settings.strategies.items():
                if entry.start and name in self.kernel.host.slots:
                    self.command(StartStrategy(strategy=name, who="configuration"))

    # --- Running ----------------------------------------------------------------------------------------------------

    def dispatch(self, event: Input) -> None:
        """Give the kernel one input; every one passes here."""
        self._counts["inputs"] += 1
        self.watchdog.beat()
        self.kernel.dispatch(event)

    def command(self, command: AnyCommand) -> str:
        """Carry out a command now; what came of it, in words."""
        self.dispatch(msgspec.structs.replace(command, ts_ns=max(self.clock.now_ns(), self.kernel.clock.time_ns)))
        return self.desk.last_result

    def request_stop(self, reason: str) -> None:
        """Ask for an orderly stop; from any thread or a signal handler."""
        self.stop_reason = self.stop_reason or reason
        self._stop.set()

    def request_kill(self, reason: str) -> None:
        """Engage the kill switch at the next turn of the loop; from any thread or a signal handler."""
        self._kill_reason = reason

    async def run(self, seconds: float | None = None) -> None:
        """Feed the kernel until a stop is requested, or for so many seconds."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds if seconds is not None else None
        housekeeping = loop.time() + 1.0
        flushing = loop.time() + FLUSH_INTERVAL_S
        # The projection's thread must not keep the loop waiting for a whole default interval of 5 ms.
        sys.setswitchinterval(0.0005)
        while not self._stop.is_set():
            planned = loop.time() + PUMP_INTERVAL_S
            await asyncio.sleep(PUMP_INTERVAL_S)
            self.health.add_lag(max(0.0, loop.time() - planned))
            await self._pump()
            self._follow_latch()
            if self.recorder is not None and loop.time() >= flushing:
                flushing = loop.time() + FLUSH_INTERVAL_S
                # A full disk is the kernel's to tell: it halts trading when it cannot journal.
                with contextlib.suppress(StorageError):
                    self.recorder.flush()
            if loop.time() >= housekeeping:
                housekeeping = loop.time() + 1.0
                self._keep_house()
            if ends is not None and loop.time() >= ends:
                self.request_stop("time is over")

    async def _pump(self) -> None:
        """Take everything that is due, in slices that leave the loop free for the window between them."""
        now_ns = self.clock.now_ns()
        events = self.market.next_events(now_ns)
        started = time.perf_counter()
        for event in events:
            self.dispatch(event)
            if time.perf_counter() - started > PUMP_BUDGET_S:
                await asyncio.sleep(0)
                started = time.perf_counter()
        self.health.messages += len(events)
        if now_ns - self.kernel.clock.time_ns >= SECOND_NS:
            self.dispatch(Heartbeat(now_ns))
        for symbol, market in self.kernel.markets.items():
            if market.book.sequence >= 0 and not market.book.synchronised:
                self.dispatch(self.market.snapshot(symbol))

    def _follow_latch(self) -> None:
        """Do what a signal, or another process through the latch on disk, asked for."""
        if self._kill_reason:
            reason, self._kill_reason = self._kill_reason, ""
            self.command(Kill(reason=reason, who="signal", flatten=self.settings.risk.flatten_on_kill))
        engaged = self.latch.engaged
        killed = KILL in self.kernel.trading.causes
        if engaged and not killed:
            record = self.latch.read()
            reason = record.reason if record else "kill latch found on disk"
            self.command(
                Kill(reason=reason, who=record.who if record else "latch", flatten=bool(record and record.flatten))
            )
        elif killed and not engaged and self._latched:
            self.command(Resume(reason="latch released", who="command line"))
        self._latched = engaged

    def _latch_again(self) -> None:
        """A kill that could not be latched on a full disk is not lifted by that; it is latched when there is room."""
        kill = self.kernel.trading.causes.get(KILL)
        if kill is not None and not self._latched:
            with contextlib.suppress(StorageError):
                self.latch.engage(kill.reason, "session", self.clock.now_ns())

    def _keep_house(self) -> None:
        self.health.tick()
        self._latch_again()
        if self.kernel.clock.time_ns // MINUTE_NS % 5 == 0:
            self._save_candles()

    def _keep_bar(self, bar: Bar) -> None:
        if bar.interval_ns == MINUTE_NS:
            row = (bar.ts_ns, bar.open, bar.high, bar.low, bar.close, bar.lots)
            self._new_bars.setdefault(bar.symbol, []).append(row)

    def _save_candles(self) -> None:
        bars, self._new_bars = self._new_bars, {}
        for symbol, rows in bars.items():
            try:
                minutes = candles_of(invented(symbol), self.settings.instruments[symbol], MINUTE_NS, rows)
                self.candles.save(minutes)
            except StorageError as error:
                log.warning("%s", error)

    def _count(self, what: str) -> None:
        self._counts[what] += 1

    # --- Closing ----------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Stop in order: entries cancelled and their answers awaited, protective stops kept, journal closed."""
        if not self._opened:
            return
        self.command(CancelAll(who="shutdown"))
        deadline = time.monotonic() + 2.0
        while any(order.cancel_requested_ns for order in self.kernel.orders.open_orders()):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(PUMP_INTERVAL_S)
            await self._pump()
        self.finish()

    def finish(self) -> None:
        """Write the end of the session and release the folder."""
        if not self._opened:
            return
        self._opened = False
        try:
            self.dispatch(Heartbeat(max(self.clock.now_ns(), self.kernel.clock.time_ns)))
            self.kernel.close()
            self.journal.end_session(
                SessionSummary(
                    ended_ns=self.kernel.clock.time_ns,
                    reason=self.stop_reason or "closed",
                    inputs=self._counts["inputs"],
                    orders=self._counts["orders"],
                    fills=self._counts["fills"],
                )
            )
            self._save_hours()
        except WorkstationError as error:
            log.error("%s", error)
        finally:
            self._release()

    def _save_hours(self) -> None:
        """Keep the minutes, and the hours that they complete."""
        started = {symbol: rows[0][0] for symbol, rows in self._new_bars.items() if rows}
        self._save_candles()
        for symbol in started:
            end_ns = self.kernel.clock.time_ns
            minutes = self.candles.load(invented(symbol), MINUTE_NS, end_ns - 3 * DAY_NS, end_ns)
            if minutes is not None and len(minutes):
                self.candles.save(minutes.resample(HOUR_NS))

    def _release(self) -> None:
        for name in ("watchdog", "recordings", "recorder", "projection", "journal", "database", "_lock"):
            part = self.__dict__.pop(name, None)
            closing: Callable[[], object] | None = next(
                (getattr(part, verb) for verb in ("close", "stop", "release") if hasattr(part, verb)), None
            )
            if closing is not None:
                try:
                    closing()
                except (WorkstationError, OSError) as error:
                    log.error("%s", error)


class Health:
    """Figures of the status bar, over the last seconds."""

    WINDOW = 256

    def __init__(self) -> None:
        self.messages = 0
        self.rate = 0.0
        self.lags_ms: list[float] = []
        self.order_to_acknowledgement_ms = 0.0
        self.records = 0
        self.gaps = 0
        self._kernel: Kernel | None = None

    def attach(self, kernel: Kernel) -> None:
        self._kernel = kernel
        kernel.bus.subscribe(OrderAccepted, self._on_accepted)
        kernel.bus.subscribe(BookGap, self._on_gap)

    def _on_accepted(self, report: OrderAccepted) -> None:
        order = self._kernel.orders.orders.get(report.client_id) if self._kernel else None
        if order is not None:
            self.order_to_acknowledgement_ms = (report.ts_ns - order.created_ns) / 1e6

    def _on_gap(self, _: BookGap) -> None:
        self.gaps += 1

    def add_lag(self, seconds: float) -> None:
        self.lags_ms.append(seconds * 1000)
        if len(self.lags_ms) > 2 * self.WINDOW:
            del self.lags_ms[: self.WINDOW]

    def tick(self) -> None:
        self.rate, self.messages = float(self.messages), 0

    @property
    def lag_p99_ms(self) -> float:
        """99th percentile of the loop's lateness over the last seconds."""
        recent = sorted(self.lags_ms[-self.WINDOW :])
        return recent[int(len(recent) * 0.99)] if recent else 0.0

    def view(self, now_ns: int, records: int) -> HealthView:
        kernel = self._kernel
        ages = [now_ns - market.last_ns for market in kernel.markets.values() if market.last_ns] if kernel else []
        return HealthView(
            feed_age_ms=max(ages, default=0) / 1e6,
            messages_per_second=self.rate,
            order_to_acknowledgement_ms=self.order_to_acknowledgement_ms,
            journal_records=records,
            clock_offset_ms=(kernel.gate.clock_offset_ns if kernel else 0) / 1e6,
            gaps=self.gaps,
        )


def _to_python_log(line: LogLine) -> None:
    level = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ERROR: logging.ERROR}
    logging.getLogger(f"workstation.{line.source}").log(level[line.severity], "%s", line.text)
