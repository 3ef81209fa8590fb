"""The engine split over NATS beside the same engine in one process: messages a second, latencies, symbols on a core.

Every part is a process of its own; the processor time of each is measured. All of them share the machine, so the
figures of a chain are those of the machine and not of one core.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import psutil
from nats.aio.msg import Msg

from tests.benchmarks.figure import Figure, quiet_collector
from tests.benchmarks.service_roles import CONFIGURATION, made_events
from workstation.assembly import configured_instruments, session_engine, strategy_registry
from workstation.config.loader import load_settings, settings_json
from workstation.config.settings import Settings, StrategyEntry
from workstation.core.clock import WallClock
from workstation.core.messages import OrderSubmitted, StartStrategy
from workstation.core.types import Mode
from workstation.messaging.bodies import ExecutionBody, OrderBody, TradeBody
from workstation.messaging.envelope import decode
from workstation.messaging.link import PASSWORD_VARIABLE, NatsLink
from workstation.messaging.server import EmbeddedServer
from workstation.storage.disk_journal import DiskJournal
from workstation.storage.journal import SessionHeader

STRATEGIES = Path(__file__).parent / "strategies"
EVENTS, WARM_UP = 150_000, 3_000
RATE = 50
SYMBOLS_TRIED = (100, 400)
CHAIN_S = 15.0
LARGEST = 1 << 20
PROFILE = """
messaging: {{use: servers, servers: ["{server}"], user: {user}}}
market: {{source: {source}, symbols: [BTCUSDT], built_in: {{messages_per_second: {rate}, history_days: 1}}}}
execution: {{place: {place}}}
paper: {{latency_mean_ms: 0, latency_p95_ms: 0}}
risk: {{orders_per_second: 1000, orders_per_minute: 60000, repeats: 10000, duplicate_window_ms: 0}}
strategy_folder: {strategies}
strategies:
  echo: {{strategy: echo, symbol: BTCUSDT, timeframe: 1m, start: true}}
{stopped}
desktop: {{charts: [{{symbol: BTCUSDT, timeframe: 1m, indicators: []}}]}}
"""
CHAIN = {
    "feed": (["feed", "--seed", "7"], "built_in", "here"),
    "execution": (["execution", "--seed", "7"], "feed", "here"),
    "core": (["--no-gui"], "feed", "service"),
}


def service_figures() -> list[Figure]:
    return asyncio.run(_figures())


async def _figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "nats", 0, LARGEST)
        await server.start()
        try:
            figures = await _burst(server)
            figures += await _symbols(server)
            figures += await _round_trips(server, Path(folder))
        finally:
            await server.stop()
    return figures


# --- Messages a second ------------------------------------------------------------------------------------------------


async def _burst(server: EmbeddedServer) -> list[Figure]:
    task = {"events": EVENTS, "warm_up": WARM_UP}
    feed = await _role(server, "burst", task)
    await _says_ready(feed)
    engine = await _role(server, "engine", task)
    await _says_ready(engine)
    broker = _processor_s(server.process_id)
    assert feed.stdin is not None
    feed.stdin.write(b"go\n")
    heard = await _result(engine)
    feed.stdin.write(b"end\n")
    told = await _result(feed)
    broker = _processor_s(server.process_id) - broker
    assert heard["messages"] >= told["messages"] and heard["gaps"] == 0, (heard, told)
    assert heard["outputs"] > 100, "the engine did not trade"
    whole = await _result(await _role(server, "in_process", task))
    count = told["messages"]
    split, called = count / heard["seconds"], whole["messages"] / whole["seconds"]
    return [
        Figure(
            "messages a second: feed handler, NATS, engine",
            split,
            "1/s",
            None,
            "more",
            "the same engine by a call, same run",
            split / called,
        ),
        Figure("the same engine in one process, by a call", called, "1/s"),
        Figure("processor time a message: feed handler", told["processor_s"] / count * 1e6, "us"),
        Figure("processor time a message: nats-server", broker / count * 1e6, "us"),
        Figure(
            "processor time a message: reader and engine",
            heard["processor_s"] / count * 1e6,
            "us",
            None,
            "less",
            "the same engine by a call, same run",
            heard["processor_s"] / count / (whole["processor_s"] / whole["messages"]),
        ),
    ]


async def _symbols(server: EmbeddedServer) -> list[Figure]:
    figures = []
    served = 0.0
    for count in SYMBOLS_TRIED:
        task = {"symbols": count, "rate": RATE, "seconds": 8}
        found = await _result(await _role(server, "symbols", task))
        served = count / found["share"]
        figures += [
            Figure(f"feed handler, {count} symbols at {RATE} messages/s: share of a core", found["share"], ""),
            Figure(f"feed handler, {count} symbols: messages late by, p99", found["late_p99_ms"], "ms"),
        ]
    return [*figures, Figure(f"symbols that one feed handler serves on a core at {RATE} messages/s", served, "")]


# --- Latency ----------------------------------------------------------------------------------------------------------


async def _round_trips(server: EmbeddedServer, folder: Path) -> list[Figure]:
    address = server.address
    link = NatsLink(address, "bench", "bench-1", WallClock().now_ns, LARGEST)
    await link.open()
    try:
        async with _chain(server, folder) as processes:
            listener = _Listener(link)
            await listener.start()
            async with asyncio.timeout(90):
                while listener.answers < 20:
                    await asyncio.sleep(0.1)
            before = {name: _processor_s(process.pid) for name, process in processes.items()}
            listener.clear()
            started = time.perf_counter()
            await asyncio.sleep(CHAIN_S)
            seconds = time.perf_counter() - started
            shares = {name: (_processor_s(process.pid) - before[name]) / seconds for name, process in processes.items()}
            memory = {name: process.memory_info().rss / 1e6 for name, process in processes.items()}
    finally:
        await link.close()
    steps = listener.steps()
    called = await asyncio.to_thread(_in_process, folder / "whole.sqlite3")
    assert len(steps["whole"]) > 100 and len(called) > 100, (len(steps["whole"]), len(called))
    figures = []
    for share in (50, 99):
        mine = _percentile(called, share)
        trip = _percentile(steps["whole"], share)
        figures += [
            Figure(
                f"trade on NATS to the order's execution on NATS, p{share}",
                trip,
                "ms",
                None,
                "less",
                "trade to journalled order in one process, same run",
                trip / mine,
            ),
            Figure(f"of it: trade to order on NATS, p{share}", _percentile(steps["order"], share), "ms"),
            Figure(f"of it: order to execution on NATS, p{share}", _percentile(steps["taken"], share), "ms"),
            Figure(f"trade to journalled order in one process, p{share}", mine, "ms"),
            Figure(
                f"then until the paper venue accepts it, p{share}",
                _percentile(steps["accepted"], share),
                "ms",
            ),
        ]
    figures.append(Figure("orders measured for that, over NATS", len(steps["whole"]), ""))
    figures += [Figure(f"share of a core at that: {name}", part, "") for name, part in shares.items()]
    figures += [Figure(f"memory at that: {name}", used, "MB") for name, used in memory.items()]
    return figures


class _Listener:
    """Hears trades, orders and executions as an engine does, and when."""

    def __init__(self, link: NatsLink) -> None:
        self._link = link
        self.clear()

    def clear(self) -> None:
        self._trades: dict[str, float] = {}
        self._orders: dict[str, tuple[str, float]] = {}
        self._taken: dict[str, float] = {}
        self._accepted: dict[str, float] = {}

    @property
    def answers(self) -> int:
        return len(self._accepted)

    async def start(self) -> None:
        for subject in ("market.trades.BTCUSDT", "trading.orders", "trading.executions"):
            await self._link.client.subscribe(subject, cb=self._hear)

    async def _hear(self, message: Msg) -> None:
        now_s = time.perf_counter()
        body = decode(message.data).body
        if isinstance(body, TradeBody):
            self._trades[str(body.trade_id)] = now_s
        elif isinstance(body, OrderBody):
            self._orders[body.client_id] = (body.tag, now_s)
        elif isinstance(body, ExecutionBody) and body.status in ("submitted", "accepted"):
            (self._taken if body.status == "submitted" else self._accepted)[body.client_id] = now_s

    def steps(self) -> dict[str, list[float]]:
        """Milliseconds from trade to order, from order to its first execution, of both, and to its acceptance.

        The first execution says that the service has journalled the order and sends it to the venue.
        """
        found: dict[str, list[float]] = {"order": [], "taken": [], "whole": [], "accepted": []}
        for client_id, (tag, ordered_s) in self._orders.items():
            if tag in self._trades and client_id in self._taken and client_id in self._accepted:
                heard_s, taken_s = self._trades[tag], self._taken[client_id]
                found["order"].append((ordered_s - heard_s) * 1000)
                found["taken"].append((taken_s - ordered_s) * 1000)
                found["whole"].append((taken_s - heard_s) * 1000)
                found["accepted"].append((self._accepted[client_id] - taken_s) * 1000)
        return found


def _in_process(file: Path) -> list[float]:
    """Milliseconds from a trade to the order that follows from it, journalled on disk, in one process."""
    settings = _settings()
    instruments = configured_instruments(settings, settings.market.symbols)
    events = made_events(settings, instruments, 12_000)
    journal = DiskJournal(file)
    journal.begin_session(
        SessionHeader(
            started_ns=events[0].ts_ns,
            mode=Mode.PAPER,
            seed=1,
            engine_version="",
            configuration=settings_json(settings),
            instruments=instruments,
            strategies={},
            opening={},
        )
    )
    engine = session_engine(
        settings,
        journal=journal,
        recorder=None,
        latch=None,
        registry=strategy_registry(settings, None),
        session=1,
        seed=1,
        start_ns=events[0].ts_ns,
    )
    assert not engine.failures, engine.failures
    kernel = engine.kernel
    ordered: list[OrderSubmitted] = []
    kernel.bus.subscribe(OrderSubmitted, ordered.append)
    engine.start(events[0].ts_ns)
    kernel.dispatch(StartStrategy(strategy="echo", ts_ns=events[0].ts_ns))
    taken = []
    with quiet_collector():
        for event in events:
            before = len(ordered)
            started = time.perf_counter()
            kernel.dispatch(event)
            if len(ordered) > before:
                taken.append((time.perf_counter() - started) * 1000)
    journal.close()
    return taken


def _settings() -> Settings:
    replace = msgspec.structs.replace
    settings = load_settings(CONFIGURATION).settings
    risk = replace(
        settings.risk, orders_per_second=1_000, orders_per_minute=60_000, repeats=10_000, duplicate_window_ms=0
    )
    return replace(
        settings,
        market=replace(settings.market, symbols=("BTCUSDT",)),
        paper=replace(settings.paper, latency_mean_ms=Decimal(0), latency_p95_ms=Decimal(0)),
        risk=risk,
        strategy_folder=str(STRATEGIES),
        strategies={"echo": StrategyEntry(strategy="echo", symbol="BTCUSDT", timeframe="1m", start=True)},
    )


# --- Processes --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _chain(server: EmbeddedServer, folder: Path) -> AsyncIterator[dict[str, psutil.Process]]:
    """Feed handler, execution service and strategy core as users start them; the server among them."""
    address = server.address
    shipped = load_settings(CONFIGURATION).settings.strategies
    stopped = "\n".join(f"  {name}: {{symbol: BTCUSDT, start: false}}" for name in shipped)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, (arguments, source, place) in CHAIN.items():
            file = folder / name / "config" / "strategy.yaml"
            (file.parent / "profiles").mkdir(parents=True)
            file.write_text(CONFIGURATION.read_text())
            profile = PROFILE.format(
                server=address.servers[0],
                user=address.user,
                source=source,
                place=place,
                rate=RATE,
                strategies=STRATEGIES.resolve(),
                stopped=stopped,
            )
            (file.parent / "profiles" / "bench.yaml").write_text(profile)
            options = ["--config", str(file), "--profile", "bench", "--data", str(folder / name / "data")]
            with (folder / f"{name}.log").open("wb") as log:
                running[name] = subprocess.Popen(
                    [sys.executable, "-m", "workstation", *arguments, *options],
                    env=_environment(server),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        measured = {name: psutil.Process(process.pid) for name, process in running.items()}
        yield measured | {"nats-server": psutil.Process(server.process_id)}
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()


def _environment(server: EmbeddedServer) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path.cwd()), PASSWORD_VARIABLE: server.address.password}


async def _role(server: EmbeddedServer, role: str, task: dict[str, Any]) -> asyncio.subprocess.Process:
    address = server.address
    text = json.dumps({"server": address.servers[0], "user": address.user, **task})
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.service_roles",
        role,
        text,
        env=_environment(server),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


async def _says_ready(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 60)
    assert line == b"ready\n", line


async def _result(process: asyncio.subprocess.Process) -> dict[str, float]:
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    found: dict[str, float] = json.loads(output.strip().splitlines()[-1])
    return found


def _processor_s(process_id: int) -> float:
    times = psutil.Process(process_id).cpu_times()
    return float(times.user + times.system)


def _percentile(values: list[float], share: int) -> float:
    ordered = sorted(values)
    return median(ordered) if share == 50 else ordered[int(len(ordered) * share / 100)]


if __name__ == "__main__":
    from tests.benchmarks.figure import print_table

    print_table(service_figures())
