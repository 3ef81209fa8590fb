"""The order state machine: each state and report is in the table or refused, whatever the order of the reports."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.unit.trading.bench import BTC, EXPIRES_NS, LAST, START_NS, Bench, buy, fill_of, kinds, sell
from workstation.core.messages import (
    AmendRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUnknown,
)
from workstation.core.orders import Order
from workstation.core.types import Liquidity, OrderState, Severity, Side
from workstation.trading.order_states import TRANSITIONS, OrderReport

REPORTS = (
    OrderAccepted,
    OrderRejected,
    OrderUnknown,
    OrderTriggered,
    OrderReleased,
    OrderFilled,
    OrderCancelled,
    OrderExpired,
    OrderAmended,
)
S = OrderState
LIVE = {S.SUBMITTED, S.UNKNOWN, S.HELD, S.ACCEPTED, S.TRIGGERED, S.PARTIALLY_FILLED}


def report_on(order: Order, kind: type, **changes: Any) -> OrderReport:
    terms: dict[str, Any] = {"ts_ns": START_NS + 7, "client_id": order.client_id}
    if kind is OrderAccepted:
        terms |= {"venue_id": "V1"}
    elif kind is OrderRejected:
        terms |= {"code": "X", "reason": "said so"}
    elif kind is OrderUnknown:
        terms |= {"reason": "no answer"}
    elif kind is OrderReleased:
        terms |= {"expires_ns": START_NS + 100}
    elif kind is OrderFilled:
        return fill_of(order, changes.get("fill_id", "f1"), changes.get("lots", 1))
    elif kind is OrderAmended:
        terms |= {"price": order.price, "stop_price": order.stop_price, "lots": order.lots}
    report: OrderReport = kind(**(terms | changes))
    return report


def order_in(bench: Bench, state: OrderState, lots: int = 10) -> Order:
    """An order that came to this state in one of the ways there are."""
    order = bench.submit(buy(lots, price=LAST - 10))
    path: dict[OrderState, tuple[OrderReport, ...]] = {
        S.SUBMITTED: (),
        S.UNKNOWN: (report_on(order, OrderUnknown),),
        S.HELD: (report_on(order, OrderAccepted, held=True),),
        S.ACCEPTED: (report_on(order, OrderAccepted),),
        S.TRIGGERED: (report_on(order, OrderAccepted), report_on(order, OrderTriggered)),
        S.PARTIALLY_FILLED: (report_on(order, OrderFilled, fill_id="f0", lots=4),),
        S.FILLED: (report_on(order, OrderFilled, fill_id="f0", lots=lots),),
        S.CANCELLED: (report_on(order, OrderCancelled),),
        S.EXPIRED: (report_on(order, OrderExpired),),
        S.REJECTED: (report_on(order, OrderRejected),),
    }
    for report in path[state]:
        assert bench.orders.apply(report) is order
    assert order.state is state
    return order


def test_the_table_speaks_of_every_state_and_report_or_refuses() -> None:
    assert {state for state, _ in TRANSITIONS} == set(OrderState)
    assert {report for _, report in TRANSITIONS} == set(REPORTS)


def test_lesson_01_only_fills_are_taken_after_the_end() -> None:
    for (state, report), new_state in TRANSITIONS.items():
        if state.is_terminal:
            assert report is OrderFilled
            assert new_state is state
        elif new_state.is_terminal:
            assert report in (OrderRejected, OrderCancelled, OrderExpired)


def test_lesson_01_no_report_of_the_venue_can_be_lost_on_an_unknown_order() -> None:
    for report in REPORTS:
        if report is not OrderReleased:
            assert (S.UNKNOWN, report) in TRANSITIONS


@pytest.mark.parametrize(("state", "kind"), list(product(OrderState, REPORTS)))
def test_each_pair_is_applied_as_the_table_says_or_refused(state: OrderState, kind: type) -> None:
    bench = Bench()
    order = order_in(bench, state)
    filled, events = order.filled_lots, len(bench.events)
    result = bench.orders.apply(report_on(order, kind))
    expected = TRANSITIONS.get((state, kind))
    if expected is None:
        assert result is None
        assert bench.orders.refused_reports == 1
        assert (order.state, order.filled_lots, len(bench.events)) == (state, filled, events)
        return
    assert bench.orders.refused_reports == 0
    live_with_fills = filled and expected.is_open and expected is not S.UNKNOWN
    assert order.state is (S.PARTIALLY_FILLED if live_with_fills else expected)
    assert order.is_open == (order.client_id in bench.orders.by_symbol[BTC].orders)
    assert bench.orders.open_count == int(order.is_open)


@pytest.mark.parametrize("state", OrderState)
def test_a_complete_fill_ends_an_order_in_every_state(state: OrderState) -> None:
    bench = Bench()
    order = order_in(bench, state)
    bench.orders.apply(fill_of(order, "last", max(1, order.remaining)))
    assert order.state is S.FILLED
    assert bench.orders.by_symbol[BTC].worst_buys == 0


def test_a_doubled_or_late_acceptance_does_not_hold_a_live_order_back() -> None:
    bench = Bench()
    child = bench.submit(buy(5, price=LAST - 9))
    held = report_on(child, OrderAccepted, held=True)
    released = report_on(child, OrderTriggered, released=True)
    for report, state in (
        (held, S.HELD),
        (released, S.ACCEPTED),
        (held, S.ACCEPTED),
        (released, S.ACCEPTED),
        (report_on(child, OrderTriggered), S.TRIGGERED),
        (held, S.TRIGGERED),
        (released, S.TRIGGERED),
        (fill_of(child, "f1", 2), S.PARTIALLY_FILLED),
        (held, S.PARTIALLY_FILLED),
    ):
        bench.orders.apply(report)
        assert child.state is state


def test_a_release_that_overtakes_the_acceptance_leads_to_a_working_order() -> None:
    bench = Bench()
    child = bench.submit(buy(5, price=LAST - 9))
    bench.orders.apply(report_on(child, OrderTriggered, released=True))
    assert child.state is S.ACCEPTED
    assert bench.orders.apply(report_on(child, OrderAccepted, held=True)) is child
    assert (child.state, child.venue_id) == (S.ACCEPTED, "V1")
    assert kinds(bench.events) == ["OrderSubmitted", "OrderTriggered", "OrderAccepted"]


class OrderReportsMachine(RuleBasedStateMachine):
    """Reports of a venue in any order, doubled and late, against what the venue itself counted."""

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.sent: list[Order] = []
        self.booked: dict[str, dict[str, int]] = {}
        self.past: list[OrderReport] = []
        self.number = 0

    @rule(target=orders, lots=st.integers(1, 20), selling=st.booleans(), exit_=st.booleans())
    def submit(self, lots: int, selling: bool, exit_: bool) -> Order:
        bench = self.bench
        bench.wait(60_000_000_000)
        if exit_:
            bench.hold(BTC, 20 if selling else -20, owner=f"o{self.number}")
        place = sell if selling else buy
        price = LAST + (50 if selling else -50) * (1 + self.number % 2)
        order = bench.submit(place(lots, price=price, reduce_only=exit_, owner=f"o{self.number}"))
        self.number += 1
        self.sent.append(order)
        self.booked[order.client_id] = {}
        return order

    def apply(self, report: OrderReport) -> None:
        order = self.bench.orders.orders[report.client_id]
        was_terminal = order.state.is_terminal
        self.bench.orders.apply(report)
        self.past.append(report)
        if was_terminal:
            assert order.state.is_terminal
        if isinstance(report, OrderFilled):
            self.booked[report.client_id][report.fill_id] = report.lots

    @rule(order=orders, kind=st.sampled_from([k for k in REPORTS if k not in (OrderFilled, OrderAmended)]))
    def tell(self, order: Order, kind: type) -> None:
        self.apply(report_on(order, kind))

    @rule(order=orders, held=st.booleans(), released=st.booleans())
    def tell_of_a_child(self, order: Order, held: bool, released: bool) -> None:
        self.apply(report_on(order, OrderAccepted, held=held))
        self.apply(report_on(order, OrderTriggered, released=released))

    @rule(order=orders, lots=st.integers(1, 12))
    def fill(self, order: Order, lots: int) -> None:
        self.number += 1
        self.apply(fill_of(order, f"fill{self.number}", lots))

    @rule(order=orders, lots=st.integers(1, 25))
    def ask_for_a_change(self, order: Order, lots: int) -> None:
        if order.is_open:
            self.bench.orders.request_amend(order, order.price, 0, lots, EXPIRES_NS)

    @rule(order=orders, lots=st.integers(1, 25))
    def change(self, order: Order, lots: int) -> None:
        self.apply(report_on(order, OrderAmended, lots=lots))

    @rule(order=orders)
    def ask_for_a_cancel(self, order: Order) -> None:
        self.bench.orders.request_cancel(order)

    @rule(order=orders)
    def refuse(self, order: Order) -> None:
        self.apply(
            AmendRejected(ts_ns=START_NS, client_id=order.client_id, reason="too late", amendment=order.amendments)
        )

    @rule(data=st.data())
    def repeat_an_old_report(self, data: st.DataObject) -> None:
        if self.past:
            self.apply(data.draw(st.sampled_from(self.past)))

    @invariant()
    def open_orders_and_the_worst_case_are_those_of_the_orders(self) -> None:
        manager = self.bench.orders
        open_orders = [order for order in self.sent if order.is_open]
        assert sorted(o.client_id for o in manager.open_orders()) == sorted(o.client_id for o in open_orders)
        assert manager.open_count == len(open_orders)
        for side, worst in ((Side.BUY, "worst_buys"), (Side.SELL, "worst_sells")):
            expected = sum(o.remaining for o in open_orders if o.side is side and not o.reduce_only)
            counted = getattr(manager.by_symbol[BTC], worst) if BTC in manager.by_symbol else 0
            assert counted == expected

    @invariant()
    def fills_are_booked_once_and_beyond_the_size_only_with_an_alarm(self) -> None:
        for order in self.sent:
            assert order.filled_lots == sum(self.booked[order.client_id].values())
            assert order.filled_value == order.filled_lots * LAST
            if order.state is S.FILLED:
                assert order.filled_lots >= order.lots
        beyond = any(o.filled_lots > o.lots for o in self.sent)
        warned = any(severity is Severity.ERROR for severity, _ in self.bench.alarms)
        changed = any(isinstance(report, OrderAmended | AmendRejected) for report in self.past)
        assert warned or changed or not beyond

    @invariant()
    def nothing_is_sent_that_was_not_journalled(self) -> None:
        submitted = [e.client_id for e in self.bench.events if isinstance(e, OrderSubmitted)]
        assert submitted == [o.client_id for o in self.sent]


OrderReportsMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOrderReports = OrderReportsMachine.TestCase


def test_a_fill_beyond_the_size_is_booked_and_alarmed() -> None:
    bench = Bench()
    order = bench.accept(bench.submit(buy(5, price=LAST)))
    bench.orders.apply(fill_of(order, "f1", 7))
    assert (order.state, order.filled_lots, order.remaining) == (S.FILLED, 7, 0)
    assert [severity for severity, text in bench.alarms if "by 2 lots beyond" in text] == [Severity.ERROR]
    assert bench.orders.by_symbol[BTC].worst_buys == 0


def test_a_report_on_a_foreign_order_is_an_alarm_and_changes_nothing() -> None:
    bench = Bench()
    foreign = OrderFilled(
        ts_ns=1,
        client_id="web-1",
        fill_id="f",
        symbol=BTC,
        side=Side.BUY,
        price=LAST,
        lots=1,
        fee=0,
        fee_asset="USDT",
        liquidity=Liquidity.TAKER,
    )
    assert bench.orders.apply(foreign) is None
    assert bench.alarms[0][0] is Severity.ERROR
    assert "web-1" in bench.alarms[0][1]
    assert not bench.events
