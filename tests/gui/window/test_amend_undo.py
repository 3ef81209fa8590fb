"""Undo of changed orders: back to the terms of before, while that is honest."""

from __future__ import annotations

from tests.gui.conftest import Workstation
from workstation.core.messages import AmendOrder, CancelOrder
from workstation.core.orders import Order


def message(station: Workstation) -> str:
    return station.window.banner.accessibleDescription()


def order(station: Workstation, client_id: str) -> Order:
    return station.kernel.orders.orders[client_id]


def undo(station: Workstation) -> None:
    assert station.window.banner.action.isVisible() and station.window.banner.action.text() == "Undo"
    station.click(station.window.banner.action)
    station.pass_time(1)


def test_a_moved_order_is_brought_back_and_moved_again(station: Workstation) -> None:
    name = station.rest(lots=300)
    station.pass_time(1)
    before = order(station, name).price
    station.model.command(AmendOrder(client_id=name, price=before - 500))
    station.pass_time(1)
    assert order(station, name).price == before - 500
    assert message(station).startswith("Moved buy BTCUSDT from ")
    undo(station)
    assert order(station, name).price == before
    undo(station)
    assert order(station, name).price == before - 500, "the undo is a change as any other"


def test_the_size_of_one_and_several_at_once(station: Workstation) -> None:
    first = station.rest(lots=300)
    station.pass_time(1)
    second = station.rest(lots=200, below=0.008)
    station.pass_time(1)
    station.model.command(AmendOrder(client_id=first, lots=200))
    station.pass_time(1)
    assert message(station) == "Changed buy BTCUSDT from 0.00300 to 0.00200"
    undo(station)
    assert order(station, first).lots == 300
    station.pass_time(2)
    prices = [order(station, name).price for name in (first, second)]
    for name, price in zip((first, second), prices, strict=True):
        station.model.command(AmendOrder(client_id=name, price=price - 100))
    station.pass_time(1)
    assert message(station) == "Changed 2 orders"
    undo(station)
    assert [order(station, name).price for name in (first, second)] == prices


def test_what_ended_meanwhile_is_not_offered(station: Workstation) -> None:
    name = station.rest(lots=300)
    station.pass_time(1)
    price = order(station, name).price
    station.model.command(AmendOrder(client_id=name, price=price - 500))
    station.kernel.dispatch(CancelOrder(client_id=name, ts_ns=station.kernel.clock.time_ns))
    station.pass_time(1)
    assert not message(station).startswith("Moved")
