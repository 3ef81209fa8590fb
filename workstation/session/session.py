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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from workstation import __version__
from workstation.assembly import configured_instruments, last_state, session_kernel, strategy_registry
from workstation.config.loader import Loaded
from workstation.config.settings import StrategyEntry
from workstation.core.clock import WallClock
from workstation.core.errors import ConfigurationError, StorageError, WorkstationError
from workstation.core.memory import release_freed_memory
from workstation.core.messages import (
    AnyCommand,
    CancelAll,
    Heartbeat,
    Input,
    LogLine,
    OrderFilled,
    OrderSubmitted,
    PauseStrategy,
    Reconcile,
    StartStrategy,
)
from workstation.core.money import to_rate
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, SECOND_NS
from workstation.core.types import EXTERNAL, Mode, Severity, StrategyState, TradingState
from workstation.core.views import ConnectionView, ReconciliationView
from workstation.market.recordings.file_format import BUILT_IN
from workstation.market.recordings.recorder import MarketRecorder
from workstation.market.series import exchange_series, invented
from workstation.session.account_identity import check_account, client_id_token
from workstation.session.built_in_source import MINUTE_BARS, BuiltInSource
from workstation.session.candle_keeper import CandleKeeper
from workstation.session.health import Health
from workstation.session.remote_control import ReconciliationFiles, RemoteControl
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database
from workstation.storage.disk_journal import DiskJournal
from workstation.storage.inputs import InputRecorder, prune_inputs
from workstation.storage.journal import SessionHeader, SessionSummary
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder
from workstation.storage.lock import FolderLock
from workstation.storage.projection import Projection
from workstation.storage.secrets import load_credentials
from workstation.trading import recovery
from workstation.trading.kernel import JOURNAL
from workstation.trading.views import EngineViews
from workstation.watchdog import Watchdog

if TYPE_CHECKING:
    # ccxt takes 180 MB and a second: only a session with an exchange pays for it.
    from workstation.session.exchange_link import ExchangeLink
    from workstation.venues.exchange.account.preflight import Check

log = logging.getLogger("workstation.session")

PUMP_INTERVAL_S = 0.010
"""How often the market is asked for what is due."""
FLUSH_INTERVAL_S = 0.1
"""How often recorded inputs are handed to the system, so that little is left to write when an order leaves."""
PUMP_BUDGET_S = 0.004
"""How long inputs are taken before the loop may serve the window."""
HOURS_OF_PAST = 210 * 24
CLOSING_S = 5.0
"""How long the answers to the last cancels are awaited."""


class Session:
    """Connected, armed, opened, run and closed once.

    ``connect`` is needed where prices or orders go to an exchange, ``arm`` where real money does. All methods are
    called on the loop's thread, except ``request_stop`` and ``request_kill``.
    """

    def __init__(self, loaded: Loaded, data: Path, seed: int | None = None) -> None:
        self.loaded = loaded
        self.settings = loaded.settings
        self.mode = Mode.LIVE if loaded.settings.mode == "live" else Mode.PAPER
        self.folder = DataFolder(data)
        self.clock = WallClock()
        self.health = Health()
        self.failures: dict[str, str] = {}
        """Strategies that did not load, with the reason."""
        self.checks: tuple[Check, ...] = ()
        """The list that must be green before live trading."""
        self.stop_reason = ""
        self._link: ExchangeLink | None = None
        self.source: BuiltInSource | None = None
        self._given_seed = seed
        self._stop = threading.Event()
        self._armed = False
        self._opened = False

    # --- Connecting and arming --------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Reach the exchange, where the settings name one. Raises ``WorkstationError``, holding nothing."""
        if self.settings.market.source != "exchange":
            return
        from workstation.session.exchange_link import ExchangeLink

        exchange, credentials = self.settings.exchange, None
        if self.mode is Mode.LIVE:
            credentials = load_credentials(Mode.LIVE, exchange.key, exchange.name)
        link = ExchangeLink(self.settings, self.clock, credentials)
        await link.open()
        self._link = link
        if self.mode is Mode.LIVE:
            try:
                await self.check()
            except BaseException:
                await self.disconnect()
                raise

    async def check(self) -> None:
        """Go through the list that must be green, again where it was not. Raises ``WorkstationError``."""
        assert self._link is not None
        self.checks = await self._link.preflight()

    def arm(self, account: str) -> None:
        """Allow live trading of the account that a person has named. Raises ``ConfigurationError``."""
        name = self.settings.account.name
        if account.strip() != name:
            named = f"not “{account}”" if account.strip() else "and nothing was typed"
            raise ConfigurationError(f"Live trading is not armed: the account is “{name}”, {named}.")
        failed = [check for check in self.checks if not check.passed]
        if failed:
            texts = " ".join(f"{check.name}: {check.text}" for check in failed)
            raise ConfigurationError(f"Live trading is not armed, for the checks are not all passed. {texts}")
        self._armed = True

    def arm_unattended(self) -> None:
        """Arm where nobody can type: the configuration names the account. Raises ``ConfigurationError``."""
        confirmed = self.settings.live.confirm_account
        if not confirmed:
            raise ConfigurationError(
                "Live trading is not armed: where nobody can type it, write the account's name, "
                f"“{self.settings.account.name}”, under live.confirm_account."
            )
        self.arm(confirmed)

    async def disconnect(self) -> None:
        """Let go of the exchange."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    # --- Opening ----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take the data folder, bring back the last state, and start. Raises ``WorkstationError``, holding nothing."""
        if self.mode is Mode.LIVE and not self._armed:
            raise ConfigurationError("Live trading is not armed: name the account first.")
        self.folder.create()
        now_ns = self.clock.now_ns()
        self._lock = FolderLock(self.folder.lock, now_ns)
        try:
            self._open_storage()
            self._open_kernel(now_ns)
            self._begin(now_ns)
        except BaseException:
            self._release()
            raise
        self._opened = True

    def _open_storage(self) -> None:
        self.latch = KillLatch(self.folder.path)
        self.latch.prepare()
        self.database = open_database(self.folder.history)
        self.journal = DiskJournal(self.folder.journal)

    def _open_kernel(self, now_ns: int) -> None:
        settings, journal = self.settings, self.journal
        registry = strategy_registry(settings, self.loaded.file)
        number = journal.next_session
        self.seed = self._given_seed if self._given_seed is not None else number
        sessions = journal.sessions()
        last = sessions[-1].header if sessions else None
        if last is not None:
            check_account(self.folder.path, last, self.mode, settings)
        token = client_id_token(last, self.mode)
        opening = last_state(journal, settings, registry)
        record = settings.storage.record_inputs
        folder = self.folder.session_inputs(number)
        self.recorder = InputRecorder(folder, settings.storage.segment_megabytes * 1_000_000) if record else None
        link = self._link
        self.kernel, self.desk, self.failures = session_kernel(
            settings,
            journal=journal,
            recorder=self.recorder,
            latch=self.latch,
            registry=registry,
            session=number,
            seed=self.seed,
            start_ns=now_ns,
            token=token,
            make_venue=link.venue_factory(self.dispatch, self._on_reconnected) if link is not None else None,
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
                token=token,
            )
        )
        self.number = number
        self._first = opening is None

    def _begin(self, now_ns: int) -> None:
        """From here on the kernel lives."""
        settings, kernel, link = self.settings, self.kernel, self._link
        self.views = EngineViews(
            kernel,
            mode=self.mode,
            account=settings.account.name,
            venue=self.market_title,
            taker_rate=to_rate(settings.paper.taker_bps / 10_000),
            maker_rate=to_rate(settings.paper.maker_bps / 10_000),
        )
        self.health.attach(kernel)
        self._counts = {"fills": 0, "orders": 0, "inputs": 0}
        kernel.bus.subscribe(OrderFilled, lambda _: self._count("fills"))
        kernel.bus.subscribe(OrderSubmitted, lambda _: self._count("orders"))
        kernel.bus.subscribe(LogLine, _to_python_log)
        self.candles = CandleKeeper(CandleDatabase(self.database), kernel.terms.instruments, self._series, kernel.bus)
        self.projection = Projection(self.folder.journal, self.database, lambda error: log.error("%s", error))
        self._files = ReconciliationFiles(self.folder.path)
        self._files.forget()
        self.control = RemoteControl(
            kernel, self.latch, self._files, self.command, flatten_on_kill=settings.risk.flatten_on_kill
        )
        if link is not None and self.mode is Mode.LIVE:
            link.start_account(self._symbols_with_orders, self._is_healthy)
        self.watchdog.start()
        self._resumed = kernel.start(now_ns)
        self.recordings = self._recorder_of_the_market()
        if link is None:
            self.source = BuiltInSource(settings, kernel, self.seed, now_ns)
            self.source.give_past(self.candles, self.dispatch)
            release_freed_memory()
            self._start_strategies()
        self.control.look()
        if JOURNAL in kernel.trading.causes:
            raise StorageError(kernel.trading.causes[JOURNAL].reason)
        self.projection.start()
        if self.recorder is not None:
            keep = settings.storage.keep_inputs_days
            prune_inputs(self.folder.inputs, keep, now_ns, frozenset({self.folder.session_name(self.number)}))

    @property
    def market_title(self) -> str:
        return self._link.title if self._link is not None else f"Built-in market, seed {self.seed}"

    def _series(self, symbol: str) -> str:
        return exchange_series(symbol, self.settings.exchange) if self._link is not None else invented(symbol)

    def _recorder_of_the_market(self) -> MarketRecorder:
        kernel, link = self.kernel, self._link
        recorder = MarketRecorder(
            self.folder.recordings,
            kernel.bus,
            kernel.clock,
            kernel.markets,
            kernel.terms.instruments,
            source=BUILT_IN if link is None else link.title,
            seed=self.seed if link is None else None,
            segment_bytes=self.settings.record.segment_megabytes * 1_000_000,
        )
        recorder.start_all(self.settings.record.symbols)
        return recorder

    def _loaded_strategies(self) -> list[tuple[str, StrategyEntry]]:
        return [(name, entry) for name, entry in self.settings.strategies.items() if name not in self.failures]

    def _start_strategies(self) -> None:
        """Those that ran when the last session ended; at the first start those that the configuration starts."""
        for name, state in self._resumed.items():
            self.command(StartStrategy(strategy=name, who="restart"))
            if state is StrategyState.PAUSED:
                self.command(PauseStrategy(strategy=name, who="restart"))
        if self._first:
            for name, entry in self.settings.strategies.items():
                if entry.start and name in self.kernel.host.slots:
                    self.command(StartStrategy(strategy=name, who="configuration"))

    # --- The exchange -----------------------------------------------------------------------------------------------

    async def _begin_market(self, link: ExchangeLink) -> None:
        """The past first, then the strategies, then whatever the streams bring."""
        bars = {HOUR_NS: HOURS_OF_PAST, MINUTE_NS: MINUTE_BARS}
        instruments = tuple(self.kernel.terms.instruments.values())
        await link.start_market(instruments, self._take_market, bars, self.seed, self._start_strategies)

    def _take_market(self, event: Input) -> None:
        self.health.messages += 1
        self.dispatch(event)

    def _on_reconnected(self) -> None:
        """What the account's stream missed is asked for, as an input so that it can be run again."""
        self.command(Reconcile(who="reconnect"))

    def _symbols_with_orders(self) -> Sequence[str]:
        """Where orders of ours rest and nobody else's: the exchange's timer does not tell them apart."""
        resting = self.kernel.orders.open_orders()
        foreign = {order.symbol for order in resting if order.owner == EXTERNAL}
        return sorted({order.symbol for order in resting} - foreign)

    def _is_healthy(self) -> bool:
        """Whether the dead-man timer may be refreshed."""
        return JOURNAL not in self.kernel.trading.causes and self.kernel.trading.state is not TradingState.HALTED

    def connection(self) -> ConnectionView | None:
        """How the connection to the exchange stands; ``None`` on the built-in market."""
        return self._link.view() if self._link is not None else None

    def reconciliation(self) -> ReconciliationView:
        """Whether our books and the venue's account agree."""
        found = self.kernel.reconciliation
        if found is None:
            return ReconciliationView(False, 0, ())
        return ReconciliationView(True, found.agreed_ns, found.differences, found.comparing)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a trader should know of the exchange."""
        return self._link.notes if self._link is not None and self.mode is Mode.LIVE else ()

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
        self.control.kill_reason = reason

    async def run(self, seconds: float | None = None) -> None:
        """Feed the kernel until a stop is requested, or for so many seconds. Raises ``WorkstationError``."""
        loop = asyncio.get_running_loop()
        if self._link is not None:
            await self._begin_market(self._link)
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
            self.control.look()
            if self._link is not None:
                self._link.raise_failure()
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
        if self.source is not None:
            await self._pump_source(self.source, now_ns)
        if now_ns - self.kernel.clock.time_ns >= SECOND_NS:
            self.dispatch(Heartbeat(now_ns))

    async def _pump_source(self, source: BuiltInSource, now_ns: int) -> None:
        events = source.due(now_ns)
        started = time.perf_counter()
        for event in events:
            self.dispatch(event)
            if time.perf_counter() - started > PUMP_BUDGET_S:
                await asyncio.sleep(0)
                started = time.perf_counter()
        self.health.messages += len(events)
        for event in source.lacking():
            self.dispatch(event)

    def _keep_house(self) -> None:
        self.health.tick()
        self.control.latch_again(self.clock.now_ns())
        if self.kernel.clock.time_ns // MINUTE_NS % 5 == 0:
            self.candles.save()

    def _count(self, what: str) -> None:
        self._counts[what] += 1

    # --- Closing ----------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Stop in order: entries cancelled and their answers awaited, protective stops kept, journal closed."""
        try:
            if self._opened:
                self.command(CancelAll(who="shutdown"))
                deadline = time.monotonic() + CLOSING_S
                while any(order.cancel_requested_ns for order in self.kernel.orders.open_orders()):
                    if time.monotonic() > deadline:
                        break
                    await asyncio.sleep(PUMP_INTERVAL_S)
                    await self._pump()
        finally:
            if self._link is not None and not self._entries():
                await self._link.disarm()
            # The exchange falls silent before the journal is closed: a report that came later would be lost.
            await self.disconnect()
            self.finish()

    def _entries(self) -> list[str]:
        """Client ids of our open orders that could add to a position."""
        if not self._opened:
            return []
        resting = self.kernel.orders.open_orders()
        return [order.client_id for order in resting if order.owner != EXTERNAL and not order.reduce_only]

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
            self.candles.save_hours(self.kernel.clock.time_ns)
        except WorkstationError as error:
            log.error("%s", error)
        finally:
            self._files.forget()
            self._release()

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


def _to_python_log(line: LogLine) -> None:
    level = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ERROR: logging.ERROR}
    logging.getLogger(f"workstation.{line.source}").log(level[line.severity], "%s", line.text)
