"""The sandbox exchange's USD-M market through ccxt and ccxt.pro."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import ccxt.pro
import pytest

from tests.end_to_end.sandbox_clients import ccxt_session
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from workstation.core.money import from_money
from workstation.sandbox.listing import Market

SYMBOL = "BTC/USDT:USDT"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(paced=False) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Any]:
    async with ccxt_session(sandbox, markets=("linear",), defaultType="swap") as session:
        yield session


async def _bid(client):
    return (await client.fetch_order_book(SYMBOL, 5))["bids"][0][0]


async def test_open_and_close_a_position(sandbox, client):
    assert (await client.fetch_balance())["USDT"]["total"] == 100_000
    await client.set_leverage(10, SYMBOL)
    opened = await client.create_order(SYMBOL, "market", "buy", 0.5)
    assert opened["status"] == "closed" and opened["filled"] == 0.5
    assert (await client.fetch_positions([SYMBOL]))[0]["contracts"] == 0.5
    position = (await client.fetch_positions([SYMBOL], {"useV2": True}))[0]
    assert (position["side"], position["contracts"], position["leverage"]) == ("long", 0.5, 10)
    assert position["liquidationPrice"] is None or position["liquidationPrice"] < position["entryPrice"]
    sandbox.step(60)
    await client.create_order(SYMBOL, "market", "sell", 0.5, None, {"reduceOnly": True})
    assert await client.fetch_positions([SYMBOL]) == []
    trades = await client.fetch_my_trades(SYMBOL)
    realised = sum(Decimal(trade["info"]["realizedPnl"]) for trade in trades)
    fees = sum(Decimal(trade["info"]["commission"]) for trade in trades)
    income = await client.fapiPrivateGetIncome({"limit": 1000})
    funding = sum(Decimal(row["income"]) for row in income if row["incomeType"] == "FUNDING_FEE")
    wallet = Decimal((await client.fetch_balance())["info"]["totalWalletBalance"])
    assert wallet == 100_000 + realised - fees + funding
    booked = sum(Decimal(row["income"]) for row in income)
    assert booked == from_money(sandbox.account.futures.wallet("USDT"))


async def test_hedge_mode_holds_both_sides(sandbox, client):
    await client.set_position_mode(True)
    assert (await client.fetch_position_mode(SYMBOL))["hedged"] is True
    with pytest.raises(ccxt.ExchangeError, match="-4061"):
        await client.create_order(SYMBOL, "market", "buy", 0.1)
    await client.create_order(SYMBOL, "market", "buy", 0.5, None, {"positionSide": "LONG"})
    await client.create_order(SYMBOL, "market", "sell", 0.2, None, {"hedged": True})
    stop = {"hedged": True, "reduceOnly": True, "stopLossPrice": await _bid(client) - 1_000}
    await client.create_order(SYMBOL, "market", "sell", 0.5, None, stop)
    positions = await client.fetch_positions([SYMBOL])
    assert {(p["side"], p["contracts"], p["hedged"]) for p in positions} == {("long", 0.5, True), ("short", 0.2, True)}
    assert len(await client.fetch_positions([SYMBOL], {"useV2": True})) == 2
    with pytest.raises(ccxt.ExchangeError, match="-4067"):
        await client.set_position_mode(False)
    await client.cancel_all_orders(SYMBOL, {"trigger": True})
    with pytest.raises(ccxt.ExchangeError, match="-4068"):
        await client.set_position_mode(False)
    await client.create_order(SYMBOL, "market", "sell", 0.5, None, {"hedged": True, "reduceOnly": True})
    assert [(p["side"], p["contracts"]) for p in await client.fetch_positions([SYMBOL])] == [("short", 0.2)]
    await client.create_order(SYMBOL, "market", "buy", 0.2, None, {"positionSide": "SHORT"})
    await client.set_position_mode(False)
    assert sandbox.account.futures.sides_in_use() == ("BOTH",)


async def test_lesson_7_conditional_orders_live_on_the_algo_service(sandbox, client):
    bid = await _bid(client)
    with pytest.raises(ccxt.BaseError, match="-4120"):
        await client.fapiPrivatePostOrder(
            {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1", "stopPrice": "30000"}
        )
    await client.create_order(SYMBOL, "market", "buy", 0.5)
    stop = await client.create_order(
        SYMBOL, "market", "sell", 0.5, None, {"stopLossPrice": bid * 0.9, "reduceOnly": True}
    )
    profit = await client.create_order(SYMBOL, "limit", "sell", 0.5, bid * 1.2, {"takeProfitPrice": bid * 1.1})
    entry = await client.create_order(SYMBOL, "limit", "buy", 0.1, bid * 0.97)
    assert [order["id"] for order in await client.fetch_open_orders(SYMBOL)] == [entry["id"]]
    waiting = await client.fetch_open_orders(SYMBOL, params={"trigger": True})
    assert {order["id"] for order in waiting} == {stop["id"], profit["id"]}
    # Cancel all is two calls.
    await client.cancel_all_orders(SYMBOL)
    assert len(await client.fetch_open_orders(SYMBOL, params={"trigger": True})) == 2
    await client.cancel_order(profit["id"], SYMBOL, {"trigger": True})
    await client.cancel_all_orders(SYMBOL, {"trigger": True})
    assert await client.fetch_open_orders(SYMBOL, params={"trigger": True}) == []
    assert await client.fetch_open_orders(SYMBOL) == []
    with pytest.raises(ccxt.BaseError, match="-2021"):
        await client.create_order(SYMBOL, "market", "sell", 0.5, None, {"stopLossPrice": bid * 1.1})


async def test_a_stop_is_set_off_and_told(sandbox, client):
    orders = asyncio.create_task(client.watch_orders(SYMBOL))
    positions = asyncio.create_task(client.watch_positions([SYMBOL]))
    while not sandbox.server.users.subscriptions:
        await asyncio.sleep(0.005)
    await client.create_order(SYMBOL, "market", "buy", 0.5)
    assert (await orders)[-1]["status"] in ("open", "closed")
    while not await positions:
        positions = asyncio.create_task(client.watch_positions([SYMBOL]))
    assert positions.result()[0]["contracts"] == 0.5
    last = sandbox.exchange.listings[Market.FUTURES]["BTCUSDT"].last
    price = float(sandbox.exchange.listings[Market.FUTURES]["BTCUSDT"].instrument.price(last - 100))
    stop = await client.create_order(SYMBOL, "market", "sell", 0.5, None, {"stopLossPrice": price, "reduceOnly": True})
    for _ in range(3_000):
        sandbox.step(1)
        if not sandbox.account.futures.books.holdings["BTCUSDT"].lots:
            break
    told = await client.fetch_order(stop["id"], SYMBOL, {"trigger": True})
    assert told["info"]["algoStatus"] == "FINISHED"
    became = await client.fetch_order(told["info"]["actualOrderId"], SYMBOL)
    assert became["status"] == "closed" and became["info"]["origType"] == "STOP_MARKET"
    assert await client.fetch_positions([SYMBOL]) == []


async def test_trailing_stop_follows(sandbox, client):
    await client.create_order(SYMBOL, "market", "buy", 0.5)
    order = await client.create_order(SYMBOL, "market", "sell", 0.5, None, {"trailingPercent": 0.1, "reduceOnly": True})
    conditional = sandbox.account.futures.conditional.find(int(order["id"]), "")
    stops = [conditional.trigger]
    for _ in range(3_000):
        sandbox.step(1)
        stops.append(conditional.trigger)
        if not conditional.is_open:
            break
    assert stops == sorted(stops)
    assert conditional.status == "FINISHED"
    assert not sandbox.account.futures.books.holdings["BTCUSDT"].lots


async def test_lesson_9_position_mode_and_margin_type(sandbox, client):
    assert (await client.fetch_position_mode(SYMBOL))["hedged"] is False
    await client.set_position_mode(True)
    with pytest.raises(ccxt.BaseError, match="-4061"):
        await client.create_order(SYMBOL, "market", "buy", 0.1)
    await client.set_position_mode(False)
    await client.set_margin_mode("isolated", SYMBOL)
    await client.create_order(SYMBOL, "market", "buy", 0.5)
    position = (await client.fetch_positions([SYMBOL]))[0]
    assert position["marginMode"] == "isolated" and position["liquidationPrice"] > 0
    with pytest.raises(ccxt.BaseError, match="-4048"):
        await client.set_margin_mode("cross", SYMBOL)
    with pytest.raises(ccxt.BaseError, match="-4068"):
        await client.set_position_mode(True)


async def test_lesson_8_liquidation_and_adl_are_told(sandbox, client):
    orders = asyncio.create_task(client.watch_orders(SYMBOL))
    while not sandbox.server.users.subscriptions:
        await asyncio.sleep(0.005)
    for how, prefix in (("liquidation", "autoclose-"), ("adl", "adl_autoclose")):
        await client.create_order(SYMBOL, "market", "buy", 0.5)
        with sandbox.exchange.turn():
            assert sandbox.account.futures.close_position("BTCUSDT", how)
        assert await client.fetch_positions([SYMBOL]) == []
        forced = await client.fapiPrivateGetForceOrders({"symbol": "BTCUSDT"})
        assert forced[-1]["clientOrderId"].startswith(prefix)
        assert (await client.fetch_my_trades(SYMBOL))[-1]["order"] == str(forced[-1]["orderId"])
    assert (await orders)[0]["symbol"] == SYMBOL


async def test_dead_man_timer_cancels(sandbox, client):
    bid = await _bid(client)
    await client.create_order(SYMBOL, "limit", "buy", 0.1, bid * 0.97)
    await client.fapiPrivatePostCountdownCancelAll({"symbol": "BTCUSDT", "countdownTime": 5_000})
    sandbox.step(4)
    await client.fapiPrivatePostCountdownCancelAll({"symbol": "BTCUSDT", "countdownTime": 5_000})
    sandbox.step(4)
    assert len(await client.fetch_open_orders(SYMBOL)) == 1
    sandbox.step(2)
    assert await client.fetch_open_orders(SYMBOL) == []


async def test_lesson_11_funding_is_booked_once_with_an_id(sandbox, client):
    await client.create_order(SYMBOL, "market", "buy", 0.5)
    listing = sandbox.exchange.listings[Market.FUTURES]["BTCUSDT"]
    from workstation.core.messages import FundingRate

    event = FundingRate("BTCUSDT", sandbox.exchange.clock.time_ns, 10_000, listing.mark_price())
    with sandbox.exchange.turn():
        sandbox.exchange.take(event)
        sandbox.exchange.take(event)
    paid = await client.fetch_funding_history(SYMBOL)
    assert len(paid) == 1 and paid[0]["amount"] < 0
    rate = await client.fetch_funding_rate(SYMBOL)
    assert rate["fundingRate"] == 0.0001 and rate["markPrice"] > 0


async def test_modify_batch_and_refusals(sandbox, client):
    bid = await _bid(client)
    order = await client.create_order(SYMBOL, "limit", "buy", 0.1, bid * 0.97)
    moved = await client.edit_order(order["id"], SYMBOL, "limit", "buy", 0.2, round(bid * 0.98, 1))
    assert moved["id"] == order["id"] and moved["amount"] == 0.2
    several = await client.create_orders(
        [
            {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.1, "price": bid * 0.97},
            {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 1_000, "price": bid * 0.97},
        ]
    )
    assert sorted(one["status"] for one in several) == ["open", "rejected"]
    with pytest.raises(ccxt.BaseError, match="-2022"):
        await client.create_order(SYMBOL, "market", "sell", 0.1, None, {"reduceOnly": True})
    with pytest.raises(ccxt.BaseError, match="-5022"):
        await client.create_order(SYMBOL, "limit", "buy", 0.1, bid * 1.01, {"postOnly": True})
    with pytest.raises(ccxt.BaseError, match="-2019"):
        await client.create_order(SYMBOL, "limit", "buy", 900, bid)


async def test_streams(sandbox, client):
    watching = [
        asyncio.create_task(task)
        for task in (
            client.watch_order_book(SYMBOL),
            client.watch_trades(SYMBOL),
            client.watch_ohlcv(SYMBOL, "1m"),
            client.watch_ticker(SYMBOL),
            client.watch_mark_price(SYMBOL),
        )
    ]
    while not all(task.done() for task in watching):
        sandbox.step(0.5)
        await asyncio.sleep(0.005)
    book, trades, candles, ticker, mark = [await task for task in watching]
    assert book["bids"][0][0] < book["asks"][0][0]
    assert trades[0]["price"] > 0 and candles[0][4] > 0 and ticker["last"] > 0 and mark["markPrice"] > 0


async def test_orders_by_the_websocket_api(sandbox, client):
    bid = await _bid(client)
    order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.1, bid * 0.97)
    assert (await client.cancel_order_ws(order["id"], SYMBOL))["status"] == "canceled"
    stop = await client.create_order_ws(SYMBOL, "market", "sell", 0.5, None, {"stopLossPrice": bid * 0.9})
    assert await client.cancel_order_ws(stop["id"], SYMBOL, {"trigger": True})
