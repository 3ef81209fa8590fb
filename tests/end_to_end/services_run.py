"""A seeded run of every service as a process at the sandbox exchange: killed while trading, and proved.

At the end the exchange's own record, the execution service's journal, the stream of executions, the reporter's
bookings and the strategy core's books are held against each other, to the last digit.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.end_to_end.split_services import Role, Services, executions, fills, services, whole
from tests.live.world import STRATEGIES, SYMBOLS
from tests.unit.messaging.nats_servers import connected, running_server
from workstation.assembly import last_state, strategy_registry
from workstation.config.loader import load_settings
from workstation.config.settings import Settings
from workstation.core.messages import OrderAdopted, OrderFilled, OrderSubmitted, PositionLiquidated
from workstation.core.money import to_money
from workstation.core.types import EXTERNAL
from workstation.messaging.bodies import ExecutionBody
from workstation.messaging.server import EmbeddedServer
from workstation.services.execution.service import execution_configuration
from workstation.services.reporter.database import BookingRow, ReporterDatabase
from workstation.storage.disk_journal import DiskJournal
from workstation.storage.kill_latch import KillLatch
from workstation.storage.layout import DataFolder

KEY, SECRET = "practice-key", "practice-secret"
TOKEN = "the-token-of-the-viewer-of-this-run"
NATS = "nats"
ALL = ("feed", "execution", "core", "risk", "reporter", "ops", NATS)
EXECUTION_ALONE = "orders that the execution service filled by itself"
PATIENCE_S = 150.0
READY = "The positions agree with the execution service's."
FILLED = ("filled", "partially_filled")


def profile(address: str, seed: int, ops_port: int, *, role: str) -> str:
    """Live at the sandbox exchange; the core forwards its orders, and every limit on how often is out of the way."""
    core = role == "core"
    sections: dict[str, Any] = {
        "mode": "live" if role == "execution" else "paper",
        "account": {"name": "practice", "leverage": 20, "margin_mode": "cross", "cash": 10_000},
        "messaging": {"use": "servers", "servers": ["{address}"], "user": "{user}"},
        "market": {"source": "feed" if core else "exchange", "symbols": list(SYMBOLS)},
        "exchange": {
            "address": address,
            "key": "practice",
            "market": "linear",
            "silent_feed_s": 2,
            "reconciliation": {"orders_s": 2, "positions_s": 4},
        },
        "execution": {
            "place": "service" if core else "here",
            "request_expiry_s": 2,
            "in_doubt_s": 2,
            "in_flight_check_s": 1,
        },
        "live": {"confirm_account": "practice"},
        "reporter": {"summary_s": 1},
        "ops": {"port": ops_port},
        "risk": {
            "gross_exposure_percent": 5,
            "orders_per_second": 50,
            "orders_per_minute": 3_000,
            "repeats": 10_000,
            "duplicate_window_ms": 0,
            "day_loss_percent": 50,
            "drawdown_percent": 60,
            "protections": {
                "bar": "1m",
                "cooldown_bars": 0,
                "losses_in_a_row": 1_000,
                "stop_guard": {"stops": 1_000},
                "drawdown": {"percent": 100},
            },
            "crisis": {"drawdown_percent": 50, "losses_in_a_row": 1_000, "atr_multiple": 100},
        },
        "strategy_folder": str(STRATEGIES),
        "strategies": {
            name: {"symbol": "BTCUSDT", "start": False}
            for name in ("confluence", "ema_cross", "rsi_reversion", "bollinger", "grid", "market_maker")
        }
        | {
            f"reckless_{symbol[:3].lower()}": {
                "strategy": "live_reckless",
                "symbol": symbol,
                "timeframe": "1m",
                "start": True,
                "parameters": {"draw": seed * 10 + number, "interval_ms": 600},
            }
            for number, symbol in enumerate(SYMBOLS)
        },
        "desktop": {"charts": [{"symbol": "BTCUSDT", "timeframe": "1m", "indicators": []}]},
    }
    return yaml.safe_dump(sections)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Exchange:
    """The sandbox exchange in its own process, asked over its control endpoints. It is never killed."""

    def __init__(self, address: str) -> None:
        self.address = address

    def record(self) -> dict[str, Any]:
        """Its own record of the practice account on USD-M, in ticks, lots and 1e-8."""
        with urllib.request.urlopen(f"{self.address}/sandbox/record?key={KEY}", timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())["futures"]
        return found

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/sandbox", timeout=2):
                return True
        except OSError:
            return False


class ServicesWorld:
    """The exchange, the NATS server and the services of one run."""

    def __init__(self, exchange: Exchange, server: EmbeddedServer, running: Services, ops_port: int) -> None:
        self.exchange = exchange
        self.server = server
        self.services = running
        self.ops = f"http://127.0.0.1:{ops_port}"
        self.kills: Counter[str] = Counter()

    async def until_trading(self, more: int = 2) -> None:
        """Wait until so many more executions have reached the execution service's journal and the core's."""
        seen = self.services.seen
        wanted = {role: seen(role, OrderFilled) + more for role in ("execution", "core")}
        for role, count in wanted.items():
            await self.services.until(partial(self._has, role, count), PATIENCE_S, f"{role} trades")

    def _has(self, role: str, count: int) -> bool:
        return self.services.seen(role, OrderFilled) >= count

    async def kill(self, victims: Sequence[str], pause_s: float) -> None:
        """Kill them at once and start them again after a while; NATS is started again by its supervisor."""
        processes = [victim for victim in victims if victim != NATS]
        if NATS in victims:
            os.kill(self.server.process_id, signal.SIGKILL)
        self.services.kill(*processes)
        self.kills.update(victims)
        await asyncio.sleep(pause_s)
        for victim in processes:
            self.services.start(victim)

    async def until_holding(self) -> None:
        """Wait until there is a position at the exchange."""
        await self.services.until(lambda: any(self._held().values()), PATIENCE_S, "a position")

    # --- The end ------------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Stop the strategies, let the execution service close everything by its own kill switch, and wait until all
        have heard of it."""
        running = self.services
        assert running.stop("core") == 0, running.said()
        KillLatch(running.data("execution")).engage("the run is over", "test", 1, True)
        await running.until(self._is_flat, PATIENCE_S, "flat at the exchange")
        running.start("core")
        sessions = running.log("core").count(READY)
        await running.until(lambda: running.log("core").count(READY) > sessions, PATIENCE_S, "the core is back")
        await running.until(self._all_know, PATIENCE_S, "everybody knows every execution")

    def _is_flat(self) -> bool:
        record = self.exchange.record()
        open_orders = [o for o in record["orders"] if o["status"] in ("NEW", "PARTIALLY_FILLED")]
        conditional = [o for o in record["conditional"] if o["status"] == "NEW"]
        return not open_orders and not conditional and not any(self._held().values())

    def _held(self) -> Counter[str]:
        lots: Counter[str] = Counter()
        for done in self.exchange.record()["executions"]:
            lots[done["symbol"]] += done["side"] * done["lots"]
        return lots

    def _all_know(self) -> bool:
        """Executions reach the core and the reporter a moment after the journal."""
        count = len(self.exchange.record()["executions"])
        seen = self.services.seen
        known = seen("execution", OrderFilled) + seen("execution", PositionLiquidated)
        return known >= count and self._booked() >= count and seen("core", OrderFilled) >= count

    def _booked(self) -> int:
        database = ReporterDatabase(DataFolder(self.services.data("reporter")).reporter)
        try:
            return int(BookingRow.select().where(BookingRow.side != 0).count())
        finally:
            database.close()

    async def stop(self) -> None:
        for role in ("core", "execution", "feed", "risk", "reporter", "ops"):
            assert self.services.stop(role) == 0, f"{role}\n{self.services.said()}"

    def settings(self, role: str) -> Settings:
        file = self.services.options(role)[1]
        return load_settings(Path(file), "test").settings

    async def check(self) -> Counter[str]:
        """Everything that must agree; what was met, to be counted."""
        running, record = self.services, self.exchange.record()
        async with connected(self.server) as link:
            told = await executions(link)
        mine, core = whole(running.data("execution")), whole(running.data("core"))
        assert "Traceback" not in running.said(10_000_000), running.said()
        theirs = {
            f"{e['symbol']}:{e['trade_id']}": (e["symbol"], e["side"], e["price"], e["lots"], e["fee"])
            for e in record["executions"]
        }
        check_orders(record, mine, core)
        check_executions(theirs, mine, told, core)
        self._check_reporter(theirs, told)
        self._check_positions()
        counts = Counter(type(output).__name__ for output in mine)
        counts["executions at the exchange"] = len(theirs)
        counts["messages in the stream of executions"] = len(told)
        wanted = {output.client_id for output in core if isinstance(output, OrderSubmitted)}
        alone = {output.client_id for output in mine if isinstance(output, OrderFilled)} - wanted
        counts[EXECUTION_ALONE] = len(alone)
        counts["orders of the core"] = sum(isinstance(output, OrderSubmitted) for output in core)
        return counts

    def _check_reporter(self, theirs: dict[str, tuple[Any, ...]], told: list[ExecutionBody]) -> None:
        database = ReporterDatabase(DataFolder(self.services.data("reporter")).reporter)
        try:
            rows = list(BookingRow.select().where(BookingRow.side != 0))
        finally:
            database.close()
        booked = {r.execution_id: (r.symbol, r.side, r.price, r.lots, r.fee) for r in rows}
        assert len(booked) == len(rows) and booked == theirs, differing(booked, theirs, "the reporter", "the exchange")
        assert sum(row.realised for row in rows) == sum(to_money(b.realized_pnl) for b in told if b.status in FILLED)
        funding = sum(to_money(b.funding) for b in told)
        income = self.exchange.record()["income"]
        assert funding == sum(i["amount"] for i in income if i["kind"] == "FUNDING_FEE")

    def _check_positions(self) -> None:
        """Each owner of the core holds the same in its books and in the execution service's: nothing, at the end."""
        books = {role: self.books(role) for role in ("execution", "core")}
        held = {role: {key: row["lots"] for key, row in rows.items() if row["lots"]} for role, rows in books.items()}
        assert held == {"execution": {}, "core": {}}, held
        for key, row in books["core"].items():
            there = books["execution"][key]
            assert (row["realised"], row["fees"]) == (there["realised"], there["fees"]), (key, row, there)

    def books(self, role: str) -> dict[tuple[str, str], dict[str, Any]]:
        """The positions by owner and symbol as the journal alone gives them."""
        file = Path(self.services.options(role)[1])
        loaded = load_settings(file, "test")
        settings = execution_configuration(loaded).settings if role == "execution" else loaded.settings
        disk = DiskJournal(DataFolder(self.services.data(role)).journal)
        try:
            state = last_state(disk, settings, strategy_registry(settings, file))
        finally:
            disk.close()
        assert state is not None
        return {(row["owner"], row["symbol"]): row for row in state["ledger"]["positions"]}


def check_orders(record: dict[str, Any], mine: Sequence[Any], core: Sequence[Any]) -> None:
    """Each order was taken once, journalled before it left, and left once."""
    submitted = [r.client_id for r in mine if isinstance(r, OrderSubmitted)]
    assert len(submitted) == len(set(submitted)), "the execution service took an order twice"
    conditional = [order["client_algo_id"] for order in record["conditional"]]
    assert len(conditional) == len(set(conditional)), "a conditional order was sent twice"
    plain = [order["client_order_id"] for order in record["orders"]]
    plain = [client_id for client_id in plain if client_id not in conditional]
    assert len(plain) == len(set(plain)), "an order was sent twice"
    unknown = {*plain, *conditional} - set(submitted)
    assert not unknown, f"orders at the exchange that were not journalled: {unknown}"
    adopted = [r.order.client_id for r in mine if isinstance(r, OrderAdopted)]
    assert not adopted, f"orders of ours were taken for another's: {adopted}"
    wanted = {r.client_id for r in core if isinstance(r, OrderSubmitted)}
    forwarded = {client_id for client_id in submitted if client_id.startswith("w1-") or client_id in wanted}
    assert forwarded <= wanted, f"orders that no core has decided: {forwarded - wanted}"


def check_executions(
    theirs: dict[str, tuple[Any, ...]], mine: Sequence[Any], told: Sequence[ExecutionBody], core: Sequence[Any]
) -> None:
    """The exchange's executions, the journal's, the stream's and the core's are the same."""
    booked = [r for r in mine if isinstance(r, OrderFilled | PositionLiquidated)]
    ours = {r.fill_id: (r.symbol, int(r.side), r.price, r.lots, r.fee) for r in booked}
    assert len(ours) == len(booked), "the execution service booked an execution twice"
    assert ours == theirs, differing(ours, theirs, "the execution service", "the exchange")
    published = [body for body in told if body.status in FILLED]
    assert len({body.execution_id for body in published}) == len(published), "an execution was published twice"
    assert {body.execution_id for body in published} == set(ours)
    assert sum(to_money(body.fees) for body in published) == sum(row[-1] for row in theirs.values())
    heard = [r for r in core if isinstance(r, OrderFilled)]
    known, there = fills(heard), fills([r for r in mine if isinstance(r, OrderFilled)])
    assert len(known) == len(heard), "the core booked an execution twice"
    assert known == there, differing(known, there, "the core", "the execution service")
    assert not [r for r in core if isinstance(r, OrderSubmitted) and r.owner == EXTERNAL]


def differing(ours: dict[str, Any], theirs: dict[str, Any], one: str, other: str) -> str:
    """What a person needs to see of two books that differ."""
    only = {key: ours[key] for key in ours.keys() - theirs.keys()}
    missing = {key: theirs[key] for key in theirs.keys() - ours.keys()}
    changed = {key: (ours[key], theirs[key]) for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]}
    return f"only {one}: {only}; only {other}: {missing}; otherwise: {changed}"


@asynccontextmanager
async def services_world(folder: Path, seed: int) -> AsyncIterator[ServicesWorld]:
    """Everything started and trading."""
    port, ops_port = free_port(), free_port()
    exchange = Exchange(f"http://127.0.0.1:{port}")
    keys = {"WORKSTATION_KEY_PRACTICE": KEY, "WORKSTATION_SECRET_PRACTICE": SECRET}
    arguments = {
        "feed": ("feed", "--seed", str(seed)),
        "execution": ("execution", "--seed", str(seed)),
        "core": ("--no-gui", "--seed", str(seed)),
        "risk": ("risk",),
        "reporter": ("reporter",),
        "ops": ("ops",),
    }
    surroundings = {"execution": keys, "ops": {"WORKSTATION_OPS_TOKEN_VIEWER": TOKEN}}
    roles = {
        role: Role(given, profile(exchange.address, seed, ops_port, role=role), environment=surroundings.get(role, {}))
        for role, given in arguments.items()
    }
    sandbox = (
        "sandbox",
        "--symbols",
        *SYMBOLS,
        "--port",
        str(port),
        "--seed",
        str(seed),
        "--key",
        KEY,
        "--secret",
        SECRET,
    )
    async with running_server(folder / NATS) as server:
        market = Role(sandbox, "market:\n  built_in:\n    volatility: 8\n    history_days: 2\n")
        with services(server.address, folder / "exchange", {"sandbox": market}) as place:
            await place.until(exchange.is_up, PATIENCE_S, "the exchange answers")
            with services(server.address, folder, roles) as running:
                world = ServicesWorld(exchange, server, running, ops_port)
                await world.until_trading(3)
                yield world


async def run(folder: Path, seed: int, kills: int, tell: Callable[[str], None] = lambda text: None) -> Counter[str]:
    """At least so many kills: each service in turn in an order that is drawn, and now and then several together."""
    draw = Random(f"services {seed}")
    waiting: list[str] = []
    async with services_world(folder, seed) as world:
        tell("All services trade.")
        while world.kills.total() < kills:
            if not waiting:
                waiting = draw.sample(ALL, len(ALL))
            victims = [waiting.pop()]
            if draw.random() < 0.3:
                victims += [each for each in draw.sample(ALL, draw.randrange(1, len(ALL))) if each not in victims]
            await asyncio.sleep(draw.uniform(0, 2))
            tell(f"Kill {world.kills.total() + 1}: {', '.join(victims)}.")
            await world.kill(victims, draw.uniform(0, 1.5))
            await world.until_trading()
        await world.settle()
        await world.stop()
        met = await world.check()
        met["kills"] = world.kills.total()
        met["NATS restarts"] = world.server.restarts
        tell("Killed " + ", ".join(f"{name} {count} times" for name, count in sorted(world.kills.items())) + ".")
    return met
