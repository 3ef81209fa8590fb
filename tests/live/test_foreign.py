"""Somebody else on the account: taken over as *external*, never cancelled, and a halt where nothing explains it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.program import journal
from tests.live.checks import check_everything
from tests.live.world import LiveWorld, live_world
from workstation.core.messages import AcceptReconciliation, AccountDiffers, CancelAll, Kill, LogLine, Resume
from workstation.core.orders import Intent
from workstation.core.types import EXTERNAL, MANUAL, OrderState, OrderType, Severity, Side, TradingState
from workstation.sandbox.chaos import Switch

pytestmark = pytest.mark.allow_log_warnings
SYMBOL = "BTCUSDT"
QUIET: dict[str, Any] = {"strategies": {}}


@pytest.fixture(params=["linear", "spot"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LiveWorld]:
    async with live_world(tmp_path, request.param, settings=QUIET) as world:
        yield world


@pytest.fixture
async def perpetual(tmp_path: Path) -> AsyncIterator[LiveWorld]:
    async with live_world(tmp_path, "linear", settings=QUIET) as world:
        yield world


async def started(world: LiveWorld) -> int:
    """The last price once it trades."""
    await world.start()
    await world.until_trading()
    return world.kernel.markets[SYMBOL].last_price


async def test_the_first_start_takes_over_what_the_account_holds_and_books_nothing_twice(world: LiveWorld):
    price = world.desk.listings[SYMBOL].last
    world.foreign(Side.BUY, 3_000)
    world.foreign(Side.BUY, 200, symbol="ETHUSDT")
    resting = world.foreign(Side.BUY, 500, price=price * 9 // 10, client_id="theirs")
    begun_with = len(world.desk.executions)
    await started(world)
    held = world.position()
    assert held in (3_000, 2_997)
    assert "theirs" in world.kernel.orders.orders, f"{resting} {world.position()}"
    adopted = world.kernel.orders.orders["theirs"]
    assert (adopted.owner, adopted.filled_lots, adopted.remaining) == (EXTERNAL, 0, 500)
    await world.kill()
    # What happened before the books began is asked for again: it is recent.
    await started(world)
    await world.reconciled()
    assert world.position() == held and not world.reconciliation.differences
    await world.stop()
    await started(world)
    await world.reconciled()
    assert world.position() == held
    await world.stop()
    assert resting.is_open
    check_everything(world, begun_with=begun_with)


async def test_a_partly_filled_order_found_at_the_first_start_counts_what_is_left_of_it(perpetual: LiveWorld):
    world = perpetual
    best = min(world.sandbox.exchange.books[SYMBOL].asks)
    resting = world.foreign(Side.BUY, 1_000_000, price=best, client_id="theirs")
    with world.sandbox.exchange.turn():
        # What is left of it must neither fill nor end before the start.
        world.desk.amend(resting, best // 2, resting.lots)
    assert 0 < resting.filled < resting.lots
    await started(world)
    adopted = world.kernel.orders.orders["theirs"]
    assert (adopted.lots, adopted.filled_lots) == (resting.lots, resting.filled)
    await world.reconciled()
    assert adopted.is_open and world.position() == resting.filled


async def test_orders_and_fills_of_others_are_external_and_outlive_stop_and_kill(world: LiveWorld):
    price = await started(world)
    resting = world.foreign(Side.BUY, 700, price=price * 9 // 10, client_id="theirs")
    world.foreign(Side.BUY, 2_000)
    await world.until(lambda: "theirs" in world.kernel.orders.orders, what="adopted")
    await world.until(lambda: world.position() in (2_000, 1_998), what="booked")
    world.command(CancelAll(include_protective=True))
    world.command(Kill(reason="a test", flatten=True))
    await world.reconciled()
    assert resting.is_open and world.position() in (2_000, 1_998)
    world.command(Resume())
    await world.stop()
    assert resting.is_open
    # While nothing runs here.
    world.foreign(Side.SELL, 500)
    with world.sandbox.exchange.turn():
        world.desk.cancel(resting)
    another = world.foreign(Side.BUY, 300, price=price * 9 // 10, client_id="another")
    await started(world)
    await world.reconciled()
    assert world.position() in (1_500, 1_498)
    assert world.kernel.orders.orders["another"].is_open
    assert [o.client_id for o in world.kernel.orders.open_orders()] == ["another"]
    await world.stop()
    assert another.is_open
    check_everything(world)


async def test_a_foreign_order_that_fills_in_parts_raises_no_alarm(perpetual: LiveWorld):
    world = perpetual
    await started(world)
    book = world.kernel.markets[SYMBOL].book
    best = sum(lots for _, lots in sorted(book.asks.items())[:10])
    world.foreign(Side.BUY, best, client_id="large")
    await world.until(lambda: world.position() == best, what="booked")
    assert len(world.desk.executions) > 1
    await world.reconciled()
    await world.stop()
    lines = [record for record in journal(world.data)[1] if isinstance(record, LogLine) and record.source != "feed"]
    assert not [line.text for line in lines if line.severity is not Severity.INFO]
    check_everything(world)


async def test_lesson_2_a_difference_that_nothing_explains_halts_and_is_accepted_by_a_person(perpetual: LiveWorld):
    world = perpetual
    await started(world)
    world.sandbox.deposit("USDT", "250.5", "futures")
    kernel = world.kernel
    await world.until(lambda: world.reconciliation.differences, what="it differs")
    (line,) = world.reconciliation.differences
    assert line.what == "balance USDT" and "250.5" in line.proposed
    assert kernel.trading.state is TradingState.HALTED
    equity = kernel.guards.peak_equity
    assert "Accepted 1" in world.command(AcceptReconciliation(reason="a deposit", who="test"))
    await world.until(lambda: kernel.trading.state is TradingState.ACTIVE and kernel.gate.reconciled, what="it trades")
    assert kernel.guards.peak_equity > equity, "a deposit is no profit"
    order = world.place(Intent(symbol=SYMBOL, side=Side.BUY, lots=500))
    await world.until(lambda: order.state is OrderState.FILLED, what="it trades again")
    await world.reconciled()
    # A withdrawal while nothing runs.
    await world.kill()
    world.sandbox.deposit("USDT", "-100", "futures")
    await world.start()
    await world.until(lambda: world.reconciliation.differences, what="it differs")
    assert not world.kernel.gate.reconciled
    world.command(AcceptReconciliation(reason="a withdrawal", who="test"))
    await world.reconciled()
    await world.settle()
    await world.stop()
    assert any(isinstance(r, AccountDiffers) and not r.differences for r in journal(world.data)[1])
    check_everything(world)


def _has_struck(switch: Switch) -> bool:
    return switch.struck > 0


async def test_lesson_8_a_question_that_fails_is_no_news(perpetual: LiveWorld):
    world = perpetual
    price = await started(world)
    resting = Intent(symbol=SYMBOL, side=Side.BUY, lots=500, type=OrderType.LIMIT, price=price * 99 // 100)
    order = world.place(resting)
    await world.until(lambda: order.state is OrderState.ACCEPTED)
    world.place(Intent(symbol=SYMBOL, side=Side.BUY, lots=400))
    await world.until(lambda: world.position(MANUAL) == 400)
    for question in ("v1/openOrders", "v3/positionRisk"):
        switch = world.sandbox.chaos.set("server_error", endpoint=f"GET /fapi/{question}")
        await world.until(partial(_has_struck, switch), what=question)
        assert order.is_open and world.position(MANUAL) == 400 and not world.reconciliation.differences
        world.sandbox.chaos.clear()
    await world.reconciled()


async def test_lesson_17_an_exchange_that_answers_slowly_is_reconciled_all_the_same(perpetual: LiveWorld):
    world = perpetual
    await started(world)
    world.sandbox.chaos.set("latency", value=300, endpoint="GET /fapi")
    before = world.reconciliation.agreed_ns
    for _ in range(2):
        # Somebody else is busy meanwhile: each of his orders is a reason to ask.
        price = world.kernel.markets[SYMBOL].last_price
        resting = world.foreign(Side.BUY, 100, price=price * 9 // 10)
        await world.until(partial(world.kernel.orders.orders.get, resting.client_order_id), 12, "adopted")
    assert world.reconciliation.agreed_ns > before
