"""Named workspaces: shipped, switched, made, renamed, exported, kept, and what a hidden one costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QCursor
from PySide6.QtWidgets import QComboBox, QLineEdit, QListView, QMenu, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation
from widgets.actions.help_card import HelpCard
from widgets.controls.dialogs import NameDialog
from widgets.docks.workspaces import Workspaces
from widgets.engine.linked_model import LETTERS
from widgets.look.theme import current
from widgets.panels.live_panel import LivePanel
from widgets.window.window_state import load
from widgets.window.workspace_actions import WorkspaceActions

SHIPPED = ["Trading", "Order flow", "Research", "Monitoring"]


def spaces(station: Workstation) -> Workspaces:
    assert station.window.workspaces is not None
    return station.window.workspaces


def press(station: Workstation, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    station.window.activateWindow()
    station.qtbot.keyClick(station.window, key, modifiers)
    station.frame()


def name_it(station: Workstation, dialog: NameDialog, name: str) -> None:
    dialog.name.selectAll()
    station.qtbot.keyClicks(dialog.name, name)
    station.qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    station.frame()


def actions(station: Workstation) -> WorkspaceActions:
    return station.window._workspace_actions


def test_four_workspaces_are_shipped_and_keys_switch_them(station: Workstation) -> None:
    assert [tab.text() for tab in station.window.bar.tabs] == SHIPPED
    for number, name in enumerate(SHIPPED, 1):
        press(station, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        assert spaces(station).current == name
        assert [tab.text() for tab in station.window.bar.tabs if tab.isChecked()] == [name]
        assert station.area.isVisible()
        assert all(
            panel.widget() is not None for panel in station.area.panels() if panel.in_front and panel.isVisible()
        )
    assert station.area.panel("risk").isVisible() and station.area.panel("ladder").isHidden()


def test_a_tab_of_the_bar_switches(station: Workstation) -> None:
    station.click(station.window.bar.tabs[3])
    assert spaces(station).current == "Monitoring"
    station.click(station.window.bar.tabs[3])
    assert station.window.bar.tabs[3].isChecked()


def test_a_hidden_workspace_hears_nothing(station: Workstation) -> None:
    trading = station.area
    spaces(station).switch("Monitoring")
    station.frame()
    contents = [panel.widget() for panel in trading.panels()]
    assert not any(content.listening for content in contents if isinstance(content, LivePanel))
    assert trading.panel("orders").count is None or trading.panel("orders").count == 0
    station.rest()
    station.pass_time(1)
    assert station.area.panel("orders").count == 1
    assert trading.panel("orders").count == 0
    spaces(station).switch("Trading")
    station.frame()
    assert trading.panel("orders").count == 1


def test_floating_panels_come_and_go_with_their_workspace(station: Workstation) -> None:
    trading = station.area
    trading.panel("tape").setFloating(True)
    spaces(station).switch("Research")
    assert not trading.panel("tape").isVisible()
    spaces(station).switch("Trading")
    assert trading.panel("tape").isVisible() and trading.panel("tape").isFloating()


def test_new_rename_duplicate_delete_by_hand(station: Workstation) -> None:
    station.click(station.window.bar.add)
    dialog = station.window.findChild(NameDialog)
    assert dialog is not None
    name_it(station, dialog, "trading")
    assert dialog.problem.text() == "There is a workspace trading already; choose another name."
    name_it(station, dialog, "Scalps")
    assert spaces(station).current == "Scalps" and station.window.bar.tabs[4].text() == "Scalps"
    name_it(station, actions(station).ask_rename(), "Scalping")
    station.area.panel("tape").close()
    name_it(station, actions(station).ask_duplicate(), "Copy")
    assert spaces(station).names == [*SHIPPED, "Scalping", "Copy"]
    assert station.area.panel("tape").isHidden()
    station.trigger(station.window.workspace_menu("Scalping"), "Delete the workspace")
    assert spaces(station).names == [*SHIPPED, "Copy"] and spaces(station).current == "Monitoring"


def test_the_last_workspace_stays(station: Workstation) -> None:
    for _ in SHIPPED[1:]:
        actions(station).delete()
    assert not station.window.registry.run("workspace.delete")
    assert "The last workspace stays." in station.window.banner.accessibleDescription()
    with pytest.raises(ValueError, match="last workspace"):
        spaces(station).delete()


def test_export_and_import(station: Workstation, tmp_path: Path) -> None:
    file = tmp_path / "flow.json"
    station.area.panel("tape").close()
    station.area.link("ladder", "B")
    actions(station).export(str(file))
    actions(station).import_(str(file))
    station.frame()
    assert spaces(station).current == "Trading 2"
    assert station.area.panel("tape").isHidden() and station.area.panel("ladder").link == "B"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "It is no JSON"),
        ("[]", "holds no workspace"),
        ('{"workspace": {"name": "", "base": "x"}}', "no workspace"),
    ],
)
def test_what_is_no_workspace_is_not_imported(station: Workstation, tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    actions(station).import_(str(file))
    assert words in station.window.banner.accessibleDescription()
    assert spaces(station).names == SHIPPED
    actions(station).import_(str(tmp_path / "none.json"))
    assert "cannot be read" in station.window.banner.accessibleDescription()


def test_workspaces_are_kept_between_runs(open_workstation: Open) -> None:
    first = open_workstation()
    spaces(first).add("Scalps")
    first.area.panel("pnl").close()
    first.area.link("ladder", "C")
    first.area.choose_symbol("ladder", "XRPUSDT")
    spaces(first).switch("Research")
    first.window.keep()
    second = open_workstation(start_ns=first.clock.now)
    assert second.area.panel("settings").isHidden() and second.area.panel("settings").widget() is None
    assert spaces(second).names == [*SHIPPED, "Scalps"] and spaces(second).current == "Research"
    spaces(second).switch("Scalps")
    second.frame()
    assert second.area.panel("pnl").isHidden()
    assert second.area.ladder.model.symbol == "XRPUSDT" and second.model.symbol == "BTCUSDT"


def test_what_is_kept_is_written_now_and_then(station: Workstation) -> None:
    keeper = station.window.keeper
    assert keeper is not None and keeper._timer.isActive()
    spaces(station).switch("Monitoring")
    keeper._timer.timeout.emit()
    path = station.session.folder.window
    assert json.loads(path.read_text())["workspaces"]["current"] == "Monitoring"
    written = path.stat().st_mtime_ns
    keeper._timer.timeout.emit()
    assert path.stat().st_mtime_ns == written, "nothing has changed"


def test_a_damaged_file_is_told_and_kept_aside(open_workstation: Open) -> None:
    first = open_workstation()
    first.window.keep()
    path = first.session.folder.window
    path.write_text("{")
    second = open_workstation(start_ns=first.clock.now)
    assert "was damaged; it is kept as window-damaged-1.ini" in second.window.banner.accessibleDescription()
    assert path.with_name("window-damaged-1.ini").read_text() == "{"
    second.window.keep()
    assert load(path)[1] == ""


def test_each_density_keeps_the_layout_that_was_made_for_it(station: Workstation) -> None:
    station.area.panel("tape").setFloating(True)
    station.window.resize(1280, 720)
    station.frame()
    assert not station.area.panel("tape").isFloating()
    station.window.resize(1600, 900)
    station.frame()
    assert station.area.panel("tape").isFloating()


def test_panels_of_a_link_group_share_the_symbol(station: Workstation) -> None:
    area = station.area
    area.link("ladder", "B")
    area.link("tape", "B")
    area.choose_symbol("ladder", "ETHUSDT")
    station.frame()
    assert (area.ladder.model.symbol, area.tape.model.symbol, station.model.symbol) == ("ETHUSDT", "ETHUSDT", "BTCUSDT")
    assert area.ticket.entry().symbol == "BTCUSDT"
    area.ladder.model.ticket_wanted.emit("sell", None, None)
    assert area.ticket.form.side.index == 0, "a ladder fills in the tickets of its own group alone"
    area.link("ticket", "B")
    area.ladder.model.ticket_wanted.emit("sell", None, None)
    station.frame()
    assert area.ticket.entry().symbol == "ETHUSDT" and area.ticket.form.side.index == 1
    area.link("tape", "")
    area.choose_symbol("tape", "XRPUSDT")
    assert (area.ladder.model.symbol, area.tape.model.symbol) == ("ETHUSDT", "XRPUSDT")
    area.link("positions", "B")
    assert area.panel("positions").link == "", "it shows no symbol"


def test_the_menu_of_a_panel_chooses_group_and_symbol(station: Workstation) -> None:
    menu = station.area.panel("chart").tabs.make_menu()
    links, symbols = menu.findChildren(QMenu)
    assert [entry.text() for entry in links.actions() if entry.isChecked()] == ["A"]
    station.area.charts[0].choose_timeframe("4h")
    station.trigger(links, "D")
    station.trigger(symbols, "ETHUSDT")
    station.frame()
    assert station.area.charts[0].title == "ETHUSDT 4 h" and station.model.symbol == "BTCUSDT"
    assert station.area.panel("chart").windowTitle() == "ETHUSDT 4 h"


def test_full_screen_and_back(station: Workstation, qtbot: QtBot) -> None:
    press(station, Qt.Key.Key_F11)
    assert station.window.isFullScreen()
    press(station, Qt.Key.Key_F11)
    assert not station.window.isFullScreen()


def test_help_tells_of_the_panel_under_the_hand(station: Workstation) -> None:
    station.area.show_panel("log")
    panel = station.area.panel("log")
    QCursor.setPos(panel.mapToGlobal(panel.rect().center()))
    press(station, Qt.Key.Key_F1)
    card = station.window.findChild(HelpCard)
    assert card is not None and card.title == "Log" and "Ctrl+C copies" in card.text
    assert card.isVisible()
    station.qtbot.keyClick(card, Qt.Key.Key_Escape)
    assert not card.isVisible()


def test_each_link_letter_has_its_colour(station: Workstation) -> None:
    panel, seen = station.area.panel("ladder"), []
    for letter in LETTERS:
        station.area.link("ladder", letter)
        station.frame()
        image = panel.tabs.grab().toImage()
        colour = current().tokens.series[LETTERS.index(letter)]
        places = (QPoint(x, image.height() // 2) for x in range(image.width()))
        assert any(image.pixelColor(place) == colour for place in places)
        seen.append(colour.name())
    assert len(set(seen)) == len(LETTERS)


def test_a_hidden_workspace_has_its_sizes_again_after_a_restart(open_workstation: Open) -> None:
    def sizes(station: Workstation) -> dict[str, tuple[int, int]]:
        open_now = [panel for panel in station.area.panels() if panel.in_front and not panel.isHidden()]
        return {panel.name: (panel.width(), panel.height()) for panel in open_now}

    first = open_workstation()
    first.qtbot.waitUntil(lambda: first.area.panel("watchlist").width() == 270)
    before = sizes(first)
    first.window.show_workspace("Monitoring")
    first.frame()
    first.window.keep()
    second = open_workstation(start_ns=first.clock.now)
    second.window.show_workspace("Trading")
    second.frame()
    assert sizes(second) == before


def test_a_screen_reader_hears_a_name_for_all_that_the_keyboard_reaches(station: Workstation) -> None:
    research = {"backtest", "runs", "recorded", "compare"}
    for panel in station.area.panels():
        if panel.name in research or panel.name.startswith("run "):
            continue  # their views come with a run
        station.area.show_panel(panel.name)
        for view in panel.widget().findChildren(QWidget):
            reached = view.focusPolicy() & Qt.FocusPolicy.TabFocus
            if reached and not isinstance(view, QComboBox | QLineEdit | QListView | QScrollArea):
                interface = QAccessible.queryAccessibleInterface(view)
                assert interface.text(QAccessible.Text.Name), f"{type(view).__name__} in {panel.name}"
    assert station.area.fills.table.accessibleName() == "Fills"
    assert station.area.chart.view.accessibleName() == "Chart"


def test_a_deleted_workspace_and_a_reset_layout_come_back_by_undo(station: Workstation) -> None:
    spaces(station).add("Mine")
    station.area.panel("tape").close()
    station.window.registry.run("workspace.reset")
    assert not station.area.panel("tape").isHidden()
    station.click(station.window.banner.action)
    assert station.area.panel("tape").isHidden()
    station.window.registry.run("workspace.delete")
    assert "Mine" not in spaces(station).names
    station.click(station.window.banner.action)
    assert spaces(station).current == "Mine" and station.area.panel("tape").isHidden()
    assert not station.window.banner.action.isVisible()


def test_a_workspace_that_cannot_be_read_takes_no_other_with_it(open_workstation: Open) -> None:
    first = open_workstation()
    spaces(first).add("Mine")
    first.window.keep()
    file = first.session.folder.window
    document = json.loads(file.read_text())
    document["workspaces"]["all"][0]["base"] = "of another version"
    document["workspaces"]["current"] = "Trading"
    file.write_text(json.dumps(document))
    second = open_workstation(start_ns=first.clock.now)
    assert spaces(second).names == ["Order flow", "Research", "Monitoring", "Mine"]
    assert spaces(second).current == "Order flow"
