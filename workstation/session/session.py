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
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from workstation.config.loader import Loaded
from workstation.core.clock import WallClock
from workstation.core.errors import StorageError, WorkstationError
from workstation.core.memory import release_freed_memory
from workstation.core.messages import (
    AnyCommand,
    Arm,
    EndSession,
    ForwardedRequest,
    Heartbeat,
    Input,
    LogLine,
    Reconcile,
)
from workstation.core.timeframe import HOUR_NS, MINUTE_NS
from workstation.core.types import Mode, Severity
from workstation.core.views import CommandAnswered, ConnectionView, ReconciliationView
from workstation.session import parts
from workstation.session.arming_again import ArmingAgain
from workstation.session.built_in_source import MINUTE_BARS, BuiltInSource
from workstation.session.exchange_access import ExchangeAccess
from workstation.session.health import Health
from workstation.session.market_pump import MarketPump
from workstation.session.opening import open_engine
from workstation.session.own_orders import OwnOrders
from workstation.session.session_link import SessionLink
from workstation.session.strategy_starts import StrategyStarts
from workstation.storage.database import open_database
from workstation.storage.disk_journal import DiskJournal
from workstation.storage.inputs import prune_inputs
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder
from workstation.storage.lock import FolderLock
from workstation.storage.projection import Projection
from workstation.trading.kernel_terms import VenueFactory
from workstation.trading.transaction import JOURNAL
from workstation.watchdog import Watchdog

if TYPE_CHECKING:
    # ccxt takes 180 MB and a second: only a session with an exchange pays for it.
    from workstation.venues.exchange.account.preflight import Check

log = logging.getLogger("workstation.session")

PUMP_INTERVAL_S = 0.010
"""How often the market is asked for what is due."""
FLUSH_INTERVAL_S = 0.1
"""How often recorded inputs are handed to the system, so that little is left to write when an order leaves."""
HOURS_OF_PAST = 210 * 24
CLOSING_S = 5.0
"""How long the answers to the last cancels are awaited."""


class Session:
    """Connected, armed, opened, run and closed once.

    ``market`` is where prices come from, instead of what the settings name; ``takes_orders`` whether orders come under
    ids of others, too. ``connect`` is needed where prices or
    orders go to an exchange, ``arm`` where real money does. All methods are called on the loop's thread, except
    ``request_stop`` and ``request_kill``.
    """

    def __init__(
        self,
        loaded: Loaded,
        data: Path,
        seed: int | None = None,
        market: SessionLink | None = None,
        *,
        takes_orders: bool = False,
    ) -> None:
        self.loaded = loaded
        self.settings = loaded.settings
        self.mode = Mode.LIVE if loaded.settings.mode == "live" else Mode.PAPER
        self.folder = DataFolder(data)
        self.clock = WallClock()
        self.health = Health()
        self.failures: dict[str, str] = {}
        """Strategies that did not load, with the reason."""
        self.stop_reason = ""
        self._access = ExchangeAccess(self.settings, self.mode, data, market)
        self._arming_again = ArmingAgain(self._access, self.settings.account.name, self._arm_now, self._tell_arming)
        self.source: BuiltInSource | None = None
        self._given_seed = seed
        self._takes_orders = takes_orders
        self._stop = threading.Event()
        self._opened = False

    # --- Connecting and arming --------------------------------------------------------------------------------------

    @property
    def checks(self) -> tuple[Check, ...]:
        """The list that must be green before live trading."""
        return self._access.checks

    async def connect(self) -> None:
        """Reach the exchange, where the settings name one. Raises ``WorkstationError``, holding nothing."""
        await self._access.connect(self.clock)

    async def check(self) -> None:
        """Go through the list that must be green, again where it was not. Raises ``WorkstationError``."""
        await self._access.check()

    def arm(self, account: str) -> None:
        """Allow live trading of the account that a person has named. Raises ``ConfigurationError``."""
        self._access.arm(account)

    def arm_unattended(self) -> None:
        """Arm where nobody can type: the configuration names the account. Raises ``ConfigurationError``."""
        self._access.arm_unattended()

    async def disconnect(self) -> None:
        """Let go of the exchange."""
        await self._access.disconnect()

    @property
    def _link(self) -> SessionLink | None:
        return self._access.link

    # --- Opening ----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take the data folder, bring back the last state, and start. Raises ``WorkstationError``, holding nothing."""
        self._access.require_armed()
        self.folder.create()
        now_ns = self.clock.now_ns()
        self._lock = FolderLock(self.folder.lock, now_ns)
        try:
            self._open_storage()
            self._open_engine(now_ns)
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

    def _venue_factory(self) -> VenueFactory | None:
        """The venue outside the engine; ``None`` where the simulated one does."""
        if self._link is None or not self._is_venue_outside:
            return None
        return self._link.venue_factory(self.dispatch, self._on_reconnected)

    @property
    def _is_venue_outside(self) -> bool:
        return self.mode is Mode.LIVE or self.settings.execution.place == "service"

    def _open_engine(self, now_ns: int) -> None:
        opened = open_engine(
            self.loaded,
            self.folder,
            self.mode,
            journal=self.journal,
            latch=self.latch,
            seed=self._given_seed,
            now_ns=now_ns,
            make_venue=self._venue_factory(),
            confirm=self._access.confirm,
            takes_orders=self._takes_orders,
        )
        self.engine, self.recorder, self.number, self.seed, before = opened
        self._first = before is None
        self.started = opened.start(now_ns)
        self.kernel, self.desk, self.failures, self.arming = self.engine
        self.watchdog = Watchdog(self.kernel.host.interrupt)

    def _begin(self, now_ns: int) -> None:
        """From here on the kernel lives."""
        settings, kernel, link = self.settings, self.kernel, self._link
        self.views = parts.engine_views(kernel, settings, self.mode, self.market_title, self._access.fee_rates)
        self.health.attach(kernel)
        self._tally = parts.Tally(kernel.bus)
        kernel.bus.subscribe(LogLine, parts.to_python_log)
        self.candles = parts.candle_keeper(kernel, settings, self.database, connected=link is not None)
        self.projection = Projection(self.folder.journal, self.database, lambda error: log.error("%s", error))
        self.starts = StrategyStarts(kernel, self._follow, connects=link is not None)
        self.control = parts.remote_control(self.engine, settings, self.latch, self.folder.path, self.command)
        if link is not None and self._is_venue_outside:
            link.start_account(OwnOrders(kernel))
        self.watchdog.start()
        self._resumed = self.engine.start(now_ns)
        exchange = link.title if link is not None else ""
        self.recordings = parts.market_recorder(kernel, settings, self.folder.recordings, exchange, self.seed)
        self.watching = link.watching if link is not None else None
        if link is None:
            self.source = BuiltInSource(settings, kernel, self.seed, now_ns)
            self.watching = self.source.watching(self.seed, self.clock.now_ns)
            self.source.give_past(self.candles, self.dispatch)
            release_freed_memory()
            self._start_strategies()
        self._pump = MarketPump(kernel, self.source, self.clock, self.health, self.dispatch)
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

    def _start_strategies(self) -> None:
        self.starts.begin(self._resumed, "configuration" if self._first else "restart")

    # --- The exchange -----------------------------------------------------------------------------------------------

    async def _begin_market(self, link: SessionLink) -> None:
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

    def connection(self) -> ConnectionView | None:
        """How the connection to the exchange stands; ``None`` on the built-in market."""
        return self._link.view() if self._link is not None else None

    def waits_for(self) -> str:
        """What keeps it from trading as it should, of the services that it works with; empty when nothing does."""
        return self._link.trouble if self._link is not None else ""

    def reconciliation(self) -> ReconciliationView:
        """Whether our books and the venue's account agree."""
        return parts.reconciliation_view(self.kernel)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a trader should know of the exchange."""
        return self._link.notes if self._link is not None and self.mode is Mode.LIVE else ()

    # --- Running ----------------------------------------------------------------------------------------------------

    def dispatch(self, event: Input) -> None:
        """Give the kernel one input; every one passes here."""
        self._tally.inputs += 1
        self.watchdog.beat()
        self.kernel.dispatch(event)
        if self.starts.waiting:
            self.starts.look()

    def command(self, command: AnyCommand) -> str:
        """Carry out a command now; what came of it, in words.

        To arm takes a while where an exchange is to be asked first: that is told then, as ``CommandAnswered``.
        """
        if isinstance(command, Arm) and self._arming_again.needs_checks(command):
            return self._arming_again.wish(command)
        self.starts.give_way(command)
        return self._carry_out(command, max(self.clock.now_ns(), self.kernel.clock.time_ns))

    async def arm_again(self, command: Arm) -> str:
        """Arm once the exchange's checks have passed; what came of it. Raises ``WorkstationError``: it is not armed."""
        return await self._arming_again.arm(command)

    def _arm_now(self, command: Arm) -> str:
        return self._carry_out(command, max(self.clock.now_ns(), self.kernel.clock.time_ns))

    def _tell_arming(self, text: str, good: bool) -> None:
        # Not records of the journal: they do not follow from the inputs.
        bus = self.kernel.bus
        if not good:
            line = LogLine(ts_ns=self.clock.now_ns(), severity=Severity.WARNING, source="arming", text=text)
            bus.publish(line)
        bus.publish(CommandAnswered(text, good))

    def _follow(self, command: AnyCommand) -> str:
        """Carry out what follows from the input before it, at the same time: so a backtest does the same."""
        return self._carry_out(command, self.kernel.clock.time_ns)

    def _carry_out(self, command: AnyCommand | EndSession, ts_ns: int) -> str:
        self.dispatch(msgspec.structs.replace(command, ts_ns=ts_ns))
        return self.desk.last_result

    def take(self, request: ForwardedRequest) -> None:
        """Take a request of a strategy core whose venue this engine is."""
        self.dispatch(msgspec.structs.replace(request, ts_ns=max(self.clock.now_ns(), self.kernel.clock.time_ns)))

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
            await self._pump.take_due()
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

    def _keep_house(self) -> None:
        self.health.tick()
        self.control.latch_again(self.clock.now_ns())
        if self.kernel.clock.time_ns // MINUTE_NS % 5 == 0:
            self.candles.save()

    # --- Closing ----------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Stop in order: entries cancelled and their answers awaited, protective stops kept, journal closed."""
        await self._arming_again.close()
        try:
            if self._opened:
                self._carry_out(EndSession(who="shutdown"), max(self.clock.now_ns(), self.kernel.clock.time_ns))
                deadline = time.monotonic() + CLOSING_S
                while any(order.cancel_requested_ns for order in self.kernel.orders.open_orders()):
                    if time.monotonic() > deadline:
                        break
                    await asyncio.sleep(PUMP_INTERVAL_S)
                    await self._pump.take_due()
        finally:
            if self._link is not None and not (self._opened and OwnOrders(self.kernel).entries()):
                await self._link.disarm()
            # The exchange falls silent before the journal is closed: a report that came later would be lost.
            await self.disconnect()
            self.finish()

    def finish(self) -> None:
        """Write the end of the session and release the folder."""
        if not self._opened:
            return
        self._opened = False
        try:
            self.dispatch(Heartbeat(max(self.clock.now_ns(), self.kernel.clock.time_ns)))
            self.kernel.close()
            self.journal.end_session(self._tally.summary(self.kernel.clock.time_ns, self.stop_reason or "closed"))
            self.candles.save_hours(self.kernel.clock.time_ns)
        except WorkstationError as error:
            log.error("%s", error)
        finally:
            self.control.forget()
            self._release()

    def _release(self) -> None:
        for name in ("watchdog", "recordings", "recorder", "projection", "journal", "database", "_lock"):
            parts.let_go(self.__dict__.pop(name, None))
