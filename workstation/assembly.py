"""Puts a kernel together from the settings: the one place where a mode becomes a clock, a venue and limits."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from workstation.config.loader import settings_from_json
from workstation.config.settings import Costs, Settings, StrategyEntry
from workstation.core.clock import EventClock
from workstation.core.errors import ConfigurationError, StrategyError
from workstation.core.instrument import Instrument
from workstation.core.messages import Output
from workstation.core.money import to_money
from workstation.core.timeframe import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, TIMEFRAMES
from workstation.core.types import StrategyState
from workstation.market.order_book import OrderBook
from workstation.storage.disk_journal import DiskJournal
from workstation.storage.journal import MemoryJournal, SessionHeader
from workstation.trading import recovery
from workstation.trading.arming import Arming
from workstation.trading.desk import Desk
from workstation.trading.intake import Intake
from workstation.trading.kernel import Kernel
from workstation.trading.kernel_terms import (
    Journal,
    KernelTerms,
    LockoutTerms,
    MarketTap,
    ReconciliationTerms,
    Recorder,
    VenueFactory,
)
from workstation.trading.kill_switch import KillSwitchLatch
from workstation.trading.registry import StrategyRegistry
from workstation.trading.risk_limits import risk_limits
from workstation.venues.base import ReportHandler, Venue
from workstation.venues.exchange.capabilities import exchange_capabilities
from workstation.venues.service.venue import service_capabilities
from workstation.venues.silent import SilentVenue
from workstation.venues.simulated.venue import SimVenue


class Engine(NamedTuple):
    """A session's kernel and what works on it. ``failures`` names the strategies that did not load, with the reason."""

    kernel: Kernel
    desk: Desk
    failures: dict[str, str]
    arming: Arming | None
    """``None`` on paper, where nothing needs to be armed."""

    def snapshot(self) -> dict[str, Any]:
        """Everything that survives a restart, as JSON values."""
        state = recovery.snapshot(self.kernel)
        return state if self.arming is None else state | {"arming": self.arming.snapshot()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a snapshot; nothing is journalled or sent. Raises ``ConfigurationError``."""
        self.kernel.recover(lambda: recovery.restore(self.kernel, state))
        if self.arming is not None and "arming" in state:
            self.arming.restore(state["arming"])

    def apply_records(self, records: Iterable[Output]) -> None:
        """Come to where a session's records end."""
        followed = records if self.arming is None else self.arming.following(records)
        self.kernel.recover(lambda: recovery.apply_records(self.kernel, followed))

    def start(self, now_ns: int) -> dict[str, StrategyState]:
        """Begin the session, as ``Kernel.start`` does."""
        if self.arming is not None:
            self.arming.start()
        return self.kernel.start(now_ns)


def configured_instruments(settings: Settings, symbols: Sequence[str]) -> dict[str, Instrument]:
    return {symbol: settings.instruments[symbol] for symbol in symbols}


def simulated_venue(
    settings: Settings, instruments: Mapping[str, Instrument], costs: Costs, cash: Mapping[str, int], seed: int
) -> VenueFactory:
    """A factory of the simulated venue; the seed decides its latencies."""

    def make(
        clock: EventClock, report: ReportHandler, books: Mapping[str, OrderBook]
    ) -> tuple[Venue, MarketTap | None]:
        venue = SimVenue(
            clock,
            report,
            instruments,
            books,
            costs,
            settings.account,
            dict(cash),
            random.Random(f"venue {seed}"),
        )
        return venue, venue

    return make


def silent_venue(settings: Settings) -> VenueFactory:
    """Stands for the venue outside the engine that the settings name, where what it reported is replayed."""

    def make(
        clock: EventClock, report: ReportHandler, books: Mapping[str, OrderBook]
    ) -> tuple[Venue, MarketTap | None]:
        if settings.execution.place == "service":
            return SilentVenue(service_capabilities(configured_instruments(settings, settings.market.symbols))), None
        return SilentVenue(exchange_capabilities(settings.exchange)), None

    return make


def kernel_terms(
    settings: Settings,
    instruments: Mapping[str, Instrument],
    *,
    cash: Mapping[str, int],
    session: int,
    start_ns: int,
    token: str = "",
    loss_limits: bool = True,
    base_interval_ns: int = MINUTE_NS,
    equity_interval_ns: int = MINUTE_NS,
    person_pause_ns: int = 0,
    seed: int = 0,
) -> KernelTerms:
    execution, crisis = settings.execution, settings.risk.crisis
    return KernelTerms(
        instruments=instruments,
        limits=risk_limits(settings.risk, instruments, loss_limits),
        currency=settings.account.currency,
        leverage=settings.account.leverage,
        cash=cash,
        id_prefix=f"w{token}{session}-",
        start_ns=start_ns,
        request_expiry_ns=int(execution.request_expiry_s * SECOND_NS),
        in_doubt_ns=int(execution.in_doubt_s * SECOND_NS),
        in_flight_check_ns=int(execution.in_flight_check_s * SECOND_NS),
        crisis_threshold=crisis.confidence_threshold,
        crisis_atr_multiple=crisis.atr_multiple,
        protections_interval_ns=max(TIMEFRAMES[settings.risk.protections.bar], base_interval_ns),
        base_interval_ns=base_interval_ns,
        equity_interval_ns=equity_interval_ns,
        person_pause_ns=person_pause_ns,
        seed=seed,
        lockout=LockoutTerms(int(settings.risk.lockout.after_day_loss_hours * HOUR_NS), settings.risk.lockout.fixed),
        reconciliation=_reconciliation_terms(settings),
    )


def _reconciliation_terms(settings: Settings) -> ReconciliationTerms:
    wanted = settings.exchange.reconciliation
    return ReconciliationTerms(
        orders_ns=int(wanted.orders_s * SECOND_NS),
        positions_ns=int(wanted.positions_s * SECOND_NS),
        tolerance=to_money(wanted.tolerance),
    )


def session_engine(
    settings: Settings,
    *,
    journal: Journal,
    recorder: Recorder | None,
    latch: KillSwitchLatch | None,
    registry: StrategyRegistry,
    session: int,
    seed: int,
    start_ns: int,
    token: str = "",
    make_venue: VenueFactory | None = None,
) -> Engine:
    """The engine of a session with its strategies.

    The same arguments give the same engine, which is how a journal is verified. ``make_venue`` makes a venue outside
    the engine; without it, its reports are replayed. ``token`` tells the client ids of one installation from those
    of another on the same account.
    """
    instruments = configured_instruments(settings, settings.market.symbols)
    live = settings.mode == "live"
    # A live account begins with what the exchange says that it has.
    cash = {} if live else {settings.account.currency: to_money(settings.account.cash)}
    terms = kernel_terms(settings, instruments, cash=cash, session=session, start_ns=start_ns, token=token, seed=seed)
    if make_venue is None:
        # Of a venue outside the engine the reports are among the inputs.
        outside = live or settings.execution.place == "service"
        make_venue = (
            silent_venue(settings) if outside else simulated_venue(settings, instruments, settings.paper, cash, seed)
        )
    kernel = Kernel(terms, journal, make_venue, recorder)
    desk = Desk(kernel, latch)
    Intake(kernel)
    for market in kernel.markets.values():
        for interval_ns in TIMEFRAMES.values():
            market.want_series(interval_ns, terms.base_interval_ns)
    failures = add_strategies(kernel, registry, settings.strategies)
    lasts_ns = int(settings.live.disarm_after_hours * HOUR_NS)
    arming = Arming(kernel, desk, settings.account.name, lasts_ns) if live else None
    return Engine(kernel, desk, failures, arming)


def last_state(journal: DiskJournal, settings: Settings, registry: StrategyRegistry) -> dict[str, Any] | None:
    """Where the last session stood at its last committed record, however it ended; ``None`` at the first start.

    Raises ``ConfigurationError`` when what it holds would mean something else under the settings of now.
    """
    sessions = journal.sessions()
    if not sessions:
        return None
    header = sessions[-1].header
    # Its records mean what they meant then: symbols, steps and strategies may have changed since.
    recorded = _recorded_settings(header, settings)
    engine = session_engine(
        recorded,
        journal=MemoryJournal(),
        recorder=None,
        latch=None,
        registry=registry,
        session=header.number,
        seed=header.seed,
        start_ns=header.started_ns,
        token=header.token,
    )
    engine.restore(header.opening)
    engine.apply_records(journal.records(header.number))
    state = engine.snapshot()
    _check_instruments(state, header, settings)
    _let_configuration_win(state, recorded, settings)
    return state


def _recorded_settings(header: SessionHeader, settings: Settings) -> Settings:
    try:
        return settings_from_json(header.configuration)
    except ConfigurationError:
        return settings


def _check_instruments(state: dict[str, Any], header: SessionHeader, settings: Settings) -> None:
    held = {row["symbol"] for row in state["ledger"]["positions"] if row["lots"]}
    held |= {order["symbol"] for order in state["orders"]}
    for symbol, was in header.instruments.items():
        now = settings.instruments.get(symbol)
        if now is None or (now.kind, now.tick, now.lot, now.contract_size) == (
            was.kind,
            was.tick,
            was.lot,
            was.contract_size,
        ):
            continue
        if symbol in held:
            raise ConfigurationError(
                f"The account holds or orders {symbol} with tick {was.tick}, lot {was.lot}, contract size "
                f"{was.contract_size} and kind {was.kind}, which the configuration has changed: restore them under "
                f"`instruments.{symbol}` and close the position first."
            )
        state["prices"].pop(symbol, None)
        state["ended"] = [order for order in state["ended"] if order["symbol"] != symbol]


def _let_configuration_win(state: dict[str, Any], recorded: Settings, settings: Settings) -> None:
    """What a person changed while it ran is kept, unless the same line of the configuration was edited since."""
    for name, saved in list(state["strategies"].items()):
        before, now = recorded.strategies.get(name), settings.strategies.get(name)
        if before is None or now is None:
            continue
        if (before.strategy, before.symbol) != (now.strategy, now.symbol):
            del state["strategies"][name]
            continue
        for parameter in list(saved["parameters"]):
            if before.parameters.get(parameter) != now.parameters.get(parameter):
                del saved["parameters"][parameter]


def add_strategies(kernel: Kernel, registry: StrategyRegistry, entries: Mapping[str, StrategyEntry]) -> dict[str, str]:
    """Add what loads; the rest by name with its reason."""
    failures: dict[str, str] = {}
    for name, entry in entries.items():
        try:
            kernel.host.add(
                registry.create(entry.strategy, name, entry.symbol, entry.timeframe, dict(entry.parameters))
            )
        except StrategyError as error:
            failures[name] = str(error)
    return failures


def strategy_folder(settings: Settings, configuration: Path | None) -> Path | None:
    """The folder of the user's own strategies, taken relative to the configuration file; ``None`` without one."""
    if not settings.strategy_folder:
        return None
    folder = Path(settings.strategy_folder).expanduser()
    if not folder.is_absolute() and configuration is not None:
        folder = configuration.parent / folder
    return folder


def strategy_registry(settings: Settings, configuration: Path | None) -> StrategyRegistry:
    """The shipped strategies and those of the configured folder."""
    return StrategyRegistry(strategy_folder(settings, configuration))


def backtest_equity_interval(interval_ns: int) -> int:
    """How often a backtest samples its equity: each bar, but not more often than hourly nor less than daily."""
    return min(max(interval_ns, HOUR_NS), DAY_NS)
