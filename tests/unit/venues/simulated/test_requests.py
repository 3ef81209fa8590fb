from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from tests.unit.venues.simulated.desk_driver import BUY, SELL, SPOT, SYMBOL, Driver
from workstation.core.messages import (
    AmendRejected,
    CancelRejected,
    OrderAmended,
    OrderExpired,
    OrderRejected,
    OrderStatus,
)
from workstation.core.money import to_money
from workstation.core.orders import GATE_SEAL, Approved, Intent, SnapshotRequest
from workstation.core.types import OrderState, OrderType
from workstation.venues.simulated.latency import LatencyModel

MS = 1_000_000


def test_a_client_id_is_accepted_once():
    driver = Driver()
    order = driver.order(BUY, 5)
    driver.order(BUY, 5, client_id=order)
    refusal = driver.last(order)
    assert isinstance(refusal, OrderRejected) and refusal.code == "DUPLICATE"
    assert driver.prices() == [(101, 5)]
    resting = driver.limit(BUY, 5, 90)
    driver.limit(BUY, 5, 90, client_id=resting)
    assert driver.last(resting).code == "DUPLICATE" and resting in driver.state.orders


def test_a_refused_id_stays_refused():
    driver = Driver()
    order = driver.order(BUY, 0)
    assert driver.last(order).code == "QUANTITY"
    driver.order(BUY, 5, client_id=order)
    assert driver.last(order).code == "DUPLICATE"


def test_an_expired_request_never_executes():
    driver = Driver(latency_mean_ms=Decimal(100), latency_p95_ms=Decimal(100))
    late = driver.send(BUY, 5, expires_ns=driver.clock.time_ns + 50 * MS - 1)
    timely = driver.send(BUY, 5, expires_ns=driver.clock.time_ns + 50 * MS)
    driver.wait(100 * MS)
    assert isinstance(driver.last(late), OrderExpired) and driver.last(late).reason == "request expired"
    assert driver.prices(late) == [] and driver.prices(timely) == [(101, 5)]


def test_requests_and_reports_take_half_the_latency_each():
    driver = Driver(latency_mean_ms=Decimal(100), latency_p95_ms=Decimal(100))
    sent_ns = driver.clock.time_ns
    order = driver.send(BUY, 5)
    driver.wait(50 * MS)
    assert driver.state.lots == 5 and driver.reports == []
    driver.wait(50 * MS)
    assert driver.said(order) == ["OrderAccepted", "OrderFilled"]
    assert {report.ts_ns for report in driver.reports} == {sent_ns + 100 * MS}


def test_reports_arrive_in_order_and_requests_do_not_overtake():
    driver = Driver(latency_mean_ms=Decimal(120), latency_p95_ms=Decimal(300), seed=7)
    orders = [driver.send(BUY, 1, OrderType.LIMIT, price=90) for _ in range(50)]
    driver.wait(5_000 * MS)
    assert [getattr(report, "client_id", "") for report in driver.reports] == orders
    times = [report.ts_ns for report in driver.reports]
    assert times == sorted(times)


def test_latency_has_the_configured_mean_and_percentile():
    model = LatencyModel(Decimal(120), Decimal(300), Random(3))
    draws = sorted(2 * model.one_way_ns() / MS for _ in range(40_000))
    assert sum(draws) / len(draws) == pytest.approx(120, rel=0.03)
    assert draws[int(0.95 * len(draws))] == pytest.approx(300, rel=0.04)
    assert LatencyModel(Decimal(0), Decimal(300), Random(3)).one_way_ns() == 0
    assert LatencyModel(Decimal(100), Decimal(100), Random(3)).one_way_ns() == 50 * MS


@pytest.mark.parametrize(
    ("code", "terms"),
    [
        ("QUANTITY", {"lots": 0}),
        ("QUANTITY", {"lots": 10_000_001}),
        ("PRICE", {"lots": 1, "type": OrderType.LIMIT}),
        ("PRICE", {"lots": 1, "type": OrderType.STOP}),
        ("PRICE", {"lots": 1, "type": OrderType.STOP_LIMIT, "stop_price": 90}),
        ("PRICE", {"lots": 1, "type": OrderType.TRAILING_STOP}),
        ("MINIMUM_NOTIONAL", {"lots": 1, "type": OrderType.LIMIT, "price": 49}),
        ("REDUCE_ONLY", {"lots": 1, "reduce_only": True}),
        ("INSUFFICIENT_MARGIN", {"lots": 10_000_000}),
    ],
)
def test_refusals(code, terms):
    driver = Driver(cash={"USDT": 10**14})
    lots = terms.pop("lots")
    order = driver.order(SELL, lots, terms.pop("type", OrderType.MARKET), **terms)
    assert isinstance(driver.last(order), OrderRejected)
    assert driver.last(order).code == code
    assert not driver.venue._desk.orders


def test_an_unknown_symbol_is_refused():
    driver = Driver()
    intent = Intent(symbol="XYZ", side=BUY, lots=1)
    driver.venue.send(Approved(GATE_SEAL, intent, "x", 0, 0))
    driver.settle()
    assert driver.last("x").code == "UNKNOWN_SYMBOL"


def test_open_orders_bind_their_margin():
    driver = Driver(cash={"USDT": 100 * 100_000_000})
    # 100 lots at 90 are worth 900 USDT: 90 of margin at 10 times.
    driver.limit(BUY, 100, 90)
    refused = driver.limit(BUY, 50, 80)
    assert driver.last(refused).code == "INSUFFICIENT_MARGIN"
    accepted = driver.limit(BUY, 10, 90)
    assert driver.said(accepted) == ["OrderAccepted"]


def test_spot_orders_need_their_balance():
    driver = Driver(SPOT, cash={"USDT": 1_000 * 100_000_000, "BTC": 0})
    assert driver.last(driver.order(SELL, 1)).code == "INSUFFICIENT_BALANCE"
    assert driver.last(driver.limit(BUY, 101, 100)).code == "INSUFFICIENT_BALANCE"
    first = driver.limit(BUY, 60, 90)
    assert driver.said(first) == ["OrderAccepted"]
    assert driver.last(driver.limit(BUY, 60, 90)).code == "INSUFFICIENT_BALANCE"
    driver.cancel(first)
    driver.order(BUY, 10)
    assert driver.last(driver.order(SELL, 11)).code == "INSUFFICIENT_BALANCE"
    resting = driver.limit(SELL, 6, 120)
    assert driver.said(resting) == ["OrderAccepted"]
    assert driver.last(driver.limit(SELL, 5, 120)).code == "INSUFFICIENT_BALANCE"


def test_reduce_only_is_cut_to_the_position():
    driver = Driver()
    driver.order(BUY, 5)
    order = driver.order(SELL, 8, reduce_only=True)
    assert driver.prices(order) == [(100, 5)]
    assert isinstance(driver.last(order), OrderExpired)
    assert driver.state.lots == 0


def test_cancel():
    driver = Driver()
    order = driver.limit(BUY, 5, 99)
    driver.cancel(order)
    assert driver.said(order) == ["OrderAccepted", "OrderCancelled"]
    driver.cancel(order)
    assert isinstance(driver.last(order), CancelRejected)
    driver.cancel("nobody")
    assert isinstance(driver.last("nobody"), CancelRejected)


def test_amending_the_price_loses_the_place_and_less_quantity_keeps_it():
    driver = Driver()
    order = driver.limit(BUY, 5, 100)
    driver.trade(SELL, 10, 100)  # now first in the queue
    driver.amend(order, price=100, lots=4)
    assert isinstance(driver.last(order), OrderAmended)
    driver.trade(SELL, 1, 100)
    assert driver.prices(order) == [(100, 1)]
    driver.amend(order, price=99, lots=4)
    driver.trade(SELL, 20, 99)
    assert driver.prices(order) == [(100, 1)]
    driver.trade(SELL, 9, 99)
    assert driver.prices(order) == [(100, 1), (99, 3)]


def test_amending_to_a_crossing_price_takes():
    driver = Driver()
    order = driver.limit(BUY, 5, 100)
    driver.amend(order, price=101, lots=5)
    assert driver.said(order) == ["OrderAccepted", "OrderAmended", "OrderFilled"]
    assert driver.prices(order) == [(101, 5)]


def test_refused_amendments_change_nothing():
    driver = Driver()
    order = driver.limit(BUY, 12, 100, post_only=True)
    driver.trade(SELL, 15, 100)
    for terms in ({"price": 101, "lots": 12}, {"price": 0, "lots": 12}, {"price": 100, "lots": 5}):
        driver.amend(order, **terms)
        assert isinstance(driver.last(order), AmendRejected)
    driver.amend(order, price=99, lots=2_000_000_000)
    refusal = driver.last(order)
    assert isinstance(refusal, AmendRejected) and refusal.amendment == 4
    kept = driver.venue._desk.orders[order]
    assert (kept.limit, kept.lots, kept.resting) == (100, 12, True)


def test_amending_a_stop():
    driver = Driver()
    driver.trade(BUY, 1, 100)
    order = driver.order(SELL, 5, OrderType.STOP, stop_price=90)
    driver.amend(order, stop_price=95, lots=6)
    driver.trade(SELL, 1, 94)
    assert sum(lots for _, lots in driver.prices(order)) == 6


def test_queries_tell_all_that_is_known():
    driver = Driver()
    filled = driver.order(BUY, 15)
    resting = driver.limit(BUY, 5, 90)
    refused = driver.order(BUY, 0)
    for client_id in (filled, resting, refused, "nobody"):
        driver.query(client_id)
    answers = {r.client_id: r for r in driver.reports if isinstance(r, OrderStatus)}
    assert answers[filled].state is OrderState.FILLED
    assert answers[filled].fills == tuple(driver.fills(filled))
    assert answers[resting].state is OrderState.ACCEPTED and answers[resting].found
    assert answers[refused].state is OrderState.REJECTED and answers[refused].found
    assert not answers["nobody"].found


def test_snapshot_of_the_account():
    driver = Driver()
    driver.order(BUY, 5)
    order = driver.limit(SELL, 2, 120)
    snapshot = driver.venue.snapshot(SnapshotRequest(7))
    assert snapshot.orders is not None and snapshot.positions is not None and snapshot.balances is not None
    assert snapshot.asked_ns == 7
    assert [(resting.client_id, resting.lots, resting.price) for resting in snapshot.orders] == [(order, 2, 120)]
    assert [(position.symbol, position.lots) for position in snapshot.positions] == [(SYMBOL, 5)]
    assert snapshot.fills == tuple(driver.fills())
    assert snapshot.balances["USDT"] == driver.cash["USDT"]


def test_the_venue_says_what_it_can():
    assert Driver().venue.can.short and not Driver(SPOT).venue.can.short
    assert Driver().venue.can.order_types == frozenset(OrderType)


def test_the_memory_of_ended_orders_is_bounded(monkeypatch):
    monkeypatch.setattr("workstation.venues.simulated.desk.REMEMBERED_ORDERS", 3)
    driver = Driver()
    orders = [driver.order(BUY, 0) for _ in range(5)]
    assert list(driver.venue._desk.ended) == orders[2:]


def test_a_snapshot_tells_fills_since_the_last_known_one_and_only_the_parts_asked_for():
    driver = Driver()
    driver.order(BUY, 5)
    driver.settle()
    first = driver.fills()[-1]
    driver.clock.advance(driver.clock.time_ns + 1_000_000)
    driver.order(BUY, 2)
    known = ((SYMBOL, first.fill_id, first.ts_ns + 1),)
    snapshot = driver.venue.snapshot(SnapshotRequest(0, positions=False, known_fills=known))
    assert [fill.lots for fill in snapshot.fills or ()] == [2]
    assert snapshot.positions is None and snapshot.balances is None
    assert snapshot.orders == ()


def test_a_spot_balance_holds_what_was_bought():
    driver = Driver(SPOT)
    driver.order(BUY, 5)
    snapshot = driver.venue.snapshot(SnapshotRequest(0))
    instrument = driver.venue._states[SYMBOL].instrument
    assert snapshot.positions == () and snapshot.balances is not None
    assert snapshot.balances[instrument.base] == to_money(instrument.quantity(5))
