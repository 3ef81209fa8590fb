"""Order sizes at one click: written into the ticket, edited, kept by symbol, the same in the ladder."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication

from tests.gui.conftest import Workstation, small_settings
from tests.gui.ticket.test_ticket_panel import press, retype
from widgets.ticket.size_presets import SizePresets
from widgets.ticket.sizes_editor import SizesEditor


def editor_of(station: Workstation) -> SizesEditor:
    station.click(station.area.ticket.form.edit_sizes)
    editor = station.area.ticket.form.sizes.findChildren(SizesEditor)[-1]
    assert isinstance(editor, SizesEditor)
    return editor


def write(station: Workstation, editor: SizesEditor, place: int, text: str) -> None:
    field = editor.rows[place].field
    field.selectAll()
    station.qtbot.keyClicks(field, text)


BTC = small_settings().instruments["BTCUSDT"]


def test_a_size_is_written_by_a_click_and_none_is_chosen_once_another_is_typed(station: Workstation) -> None:
    ticket = station.area.ticket
    sizes = ticket.form.sizes
    press(station, ticket.form.units, "Value")
    assert sizes.index == -1
    press(station, sizes, "0.020")
    assert (ticket.form.quantity.text(), ticket.form.units.text) == ("0.020", "Qty")
    retype(station, "size", "0.5")
    assert sizes.index == -1
    press(station, sizes, "0.020")
    assert ticket.form.quantity.text() == "0.020"


def test_no_size_is_proposed_before_the_account_is_known(station: Workstation) -> None:
    ticket, cash = station.area.ticket, station.kernel.ledger.cash
    held = dict(cash)
    for field in (ticket.form.quantity, ticket.form.fields["price"]):
        field.clear()
    cash.update(dict.fromkeys(cash, 0))
    station.frame()
    ticket._symbol = ""
    ticket.refresh()
    assert (ticket.form.quantity.text(), ticket.form.fields["price"].text()) == ("", "")
    cash.update(held)
    station.frame()
    assert ticket.form.quantity.text() == "0.010"
    assert ticket.form.sizes._texts == ["0.002", "0.010", "0.020"]


def test_sizes_are_edited_added_and_removed_in_ticket_and_ladder_at_once(station: Workstation) -> None:
    ladder, sizes = station.area.ladder, station.area.ticket.form.sizes
    editor = editor_of(station)
    station.click(editor.rows[2].remove)
    write(station, editor, 0, "0.0005")
    station.click(editor.add)
    assert QApplication.focusWidget() is editor.rows[2].field
    station.qtbot.keyClicks(editor.rows[2].field, "0.25")
    station.click(editor.keep)
    assert sizes._texts == ladder.sizes._texts == ["0.0005", "0.0100", "0.2500"]
    press(station, ladder.sizes, "0.2500")
    assert ladder.size_lots == BTC.lots(Decimal("0.25"))
    again = editor_of(station)
    station.click(again.round)
    assert sizes._texts == ladder.sizes._texts == ["0.002", "0.010", "0.020"]


def test_what_is_no_size_is_not_kept(station: Workstation) -> None:
    editor = editor_of(station)
    for text in ("", "0", "0.000001", "much"):
        write(station, editor, 1, text) if text else editor.rows[1].field.clear()
        station.click(editor.keep)
        assert editor.isVisible() and editor.rows[1].field.in_error
        assert editor.problem.text() == "A size above 0 in steps of 0.00001 is needed."
    for _ in range(3):
        station.click(editor.add)
    assert len(editor.rows) == 6 and not editor.add.isEnabled()
    station.qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert station.area.ticket.form.sizes._texts == ["0.002", "0.010", "0.020"]


def test_a_right_click_in_the_ladder_edits_them(station: Workstation) -> None:
    sizes = station.area.ladder.sizes
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(5, 5), sizes.mapToGlobal(QPoint(5, 5)))
    QApplication.sendEvent(sizes, event)
    (editor,) = sizes.findChildren(SizesEditor)
    write(station, editor, 1, "0.011")
    station.qtbot.keyClick(editor.rows[1].field, Qt.Key.Key_Return)
    assert sizes._texts == station.area.ticket.form.sizes._texts == ["0.002", "0.011", "0.020"]
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not sizes.findChildren(SizesEditor)


def test_they_are_kept_by_symbol_in_a_file(tmp_path: Path) -> None:
    file, instrument = tmp_path / "sizes.json", BTC
    book = SizePresets(file)
    book.put(instrument, [5_000, 100, 100])
    again = SizePresets(file)
    assert again.lots(instrument, 4_000_000, Decimal(10_000)) == [100, 5_000]
    assert again.is_own("BTCUSDT") and not again.is_own("ETHUSDT")
    again.put(instrument, [])
    assert not SizePresets(file).is_own("BTCUSDT")


@pytest.mark.allow_log_warnings
def test_a_damaged_file_gives_round_sizes_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "sizes.json"
    file.write_text("{")
    with caplog.at_level(logging.WARNING):
        book = SizePresets(file)
    assert "cannot be read, so that round order sizes are shown" in caplog.text
    assert book.lots(BTC, 4_000_000, Decimal(10_000))
