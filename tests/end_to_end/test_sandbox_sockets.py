"""The sandbox exchange's websockets, message by message."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from workstation.sandbox import signing
from workstation.sandbox.listen_keys import LIFE_NS


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(paced=False) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def ask(socket: aiohttp.ClientWebSocketResponse, **body: Any) -> Any:
    await socket.send_bytes(orjson.dumps(body))
    return orjson.loads(await socket.receive_str(timeout=5))


def signed(sandbox: Sandbox, **values: Any) -> dict[str, Any]:
    stamp = sandbox.server.now_ns() // 1_000_000
    terms = {name: str(value) for name, value in {**values, "apiKey": sandbox.key, "timestamp": stamp}.items()}
    return {**terms, "signature": signing.signature(sandbox.secret, signing.sorted_payload(terms))}


async def test_subscriptions(sandbox, session):
    async with session.ws_connect(f"{sandbox.address}/stream?streams=btcusdt@trade/ethusdt@bookTicker") as socket:
        assert await ask(socket, method="LIST_SUBSCRIPTIONS", id=1) == {
            "result": ["btcusdt@trade", "ethusdt@bookTicker"],
            "id": 1,
        }
        assert await ask(socket, method="SUBSCRIBE", params=["btcusdt@kline_1m"], id="x") == {"result": None, "id": "x"}
        assert await ask(socket, method="UNSUBSCRIBE", params=["btcusdt@trade"], id=2) == {"result": None, "id": 2}
        assert await ask(socket, method="GET_PROPERTY", params=["combined"], id=3) == {"result": True, "id": 3}
        sandbox.step(5)
        told = set()
        while len(told) < 2:
            told.add(orjson.loads(await socket.receive_str(timeout=5))["stream"])
        assert told == {"ethusdt@bookTicker", "btcusdt@kline_1m"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"garbage", 3),
        (b"[]", 3),
        (b'{"method": 5}', 3),
        (b'{"method": "DANCE", "id": 1}', 0),
        (b'{"method": "SUBSCRIBE", "params": [5], "id": 1}', 2),
        (b'{"method": "SUBSCRIBE", "params": [], "id": 1}', 2),
        (b'{"method": "SUBSCRIBE", "params": ["nope@trade"], "id": 1}', 2),
        (b'{"method": "SUBSCRIBE", "params": ["btcusdt@kline_7m"], "id": 1}', 2),
        (b'{"method": "SUBSCRIBE", "params": ["btcusdt@markPrice"], "id": 1}', 2),
    ],
)
async def test_stream_requests_that_are_refused(sandbox, session, body, code):
    async with session.ws_connect(f"{sandbox.address}/ws") as socket:
        await socket.send_bytes(body)
        assert orjson.loads(await socket.receive_str(timeout=5))["error"]["code"] == code
        assert (await ask(socket, method="LIST_SUBSCRIPTIONS", id=1))["result"] == []


async def test_paths_that_are_none(sandbox, session):
    for path, status in (("/elsewhere", 404), ("/ws/nope@trade", 400)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(f"{sandbox.address}{path}")
        assert caught.value.status == status


async def test_the_websocket_api_refuses_as_rest_does(sandbox, session):
    async with session.ws_connect(f"{sandbox.address}/ws-api/v3") as socket:
        await socket.send_str("garbage")
        assert orjson.loads(await socket.receive_str(timeout=5))["error"]["code"] == -1135
        assert (await ask(socket, id=1, method="dance"))["error"]["code"] == -1000
        assert (await ask(socket, id=1, method="depth"))["error"]["code"] == -1102
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        assert (await ask(socket, id=1, method="order.place", params=order))["error"]["code"] == -2014
        wrong = {**signed(sandbox, **order), "quantity": "9"}
        told = await ask(socket, id="a", method="order.place", params=wrong)
        assert (told["id"], told["status"], told["error"]["code"]) == ("a", 400, -1022)
        done = await ask(socket, id=2, method="order.place", params=signed(sandbox, **order))
        assert (done["status"], done["result"]["status"]) == (200, "FILLED")
        assert done["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT" and done["rateLimits"][0]["count"] > 0


async def test_a_user_stream_is_subscribed_to_and_ended(sandbox, session):
    async with session.ws_connect(f"{sandbox.address}/ws-api/v3") as socket:
        method = "userDataStream.subscribe.signature"
        assert (await ask(socket, id=1, method=method, params=signed(sandbox)))["result"] == {"subscriptionId": 0}
        sandbox.deposit("USDT", 5)
        told = orjson.loads(await socket.receive_str(timeout=5))
        assert (told["subscriptionId"], told["event"]["e"], told["event"]["d"]) == (0, "balanceUpdate", "5.00000000")
        assert orjson.loads(await socket.receive_str(timeout=5))["event"]["e"] == "outboundAccountPosition"
        end = await ask(socket, id=2, method="userDataStream.unsubscribe", params={"subscriptionId": 0})
        assert end["event"]["e"] == "eventStreamTerminated"
        assert orjson.loads(await socket.receive_str(timeout=5))["status"] == 200
        again = await ask(socket, id=3, method="userDataStream.unsubscribe", params={})
        assert again["status"] == 400


async def test_a_listen_key_expires(sandbox, session):
    headers = {"X-MBX-APIKEY": sandbox.key}
    async with session.post(f"{sandbox.address}/fapi/v1/listenKey", headers=headers) as answer:
        key = (await answer.json())["listenKey"]
    async with session.ws_connect(f"{sandbox.address}/fut/private/ws?listenKey={key}") as socket:
        sandbox.deposit("USDT", 5, "futures")
        assert orjson.loads(await socket.receive_str(timeout=5))["e"] == "ACCOUNT_UPDATE"
        clock = sandbox.exchange.clock
        clock.advance(clock.time_ns + LIFE_NS)
        told = orjson.loads(await socket.receive_str(timeout=5))
        assert (told["e"], told["listenKey"]) == ("listenKeyExpired", key)
    async with session.put(f"{sandbox.address}/fapi/v1/listenKey", headers=headers) as answer:
        assert (await answer.json())["code"] == -1125
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(f"{sandbox.address}/fut/private/ws?listenKey={key}")


async def test_diffs_of_both_markets_chain(sandbox, session):
    spot = await session.ws_connect(f"{sandbox.address}/ws/btcusdt@depth@100ms")
    futures = await session.ws_connect(f"{sandbox.address}/fut/ws/btcusdt@depth@100ms")
    async with session.get(f"{sandbox.address}/fapi/v1/depth", params={"symbol": "BTCUSDT"}) as answer:
        snapshot = (await answer.json())["lastUpdateId"]
    sandbox.step(2)
    for socket, is_futures in ((spot, False), (futures, True)):
        diffs = [orjson.loads(await socket.receive_str(timeout=5)) for _ in range(8)]
        for before, after in itertools.pairwise(diffs):
            assert after["pu"] == before["u"] if is_futures else after["U"] == before["u"] + 1
        if is_futures:
            first = next(diff for diff in diffs if diff["u"] >= snapshot)
            assert first["U"] <= snapshot <= first["u"]
        await socket.close()


async def test_a_client_that_does_not_read_is_disconnected(sandbox, session, monkeypatch):
    monkeypatch.setattr("workstation.sandbox.connection.MOST_QUEUED", 50)
    async with session.ws_connect(f"{sandbox.address}/ws/btcusdt@trade") as socket:
        sandbox.step(60)
        while (message := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED)
