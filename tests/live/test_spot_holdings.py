"""Spot at an exchange that takes its fee from what was bought, and binds what a resting order sells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.checks import check_everything
from tests.live.world import LiveWorld, live_world
from workstation.core.messages import Flatten
from workstation.core.money import to_money
from workstation.core.orders import Intent, Order
from workstation.core.types import MANUAL, OrderRole, OrderState, OrderType, Side

pytestmark = pytest.mark.allow_log_warnings("Feed down")
SYMBOL = "BTCUSDT"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LiveWorld]:
    async with live_world(tmp_path, "spot", settings={"strategies": {}}) as world:
        await world.start()
        await world.until_trading()
        yield world


async def bought(world: LiveWorld, lots: int, **terms: Any) -> Order:
    order = world.place(Intent(symbol=SYMBOL, side=Side.BUY, lots=lots, **terms))
    await world.until(lambda: order.state is OrderState.FILLED, what="bought")
    return order


def working(world: LiveWorld, role: OrderRole) -> list[Order]:
    orders = world.kernel.orders.open_orders(SYMBOL, MANUAL)
    return [order for order in orders if order.role is role and order.state is OrderState.ACCEPTED]


async def test_lesson_5_and_12_a_fee_in_the_asset_leaves_a_holding_that_can_be_protected_and_sold(world: LiveWorld):
    price = world.kernel.markets[SYMBOL].last_price
    order = await bought(world, 1_000, stop_loss=price * 99 // 100)
    fee = sum(execution.fee for execution in world.desk.executions)
    assert world.desk.executions[0].fee_asset == "BTC" and fee > 0
    await world.until(lambda: working(world, OrderRole.PROTECTIVE_STOP), what="its stop rests")
    held = world.kernel.ledger.position(MANUAL, SYMBOL)
    unit = to_money(held.instrument.quantity(1))
    assert held.lots == 1_000 - -(-fee // unit) and held.dust == -fee % unit
    assert working(world, OrderRole.PROTECTIVE_STOP)[0].lots == held.lots
    world.command(Flatten(symbol=SYMBOL))
    await world.until(lambda: held.lots == 0, what="sold")
    assert order.filled_lots == 1_000
    await world.until(lambda: not world.ours_open())
    await world.reconciled()
    await world.stop()
    check_everything(world)


async def test_an_exit_is_sent_once_the_stop_that_binds_its_holding_has_ended(world: LiveWorld):
    price = world.kernel.markets[SYMBOL].last_price
    await bought(world, 1_000, stop_loss=price * 99 // 100)
    await world.until(lambda: working(world, OrderRole.PROTECTIVE_STOP), what="its stop rests")
    held = world.kernel.ledger.position(MANUAL, SYMBOL)
    stop = working(world, OrderRole.PROTECTIVE_STOP)[0]
    half = held.lots // 2
    exit_ = world.place(
        Intent(symbol=SYMBOL, side=Side.SELL, lots=half, reduce_only=True, role=OrderRole.EXIT, type=OrderType.MARKET)
    )
    before = held.lots
    await world.until(lambda: exit_.state is OrderState.FILLED, what="the exit filled")
    assert stop.state is OrderState.CANCELLED and held.lots == before - half
    await world.settle()
    await world.stop()
    check_everything(world)
