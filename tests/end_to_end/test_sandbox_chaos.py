"""Each chaos switch of the sandbox exchange, alone, as a client sees it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.end_to_end.sandbox_requests import Requests
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from workstation.core.errors import ConfigurationError
from workstation.sandbox.listing import Market


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(paced=False) as running:
        yield running


@pytest.fixture
async def requests(sandbox: Sandbox) -> AsyncIterator[Requests]:
    # Every request on a connection of its own: aiohttp would repeat one that it lost on an old connection.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield Requests(sandbox, session)


def _orders(sandbox):
    return list(sandbox.account.spot.orders.values())


async def test_lesson_4_dropped_request_is_not_executed(sandbox, requests):
    sandbox.chaos.set("drop_request", count=1, endpoint="POST /api/v3/order")
    with pytest.raises(aiohttp.ClientError):
        await requests.buy()
    assert _orders(sandbox) == []
    assert (await requests.buy()).status == 200


async def test_lesson_4_dropped_reply_is_executed(sandbox, requests):
    sandbox.chaos.set("drop_reply", count=1, endpoint="POST /api/v3/order")
    with pytest.raises(aiohttp.ClientError):
        await requests.buy(newClientOrderId="mine")
    assert [order.client_order_id for order in _orders(sandbox)] == ["mine"]
    found = await requests.signed("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert found.body["status"] == "FILLED"


@pytest.mark.parametrize("executed", [0, 1])
async def test_timeout_leaves_the_outcome_open(sandbox, requests, executed):
    sandbox.chaos.set("timeout", count=1, value=executed)
    told = await requests.buy()
    assert (told.status, told.body["code"]) == (504, -1007)
    assert len(_orders(sandbox)) == executed


async def test_server_errors(sandbox, requests):
    sandbox.chaos.set("server_error", count=2, value=503)
    assert (await requests.buy()).status == (await requests.buy()).status == 503
    assert _orders(sandbox) == []
    assert (await requests.buy()).status == 200


async def test_lesson_16_rate_limit_and_ban_tell_how_long(sandbox, requests):
    sandbox.chaos.set("rate_limit", count=1, value=7)
    told = await requests.public("/api/v3/ping")
    assert (told.status, told.body["code"], told.headers["Retry-After"]) == (429, -1003, "7")
    sandbox.chaos.set("ban", count=1, value=60)
    for path in ("/api/v3/ping", "/fapi/v1/ping"):
        told = await requests.public(path)
        assert told.status == 418 and 0 < int(told.headers["Retry-After"]) <= 60
        assert "IP banned until" in told.body["msg"]


async def test_lesson_15_clock_skew(sandbox, requests):
    sandbox.chaos.set("clock_skew", value=10_000)
    told = await requests.buy()
    assert (told.status, told.body["code"]) == (400, -1021)
    requests.clock_ms = 10_000
    assert (await requests.buy()).status == 200
    sandbox.chaos.clear("clock_skew")
    told = await requests.buy()
    assert told.body["msg"] == "Timestamp for this request was 1000ms ahead of the server's time."


async def test_a_request_that_arrives_late_has_expired(sandbox, requests):
    sandbox.chaos.set("latency", count=1, value=300)
    told = await requests.buy(recvWindow=100)
    assert told.body["code"] == -1021 and _orders(sandbox) == []


async def test_lesson_19_maintenance(sandbox, requests):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.address}/ws/btcusdt@trade") as socket:
        sandbox.chaos.set("maintenance")
        assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING)
    assert (await requests.public("/api/v3/time")).status == 503
    sandbox.chaos.clear("maintenance")
    assert (await requests.public("/api/v3/time")).status == 200


async def test_partial_fill(sandbox, requests):
    sandbox.chaos.set("partial_fill", count=1, value=30)
    listing = sandbox.exchange.listings[Market.SPOT]["BTCUSDT"]
    price = listing.price_text(listing.public.best_ask + 500)
    told = await requests.buy("0.1", type="LIMIT", timeInForce="GTC", price=price)
    assert (told.body["status"], told.body["executedQty"]) == ("PARTIALLY_FILLED", "0.03000000")
    for _ in range(100):
        sandbox.step(1)
        if not sandbox.account.spot.open:
            break
    assert _orders(sandbox)[0].status == "FILLED"


async def test_delisting_ends_orders_and_refuses_new_ones(sandbox, requests):
    await requests.buy("0.1", type="LIMIT", timeInForce="GTC", price="30000")
    async with aiohttp.ClientSession() as session:
        body = {"symbol": "BTCUSDT", "market": "spot"}
        async with session.post(f"{sandbox.address}/sandbox/listing", json=body) as answer:
            assert answer.status == 200
    assert _orders(sandbox)[0].status == "CANCELED"
    assert (await requests.buy()).body == {"code": -1013, "msg": "Market is closed."}
    info = await requests.public("/api/v3/exchangeInfo", symbol="BTCUSDT")
    assert info.body["symbols"][0]["status"] == "BREAK"


async def test_lessons_8_and_10_positions_and_listings_by_seed(sandbox, requests):
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}
    for how, prefix in (("liquidation", "autoclose-"), ("adl", "adl_autoclose")):
        await requests.signed("POST", "/fapi/v1/order", **terms)
        sandbox.chaos.set(how, count=1)
        sandbox.step(2)
        assert not sandbox.account.futures.books.holdings["BTCUSDT"].lots
        assert list(sandbox.account.futures.orders.values())[-1].client_order_id.startswith(prefix)
    sandbox.chaos.set("delist", count=1, value=3)
    sandbox.step(2)
    assert [x.status for found in sandbox.exchange.listings.values() for x in found.values()].count("TRADING") == 3
    sandbox.step(3)
    assert all(x.is_trading for found in sandbox.exchange.listings.values() for x in found.values())


async def _messages(socket, count, sandbox):
    """The next messages of a stream, letting the market run."""
    got: list[dict[str, Any]] = []
    while len(got) < count:
        sandbox.step(0.1)
        try:
            message = await socket.receive(timeout=0.02)
        except TimeoutError:
            continue
        if message.type is not aiohttp.WSMsgType.TEXT:
            return got
        got.append(orjson.loads(message.data))
    return got


async def test_lesson_18_a_gap_in_the_diffs(sandbox):
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{sandbox.address}/ws/btcusdt@depth@100ms") as ws,
    ):
        diffs = await _messages(ws, 2, sandbox)
        sandbox.chaos.set("gap", count=1)
        diffs += await _messages(ws, 4, sandbox)
        breaks = [a["u"] + 1 != b["U"] for a, b in itertools.pairwise(diffs)]
        assert breaks.count(True) == 1


async def test_duplicates_and_lost_and_reordered_messages(sandbox):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.address}/ws/btcusdt@trade") as ws:
        await _messages(ws, 1, sandbox)
        sandbox.chaos.set("duplicate", count=1)
        ids = [message["t"] for message in await _messages(ws, 5, sandbox)]
        assert len(set(ids)) == len(ids) - 1
        while await _drain(ws):
            pass
        sandbox.chaos.set("reorder", count=1)
        ids = [message["t"] for message in await _messages(ws, 5, sandbox)]
        assert ids != sorted(ids) and len(set(ids)) == len(ids)
        while await _drain(ws):
            pass
        sandbox.chaos.set("drop_message", count=1)
        ids = [message["t"] for message in await _messages(ws, 5, sandbox)]
        assert ids == sorted(ids)


async def _drain(ws):
    try:
        return await ws.receive(timeout=0.3)
    except TimeoutError:
        return None


@pytest.mark.parametrize("answers", [0, 1])
async def test_lesson_17_a_silent_socket_stays_open(sandbox, answers):
    address = f"{sandbox.address}/ws/btcusdt@trade"
    async with aiohttp.ClientSession() as session, session.ws_connect(address, autoping=False) as ws:
        await _messages(ws, 1, sandbox)
        sandbox.chaos.set("silent", connection="market", value=answers)
        while await _drain(ws):
            sandbox.step(0.1)
        sandbox.step(5)
        assert await _drain(ws) is None
        assert not ws.closed
        await ws.ping(b"there?")
        pong = await _drain(ws)
        assert (pong is not None and pong.type is aiohttp.WSMsgType.PONG) == bool(answers)


async def test_disconnect_hits_the_connections_that_it_names(sandbox):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.address}/ws/btcusdt@trade") as ws:
        sandbox.chaos.set("disconnect", connection="api", count=1)
        assert len(await _messages(ws, 3, sandbox)) == 3
        sandbox.chaos.set("disconnect", connection="market", count=1)
        await _messages(ws, 1_000, sandbox)
        assert ws.closed


async def test_late_messages_come_in_order(sandbox):
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.address}/ws/btcusdt@trade") as ws:
        sandbox.chaos.set("message_latency", value=5, count=3)
        ids = [message["t"] for message in await _messages(ws, 8, sandbox)]
        assert ids == sorted(ids)


async def test_switches_strike_by_seed():
    struck = []
    for seed in (1, 1, 2):
        async with running_sandbox(paced=False, seed=seed) as sandbox:
            sandbox.chaos.set("latency", probability=0.5)
            struck.append([sandbox.chaos.strikes("latency") is not None for _ in range(40)])
    assert struck[0] == struck[1] != struck[2]


async def test_what_is_no_switch_is_refused(sandbox):
    for terms, text in (
        ({"kind": "earthquake"}, "no chaos switch"),
        ({"kind": "latency", "probability": 0}, "probability"),
        ({"kind": "latency", "count": 0}, "count"),
        ({"kind": "latency", "duration_s": -1}, "duration"),
    ):
        with pytest.raises(ConfigurationError, match=text):
            sandbox.chaos.set(**terms)


async def test_a_switch_with_a_duration_ends(sandbox, requests, monkeypatch):
    now_ns = 1_000
    monkeypatch.setattr(sandbox.chaos, "_now_ns", lambda: now_ns)
    sandbox.chaos.set("maintenance", duration_s=0.05)
    now_ns += 49_999_999
    assert (await requests.public("/api/v3/ping")).status == 503
    now_ns += 1
    assert (await requests.public("/api/v3/ping")).status == 200


async def test_control_endpoints_take_json_alone(sandbox):
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{sandbox.address}/sandbox/deposit", data="{}") as answer:
            assert answer.status == 415
        wrong = {"key": sandbox.key, "asset": "GOLD", "amount": "1"}
        async with session.post(f"{sandbox.address}/sandbox/deposit", json=wrong) as answer:
            assert "There is no asset GOLD here" in (await answer.json())["error"]
        async with session.get(f"{sandbox.address}/sandbox/record", params={"key": sandbox.key}) as answer:
            assert (await answer.json())["spot"]["cash"]["USDT"] == 100_000 * 10**8
