"""The sandbox exchange through python-binance and through Binance's own clients, whose models check every field."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from workstation.sandbox.listing import Market

# Both clients use what their own libraries call deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running_sandbox() as running:
        yield running


# --- python-binance ------------------------------------------------------------------------------------------------


@pytest.fixture
async def python_binance(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    from binance import AsyncClient, BinanceSocketManager
    from binance.base_client import BaseClient
    from binance.ws.reconnecting_websocket import ReconnectingWebsocket

    sockets = sandbox.address.replace("http", "ws", 1)
    monkeypatch.setattr(BaseClient, "API_URL", f"{sandbox.address}/api")
    monkeypatch.setattr(BaseClient, "FUTURES_URL", f"{sandbox.address}/fapi")
    monkeypatch.setattr(BaseClient, "MARGIN_API_URL", f"{sandbox.address}/sapi")
    monkeypatch.setattr(BaseClient, "WS_API_URL", f"{sockets}/ws-api/v3")
    monkeypatch.setattr(BaseClient, "WS_FUTURES_URL", f"{sockets}/ws-fapi/v1")
    monkeypatch.setattr(BinanceSocketManager, "STREAM_URL", f"{sockets}/")
    monkeypatch.setattr(BinanceSocketManager, "FSTREAM_URL", f"{sockets}/fut/")
    # It ends a connection only when it has waited so long for a message, seconds.
    monkeypatch.setattr(ReconnectingWebsocket, "TIMEOUT", 1)
    client = await AsyncClient.create(sandbox.key, sandbox.secret)
    yield client
    await client.close_connection()


async def test_python_binance_spot(sandbox, python_binance):
    client = python_binance
    assert (await client.get_symbol_info("BTCUSDT"))["status"] == "TRADING"
    order = await client.order_market_buy(symbol="BTCUSDT", quantity="0.01")
    assert order["status"] == "FILLED" and order["fills"]
    limit = await client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="30000")
    assert (await client.get_order(symbol="BTCUSDT", orderId=limit["orderId"]))["status"] == "NEW"
    assert (await client.cancel_order(symbol="BTCUSDT", orderId=limit["orderId"]))["status"] == "CANCELED"
    assert len(await client.get_my_trades(symbol="BTCUSDT")) == len(order["fills"])
    assert (await client.get_asset_balance("BTC"))["free"] == "1.00999000"
    assert (await client.get_account_api_permissions())["enableReading"]
    assert len(await client.get_klines(symbol="BTCUSDT", interval="1m", limit=10)) == 10


async def test_python_binance_sockets(sandbox, python_binance):
    from binance import BinanceSocketManager

    manager = BinanceSocketManager(python_binance)
    async with manager.depth_socket("BTCUSDT") as depth, manager.user_socket() as user:
        assert (await asyncio.wait_for(depth.recv(), 5))["e"] == "depthUpdate"
        await python_binance.order_market_buy(symbol="BTCUSDT", quantity="0.01")
        told = [(await asyncio.wait_for(user.recv(), 5)) for _ in range(3)]
        names = [message.get("event", message)["e"] for message in told]
        assert names[0] == "executionReport" and "outboundAccountPosition" in names


async def test_python_binance_order_lists(sandbox, python_binance):
    from binance import BinanceSocketManager

    client = python_binance
    last = float((await client.get_symbol_ticker(symbol="BTCUSDT"))["price"])
    async with BinanceSocketManager(client).user_socket() as user:
        placed = await client.create_oco_order(
            symbol="BTCUSDT",
            side="SELL",
            quantity="0.1",
            aboveType="LIMIT_MAKER",
            abovePrice=f"{last + 1_000:.2f}",
            belowType="STOP_LOSS_LIMIT",
            belowStopPrice=f"{last - 1_000:.2f}",
            belowPrice=f"{last - 1_100:.2f}",
            belowTimeInForce="GTC",
        )
        assert (placed["contingencyType"], placed["listOrderStatus"]) == ("OCO", "EXECUTING")
        assert (await client.get_asset_balance("BTC"))["locked"] == "0.10000000"
        assert len(await client.get_open_orders(symbol="BTCUSDT")) == 2
        assert [each["orderListId"] for each in await client.v3_get_open_order_list()] == [placed["orderListId"]]
        done = await client.v3_delete_order_list(symbol="BTCUSDT", orderListId=placed["orderListId"])
        assert done["listOrderStatus"] == "ALL_DONE" and len(done["orderReports"]) == 2
        told: list[dict[str, Any]] = []
        while not told or told[-1].get("L") != "ALL_DONE":
            message = await asyncio.wait_for(user.recv(), 5)
            told.append(message.get("event", message))
    assert [event["L"] for event in told if event["e"] == "listStatus"] == ["EXECUTING", "ALL_DONE"]
    reports = [(event["x"], event["g"]) for event in told if event["e"] == "executionReport"]
    assert reports == [(x, placed["orderListId"]) for x in ("NEW", "NEW", "CANCELED", "CANCELED")]
    assert (await client.get_asset_balance("BTC"))["locked"] == "0.00000000"


async def test_python_binance_depth_cache(sandbox, python_binance):
    from binance import DepthCacheManager

    async with DepthCacheManager(python_binance, "BTCUSDT", limit=100) as cache:
        for _ in range(3):
            book = await asyncio.wait_for(cache.recv(), 5)
        assert book.get_bids()[0][0] < book.get_asks()[0][0]


async def test_python_binance_futures(sandbox, python_binance):
    client = python_binance
    await client.futures_change_leverage(symbol="BTCUSDT", leverage=5)
    order = await client.futures_create_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1", newOrderRespType="RESULT"
    )
    assert order["status"] == "FILLED"
    position = (await client.futures_position_information(symbol="BTCUSDT"))[0]
    assert position["positionAmt"] == "0.10000"
    assert (await client.futures_account_balance())[0]["asset"] == "USDT"
    assert len(await client.futures_account_trades(symbol="BTCUSDT")) >= 1
    await client.futures_create_order(
        symbol="BTCUSDT", side="SELL", type="LIMIT", timeInForce="GTC", quantity="0.1", price="43000"
    )
    assert len(await client.futures_get_open_orders(symbol="BTCUSDT")) == 1
    assert (await client.futures_cancel_all_open_orders(symbol="BTCUSDT"))["code"] == 200


async def test_python_binance_hedge_mode(sandbox, python_binance):
    from binance.exceptions import BinanceAPIException

    client = python_binance
    await client.futures_change_position_mode(dualSidePosition="true")
    assert await client.futures_get_position_mode() == {"dualSidePosition": True}
    for side, position_side in (("BUY", "LONG"), ("SELL", "SHORT")):
        await client.futures_create_order(
            symbol="BTCUSDT", side=side, positionSide=position_side, type="MARKET", quantity="0.1"
        )
    positions = await client.futures_position_information(symbol="BTCUSDT")
    assert {p["positionSide"]: p["positionAmt"] for p in positions} == {"LONG": "0.10000", "SHORT": "-0.10000"}
    with pytest.raises(BinanceAPIException, match="reduceonly"):
        await client.futures_create_order(
            symbol="BTCUSDT", side="SELL", positionSide="LONG", type="MARKET", quantity="0.1", reduceOnly="true"
        )


# --- Binance's own clients --------------------------------------------------------------------------------------------


PATIENCE_MS = 20_000
"""A slow machine may answer later than within the second that these clients wait by themselves."""


def _spot(sandbox: Sandbox) -> Any:
    from binance_common.configuration import (
        ConfigurationRestAPI,
        ConfigurationWebSocketAPI,
        ConfigurationWebSocketStreams,
    )
    from binance_sdk_spot.spot import Spot

    sockets = sandbox.address.replace("http", "ws", 1)
    return Spot(
        config_rest_api=ConfigurationRestAPI(
            api_key=sandbox.key, api_secret=sandbox.secret, base_path=sandbox.address, retries=0, timeout=PATIENCE_MS
        ),
        config_ws_api=ConfigurationWebSocketAPI(
            api_key=sandbox.key, api_secret=sandbox.secret, stream_url=f"{sockets}/ws-api/v3"
        ),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=sockets),
    )


def _futures(sandbox: Sandbox) -> Any:
    from binance_common.configuration import (
        ConfigurationRestAPI,
        ConfigurationWebSocketAPI,
        ConfigurationWebSocketStreams,
    )
    from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
        DerivativesTradingUsdsFutures,
    )

    sockets = sandbox.address.replace("http", "ws", 1)
    return DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=sandbox.key, api_secret=sandbox.secret, base_path=sandbox.address, retries=0, timeout=PATIENCE_MS
        ),
        config_ws_api=ConfigurationWebSocketAPI(
            api_key=sandbox.key, api_secret=sandbox.secret, stream_url=f"{sockets}/ws-fapi/v1"
        ),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=f"{sockets}/fut"),
    )


TOLD_BY_BINANCE_TOO = {
    ".avgPrice",
    ".cumQuote",
    ".futuresType",
    ".lastUpdateId",
    ".positions.isolatedMargin",
    ".positions.isolatedWallet",
    ".positions.notional",
    ".slPrice",
    ".slTriggerPrice",
    ".symbols.maxMoveOrderLimit",
    ".symbols.permissionSets",
    ".tpOrderType",
    ".tpPrice",
    ".tpTriggerPrice",
}
"""Fields of USD-M that the exchange sends and the client's models leave out."""


def _unknown(model: Any, path: str = "") -> list[str]:
    """Fields that the official models do not know, wherever they stand."""
    found: list[str] = []
    if isinstance(model, list):
        for item in model:
            found += _unknown(item, path)
    elif hasattr(model, "additional_properties") or hasattr(model, "actual_instance"):
        instance = getattr(model, "actual_instance", None)
        if instance is not None:
            return _unknown(instance, path)
        found += [f"{path}.{name}" for name in getattr(model, "additional_properties", {})]
        for name in type(model).model_fields:
            if name != "additional_properties":
                found += _unknown(getattr(model, name), f"{path}.{name}")
    return found


async def _asked(call: Any, **terms: Any) -> Any:
    """A request of the synchronous client, in a thread: its server is in this one."""
    response = await asyncio.to_thread(call, **terms)
    return response.data()


async def test_official_spot_rest(sandbox):
    from binance_sdk_spot.rest_api.models import NewOrderSideEnum, NewOrderTimeInForceEnum, NewOrderTypeEnum

    rest = _spot(sandbox).rest_api
    told = [
        await _asked(rest.exchange_info),
        await _asked(rest.time),
        await _asked(rest.depth, symbol="BTCUSDT", limit=5),
        await _asked(rest.get_trades, symbol="BTCUSDT", limit=5),
        await _asked(rest.agg_trades, symbol="BTCUSDT", limit=5),
        await _asked(rest.avg_price, symbol="BTCUSDT"),
        await _asked(rest.ticker24hr, symbol="BTCUSDT"),
        await _asked(rest.ticker_price, symbol="BTCUSDT"),
        await _asked(rest.ticker_book_ticker, symbol="BTCUSDT"),
        await _asked(
            rest.new_order,
            symbol="BTCUSDT",
            side=NewOrderSideEnum.BUY,
            type=NewOrderTypeEnum.MARKET,
            quantity=0.01,
        ),
        await _asked(
            rest.new_order,
            symbol="BTCUSDT",
            side=NewOrderSideEnum.BUY,
            type=NewOrderTypeEnum.LIMIT,
            time_in_force=NewOrderTimeInForceEnum.GTC,
            quantity=0.01,
            price=30000,
        ),
        await _asked(rest.get_open_orders, symbol="BTCUSDT"),
        await _asked(rest.all_orders, symbol="BTCUSDT"),
        await _asked(rest.my_trades, symbol="BTCUSDT"),
        await _asked(rest.get_account),
        await _asked(rest.account_commission, symbol="BTCUSDT"),
        await _asked(rest.delete_open_orders, symbol="BTCUSDT"),
    ]
    assert _unknown(told) == []
    klines = await asyncio.to_thread(rest.klines, symbol="BTCUSDT", interval="1m", limit=2)
    assert len(klines.data()) == 2
    assert next(limit.count for limit in klines.rate_limits if limit.rateLimitType == "REQUEST_WEIGHT") > 0


async def test_official_spot_order_lists(sandbox):
    from binance_sdk_spot.rest_api import models

    rest = _spot(sandbox).rest_api
    last = float((await _asked(rest.ticker_price, symbol="BTCUSDT")).actual_instance.price)
    pair = {"above_type": models.OrderListOcoAboveTypeEnum.LIMIT_MAKER, "above_price": round(last + 1_000, 2)}
    oco = await _asked(
        rest.order_list_oco,
        symbol="BTCUSDT",
        side=models.OrderListOcoSideEnum.SELL,
        quantity=0.1,
        **pair,
        below_type=models.OrderListOcoBelowTypeEnum.STOP_LOSS,
        below_stop_price=round(last - 1_000, 2),
    )
    older = await _asked(
        rest.order_oco,
        symbol="BTCUSDT",
        side=models.OrderOcoSideEnum.SELL,
        quantity=0.1,
        price=round(last + 1_000, 2),
        stop_price=round(last - 1_000, 2),
    )
    working = {
        "working_side": "BUY",
        "working_price": round(last - 500, 2),
        "working_quantity": 0.01,
        "pending_side": "SELL",
        "pending_quantity": 0.01,
    }
    oto = await _asked(
        rest.order_list_oto,
        symbol="BTCUSDT",
        working_type="LIMIT_MAKER",
        **working,
        pending_type="LIMIT_MAKER",
        pending_price=round(last + 500, 2),
    )
    otoco = await _asked(
        rest.order_list_otoco,
        symbol="BTCUSDT",
        working_type="LIMIT",
        working_time_in_force="GTC",
        **working,
        pending_above_type="LIMIT_MAKER",
        pending_above_price=round(last + 500, 2),
        pending_below_type="STOP_LOSS",
        pending_below_stop_price=round(last - 900, 2),
    )
    assert [report.status for report in otoco.order_reports] == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    told = [
        oco,
        older,
        oto,
        otoco,
        await _asked(rest.get_order_list, order_list_id=oco.order_list_id),
        await _asked(rest.open_order_list),
        await _asked(rest.all_order_list),
        await _asked(rest.get_open_orders, symbol="BTCUSDT"),
        await _asked(rest.exchange_info),
    ]
    assert _unknown(told) == []
    undone = await _asked(rest.delete_order_list, symbol="BTCUSDT", order_list_id=oto.order_list_id)
    assert set(_unknown(undone)) == {".order_reports.selfTradePreventionMode"}
    await _asked(rest.delete_open_orders, symbol="BTCUSDT")
    assert not sandbox.account.spot.open


async def test_official_spot_streams_and_websocket_api(sandbox):
    client = _spot(sandbox)
    messages: asyncio.Queue[Any] = asyncio.Queue()
    streams = await client.websocket_streams.create_connection()
    try:
        handles = [
            await streams.trade(symbol="btcusdt"),
            await streams.diff_book_depth(symbol="btcusdt"),
            await streams.book_ticker(symbol="btcusdt"),
            await streams.mini_ticker(symbol="btcusdt"),
        ]
        for handle in handles:
            handle.on("message", messages.put_nowait)
        seen = [await asyncio.wait_for(messages.get(), 10) for _ in range(60)]
        assert _unknown(seen) == []
        assert len({type(message).__name__ for message in seen}) >= 3
    finally:
        await streams.close_connection(close_session=True)
    api = await client.websocket_api.create_connection()
    try:
        book = await api.depth(symbol="BTCUSDT", limit=5)
        assert len(book.data().result.bids) == 5
        subscribed = await api.user_data_stream_subscribe_signature()
        assert subscribed.response.data().result.subscription_id == 0
        listed = await api.order_list_place_oto(
            symbol="BTCUSDT",
            working_type="LIMIT_MAKER",
            working_side="BUY",
            working_price=30_000,
            working_quantity=0.01,
            pending_type="MARKET",
            pending_side="SELL",
            pending_quantity=0.01,
        )
        placed = listed.data().result
        assert (placed.contingency_type, placed.order_reports[1].status) == ("OTO", "PENDING_NEW")
        undone = await api.order_list_cancel(symbol="BTCUSDT", order_list_id=placed.order_list_id)
        assert undone.data().result.list_order_status == "ALL_DONE"
        account = await api.account_status()
        assert account.data().result.account_type == "SPOT"
    finally:
        await api.close_connection(close_session=True)


async def test_official_futures_rest(sandbox):
    from binance_sdk_derivatives_trading_usds_futures.rest_api.models import (
        ChangeMarginTypeMarginTypeEnum,
        NewAlgoOrderSideEnum,
        NewOrderNewOrderRespTypeEnum,
        NewOrderSideEnum,
    )

    rest = _futures(sandbox).rest_api
    told = [
        await _asked(rest.exchange_information),
        await _asked(rest.order_book, symbol="BTCUSDT", limit=5),
        await _asked(rest.recent_trades_list, symbol="BTCUSDT"),
        await _asked(rest.compressed_aggregate_trades_list, symbol="BTCUSDT"),
        await _asked(rest.mark_price, symbol="BTCUSDT"),
        await _asked(rest.symbol_order_book_ticker, symbol="BTCUSDT"),
        await _asked(rest.open_interest, symbol="BTCUSDT"),
        await _asked(rest.change_initial_leverage, symbol="BTCUSDT", leverage=10),
        await _asked(rest.change_margin_type, symbol="BTCUSDT", margin_type=ChangeMarginTypeMarginTypeEnum.ISOLATED),
        await _asked(
            rest.new_order,
            symbol="BTCUSDT",
            side=NewOrderSideEnum.BUY,
            type="MARKET",
            quantity=0.1,
            new_order_resp_type=NewOrderNewOrderRespTypeEnum.RESULT,
        ),
        await _asked(
            rest.new_algo_order,
            algo_type="CONDITIONAL",
            symbol="BTCUSDT",
            side=NewAlgoOrderSideEnum.SELL,
            type="STOP_MARKET",
            quantity=0.1,
            trigger_price=30000,
        ),
        await _asked(rest.current_all_algo_open_orders),
        await _asked(rest.cancel_all_algo_open_orders, symbol="BTCUSDT"),
        await _asked(rest.query_all_algo_orders, symbol="BTCUSDT"),
        await _asked(rest.position_information_v2, symbol="BTCUSDT"),
        await _asked(rest.position_information_v3, symbol="BTCUSDT"),
        await _asked(rest.account_information_v2),
        await _asked(rest.account_information_v3),
        await _asked(rest.futures_account_balance_v3),
        await _asked(rest.futures_account_configuration),
        await _asked(rest.symbol_configuration),
        await _asked(rest.account_trade_list, symbol="BTCUSDT"),
        await _asked(rest.all_orders, symbol="BTCUSDT"),
        await _asked(rest.get_income_history),
        await _asked(rest.notional_and_leverage_brackets),
        await _asked(rest.user_commission_rate, symbol="BTCUSDT"),
        await _asked(rest.get_current_position_mode),
        await _asked(rest.get_current_multi_assets_mode),
        await _asked(rest.auto_cancel_all_open_orders, symbol="BTCUSDT", countdown_time=10_000),
        await _asked(rest.start_user_data_stream),
        await _asked(rest.position_adl_quantile_estimation),
    ]
    assert set(_unknown(told)) <= TOLD_BY_BINANCE_TOO


async def test_official_futures_streams(sandbox):
    client = _futures(sandbox)
    messages: asyncio.Queue[Any] = asyncio.Queue()
    listen_key = (await _asked(client.rest_api.start_user_data_stream)).listen_key
    streams = await client.websocket_streams.create_connection()
    try:
        for handle in (
            await streams.aggregate_trade_streams(symbol="btcusdt"),
            await streams.diff_book_depth_streams(symbol="btcusdt"),
            await streams.mark_price_stream(symbol="btcusdt", update_speed="1s"),
            await streams.user_data(listen_key),
        ):
            handle.on("message", messages.put_nowait)
        desk = sandbox.account.futures
        from workstation.core.types import Side
        from workstation.sandbox.orders import NewOrder

        with sandbox.exchange.turn():
            desk.place(NewOrder(symbol="BTCUSDT", side=Side.BUY, type="MARKET", client_order_id="x", lots=1_000))
        seen: list[Any] = []
        while not any("mark" in type(m).__name__.lower() for m in seen) or len(seen) < 30:
            seen.append(await asyncio.wait_for(messages.get(), 10))
        assert sandbox.exchange.listings[Market.FUTURES]["BTCUSDT"].mark > 0
        assert [name for name in _unknown(seen) if name] == []
    finally:
        await streams.close_connection(close_session=True)
