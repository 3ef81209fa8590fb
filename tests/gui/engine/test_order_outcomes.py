"""What a person is told of an order of theirs that did not come to what they take for granted."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Workstation
from widgets.engine.order_words import outcome_words
from workstation.core.messages import CancelRejected, OrderAccepted, OrderExpired, OrderRejected, OrderUnknown
from workstation.core.types import OrderType, Severity


def message(station: Workstation) -> str:
    return station.window.banner.accessibleDescription()


def test_an_order_that_the_venue_ends_at_once_is_not_left_as_sent(station: Workstation) -> None:
    price = station.last("BTCUSDT") * 101 // 100
    station.buy(lots=300, type=OrderType.LIMIT, price=price, post_only=True)
    station.frame()
    station.pass_time(2)
    assert message(station).startswith("It has ended: buy 0.003 BTCUSDT, limit ")
    assert "Post-only: it would have taken liquidity." in message(station)


def test_what_only_did_as_it_was_asked_tells_no_more(station: Workstation) -> None:
    station.rest(lots=300)
    station.pass_time(2)
    assert "The venue" not in message(station)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (OrderRejected, "The venue refused buy 0.003 BTCUSDT, limit {}: too many requests."),
        (OrderExpired, "It has ended: buy 0.003 BTCUSDT, limit {}: too many requests."),
        (CancelRejected, "Not cancelled: buy 0.003 BTCUSDT, limit {}: too many requests."),
        (
            OrderUnknown,
            "In doubt, being asked for; do not send it again: buy 0.003 BTCUSDT, limit {}: too many requests.",
        ),
    ],
)
def test_each_outcome_has_its_sentence(station: Workstation, kind: type, words: str) -> None:
    name = station.rest(lots=300)
    order = station.engine.order(name)
    assert order is not None
    code = {"code": "429"} if kind is OrderRejected else {}
    event = kind(ts_ns=0, client_id=name, reason="too many requests.", **code)
    assert outcome_words(event, order, was_in_doubt=False) == words.format(order.price)


def test_what_was_in_doubt_and_is_there_is_told(station: Workstation) -> None:
    name = station.rest(lots=300)
    order = station.engine.order(name)
    assert order is not None
    accepted = OrderAccepted(ts_ns=0, client_id=name, venue_id="1")
    assert outcome_words(accepted, order, was_in_doubt=False) == ""
    assert outcome_words(accepted, order, was_in_doubt=True).startswith("The venue has it: buy 0.003 BTCUSDT")


@pytest.mark.allow_log_warnings("liquidated", "strategy")
def test_an_alarm_of_the_engine_is_told_at_once(station: Workstation) -> None:
    station.kernel.alarm(Severity.ERROR, "The venue liquidated the position in BTCUSDT.")
    station.kernel._log(Severity.ERROR, "grid", "A line of a strategy.")
    station.pass_time(1)
    assert message(station) == "The venue liquidated the position in BTCUSDT."
