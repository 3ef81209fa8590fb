"""Our venue on the sandbox exchange over loopback: every order type, every silence, and books that agree exactly."""

from __future__ import annotations

import asyncio
import random
import time
from decimal import Decimal
from typing import Any

import pytest

from tests.end_to_end.exchange_desk import ExchangeDesk, exchange_desk
from tests.end_to_end.sandbox_server import Sandbox, running_sandbox
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    FundingPaid,
    FundingRate,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderStatus,
    OrderUnknown,
    PositionLiquidated,
)
from workstation.core.orders import AmendRequest, CancelRequest, QueryRequest
from workstation.core.types import OrderState, OrderType, Side, TimeInForce


def soon_ns() -> int:
    """An expiry that a change sent now meets."""
    return time.time_ns() + 4_000_000_000


def executions(sandbox: Sandbox, market: str) -> set[tuple[str, str, int, int, int, str, bool]]:
    """The exchange's own record: fill id, client id, ticks, lots, fee, its asset, whether it was the maker."""
    desk = sandbox.account.spot if market == "spot" else sandbox.account.futures
    return {
        (
            f"{done.symbol}:{done.trade_id}",
            desk.orders[done.order_id].client_order_id,
            done.price,
            done.lots,
            done.fee,
            done.fee_asset,
            done.maker,
        )
        for done in desk.executions
    }


def _orders(sandbox: Sandbox, market: str) -> list[Any]:
    desk = sandbox.account.spot if market == "spot" else sandbox.account.futures
    return list(desk.orders.values())


def told(fills: list[OrderFilled]) -> set[tuple[str, str, int, int, int, str, bool]]:
    return {(f.fill_id, f.client_id, f.price, f.lots, f.fee, f.fee_asset, f.liquidity.value == "maker") for f in fills}


def dated() -> dict[str, Any]:
    """An hour from now, to the second."""
    return {"time_in_force": TimeInForce.GTD, "good_till_ns": (int(time.time()) + 3_600) * 1_000_000_000}


async def test_every_spot_order_type_is_taken_and_ends_as_it_should() -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox) as desk:
        last = await desk.last_price()
        low, high = last * Decimal("0.9"), last * Decimal("1.1")
        market = desk.place(Side.BUY, "0.002")
        filled = await desk.report(market, OrderFilled)
        assert filled.fill_id.startswith("BTCUSDT:") and filled.fee_asset == "BTC"
        resting = {
            "limit": desk.place(Side.BUY, "0.001", OrderType.LIMIT, price=low),
            "post-only": desk.place(Side.BUY, "0.001", OrderType.LIMIT, price=low, post_only=True),
            "stop": desk.place(Side.SELL, "0.001", OrderType.STOP, stop_price=low),
            "stop limit": desk.place(Side.SELL, "0.001", OrderType.STOP_LIMIT, stop_price=low, price=low),
            "take profit": desk.place(Side.SELL, "0.001", OrderType.TAKE_PROFIT, stop_price=high),
            "take limit": desk.place(Side.SELL, "0.001", OrderType.TAKE_PROFIT_LIMIT, stop_price=high, price=high),
            "iceberg": desk.place(Side.BUY, "0.010", OrderType.LIMIT, price=low, visible_lots=200, **dated()),
        }
        for client_id in resting.values():
            await desk.report(client_id, OrderAccepted)
        snapshot = await desk.snapshot()
        assert snapshot.orders is not None
        assert {order.client_id: order.type for order in snapshot.orders} == {
            resting["limit"]: OrderType.LIMIT,
            resting["post-only"]: OrderType.LIMIT,
            resting["stop"]: OrderType.STOP,
            resting["stop limit"]: OrderType.STOP_LIMIT,
            resting["take profit"]: OrderType.TAKE_PROFIT,
            resting["take limit"]: OrderType.TAKE_PROFIT_LIMIT,
            resting["iceberg"]: OrderType.LIMIT,
        }
        (iceberg,) = [o for o in _orders(sandbox, "spot") if o.client_order_id == resting["iceberg"]]
        assert (iceberg.iceberg, iceberg.time_in_force) == (200, "GTC"), "spot has no dates: the engine keeps it"
        for client_id in resting.values():
            desk.venue.send(CancelRequest(client_id))
        for client_id in resting.values():
            await desk.report(client_id, OrderCancelled)
        killed = desk.place(Side.BUY, "0.001", OrderType.LIMIT, price=low, time_in_force=TimeInForce.IOC)
        await desk.report(killed, OrderExpired)
        refused = desk.place(Side.BUY, "0.001", OrderType.LIMIT, price=high, post_only=True)
        assert "immediately match" in (await desk.report(refused, OrderRejected)).reason
        poor = desk.place(Side.BUY, "9")
        assert (await desk.report(poor, OrderRejected)).code in ("-2010", "-1013")
        assert (await desk.snapshot()).orders == ()


async def test_every_perpetual_order_type_is_taken_and_ends_as_it_should() -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox, "linear") as desk:
        last = await desk.last_price()
        low, high = last * Decimal("0.9"), last * Decimal("1.1")
        market = desk.place(Side.BUY, "0.010")
        assert (await desk.report(market, OrderFilled)).fee_asset == "USDT"
        reducing: dict[str, Any] = {"reduce_only": True}
        resting = {
            "limit": desk.place(Side.BUY, "0.010", OrderType.LIMIT, price=low),
            "post-only": desk.place(Side.SELL, "0.010", OrderType.LIMIT, price=high, post_only=True, **reducing),
            "stop": desk.place(Side.SELL, "0.010", OrderType.STOP, stop_price=low, **reducing),
            "stop limit": desk.place(Side.SELL, "0.010", OrderType.STOP_LIMIT, stop_price=low, price=low, **reducing),
            "take profit": desk.place(Side.SELL, "0.010", OrderType.TAKE_PROFIT, stop_price=high, **reducing),
            "take limit": desk.place(Side.SELL, "0.010", OrderType.TAKE_PROFIT_LIMIT, stop_price=high, price=high),
            "dated": desk.place(Side.BUY, "0.010", OrderType.LIMIT, price=low, **(terms := dated())),
        }
        for client_id in resting.values():
            await desk.report(client_id, OrderAccepted)
        snapshot = await desk.snapshot()
        assert snapshot.orders is not None and snapshot.positions is not None
        assert {order.client_id: (order.type, order.reduce_only) for order in snapshot.orders} == {
            resting["limit"]: (OrderType.LIMIT, False),
            resting["post-only"]: (OrderType.LIMIT, True),
            resting["stop"]: (OrderType.STOP, True),
            resting["stop limit"]: (OrderType.STOP_LIMIT, True),
            resting["take profit"]: (OrderType.TAKE_PROFIT, True),
            resting["take limit"]: (OrderType.TAKE_PROFIT_LIMIT, False),
            resting["dated"]: (OrderType.LIMIT, False),
        }
        (kept,) = [order for order in _orders(sandbox, "linear") if order.client_order_id == resting["dated"]]
        assert (kept.time_in_force, kept.good_till_ns) == ("GTD", terms["good_till_ns"])
        (held,) = snapshot.positions
        assert (held.symbol, desk.instruments["BTCUSDT"].quantity(held.lots)) == ("BTCUSDT", Decimal("0.010"))
        moved = desk.instruments["BTCUSDT"].ticks_rounded(low) - 10
        lots = desk.instruments["BTCUSDT"].lots("0.020")
        desk.venue.send(AmendRequest(resting["limit"], moved, 0, lots, 1, soon_ns()))
        amended = await desk.report(resting["limit"], OrderAmended)
        assert (amended.price, amended.lots) == (moved, lots)
        desk.venue.send(AmendRequest(resting["stop"], 0, moved, lots, 1, soon_ns()))
        assert "changes no stop order" in (await desk.report(resting["stop"], AmendRejected)).reason
        for client_id in list(resting.values())[:3]:
            desk.venue.send(CancelRequest(client_id))
            await desk.report(client_id, OrderCancelled)
        assert await desk.venue.cancel_all(["BTCUSDT"]) == ()
        assert (await desk.snapshot()).orders == ()


async def test_lesson_6_a_stop_that_triggers_is_told_under_its_own_id_with_its_fills() -> None:
    async with running_sandbox(paced=False) as sandbox, exchange_desk(sandbox, "linear") as desk:
        sandbox.step(1)
        opened = desk.place(Side.BUY, "0.010")
        await desk.report(opened, OrderFilled)
        last = await desk.last_price()
        stop = desk.place(Side.SELL, "0.010", OrderType.STOP, stop_price=last * Decimal("0.9999"), reduce_only=True)
        await desk.report(stop, OrderAccepted)
        while len(sandbox.account.futures.executions) < 2:
            sandbox.step(5)
            await asyncio.sleep(0)
        await desk.until(lambda: desk.about(stop, OrderFilled))
        assert told(desk.fills()) >= {done for done in executions(sandbox, "linear") if done[1] in (opened, stop)}
        assert {fill.fill_id for fill in desk.fills()} == {done[0] for done in executions(sandbox, "linear")}
        desk.venue.send(QueryRequest(stop, time.time_ns()))
        status = await desk.report(stop, OrderStatus)
        assert status.state is OrderState.FILLED and len(status.fills) >= 1
        assert (await desk.snapshot()).positions == ()


@pytest.mark.parametrize("how", ["liquidation", "adl"])
async def test_lesson_8_what_the_exchange_closes_is_told_at_once_and_in_a_snapshot(how: str) -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox, "linear") as desk:
        opened = desk.place(Side.BUY, "0.010")
        known = await desk.report(opened, OrderFilled)
        with sandbox.exchange.turn():
            assert sandbox.account.futures.close_position("BTCUSDT", how)
        await desk.until(lambda: any(isinstance(report, PositionLiquidated) for report in desk.reports))
        at_once = {r.fill_id: r for r in desk.reports if isinstance(r, PositionLiquidated)}
        snapshot = await desk.snapshot(known_fills=(("BTCUSDT", known.fill_id, known.ts_ns),))
        later = {r.fill_id: r for r in snapshot.liquidations}
        assert at_once.keys() == later.keys()
        assert {r.side for r in later.values()} == {Side.SELL}
        assert sum(r.lots for r in later.values()) == desk.instruments["BTCUSDT"].lots("0.010")
        assert snapshot.positions == () and snapshot.fills is not None
        assert {fill.client_id for fill in snapshot.fills} <= {opened}


async def test_lesson_11_funding_is_told_by_the_same_id_at_once_and_in_a_snapshot() -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox, "linear") as desk:
        opened = desk.place(Side.BUY, "0.010")
        await desk.report(opened, OrderFilled)
        with sandbox.exchange.turn():
            due = FundingRate("BTCUSDT", sandbox.exchange.clock.time_ns, 10_000, 0)
            sandbox.exchange._on_funding(due)
        await desk.until(lambda: any(isinstance(report, FundingPaid) for report in desk.reports))
        (at_once,) = [report for report in desk.reports if isinstance(report, FundingPaid)]
        (later,) = (await desk.snapshot()).funding
        assert at_once == later
        assert later.amount < 0 and later.asset == "USDT"


async def test_lesson_4_a_reply_that_is_lost_after_executing_is_found_by_asking_and_nothing_is_sent_twice() -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox) as desk:
        sandbox.chaos.set("drop_reply", endpoint="POST /api/v3/order", count=1)
        client_id = desk.place(Side.BUY, "0.001")
        await desk.report(client_id, OrderUnknown)
        desk.venue.send(QueryRequest(client_id, time.time_ns()))
        status = await desk.report(client_id, OrderStatus)
        assert (status.found, status.state) == (True, OrderState.FILLED)
        assert told(list(status.fills)) == executions(sandbox, "spot")
        assert len(sandbox.account.spot.orders) == 1


async def test_lesson_4_a_request_that_is_lost_is_not_found() -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox) as desk:
        sandbox.chaos.set("drop_request", endpoint="POST /api/v3/order", count=1)
        client_id = desk.place(Side.BUY, "0.001")
        await desk.report(client_id, OrderUnknown)
        asked_ns = time.time_ns()
        desk.venue.send(QueryRequest(client_id, asked_ns))
        status = await desk.report(client_id, OrderStatus)
        assert (status.found, status.asked_ns) == (False, asked_ns)
        assert not sandbox.account.spot.orders


async def test_lesson_3_fills_of_an_outage_of_the_stream_are_in_the_snapshot_after_it() -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox) as desk:
        first = desk.place(Side.BUY, "0.001")
        known = await desk.report(first, OrderFilled)
        sandbox.chaos.set("drop_message", connection="api", duration_s=60)
        sandbox.chaos.set("drop_reply", endpoint="POST /api/v3/order", count=1)
        desk.place(Side.BUY, "0.003")
        await desk.until(lambda: len(sandbox.account.spot.executions) > 1 and desk.about("w1-2", OrderUnknown))
        snapshot = await desk.snapshot(known_fills=(("BTCUSDT", known.fill_id, known.ts_ns),))
        assert snapshot.fills
        assert told([*desk.about(first, OrderFilled), *snapshot.fills]) == executions(sandbox, "spot")


async def test_lesson_15_an_hours_difference_of_the_clocks_is_corrected() -> None:
    async with running_sandbox() as sandbox:
        sandbox.chaos.set("clock_skew", value=3_600_000)
        async with exchange_desk(sandbox) as desk:
            client_id = desk.place(Side.BUY, "0.001")
            await desk.report(client_id, OrderFilled)
            sandbox.chaos.clear()
            second = desk.place(Side.BUY, "0.001")
            await desk.report(second, OrderFilled)


async def test_lesson_16_a_refusal_for_too_many_requests_is_waited_out() -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox) as desk:
        sandbox.chaos.set("rate_limit", endpoint="POST /api/v3/order", count=1, value=1)
        first = desk.place(Side.BUY, "0.001")
        await desk.report(first, OrderRejected)
        assert desk.venue.limits.blocked_until_ns
        second = desk.place(Side.BUY, "0.001")
        await desk.report(second, OrderFilled)
        uses = {(use.name, use.window_s): use for use in desk.venue.limits.uses}
        assert uses["request weight", 60].used > 0 and uses["request weight", 60].limit > 0


async def trade_at_random(desk: ExchangeDesk, seed: int, orders: int) -> None:
    """Orders of every kind on both sides, some cancelled again; waits for each to be answered."""
    draw = random.Random(seed)
    last = await desk.last_price()
    for _ in range(orders):
        side = draw.choice([Side.BUY, Side.SELL])
        near = last * Decimal(draw.randint(9_980, 10_020)) / 10_000
        kind = draw.choice(["market", "limit", "ioc"])
        quantity = f"0.00{draw.randint(1, 9)}"
        terms: dict[str, Any] = {}
        if kind != "market":
            terms = {"type": OrderType.LIMIT, "price": near}
            terms["time_in_force"] = TimeInForce.IOC if kind == "ioc" else TimeInForce.GTC
        client_id = desk.place(side, quantity, **terms)
        if kind == "limit" and draw.random() < 0.5:
            desk.venue.send(CancelRequest(client_id))
        await desk.until(lambda client_id=client_id: _answered(desk, client_id))


def _answered(desk: ExchangeDesk, client_id: str) -> bool:
    kinds = (OrderAccepted, OrderRejected, OrderUnknown, OrderExpired, OrderFilled)
    return any(desk.about(client_id, kind) for kind in kinds)


@pytest.mark.parametrize("market", ["spot", "linear"])
async def test_after_many_random_orders_the_books_agree_with_the_exchanges_to_the_last_digit(
    market: str,
) -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox, market) as desk:
        # The exchange takes 100 orders in 10 s.
        await trade_at_random(desk, seed=7, orders=95)
        await desk.venue.cancel_all(["BTCUSDT"])
        await desk.until(lambda: len(desk.fills()) >= len(executions(sandbox, market)))
        assert told(desk.fills()) == executions(sandbox, market)
        assert len(desk.fills()) == len(told(desk.fills())) > 40
        snapshot = await desk.snapshot()
        assert told(list(snapshot.fills or ())) == executions(sandbox, market)
        assert snapshot.orders == ()
        spot, futures = sandbox.account.spot, sandbox.account.futures
        if market == "spot":
            assert snapshot.balances == {a: spot.total(a) for a in ("BTC", "ETH", "USDT") if spot.total(a)}
        else:
            assert snapshot.balances == {"USDT": futures.wallet("USDT")}


@pytest.mark.parametrize("market", ["spot", "linear"])
@pytest.mark.parametrize(
    "switches",
    [
        [{"kind": "drop_reply", "probability": 0.2, "endpoint": "POST"}],
        [{"kind": "timeout", "probability": 0.2, "endpoint": "POST"}],
        [{"kind": "server_error", "probability": 0.2}],
        [{"kind": "duplicate", "probability": 0.5, "connection": "user"}],
        [{"kind": "reorder", "probability": 0.3, "connection": "user"}],
        [{"kind": "drop_message", "probability": 0.3, "connection": "user"}],
        [{"kind": "disconnect", "probability": 0.05, "connection": "user"}],
        [
            {"kind": "drop_reply", "probability": 0.1},
            {"kind": "timeout", "probability": 0.1, "endpoint": "POST"},
            {"kind": "reorder", "probability": 0.2, "connection": "user"},
            {"kind": "disconnect", "probability": 0.03, "connection": "user"},
            {"kind": "partial_fill", "probability": 0.5},
        ],
    ],
    ids=["drop_reply", "timeout", "server_error", "duplicate", "reorder", "drop_message", "disconnect", "together"],
)
async def test_whatever_goes_wrong_no_order_is_sent_twice_and_no_fill_is_lost(
    market: str, switches: list[dict[str, Any]]
) -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox, market) as desk:
        for switch in switches:
            # Spot tells of the account on a connection of its websocket interface.
            wanted = {"connection": "api"} if switch.get("connection") and market == "spot" else {}
            sandbox.chaos.set(**{**switch, **wanted})
        await trade_at_random(desk, seed=11, orders=60)
        sandbox.chaos.clear()
        assert await desk.venue.cancel_all(["BTCUSDT"]) == ()
        ids = [order.client_order_id for order in _orders(sandbox, market)]
        assert len(ids) == len(set(ids))
        snapshot = await desk.snapshot()
        assert snapshot.fills is not None
        assert told([*desk.fills(), *snapshot.fills]) == executions(sandbox, market)
        assert told(desk.fills()) <= executions(sandbox, market)


async def test_lesson_15_a_clock_that_steps_is_measured_after_the_first_refusal() -> None:
    async with running_sandbox() as sandbox, exchange_desk(sandbox, "spot") as desk:
        price = await desk.last_price() * Decimal("0.9")
        order = desk.place(Side.BUY, "0.010", OrderType.LIMIT, price=price)
        await desk.report(order, OrderAccepted)
        sandbox.chaos.set("clock_skew", value=-5_000)
        desk.venue.send(CancelRequest(order))
        await desk.report(order, CancelRejected)
        # The first is over a turn of the loop after its report.
        await asyncio.sleep(0.05)
        desk.venue.send(CancelRequest(order))
        await desk.report(order, OrderCancelled)
