"""Hotkeys that trade the shown symbol, driven by the keys that somebody gave them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from workstation.core.orders import Order
from workstation.core.types import MANUAL, OrderState, OrderType, Side

CONTROL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
KEYS = {
    "hand.arm": Qt.Key.Key_A,
    "hand.buy_market": Qt.Key.Key_B,
    "hand.sell_market": Qt.Key.Key_S,
    "hand.join_bid": Qt.Key.Key_J,
    "hand.join_ask": Qt.Key.Key_K,
    "hand.flatten": Qt.Key.Key_F,
    "hand.reverse": Qt.Key.Key_R,
    "hand.cancel_buys": Qt.Key.Key_C,
}


@pytest.fixture
def keyed(station: Workstation) -> Workstation:
    """A window in which somebody gave these actions keys."""
    station.pass_time(1)
    registry = station.window.registry
    for name, key in KEYS.items():
        action = registry.find(name)
        assert action is not None
        registry.set_keys(action, f"Ctrl+Alt+{chr(int(key))}")
    return station


def press(station: Workstation, name: str) -> None:
    station.qtbot.keyClick(station.window, KEYS[name], CONTROL_ALT)
    station.frame()


def orders(station: Workstation) -> list[Order]:
    return list(station.kernel.orders.orders.values())


def held(station: Workstation) -> int:
    return station.kernel.ledger.position(MANUAL, "BTCUSDT").lots


def test_none_has_a_key_of_its_own(station: Workstation) -> None:
    given = [action for action in station.window.registry.all() if action.name.startswith("hand.")]
    assert len(given) == 9 and all(action.keys == "" and action.trades for action in given)


def test_unarmed_they_fill_in_the_ticket(keyed: Workstation) -> None:
    ticket = keyed.area.ticket
    press(keyed, "hand.sell_market")
    assert not orders(keyed) and ticket.isVisible()
    assert (ticket.form.side.index, ticket.form.type) == (1, OrderType.MARKET)
    press(keyed, "hand.join_bid")
    market = keyed.engine.market("BTCUSDT")
    assert (ticket.form.side.index, ticket.form.type) == (0, OrderType.LIMIT)
    assert ticket.instrument.ticks(Decimal(ticket.form.price.text().replace(",", ""))) == market.best_bid
    assert not orders(keyed)


def test_armed_they_send_with_the_ladders_size(keyed: Workstation) -> None:
    lots = keyed.area.ladder.size_lots
    press(keyed, "hand.arm")
    press(keyed, "hand.buy_market")
    keyed.pass_time(1)
    (first,) = orders(keyed)
    assert (first.side, first.type, first.lots, first.reason) == (Side.BUY, OrderType.MARKET, lots, "hotkey")
    assert held(keyed) == lots
    press(keyed, "hand.reverse")
    keyed.pass_time(1)
    assert held(keyed) == -lots
    press(keyed, "hand.flatten")
    keyed.pass_time(1)
    assert held(keyed) == 0


def test_a_joined_bid_rests_there_until_its_side_is_cancelled(keyed: Workstation) -> None:
    press(keyed, "hand.arm")
    bid = keyed.engine.market("BTCUSDT").best_bid
    press(keyed, "hand.join_bid")
    (order,) = orders(keyed)
    assert (order.side, order.type, order.price) == (Side.BUY, OrderType.LIMIT, bid)
    press(keyed, "hand.cancel_buys")
    keyed.pass_time(1)
    assert order.state in (OrderState.CANCELLED, OrderState.FILLED)


def test_what_cannot_be_done_says_why(keyed: Workstation, qtbot: QtBot) -> None:
    with qtbot.waitSignal(keyed.window.registry.refused) as refused:
        press(keyed, "hand.reverse")
    assert refused.args == ["Reverse the shown symbol: You have no position of your own in BTCUSDT."]
    with qtbot.waitSignal(keyed.window.registry.refused) as refused:
        press(keyed, "hand.flatten")
    assert refused.args == ["Flatten the shown symbol: There is no position in BTCUSDT."]
