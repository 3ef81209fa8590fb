"""The sandbox exchange's spot market through ccxt and ccxt.pro."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from decimal import Decimal

import ccxt.pro
import pytest

from tests.end_to_end.sandbox_clients import ccxt_client, ccxt_session
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from workstation.core.money import from_money
from workstation.sandbox.listing import Market

SYMBOL = "BTC/USDT"
TENTH_NS = 100_000_000


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox(paced=False) as running:
        yield running


async def test_markets_and_balance(sandbox):
    async with ccxt_session(sandbox) as client:
        market = client.market(SYMBOL)
        assert (market["precision"]["price"], market["precision"]["amount"]) == (0.01, 0.00001)
        assert market["limits"]["cost"]["min"] == 5
        balance = await client.fetch_balance()
        assert balance["total"] == {"BTC": 1.0, "ETH": 0.0, "USDT": 100_000.0}
        assert (await client.fetch_status())["status"] == "ok"


async def test_a_market_order_fills_and_is_told_everywhere(sandbox):
    async with ccxt_session(sandbox) as client:
        trades, orders, balance = (
            asyncio.create_task(client.watch_my_trades(SYMBOL)),
            asyncio.create_task(client.watch_orders(SYMBOL)),
            asyncio.create_task(client.watch_balance()),
        )
        await _subscribed(sandbox, 1)
        order = await client.create_order(SYMBOL, "market", "buy", 0.01)
        assert order["status"] == "closed" and order["filled"] == 0.01
        assert order["fees"] == [{"currency": "BTC", "cost": 0.00001}]
        assert (await balance)["BTC"]["total"] == 1.00999
        assert (await orders)[-1]["id"] == order["id"]
        told = (await trades)[0]
        mine = (await client.fetch_my_trades(SYMBOL))[0]
        assert told["id"] == mine["id"] and told["order"] == mine["order"] == order["id"]
        assert mine["fee"] == {"currency": "BTC", "cost": 0.00001}
        public = await client.fetch_trades(SYMBOL)
        assert public[-1]["price"] == mine["price"]


async def _subscribed(sandbox, count):
    while len(sandbox.server.users.subscriptions) < count:
        await asyncio.sleep(0.005)


async def test_limit_orders_lock_are_listed_replaced_and_cancelled(sandbox):
    async with ccxt_session(sandbox) as client:
        bid = (await client.fetch_ticker(SYMBOL))["bid"]
        order = await client.create_order(SYMBOL, "limit", "buy", 0.1, bid - 1_000)
        assert order["status"] == "open"
        assert (await client.fetch_balance())["USDT"]["used"] == pytest.approx(0.1 * (bid - 1_000))
        moved = await client.edit_order(order["id"], SYMBOL, "limit", "buy", 0.2, bid - 2_000)
        assert [open_["id"] for open_ in await client.fetch_open_orders(SYMBOL)] == [moved["id"]]
        assert (await client.fetch_order(order["id"], SYMBOL))["status"] == "canceled"
        await client.cancel_all_orders(SYMBOL)
        assert (await client.fetch_balance())["USDT"]["used"] == 0
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_all_orders(SYMBOL)


async def test_stop_orders_wait_for_their_price(sandbox):
    async with ccxt_session(sandbox) as client:
        bid = (await client.fetch_ticker(SYMBOL))["bid"]
        stop = await client.create_order(SYMBOL, "limit", "sell", 0.1, bid * 0.8, {"stopLossPrice": bid * 0.9})
        profit = await client.create_order(SYMBOL, "limit", "sell", 0.1, bid * 1.2, {"takeProfitPrice": bid * 1.1})
        assert stop["triggerPrice"] == pytest.approx(bid * 0.9, abs=0.01)
        assert {o["id"] for o in await client.fetch_open_orders(SYMBOL)} == {stop["id"], profit["id"]}
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await client.create_order(SYMBOL, "limit", "sell", 0.1, bid, {"stopLossPrice": bid * 1.1})
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await client.create_order(SYMBOL, "limit", "buy", 0.1, bid * 1.01, {"postOnly": True})


async def test_a_trailing_stop_follows_the_price(sandbox):
    async with ccxt_session(sandbox) as client:
        terms = {"trailingPercent": 0.1, "stopLossOrTakeProfit": "stopLoss"}
        order = await client.create_order(SYMBOL, "market", "sell", 0.1, None, terms)
        shown = (await client.fetch_open_orders(SYMBOL))[0]
        assert (shown["id"], shown["info"]["trailingDelta"]) == (order["id"], 10)
        assert (await client.fetch_balance())["BTC"]["used"] == 0.1
        for _ in range(3_000):
            sandbox.step(1)
            if not sandbox.account.spot.open:
                break
        done = await client.fetch_order(order["id"], SYMBOL)
        record = sandbox.account.spot.orders[int(order["id"])]
        assert done["status"] == "closed" and done["average"] < float(Decimal(record.best) / 100)
        assert (await client.fetch_balance())["BTC"]["used"] == 0


async def test_an_iceberg_shows_a_part_of_itself(sandbox):
    async with ccxt_session(sandbox) as client:
        price = (await client.fetch_ticker(SYMBOL))["bid"] - 5
        before = dict((row[0], row[1]) for row in (await client.fetch_order_book(SYMBOL, 5_000))["bids"])
        order = await client.create_order(SYMBOL, "limit", "buy", 0.5, price, {"icebergAmount": 0.1})
        assert order["info"]["icebergQty"] == "0.10000000"
        after = dict((row[0], row[1]) for row in (await client.fetch_order_book(SYMBOL, 5_000))["bids"])
        assert after[price] - before.get(price, 0) == pytest.approx(0.1)
        assert (await client.fetch_balance())["USDT"]["used"] == pytest.approx(0.5 * price)


async def test_a_resting_order_fills_by_the_tape(sandbox):
    async with ccxt_session(sandbox) as client:
        ask = (await client.fetch_order_book(SYMBOL))["asks"][0][0]
        order = await client.create_order(SYMBOL, "limit", "sell", 0.05, ask)
        for _ in range(3_000):
            sandbox.step(1)
            if not sandbox.account.spot.open:
                break
        done = await client.fetch_order(order["id"], SYMBOL)
        assert done["status"] == "closed" and done["average"] == ask
        fills = await client.fetch_my_trades(SYMBOL)
        assert {fill["takerOrMaker"] for fill in fills} == {"maker"}
        assert sum(fill["amount"] for fill in fills) == pytest.approx(0.05)
        tape = {
            trade.trade_id: trade
            for trade in sandbox.exchange.listings[Market.SPOT]["BTCUSDT"].tape.trades.latest(9999)
        }
        assert list(tape) == list(range(min(tape), max(tape) + 1))
        for execution in sandbox.account.spot.executions:
            printed = tape[execution.trade_id]
            assert (printed.price, printed.lots) == (execution.price, execution.lots)


async def test_the_streamed_book_equals_the_servers_at_the_same_id(sandbox):
    async with ccxt_session(sandbox) as client:
        listing = sandbox.exchange.listings[Market.SPOT]["BTCUSDT"]
        watching = asyncio.create_task(client.watch_order_book(SYMBOL))
        while not watching.done():
            sandbox.step(0.1)
            await asyncio.sleep(0.005)
        # What rests here is part of it.
        await client.create_order(
            SYMBOL, "limit", "buy", 0.5, float(listing.instrument.price(listing.public.best_bid - 7))
        )
        book = await watching
        # A full tenth of a second is when diffs are sent: nothing is held back then.
        sandbox.exchange.advance(sandbox.exchange.clock.time_ns // TENTH_NS * TENTH_NS + TENTH_NS)
        for _ in range(20):
            sandbox.step(0.3)
            book = await client.watch_order_book(SYMBOL)
        while book["nonce"] != listing.update_id:
            book = await asyncio.wait_for(client.watch_order_book(SYMBOL), 5)
        price, quantity = listing.instrument.price_lossy, listing.instrument.quantity
        assert [(p, q) for p, q in book["bids"]] == [
            (price(p), float(quantity(q))) for p, q in listing.public.top_bids(1000)
        ]
        assert [(p, q) for p, q in book["asks"]] == [
            (price(p), float(quantity(q))) for p, q in listing.public.top_asks(1000)
        ]


async def test_candles_are_those_of_the_tape(sandbox):
    async with ccxt_session(sandbox) as client:
        sandbox.step(150)
        candles = await client.fetch_ohlcv(SYMBOL, "1m", limit=3)
        listing = sandbox.exchange.listings[Market.SPOT]["BTCUSDT"]
        trades = [
            trade
            for trade in listing.tape.trades.latest(50_000)
            if candles[1][0] <= trade.ts_ns // 1_000_000 < candles[1][0] + 60_000
        ]
        prices = [listing.instrument.price_lossy(trade.price) for trade in trades]
        assert candles[1][1:5] == [prices[0], max(prices), min(prices), prices[-1]]
        assert candles[1][5] == float(listing.instrument.quantity(sum(trade.lots for trade in trades)))
        days = await client.fetch_ohlcv(SYMBOL, "1d", limit=5)
        assert len(days) == 5 and all(b[0] - a[0] == 86_400_000 for a, b in itertools.pairwise(days))


async def test_streams_of_trades_candles_and_tickers(sandbox):
    async with ccxt_session(sandbox) as client:
        watching = [
            asyncio.create_task(task)
            for task in (
                client.watch_trades(SYMBOL),
                client.watch_ohlcv(SYMBOL, "1m"),
                client.watch_ticker(SYMBOL),
                client.watch_bids_asks([SYMBOL]),
            )
        ]
        while not all(task.done() for task in watching):
            sandbox.step(0.5)
            await asyncio.sleep(0.005)
        trades, candles, ticker, tops = [await task for task in watching]
        listing = sandbox.exchange.listings[Market.SPOT]["BTCUSDT"]
        known = {trade.trade_id for trade in listing.tape.trades.latest(50_000)}
        assert {int(trade["id"]) for trade in trades} <= known
        assert candles[-1][2] >= candles[-1][3]
        assert ticker["last"] > 0 and tops[SYMBOL]["bid"] < tops[SYMBOL]["ask"]


async def test_orders_by_the_websocket_api(sandbox):
    async with ccxt_session(sandbox) as client:
        order = await client.create_order_ws(SYMBOL, "market", "sell", 0.01)
        assert order["status"] == "closed"
        resting = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, 30_000)
        assert (await client.fetch_order_ws(resting["id"], SYMBOL))["status"] == "open"
        assert (await client.cancel_order_ws(resting["id"], SYMBOL))["status"] == "canceled"


async def test_wrong_key_wrong_secret_no_permission(sandbox):
    sandbox.add_key("reader", "secret", account="practice", permissions=frozenset({"read"}))
    async with ccxt_client(sandbox, secret="wrong") as client:
        with pytest.raises(ccxt.AuthenticationError, match="Signature"):
            await client.fetch_balance()
    async with ccxt_client(sandbox, key="nobody") as client:
        with pytest.raises(ccxt.AuthenticationError, match="Invalid API-key"):
            await client.fetch_balance()
    async with ccxt_client(sandbox, key="reader", secret="secret") as client:
        assert (await client.fetch_balance())["USDT"]["total"] == 100_000
        # ccxt takes -2015 for a limit once a private call has succeeded.
        with pytest.raises(ccxt.DDoSProtection, match="permissions for action"):
            await client.create_order(SYMBOL, "market", "buy", 0.01)
        told = await client.sapi_get_account_apirestrictions()
        assert told["enableReading"] and not told["enableSpotAndMarginTrading"] and not told["enableWithdrawals"]


async def test_too_little_money_and_filters(sandbox):
    async with ccxt_session(sandbox) as client:
        with pytest.raises(ccxt.InsufficientFunds):
            await client.create_order(SYMBOL, "market", "buy", 50)
        for wrong, text in (
            ({"quantity": "0.000015", "price": "40000"}, "LOT_SIZE"),
            ({"quantity": "0.01", "price": "40000.001"}, "PRICE_FILTER"),
            ({"quantity": "0.00001", "price": "40000"}, "NOTIONAL"),
            ({"quantity": "0.01", "price": "1"}, "PERCENT_PRICE_BY_SIDE"),
        ):
            request = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", **wrong}
            with pytest.raises(ccxt.BaseError, match=text):
                await client.private_post_order(request)


async def test_balances_are_exact(sandbox):
    async with ccxt_session(sandbox) as client:
        order = await client.create_order(SYMBOL, "market", "buy", 0.12345)
        cost = sum(Decimal(f["price"]) * Decimal(f["qty"]) for f in order["info"]["fills"])
        fees = sum(Decimal(f["commission"]) for f in order["info"]["fills"])
        assert Decimal(order["info"]["cummulativeQuoteQty"]) == cost
        desk = sandbox.account.spot
        assert from_money(desk.total("USDT")) == 100_000 - cost
        assert from_money(desk.total("BTC")) == 1 + Decimal("0.12345") - fees
