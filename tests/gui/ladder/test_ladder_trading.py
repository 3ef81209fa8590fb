"""The ladder trades: armed clicks, drags, cancels and reverse, over a session."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation, small_settings
from widgets.engine.engine_model import Result
from widgets.engine.one_click import OneClick
from widgets.ladder.ladder_panel import LadderPanel
from widgets.look.theme import current
from widgets.look.tokens import Mode
from workstation.core.messages import Kill
from workstation.core.orders import Order
from workstation.core.types import InstrumentKind, OrderState, OrderType, Side

MINE, BID, ASK = 0.05, 0.30, 0.75


@pytest.fixture
def ladder(station: Workstation) -> LadderPanel:
    station.pass_time(1)
    panel: LadderPanel = station.area.ladder
    return panel


def y_of(ladder: LadderPanel, ticks: int) -> int:
    """A point in the row of a price."""
    view = ladder.view
    rows = [(y, view.ticks_at(y)) for y in range(24, view.height() - 26, 4)]
    return next(y + 6 for y, at in rows if at is not None and at <= ticks < at + view.group)


def press(ladder: LadderPanel, column: float, ticks: int, button: Qt.MouseButton) -> int:
    """Click a column in the row of a price; the price of that row in ticks."""
    y = y_of(ladder, ticks)
    found = ladder.view.ticks_at(y)
    assert found is not None
    QTest.mouseClick(ladder.view, button, pos=QPoint(int(ladder.view.width() * column), y))
    return found


def only_order(station: Workstation) -> Order:
    (order,) = station.kernel.orders.orders.values()
    return order


def test_an_armed_left_click_sends_a_limit_order_of_the_chosen_size(station: Workstation, ladder: LadderPanel) -> None:
    station.click(ladder.arm)
    ticks = press(ladder, BID, station.last("BTCUSDT") - 800, Qt.MouseButton.LeftButton)
    order = only_order(station)
    assert (order.side, order.type, order.price, order.lots) == (Side.BUY, OrderType.LIMIT, ticks, ladder.size_lots)
    assert order.reason == "ladder"


def test_an_armed_right_click_sends_a_stop(station: Workstation, ladder: LadderPanel) -> None:
    station.click(ladder.arm)
    ticks = press(ladder, ASK, station.last("BTCUSDT") - 800, Qt.MouseButton.RightButton)
    order = only_order(station)
    assert (order.side, order.type, order.stop_price) == (Side.SELL, OrderType.STOP, ticks)
    station.pass_time(0.5)
    cell = ladder.view._scene.rows.orders[ticks // ladder.view.group]
    assert cell.stop
    assert cell.names == (order.client_id,)


def test_a_right_click_that_is_not_armed_fills_the_ticket_with_a_stop(
    station: Workstation, ladder: LadderPanel
) -> None:
    ticks = press(ladder, BID, station.last("BTCUSDT") + 800, Qt.MouseButton.RightButton)
    entry = station.area.ticket.entry()
    price = station.kernel.markets["BTCUSDT"].instrument.price(ticks)
    assert (entry.side, entry.type, entry.trigger) == (Side.BUY, OrderType.STOP, price)
    assert not station.kernel.orders.orders


def test_armed_shows_and_escape_disarms(station: Workstation, ladder: LadderPanel, qtbot: QtBot) -> None:
    paper = current().tokens.mode(Mode.PAPER).fill
    assert ladder.view.grab().toImage().pixelColor(0, 200) != paper
    station.click(ladder.arm)
    image = ladder.view.grab().toImage()
    assert image.pixelColor(0, 200) == image.pixelColor(3, 11) == paper
    assert ladder.one_click.remaining == "5:00"
    qtbot.keyClick(ladder.view, Qt.Key.Key_Escape)
    assert not ladder.one_click.armed
    assert not ladder.arm.isChecked()
    press(ladder, BID, station.last("BTCUSDT") - 800, Qt.MouseButton.LeftButton)
    assert not station.kernel.orders.orders


@pytest.mark.parametrize("how", ["symbol", "group", "hidden", "behind", "killed", "button"])
def test_it_disarms_when_what_was_armed_is_no_longer_there(station: Workstation, ladder: LadderPanel, how: str) -> None:
    if how == "group":
        station.area.link("ladder", "B")
        ladder = station.area.ladder
        station.frame()
    station.click(ladder.arm)
    assert ladder.one_click.armed
    if how == "group":
        station.area.choose_symbol("ladder", "ETHUSDT")
    elif how == "symbol":
        station.model.choose_symbol("ETHUSDT")
    elif how == "hidden":
        station.area.panel("ladder").close()
    elif how == "behind":
        station.area.show_panel("depth")
    elif how == "killed":
        station.command(Kill(reason="test"))
    else:
        station.click(ladder.arm)
    station.frame()
    assert not ladder.one_click.armed


def test_the_time_of_one_click_ends(station: Workstation, qtbot: QtBot) -> None:
    short = OneClick(station.model, 0)
    short.arm()
    assert not short.armed
    assert short.remaining == "0:00"
    with qtbot.waitSignal(short.changed, timeout=3000):
        station.frame()
    assert not short._until_ns


def test_it_is_armed_for_ladder_and_ticket_and_a_click_orders_once(station: Workstation, ladder: LadderPanel) -> None:
    ticket = station.area.ticket
    for arm, other in ((ladder.arm, ticket.arm), (ticket.arm, ladder.arm)):
        station.click(arm)
        assert arm.isChecked() and other.isChecked()
        assert ticket.arm.text() == "Armed 5:00"
        assert ladder.view._scene.armed.startswith("Armed 5:00: ")
        before = len(station.kernel.orders.orders)
        press(ladder, BID, station.last("BTCUSDT") - 800, Qt.MouseButton.LeftButton)
        assert len(station.kernel.orders.orders) == before + 1
        station.click(other)
        assert not arm.isChecked() and not other.isChecked()
        assert not ladder.view._scene.armed
        station.pass_time(2)


def test_a_click_says_and_takes_the_tickets_template(station: Workstation, ladder: LadderPanel) -> None:
    station.area.ticket.form.book.choose("Scalp")
    station.click(ladder.arm)
    assert "with Scalp" in ladder.view._scene.armed
    station.area.ticket.form.book.choose("Runner")
    assert "with Runner" in ladder.view._scene.armed
    station.area.ticket.form.book.choose("")
    assert "with" not in ladder.view._scene.armed


def test_back_in_its_workspace_its_size_is_that_of_a_click_again(station: Workstation, ladder: LadderPanel) -> None:
    chosen = ladder.size_lots
    station.area.show_panel("depth")
    ladder.one_click.sizes["BTCUSDT"] = chosen * 3
    station.area.show_panel("ladder")
    assert ladder.one_click.lots("BTCUSDT") == chosen


def test_it_is_not_armed_while_trading_is_killed(station: Workstation, ladder: LadderPanel) -> None:
    station.command(Kill(reason="test"))
    station.frame()
    station.click(ladder.arm)
    assert not ladder.one_click.armed
    assert not ladder.arm.isChecked()
    assert not station.area.ticket.arm.isChecked()


def test_a_ladder_built_behind_a_tab_leaves_it_armed(station: Workstation, ladder: LadderPanel) -> None:
    station.window.show_workspace("Research")
    station.window.show_workspace("Trading")
    station.frame()
    assert not ladder.one_click.armed
    station.area.show_panel("depth")
    station.click(station.area.ticket.arm)
    station.frame()
    assert ladder.one_click.armed
    station.area.show_panel("ladder")
    station.frame()
    assert ladder.one_click.armed, "the ladder comes forward with its frame"
    assert ladder.view._scene.armed


def test_a_drag_amends_the_order_and_a_click_or_escape_does_not(
    station: Workstation, ladder: LadderPanel, qtbot: QtBot
) -> None:
    last, view = station.last("BTCUSDT"), ladder.view
    name = station.buy(type=OrderType.LIMIT, price=last - 600)
    station.pass_time(0.5)
    x = int(view.width() * MINE)
    start, end = y_of(ladder, last - 600), y_of(ladder, last - 1000)
    for keys in ("click", "escape"):
        qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(x, start))
        if keys == "escape":
            qtbot.mouseMove(view, QPoint(x, end))
            qtbot.keyClick(view, Qt.Key.Key_Escape)
        qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(x, end if keys == "escape" else start))
        assert station.kernel.orders.orders[name].price == last - 600
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(x, start))
    qtbot.mouseMove(view, QPoint(x, end))
    assert view.grab().toImage().pixelColor(0, end) == current().tokens.accent
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(x, end))
    moved = (view.ticks_at(end) or 0) - (view.ticks_at(start) or 0)
    assert moved < 0
    station.pass_time(2)
    assert station.kernel.orders.orders[name].price == last - 600 + moved


def test_a_right_click_on_an_own_order_offers_its_cancel(station: Workstation, ladder: LadderPanel) -> None:
    name = station.buy(lots=1000, type=OrderType.LIMIT, price=station.last("BTCUSDT") - 600)
    station.pass_time(0.5)
    menu = ladder.order_menu((name,))
    assert [action.text().split(" at ")[0] for action in menu.actions()] == ["Cancel buy limit 0.01"]
    menu.actions()[0].trigger()
    menu.deleteLater()
    station.pass_time(2)
    assert station.kernel.orders.orders[name].state is OrderState.CANCELLED


def test_the_queue_of_an_own_order_is_estimated(station: Workstation, ladder: LadderPanel) -> None:
    book = station.kernel.markets["BTCUSDT"].book
    ticks = book.bid_prices[-8]
    name = station.buy(lots=1000, type=OrderType.LIMIT, price=ticks)
    for _ in range(5):
        station.pass_time(0.1)
    ahead, share = ladder._queue.ahead(name), ladder._queue.share(name)
    assert ahead is not None
    assert share is not None
    assert 0 <= ahead <= book.bids.get(ticks, 0)
    assert 0 <= share <= 1
    assert ladder._queue.ahead("nobody") is None


def test_reverse_turns_the_own_position_around(station: Workstation, ladder: LadderPanel) -> None:
    assert not ladder.foot.reverse.isEnabled()
    station.buy(lots=2000)
    station.pass_time(2)
    assert ladder.foot.position.text() == "+0.020"
    assert ladder.foot.entry.text().startswith("at 4")
    station.click(ladder.foot.reverse)
    station.pass_time(3)
    (position,) = station.engine.positions()
    assert position.quantity == Decimal("-0.02")
    assert ladder.foot.position.text() == "−0.020"


def test_reverse_pressed_twice_turns_the_position_once(station: Workstation, ladder: LadderPanel) -> None:
    told: list[Result] = []
    station.model.result_told.connect(told.append)
    station.buy(lots=2000)
    station.pass_time(2)
    activity = station.kernel.gate.activity
    activity._limits = activity._limits._replace(duplicate_window_ns=0)
    station.click(ladder.foot.reverse)
    station.click(ladder.foot.reverse)
    assert "still under way" in told[-1].text
    station.pass_time(3)
    (position,) = station.engine.positions()
    assert position.quantity == Decimal("-0.02")


def test_spot_is_not_reversed_for_it_cannot_be_short(open_workstation: Open) -> None:
    settings = small_settings()
    spot = msgspec.structs.replace(settings.instruments["BTCUSDT"], kind=InstrumentKind.SPOT)
    station = open_workstation(small_settings(instruments={**settings.instruments, "BTCUSDT": spot}))
    station.pass_time(1)
    station.buy(lots=2000)
    station.pass_time(2)
    foot = station.area.ladder.foot
    told: list[Result] = []
    station.model.result_told.connect(told.append)
    assert foot.flatten.isEnabled()
    assert not foot.reverse.isEnabled()
    assert "cannot be sold short" in foot.reverse.toolTip()
    station.area.ladder._trading.reverse()
    assert "cannot be sold short" in told[-1].text
    station.pass_time(1)
    assert [each.quantity for each in station.engine.positions()] == [Decimal("0.02")]


def test_static_rows_stand_still_while_the_price_moves(station: Workstation, ladder: LadderPanel) -> None:
    station.click(ladder.centre)
    assert not ladder.view.centred
    row = ladder.view.ticks_at(100)
    station.pass_time(120)
    assert ladder.view.ticks_at(100) == row
    station.click(ladder.centre)
    assert ladder.view.centred
    assert ladder.centre.isChecked()
