"""Prices that orders are asked to have: what counts as an answer, and what does not."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from widgets.chart.trading.wanted_prices import PATIENCE_NS, WantedPrices, at_price, stop_or_target
from widgets.engine.order_words import working_price
from workstation.core.types import OrderRole, OrderState, OrderType, Side
from workstation.core.views import OrderView

ORDER = OrderView(
    client_id="a",
    symbol="BTCUSDT",
    owner="manual",
    side=Side.BUY,
    type=OrderType.LIMIT,
    role=OrderRole.ENTRY,
    state=OrderState.ACCEPTED,
    quantity=Decimal(1),
    filled=Decimal(0),
    price=Decimal(100),
    stop_price=None,
    average_price=None,
    reduce_only=False,
    created_ns=0,
    updated_ns=0,
    reason="",
    note="",
)


def elsewhere(price: int, **changes: object) -> OrderView:
    return msgspec.structs.replace(ORDER, price=Decimal(price), **changes)


def test_an_order_stands_where_it_is_wanted_until_the_venue_has_it_there() -> None:
    wanted = WantedPrices()
    wanted.drag("a", Decimal(90))
    wanted.settle({"a": elsewhere(90)})
    assert "a" in wanted, "what is under the hand needs no answer"
    wanted.ask("a", 0)
    wanted.settle({"a": ORDER})
    assert list(wanted.applied([ORDER])) == [elsewhere(90)]
    assert wanted.moved([ORDER]) == [ORDER]
    wanted.settle({"a": elsewhere(90)})
    assert "a" not in wanted
    assert list(wanted.applied([ORDER])) == [ORDER]


@pytest.mark.parametrize("orders", [{}, {"a": elsewhere(100, state=OrderState.CANCELLED)}])
def test_an_order_that_ended_is_wanted_nowhere(orders: dict[str, OrderView]) -> None:
    wanted = WantedPrices()
    wanted.drag("a", Decimal(90))
    wanted.settle(orders)
    assert "a" not in wanted


def test_without_an_answer_the_line_goes_back_after_a_while_and_not_before() -> None:
    wanted = WantedPrices()
    wanted.drag("a", Decimal(90))
    assert wanted.overdue(1 << 60) == []
    wanted.ask("a", 5)
    assert wanted.overdue(5 + PATIENCE_NS) == []
    assert wanted.overdue(6 + PATIENCE_NS) == ["a"]
    assert "a" not in wanted


def test_a_trigger_is_moved_where_there_is_no_limit() -> None:
    stop = msgspec.structs.replace(ORDER, price=None, stop_price=Decimal(100), type=OrderType.STOP)
    wanted = WantedPrices()
    wanted.drag("a", Decimal(90))
    (moved,) = wanted.applied([stop])
    assert (moved.price, moved.stop_price) == (None, Decimal(90))


@pytest.mark.parametrize(
    ("price", "long", "kind"),
    [(99, True, "stop"), (101, True, "take_profit"), (99, False, "take_profit"), (101, False, "stop")],
)
def test_an_exit_on_the_side_of_the_loss_is_a_stop(price: int, long: bool, kind: str) -> None:
    assert stop_or_target(Decimal(100), Decimal(price), long) == kind


def test_a_stop_limit_moves_whole_until_it_has_triggered() -> None:
    waiting = elsewhere(103, type=OrderType.STOP_LIMIT, stop_price=Decimal(100))
    moved = at_price(waiting, Decimal(110))
    assert [working_price(waiting), moved.stop_price, moved.price] == [100, 110, 113]
    triggered = msgspec.structs.replace(waiting, state=OrderState.TRIGGERED)
    moved = at_price(triggered, Decimal(110))
    assert [working_price(triggered), moved.stop_price, moved.price] == [103, 100, 110]
