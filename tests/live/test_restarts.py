"""A restart in the middle of everything: what happened while nothing ran is known, and what was held is held again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.program import journal
from tests.live.checks import check_everything
from tests.live.world import LiveWorld, live_world
from workstation.core.messages import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    LogLine,
    OrderDue,
    OrderRejected,
    ReplacementEnded,
    ReplacementPlanned,
)
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


# --- A late fill of an order that an earlier session gave up ----------------------------------------------------------


@pytest.mark.parametrize("restarts", [1, 2])
async def test_a_fill_of_an_order_that_an_earlier_session_gave_up_is_its_owners(spot: LiveWorld, restarts: int):
    given_up = spot.place(Intent(symbol=SYMBOL, side=Side.BUY, lots=1_000, type=OrderType.LIMIT, price=bid(spot)))
    await spot.until(lambda: given_up.state is OrderState.ACCEPTED)
    now_ns = spot.kernel.clock.time_ns
    spot.session.dispatch(OrderRejected(ts_ns=now_ns, client_id=given_up.client_id, code="-1000", reason="unknown"))
    assert given_up.state is OrderState.REJECTED
    await spot.kill()
    if restarts > 1:
        await spot.start()
        await spot.until(lambda: spot.kernel.gate.reconciled or spot.reconciliation.differences, what="compared")
        await spot.kill()
    (record,) = [r for r in spot.desk.orders.values() if r.client_order_id == given_up.client_id]
    with spot.sandbox.exchange.turn():
        spot.desk.amend(record, price_of_the_ask(spot), 1_000)
    assert record.filled == 1_000
    await again(spot)
    # The exchange takes its fee in the coin that is bought.
    assert spot.position(MANUAL) == 999 and spot.position() == 0
    lines = [r.text for r in journal(spot.data)[1] if isinstance(r, LogLine) and r.text.startswith("Late fill")]
    assert lines and set(lines) == {f"Late fill of {given_up.client_id} ({SYMBOL}), which was rejected: it is booked."}
    await ended_well(spot)


def bid(world: LiveWorld) -> int:
    return price_of(world) * 99 // 100


# --- A change that waits for a cancel ---------------------------------------------------------------------------------


async def changing(spot: LiveWorld) -> Order:
    """An entry with a bracket whose change waits; the cancel has not reached the exchange."""
    old = spot.place(entry(spot))
    await spot.until(lambda: old.state is OrderState.ACCEPTED and len(exits(spot, OrderState.HELD)) == 2)
    spot.sandbox.chaos.set("latency", value=2_000, endpoint="DELETE")
    spot.command(AmendOrder(client_id=old.client_id, price=old.price - 1_000))
    assert old.is_open and old.cancel_requested_ns
    return old


def entries(world: LiveWorld) -> list[Order]:
    return [order for order in world.kernel.orders.open_orders(SYMBOL, MANUAL) if not order.reduce_only]


@pytest.mark.parametrize("ended", [True, False], ids=["the old one has ended", "the old one rests"])
async def test_a_kill_between_cancel_and_replacement_loses_nothing(spot: LiveWorld, ended: bool):
    old = await changing(spot)
    await spot.kill()
    spot.sandbox.chaos.clear()
    if ended:
        (record,) = [r for r in spot.desk.orders.values() if r.client_order_id == old.client_id]
        with spot.sandbox.exchange.turn():
            spot.desk.cancel(record)
    await again(spot)
    await spot.until(lambda: entries(spot) and entries(spot)[0].state is OrderState.ACCEPTED, what="it is replaced")
    (new,) = entries(spot)
    assert (new.price, new.lots, new.client_id != old.client_id) == (old.price - 1_000, 1_000, True)
    assert spot.kernel.orders.orders[old.client_id].state is OrderState.CANCELLED
    await spot.until(lambda: len(exits(spot, OrderState.HELD)) == 2, what="its exits are held")
    assert {order.parent_id for order in exits(spot, OrderState.HELD).values()} == {new.client_id}
    records = journal(spot.data)[1]
    assert [r.client_id for r in records if isinstance(r, ReplacementPlanned)] == [old.client_id]
    assert [(r.client_id, r.by) for r in records if isinstance(r, ReplacementEnded)] == [(old.client_id, new.client_id)]
    await ended_well(spot)


async def test_what_filled_before_the_restart_is_not_ordered_again(spot: LiveWorld):
    old = await changing(spot)
    await spot.kill()
    spot.sandbox.chaos.clear()
    (record,) = [r for r in spot.desk.orders.values() if r.client_order_id == old.client_id]
    with spot.sandbox.exchange.turn():
        spot.desk.amend(record, price_of_the_ask(spot), 1_000)
    assert record.filled == 1_000
    await again(spot)
    assert spot.position(MANUAL) == 999 and not entries(spot)
    ends = [r for r in journal(spot.data)[1] if isinstance(r, ReplacementEnded)]
    assert [(r.client_id, r.by, r.reason) for r in ends] == [(old.client_id, "", "the old order filled")]
    await ended_well(spot)


async def test_a_spot_target_that_was_reached_before_the_kill_is_sold_after_it(spot: LiveWorld):
    bought = spot.place(Intent(symbol=SYMBOL, side=Side.BUY, lots=1_000, **bracket(spot)))
    await spot.until(lambda: bought.state is OrderState.FILLED and exits(spot, OrderState.ACCEPTED))
    target = exits(spot, OrderState.HELD)[OrderRole.TAKE_PROFIT]
    stop = exits(spot, OrderState.ACCEPTED)[OrderRole.PROTECTIVE_STOP]
    spot.sandbox.chaos.set("latency", value=2_000, endpoint="DELETE")
    spot.command(AmendOrder(client_id=target.client_id, stop_price=price_of(spot) * 99 // 100))
    await spot.until(lambda: target.waits_for == [stop.client_id], what="the target was reached")
    assert stop.is_open and target.state is OrderState.HELD
    await spot.kill()
    spot.sandbox.chaos.clear()
    await again(spot)
    orders = spot.kernel.orders.orders
    await spot.until(lambda: orders[target.client_id].state is OrderState.FILLED, what="the target is sold")
    assert orders[stop.client_id].state is OrderState.CANCELLED
    assert spot.position(MANUAL) == 0
    assert [r.client_id for r in journal(spot.data)[1] if isinstance(r, OrderDue)] == [target.client_id]
    await ended_well(spot)


def bracket(world: LiveWorld) -> dict[str, Any]:
    price = price_of(world)
    return {"stop_loss": price * 95 // 100, "take_profit": price * 110 // 100}
