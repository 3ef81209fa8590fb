"""One-click must be armed, orders at once while it is, and disarms itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt

from tests.gui.conftest import Workstation
from workstation.core.messages import SetTradingState
from workstation.core.types import OrderType, Side, TradingState


def press_ladder(station: Workstation, side: str = "buy") -> None:
    station.area.show_panel("ladder")
    station.frame()
    station.area.ladder.view.level_clicked.emit(side, station.last("BTCUSDT") - 20_000)


def arm(station: Workstation) -> None:
    station.click(station.area.ticket.arm)
    assert station.area.ticket.one_click.armed


def test_until_it_is_armed_a_press_fills_in_the_ticket_only(station: Workstation) -> None:
    press_ladder(station)
    assert not station.kernel.orders.orders
    assert station.area.ticket.arm.text() == "One-click"


def test_armed_a_press_orders_at_once_and_the_time_left_is_shown(station: Workstation) -> None:
    arm(station)
    assert station.area.ticket.arm.text() == "Armed 5:00"
    press_ladder(station)
    (order,) = station.kernel.orders.orders.values()
    assert (order.side, order.type, order.lots) == (Side.BUY, OrderType.LIMIT, station.area.ladder.size_lots)
    station.pass_time(1.05)
    assert station.area.ticket.arm.text() == "Armed 4:59"


def test_what_the_gate_denies_is_not_sent_either(station: Workstation) -> None:
    arm(station)
    ladder = station.area.ladder
    ladder.sizes.lots[ladder.sizes.index] = 90_000
    press_ladder(station)
    assert not station.kernel.orders.orders


def by_esc(station: Workstation) -> None:
    station.qtbot.keyClick(station.area.log.table, Qt.Key.Key_Escape)


def by_symbol(station: Workstation) -> None:
    station.model.choose_symbol("ETHUSDT")


def by_state(station: Workstation) -> None:
    station.command(SetTradingState(state=TradingState.REDUCING))


def by_kill(station: Workstation) -> None:
    station.click(station.window.banner.panic.kill)


def by_time(station: Workstation) -> None:
    station.clock.now += 301 * 1_000_000_000


def by_hand(station: Workstation) -> None:
    station.click(station.area.ticket.arm)


@pytest.mark.parametrize("happens", [by_esc, by_symbol, by_state, by_kill, by_time, by_hand])
def test_it_disarms(station: Workstation, happens: Callable[[Workstation], None]) -> None:
    arm(station)
    happens(station)
    station.frame()
    ticket = station.area.ticket
    assert not ticket.one_click.armed
    assert ticket.arm.text() == "One-click"
    assert not ticket.arm.isChecked()
    station.model.choose_symbol("BTCUSDT")
    press_ladder(station)
    assert not station.kernel.orders.orders
