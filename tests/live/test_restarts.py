"""A restart in the middle of everything: what happened while nothing ran is known, and what was held is held again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.checks import check_everything
from tests.live.world import LiveWorld, live_world
from workstation.core.messages import AmendOrder, CancelAll, CancelOrder
from workstation.core.orders import Intent, Order
from workstation.core.types import EXTERNAL, MANUAL, OrderRole, OrderState, OrderType, Side
from workstation.sandbox.listing import Market

pytestmark = pytest.mark.allow_log_warnings
SYMBOL = "BTCUSDT"
QUIET: dict[str, Any] = {"strategies": {}}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LiveWorld]:
    async with live_world(tmp_path, "linear", settings=QUIET) as world:
        await world.start()
        await world.until_trading()
        yield world


@pytest.fixture
async def spot(tmp_path: Path) -> AsyncIterator[LiveWorld]:
    async with live_world(tmp_path, "spot", settings=QUIET) as world:
        await world.start()
        await world.until_trading()
        yield world


def price_of(world: LiveWorld) -> int:
    return world.kernel.markets[SYMBOL].last_price


def entry(world: LiveWorld, below_percent: int = 1, **terms: Any) -> Intent:
    """A bid that rests, with a bracket."""
    price = price_of(world) * (100 - below_percent) // 100
    bracket = {"stop_loss": price * 98 // 100, "take_profit": price * 105 // 100}
    return Intent(symbol=SYMBOL, side=Side.BUY, lots=1_000, type=OrderType.LIMIT, price=price, **bracket | terms)


def exits(world: LiveWorld, state: OrderState) -> dict[OrderRole, Order]:
    orders = world.kernel.orders.open_orders(SYMBOL, MANUAL)
    return {order.role: order for order in orders if order.reduce_only and order.state is state}


async def again(world: LiveWorld) -> None:
    await world.start()
    await world.until_trading()
    await world.reconciled()


async def ended_well(world: LiveWorld) -> None:
    await world.settle()
    await world.stop()
    check_everything(world)


async def test_fills_and_ends_while_down_are_known_after_the_restart(world: LiveWorld):
    filled, ended = world.place(entry(world)), world.place(entry(world, 2))
    await world.until(lambda: filled.state is ended.state is OrderState.ACCEPTED)
    await world.until(lambda: len(exits(world, OrderState.HELD)) == 2)
    await world.kill()
    records = {record.client_order_id: record for record in world.desk.orders.values()}
    with world.sandbox.exchange.turn():
        world.desk.cancel(records[ended.client_id])
        world.desk.amend(records[filled.client_id], price_of_the_ask(world), 1_000)
    assert records[filled.client_id].filled == 1_000
    await again(world)
    orders = world.kernel.orders.orders
    assert orders[filled.client_id].state is OrderState.FILLED
    assert orders[ended.client_id].state is OrderState.CANCELLED
    assert world.position(MANUAL) == 1_000
    # The bracket that the engine held goes to the venue now; that of the other entry ends with it.
    await world.until(lambda: len(exits(world, OrderState.ACCEPTED)) == 2, what="its exits rest")
    assert not exits(world, OrderState.HELD)
    stop = exits(world, OrderState.ACCEPTED)[OrderRole.PROTECTIVE_STOP]
    await world.kill()
    assert [order.client_algo_id for order in world.desk.conditional.open_orders(SYMBOL)].count(stop.client_id) == 1
    await again(world)
    assert world.kernel.orders.orders[stop.client_id].state is OrderState.ACCEPTED
    await ended_well(world)


def price_of_the_ask(world: LiveWorld) -> int:
    return min(world.sandbox.exchange.books[SYMBOL].asks) + 1_000


async def test_a_kill_before_the_exits_were_accepted_does_not_lose_them(world: LiveWorld):
    placed = world.place(entry(world))
    # Nothing was awaited: the exits are journalled, and that they are held is not.
    assert [o.state for o in world.kernel.orders.open_orders() if o.reduce_only] == [OrderState.SUBMITTED] * 2
    await world.kill()
    await again(world)
    await world.until(lambda: not any(o.state is OrderState.UNKNOWN for o in world.kernel.orders.open_orders()))
    found = world.kernel.orders.orders.get(placed.client_id)
    if found is not None and found.is_open:
        assert len(exits(world, OrderState.HELD)) == 2
    await ended_well(world)


async def test_lesson_8_a_liquidation_while_down_is_booked(world: LiveWorld):
    order = world.place(Intent(symbol=SYMBOL, side=Side.BUY, lots=1_000))
    await world.until(lambda: order.state is OrderState.FILLED)
    await world.kill()
    with world.sandbox.exchange.turn():
        assert world.desk.close_position(SYMBOL, "liquidation")
    await again(world)
    assert world.position(MANUAL) == 0
    await ended_well(world)


async def test_lesson_10_a_delisted_symbol_keeps_its_position_and_the_engine_goes_on(world: LiveWorld):
    order = world.place(Intent(symbol=SYMBOL, side=Side.BUY, lots=1_000))
    await world.until(lambda: order.state is OrderState.FILLED)
    with world.sandbox.exchange.turn():
        exchange = world.sandbox.exchange
        exchange.set_trading(exchange.listing(Market.FUTURES, SYMBOL), False)
    await world.reconciled()
    assert world.position(MANUAL) == 1_000
    other = world.place(Intent(symbol="ETHUSDT", side=Side.BUY, lots=200))
    await world.until(lambda: other.state is OrderState.FILLED, what="the other symbol trades on")
    await world.kill()
    await world.start()
    await world.until(lambda: world.kernel.gate.reconciled, what="it starts again with the position")
    assert world.position(MANUAL) == 1_000
    await world.stop()
    check_everything(world)


async def test_an_amended_entry_takes_its_bracket_along(spot: LiveWorld):
    old = spot.place(entry(spot))
    await spot.until(lambda: old.state is OrderState.ACCEPTED and len(exits(spot, OrderState.HELD)) == 2)
    stop_price = exits(spot, OrderState.HELD)[OrderRole.PROTECTIVE_STOP].stop_price
    spot.command(AmendOrder(client_id=old.client_id, price=old.price - 1_000))
    await spot.until(lambda: old.state is OrderState.CANCELLED, what="the old one ended")
    (new,) = [o for o in spot.kernel.orders.open_orders(SYMBOL, MANUAL) if not o.reduce_only]
    await spot.until(lambda: len(exits(spot, OrderState.HELD)) == 2, what="its exits are held")
    held = exits(spot, OrderState.HELD)
    assert {order.parent_id for order in held.values()} == {new.client_id}
    assert held[OrderRole.PROTECTIVE_STOP].stop_price == stop_price
    await ended_well(spot)


@pytest.mark.parametrize("everything", [True, False])
async def test_a_cancel_while_a_change_waits_ends_the_change_too(spot: LiveWorld, everything: bool):
    spot.sandbox.chaos.set("latency", value=400, endpoint="DELETE")
    old = spot.place(entry(spot))
    await spot.until(lambda: old.state is OrderState.ACCEPTED)
    spot.command(AmendOrder(client_id=old.client_id, price=old.price - 1_000))
    spot.command(CancelAll() if everything else CancelOrder(client_id=old.client_id))
    await spot.until(lambda: not old.is_open, what="the old one ended")
    assert not [o for o in spot.kernel.orders.open_orders() if o.owner != EXTERNAL]
    await ended_well(spot)
