"""Bracket templates: edited in their panel, kept in a file, applied in the ticket and in one click, carried out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation
from tests.gui.ticket.test_ticket_panel import press, retype, verdict
from tests.unit.trading.bench import BTC, INSTRUMENTS
from widgets.controls.fields import Field
from widgets.ticket.templates import (
    ATR_INTERVAL_NS,
    SHIPPED,
    Template,
    TemplateBook,
    TemplateTarget,
    Unit,
    average_true_range,
    plan_of,
)
from widgets.ticket.templates_panel import TemplatesPanel
from widgets.ticket.ticket_menus import template_menu
from workstation.core.errors import OrderError
from workstation.core.types import OrderRole, OrderType
from workstation.market.bars import BarSeries

LOTS = 2_000


def retype_in(qtbot: QtBot, field: Field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def book_of(station: Workstation) -> TemplateBook:
    book = station.model.findChild(TemplateBook)
    assert book is not None
    return book


def opened(station: Workstation) -> TemplatesPanel:
    station.area.show_panel("templates")
    station.frame()
    panel: TemplatesPanel = station.area.templates
    return panel


def make(station: Workstation, qtbot: QtBot) -> None:
    """A template of one's own, typed into the panel."""
    panel = opened(station)
    station.click(panel.new)
    for field, text in (
        (panel.name, "Mine"),
        (panel.distances["stop"], "20000"),
        (panel.targets[0][0], "40"),
        (panel.targets[0][1], "30000"),
        (panel.targets[1][0], "60"),
        (panel.targets[1][1], "60000"),
        (panel.distances["break_even_after"], "15000"),
    ):
        retype_in(qtbot, field, text)
    press(station, panel.units, "ticks")
    station.click(panel.save)
    assert panel.problem.text() == ""


def choose(station: Workstation, name: str) -> None:
    menu = template_menu(station.area.ticket.form)
    action = next(action for action in menu.actions() if action.text().startswith(name))
    action.trigger()
    station.area.ticket.judge()


def exits(station: Workstation) -> list[tuple[OrderRole, int, int]]:
    orders = [order for order in station.kernel.orders.open_orders("BTCUSDT") if order.reduce_only]
    return [(order.role, order.price or order.stop_price, order.remaining) for order in orders]


def test_a_template_is_made_applied_and_carried_out_by_the_engine(station: Workstation, qtbot: QtBot) -> None:
    make(station, qtbot)
    station.area.show_panel("ticket")
    ticket = station.area.ticket
    press(station, ticket.form.types, "Market")
    retype(station, "size", "0.02")
    choose(station, "Mine")
    assert ticket.form.with_stop.isHidden()
    assert verdict(ticket).startswith("Gate allows")
    risk = next(fact.value for fact in ticket.facts.facts if fact.label == "Risk to stop")
    assert risk.startswith("4.0"), "20,000 ticks of 0.01 on 0.02 BTC"
    station.click(ticket.submit)
    station.pass_time(2)
    (bracket,) = station.kernel.brackets.live.values()
    entry = bracket.average
    assert exits(station) == [
        (OrderRole.PROTECTIVE_STOP, entry - 20_000, LOTS),
        (OrderRole.TAKE_PROFIT, entry + 30_000, 800),
        (OrderRole.TAKE_PROFIT, entry + 60_000, 1_200),
    ]
    assert bracket.plan.break_even_after == 15_000
    ended = [order for order in station.kernel.orders.orders.values() if not order.reduce_only]
    assert [order.type for order in ended] == [OrderType.MARKET]


def test_a_size_by_risk_is_sized_by_the_templates_stop(station: Workstation, qtbot: QtBot) -> None:
    make(station, qtbot)
    station.area.show_panel("ticket")
    ticket = station.area.ticket
    choose(station, "Mine")
    press(station, ticket.form.units, "Risk")
    retype(station, "size", "0.05")
    assert ticket.submit.text() == "Buy 0.025 BTC on paper", "0.05 % of 10,000 over 200"


def test_it_is_applied_in_one_click_too(station: Workstation) -> None:
    choose(station, "Scalp")
    station.click(station.area.ticket.arm)
    station.area.ladder.view.level_clicked.emit("buy", station.last("BTCUSDT") + 5_000)
    station.pass_time(2)
    assert [role for role, _, _ in exits(station)] == [
        OrderRole.PROTECTIVE_STOP,
        OrderRole.TAKE_PROFIT,
        OrderRole.TAKE_PROFIT,
    ]


def test_templates_are_kept_over_a_start_and_can_be_changed_and_deleted(
    open_workstation: Open, qtbot: QtBot, tmp_path: Path
) -> None:
    station = open_workstation()
    make(station, qtbot)
    panel = opened(station)
    panel.choice.setCurrentText("Scalp")
    retype_in(qtbot, panel.name, "Quick")
    station.click(panel.save)
    panel.choice.setCurrentText("Runner")
    station.click(panel.delete)
    assert book_of(station).names() == ["Mine", "Quick"]
    file = station.session.folder.window.with_name("templates.json")
    again = TemplateBook(file)
    assert again.names() == ["Mine", "Quick"]
    mine = again.get("Mine")
    assert mine is not None
    assert mine.targets == (
        TemplateTarget(Decimal(40), Decimal(30_000)),
        TemplateTarget(Decimal(60), Decimal(60_000)),
    )


def test_one_that_is_deleted_leaves_the_ticket(station: Workstation) -> None:
    choose(station, "Scalp")
    book_of(station).remove("Scalp")
    assert station.area.ticket.form.template is None
    assert not station.area.ticket.form.with_stop.isHidden()


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("name", " ", "A template needs a name."),
        ("stop", "0", "A template needs a stop above 0."),
        ("stop", "x", "Distances and parts are numbers."),
        ("trail", "0", "A stop that trails needs both"),
        ("break_even_offset", "9", "The stop cannot move beyond the price"),
        ("break_even_offset", "-1", "Distances and parts are 0 or more."),
        ("share", "101", "The targets close more than 100 %."),
        ("share", "0", "A target needs both, its part and its distance."),
    ],
)
def test_what_cannot_be_kept_is_said(station: Workstation, qtbot: QtBot, field: str, text: str, sentence: str) -> None:
    panel = opened(station)
    panel.choice.setCurrentText("Runner")
    fields = {"name": panel.name, "share": panel.targets[0][0], **panel.distances}
    retype_in(qtbot, fields[field], text)
    station.click(panel.save)
    assert panel.problem.text().startswith(sentence)
    assert book_of(station).get("Runner") == SHIPPED[1]


@pytest.mark.allow_log_warnings("cannot be read")
def test_a_file_that_is_damaged_shows_the_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "templates.json"
    file.write_text("{")
    assert TemplateBook(file).names() == ["Runner", "Scalp"]


@given(st.sampled_from(list(Unit)), st.decimals("0.1", "50", places=1))
def test_distances_in_each_unit_are_the_same_in_ticks(unit: Unit, distance: Decimal) -> None:
    template = Template(name="x", unit=unit, stop=distance, targets=(TemplateTarget(Decimal(50), distance * 2),))
    plan = plan_of(template, INSTRUMENTS[BTC], Decimal(20_000), Decimal(30))
    in_ticks = {Unit.TICKS: distance, Unit.PERCENT: distance * 2_000, Unit.ATR: distance * 300}[unit]
    assert plan.stop == int(in_ticks.to_integral_value())
    assert plan.targets[0].distance == int((2 * in_ticks).to_integral_value())
    assert plan.targets[0].share == 50_000_000


def test_an_atr_that_is_not_known_yet_is_said() -> None:
    assert average_true_range(None) is None
    assert average_true_range(BarSeries(INSTRUMENTS[BTC], ATR_INTERVAL_NS)) is None
    with pytest.raises(OrderError, match="14 bars of 15 min are needed for the ATR of BTCUSDT"):
        plan_of(SHIPPED[1], INSTRUMENTS[BTC], Decimal(20_000), None)
