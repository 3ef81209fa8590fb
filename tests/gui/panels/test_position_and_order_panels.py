"""Positions, orders and fills: what is shown, how it sorts, and what a right click does."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import SECOND_NS, Open, Workstation, small_settings
from widgets.controls.dialogs import AmendDialog, ReasonDialog
from widgets.controls.table import RowState
from widgets.engine.order_words import STATE_WORDS
from widgets.look.numbers import format_time
from widgets.look.tokens import Tone
from widgets.panels.fills_panel import day_and_time
from widgets.panels.positions_table import PositionsTable
from workstation.core.messages import OrderUnknown, PositionTransferred, StartStrategy
from workstation.core.types import OrderState, Side


def held_by(station: Workstation, symbol: str = "BTCUSDT") -> list[str]:
    return [position.owner for position in station.engine.positions() if position.symbol == symbol]


def transfer_dialog(station: Workstation) -> ReasonDialog:
    return next(each for each in station.window.findChildren(ReasonDialog) if each.isVisible())


def test_a_position_is_handed_to_a_strategy_and_taken_over_with_a_reason(station: Workstation, qtbot: QtBot) -> None:
    station.buy()
    station.pass_time(1)
    table = station.area.positions.table
    heard: list[PositionTransferred] = []
    station.kernel.bus.subscribe(PositionTransferred, heard.append)
    station.choose(table, "manual BTCUSDT", "Hand back…")
    dialog = transfer_dialog(station)
    qtbot.keyClicks(dialog.reason, "it may go on")
    station.click(dialog.action_button)
    station.pass_time(1)
    assert held_by(station) == ["confluence"]
    station.choose(table, "confluence BTCUSDT", "Take over…")
    dialog = transfer_dialog(station)
    qtbot.keyClicks(dialog.reason, "news")
    station.click(dialog.action_button)
    station.pass_time(1)
    assert held_by(station) == ["manual"]
    assert [event.reason for event in heard] == ["it may go on", "news"]


def test_without_a_reason_nothing_moves(station: Workstation) -> None:
    station.buy()
    station.pass_time(1)
    station.choose(station.area.positions.table, "manual BTCUSDT", "Hand back…")
    dialog = transfer_dialog(station)
    station.click(dialog.action_button)
    assert dialog.isVisible()
    assert dialog.reason.in_error
    assert held_by(station) == ["manual"]
    dialog.close()


def test_a_manual_position_can_be_taken_over_from_nobody(station: Workstation) -> None:
    station.buy()
    station.pass_time(1)
    table = station.area.positions.table
    table.select_key("manual BTCUSDT")
    enabled = {action.text(): action.isEnabled() for action in table.make_menu().actions()}
    assert enabled["Hand back…"]
    assert not enabled["Take over…"]


@pytest.mark.parametrize(("side", "sign"), [(Side.BUY, 1), (Side.SELL, -1)])
def test_the_mark_at_which_the_venue_closes_a_position_is_shown(open_workstation: Open, side: Side, sign: int) -> None:
    """Isolated: entry × (1 ∓ 1/leverage) / (1 ∓ maintenance margin)."""
    settings = small_settings()
    account = msgspec.structs.replace(settings.account, leverage=10)
    station = open_workstation(small_settings(account=account))
    station.buy(side=side)
    station.pass_time(2)
    (row,) = station.area.positions.table.shown_rows()
    expected = (
        row["entry"] * (1 - sign * Decimal("0.1")) / (1 - sign * settings.instruments["BTCUSDT"].maintenance_margin)
    )
    assert row["liquidation"] == pytest.approx(expected, abs=Decimal("0.02"))
    column = next(each for each in PositionsTable.columns if each.key == "liquidation")
    assert column.text is not None
    assert [column.text({"liquidation": told}) for told in (None, Decimal(0), row["liquidation"])] == [
        "–",
        "none",
        None,
    ]


def test_a_stop_that_does_not_cover_the_position_stands_out(station: Workstation) -> None:
    station.buy(stop_loss=int(station.last("BTCUSDT") * 0.99))
    station.pass_time(2)
    column = next(each for each in PositionsTable.columns if each.key == "stop")
    assert column.text is not None and column.tone is not None

    def shown() -> tuple[str | None, Tone | None]:
        (row,) = station.area.positions.table.shown_rows()
        assert column.text is not None and column.tone is not None
        return column.text(row), column.tone(row)

    assert shown() == (None, None)
    station.buy(lots=500)
    station.pass_time(2)
    words, tone = shown()
    assert words is not None and words.startswith("part 4")
    assert tone is Tone.WARNING


def test_a_position_is_closed_at_the_market_by_right_click(station: Workstation) -> None:
    station.buy()
    station.buy("ETHUSDT", 100)
    station.pass_time(1)
    station.choose(station.area.positions.table, "manual BTCUSDT", "Close at the market")
    station.pass_time(1)
    assert [position.symbol for position in station.engine.positions()] == ["ETHUSDT"]


def test_the_entries_of_one_owner_are_cancelled_by_right_click(station: Workstation) -> None:
    last = station.last("BTCUSDT")
    station.buy(stop_loss=int(last * 0.985))
    mine = station.rest()
    theirs = station.rest(below=0.006)
    station.pass_time(1)
    station.kernel.orders.orders[theirs].owner = "confluence"
    station.model.heard.orders[theirs] = station.engine.order(theirs)  # type: ignore[assignment]
    station.choose(station.area.positions.table, "manual BTCUSDT", "Cancel its entries")
    station.pass_time(1)
    states = station.kernel.orders.orders
    assert not states[mine].is_open
    assert states[theirs].is_open
    assert [position.stop_at_venue is not None for position in station.engine.positions()] == [True]


def test_an_order_is_changed_in_a_dialog(station: Workstation, qtbot: QtBot) -> None:
    client_id = station.rest()
    station.pass_time(1)
    station.area.show_panel("orders")
    station.frame()
    station.choose(station.area.orders.table, client_id, "Change…")
    dialog = next(each for each in station.window.findChildren(AmendDialog) if each.isVisible())
    assert set(dialog.editors) == {"price", "lots"}
    wanted = station.kernel.orders.orders[client_id].price - 500
    dialog.field("price").setText(str(station.kernel.markets["BTCUSDT"].instrument.price(wanted)))
    dialog.field("lots").setText("0.000001")
    station.click(dialog.action_button)
    assert "multiple of its lot" in dialog.problem.text()
    dialog.field("lots").setText("0.008")
    station.click(dialog.action_button)
    station.pass_time(1)
    order = station.kernel.orders.orders[client_id]
    assert (order.price, order.lots) == (wanted, 800)


def test_columns_of_figures_sort_as_numbers(station: Workstation) -> None:
    for lots in (900, 1_000, 200):
        station.rest(lots=lots, below=0.004 + lots / 1e7)
    station.pass_time(1)
    station.area.show_panel("orders")
    station.frame()
    table = station.area.orders.table
    station.press_header(table, "Size")
    sizes = [row["quantity"] for row in table.shown_rows()]
    assert sizes == [Decimal("0.00200"), Decimal("0.00900"), Decimal("0.01000")]
    station.press_header(table, "Size")
    assert [row["quantity"] for row in table.shown_rows()] == sizes[::-1]


def test_working_orders_stand_above_those_that_ended(station: Workstation) -> None:
    first = station.rest()
    station.pass_time(1)
    second = station.rest(below=0.006)
    station.pass_time(1)
    station.area.show_panel("orders")
    station.frame()
    station.choose(station.area.orders.table, second, "Cancel")
    station.pass_time(1)
    rows = station.area.orders.table.shown_rows()
    assert [row["client_id"] for row in rows] == [first, second]
    assert rows[1]["row_state"] is RowState.TERMINAL
    station.click(station.area.orders.working_only)
    assert [row["client_id"] for row in station.area.orders.table.shown_rows()] == [first]


def test_an_order_in_doubt_shows_for_how_long(station: Workstation) -> None:
    client_id = station.rest()
    station.kernel.on_report(OrderUnknown(ts_ns=station.kernel.clock.time_ns, client_id=client_id, reason="no answer"))
    station.clock.now += 900_000_000
    station.area.show_panel("orders")
    station.frame()
    row = station.area.orders.table.shown_rows()[0]
    assert row["state"].startswith("In doubt 0.9 s")
    assert row["row_state"] is RowState.IN_DOUBT


def test_every_state_of_an_order_has_a_word() -> None:
    assert set(STATE_WORDS) == set(OrderState)


def test_fills_carry_what_they_realised(station: Workstation) -> None:
    station.buy()
    station.pass_time(1)
    station.buy(side=Side.SELL)
    station.pass_time(1)
    station.area.show_panel("fills")
    station.frame()
    rows = station.area.fills.table.shown_rows()
    realised = sum((row["realised"] for row in rows), Decimal(0))
    assert realised == station.engine.account().realised
    assert {row["side"] for row in rows} == {"Buy", "Sell"}
    assert rows[0]["ts_ns"] >= rows[-1]["ts_ns"]
    assert station.area.panel("fills").count == len(rows)


def test_orders_and_fills_of_earlier_sessions_come_back(open_workstation: Open) -> None:
    station = open_workstation()
    station.buy()
    station.pass_time(1)
    station.buy(side=Side.SELL)
    station.pass_time(1)
    fills = [(fill.fill_id, fill.realised) for fill in station.model.heard.fills]
    working = station.rest()
    station.pass_time(1)
    again = open_workstation(start_ns=station.clock.now)
    assert [(fill.fill_id, fill.realised) for fill in again.model.heard.fills] == fills
    assert [order.client_id for order in again.model.heard.working_orders()] == [working]
    assert len(again.model.heard.orders) == 3


def test_positions_show_the_newest_working_orders_below(station: Workstation) -> None:
    station.command(StartStrategy(strategy="grid"))
    station.feed(65, step=0.5)
    station.frame()
    working = station.kernel.orders.open_count
    assert working > 4
    shown = station.area.positions.orders.shown_rows()
    assert len(shown) == 4
    assert station.area.panel("orders").count == working


def test_fills_name_the_day_of_the_chosen_zone_and_the_csv_holds_all_that_was_paid(station: Workstation) -> None:
    station.window.choose("time_zone", "Asia/Tokyo")
    station.buy()  # at 12:00 UTC, 21:00 in Tokyo
    station.pass_time(2)
    station.area.show_panel("fills")
    panel = station.area.fills
    (row,) = panel.table.shown_rows()
    assert day_and_time(row) == format_time(row["ts_ns"])
    station.clock.now += 4 * 3_600 * SECOND_NS  # after midnight there, the same day of UTC
    panel.refresh()
    (row,) = panel.table.shown_rows()
    assert day_and_time(row) == f"1 Jan {format_time(row['ts_ns'])}"
    (told,) = csv.DictReader(io.StringIO(panel.table.as_csv()))
    (fill,) = station.model.heard.fills
    assert (Decimal(told["Fee"]), told["Fee in"], told["Order"]) == (-fill.fee, "USDT", fill.client_id)
    assert told["Time"].startswith("2024-01-01T12:00:0")
