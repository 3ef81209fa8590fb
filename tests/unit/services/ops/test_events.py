"""The websocket: a token first, numbered events in decimals, a heartbeat with the age, and no silent gap."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.unit.services.ops.asking import Asker
from tests.unit.services.ops.world import TRADER, VIEWER, World, below_market
from tests.unit.trading.bench import BTC, INSTRUMENTS
from workstation.core.algorithms import Iceberg, ParentOrder, Scaled, Twap
from workstation.core.brackets import BracketPlan, Target
from workstation.core.instrument import Instrument
from workstation.core.messages import AlgorithmAdvanced, AlgorithmStarted, BracketBegun
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import Side
from workstation.services.ops import event_hub
from workstation.services.ops.event_hub import EventHub, EventReader
from workstation.services.ops.event_text import EventTranslator


@contextmanager
def reading(ops: Asker, **greeting: Any) -> Iterator[ClientConnection]:
    address = ops.address.replace("http", "ws", 1) + "api/v1/events"
    with connect(address, proxy=None) as socket:
        socket.send(json.dumps({"token": VIEWER} | greeting))
        yield socket


def next_of(socket: ClientConnection, kind: str, most: int = 400) -> dict[str, Any]:
    for _ in range(most):
        told: dict[str, Any] = json.loads(socket.recv(10))
        if told["kind"] == kind:
            return told
    raise AssertionError(f"no {kind}")


def something_happens(world: World) -> None:
    """Two events."""
    for verb in ("pause", "start"):
        assert world.post(f"/api/v1/strategies/grid/{verb}").status == 200


def test_events_come_numbered_and_in_decimals(world: World) -> None:
    with reading(world) as socket:
        hello = next_of(socket, "hello")
        assert hello["role"] == "viewer" and hello["stale"] is False and hello["nats"] == "connected"
        world.post("/api/v1/strategies/grid/pause", token=TRADER)
        numbers = [hello["number"]]
        for _ in range(400):
            told = next_of(socket, "event")
            numbers.append(told["number"])
            if told["name"] == "StrategyChanged":
                break
        assert told["event"]["state"] == "paused" and told["event"]["time"].endswith("Z")
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        resting = {
            "symbol": "ETHUSDT",
            "side": "buy",
            "type": "limit",
            "quantity": "0.0100",
            "price": below_market(world),
        }
        assert world.post("/api/v1/orders", resting).status == 200
        submitted = next(e for e in iter(lambda: next_of(socket, "event"), None) if e["name"] == "OrderSubmitted")
        order = submitted["event"]
        assert order["side"] in ("buy", "sell") and "lots" not in order and order["quantity"].count(".") == 1


def test_a_reader_that_comes_back_is_given_what_it_missed(world: World) -> None:
    with reading(world) as socket:
        hello = next_of(socket, "hello")
        something_happens(world)
        first = next_of(socket, "event")
        second = next_of(socket, "event")
    with reading(world, stream=hello["stream"], number=first["number"]) as socket:
        next_of(socket, "hello")
        assert json.loads(socket.recv(10)) == second
    with reading(world, stream="another-run", number=3) as socket:
        next_of(socket, "hello")
        assert json.loads(socket.recv(10))["kind"] == "gap"


@pytest.mark.parametrize(
    "greeting", ['{"token": "wrong"}', "{}", "no json", '{"token": 1}', '{"token": "x", "more": 1}', "x" * 5_000]
)
def test_without_a_token_nothing_is_told(world: World, greeting: str) -> None:
    address = world.address.replace("http", "ws", 1) + "api/v1/events"
    with connect(address, proxy=None) as socket:
        socket.send(greeting)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


def test_a_token_in_the_address_counts_for_nothing(world: World) -> None:
    address = world.address.replace("http", "ws", 1) + f"api/v1/events?token={VIEWER}"
    with connect(address, proxy=None) as socket:
        socket.send("{}")
        with pytest.raises(ConnectionClosed):
            socket.recv(10)


def test_another_sites_page_hears_nothing(world: World) -> None:
    address = world.address.replace("http", "ws", 1) + "api/v1/events"
    with connect(address, proxy=None, origin=Origin("http://evil.example")) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4403


def test_heartbeats_tell_that_the_engine_is_silent(world: World, tmp_path: Path) -> None:
    with world.another_ops(tmp_path, stale_s=1, event_readers=1) as ops, reading(ops) as socket:
        next_of(socket, "hello")
        with reading(ops) as second, pytest.raises(ConnectionClosed) as closed:
            second.recv(10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4429
        world.call(world.engine.fall_silent())
        try:
            for _ in range(20):
                beat = next_of(socket, "heartbeat")
                if beat["stale"]:
                    break
        finally:
            world.call(world.engine.speak())
        assert beat["stale"] is True and beat["engine_age_s"] > 1


def test_a_slow_reader_is_sent_away_and_hinders_nobody() -> None:
    hub = EventHub("run", lambda: 1)
    slow, quick = EventReader(), EventReader()
    hub.readers |= {slow, quick}
    for _ in range(event_hub.MOST_WAITING + 1):
        hub.tell_gap("x")
        quick.queue.get_nowait()
    assert slow.too_slow and not quick.too_slow


def test_what_is_kept_is_bounded() -> None:
    hub = EventHub("run", lambda: 1)
    for _ in range(event_hub.KEPT + 10):
        hub.tell_gap("x")
    assert hub.missed("run", 5) is None and hub.missed("other", hub.number) is None
    assert [told["number"] for told in hub.missed("run", hub.number - 2) or ()] == [hub.number - 1, hub.number]
    assert hub.missed("run", hub.number + 1) is None


def test_an_order_is_followed_to_the_events_that_name_it_alone(world: World) -> None:
    instruments: dict[str, Instrument] = dict(world.paper.session.kernel.terms.instruments)
    translator = EventTranslator()
    translator.instruments = instruments
    amended = {"event": "OrderAmended", "client_id": "a", "price": 4_200_000, "lots": 100, "stop_price": 0}
    assert translator.text(amended)["price"] is None
    translator.text({"client_id": "a", "symbol": "BTCUSDT"})
    told = translator.text(amended)
    assert (told["symbol"], told["price"], told["quantity"], told["stop_price"]) == (
        "BTCUSDT",
        "42000.00",
        "0.00100",
        None,
    )
    sample = translator.text({"equity": 1, "ts_ns": 1, "prices": {"BTCUSDT": 4_200_000}})
    assert sample == {
        "equity": "0.00000001",
        "time": "1970-01-01T00:00:00.000000001Z",
        "prices": {"BTCUSDT": "42000.00"},
    }


def test_the_events_of_nats_that_were_lost_are_told(world: World) -> None:
    with reading(world) as socket:
        next_of(socket, "hello")
        something_happens(world)
        next_of(socket, "event")
        subject = world.settings.messaging.subjects.events
        world.call(_skip_one(world, subject))
        something_happens(world)
        assert "lost" in next_of(socket, "gap")["reason"]


async def _skip_one(world: World, subject: str) -> None:
    world.engine.link._numbers[subject] += 1
    await asyncio.sleep(0)


def test_plans_of_algorithms_and_brackets_are_told_in_decimals() -> None:
    translator = EventTranslator()
    translator.instruments = INSTRUMENTS
    plans: list[Twap | Iceberg | Scaled] = [
        Twap(duration_ns=90 * SECOND_NS, slices=3, offset=-5, randomness=25_000_000),
        Iceberg(price=100_000, visible=20, refill=50_000_000),
        Scaled(first_price=100_000, last_price=99_000, count=3, ratio=200_000_000),
    ]
    told = []
    for plan in plans:
        order = ParentOrder(symbol=BTC, side=Side.BUY, lots=300, plan=plan)
        event = AlgorithmStarted(ts_ns=SECOND_NS, algorithm_id="w1-1", order=order, seed=1, who="me")
        told.append(translator.text(msgspec.to_builtins(event)))
    assert [each["order"]["quantity"] for each in told] == ["0.300"] * 3
    assert told[0]["order"]["plan"] == {
        "kind": "twap",
        "duration_s": 90.0,
        "slices": 3,
        "offset": "-0.5",
        "randomness": "0.25",
    }
    assert told[1]["order"]["plan"] == {
        "kind": "iceberg",
        "price": "10000.0",
        "visible": "0.020",
        "refill": "0.5",
        "randomness": "0",
    }
    assert (told[2]["order"]["plan"]["first_price"], told[2]["order"]["plan"]["ratio"]) == ("10000.0", "2")
    bracket = BracketPlan(stop=50, targets=(Target(50_000_000, 100),))
    begun = BracketBegun(ts_ns=1, bracket_id="w1-2", symbol=BTC, owner="manual", side=Side.BUY, plan=bracket)
    plan_told = translator.text(json.loads(msgspec.json.encode(begun)))["plan"]
    assert (plan_told["stop"], plan_told["targets"]) == ("5.0", [{"share": "0.5", "distance": "10.0"}])
    advanced = AlgorithmAdvanced(ts_ns=1, algorithm_id="w1-1", step=2, delay_ns=1_500_000_000)
    assert translator.text(msgspec.to_builtins(advanced))["delay_s"] == 1.5
