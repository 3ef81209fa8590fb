"""What is in flight, in doubt and asked for: the order manager beyond the state machine."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.trading.bench import BTC, ETH, EXPIRES_NS, EXPIRY_NS, LAST, Bench, buy, changed, fill_of, kinds, sell
from workstation.core.messages import (
    AmendRejected,
    AmendRequested,
    CancelRejected,
    OrderAmended,
    OrderCancelled,
    OrderStatus,
    OrderSubmitted,
    OrderTriggered,
)
from workstation.core.orders import AmendRequest, Approved, CancelRequest, Order, QueryRequest
from workstation.core.types import OrderRole, OrderState, Severity, Side
from workstation.trading.denials import DenialCode


def amended(order: Order, lots: int) -> OrderAmended:
    return OrderAmended(ts_ns=1, client_id=order.client_id, price=order.price, stop_price=0, lots=lots)


def refused(order: Order, amendment: int = 1) -> AmendRejected:
    return AmendRejected(ts_ns=1, client_id=order.client_id, reason="too late", amendment=amendment)


def settle(bench: Bench, status: OrderStatus) -> None:
    for report in bench.orders.answers_of(status):
        bench.orders.apply(report)


def test_an_order_is_journalled_in_full_before_it_is_queued() -> None:
    bench = Bench()
    order = bench.submit(buy(3, price=LAST - 1, owner="ema", reason="cross", tag="a", oco_group="g"))
    record = bench.events[0]
    assert isinstance(record, OrderSubmitted)
    for name in ("client_id", "symbol", "side", "type", "lots", "price", "owner", "reason", "tag", "oco_group"):
        assert getattr(record, name) == getattr(order, name)
    assert (record.reference, record.expires_ns) == (LAST, bench.clock.time_ns + EXPIRY_NS)
    request = bench.orders.outbox[0]
    assert isinstance(request, Approved)
    assert request.client_id == order.client_id


def test_client_ids_are_never_given_twice() -> None:
    bench = Bench()
    ids = [bench.orders.next_client_id() for _ in range(100)]
    assert len(set(ids)) == 100


def test_a_second_doubt_changes_nothing_that_the_journal_does_not_tell() -> None:
    """The soak found it: the note of an order was another one after a restart."""
    bench = Bench()
    order = bench.submit(buy(3, price=LAST))
    bench.orders.mark_unknown(order, "in flight when the last session ended")
    told = len(bench.events)
    bench.orders.mark_unknown(order, "no answer in time")
    assert order.note == "in flight when the last session ended"
    assert len(bench.events) == told


def test_a_cancel_is_asked_for_once_until_it_is_answered() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(3, price=LAST)))
    bench.orders.request_cancel(order, "first")
    bench.orders.request_cancel(order, "second")
    assert [type(request) for request in bench.orders.outbox] == [Approved, CancelRequest]
    bench.orders.apply(CancelRejected(ts_ns=1, client_id=order.client_id, reason="too late"))
    bench.orders.request_cancel(order, "third")
    assert [type(request) for request in bench.orders.outbox[2:]] == [CancelRequest]
    bench.orders.apply(OrderCancelled(ts_ns=1, client_id=order.client_id))
    bench.orders.request_cancel(order, "fourth")
    assert len(bench.orders.outbox) == 3


@pytest.mark.parametrize(("sizes", "counted"), [((3, 9), 9), ((9, 3), 9)])
def test_the_answer_to_a_change_that_a_newer_one_has_overtaken_makes_no_order_smaller(
    sizes: tuple[int, int], counted: int
) -> None:
    """The soak found it: the venue's list told of the second change, then the answer to the first one came."""
    bench = Bench()
    order = bench.accept(bench.submit(buy(5, price=LAST)))
    for lots in sizes:
        bench.orders.request_amend(order, LAST, 0, lots, EXPIRES_NS)
    bench.orders.apply(msgspec.structs.replace(amended(order, sizes[1]), version=0))
    del bench.orders.outbox[:]
    bench.orders.apply(msgspec.structs.replace(amended(order, sizes[0]), version=6, amendment=1))
    assert (order.lots, bench.orders.by_symbol[BTC].worst_buys) == (counted, counted)
    assert [type(request) for request in bench.orders.outbox] == [QueryRequest]
    bench.orders.apply(msgspec.structs.replace(amended(order, sizes[1]), version=7))
    assert order.lots == bench.orders.by_symbol[BTC].worst_buys == sizes[1]


# --- Worst case ------------------------------------------------------------------------------------------------------


def test_lesson_01_an_unknown_order_counts_at_its_worst_until_it_is_proved() -> None:
    bench = Bench(changed(order_lots={BTC: 600}, order_value=60_000_000))
    order = bench.submit(buy(500))
    assert bench.code(buy(101)) is DenialCode.POSITION_VALUE
    bench.orders.mark_unknown(order, "no answer")
    bench.wait(10 * EXPIRY_NS)
    assert bench.code(buy(101)) is DenialCode.POSITION_VALUE
    assert bench.code(buy(100)) is None
    settle(
        bench,
        OrderStatus(ts_ns=bench.clock.time_ns, asked_ns=bench.clock.time_ns, client_id=order.client_id, found=False),
    )
    assert bench.code(buy(600)) is None


def test_lesson_01_not_found_proves_nothing_while_the_request_may_arrive() -> None:
    bench = Bench()
    order = bench.submit(buy(5))
    bench.orders.mark_unknown(order, "no answer")
    early = OrderStatus(ts_ns=order.expires_ns, asked_ns=order.expires_ns, client_id=order.client_id, found=False)
    assert bench.orders.answers_of(early) == []
    late = OrderStatus(
        ts_ns=order.expires_ns + 1, asked_ns=order.expires_ns + 1, client_id=order.client_id, found=False
    )
    settle(bench, late)
    assert order.state is OrderState.EXPIRED
    assert bench.orders.answers_of(late) == []


@pytest.mark.parametrize("filled", [0, 2])
def test_lesson_01_an_order_that_the_venue_took_is_never_ended_by_not_found(filled: int) -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(5, price=LAST)))
    if filled:
        bench.fill(order, filled)
    gone = OrderStatus(
        ts_ns=order.expires_ns + 1, asked_ns=order.expires_ns + 1, client_id=order.client_id, found=False
    )
    settle(bench, gone)
    assert order.state is OrderState.UNKNOWN
    assert bench.orders.by_symbol[BTC].worst_buys == 5 - filled
    settle(bench, gone)
    assert order.is_open


def test_lesson_04_a_doubtful_order_is_asked_for_and_never_sent_again() -> None:
    bench = Bench()
    order = bench.submit(buy(5))
    for _ in range(3):
        bench.orders.mark_unknown(order, "no answer")
        bench.orders.request_status(order)
    sent = [request for request in bench.orders.outbox if isinstance(request, Approved)]
    assert len(sent) == 1
    assert [type(request) for request in bench.orders.outbox[1:]] == [QueryRequest] * 3
    assert kinds(bench.events) == ["OrderSubmitted", "OrderUnknown"]


# --- Proof by query --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "filled", "expected"),
    [
        (OrderState.ACCEPTED, 0, OrderState.ACCEPTED),
        (OrderState.HELD, 0, OrderState.HELD),
        (OrderState.PARTIALLY_FILLED, 2, OrderState.PARTIALLY_FILLED),
        (OrderState.FILLED, 5, OrderState.FILLED),
        (OrderState.CANCELLED, 2, OrderState.CANCELLED),
        (OrderState.EXPIRED, 0, OrderState.EXPIRED),
        (OrderState.REJECTED, 0, OrderState.REJECTED),
    ],
)
def test_lesson_03_an_answer_brings_a_doubtful_order_to_what_it_proves(
    state: OrderState, filled: int, expected: OrderState
) -> None:
    bench = Bench()
    order = bench.submit(buy(5))
    bench.orders.mark_unknown(order, "no answer")
    fills = (fill_of(order, "f1", filled),) if filled else ()
    status = OrderStatus(
        asked_ns=1,
        ts_ns=bench.clock.time_ns,
        client_id=order.client_id,
        found=True,
        state=state,
        venue_id="V9",
        fills=fills,
    )
    settle(bench, status)
    assert (order.state, order.filled_lots, order.venue_id) == (expected, filled, "V9")
    settle(bench, status)
    assert (order.state, order.filled_lots) == (expected, filled)


def test_lesson_03_fills_of_an_ended_order_are_fetched_by_an_answer() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(5, price=LAST)))
    bench.orders.apply(fill_of(order, "f1", 1))
    bench.orders.apply(OrderCancelled(ts_ns=1, client_id=order.client_id))
    fills = (fill_of(order, "f1", 1), fill_of(order, "f2", 2))
    settle(
        bench,
        OrderStatus(
            ts_ns=1, asked_ns=1, client_id=order.client_id, found=True, state=OrderState.CANCELLED, fills=fills
        ),
    )
    assert (order.filled_lots, order.state) == (3, OrderState.CANCELLED)
    assert [severity for severity, text in bench.alarms if text.startswith("Late fill")] == [Severity.WARNING]


def test_an_answer_releases_a_held_child_whose_release_was_lost() -> None:
    bench = Bench()
    child = bench.accept(bench.submit(buy(5, price=LAST)), held=True)
    settle(bench, OrderStatus(ts_ns=1, asked_ns=1, client_id=child.client_id, found=True, state=OrderState.ACCEPTED))
    assert child.state is OrderState.ACCEPTED


def test_an_answer_about_a_foreign_order_is_ignored() -> None:
    bench = Bench()
    assert bench.orders.answers_of(OrderStatus(ts_ns=1, asked_ns=1, client_id="web-1", found=True)) == []


# --- Changes ---------------------------------------------------------------------------------------------------------


def test_growth_counts_from_the_request_and_ends_with_the_answer() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    group = bench.orders.by_symbol[BTC]
    bench.orders.request_amend(order, LAST, 0, 15, EXPIRES_NS)
    assert (order.lots, group.worst_buys) == (15, 15)
    assert isinstance(bench.events[-1], AmendRequested)
    assert isinstance(bench.orders.outbox[-1], AmendRequest)
    bench.orders.apply(amended(order, 12))
    assert (order.lots, group.worst_buys) == (15, 15)
    bench.orders.apply(amended(order, 15))
    bench.orders.apply(amended(order, 12))
    assert (order.lots, group.worst_buys) == (12, 12)


def test_an_order_that_is_to_shrink_counts_in_full_until_the_venue_has_done_it() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.orders.request_amend(order, LAST, 0, 4, EXPIRES_NS)
    assert (order.lots, bench.orders.by_symbol[BTC].worst_buys) == (10, 10)
    bench.orders.apply(amended(order, 4))
    assert (order.lots, bench.orders.by_symbol[BTC].worst_buys) == (4, 4)


def test_refused_growth_is_gone() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.orders.request_amend(order, LAST, 0, 15, EXPIRES_NS)
    bench.orders.request_amend(order, LAST, 0, 20, EXPIRES_NS)
    bench.orders.apply(refused(order))
    assert order.lots == 20
    assert bench.orders.apply(refused(order)) is None, "the same refusal twice"
    assert order.lots == 20
    bench.orders.apply(refused(order, 2))
    assert (order.lots, bench.orders.by_symbol[BTC].worst_buys) == (10, 10)
    bench.fill(order)
    assert order.state is OrderState.FILLED


def test_an_order_that_filled_before_it_could_grow_is_complete() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.orders.request_amend(order, LAST, 0, 15, EXPIRES_NS)
    bench.fill(order, 10)
    assert order.is_open
    bench.orders.apply(refused(order))
    assert order.state is OrderState.FILLED
    assert (bench.orders.open_count, bench.orders.by_symbol[BTC].worst_buys) == (0, 0)


def test_an_answer_ends_an_order_whose_refused_growth_was_lost() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.orders.request_amend(order, LAST, 0, 15, EXPIRES_NS)
    fills = (fill_of(order, "f1", 10),)
    settle(
        bench,
        OrderStatus(ts_ns=1, asked_ns=1, client_id=order.client_id, found=True, state=OrderState.FILLED, fills=fills),
    )
    assert not order.is_open
    assert (order.filled_lots, bench.orders.by_symbol[BTC].worst_buys) == (10, 0)


def test_a_refused_cancel_does_not_undo_growth_under_way() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.orders.request_amend(order, LAST, 0, 15, EXPIRES_NS)
    bench.orders.request_cancel(order)
    bench.orders.apply(CancelRejected(ts_ns=1, client_id=order.client_id, reason="too late"))
    assert order.lots == 15
    assert order.cancel_requested_ns == 0


def test_lesson_05_a_size_below_what_has_filled_counts_as_nothing() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(sell(10, price=LAST)))
    bench.fill(order, 6)
    bench.orders.apply(amended(order, 4))
    assert order.remaining == 0
    assert bench.orders.by_symbol[BTC].worst_sells == 0
    bench.orders.apply(OrderCancelled(ts_ns=1, client_id=order.client_id))
    assert bench.orders.by_symbol[BTC].worst_sells == 0


# --- Looking ---------------------------------------------------------------------------------------------------------


def test_lesson_06_a_stop_is_live_only_once_the_venue_has_it() -> None:
    bench = Bench()
    bench.hold(BTC, 10)
    stop = bench.submit(sell(10, stop_price=LAST - 9, reduce_only=True, role=OrderRole.PROTECTIVE_STOP))
    assert bench.orders.live_stop("manual", BTC) is None
    bench.accept(stop, held=True)
    assert bench.orders.live_stop("manual", BTC) is None
    bench.orders.apply(OrderTriggered(ts_ns=1, client_id=stop.client_id, released=True))
    assert bench.orders.live_stop("manual", BTC) is stop
    assert bench.orders.live_stop("ema", BTC) is None
    bench.orders.mark_unknown(stop, "no answer")
    assert bench.orders.live_stop("manual", BTC) is None


def test_looking_makes_no_group_for_a_symbol() -> None:
    bench = Bench()
    assert bench.orders.open_orders(ETH) == []
    assert bench.orders.live_stop("manual", ETH) is None
    assert bench.orders.by_symbol == {}


def test_open_orders_are_told_apart_by_symbol_and_owner() -> None:
    bench = Bench()
    first = bench.submit(buy(1, owner="ema"))
    second = bench.submit(buy(1, ETH, owner="ema"))
    third = bench.submit(buy(1, owner="grid"))
    assert bench.orders.open_orders() == [first, third, second]
    assert bench.orders.open_orders(BTC) == [first, third]
    assert bench.orders.open_orders(owner="ema") == [first, second]
    assert bench.orders.open_orders(BTC, "grid") == [third]


def test_an_adopted_order_counts_as_its_state_says() -> None:
    bench = Bench()
    order = bench.submit(buy(7, price=LAST))
    bench.fill(order, 2)
    again = Bench()
    again.orders.adopt(order)
    assert again.orders.by_symbol[BTC].worst_buys == 5
    bench.fill(order)
    third = Bench()
    third.orders.adopt(order)
    assert (third.orders.open_count, third.orders.orders[order.client_id]) == (0, order)
    assert order.side is Side.BUY


def test_terms_that_come_late_are_known_as_old() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.orders.apply(msgspec.structs.replace(amended(order, 4), version=3))
    assert bench.orders.apply(msgspec.structs.replace(amended(order, 8), version=2)) is None
    assert bench.orders.apply(msgspec.structs.replace(amended(order, 4), version=3)) is None
    assert (order.lots, order.terms_version) == (4, 3)


def test_an_answer_with_newer_terms_brings_them() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    answer = OrderStatus(
        ts_ns=5, client_id=order.client_id, found=True, asked_ns=1, state=OrderState.ACCEPTED, lots=6, price=LAST - 3
    )
    settle(bench, answer)
    assert (order.lots, order.price) == (6, LAST - 3)
    settle(bench, msgspec.structs.replace(answer, lots=7, version=2))
    settle(bench, msgspec.structs.replace(answer, lots=8, version=2))
    assert order.lots == 7


def test_a_change_that_never_arrived_counts_no_longer_once_that_is_proved() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(10, price=LAST)))
    bench.orders.request_amend(order, LAST, 0, 15, EXPIRES_NS)
    answer = OrderStatus(
        ts_ns=5,
        client_id=order.client_id,
        found=True,
        asked_ns=EXPIRES_NS,
        state=OrderState.ACCEPTED,
        lots=10,
        price=LAST,
    )
    settle(bench, answer)
    assert order.lots == 15, "it may still have been on its way"
    settle(bench, msgspec.structs.replace(answer, asked_ns=EXPIRES_NS + 1))
    assert order.lots == 10
    assert kinds(bench.events)[-1] == "AmendRejected"


def test_ended_orders_and_their_fills_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workstation.trading.order_manager.REMEMBERED_ORDERS", 3)
    bench = Bench()
    orders = []
    for number in range(5):
        order = bench.accept(bench.submit(buy(1, price=LAST - number)))
        bench.orders.apply(fill_of(order, f"fill-{number}", 1))
        orders.append(order.client_id)
    assert list(bench.orders.orders) == orders[2:]
    assert bench.orders.open_count == 0
