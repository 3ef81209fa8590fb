"""Execution algorithms from the ticket to the table above the orders."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtCore import Qt

from tests.gui.conftest import Workstation
from tests.gui.ticket.test_ticket_panel import press, retype, verdict
from widgets.controls.fields import Field
from widgets.ticket.algorithm_order import AlgorithmKind
from widgets.ticket.ticket_menus import types_menu
from workstation.core.algorithms import AlgorithmState, Iceberg, Scaled, Twap
from workstation.core.timeframe import MINUTE_NS
from workstation.core.types import Side
from workstation.trading.algorithms.parent import Parent


def choose(station: Workstation, kind: AlgorithmKind, size: str = "0.02") -> dict[str, Field]:
    """By the menu behind More, as a person does."""
    form = station.area.ticket.form
    station.trigger(types_menu(form), kind.value)
    retype(station, "size", size)
    fields: dict[str, Field] = form.algorithm_fields.fields
    return fields


def type_into(station: Workstation, field: Field, text: str) -> None:
    field.setFocus()
    field.selectAll()
    if text:
        station.qtbot.keyClicks(field, text)
    else:
        station.qtbot.keyClick(field, Qt.Key.Key_Delete)
    station.area.ticket.judge()


def started(station: Workstation) -> Parent:
    (parent,) = station.kernel.algorithms.parents.values()
    return parent


def test_a_twap_is_typed_judged_started_and_worked_off(station: Workstation) -> None:
    ticket = station.area.ticket
    fields = choose(station, AlgorithmKind.TWAP)
    type_into(station, fields["duration"], "1")
    type_into(station, fields["slices"], "4")
    assert verdict(ticket).startswith("Gate allows. first order: ")
    assert ticket.submit.text() == "Buy 0.02 BTC by TWAP on paper"
    cost = next(fact.value for fact in ticket.facts.facts if fact.label == "Cost")
    ask = station.engine.market("BTCUSDT").instrument.price(station.engine.market("BTCUSDT").best_ask)
    assert Decimal(cost.split("\u2009")[0].split("\u00a0")[0].replace(",", "")) == pytest.approx(
        ask * Decimal("0.02"), abs=Decimal(1)
    )
    station.click(ticket.submit)
    station.area.show_panel("orders")
    station.pass_time(20)
    assert started(station).order.plan == Twap(duration_ns=MINUTE_NS, slices=4)
    table = station.area.orders.algorithms
    (row,) = table.shown_rows()
    assert (row["kind"], row["quantity"], row["step"]) == ("Buy TWAP", Decimal("0.02000"), "2 of 4")
    assert row["state"].startswith("Running, next in 0:")
    station.pass_time(45)
    assert started(station).state is AlgorithmState.DONE
    assert station.kernel.ledger.lots("manual", "BTCUSDT") == 2_000
    assert table.isHidden(), "it takes no room when nothing runs"


def test_the_cost_of_a_scaled_order_is_that_of_its_orders(station: Workstation) -> None:
    """Sizes of 1, 2 and 3 parts of 0.03: 0.005, 0.01 and 0.015."""
    first = station.kernel.markets["BTCUSDT"].instrument.price(station.last("BTCUSDT") // 1_000 * 1_000 - 20_000)
    fields = choose(station, AlgorithmKind.SCALED, "0.03")
    for name, text in {"first": f"{first}", "last": f"{first - 200}", "count": "3", "ratio": "3"}.items():
        type_into(station, fields[name], text)
    cost = Decimal("0.005") * first + Decimal("0.01") * (first - 100) + Decimal("0.015") * (first - 200)
    facts = {fact.label: fact.value for fact in station.area.ticket.facts.facts}
    assert Decimal(facts["Cost"].split()[0].removesuffix("USDT").replace(",", "")) == pytest.approx(
        cost, abs=Decimal("0.01")
    )


def test_an_iceberg_and_a_scaled_order_are_what_was_typed(station: Workstation) -> None:
    instrument = station.kernel.markets["BTCUSDT"].instrument
    price = instrument.price(station.last("BTCUSDT") // 1_000 * 1_000 - 20_000)
    fields = choose(station, AlgorithmKind.ICEBERG)
    type_into(station, fields["price"], str(price))
    type_into(station, fields["visible"], "0.004")
    type_into(station, fields["refill"], "25")
    station.click(station.area.ticket.submit)
    assert started(station).order.plan == Iceberg(price=instrument.ticks(price), visible=400, refill=25_000_000)
    station.kernel.algorithms.parents.clear()
    press(station, station.area.ticket.form.side, "Sell")
    fields = choose(station, AlgorithmKind.SCALED, "0.03")
    above = price + 500
    type_into(station, fields["first"], str(above))
    type_into(station, fields["last"], str(above + 100))
    type_into(station, fields["count"], "3")
    type_into(station, fields["ratio"], "3")
    press(station, station.area.ticket.form.algorithm_fields.sizes, "Geometric")
    station.area.ticket.judge()
    station.click(station.area.ticket.submit)
    order = started(station).order
    ticks = instrument.ticks
    assert order.side is Side.SELL
    assert order.plan == Scaled(
        first_price=ticks(above),
        last_price=ticks(above + 100),
        count=3,
        sizes="geometric",
        ratio=300_000_000,
    )


@pytest.mark.parametrize(
    ("kind", "field", "text", "sentence"),
    [
        (AlgorithmKind.TWAP, "slices", "1.5", "A number of slices is a whole number."),
        (AlgorithmKind.TWAP, "slices", "700", "A TWAP has from 2 to 500 slices."),
        (AlgorithmKind.TWAP, "offset", "0.5", "The offset is a whole number of ticks; empty sends market orders."),
        (AlgorithmKind.ICEBERG, "visible", "0", "A size to show above 0 is needed."),
        (AlgorithmKind.ICEBERG, "visible", "5", "What an iceberg shows is above 0 and at most its quantity."),
        (AlgorithmKind.SCALED, "ratio", "-1", "A ratio above 0 is needed."),
        (AlgorithmKind.SCALED, "count", "51", "A scaled order has from 2 to 50 orders."),
    ],
)
def test_what_cannot_be_is_said_and_cannot_be_sent(
    station: Workstation, kind: AlgorithmKind, field: str, text: str, sentence: str
) -> None:
    ticket = station.area.ticket
    fields = choose(station, kind)
    type_into(station, fields[field], text)
    told = ticket.form.problem.text() or verdict(ticket)
    assert sentence in told
    assert not ticket.submit.isEnabled()


def test_an_algorithm_has_no_stop_to_be_sized_by(station: Workstation) -> None:
    choose(station, AlgorithmKind.TWAP)
    press(station, station.area.ticket.form.units, "Risk")
    station.area.ticket.judge()
    assert "has no stop to size it by" in station.area.ticket.form.problem.text()


def test_paused_resumed_and_cancelled_by_right_click(station: Workstation) -> None:
    fields = choose(station, AlgorithmKind.ICEBERG)
    instrument = station.kernel.markets["BTCUSDT"].instrument
    type_into(station, fields["price"], str(instrument.price(station.last("BTCUSDT") - 50_000)))
    type_into(station, fields["visible"], "0.004")
    station.click(station.area.ticket.submit)
    station.area.show_panel("orders")
    station.pass_time(1)
    table = station.area.orders.algorithms
    key = started(station).algorithm_id
    station.choose(table, key, "Pause")
    station.pass_time(2)
    (row,) = table.shown_rows()
    assert (row["state"], row["working"]) == ("Paused: paused by desktop", Decimal(0))
    station.choose(table, key, "Resume")
    station.pass_time(1)
    assert station.kernel.orders.open_count == 1
    station.choose(table, key, "Cancel with its orders")
    station.pass_time(1)
    assert station.kernel.orders.open_count == 0
    assert started(station).state is AlgorithmState.CANCELLED


def test_an_ordinary_type_brings_the_ordinary_fields_back(station: Workstation) -> None:
    form = station.area.ticket.form
    choose(station, AlgorithmKind.TWAP)
    assert form.price.isHidden()
    assert form.with_stop.isHidden()
    press(station, form.types, "Limit")
    station.area.ticket.judge()
    assert not form.price.isHidden()
    assert not form.with_stop.isHidden()
    assert form.algorithm_fields.isHidden()
    assert station.area.ticket.submit.text() == "Buy 0.02 BTC on paper"
