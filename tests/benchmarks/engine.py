"""The engine without a window: events through the whole path, a year of minutes, journal commits."""

from __future__ import annotations

import tempfile
import time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

from tests.benchmarks.figure import Figure, quiet_collector
from workstation.assembly import configured_instruments, session_engine, strategy_registry
from workstation.backtest.engine import BacktestRequest
from workstation.backtest.round_trips import PriceBars
from workstation.backtest.runner import BacktestData, run_backtest
from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.messages import LogLine, OrderFilled, StartStrategy
from workstation.core.timeframe import MINUTE_NS, parse_utc
from workstation.core.types import Mode, Severity
from workstation.market.built_in.market import BuiltInMarket
from workstation.market.history import Candles
from workstation.storage.disk_journal import DiskJournal
from workstation.storage.journal import MemoryJournal, SessionHeader

CONFIGURATION = Path("config/strategy.yaml")
START_NS = parse_utc("2023-11-14T22:00")
EVENTS = 300_000
YEAR_MINUTES = 525_600
BACKTESTING_PY_S = 2.96
"""backtesting.py 0.6.6 on the same work, measured on a machine of this kind."""


def engine_figures() -> list[Figure]:
    settings = load_settings(CONFIGURATION).settings
    return [events_a_second(settings), *year_of_minutes(settings), *journal_commits()]


def events_a_second(settings: Settings) -> Figure:
    """Books, trades and marks of three symbols; a cross on minutes, a grid and a market maker trade on them."""
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    running = {
        "ema_cross": msgspec.structs.replace(settings.strategies["ema_cross"], symbol="ETHUSDT"),
        "grid": msgspec.structs.replace(settings.strategies["grid"], symbol="BTCUSDT"),
        "market_maker": msgspec.structs.replace(settings.strategies["market_maker"], symbol="SOLUSDT"),
    }
    settings = msgspec.structs.replace(
        settings, market=msgspec.structs.replace(settings.market, symbols=symbols), strategies=running
    )
    market = BuiltInMarket(
        settings.market.built_in, list(configured_instruments(settings, symbols).values()), 7, None, START_NS
    )
    events = list(islice(market.events(), EVENTS))
    engine = session_engine(
        settings,
        journal=MemoryJournal(),
        recorder=None,
        latch=None,
        registry=strategy_registry(settings, CONFIGURATION),
        session=1,
        seed=1,
        start_ns=START_NS,
    )
    assert not engine.failures, engine.failures
    kernel = engine.kernel
    engine.start(START_NS)
    for name in running:
        kernel.dispatch(StartStrategy(strategy=name, ts_ns=START_NS))
    dispatch = kernel.dispatch
    with quiet_collector():
        started = time.perf_counter()
        for event in events:
            dispatch(event)
        seconds = time.perf_counter() - started
    assert len(kernel.journal.outputs) > 100  # type: ignore[attr-defined]
    return Figure("events a second through the whole engine", len(events) / seconds, "1/s", 400_000)


def _random_year() -> Candles:
    """A seeded random walk of minutes whose opens are the closes before."""
    random = np.random.default_rng(1)
    close = (42_000 * np.exp(np.cumsum(random.normal(0, 0.0008, YEAR_MINUTES))) * 100).round().astype(np.int64)
    open_ = np.concatenate(([4_200_000], close[:-1]))
    reach = (np.abs(random.normal(0, 0.0004, YEAR_MINUTES)) * close).astype(np.int64)
    high, low = np.maximum(open_, close) + reach, np.minimum(open_, close) - reach
    volume = random.integers(1_000_000, 50_000_000, YEAR_MINUTES)
    opens_ns = parse_utc("2023-01-01") + np.arange(YEAR_MINUTES, dtype=np.int64) * MINUTE_NS
    scale = 1_000_000
    return Candles(
        "BTCUSDT", MINUTE_NS, opens_ns, open_ * scale, high * scale, low * scale, close * scale, volume * 1000
    )


def year_of_minutes(settings: Settings) -> list[Figure]:
    """``ema_cross`` on 525,600 one-minute bars after loading, on the kernel as it trades live."""
    candles = _random_year()
    instrument = settings.instruments["BTCUSDT"]
    costs = msgspec.structs.replace(
        settings.backtest.costs,
        taker_bps=Decimal(10),
        maker_bps=Decimal(10),
        slippage_bps=Decimal(0),
        funding=False,
    )
    request = BacktestRequest(
        symbol="BTCUSDT",
        timeframe="1m",
        strategy="ema_cross",
        start_ns=candles.first_ns,
        end_ns=candles.end_ns,
        cash=Decimal(10_000_000),
        costs=costs,
        loss_limits=False,
        parameters={"quantity": "1"},
    )
    open_, high, low, close = candles.ticks(instrument)
    prices = PriceBars(
        interval_ns=MINUTE_NS, close_ns=candles.open_ns + MINUTE_NS, open=open_, high=high, low=low, close=close
    )
    data = BacktestData(candles.to_bars(instrument), (), prices, (), "a seeded random walk")
    registry = strategy_registry(settings, CONFIGURATION)
    whole, engine = [], []
    for _ in range(3):
        marks: list[float] = []

        def mark(done: int, total: int, marks: list[float] = marks) -> None:
            marks.append(time.perf_counter())

        with quiet_collector():
            started = time.perf_counter()
            result = run_backtest(settings, request, data, registry, mark)
            whole.append(time.perf_counter() - started)
            engine.append(marks[-1] - started)
    assert result.fills > 10_000
    seconds = median(engine)
    return [
        Figure(
            "a year of minutes, ema_cross, on the kernel",
            seconds,
            "s",
            2.0,
            "less",
            f"backtesting.py, stated {BACKTESTING_PY_S} s",
            BACKTESTING_PY_S / seconds,
        ),
        Figure("bars a second in that backtest", YEAR_MINUTES / seconds, "1/s"),
        Figure("with its trades, figures and order hash", median(whole), "s"),
        Figure("fills in that backtest", result.fills, ""),
    ]


def journal_commits() -> list[Figure]:
    """One fill a transaction on this disk, each durable before the next."""
    with tempfile.TemporaryDirectory() as folder:
        journal = DiskJournal(Path(folder) / "journal.sqlite3")
        journal.begin_session(
            SessionHeader(
                started_ns=START_NS,
                mode=Mode.PAPER,
                seed=1,
                engine_version="",
                configuration="{}",
                instruments={},
                strategies={},
                opening={},
            )
        )
        times = []
        for number in range(1000):
            journal.append(
                LogLine(ts_ns=START_NS + number, severity=Severity.INFO, source="bench", text=OrderFilled.__name__)
            )
            started = time.perf_counter()
            journal.commit()
            times.append(time.perf_counter() - started)
        journal.close()
    times.sort()
    return [
        Figure("journal commits a second", len(times) / sum(times), "1/s"),
        Figure("a journal commit, p50", times[len(times) // 2] * 1000, "ms"),
        Figure("a journal commit, p99", times[int(len(times) * 0.99)] * 1000, "ms"),
    ]
