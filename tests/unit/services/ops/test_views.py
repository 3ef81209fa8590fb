"""What viewers read equals what the engine has, in decimals and times."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any

from tests.unit.services.ops.world import ADMIN, TRADER, VIEWER, World, below_market
from workstation.core.money import from_money
from workstation.core.views import FillView
from workstation.messaging.schemas import schema_of


def test_health_needs_no_token_and_tells_no_more(world: World) -> None:
    answer = world.get("/health", token="")
    assert answer.status == 200 and set(answer.json) == {"status", "version"}


def test_ready_while_the_engine_answers(world: World) -> None:
    answer = world.get("/ready")
    assert answer.status == 200 and answer.json["engine_age_s"] < 5


def test_the_token_tells_its_role(world: World) -> None:
    roles = [world.get("/api/v1/me", token).json["role"] for token in (VIEWER, TRADER, ADMIN)]
    assert roles == ["viewer", "trader", "admin"]


def test_the_account_is_the_ledger(world: World) -> None:
    told, booked = world.call(_account_and_ledger(world))
    assert told["mode"] == "PAPER" and told["name"] == "paper-01"
    assert Decimal(told["fees"]) == from_money(booked["fees"]) != 0
    assert Decimal(told["cash"]) == from_money(booked["cash"])
    assert all("E" not in told[name] for name in ("equity", "cash", "fees", "funding"))


def test_the_overview_is_all_of_one_moment(world: World) -> None:
    told = world.get("/api/v1/overview").json
    assert set(told) == {
        "session",
        "account",
        "positions",
        "orders",
        "risk",
        "strategies",
        "health",
        "control",
        "freshness",
    }
    assert told["session"]["stale_s"] == 5 and "stale" not in told["session"]
    assert told["freshness"]["stale"] is False and told["freshness"]["nats"] == "connected"
    assert told["account"]["running_strategies"] == len([s for s in told["strategies"] if s["state"] == "running"])


def test_trades_are_the_journals_in_decimals(world: World) -> None:
    told = world.get("/api/v1/trades?limit=50").json
    known = {fill.fill_id: fill for fill in world.call(_fills(world))}
    assert 10 <= len(told) <= 50
    for fill in told:
        own = known[fill["fill_id"]]
        assert (Decimal(fill["price"]), Decimal(fill["quantity"])) == (own.price, own.quantity)
        assert fill["side"] == own.side.word and fill["time"].endswith("Z")


async def _fills(world: World) -> list[FillView]:
    return list(world.engine.shown.past_fills(5_000))


async def _account_and_ledger(world: World) -> tuple[dict[str, Any], dict[str, int]]:
    """Both of one moment: the engine stands still meanwhile."""
    world.engine.halted = True
    told = await asyncio.to_thread(lambda: world.get("/api/v1/account").json)
    ledger = world.paper.session.kernel.ledger
    booked = {"fees": ledger.fees, "cash": ledger.cash["USDT"]}
    world.engine.halted = False
    return told, booked


def test_orders_one_and_past(world: World) -> None:
    terms = {"symbol": "ETHUSDT", "side": "buy", "type": "limit", "quantity": "0.0130", "price": below_market(world)}
    (placed,) = world.post("/api/v1/orders", terms).json["orders"]
    working = [order for order in world.get("/api/v1/orders").json if order["client_id"] == placed]
    assert len(working) == 1
    one = world.get(f"/api/v1/orders/{placed}")
    assert one.status == 200 and one.json["client_id"] == placed
    past = world.get("/api/v1/orders?past=true&limit=3").json
    assert len(past) == 3 and all(order["state"] in ("filled", "cancelled", "expired", "rejected") for order in past)
    assert "price_ticks" not in past[0] and past[0]["side"] in ("buy", "sell")


def test_what_is_not_there_is_a_problem_with_a_remedy(world: World) -> None:
    for path, part in (
        ("/api/v1/orders/none-such", "There is no order none-such"),
        ("/api/v1/strategies/none", "there is ema_cross"),
        ("/api/v1/market/NOPE", "there is BTCUSDT"),
        ("/api/v1/messages/none", "/api/v1/messages lists them"),
        ("/api/v1/nowhere", "/api/v1/openapi.json"),
    ):
        answer = world.get(path)
        assert answer.status == 404 and part in answer.problem, path


def test_bars_and_market_are_exact_to_the_tick(world: World) -> None:
    series = world.engine.shown.market("BTCUSDT").series(60_000_000_000)
    assert series is not None
    bars = world.get("/api/v1/bars/BTCUSDT?limit=500").json
    assert len(bars) == 500 and all(len(bar["close"].split(".")[1]) == 2 for bar in bars)
    assert all(Decimal(bar["low"]) <= Decimal(bar["open"]) <= Decimal(bar["high"]) for bar in bars)
    for _ in range(100):
        forming = world.get("/api/v1/bars/BTCUSDT?limit=1&forming=true").json
        if len(forming) == 2:
            break
        time.sleep(0.1)
    assert len(forming) == 2 and forming[0]["close_time"] < forming[1]["close_time"]
    market = world.get("/api/v1/market/BTCUSDT?depth=3").json
    (bid, _), (ask, _) = market["bids"][0], market["asks"][0]
    assert Decimal(bid) < Decimal(ask) and len(market["bids"]) == 3
    assert world.get("/api/v1/bars/BTCUSDT?timeframe=9s").status == 409


def test_parameters_risk_paper_and_configuration(world: World) -> None:
    names = [parameter["name"] for parameter in world.get("/api/v1/strategies/ema_cross/parameters").json]
    assert "fast" in names
    limits = world.get("/api/v1/risk").json["limits"]
    assert {"Day loss", "Drawdown", "Feed age"} <= {limit["name"] for limit in limits}
    assert world.get("/api/v1/paper").json["taker_bps"] == "7"
    assert world.get("/api/v1/configuration").json["risk"]["open_positions"] == 5
    assert world.get("/api/v1/reconciliation").json["differences"] == []
    assert world.get("/api/v1/connection").json is None


def test_equity_and_logs(world: World) -> None:
    points = world.get("/api/v1/equity?limit=100").json
    assert [point["time"] for point in points] == sorted(point["time"] for point in points) and len(points) > 5
    assert world.get("/api/v1/logs").status == 200


def test_message_schemas_are_those_of_the_code(world: World) -> None:
    assert world.get("/api/v1/messages/order").json == schema_of("order")
    assert "execution" in world.get("/api/v1/messages").json


def test_metrics_for_prometheus(world: World) -> None:
    text = world.get("/metrics").body.decode()
    assert "workstation_nats_up 1.0" in text
    equity = next(line for line in text.splitlines() if line.startswith("workstation_account_equity "))
    assert 9_000 < float(equity.split()[1]) < 11_000
    assert 'workstation_limit_use{limit="Drawdown"}' in text
    assert 'workstation_requests_total{method="GET",status="200"}' in text
