"""Orders that come from a strategy core: each is answered, and none turns into one that the core does not know."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.trading.outside_venue import BTC, PRICE, Exchange
from workstation.core.messages import AmendRejected, TakeAmendment, TakeOrder
from workstation.core.orders import AmendRequest, CancelRequest, Intent
from workstation.core.types import MANUAL, OrderType, Side
from workstation.trading.intake import Intake

LAST = PRICE[BTC]


@pytest.fixture
def service() -> Exchange:
    made = Exchange()
    Intake(made.kernel)
    made.tell_account()
    return made


def order(service: Exchange, client_id: str, type_: OrderType, price: int = 0, stop_price: int = 0) -> None:
    terms = {"price": price, "stop_price": stop_price}
    intent = msgspec.structs.replace(Intent(symbol=BTC, side=Side.BUY, lots=100, type=type_, owner=MANUAL), **terms)
    service.kernel.dispatch(TakeOrder(client_id, intent, LAST, ts_ns=service.now_ns))
    service.accept(client_id)


def amend(service: Exchange, client_id: str, price: int = 0, stop_price: int = 0) -> None:
    service.kernel.dispatch(TakeAmendment(client_id, 1, price, stop_price, 100, ts_ns=service.now_ns))


def test_what_the_venue_can_change_is_changed(service: Exchange) -> None:
    order(service, "core-1", OrderType.LIMIT, price=LAST - 100)
    amend(service, "core-1", LAST - 200)
    assert [(r.client_id, r.price) for r in service.sent(AmendRequest)] == [("core-1", LAST - 200)]


def test_what_would_become_another_order_is_refused_and_stays(service: Exchange) -> None:
    order(service, "core-1", OrderType.STOP, stop_price=LAST + 1_000)
    amend(service, "core-1", stop_price=LAST + 2_000)
    (refused,) = service.records(AmendRejected)
    assert refused.amendment == 1 and "in place" in refused.reason
    assert service.order("core-1").is_open and not service.sent(CancelRequest)
    assert service.sent_ids() == ["core-1"]


def test_the_change_of_an_order_that_is_not_known_is_answered(service: Exchange) -> None:
    amend(service, "core-9")
    assert [r.client_id for r in service.records(AmendRejected)] == ["core-9"]
