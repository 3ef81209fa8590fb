"""A figure is the same figure whatever stands between its thousands and before its decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.gui.conftest import Workstation
from widgets.controls.fields import Field
from widgets.ticket.ticket_panel import TicketPanel
from workstation.core.types import OrderType, Side

FORMATS = ("1,234.5", "1.234,5", "1 234,5")


def choose(station: Workstation, number_format: str) -> None:
    assert station.window.registry.run(f"appearance.number_format.{number_format}")
    station.frame()


@pytest.fixture
def ticket(station: Workstation) -> TicketPanel:
    station.pass_time(1)
    panel: TicketPanel = station.area.ticket
    return panel


def quantity(ticket: TicketPanel) -> Decimal | None:
    return ticket.form.quantity.number()


@pytest.mark.parametrize("number_format", FORMATS)
def test_a_size_from_the_ladder_is_that_size(station: Workstation, ticket: TicketPanel, number_format: str) -> None:
    choose(station, number_format)
    station.model.ticket_wanted.emit("buy", station.last("BTCUSDT") - 500, 12)
    assert quantity(ticket) == ticket.instrument.quantity(12)
    station.click(ticket.submit)
    station.frame()
    (order,) = station.kernel.orders.orders.values()
    assert (order.side, order.type, order.lots) == (Side.BUY, OrderType.LIMIT, 12)
    assert order.price == station.kernel.orders.orders[order.client_id].price > 0


@pytest.mark.parametrize("number_format", FORMATS)
def test_a_preset_writes_its_size(station: Workstation, ticket: TicketPanel, number_format: str) -> None:
    choose(station, number_format)
    for place, lots in enumerate(ticket.form.sizes.lots):
        ticket.form.choose_size(place)
        assert quantity(ticket) == ticket.instrument.quantity(lots)


def test_what_was_typed_before_another_format_stays_what_it_was(station: Workstation, ticket: TicketPanel) -> None:
    station.model.ticket_wanted.emit("sell", station.last("BTCUSDT") + 700, 25)
    price = ticket.form.fields["price"].number()
    before = ticket.form.sizes.lots
    for number_format in (*FORMATS[1:], FORMATS[0]):
        choose(station, number_format)
        assert quantity(ticket) == ticket.instrument.quantity(25)
        assert ticket.form.fields["price"].number() == price
        assert ticket.form.sizes.lots == before
    assert ticket.form.quantity.text() == "0.00025"


def test_parameters_are_read_as_they_are_shown(station: Workstation) -> None:
    station.area.show_panel("strategies")
    panel = station.area.strategies
    table = panel.table
    table.select_key("ema_cross")
    station.frame()
    assert panel.form is not None
    values = panel.form.values()
    for number_format in FORMATS[1:]:
        choose(station, number_format)
        assert panel.form.errors() == {} and panel.form.values() == values
        panel.form.set_values({})
        panel.form.set_values(values)
        assert panel.form.errors() == {} and panel.form.values() == values, "also one that is filled in anew"
        assert all(field.number() is not None for field in panel.form.findChildren(Field))


def test_a_field_for_words_is_left_alone(station: Workstation) -> None:
    words, figure = Field("1.5 ATR, or 1.5"), Field(unit="%", step=Decimal("0.1"))
    figure.set_figure(Decimal("1.5"))
    choose(station, "1.234,5")
    assert words.text() == "1.5 ATR, or 1.5"
    assert figure.text() == "1,5" and figure.number() == Decimal("1.5")
    words.deleteLater()
    figure.deleteLater()
