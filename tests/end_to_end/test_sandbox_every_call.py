"""Every call of ccxt that a trader may make of Binance is understood by the sandbox exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.end_to_end.sandbox_clients import ccxt_session
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox

SPOT, OTHER_SPOT = "BTC/USDT", "ETH/USDT"
SWAP, OTHER_SWAP = "BTC/USDT:USDT", "ETH/USDT:USDT"

SPOT_CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("fetch_tickers", ()),
    ("fetch_tickers", ([SPOT],)),
    ("fetch_bids_asks", ()),
    ("fetch_last_prices", ()),
    ("fetch_my_trades", (SPOT, 0)),
    ("fetch_closed_orders", (SPOT,)),
    ("fetch_canceled_orders", (SPOT,)),
    ("fetch_trading_fee", (SPOT,)),
    ("fetch_trading_fees", ()),
    ("fetch_currencies", ()),
    ("fetch_balance_ws", ()),
    ("fetch_ohlcv_ws", (SPOT,)),
    ("fetch_trades_ws", (SPOT,)),
    ("fetch_my_trades_ws", (SPOT,)),
    ("fetch_orders_ws", (SPOT,)),
    ("fetch_open_orders_ws", (SPOT,)),
    ("fetch_closed_orders_ws", (SPOT,)),
    ("watch_tickers", ([SPOT],)),
    ("watch_ticker", (SPOT, {"name": "ticker"})),
    ("watch_order_book_for_symbols", ([SPOT, OTHER_SPOT],)),
    ("watch_trades_for_symbols", ([SPOT, OTHER_SPOT],)),
    ("watch_ohlcv_for_symbols", ([[SPOT, "1m"]],)),
    ("transfer", ("USDT", 5, "spot", "swap")),
    ("create_market_buy_order_with_cost", (SPOT, 100)),
    ("create_order", (SPOT, "limit", "buy", 0.01, 40_000, {"test": True})),
    ("create_order", (SPOT, "limit", "buy", 0.01, 40_000, {"icebergAmount": 0.002})),
    ("create_order", (SPOT, "limit", "sell", 0.01, 40_000, {"trailingPercent": 1, "stopLossOrTakeProfit": "stopLoss"})),
]
SWAP_CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("fetch_tickers", ()),
    ("fetch_bids_asks", ()),
    ("fetch_last_prices", ()),
    ("fetch_my_trades", (SWAP,)),
    ("fetch_closed_orders", (SWAP,)),
    ("fetch_trading_fee", (SWAP,)),
    ("fetch_trading_fees", ()),
    ("fetch_funding_rate", (SWAP,)),
    ("fetch_funding_rates", ()),
    ("fetch_funding_rate_history", (SWAP,)),
    ("fetch_funding_history", (SWAP,)),
    ("fetch_funding_intervals", ()),
    ("fetch_leverages", ()),
    ("fetch_leverage", (SWAP,)),
    ("fetch_leverage_tiers", ()),
    ("fetch_margin_mode", (SWAP,)),
    ("fetch_position_mode", (SWAP,)),
    ("fetch_positions", ()),
    ("fetch_account_positions", ()),
    ("fetch_positions_risk", ()),
    ("fetch_open_interest", (SWAP,)),
    ("fetch_open_interest_history", (SWAP, "1h")),
    ("fetch_mark_prices", ()),
    ("fetch_mark_price", (SWAP,)),
    ("fetch_ledger", ()),
    ("fetch_my_liquidations", (SWAP,)),
    ("fetch_adl_rank", (SWAP,)),
    ("fetch_position_adl_rank", (SWAP,)),
    ("fetch_balance_ws", ()),
    ("fetch_positions_ws", ()),
    ("fetch_order_book_ws", (SWAP,)),
    ("fetch_ticker_ws", (SWAP,)),
    ("fetch_balance", ({"useV2": True},)),
    ("watch_tickers", ()),
    ("watch_mark_prices", ()),
    ("watch_bids_asks", ([SWAP],)),
    ("watch_ohlcv", (SWAP, "1m")),
    ("set_margin_mode", ("isolated", OTHER_SWAP)),
    ("create_order", (OTHER_SWAP, "market", "buy", 1)),
    ("add_margin", (OTHER_SWAP, 10)),
    ("reduce_margin", (OTHER_SWAP, 5)),
    ("create_order", (SWAP, "market", "sell", 0.02, None, {"takeProfitPrice": 45_000})),
    ("create_order", (SWAP, "market", "sell", 0.02, None, {"trailingPercent": 1})),
    ("create_order", (SWAP, "market", "sell", None, None, {"stopLossPrice": 40_000, "closePosition": True})),
    ("fetch_orders", (SWAP, None, None, {"trigger": True})),
]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox() as running:
        yield running


async def test_spot(sandbox):
    async with ccxt_session(sandbox) as client:
        order = await client.create_order(SPOT, "market", "buy", 0.02)
        assert len(await client.fetch_order_trades(order["id"], SPOT)) == len(order["trades"])
        for name, terms in SPOT_CALLS:
            assert await asyncio.wait_for(getattr(client, name)(*terms), 10) is not None, name
        resting = await client.create_order(SPOT, "limit", "buy", 0.01, 40_000)
        await client.edit_order_ws(resting["id"], SPOT, "limit", "buy", 0.02, 39_000)
        assert len(await client.cancel_all_orders_ws(SPOT)) == 3


async def test_usd_m(sandbox):
    async with ccxt_session(sandbox, markets=("linear",), defaultType="swap") as client:
        await client.create_order(SWAP, "market", "buy", 0.02)
        for name, terms in SWAP_CALLS:
            assert await asyncio.wait_for(getattr(client, name)(*terms), 10) is not None, name
        resting = await client.create_order(SWAP, "limit", "buy", 0.01, 41_500)
        await client.edit_order_ws(resting["id"], SWAP, "limit", "buy", 0.03, 41_300)
        assert (await client.cancel_orders([resting["id"]], SWAP))[0]["status"] == "canceled"
