"""What somebody else ordered or bought: marked, cancelled one by one, taken over with a reason."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.controls.dialogs import ReasonDialog
from widgets.engine.order_words import owner_tone, reason_words, state_words
from widgets.look.tokens import Tone
from workstation.core.messages import OrderAdopted, PositionTransferred, RestingOrder
from workstation.core.types import EXTERNAL, OrderState, OrderType, Side


def adopt(station: Workstation, client_id: str = "theirs-1") -> str:
    """An order that the engine finds at the venue."""
    kernel = station.kernel
    resting = RestingOrder(
        client_id=client_id,
        venue_id="v1",
        symbol="BTCUSDT",
        side=Side.BUY,
        type=OrderType.LIMIT,
        lots=100,
        filled_lots=0,
        price=station.last("BTCUSDT") // 2,
        stop_price=0,
        reduce_only=False,
    )
    event = OrderAdopted(ts_ns=kernel.clock.time_ns, order=resting)
    kernel.orders.adopt_foreign(event)
    kernel.emit(event)
    return client_id


def test_a_foreign_order_appears_marked_and_is_cancelled_by_hand(station: Workstation) -> None:
    client_id = adopt(station)
    station.pass_time(1)
    station.area.show_panel("orders")
    station.frame()
    (row,) = station.area.orders.table.shown_rows()
    assert row["owner"] == EXTERNAL and owner_tone(row) is Tone.WARNING
    assert any("Order of somebody else: theirs-1" in line.text for line in station.model.heard.log)
    station.choose(station.area.orders.table, client_id, "Cancel")
    assert station.kernel.orders.orders[client_id].cancel_requested_ns


def test_the_panic_buttons_leave_what_is_not_ours_and_do_not_count_it(station: Workstation) -> None:
    theirs, mine = adopt(station), station.rest()
    station.buy("ETHUSDT", 100)
    station.pass_time(1)
    ledger = station.kernel.ledger
    held = ledger.positions[("manual", "ETHUSDT")]
    ledger.transfer("ETHUSDT", "manual", EXTERNAL, held.lots, held.cost)
    station.frame()
    panic = station.window.banner.panic
    assert (panic.cancel_all._count, panic.flatten._count) == (1, 0)
    station.click(station.area.ladder.foot.cancel_buys)
    station.pass_time(1)
    orders = station.kernel.orders.orders
    assert not orders[mine].is_open and orders[theirs].is_open and not orders[theirs].cancel_requested_ns
    station.rest()
    station.pass_time(1)
    station.click(panic.cancel_all)
    station.pass_time(1)
    assert station.window.banner.accessibleDescription().startswith("Cancelled 1 of 1 entry")
    assert orders[theirs].is_open and not orders[theirs].cancel_requested_ns


def test_own_orders_are_not_marked(station: Workstation) -> None:
    assert owner_tone({"owner": "manual"}) is None


def test_a_foreign_position_is_taken_over_by_a_person_or_a_strategy(station: Workstation, qtbot: QtBot) -> None:
    station.buy()
    station.pass_time(1)
    ledger = station.kernel.ledger
    position = ledger.positions[("manual", "BTCUSDT")]
    ledger.transfer("BTCUSDT", "manual", EXTERNAL, position.lots, position.cost)
    station.frame()
    heard: list[PositionTransferred] = []
    station.kernel.bus.subscribe(PositionTransferred, heard.append)
    table = station.area.positions.table
    (row,) = table.shown_rows()
    assert row["owner"] == EXTERNAL and owner_tone(row) is Tone.WARNING
    station.choose(table, "external BTCUSDT", "Take over…")
    dialog = next(each for each in station.window.findChildren(ReasonDialog) if each.isVisible())
    assert [dialog.choice.itemText(n) for n in range(dialog.choice.count())] == ["manual", "confluence"]
    dialog.choice.setCurrentText("confluence")
    qtbot.keyClicks(dialog.reason, "it manages it from now on")
    station.click(dialog.action_button)
    station.pass_time(1)
    assert [(event.from_owner, event.to_owner) for event in heard] == [(EXTERNAL, "confluence")]
    assert [each.owner for each in station.engine.positions()] == ["confluence"]


def give_away(station: Workstation, symbol: str = "BTCUSDT") -> None:
    """What a person holds becomes somebody else's."""
    ledger = station.kernel.ledger
    position = ledger.positions[("manual", symbol)]
    ledger.transfer(symbol, "manual", EXTERNAL, position.lots, position.cost)
    station.frame()


def menu_of_the_cross(station: Workstation) -> QMenu:
    """Click the × of the position on the chart, and see what it offers."""
    chart = station.area.charts[0]
    station.frame()
    chart.view.grab()
    pane, position = chart.view.price_pane, chart.view.model.position
    assert position is not None
    # The × stands at the right end of the label, as an order's does.
    y = pane.logical_scale().y(float(position.price))
    at = chart.view.mapFromScene(pane.box.mapToScene(QPointF(pane.width - 18, y)))
    station.qtbot.mouseClick(chart.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu), "nothing is offered"
    return menu


def choose(station: Workstation, menu: QMenu, text: str) -> None:
    action = next(each for each in menu.actions() if each.text() == text)
    menu.close()
    action.trigger()
    station.pass_time(2)


def test_the_cross_on_the_chart_offers_what_the_table_does(station: Workstation, qtbot: QtBot) -> None:
    station.buy()
    station.pass_time(2)
    give_away(station)
    menu = menu_of_the_cross(station)
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert texts == ["Close at the market", "Cancel its entries", "Take over…"]
    choose(station, menu, "Take over…")
    dialog = next(each for each in station.window.findChildren(ReasonDialog) if each.isVisible())
    qtbot.keyClicks(dialog.reason, "it is mine")
    station.click(dialog.action_button)
    station.pass_time(1)
    assert [each.owner for each in station.engine.positions()] == ["manual"]
    give_away(station)
    choose(station, menu_of_the_cross(station), "Close at the market")
    assert not station.engine.positions()


def test_the_cross_leaves_the_others_part_where_only_ours_is_chosen(station: Workstation) -> None:
    station.buy()
    station.pass_time(2)
    give_away(station)
    station.buy()
    station.pass_time(2)
    assert station.area.ladder.foot.flatten.isEnabled()
    choose(station, menu_of_the_cross(station), "Close yours at the market")
    assert [each.owner for each in station.engine.positions()] == [EXTERNAL]
    assert not station.area.ladder.foot.flatten.isEnabled()


def test_a_held_order_says_who_holds_it(station: Workstation) -> None:
    client_id = station.rest()
    station.kernel.orders.orders[client_id].state = OrderState.HELD
    order = station.engine.order(client_id)
    assert order is not None
    assert state_words(order, station.clock.now) == "Held by the engine"
    child = msgspec.structs.replace(order, parent_id="another")
    assert state_words(child, station.clock.now) == "Waits for entry"


def test_a_stop_limit_tells_its_trigger_beside_its_limit(station: Workstation) -> None:
    trigger = station.last("BTCUSDT") + 4_000
    client_id = station.buy(type=OrderType.STOP_LIMIT, stop_price=trigger, price=trigger + 500)
    order = station.engine.order(client_id)
    assert order is not None
    assert reason_words(order).endswith(f"triggers at {Decimal(trigger) / 100:.2f}")
