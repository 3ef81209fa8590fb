"""One end of NATS in a process of its own, measured: ``python -m tests.benchmarks.service_roles ROLE TASK.json``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks.figure import quiet_collector
from workstation.assembly import configured_instruments, session_engine, strategy_registry
from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.clock import WallClock
from workstation.core.instrument import Instrument
from workstation.core.messages import Input, StartStrategy
from workstation.core.timeframe import SECOND_NS, parse_utc
from workstation.market.built_in.market import BuiltInMarket
from workstation.messaging.link import Address, NatsLink
from workstation.messaging.remote_market import RemoteMarket
from workstation.services.feed_handler import FeedHandler
from workstation.storage.journal import MemoryJournal

CONFIGURATION = Path("config/strategy.yaml")
START_NS = parse_utc("2023-11-14T22:00")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
LARGEST = 1 << 20


def engine_settings() -> Settings:
    """Three symbols; a cross on minutes, a grid and a market maker trade on them, as in the figures of the engine."""
    settings = load_settings(CONFIGURATION).settings
    running = {
        "ema_cross": msgspec.structs.replace(settings.strategies["ema_cross"], symbol="ETHUSDT"),
        "grid": msgspec.structs.replace(settings.strategies["grid"], symbol="BTCUSDT"),
        "market_maker": msgspec.structs.replace(settings.strategies["market_maker"], symbol="SOLUSDT"),
    }
    market = msgspec.structs.replace(settings.market, symbols=SYMBOLS)
    return msgspec.structs.replace(settings, market=market, strategies=running)


def made_events(settings: Settings, instruments: Mapping[str, Instrument], count: int) -> list[Input]:
    market = BuiltInMarket(settings.market.built_in, list(instruments.values()), 7, None, START_NS)
    return list(islice(market.events(), count))


def many_instruments(settings: Settings, count: int) -> dict[str, Instrument]:
    """The first one under as many names as are wanted."""
    base = settings.instruments[SYMBOLS[0]]
    return {f"X{number}USDT": msgspec.structs.replace(base, symbol=f"X{number}USDT") for number in range(count)}


class Engine:
    """A kernel that trades."""

    def __init__(self) -> None:
        settings = engine_settings()
        self._engine = session_engine(
            settings,
            journal=MemoryJournal(),
            recorder=None,
            latch=None,
            registry=strategy_registry(settings, CONFIGURATION),
            session=1,
            seed=1,
            start_ns=START_NS,
        )
        self.kernel = self._engine.kernel
        self._engine.start(START_NS)
        for name in settings.strategies:
            self.kernel.dispatch(StartStrategy(strategy=name, ts_ns=START_NS))


async def _link(task: dict[str, Any], name: str) -> NatsLink:
    address = Address((task["server"],), task["user"], os.environ["WORKSTATION_NATS_PASSWORD"])
    link = NatsLink(address, name, f"{name}-1", WallClock().now_ns, LARGEST)
    await link.open()
    return link


async def burst(task: dict[str, Any]) -> dict[str, float]:
    """The feed handler as fast as it can, when somebody has asked for every symbol."""
    settings = engine_settings()
    instruments = configured_instruments(settings, SYMBOLS)
    events = made_events(settings, instruments, task["events"])
    link = await _link(task, "feed")
    handler = FeedHandler(link, settings.messaging.subjects, instruments, lambda: events[-1].ts_ns)
    for event in events[: task["warm_up"]]:
        handler.take(event)
    running = asyncio.ensure_future(handler.run())
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    with quiet_collector():
        started, spent = time.perf_counter(), time.process_time()
        for index in range(task["warm_up"], len(events), 100):
            for event in events[index : index + 100]:
                handler.take(event)
            while handler._waiting:
                await asyncio.sleep(0)
        await link.client.flush(30)
        seconds, spent = time.perf_counter() - started, time.process_time() - spent
    await asyncio.to_thread(sys.stdin.readline)
    running.cancel()
    await link.close()
    sent = len(events) - task["warm_up"]
    return {"messages": sent, "seconds": seconds, "processor_s": spent}


async def engine(task: dict[str, Any]) -> dict[str, float]:
    """An engine that hears the feed handler until the market of the burst is over."""
    settings = engine_settings()
    instruments = configured_instruments(settings, SYMBOLS)
    kernel = Engine().kernel
    link = await _link(task, "engine")
    counted = 0

    def take(event: Input) -> None:
        nonlocal counted
        counted += 1
        kernel.dispatch(event)

    market = RemoteMarket(link, settings.messaging.subjects, instruments, lambda: START_NS, take)
    await market.start({})
    running = asyncio.ensure_future(market.run())
    await asyncio.wait_for(market.complete.wait(), 30)
    first = counted
    print("ready", flush=True)
    started, spent = 0.0, 0.0
    last, idle = first, time.perf_counter()
    ended, used = 0.0, 0.0
    while time.perf_counter() - idle < 2.0:
        await asyncio.sleep(0.005)
        if counted > last:
            if not started:
                started, spent = time.perf_counter(), time.process_time()
            last, idle = counted, time.perf_counter()
            ended, used = idle, time.process_time()
    running.cancel()
    await link.close()
    return {
        "messages": counted - first,
        "seconds": ended - started,
        "processor_s": used - spent,
        "gaps": market.gaps,
        "outputs": len(kernel.journal.outputs),  # type: ignore[attr-defined]
    }


async def in_process(task: dict[str, Any]) -> dict[str, float]:
    """The same events given to the same engine by a call."""
    settings = engine_settings()
    events = made_events(settings, configured_instruments(settings, SYMBOLS), task["events"])
    dispatch = Engine().kernel.dispatch
    with quiet_collector():
        started, spent = time.perf_counter(), time.process_time()
        for event in events:
            dispatch(event)
        seconds, spent = time.perf_counter() - started, time.process_time() - spent
    return {"messages": len(events), "seconds": seconds, "processor_s": spent}


async def symbols(task: dict[str, Any]) -> dict[str, float]:
    """Many symbols at their pace: the share of a core that it takes, and how late messages leave."""
    settings = load_settings(CONFIGURATION).settings
    count, rate, duration = task["symbols"], task["rate"], task["seconds"]
    instruments = many_instruments(settings, count)
    one = {"X0USDT": instruments["X0USDT"]}
    pattern = made_events(settings, one, int(rate * duration))
    link = await _link(task, "feed")
    clock = WallClock()
    handler = FeedHandler(link, settings.messaging.subjects, instruments, clock.now_ns)
    running = asyncio.ensure_future(handler.run())
    await asyncio.sleep(0.2)
    names = list(instruments)
    late: list[float] = []
    with quiet_collector():
        started, spent = time.perf_counter(), time.process_time()
        begins_ns = clock.now_ns()
        # Symbols take turns, as they come from an exchange: evenly over each interval.
        due, step_s = 0, 1 / (rate * count)
        total = len(pattern) * count
        while due < total:
            ends = min(total, int((time.perf_counter() - started) / step_s) + 1)
            late.append((time.perf_counter() - started) - due * step_s)
            for number in range(due, min(ends, due + 500)):
                event = pattern[number // count]
                ts_ns = begins_ns + int(number * step_s * SECOND_NS)
                handler.take(msgspec.structs.replace(event, symbol=names[number % count], ts_ns=ts_ns))
            due = min(ends, due + 500)
            while handler._waiting:
                await asyncio.sleep(0)
            await asyncio.sleep(0.001)
        seconds, spent = time.perf_counter() - started, time.process_time() - spent
    running.cancel()
    await link.close()
    late.sort()
    return {"share": spent / seconds, "late_p99_ms": late[int(len(late) * 0.99)] * 1000, "messages": handler.messages}


ROLES = {"burst": burst, "engine": engine, "in_process": in_process, "symbols": symbols}


def main() -> None:
    role, task = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps(asyncio.run(ROLES[role](task))), flush=True)


if __name__ == "__main__":
    main()
