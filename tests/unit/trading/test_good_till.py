"""Orders that are good till a date: who ends them, when, and after a restart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.trading.outside_venue import BTC, CAN, PRICE, Exchange
from workstation.core.messages import AmendOrder, CancelRejected, CancelRequested, OrderCancelled, OrderDenied
from workstation.core.orders import Approved, CancelRequest
from workstation.core.timeframe import HOUR_NS, SECOND_NS, utc_text
from workstation.core.types import OrderState, OrderType, Side, TimeInForce
from workstation.trading.good_till import AGAIN_NS, GRACE_NS

LAST = PRICE[BTC]
DATED = msgspec.structs.replace(
    CAN,
    good_till_types=frozenset({OrderType.LIMIT}),
    good_till_post_only=False,
    good_till_ahead_ns=600 * SECOND_NS,
)
"""Ends plain limit orders at their dates by itself, as USD-M does."""


def ready(can: Any = CAN) -> Exchange:
    exchange = Exchange(can)
    exchange.tell_account()
    return exchange


def place(exchange: Exchange, seconds: float, **terms: Any) -> str:
    until_ns = exchange.now_ns + int(seconds * SECOND_NS)
    dated: dict[str, Any] = {"price": LAST - 10, "time_in_force": TimeInForce.GTD, "good_till_ns": until_ns}
    return exchange.place(Side.BUY, 100, **dated | terms)


def working(exchange: Exchange, seconds: float, **terms: Any) -> str:
    client_id = place(exchange, seconds, **terms)
    exchange.accept(client_id)
    return client_id


def cancels(exchange: Exchange) -> list[str]:
    return [request.client_id for request in exchange.sent(CancelRequest)]


@pytest.mark.parametrize(
    ("seconds", "terms", "sentence"),
    [
        (-1, {}, "is over: choose a later date."),
        (0, {}, "is over: choose a later date."),
        (600, {}, "The venue takes dates from 600 s ahead"),
        (400 * 86_400, {}, "An order is good for at most 366 days: choose an earlier date."),
        (900, {"time_in_force": TimeInForce.GTC}, "A date belongs to a good-till-date order"),
        (900, {"good_till_ns": 0}, "such an order needs one."),
        (900, {"price": 0, "type": OrderType.MARKET}, "A market order does not wait for a date"),
    ],
)
def test_what_no_date_can_be_is_denied_in_one_sentence(seconds: float, terms: Any, sentence: str) -> None:
    exchange = ready(DATED)
    assert not place(exchange, seconds, **terms)
    (denied,) = exchange.records(OrderDenied)
    assert denied.code == "GOOD_TILL_DATE"
    assert sentence in denied.text


def test_the_least_time_ahead_is_asked_where_the_venue_keeps_the_date() -> None:
    exchange = ready(DATED)
    assert not place(exchange, 10)
    assert place(exchange, 10, post_only=True), "the engine keeps this one"
    assert place(exchange, 601)


def test_the_engine_ends_what_the_venue_does_not() -> None:
    exchange = ready()
    client_id = working(exchange, 60)
    (sent,) = exchange.sent(Approved)
    until_ns = sent.intent.good_till_ns
    exchange.wait(59)
    assert not cancels(exchange)
    exchange.wait(2)
    assert cancels(exchange) == [client_id]
    (asked,) = exchange.records(CancelRequested)
    assert asked.reason == f"its date has passed: good till {utc_text(until_ns)} UTC"
    assert until_ns <= asked.ts_ns < until_ns + 2 * SECOND_NS
    exchange.end(client_id)
    order = exchange.kernel.orders.orders[client_id]
    assert (order.state, order.note) == (OrderState.CANCELLED, f"good till {utc_text(until_ns)} UTC")


def test_an_order_that_ended_before_its_date_is_left_alone() -> None:
    exchange = ready()
    exchange.fill(working(exchange, 60), 100)
    exchange.wait(120)
    assert not cancels(exchange)


def test_the_venue_ends_its_own_and_what_it_forgets_is_cancelled_after_a_grace() -> None:
    exchange = ready(DATED)
    client_id = working(exchange, 700)
    exchange.wait(700 + GRACE_NS / SECOND_NS - 1)
    assert not cancels(exchange)
    exchange.wait(2)
    assert cancels(exchange) == [client_id]


def test_a_cancel_that_was_refused_is_asked_for_again() -> None:
    exchange = ready()
    client_id = working(exchange, 60)
    exchange.wait(61)
    exchange.kernel.dispatch(CancelRejected(ts_ns=exchange.now_ns, client_id=client_id, reason="not now"))
    assert cancels(exchange) == [client_id]
    exchange.wait(AGAIN_NS / SECOND_NS + 0.5)
    assert cancels(exchange) == [client_id, client_id]


def test_a_date_that_passed_while_the_engine_was_off_is_kept_first_thing() -> None:
    exchange = ready()
    over, later = working(exchange, 60), working(exchange, 2 * 3_600, price=LAST - 20)
    exchange.kernel.clock.time_ns += HOUR_NS
    fresh = Exchange(CAN, before=exchange)
    assert cancels(fresh) == [over]
    (asked,) = fresh.records(CancelRequested)
    assert asked.reason.startswith("its date has passed: good till ")
    fresh.tell_account()
    fresh.kernel.clock.advance(fresh.now_ns + HOUR_NS)
    fresh.wait(1)
    assert later in cancels(fresh)


def test_an_order_that_takes_anothers_place_has_its_date() -> None:
    exchange = ready(msgspec.structs.replace(CAN, amend=False))
    client_id = working(exchange, 60)
    exchange.command(AmendOrder(client_id=client_id, price=LAST - 20))
    exchange.end(client_id)
    first, second = exchange.sent(Approved)
    assert second.intent.price == LAST - 20
    assert (second.intent.time_in_force, second.intent.good_till_ns) == (TimeInForce.GTD, first.intent.good_till_ns)
    exchange.accept(second.client_id)
    exchange.wait(61)
    assert cancels(exchange)[-1] == second.client_id


def test_nothing_takes_the_place_of_an_order_whose_date_has_passed() -> None:
    exchange = ready(msgspec.structs.replace(CAN, amend=False))
    client_id = working(exchange, 60)
    exchange.command(AmendOrder(client_id=client_id, price=LAST - 20))
    exchange.wait(61)
    exchange.end(client_id)
    exchange.wait(5)
    assert len(exchange.sent(Approved)) == 1
    assert len(exchange.records(OrderCancelled)) == 1
