"""What looks after positions: the stop that each has, and reducing orders that fit."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.unit.trading.bench import BTC, LAST, UNIT, Bench, buy, changed, sell
from workstation.core.clock import EventClock
from workstation.core.errors import OrderError
from workstation.core.messages import OrderCancelled, OrderRejected
from workstation.core.orders import AmendRequest, Approved, Intent, Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderRole, OrderType, Severity
from workstation.trading.reductions import ReductionKeeper
from workstation.trading.stop_keeper import TAG, StopKeeper


class Engine:
    """What the keepers need of a kernel, on the bench."""

    def __init__(self) -> None:
        self.bench = Bench(changed(order_lots={}, order_value=100_000_000))
        self.clock: EventClock = self.bench.clock
        self.ledger, self.orders, self.markets = self.bench.ledger, self.bench.orders, self.bench.markets
        self.trading = self.bench.trading
        self.alarms: list[str] = []
        self.refuses = False

    def place(self, intent: Intent, *, panic: bool = False) -> str:
        verdict = self.bench.gate.approve(intent, panic=panic)
        return self.orders.submit(verdict).client_id if isinstance(verdict, Approved) else ""

    def amend(self, order: Order, price: int | None, stop_price: int | None, lots: int | None) -> None:
        if self.refuses:
            raise OrderError("no")
        self.orders.request_amend(order, order.price, order.stop_price, lots or order.lots, 0)

    def alarm(self, severity: Severity, text: str) -> None:
        self.alarms.append(text)

    def stops(self) -> list[Order]:
        return [order for order in self.orders.open_orders() if order.tag == TAG]


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_a_position_gets_its_stop_after_the_strategy_had_its_chance(engine: Engine) -> None:
    keeper = StopKeeper(engine, 2_000_000)
    engine.bench.hold(BTC, 100, "ema")
    keeper.watch("ema", BTC)
    assert not engine.stops()
    engine.bench.wait(SECOND_NS)
    (stop,) = engine.stops()
    assert (stop.type, stop.lots, stop.role) == (OrderType.STOP, 100, OrderRole.PROTECTIVE_STOP)
    assert stop.stop_price < LAST


def test_it_steps_back_for_the_strategys_own(engine: Engine) -> None:
    keeper = StopKeeper(engine, 2_000_000)
    engine.bench.hold(BTC, 100, "ema")
    role = OrderRole.PROTECTIVE_STOP
    engine.bench.submit(sell(100, owner="ema", reduce_only=True, role=role, stop_price=LAST - 50))
    keeper.watch("ema", BTC)
    engine.bench.wait(SECOND_NS)
    assert not engine.stops()


def test_lesson_06_a_refused_stop_is_placed_again_and_the_pauses_grow(engine: Engine) -> None:
    keeper = StopKeeper(engine, 2_000_000)
    engine.bench.hold(BTC, 100, "ema")
    keeper.watch("ema", BTC)
    placed = []
    for _ in range(20):
        engine.bench.wait(SECOND_NS)
        for stop in engine.stops():
            placed.append(engine.clock.time_ns)
            engine.orders.apply(OrderRejected(ts_ns=1, client_id=stop.client_id, code="X", reason="no"))
            keeper.watch("ema", BTC)
    waits = [(after - before) // SECOND_NS for before, after in pairwise(placed)]
    assert waits == [2, 4, 8]


def test_lesson_05_the_stop_follows_the_filled_quantity_also_after_a_refusal(engine: Engine) -> None:
    keeper = StopKeeper(engine, 2_000_000)
    engine.bench.hold(BTC, 100, "ema")
    keeper.watch("ema", BTC)
    engine.bench.wait(SECOND_NS)
    (stop,) = engine.stops()
    engine.bench.accept(stop)
    engine.bench.hold(BTC, 50, "ema")
    engine.refuses = True
    keeper.watch("ema", BTC)
    engine.bench.wait(2 * SECOND_NS)
    assert stop.lots == 100 and engine.alarms
    engine.refuses = False
    engine.bench.wait(8 * SECOND_NS)
    assert stop.lots == 150


def test_a_position_beyond_its_stop_is_left_at_once(engine: Engine) -> None:
    keeper = StopKeeper(engine, 2_000_000)
    engine.bench.hold(BTC, 500, "ema")
    engine.bench.quote(BTC, LAST * 9 // 10)
    keeper.watch("ema", BTC)
    engine.bench.wait(SECOND_NS)
    (exit_,) = engine.stops()
    assert (exit_.type, exit_.role) == (OrderType.MARKET, OrderRole.EXIT)
    assert engine.ledger.equity() < 10_000 * UNIT


def test_what_has_nothing_left_to_reduce_is_cancelled(engine: Engine) -> None:
    keeper = ReductionKeeper(engine)
    engine.bench.hold(BTC, 10, "ema")
    stop = engine.bench.accept(engine.bench.submit(sell(10, owner="ema", reduce_only=True, stop_price=LAST - 5)))
    keeper.check("ema", BTC)
    assert not stop.cancel_requested_ns
    engine.bench.hold(BTC, -10, "ema")
    keeper.check("ema", BTC)
    assert stop.cancel_requested_ns


def test_the_exits_of_an_entry_that_may_still_fill_stay(engine: Engine) -> None:
    keeper = ReductionKeeper(engine)
    entry = engine.bench.submit(buy(10, price=LAST, owner="ema"))
    exit_ = engine.bench.submit(sell(10, owner="ema", reduce_only=True, stop_price=LAST - 5, parent_id=entry.client_id))
    keeper.check("ema", BTC)
    assert not exit_.cancel_requested_ns
    engine.orders.apply(OrderCancelled(ts_ns=1, client_id=entry.client_id))
    keeper.check("ema", BTC)
    assert exit_.cancel_requested_ns


def test_lesson_13_with_several_owners_an_exit_does_not_eat_another_owners_position(engine: Engine) -> None:
    keeper = ReductionKeeper(engine)
    engine.bench.hold(BTC, 10, "ema")
    engine.bench.hold(BTC, 30, "grid")
    stop = engine.bench.accept(engine.bench.submit(sell(10, owner="ema", reduce_only=True, stop_price=LAST - 5)))
    engine.bench.hold(BTC, -4, "ema")
    keeper.check("ema", BTC)
    request = engine.orders.outbox[-1]
    assert isinstance(request, AmendRequest)
    assert (request.client_id, request.lots) == (stop.client_id, 6)
    engine.refuses = True
    engine.bench.hold(BTC, -2, "ema")
    keeper.check("ema", BTC)
    assert "larger than its position" in engine.alarms[-1]
