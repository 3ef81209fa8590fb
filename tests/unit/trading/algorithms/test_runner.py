"""Execution algorithms against an exchange that does as the test says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trading.outside_venue import BTC, CAN, PRICE, Exchange
from workstation.core.algorithms import AlgorithmState, Iceberg, ParentOrder, Scaled, Twap
from workstation.core.messages import (
    AlgorithmAdvanced,
    AlgorithmChanged,
    AmendOrder,
    CancelAlgorithm,
    CancelAll,
    CancelOrder,
    EndSession,
    Flatten,
    Heartbeat,
    HeldPosition,
    Kill,
    OrderDenied,
    OrderRejected,
    OrderStatus,
    OrderSubmitted,
    PauseAlgorithm,
    Reconcile,
    ResumeAlgorithm,
    StartAlgorithm,
    StopStrategy,
)
from workstation.core.orders import CancelRequest, Order
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderState, OrderType, Side, TradingState
from workstation.trading.algorithms.parent import Parent
from workstation.trading.strategy import Strategy

LAST = PRICE[BTC]
RATE = 100_000_000
STUBBORN = msgspec.structs.replace(CAN, amend=False)


def ready(can: Any = CAN, **terms: Any) -> Exchange:
    exchange = Exchange(can, **terms)
    exchange.tell_account()
    return exchange


def again(exchange: Exchange) -> Exchange:
    """The next process, after the old one was killed; the account is compared before anything is sent."""
    fresh = Exchange(exchange.venue.can, before=exchange)
    held = [position for position in fresh.kernel.ledger.positions.values() if position.lots]
    fresh.command(Reconcile())
    fresh.tell_account(
        positions=tuple(HeldPosition(p.instrument.symbol, p.lots, p.cost) for p in held),
        balances=dict.fromkeys(["USDT"], fresh.kernel.ledger.cash["USDT"]),
        orders=None,
    )
    assert fresh.kernel.gate.reconciled
    return fresh


def twap(**terms: Any) -> Twap:
    return Twap(**({"duration_ns": 40 * SECOND_NS, "slices": 4} | terms))


def iceberg(**terms: Any) -> Iceberg:
    return Iceberg(**({"price": LAST - 10, "visible": 100} | terms))


def scaled(**terms: Any) -> Scaled:
    return Scaled(**({"first_price": LAST - 10, "last_price": LAST - 40, "count": 4} | terms))


def begin(exchange: Exchange, plan: Any, lots: int = 400, **terms: Any) -> Parent:
    order = ParentOrder(**({"symbol": BTC, "side": Side.BUY, "lots": lots, "plan": plan} | terms))
    exchange.command(StartAlgorithm(order=order))
    beat(exchange)
    return list(exchange.kernel.algorithms.parents.values())[-1]


def beat(exchange: Exchange, seconds: float = 0) -> None:
    exchange.kernel.dispatch(Heartbeat(exchange.now_ns + int(seconds * SECOND_NS)))


def working(exchange: Exchange) -> list[Order]:
    return [order for order in exchange.kernel.orders.open_orders(BTC) if order.tag]


def fill(exchange: Exchange, order: Order, lots: int | None = None, price: int = 0) -> None:
    if not order.venue_id:
        exchange.accept(order.client_id)
    exchange.fill(order.client_id, order.remaining if lots is None else lots, price)
    beat(exchange)


def sizes(exchange: Exchange) -> list[tuple[int, int]]:
    """Price and lots of every order that left."""
    return [(request.intent.price, request.intent.lots) for request in exchange.sent()]


def changes(exchange: Exchange) -> list[tuple[str, str]]:
    return [(str(record.state), record.reason) for record in exchange.records(AlgorithmChanged)]


# --- TWAP -----------------------------------------------------------------------------------------------------------


def test_a_twap_sends_its_slices_at_equal_distances() -> None:
    exchange = ready()
    parent, began_ns = begin(exchange, twap()), exchange.now_ns
    for _ in range(4):
        (child,) = working(exchange)
        assert (child.type, child.side, child.lots, child.owner) == (OrderType.MARKET, Side.BUY, 100, "manual")
        fill(exchange, child)
        exchange.wait(10)
    times = [(order.ts_ns - began_ns) / SECOND_NS for order in exchange.records(OrderSubmitted)]
    assert times == pytest.approx([0, 10, 20, 30], abs=0.01)
    assert (parent.state, parent.filled_lots) == (AlgorithmState.DONE, 400)
    assert parent.value == 400 * LAST
    assert not working(exchange)


def test_what_of_a_slice_has_not_filled_goes_into_the_next_one() -> None:
    exchange = ready()
    begin(exchange, twap(offset=-3))
    (first,) = working(exchange)
    assert (first.price, first.lots) == (LAST + 1 - 3, 100)
    fill(exchange, first, 40)
    exchange.quote(BTC, LAST + 50)
    exchange.wait(10)
    assert [request.client_id for request in exchange.sent(CancelRequest)] == [first.client_id]
    assert working(exchange) == [first], "the next slice waits for the end of the one before"
    exchange.end(first.client_id)
    (second,) = working(exchange)
    assert (second.price, second.lots) == (LAST + 50 + 1 - 3, 160)


def test_a_twap_whose_time_is_over_ends_with_what_it_has() -> None:
    exchange = ready()
    parent = begin(exchange, twap(offset=-100))
    for _ in range(4):
        (child,) = working(exchange)
        exchange.accept(child.client_id)
        exchange.wait(10.5)
        exchange.end(child.client_id)
    assert parent.state is AlgorithmState.DONE
    assert "did not fill" in parent.reason
    assert not working(exchange)
    exchange.wait(30)
    assert len(exchange.sent()) == 4


def test_a_resumed_twap_goes_on_behind_its_time_and_never_catches_up_at_once() -> None:
    exchange = ready()
    parent = begin(exchange, twap())
    fill(exchange, working(exchange)[0])
    exchange.command(PauseAlgorithm(algorithm_id=parent.algorithm_id))
    exchange.wait(60)
    assert not working(exchange)
    exchange.command(ResumeAlgorithm(algorithm_id=parent.algorithm_id))
    beat(exchange)
    (child,) = working(exchange)
    assert child.lots == 100
    fill(exchange, child)
    exchange.wait(9)
    assert not working(exchange)
    exchange.wait(2)
    assert [order.lots for order in working(exchange)] == [100]


def test_randomness_is_the_seeds() -> None:
    def timetable() -> list[Any]:
        exchange = ready()
        begin(exchange, twap(randomness=RATE // 2))
        exchange.wait(1)
        fill(exchange, working(exchange)[0])
        exchange.wait(40)
        return [(r.ts_ns, r.lots) for r in exchange.records(OrderSubmitted)]

    first = timetable()
    assert first == timetable()
    assert first[0][1] != 100


# --- Iceberg --------------------------------------------------------------------------------------------------------


def test_an_iceberg_shows_its_part_until_all_has_filled() -> None:
    exchange = ready()
    parent = begin(exchange, iceberg(), 250)
    while parent.is_live:
        (child,) = working(exchange)
        assert child.price == LAST - 10
        fill(exchange, child, child.lots // 2)
        assert working(exchange) == [child]
        fill(exchange, child)
    assert sizes(exchange) == [(LAST - 10, 100), (LAST - 10, 100), (LAST - 10, 50)]
    assert parent.state is AlgorithmState.DONE


def test_an_iceberg_that_refills_early_keeps_what_is_left_of_the_order_before() -> None:
    exchange = ready()
    begin(exchange, iceberg(refill=RATE * 30 // 100))
    (first,) = working(exchange)
    fill(exchange, first, 60)
    assert working(exchange) == [first]
    fill(exchange, first, 15)
    assert [order.remaining for order in working(exchange)] == [25, 75]


def test_many_equal_refills_are_not_taken_for_a_strategy_that_has_lost_its_mind() -> None:
    exchange = ready()
    parent = begin(exchange, iceberg(visible=10))
    for _ in range(30):
        fill(exchange, working(exchange)[0])
    assert parent.state is AlgorithmState.RUNNING
    assert not exchange.records(OrderDenied)


# --- Scaled ---------------------------------------------------------------------------------------------------------


def test_a_scaled_order_rests_at_each_price_and_what_a_price_lacks_is_placed_anew() -> None:
    exchange = ready()
    parent = begin(exchange, scaled(ratio=3 * RATE), 800)
    assert sizes(exchange) == [(LAST - 10, 100), (LAST - 20, 166), (LAST - 30, 234), (LAST - 40, 300)]
    fill(exchange, working(exchange)[1], 66)
    exchange.command(PauseAlgorithm(algorithm_id=parent.algorithm_id))
    for order in working(exchange):
        exchange.end(order.client_id)
    assert not working(exchange)
    exchange.command(ResumeAlgorithm(algorithm_id=parent.algorithm_id))
    assert [(order.price, order.lots) for order in working(exchange)] == [
        (LAST - 10, 100),
        (LAST - 20, 100),
        (LAST - 30, 234),
        (LAST - 40, 300),
    ]


def test_more_orders_than_a_second_allows_come_in_the_next() -> None:
    exchange = ready()
    exchange.kernel.gate.activity._limits = exchange.kernel.terms.limits._replace(orders_per_second=3)
    parent = begin(exchange, scaled(count=4))
    assert len(working(exchange)) == 3
    assert parent.waits == "Too many orders a second."
    exchange.wait(1.5)
    assert len(working(exchange)) == 4
    assert not exchange.records(OrderDenied)
    assert parent.waits == ""


# --- What people do -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [twap(offset=-5), iceberg(), scaled()], ids=["twap", "iceberg", "scaled"])
def test_cancel_pause_kill_and_cancel_all_take_every_order_back(plan: Any) -> None:
    for command, state in (
        (lambda p: CancelAlgorithm(algorithm_id=p.algorithm_id), AlgorithmState.CANCELLED),
        (lambda p: CancelAlgorithm(), AlgorithmState.CANCELLED),
        (lambda p: PauseAlgorithm(algorithm_id=p.algorithm_id), AlgorithmState.PAUSED),
        (lambda p: CancelAll(), AlgorithmState.CANCELLED),
        (lambda p: Kill(reason="test"), AlgorithmState.CANCELLED),
    ):
        exchange = ready()
        parent = begin(exchange, plan)
        children = working(exchange)
        for child in children:
            exchange.accept(child.client_id)
        exchange.command(command(parent))
        assert parent.state is state
        asked = [request.client_id for request in exchange.sent(CancelRequest)]
        assert sorted(asked) == sorted(child.client_id for child in children)
        for child in children:
            exchange.end(child.client_id)
        exchange.wait(60)
        assert len(exchange.sent()) == len(children), "nothing was sent after that"
        assert parent.state is state


def test_a_flatten_ends_what_would_order_on() -> None:
    exchange = ready()
    parent = begin(exchange, iceberg())
    fill(exchange, working(exchange)[0], 50)
    exchange.command(Flatten(symbol=BTC))
    assert parent.state is AlgorithmState.CANCELLED
    assert parent.reason == "flatten by desktop"


def test_an_order_of_it_that_a_person_cancels_pauses_it() -> None:
    exchange = ready()
    parent = begin(exchange, iceberg())
    (child,) = working(exchange)
    exchange.accept(child.client_id)
    exchange.command(CancelOrder(client_id=child.client_id))
    exchange.end(child.client_id)
    assert changes(exchange) == [("paused", f"its order {child.client_id} was cancelled")]
    exchange.command(ResumeAlgorithm(algorithm_id=parent.algorithm_id))
    assert len(working(exchange)) == 1


def test_an_order_of_it_grows_no_further_than_it_has_left() -> None:
    exchange = ready()
    begin(exchange, scaled())
    children = working(exchange)
    for child in children:
        exchange.accept(child.client_id)
    refused = exchange.command(AmendOrder(client_id=children[0].client_id, lots=101))
    assert refused == f"{children[0].client_id} belongs to algorithm w1-1, which has 0.00100 left for it."
    moved = exchange.command(AmendOrder(client_id=children[0].client_id, price=LAST - 15))
    assert moved == ""


def test_an_order_that_takes_anothers_place_counts_as_one_of_it() -> None:
    exchange = ready(STUBBORN)
    parent = begin(exchange, iceberg(), 150)
    (child,) = working(exchange)
    exchange.accept(child.client_id)
    exchange.command(AmendOrder(client_id=child.client_id, price=LAST - 20))
    exchange.end(child.client_id)
    (moved,) = working(exchange)
    assert (moved.price, moved.lots) == (LAST - 20, 100)
    assert parent.state is AlgorithmState.RUNNING
    fill(exchange, moved)
    (last,) = working(exchange)
    assert last.lots == 50


def test_an_exit_is_not_replaced_beside_itself() -> None:
    exchange = ready(STUBBORN)
    exchange.fill(exchange.place(Side.SELL, 400), 400)
    begin(exchange, iceberg(), 150, reduce_only=True)
    (child,) = working(exchange)
    exchange.accept(child.client_id)
    assert "changes no order in place" in exchange.command(AmendOrder(client_id=child.client_id, price=LAST - 20))


def test_commands_about_none_or_an_ended_one_are_refused_in_words() -> None:
    exchange = ready()
    assert exchange.command(PauseAlgorithm(algorithm_id="x")) == "There is no algorithm x."
    parent = begin(exchange, iceberg())
    exchange.command(CancelAlgorithm(algorithm_id=parent.algorithm_id))
    refused = exchange.command(ResumeAlgorithm(algorithm_id=parent.algorithm_id))
    assert refused == f"Algorithm {parent.algorithm_id} is cancelled already."
    order = ParentOrder(symbol="NONE", side=Side.BUY, lots=1, plan=iceberg())
    assert exchange.command(StartAlgorithm(order=order)) == "NONE is not configured."


# --- What the venue and the gate do ---------------------------------------------------------------------------------


def reject(exchange: Exchange, order: Order) -> None:
    exchange.kernel.dispatch(
        OrderRejected(ts_ns=exchange.now_ns, client_id=order.client_id, code="-2010", reason="refused")
    )


def test_a_rejection_is_tried_again_and_the_third_in_a_row_waits_for_a_person() -> None:
    exchange = ready()
    parent = begin(exchange, iceberg())
    for number in range(3):
        (child,) = working(exchange)
        reject(exchange, child)
        assert not working(exchange)
        if number < 2:
            exchange.wait(1.5)
    assert parent.state is AlgorithmState.PAUSED
    assert parent.reason == "3 orders in a row came to nothing: -2010: refused"


def test_a_denial_pauses_it_with_the_reason_and_is_told() -> None:
    exchange = ready()
    exchange.kernel.trading.restrict("test", TradingState.REDUCING, "a test")
    parent = begin(exchange, iceberg())
    assert parent.state is AlgorithmState.PAUSED
    assert parent.reason == "denied REDUCING: Only orders that reduce a position pass: a test"
    (denied,) = exchange.records(OrderDenied)
    assert denied.code == "REDUCING"


def test_without_a_price_it_waits_and_says_so() -> None:
    exchange = ready()
    exchange.kernel.markets[BTC].connected = False
    parent = begin(exchange, iceberg())
    assert parent.waits == f"The feed of {BTC} is down."
    assert not exchange.records(OrderDenied)
    exchange.kernel.markets[BTC].connected = True
    exchange.wait(1.5)
    assert len(working(exchange)) == 1


# --- Restarts -------------------------------------------------------------------------------------------------------


def found(exchange: Exchange, order: Order, filled: int = 0) -> None:
    """The venue says what became of an order that was in flight when the engine was killed."""
    fills = (exchange.fill_report(order.client_id, filled),) if filled else ()
    exchange.kernel.dispatch(
        OrderStatus(
            ts_ns=exchange.now_ns,
            client_id=order.client_id,
            found=True,
            asked_ns=exchange.now_ns,
            state=OrderState.PARTIALLY_FILLED if filled else OrderState.ACCEPTED,
            venue_id="X",
            fills=fills,
        )
    )


def test_after_a_kill_it_goes_on_where_it_stood() -> None:
    exchange = ready()
    begin(exchange, iceberg())
    (child,) = working(exchange)
    exchange.accept(child.client_id)
    exchange.fill(child.client_id, 30)
    fresh = again(exchange)
    (parent,) = fresh.kernel.algorithms.parents.values()
    assert (parent.state, parent.filled_lots) == (AlgorithmState.RUNNING, 30)
    (same,) = working(fresh)
    assert same.client_id == child.client_id
    fill(fresh, same)
    (later,) = working(fresh)
    assert later.lots == 100
    assert later.client_id != child.client_id


def test_a_twap_does_not_make_up_for_the_time_that_the_engine_was_off() -> None:
    exchange = ready()
    begin(exchange, twap())
    fill(exchange, working(exchange)[0])
    exchange.kernel.clock.time_ns += 3_600 * SECOND_NS
    fresh = again(exchange)
    fresh.wait(1.5)
    (child,) = working(fresh)
    assert child.lots == 100
    assert fresh.records(AlgorithmAdvanced)[0].delay_ns > 3_500 * SECOND_NS


def test_one_that_is_to_end_with_the_engine_ends() -> None:
    exchange = ready()
    begin(exchange, iceberg(), after_restart="end")
    (child,) = working(exchange)
    exchange.accept(child.client_id)
    fresh = again(exchange)
    (parent,) = fresh.kernel.algorithms.parents.values()
    assert (parent.state, parent.reason) == (AlgorithmState.CANCELLED, "the engine was started again")
    assert [request.client_id for request in fresh.sent(CancelRequest)] == [child.client_id]


def test_after_an_orderly_end_the_next_session_goes_on() -> None:
    exchange = ready()
    begin(exchange, iceberg())
    (child,) = working(exchange)
    exchange.accept(child.client_id)
    exchange.command(EndSession())
    exchange.end(child.client_id)
    assert not changes(exchange)
    fresh = again(exchange)
    fresh.wait(1.5)
    (anew,) = working(fresh)
    assert anew.lots == 100


def test_a_paused_one_stays_paused_over_a_restart() -> None:
    exchange = ready()
    begin(exchange, iceberg())
    (child,) = working(exchange)
    exchange.accept(child.client_id)
    exchange.command(PauseAlgorithm(algorithm_id="w1-1"))
    fresh = again(exchange)
    (parent,) = fresh.kernel.algorithms.parents.values()
    assert parent.state is AlgorithmState.PAUSED
    fresh.end(child.client_id)
    fresh.wait(5)
    assert not working(fresh)


# --- Strategies -----------------------------------------------------------------------------------------------------


class Worker(Strategy):
    title = "Worker"

    def on_start(self) -> None:
        self.state = {"id": self.start_algorithm(Side.BUY, 400, iceberg())}


def test_a_strategys_algorithm_is_its_own_and_ends_with_it() -> None:
    exchange = ready(strategies=(Worker("worker", BTC, "1m"),))
    exchange.kernel.host.start("worker")
    beat(exchange)
    (child,) = working(exchange)
    assert child.owner == "worker"
    fill(exchange, child, 40)
    assert exchange.kernel.ledger.lots("worker", BTC) == 40
    exchange.command(StopStrategy(strategy="worker"))
    (parent,) = exchange.kernel.algorithms.parents.values()
    assert (parent.state, parent.reason) == (AlgorithmState.CANCELLED, "strategy stopped")
    assert parent.who == "worker"


# --- Whatever happens -----------------------------------------------------------------------------------------------

plans_of_any_kind = st.sampled_from(
    [
        twap(randomness=RATE // 2),
        twap(offset=0),
        iceberg(refill=RATE // 2, randomness=RATE // 4),
        iceberg(),
        scaled(ratio=2 * RATE),
    ]
)
happenings = st.lists(
    st.tuples(
        st.sampled_from(["accept", "fill", "part", "end", "reject", "wait", "pause", "resume", "amend", "kill -9"]),
        st.integers(0, 5),
    ),
    max_size=40,
)


@settings(max_examples=25, deadline=None)
@given(plans_of_any_kind, happenings)
def test_whatever_happens_it_never_orders_more_than_its_quantity(plan: Any, happens: list[tuple[str, int]]) -> None:
    exchange = ready()
    begin(exchange, plan)
    executed = 0
    for what, number in happens:
        children = working(exchange)
        child = children[number % len(children)] if children else None
        if what == "wait":
            exchange.wait(number * 2)
        elif what in ("pause", "resume"):
            (exchange.command)((PauseAlgorithm if what == "pause" else ResumeAlgorithm)(algorithm_id="w1-1"))
        elif what == "kill -9":
            exchange = again(exchange)
            for order in working(exchange):
                if order.state is OrderState.UNKNOWN:
                    found(exchange, order)
        elif child is None:
            continue
        elif what == "accept" and not child.venue_id:
            exchange.accept(child.client_id)
        elif what in ("fill", "part"):
            lots = child.remaining if what == "fill" else max(1, child.remaining // 2)
            fill(exchange, child, lots)
            executed += lots
        elif what == "end":
            exchange.end(child.client_id)
        elif what == "reject" and not child.filled_lots and not child.venue_id:
            reject(exchange, child)
        elif what == "amend" and child.venue_id:
            exchange.command(AmendOrder(client_id=child.client_id, lots=child.lots + number * 50 - 50))
        beat(exchange)
        (parent,) = exchange.kernel.algorithms.parents.values()
        assert parent.filled_lots == executed
        assert executed + sum(order.remaining for order in working(exchange)) <= 400
