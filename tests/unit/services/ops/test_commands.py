"""What traders and admins command reaches the engine, once, in its own units."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.ops.world import ADMIN, TRADER, World, below_market
from workstation.core.timeframe import HOUR_NS
from workstation.messaging.bodies import AnswerBody, RiskCommandBody
from workstation.messaging.envelope import Message
from workstation.messaging.moments import moment, nanoseconds
from workstation.storage.kill_latch import KillLatch

TERMS = {"symbol": "ETH/USDT", "side": "buy", "type": "limit", "quantity": "0.0100"}


@pytest.fixture
def resumed(world: World) -> Iterator[World]:
    yield world
    world.post("/api/v1/resume", {}, ADMIN)


def until(condition: Callable[[], Any], timeout_s: float = 10.0) -> Any:
    ends = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)
    return found


def manual_orders(world: World) -> list[dict[str, Any]]:
    return [order for order in world.get("/api/v1/orders").json if order["owner"] == "manual"]


def test_an_order_is_placed_moved_and_cancelled(world: World) -> None:
    price = below_market(world)
    now = nanoseconds(world.get("/api/v1/orders").json[0]["updated"])
    until_text = moment(now + HOUR_NS)
    dated = {"time_in_force": "gtd", "good_till": until_text, "visible": "0.002"}
    done = world.post("/api/v1/orders", {**TERMS, "price": price, "reason": "test", **dated})
    assert done.status == 200 and done.json["ok"] is True, done.body
    order = until(lambda: manual_orders(world))[0]
    assert done.json["orders"] == [order["client_id"]]
    assert (order["symbol"], order["side"], order["type"]) == ("ETHUSDT", "buy", "limit")
    assert Decimal(order["price"]) == Decimal(price) and Decimal(order["quantity"]) == Decimal("0.01")
    assert order["reason"] == "test"
    assert order["good_till"] == until_text and Decimal(order["visible"]) == Decimal("0.002")
    until(lambda: world.get(f"/api/v1/orders/{order['client_id']}").json["state"] == "accepted")
    lower = str(Decimal(price) - 1)
    assert world.ask("PATCH", f"/api/v1/orders/{order['client_id']}", {"price": lower}, TRADER).status == 200
    until(lambda: Decimal(world.get(f"/api/v1/orders/{order['client_id']}").json["price"]) == Decimal(lower))
    assert world.ask("DELETE", f"/api/v1/orders/{order['client_id']}", None, TRADER).status == 200
    until(lambda: not manual_orders(world))


def test_an_order_that_does_not_fit_is_refused_with_the_reason(world: World) -> None:
    for change, status, part in (
        ({"symbol": "NOPE"}, 404, "NOPE is not traded here"),
        ({"quantity": "0"}, 409, "The quantity is 0"),
        ({"price": "2000.001"}, 409, "not a multiple of its tick"),
        ({"quantity": "0.00000001"}, 409, "not a multiple of its lot"),
        ({"quantity": "999999999999999"}, 409, "more than can be traded"),
        ({"quantity": "999999"}, 409, "Denied"),
        (
            {"time_in_force": "gtd", "good_till": "tomorrow"},
            409,
            "tomorrow is no time: write it as 2026-01-31T12:00:00Z",
        ),
        ({"time_in_force": "gtd", "good_till": "9999-01-31T12:00:00Z"}, 409, "further ahead than an order can last"),
        ({"time_in_force": "gtd", "good_till": "2020-01-31T12:00:00Z"}, 409, "2020-01-31 12:00"),
        ({"visible": "0.01"}, 409, "What an iceberg shows is above 0 and below its quantity"),
        ({"price": "1"}, 409, "Denied"),
    ):
        answer = world.post("/api/v1/orders", {**TERMS, "price": "2000", **change})
        assert answer.status == status and part in answer.problem, (change, answer.body)
    empty = world.ask("PATCH", f"/api/v1/orders/{world.get('/api/v1/orders').json[0]['client_id']}", {}, TRADER)
    assert empty.status in (404, 409)


def test_a_preview_sends_nothing(world: World) -> None:
    before = world.get("/api/v1/risk").json["denied_today"]
    verdict = world.post("/api/v1/orders/preview", {**TERMS, "price": "1"}).json
    assert verdict["allowed"] is False and verdict["code"]
    assert world.get("/api/v1/risk").json["denied_today"] == before and not manual_orders(world)


def test_with_the_same_key_a_command_acts_once(world: World) -> None:
    body = {**TERMS, "price": below_market(world)}
    first = world.post("/api/v1/orders", body, Idempotency_Key="the-same-key")
    second = world.post("/api/v1/orders", body, Idempotency_Key="the-same-key")
    assert (first.json["duplicate"], second.json["duplicate"]) == (False, True)
    assert len(until(lambda: manual_orders(world))) == 1
    assert world.post("/api/v1/orders/cancel-all", {"symbol": "ETHUSDT"}).status == 200
    until(lambda: not manual_orders(world))
    assert world.post("/api/v1/orders", body, Idempotency_Key="no").status == 422


def test_strategies_are_steered_and_their_parameters_set(world: World) -> None:
    def state() -> str:
        return str(world.get("/api/v1/strategies/grid").json["state"])

    for verb, becomes in (("pause", "paused"), ("stop", "stopped"), ("start", "running")):
        assert world.post(f"/api/v1/strategies/grid/{verb}").status == 200
        assert state() == becomes
    parameters = "/api/v1/strategies/other_cross/parameters"
    assert world.ask("PUT", parameters, {"values": {"slow": 9}}, TRADER).status == 200
    told = {parameter["name"]: parameter["value"] for parameter in world.get(parameters).json}
    assert told["slow"] == 9 and told["fast"] == 2
    answer = world.ask("PUT", parameters, {"values": {"pace": 1}}, TRADER)
    assert answer.status == 409 and "it has fast" in answer.problem
    assert world.post("/api/v1/strategies/none/start").status == 404
    world.post("/api/v1/strategies/pause-all")
    assert {s["state"] for s in world.get("/api/v1/strategies").json} == {"paused"}
    for name in ("ema_cross", "grid", "market_maker", "other_cross"):
        world.post(f"/api/v1/strategies/{name}/start")


def test_kill_stops_and_only_an_admin_resumes(resumed: World) -> None:
    assert resumed.post("/api/v1/kill", {"reason": "enough"}).status == 200
    risk = resumed.get("/api/v1/risk").json
    assert (risk["killed"], risk["trading_state"], risk["reason"]) == (True, "HALTED", "enough")
    assert resumed.post("/api/v1/resume", {}).status == 403
    assert resumed.post("/api/v1/resume", {"reason": "better"}, ADMIN).status == 200
    assert resumed.get("/api/v1/risk").json["killed"] is False
    killed = [entry for entry in resumed.audit() if entry["what"] == "POST /api/v1/kill"][-1]
    assert killed["status"] == 200 and killed["result"].startswith("Killed.")


def test_a_kill_reaches_the_accounts_risk_state_too(resumed: World) -> None:
    heard: list[RiskCommandBody] = []

    async def kill_all(message: Message) -> AnswerBody:
        assert isinstance(message.body, RiskCommandBody)
        heard.append(message.body)
        return AnswerBody(ok=True, text="2 engines are halted.")

    subject = resumed.settings.messaging.subjects.risk_management
    ear = resumed.call(resumed.link.serve(subject, kill_all, RiskCommandBody))
    told = resumed.post("/api/v1/kill", {"reason": "everything"}).json
    resumed.call(ear.unsubscribe())
    assert told["text"].startswith("Killed.") and told["text"].endswith(" Account: 2 engines are halted.")
    assert [(body.command, body.why, body.flatten) for body in heard] == [("kill", "everything", False)]
    assert heard[0].who.startswith("ops trader")


def test_a_resume_lifts_the_accounts_kill_too(resumed: World) -> None:
    heard: list[RiskCommandBody] = []

    async def resume_all(message: Message) -> AnswerBody:
        assert isinstance(message.body, RiskCommandBody)
        heard.append(message.body)
        return AnswerBody(ok=True, text="Resumed: the account is ACTIVE.")

    resumed.post("/api/v1/kill", {"reason": "everything"})
    subject = resumed.settings.messaging.subjects.risk_management
    ear = resumed.call(resumed.link.serve(subject, resume_all, RiskCommandBody))
    told = resumed.post("/api/v1/resume", {"reason": "fine"}, ADMIN).json
    resumed.call(ear.unsubscribe())
    assert told["text"] == "Resumed: trading is ACTIVE. Account: Resumed: the account is ACTIVE."
    assert [(body.command, body.why) for body in heard] == [("resume", "fine")]
    assert resumed.get("/api/v1/risk").json["killed"] is False


def test_trading_is_restricted_by_a_trader_and_freed_by_an_admin(world: World) -> None:
    assert world.post("/api/v1/risk/trading-state", {"state": "REDUCING", "reason": "lunch"}).status == 200
    assert world.get("/api/v1/risk").json["trading_state"] == "REDUCING"
    assert world.post("/api/v1/risk/trading-state", {"state": "ACTIVE"}, ADMIN).status == 200
    assert world.get("/api/v1/risk").json["trading_state"] == "ACTIVE"
    assert world.post("/api/v1/risk/end-crisis", {}, ADMIN).status == 200
    assert world.post("/api/v1/risk/lift-throttle", {"owner": "grid"}, ADMIN).status == 200


def test_flatten_closes_the_position(world: World) -> None:
    world.post("/api/v1/strategies/pause-all")
    assert world.post("/api/v1/orders", {**TERMS, "type": "market"}).status == 200
    until(lambda: [p for p in world.get("/api/v1/positions").json if p["owner"] == "manual"])
    assert world.post("/api/v1/flatten", {"symbol": "ETHUSDT", "owner": "manual"}).status == 200
    until(lambda: not [p for p in world.get("/api/v1/positions").json if p["owner"] == "manual"])
    assert world.post("/api/v1/flatten", {"symbol": "NOPE"}).status == 404


@pytest.mark.allow_log_warnings("nothing to reconcile")
def test_what_the_engine_refuses_is_told_in_its_words(world: World) -> None:
    answer = world.post("/api/v1/reconciliation/accept", {"reason": "looks right"}, ADMIN)
    assert answer.status == 409 and answer.problem.startswith("There is nothing to reconcile")


def test_a_silent_engine_is_told_and_killed_by_the_latch(world: World, tmp_path: Path) -> None:
    with world.another_ops(tmp_path, stale_s=1) as ops:
        world.call(world.engine.fall_silent())
        try:
            assert ops.post("/api/v1/strategies/pause-all").status == 504
            assert ops.get("/api/v1/account").status == 503
            answer = until(lambda: (a := ops.get("/ready")).status == 503 and a)
            assert "silent" in answer.problem
            told = ops.post("/api/v1/kill", {"reason": "nobody answers", "flatten": True}).json
            assert "latched in" in told["text"]
            record = KillLatch(tmp_path).read()
            assert record is not None and record.flatten
            assert record.reason == "nobody answers" and record.who.startswith("ops trader")
        finally:
            world.call(world.engine.speak())
        until(lambda: ops.get("/ready").status == 200)


@pytest.mark.allow_log_warnings("NATS", "nats")
def test_without_nats_the_api_says_so_and_the_kill_switch_works(world: World, tmp_path: Path) -> None:
    with world.another_ops(tmp_path) as ops:
        world.call(world.server.stop())
        try:
            until(lambda: not ops.link.is_up)
            for path in ("/ready", "/api/v1/account", "/api/v1/overview"):
                answer = ops.get(path)
                assert answer.status == 503 and "NATS is down" in answer.problem
            assert ops.post("/api/v1/flatten").status == 503
            assert ops.get("/health", "").status == 200
            assert ops.post("/api/v1/kill").status == 200 and KillLatch(tmp_path).engaged
        finally:
            world.call(world.server.start())
        until(lambda: all(one.get("/ready").status == 200 for one in (ops, world)), 20)
