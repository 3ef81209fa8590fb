"""The venue's own icebergs: which the gate lets through, and what they are when another takes their place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.unit.trading.outside_venue import BTC, CAN, PRICE, Exchange
from workstation.core.messages import AmendOrder, OrderDenied
from workstation.core.orders import Approved, CancelRequest
from workstation.core.types import OrderType, Side, TimeInForce

LAST = PRICE[BTC]
ICEBERGS = msgspec.structs.replace(CAN, amend=False, iceberg_parts=10)


def ready(can: Any = ICEBERGS) -> Exchange:
    exchange = Exchange(can)
    exchange.tell_account()
    return exchange


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"visible_lots": 100}, "What an iceberg shows is above 0 and below its quantity, 0.00100."),
        ({"visible_lots": -1}, "What an iceberg shows is above 0 and below its quantity"),
        ({"visible_lots": 9}, "An iceberg has at most 10 parts here: show at least 0.00010."),
        ({"time_in_force": TimeInForce.IOC}, "Only a limit order that rests can be an iceberg."),
        ({"type": OrderType.MARKET, "price": 0}, "Only a limit order that rests can be an iceberg."),
    ],
)
def test_what_is_no_iceberg_is_denied_in_one_sentence(terms: Any, sentence: str) -> None:
    exchange = ready()
    assert not exchange.place(Side.BUY, 100, **{"price": LAST - 10, "visible_lots": 20} | terms)
    (denied,) = exchange.records(OrderDenied)
    assert denied.code == "ICEBERG"
    assert denied.text.startswith(sentence)


def test_a_venue_without_icebergs_has_a_sentence_for_it() -> None:
    exchange = ready(CAN)
    assert not exchange.place(Side.BUY, 100, price=LAST - 10, visible_lots=20)
    (denied,) = exchange.records(OrderDenied)
    assert denied.text == "The venue has no icebergs of its own: choose the iceberg that the engine runs."


@pytest.mark.parametrize(("filled", "shown"), [(0, 20), (79, 20), (80, 0), (91, 0)])
def test_one_that_takes_anothers_place_shows_as_much_of_what_is_left(filled: int, shown: int) -> None:
    exchange = ready()
    client_id = exchange.place(Side.BUY, 100, price=LAST - 10, visible_lots=20)
    exchange.accept(client_id)
    if filled:
        exchange.fill(client_id, filled)
    exchange.command(AmendOrder(client_id=client_id, price=LAST - 20))
    exchange.end(client_id)
    first, second = exchange.sent(Approved)
    assert (first.intent.visible_lots, second.intent.visible_lots) == (20, shown)


def test_a_change_that_would_have_too_many_parts_is_refused_before_the_old_order_goes() -> None:
    exchange = ready()
    client_id = exchange.place(Side.BUY, 100, price=LAST - 10, visible_lots=20)
    exchange.accept(client_id)
    told = exchange.command(AmendOrder(client_id=client_id, lots=201))
    assert "was denied (ICEBERG): An iceberg has at most 10 parts here" in told
    assert not exchange.sent(CancelRequest)
