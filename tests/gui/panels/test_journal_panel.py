"""The trade journal: round trips, notes and tags in their file, figures by tag."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation
from tests.gui.panels.test_balances_and_results import choose
from widgets.panels.journal_panel import JournalPanel
from widgets.panels.note_dialog import NoteDialog
from widgets.panels.trade_notes import VERSION, TradeNote, TradeNotes, TradeNotesFile, read_tags
from workstation.core.types import Side
from workstation.storage.document import read_document


def journal_of(station: Workstation) -> JournalPanel:
    station.area.show_panel("journal")
    station.frame()
    panel: JournalPanel = station.area.journal
    return panel


def trade(station: Workstation, symbol: str = "BTCUSDT") -> None:
    """Buy, and sell all of it."""
    station.buy(symbol, 1000)
    station.pass_time(1)
    station.buy(symbol, 1000, side=Side.SELL)
    station.pass_time(1)


def write(station: Workstation, qtbot: QtBot, panel: JournalPanel, tags: str, text: str) -> None:
    """Into the selected row's note, as a person does."""
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    dialog = next(each for each in station.window.findChildren(NoteDialog) if each.isVisible())
    dialog.tags.clear()
    qtbot.keyClicks(dialog.tags, tags)
    dialog.text.clear()
    qtbot.keyClicks(dialog.text, text)
    station.click(dialog.action_button)
    station.frame()


def test_a_closed_position_is_noted_tagged_and_found_again_after_a_restart(
    open_workstation: Open, qtbot: QtBot
) -> None:
    station = open_workstation()
    panel = journal_of(station)
    assert panel.table.shown_rows() == [] and panel.summary.text() == ""
    trade(station)
    trade(station, "ETHUSDT")
    rows = panel.table.shown_rows()
    assert [row["symbol"] for row in rows] == ["ETHUSDT", "BTCUSDT"]
    account = station.engine.account()
    assert sum(row["net"] for row in rows) == account.realised - account.fees
    assert " % of 2 won, " in panel.summary.text().replace("\u2009", " ")
    panel.table.select_key(rows[1]["name"])
    write(station, qtbot, panel, "Late, news ,late", "Chased it.")
    noted = panel.table.rows_model.row_of(rows[1]["name"])
    assert noted is not None and (noted["tags"], noted["note"]) == ("late, news", "Chased it.")
    choose(qtbot, panel.choice, "By tag")
    panel.tags.flush()
    assert [(row["tag"], row["trips"]) for row in panel.tags.rows_model.rows] == [
        ("all", 2),
        ("late", 1),
        ("news", 1),
        ("no tag", 1),
    ]
    panel._notes.writer.wait()
    clock = station.clock.now
    station.stop_session()
    panel = journal_of(open_workstation(start_ns=clock + 1_000_000_000))
    again = panel.table.rows_model.row_of(rows[1]["name"])
    assert again is not None and again["net"] == rows[1]["net"]
    assert (again["tags"], again["note"]) == ("late, news", "Chased it.")


def test_an_emptied_note_leaves_the_file(tmp_path: Path, qapp: object) -> None:
    file = tmp_path / "trade_notes.json"
    notes = TradeNotes(file)
    notes.put("a", TradeNote("one", ("x",)))
    notes.put("b", TradeNote("two"))
    notes.put("a", TradeNote())
    notes.writer.wait()
    assert read_document(file, TradeNotesFile, VERSION) == TradeNotesFile(VERSION, {"b": TradeNote("two")})
    assert TradeNotes(file).of("b").text == "two"


@pytest.mark.allow_log_warnings("was not read")
def test_a_damaged_file_is_kept_aside_and_the_journal_says_so(
    station: Workstation, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "trade_notes.json"
    file.write_text("{")
    notes = TradeNotes(file)
    assert "is kept as trade_notes.json.damaged-1" in notes.problem
    panel = JournalPanel(station.model, notes)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.note.text() == notes.problem


def test_a_note_that_is_too_long_is_refused_in_the_window(station: Workstation, qtbot: QtBot) -> None:
    panel = journal_of(station)
    trade(station)
    panel.write(panel.table.shown_rows()[0]["name"])
    (dialog,) = station.window.findChildren(NoteDialog)
    dialog.text.setPlainText("x" * 10_001)
    station.click(dialog.action_button)
    assert dialog.isVisible() and "shorten it to 10,000" in dialog.problem.text()
    dialog.reject()
    assert not panel._notes.tags()


def test_without_a_folder_the_panel_says_that_notes_end_with_the_window(station: Workstation, qtbot: QtBot) -> None:
    panel = JournalPanel(station.model, TradeNotes(None))
    qtbot.addWidget(panel)
    panel.show()
    assert "as long as this window" in panel.note.text()


def test_tags_are_read_as_people_type_them() -> None:
    assert read_tags(" Late,  break   out,, late ") == ("late", "break out")
    assert read_tags(" , ") == ()
