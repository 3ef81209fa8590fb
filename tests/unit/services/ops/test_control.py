"""The trade lease over the API: taken, given up, lost to a window, and left unused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.messaging.nats_servers import connected
from tests.unit.services.ops.test_commands import TERMS, until
from tests.unit.services.ops.world import ADMIN, TRADER, VIEWER, World, below_market
from workstation.messaging.lease import RENEWAL_S
from workstation.services.trade_control import TradeControl

TAKE, GIVE_UP = "/api/v1/control/take", "/api/v1/control/give-up"
TRADER_WORDS, ADMIN_WORDS = "ops trader at 127.0.0.1", "ops admin at 127.0.0.1"


@pytest.fixture(autouse=True)
def nobody_in_control(world: World) -> Iterator[None]:
    yield
    for token in (TRADER, ADMIN):
        world.post(GIVE_UP, token=token)
    until(lambda: control(world)["holder"] == "")


def control(world: World, token: str = TRADER) -> dict[str, Any]:
    told: dict[str, Any] = world.get("/api/v1/control", token).json
    return told


@contextmanager
def a_window(world: World) -> Iterator[TradeControl]:
    """Another holder, as a window attached to the same engine is."""
    connection = connected(world.server, "anna")

    async def opened() -> TradeControl:
        return TradeControl(await connection.__aenter__(), world.settings.account.name)

    async def closed() -> None:
        await window.close()
        await connection.__aexit__(None, None, None)

    window = world.call(opened())
    try:
        yield window
    finally:
        world.call(closed())


def test_control_is_taken_told_and_given_up(world: World) -> None:
    nobody = control(world)
    assert (nobody["holder"], nobody["who"], nobody["yours"], nobody["given_up_in_s"]) == ("", "", False, None)
    assert nobody["text"] == "Nobody has control."
    done = world.post(TAKE)
    assert done.status == 200 and done.json["text"].startswith(f"{TRADER_WORDS} has control"), done.body
    mine, others = control(world), control(world, VIEWER)
    assert (mine["yours"], mine["who"], mine["text"]) == (True, TRADER_WORDS, "You have control.")
    assert (others["yours"], others["text"]) == (False, f"{TRADER_WORDS} has control.")
    assert mine["holder"] == world.ops.link.session and 290 <= mine["given_up_in_s"] <= 300
    told = world.get("/api/v1/overview", TRADER).json["control"]
    assert told["yours"] is True and told["holder"] == mine["holder"]
    taken = [entry for entry in world.audit() if entry["what"] == f"POST {TAKE}"][-1]
    assert taken["who"] == TRADER_WORDS and taken["status"] == 200
    assert world.post("/api/v1/strategies/grid/pause").status == 200
    assert world.post(GIVE_UP).json["text"] == "Control is given up."
    assert control(world)["holder"] == ""


def test_of_the_apis_callers_only_the_one_in_control_trades_and_each_can_kill(world: World) -> None:
    assert world.post(TAKE, token=ADMIN).status == 200
    refused = world.post("/api/v1/orders", {**TERMS, "price": below_market(world)})
    assert refused.status == 409 and refused.problem.startswith(f"{ADMIN_WORDS} has control of this account")
    assert world.post(GIVE_UP).problem == f"{ADMIN_WORDS} has control, so {TRADER_WORDS} cannot give it up."
    assert world.post("/api/v1/orders/cancel-all").status == 200, "entries can be cancelled by each"
    assert world.post("/api/v1/orders/cancel-all", {"include_protective": True}).status == 409
    assert world.post("/api/v1/kill").status == 200
    assert world.post("/api/v1/resume", token=ADMIN).status == 200
    assert world.post(TAKE).status == 200, "it is taken from whoever has it"
    assert control(world)["yours"] is True and control(world, ADMIN)["yours"] is False
    assert world.post("/api/v1/orders", {**TERMS, "price": below_market(world)}).status == 200


def test_the_engine_refuses_the_api_while_a_window_has_control_until_it_is_taken(world: World) -> None:
    with a_window(world) as window:
        world.call(window.take_now())
        told = control(world)
        assert (told["holder"], told["who"], told["yours"]) == ("anna-1", "anna-1", False)
        until(lambda: world.get("/api/v1/overview").json["control"]["who"] == "anna-1")
        refused = world.post("/api/v1/strategies/grid/pause")
        assert refused.status == 409 and refused.problem.startswith("anna-1 has control of this account")
        assert world.post(TAKE).status == 200
        assert world.post("/api/v1/strategies/grid/pause").status == 200
        until(lambda: not window.held)


def test_a_window_is_told_who_has_control_and_takes_it(world: World) -> None:
    with a_window(world) as window:
        watching = world.call(_begin(window))
        try:
            assert world.post(TAKE).status == 200
            until(lambda: window.other == world.ops.link.session)
            assert window.other_name == TRADER_WORDS, "the service holds it for a caller, who is named"
            assert world.post(TAKE, token=ADMIN).status == 200
            until(lambda: window.other_name == ADMIN_WORDS)
            world.call(window.take_now())
            until(lambda: control(world)["who"] == "anna-1")
            until(lambda: world.get("/api/v1/overview", TRADER).json["control"]["who"] == "anna-1")
            assert world.post("/api/v1/strategies/grid/pause").status == 409
            time.sleep(2)
            assert window.held and control(world)["who"] == "anna-1", "it is not taken back by itself"
        finally:
            watching.get_loop().call_soon_threadsafe(watching.cancel)


async def _begin(window: TradeControl) -> Any:
    return asyncio.ensure_future(window.watch())


def test_with_the_same_key_it_is_taken_once(world: World) -> None:
    first = world.post(TAKE, Idempotency_Key="take-0001")
    assert first.status == 200 and first.json["duplicate"] is False
    with a_window(world) as window:
        world.call(window.take_now())
        again = world.post(TAKE, Idempotency_Key="take-0001")
        assert again.status == 200 and again.json == {**first.json, "duplicate": True}
        assert control(world)["who"] == "anna-1", "the repetition acts no second time"
        assert world.post(TAKE, Idempotency_Key="take-0002").json["duplicate"] is False
        assert control(world)["yours"] is True


def test_what_is_not_used_is_given_up_and_so_is_what_a_service_held_that_ends(world: World, tmp_path: Path) -> None:
    with world.another_ops(tmp_path, control_idle_s=2) as ops:
        assert ops.post(TAKE).status == 200
        assert 0 < ops.get("/api/v1/control").json["given_up_in_s"] <= 2
        for _ in range(3):
            until(lambda: ops.get("/api/v1/control").json["given_up_in_s"] <= 1)
            assert ops.post("/api/v1/strategies/grid/pause").status == 200
            assert ops.get("/api/v1/control").json["given_up_in_s"] == 2, "a command keeps it"
        until(lambda: control(world)["holder"] == "")
        assert ops.post(TAKE).status == 200 and control(world)["holder"] == ops.link.session
    assert control(world)["holder"] == "", "nobody need wait for it to run out"


def test_taken_twice_it_is_given_up_once_for_all(world: World) -> None:
    assert world.post(TAKE).status == 200 and world.post(TAKE).status == 200
    assert world.post(GIVE_UP).status == 200
    ends = time.monotonic() + 2 * RENEWAL_S
    while time.monotonic() < ends:
        assert control(world)["holder"] == "", "nothing renews it any more"
        time.sleep(0.1)
