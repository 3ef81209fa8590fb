"""The ticket, from typed figures to an order at the venue."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from widgets.controls.segmented import Segmented
from widgets.controls.toolbar import FACT_LINE
from widgets.look.tokens import Tone
from widgets.ticket.ticket_menus import options_menu, types_menu
from widgets.ticket.ticket_panel import TicketPanel
from workstation.core.types import OrderType, Side


def press(station: Workstation, switch: Segmented, text: str) -> None:
    """Click a segment by its text."""
    place = switch._texts.index(text)
    area = switch.segments()[place]
    station.qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=QPoint(area.center().x(), area.center().y()))


def retype(station: Workstation, name: str, text: str) -> None:
    field = station.area.ticket.form.fields[name]
    field.setFocus()
    field.selectAll()
    station.qtbot.keyClicks(field, text)
    station.area.ticket.judge()


def verdict(ticket: TicketPanel) -> str:
    return ticket.verdict.accessibleName()


def test_a_typed_limit_order_is_judged_sent_shown_and_cancelled(station: Workstation, qtbot: QtBot) -> None:
    ticket = station.area.ticket
    price = station.kernel.markets["BTCUSDT"].instrument.price(int(station.last("BTCUSDT") * 0.995) // 100 * 100)
    retype(station, "price", str(price))
    retype(station, "size", "0.011")
    assert verdict(ticket).startswith("Gate allows")
    assert ticket.submit.text() == "Buy 0.011 BTC on paper"
    cost = next(fact.value for fact in ticket.facts.facts if fact.label == "Cost")
    assert cost.startswith(f"{price * Decimal('0.011'):,.2f}")
    station.click(ticket.submit)
    assert station.window.banner.accessibleDescription() == f"Sent: buy 0.011 BTCUSDT, limit {price}."
    station.pass_time(1)
    station.area.show_panel("orders")
    station.frame()
    (row,) = station.area.orders.table.shown_rows()
    assert (row["type"], row["quantity"], row["price"], row["state"]) == (
        "Buy limit",
        Decimal("0.01100"),
        price,
        "Working",
    )
    station.choose(station.area.orders.table, row["client_id"], "Cancel")
    station.pass_time(1)
    assert station.kernel.orders.open_count == 0
    assert station.area.orders.table.shown_rows()[0]["state"] == "Cancelled"


def test_a_denied_order_cannot_be_sent_and_the_verdict_says_why(station: Workstation) -> None:
    ticket = station.area.ticket
    retype(station, "size", "0.9")
    assert verdict(ticket).startswith("Denied · ORDER_VALUE")
    assert not ticket.submit.isEnabled()
    station.click(ticket.submit)
    station.pass_time(1)
    assert not station.kernel.orders.orders


def test_the_verdict_follows_the_engine_without_a_key_being_pressed(station: Workstation) -> None:
    ticket = station.area.ticket
    retype(station, "size", "0.01")
    assert ticket.submit.isEnabled()
    station.click(station.window.banner.panic.kill)
    station.frame()
    assert verdict(ticket).startswith("Denied · HALTED")
    assert not ticket.submit.isEnabled()


@pytest.mark.parametrize(("unit", "size", "worth"), [("Value", "500", 500), ("% eq.", "10", 1000)])
def test_sizes_in_other_units_become_quantities(station: Workstation, unit: str, size: str, worth: int) -> None:
    ticket = station.area.ticket
    press(station, ticket.form.types, "Market")
    press(station, ticket.form.units, unit)
    retype(station, "size", size)
    station.click(ticket.submit)
    (order,) = station.kernel.orders.orders.values()
    instrument = station.kernel.markets["BTCUSDT"].instrument
    value = instrument.quantity(order.lots) * instrument.price(station.kernel.markets["BTCUSDT"].book.best_ask)
    assert worth * 0.99 < value <= worth


def test_a_size_by_risk_loses_that_share_at_the_stop(station: Workstation) -> None:
    ticket = station.area.ticket
    press(station, ticket.form.units, "Risk")
    retype(station, "size", "0.2")
    assert "needs a stop" in ticket.form.problem.text()
    station.click(ticket.form.with_stop)
    ticket.judge()
    risk = next(fact.value for fact in ticket.facts.facts if fact.label == "Risk to stop")
    assert risk.startswith(("20.00", "19.9"))


def test_a_size_by_risk_leaves_no_figure_out(station: Workstation) -> None:
    ticket = station.area.ticket
    station.click(ticket.form.with_stop)
    press(station, ticket.form.units, "Risk")
    retype(station, "size", "0.2")
    QApplication.processEvents()
    assert [fact.label for fact in ticket.facts.facts][0::4] == ["Quantity", "Risk to stop"]
    assert ticket.facts.height() >= len(ticket.facts.facts) * FACT_LINE


def test_a_bracket_places_its_stop_and_target(station: Workstation) -> None:
    ticket = station.area.ticket
    press(station, ticket.form.types, "Market")
    retype(station, "size", "0.01")
    station.click(ticket.form.with_stop)
    station.click(ticket.form.with_target)
    ticket.judge()
    assert ticket.form.target.unit == "+2\u2009R"
    station.click(ticket.submit)
    station.pass_time(2)
    kinds = sorted(order.type for order in station.kernel.orders.open_orders())
    assert kinds == [OrderType.STOP, OrderType.TAKE_PROFIT]
    assert [position.stop_at_venue is not None for position in station.engine.positions()] == [True]


def test_a_stop_on_the_wrong_side_is_told_at_its_field(station: Workstation) -> None:
    ticket = station.area.ticket
    station.click(ticket.form.with_stop)
    retype(station, "stop", "99999")
    assert ticket.form.problem.text() == "The stop of a buy lies below its price."
    assert ticket.form.stop.in_error
    assert not ticket.submit.isEnabled()


def test_a_price_between_ticks_is_told(station: Workstation) -> None:
    retype(station, "price", "42000.123")
    assert "move in steps of 0.01" in station.area.ticket.form.problem.text()


def test_selling_short_shows_the_side_everywhere(station: Workstation) -> None:
    ticket = station.area.ticket
    press(station, ticket.form.side, "Sell")
    retype(station, "size", "0.01")
    assert ticket.submit.text() == "Sell 0.01 BTC on paper"
    assert ticket.submit._stripe is Tone.DOWN


def test_further_types_show_their_fields(station: Workstation) -> None:
    ticket = station.area.ticket
    station.trigger(types_menu(ticket.form), "Trailing stop")
    assert not ticket.form.trail.isHidden()
    assert ticket.form.price.isHidden()
    station.trigger(types_menu(ticket.form), "Stop limit")
    assert not ticket.form.trigger.isHidden()
    assert not ticket.form.price.isHidden()
    assert ticket.form.trail.isHidden()


def test_a_click_on_the_ladder_fills_the_ticket_and_sends_nothing(station: Workstation) -> None:
    ladder = station.area.ladder
    view = ladder.view
    y = next(y for y in range(30, view.height(), 18) if view.ticks_at(y) is not None and (view.ticks_at(y) or 0) > 0)
    station.qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(int(view.width() * 0.75), y))
    entry = station.area.ticket.entry()
    instrument = station.kernel.markets["BTCUSDT"].instrument
    assert entry.side is Side.SELL
    assert entry.price == instrument.price(view.ticks_at(y) or 0)
    assert instrument.lots(entry.size or 0) == ladder.size_lots
    assert not station.kernel.orders.orders


def test_f9_puts_the_size_under_the_hand(station: Workstation, qtbot: QtBot) -> None:
    station.area.charts[0].view.setFocus()
    qtbot.keyClick(station.area.charts[0].view, Qt.Key.Key_F9)
    assert station.area.ticket.form.quantity.hasFocus()


def test_the_compact_ticket_keeps_units_and_flags_in_its_menu(station: Workstation) -> None:
    station.window.resize(1280, 720)
    form = station.area.ticket.form
    assert form.units.isHidden()
    station.trigger(options_menu(form), "Reduce only")
    station.trigger(options_menu(form), "Size by value")
    entry = station.area.ticket.entry()
    assert entry.reduce_only
    assert entry.unit.value == "Value"
