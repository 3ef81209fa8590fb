"""Dates and visible parts in the ticket: typed by a person, judged by the gate, kept by the venue."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from tests.gui.conftest import SECOND_NS, Workstation
from tests.gui.ticket.test_ticket_panel import retype, verdict
from widgets.controls.fields import Field
from widgets.look.numbers import set_zone
from widgets.ticket.algorithm_order import AlgorithmKind
from widgets.ticket.ticket_menus import options_menu
from widgets.ticket.ticket_panel import TicketPanel
from workstation.core.orders import Order
from workstation.core.timeframe import HOUR_NS, MINUTE_NS, parse_utc, utc_text
from workstation.core.types import OrderState, TimeInForce
from workstation.venues.simulated import SimVenue


def write(station: Workstation, field: Field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    station.qtbot.keyClicks(field, text)
    station.area.ticket.judge()


def below_market(station: Workstation) -> TicketPanel:
    ticket: TicketPanel = station.area.ticket
    instrument = station.kernel.markets["BTCUSDT"].instrument
    retype(station, "price", str(instrument.price(int(station.last("BTCUSDT") * 0.99))))
    retype(station, "size", "0.011")
    return ticket


def sent(station: Workstation) -> Order:
    station.click(station.area.ticket.submit)
    (order,) = station.kernel.orders.orders.values()
    return order


def test_an_order_rests_until_the_time_that_was_typed_in_the_chosen_zone(station: Workstation) -> None:
    ticket = below_market(station)
    station.trigger(ticket.form.life.menu(), "Good till a date")
    assert ticket.form.life.button.text() == "GTD" and ticket.form.life.until.isVisible()
    set_zone("Europe/Berlin")
    write(station, ticket.form.life.until, "2024-01-01 13:01")
    assert verdict(ticket).startswith("Gate allows")
    order = sent(station)
    until_ns = parse_utc("2024-01-01T12:01:00")
    assert (order.time_in_force, order.good_till_ns) == (TimeInForce.GTD, until_ns)
    station.pass_time(2)
    assert station.model.heard.orders[order.client_id].good_till_ns == until_ns
    assert order.state is OrderState.ACCEPTED
    station.feed((until_ns - station.clock.now) / SECOND_NS + 2, step=1)
    assert (order.state, order.note) == (OrderState.EXPIRED, f"good till {utc_text(until_ns)} UTC")


def test_a_date_is_moved_by_keys_and_what_is_none_is_said_at_its_field(station: Workstation) -> None:
    ticket = below_market(station)
    life = ticket.form.life
    menu = life.menu()
    (good_for,) = [each for each in menu.findChildren(QMenu) if each.title() == "Good for"]
    station.trigger(good_for, "4 h")
    first_ns = life.until.moment_ns()
    assert first_ns is not None and 0 <= first_ns - station.clock.now - 4 * HOUR_NS < MINUTE_NS + SECOND_NS
    station.qtbot.keyClick(life.until, Qt.Key.Key_Up)
    moved_ns = life.until.moment_ns()
    assert moved_ns is not None and 0 < moved_ns - first_ns <= 15 * MINUTE_NS and moved_ns % (15 * MINUTE_NS) == 0
    write(station, life.until, "soon")
    assert life.until.in_error and ticket.form.problem.text() == "Write a time as 2024-01-31 13:00 or 13:00."
    assert not ticket.submit.isEnabled()
    write(station, life.until, "2023-12-31 23:00")
    assert verdict(ticket).startswith("Denied · GOOD_TILL_DATE") and not ticket.submit.isEnabled()


def test_the_venues_iceberg_shows_a_part_and_an_algorithm_has_none(station: Workstation) -> None:
    ticket = below_market(station)
    station.trigger(options_menu(ticket.form), "Iceberg at the venue")
    ticket.judge()
    assert ticket.form.life.visible_part.text() == "0.0022"
    write(station, ticket.form.life.visible_part, "0.001")
    assert verdict(ticket).startswith("Denied · ICEBERG")
    write(station, ticket.form.life.visible_part, "0.002")
    order = sent(station)
    assert (order.lots, order.visible_lots) == (1_100, 200)
    station.pass_time(1)
    assert isinstance(station.kernel.venue, SimVenue)
    resting = station.kernel.venue.states["BTCUSDT"].orders[order.client_id]
    assert (resting.shown, resting.live) == (200, 1_100)
    ticket.form.choose_algorithm(AlgorithmKind.TWAP)
    assert not ticket.form.life.visible_part.isVisible() and not ticket.form.life.button.isVisible()
