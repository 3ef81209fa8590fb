"""Declarative tables."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from widgets.controls.table import Action, Column, Kind, RowState, Table
from widgets.controls.table_model import TableModel
from widgets.look import style
from widgets.look.theme import current
from widgets.look.tokens import Tone

SECOND = 1_000_000_000


class Orders(Table):
    key = "id"
    sorted_by = "time"
    empty = "No working orders. F9 opens the ticket."
    limit = 50
    columns = (
        Column("time", "Time", Kind.TIME),
        Column("symbol", "Symbol"),
        Column("side", "Type", Kind.SIDE),
        Column("size", "Size", Kind.NUMBER, decimals="lot"),
        Column("price", "Price", Kind.PRICE, decimals="tick"),
        Column("pnl", "P&L", Kind.SIGNED, shown_from=300),
        Column("age", "Age", Kind.AGE),
        Column("state", "State", Kind.STATE),
    )
    actions_declared = (
        Action("cancel", "Cancel order", "cancel"),
        Action("amend", "Amend…", enabled=lambda rows: len(rows) == 1),
    )


def order(number: int, **fields: Any) -> dict[str, Any]:
    row = {
        "id": number,
        "time": number * SECOND,
        "symbol": "BTCUSDT",
        "side": "Buy limit",
        "size": Decimal("0.011"),
        "price": Decimal(number * 100),
        "pnl": Decimal(0),
        "age": 75 * SECOND,
        "state": "Working",
        "tick": Decimal("0.1"),
        "lot": Decimal("0.001"),
    }
    return {**row, **fields}


@pytest.fixture
def table(qtbot: QtBot, qapp: QApplication) -> Orders:
    style.install(qapp)
    widget = Orders()
    qtbot.addWidget(widget)
    widget.resize(700, 300)
    widget.show()
    return widget


def test_numbers_sort_as_numbers(table: Orders) -> None:
    for number in (2, 10, 9, 100):
        table.upsert(order(number))
    table.upsert(order(5, price=None))
    table.flush()
    table.sortByColumn(4, Qt.SortOrder.AscendingOrder)
    prices = [row["price"] for row in table.shown_rows() if row["price"] is not None]
    assert prices == [Decimal(200), Decimal(900), Decimal(1000), Decimal(10000)]


def test_newest_first_and_rows_change_by_key(table: Orders) -> None:
    table.upsert(order(1))
    table.upsert(order(2))
    table.flush()
    table.upsert({"id": 1, "state": "Filled"})
    table.flush()
    assert [row["id"] for row in table.shown_rows()] == [2, 1]
    assert table.shown_rows()[1]["state"] == "Filled"
    assert table.shown_rows()[1]["symbol"] == "BTCUSDT"


def test_a_burst_is_one_refresh(table: Orders, qtbot: QtBot) -> None:
    table.replace(order(number) for number in range(40))
    table.flush()
    told: list[object] = []
    table.rows_model.dataChanged.connect(lambda *span: told.append(span))
    for step in range(1, 100):
        for number in range(40):
            table.upsert({"id": number, "size": Decimal(step)})
    assert not told
    qtbot.waitUntil(lambda: not table.rows_model.has_changes)
    assert len(told) == 1
    assert {row["size"] for row in table.rows_model.rows} == {Decimal(99)}


def test_replace_removes_what_is_gone(table: Orders) -> None:
    table.replace([order(1), order(2), order(3), order(4)])
    table.flush()
    table.upsert(order(9))
    table.replace([order(2, state="Partly filled"), order(5)])
    table.flush()
    assert {row["id"]: row["state"] for row in table.shown_rows()} == {2: "Partly filled", 5: "Working"}
    table.remove(2)
    table.remove("never seen")
    table.flush()
    assert [row["id"] for row in table.shown_rows()] == [5]


def test_the_oldest_rows_leave_past_the_limit(table: Orders) -> None:
    for number in range(80):
        table.upsert(order(number))
    table.flush()
    assert len(table.rows_model.rows) == 50
    assert min(row["id"] for row in table.shown_rows()) == 30
    assert table.rows_model.row_of(30) == order(30)
    assert table.rows_model.row_of(29) is None


def test_cells_show_decimals_of_tick_and_lot(table: Orders) -> None:
    table.upsert(order(1, price=Decimal(42010), pnl=Decimal("-0.4"), size=None))
    table.flush()
    model = table.rows_model
    shown = [model.index(0, place).data() for place in range(len(table.columns))]
    assert shown == ["00:00:01", "BTCUSDT", "Buy limit", "–", "42,010.0", "−0.40", "1m 15s", "Working"]
    right = Qt.AlignmentFlag.AlignRight
    aligned = [
        bool(model.index(0, place).data(Qt.ItemDataRole.TextAlignmentRole) & right)
        for place in range(len(table.columns))
    ]
    assert aligned == [False, False, False, True, True, True, True, False]


def test_tones_say_state_and_sign() -> None:
    state, signed, text = Column("state", "State", Kind.STATE), Column("pnl", "P&L", Kind.SIGNED), Column("a", "A")
    row = {"state": "In doubt 0.9 s", "pnl": Decimal(-1), "a": "x"}
    assert state.tone_in(row, RowState.IN_DOUBT) is Tone.WARNING
    assert text.tone_in(row, RowState.IN_DOUBT) is Tone.NORMAL
    assert signed.tone_in(row, RowState.NORMAL) is Tone.DOWN
    assert signed.tone_in(row, RowState.TERMINAL) is Tone.FAINT
    assert text.tone_in(row, RowState.STALE) is Tone.FAINT
    assert state.tone_in(row, RowState.STALE) is Tone.WARNING


def test_csv_holds_plain_values(table: Orders) -> None:
    table.upsert(order(1, price=Decimal("42010.5"), pnl=Decimal("-1234.5"), symbol='A"B,C'))
    table.flush()
    table.selectRow(0)
    table.copy()
    text = QApplication.clipboard().text()
    header, row = list(csv.reader(io.StringIO(text)))
    assert header == ["Time", "Symbol", "Type", "Size", "Price", "P&L", "Age", "State"]
    assert row == [
        "1970-01-01T00:00:01.000Z", 'A"B,C', "Buy limit", "0.011", "42010.5", "-1234.5", "75.000", "Working",
    ]  # fmt: skip


def test_menu_acts_on_the_selected_rows(table: Orders, qtbot: QtBot) -> None:
    table.replace([order(1), order(2)])
    table.flush()
    assert not table.make_menu().actions()[0].isEnabled()
    table.selectAll()
    cancel, amend = table.make_menu().actions()[:2]
    assert cancel.isEnabled()
    assert not amend.isEnabled()
    with qtbot.waitSignal(table.action_triggered) as heard:
        cancel.trigger()
    assert heard.args == ["cancel", [2, 1]]


def test_selection_survives_updates_and_sorting(table: Orders) -> None:
    table.replace([order(1), order(2), order(3)])
    table.flush()
    table.select_key(1)
    table.upsert(order(4))
    table.upsert({"id": 1, "price": Decimal(999_999)})
    table.flush()
    table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    assert table.selected_keys() == [1]


def test_columns_fill_the_width_and_drop_when_narrow(table: Orders) -> None:
    header = table.horizontalHeader()
    assert sum(header.sectionSize(place) for place in range(len(table.columns))) == table.viewport().width()
    table.resize(280, 300)
    assert table.isColumnHidden(5)
    table.resize(700, 300)
    assert not table.isColumnHidden(5)


def test_a_figure_is_never_cut_off(table: Orders, qtbot: QtBot) -> None:
    table.upsert(order(1, price=Decimal("123456789012345.6")))
    table.flush()
    before = table.columnWidth(4)
    table.grab()
    qtbot.waitUntil(lambda: table.columnWidth(4) > before)


def test_filter_and_empty_text(table: Orders) -> None:
    empty = table.grab().toImage()
    table.replace([order(1), order(2, symbol="ETHUSDT")])
    table.flush()
    assert table.grab().toImage() != empty
    table.set_filter("eth")
    assert [row["id"] for row in table.shown_rows()] == [2]


def test_terminal_rows_are_drawn_in_text_3_only(table: Orders) -> None:
    table.upsert(order(1, row_state=RowState.TERMINAL, pnl=Decimal(5)))
    table.flush()
    image = table.viewport().grab().toImage()
    tokens = current().tokens
    rows = range(3, current().metrics.table_row - 3)
    brightest = max(image.pixelColor(x, y).lightness() for x in range(image.width()) for y in rows)
    assert brightest <= tokens.text_3.lightness() + 2
    assert brightest > tokens.ground.lightness() + 60


def test_a_row_without_its_key_is_refused(qapp: QApplication) -> None:
    with pytest.raises(KeyError):
        TableModel(Orders.columns, "id").upsert({"symbol": "BTCUSDT"})
