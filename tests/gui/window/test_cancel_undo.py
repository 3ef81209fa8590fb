"""Undo of cancels: the same orders again, where that is honest, and it says what is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gui.conftest import Workstation
from workstation.core.algorithms import ParentOrder, Scaled
from workstation.core.messages import BookSnapshot, CancelOrder, StartAlgorithm
from workstation.core.timeframe import SECOND_NS
from workstation.core.types import OrderState, OrderType, Side, TimeInForce
from workstation.services.remote_engine import ASKING


def message(station: Workstation) -> str:
    return station.window.banner.accessibleDescription()


def undo(station: Workstation) -> None:
    assert station.window.banner.action.text() == "Undo"
    station.click(station.window.banner.action)
    station.pass_time(1)


def working(station: Workstation) -> list[tuple[int, int, int]]:
    return [(o.price, o.lots, o.stop_price) for o in station.kernel.orders.open_orders()]


def test_cancel_all_is_taken_back_with_what_had_not_filled(station: Workstation) -> None:
    station.rest()
    station.pass_time(1)
    station.rest(lots=500, below=0.007)
    station.pass_time(1)
    before = working(station)
    station.click(station.window.banner.panic.cancel_all)
    station.pass_time(1)
    assert not working(station)
    assert message(station).startswith("Cancelled 2 of 2 entries, ")
    undo(station)
    assert sorted(working(station)) == sorted(before)
    assert message(station) == "Placed 2 of 2 again. Their places in the queue are lost."
    assert all(order.reason == "placed again" for order in station.kernel.orders.open_orders())


def test_what_would_trade_at_once_by_now_stays_cancelled(station: Workstation) -> None:
    price = int(station.last("BTCUSDT") * 0.997)
    station.rest(below=0.003)
    station.pass_time(1)
    rests = station.rest(lots=500, below=0.007)
    station.pass_time(1)
    station.click(station.window.banner.panic.cancel_all)
    station.pass_time(1)
    book = station.kernel.markets["BTCUSDT"].book
    fallen = ((price - 300, 9_000),), ((price - 200, 9_000),)
    station.session.dispatch(BookSnapshot("BTCUSDT", station.clock.now, book.sequence + 1, *fallen))
    station.click(station.window.banner.action)
    assert message(station).startswith("Placed 1 of 2 again.")
    assert message(station).endswith("1 would trade at once by now, and stayed cancelled.")
    assert [lots for _, lots, _ in working(station)] == [station.kernel.orders.orders[rests].lots]


def test_it_does_not_wait_for_what_an_engine_elsewhere_would_say(
    station: Workstation, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.rest()
    station.pass_time(1)
    before = working(station)
    station.click(station.window.banner.panic.cancel_all)
    station.pass_time(1)
    monkeypatch.setattr(station.engine, "preview", lambda intent: ASKING)
    station.click(station.window.banner.action)
    assert working(station) == before


def test_one_that_is_cancelled_in_a_table_too_and_its_bracket_with_it(station: Workstation) -> None:
    last = station.last("BTCUSDT")
    entry = station.rest(lots=300, below=0.006)
    station.pass_time(1)
    station.model.command(CancelOrder(client_id=entry))
    station.pass_time(1)
    assert message(station).startswith("Cancelled 1 of 1 buy, ")
    undo(station)
    assert len(working(station)) == 1
    (again,) = station.kernel.orders.open_orders()
    station.model.command(CancelOrder(client_id=again.client_id))
    station.pass_time(3)
    price = int(last * 0.99)
    bracketed = station.rest(lots=300, below=0.006)
    station.pass_time(1)
    station.model.command(CancelOrder(client_id=bracketed))
    station.pass_time(3)
    whole = station.buy(lots=300, type="limit", price=price, stop_loss=price - 30_000, take_profit=price + 30_000)
    station.pass_time(1)
    exits = sorted(o.stop_price for o in station.kernel.orders.open_orders() if o.parent_id == whole)
    station.model.command(CancelOrder(client_id=whole))
    station.pass_time(2)
    undo(station)
    held = [o for o in station.kernel.orders.open_orders() if o.state is OrderState.HELD]
    assert sorted(o.stop_price for o in held) == exits


def test_what_an_algorithm_had_placed_is_not_placed_again_by_hand(station: Workstation) -> None:
    last = station.last("BTCUSDT")
    plan = Scaled(first_price=last - 20_000, last_price=last - 40_000, count=3)
    station.command(StartAlgorithm(order=ParentOrder(symbol="BTCUSDT", side=Side.BUY, lots=900, plan=plan)))
    station.pass_time(1)
    station.click(station.window.banner.panic.cancel_all)
    station.pass_time(1)
    assert message(station).startswith("Cancelled 3 of 3 entries, ")
    assert not station.window.banner.action.text()


def test_the_date_and_the_shown_part_come_back_too(station: Workstation) -> None:
    ends_ns = station.kernel.clock.time_ns + 3600 * SECOND_NS
    price = int(station.last("BTCUSDT") * 0.99)
    dated: dict[str, Any] = {"time_in_force": TimeInForce.GTD, "good_till_ns": ends_ns, "visible_lots": 200}
    name = station.buy(lots=1000, type=OrderType.LIMIT, price=price, **dated)
    station.pass_time(1)
    station.model.command(CancelOrder(client_id=name))
    station.pass_time(1)
    undo(station)
    (again,) = station.kernel.orders.open_orders()
    assert (again.time_in_force, again.good_till_ns, again.visible_lots) == (TimeInForce.GTD, ends_ns, 200)
