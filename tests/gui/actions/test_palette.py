"""The command palette and the hotkeys, by the keyboard as a person uses them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation
from widgets.actions.hotkeys import Hotkeys
from widgets.actions.hotkeys_dialog import HotkeysDialog
from widgets.actions.palette import Palette
from widgets.actions.registry import Action, Actions

CONTROL = Qt.KeyboardModifier.ControlModifier


def open_palette(station: Workstation) -> Palette:
    station.window.activateWindow()
    station.qtbot.keyClick(station.window, Qt.Key.Key_K, CONTROL)
    palette = station.window.command_palette
    assert palette.isVisible() and palette.field.hasFocus()
    return palette


def texts(palette: Palette) -> list[str]:
    return [entry.text for entry in palette.list.entries]


def test_a_few_letters_and_enter_do_it(station: Workstation) -> None:
    station.buy()
    station.pass_time(2)
    palette = open_palette(station)
    station.qtbot.keyClicks(palette.field, "flat ev")
    entry = palette.list.entry
    assert entry is not None
    assert (entry.text, entry.scope, entry.keys) == ("Flatten everything", "1 position", "Ctrl+Shift+F")
    assert "".join(entry.text[at] for at in entry.places) == "Flatev"
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert not palette.isVisible()
    station.pass_time(2)
    assert not station.engine.positions()


def test_groups_arrows_and_a_click(station: Workstation) -> None:
    palette = open_palette(station)
    groups = list(dict.fromkeys(entry.group for entry in palette.list.entries))
    assert groups[:4] == ["Trade", "Symbols", "Panels", "Workspaces"]
    station.qtbot.keyClicks(palette.field, "usdt")
    shown = texts(palette)
    assert {"BTCUSDT", "ETHUSDT", "XRPUSDT"} <= set(shown)
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.index == len(shown) - 1
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.index == 0
    at = shown.index("ETHUSDT")
    point = palette.list.row_rect(at).center()
    station.qtbot.mouseClick(palette.list, Qt.MouseButton.LeftButton, pos=QPoint(60, point.y()))
    assert station.model.symbol == "ETHUSDT" and not palette.isVisible()


def test_escape_and_a_loss_of_the_focus_close_it(station: Workstation) -> None:
    palette = open_palette(station)
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    open_palette(station)
    station.area.ticket.form.quantity.setFocus()
    assert not palette.isVisible()


def test_what_cannot_be_done_says_why_and_is_not_done(station: Workstation) -> None:
    station.area.panel("log").close()
    palette = open_palette(station)
    station.qtbot.keyClicks(palette.field, "close log")
    entry = palette.list.entry
    assert entry is not None and (entry.text, entry.why_not) == ("Close Log", "It is closed.")
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert "Close Log: It is closed." in station.window.banner.accessibleDescription()
    station.qtbot.keyClicks(open_palette(station).field, "zzz")
    assert texts(palette) == [] and palette.list.entry is None
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_a_panel_comes_to_the_front_with_the_keyboard(station: Workstation) -> None:
    station.qtbot.keyClicks(open_palette(station).field, "log")
    station.qtbot.keyClick(station.window.command_palette.field, Qt.Key.Key_Return)
    station.frame()
    assert station.area.panel("log").in_front
    assert station.area.focused_panel is station.area.panel("log")


def dialog_for(station: Workstation, letters: str) -> HotkeysDialog:
    """Ctrl+Enter on what the letters find."""
    palette = open_palette(station)
    station.qtbot.keyClicks(palette.field, letters)
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Return, CONTROL)
    station.frame()
    dialog = station.window.findChildren(HotkeysDialog)[-1]
    assert dialog.isVisible()
    return dialog


def type_key(dialog: HotkeysDialog, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
    dialog.keys.setFocus()
    QTest.keyClick(dialog.keys, key, modifiers)


def test_a_hotkey_is_set_works_and_is_kept(open_workstation: Open) -> None:
    first = open_workstation()
    dialog = dialog_for(first, "close tape")
    assert dialog.chosen is not None and dialog.chosen.text == "Close Tape"
    type_key(dialog, Qt.Key.Key_T, CONTROL)
    first.click(dialog.set)
    assert dialog.problem.text() == "“Close Tape” has Ctrl+T now."
    dialog.close()
    first.window.keep()
    second = open_workstation(start_ns=first.clock.now)
    second.window.activateWindow()
    second.qtbot.keyClick(second.window, Qt.Key.Key_T, CONTROL)
    assert second.area.panel("tape").isHidden()
    second.window.registry.reset_keys()
    second.area.show_panel("tape")
    second.qtbot.keyClick(second.window, Qt.Key.Key_T, CONTROL)
    assert not second.area.panel("tape").isHidden()


def test_a_taken_hotkey_is_given_with_a_second_press(station: Workstation) -> None:
    dialog = dialog_for(station, "close tape")
    type_key(dialog, Qt.Key.Key_F9, Qt.KeyboardModifier.NoModifier)
    station.click(dialog.set)
    assert "belongs to “Open the ticket”" in dialog.problem.text()
    registry = station.window.registry
    assert registry.keys_of(registry.find("trade.ticket")) == "F9"  # type: ignore[arg-type]
    station.click(dialog.set)
    assert registry.keys_of(registry.find("trade.ticket")) == ""  # type: ignore[arg-type]
    assert registry.keys_of(registry.find("panel.tape.close")) == "F9"  # type: ignore[arg-type]


def test_the_kill_always_has_its_hotkey(station: Workstation) -> None:
    registry = station.window.registry
    kill, ticket = registry.find("trade.kill"), registry.find("trade.ticket")
    assert kill is not None and ticket is not None
    with pytest.raises(ValueError, match="always has a hotkey"):
        registry.set_keys(kill, "")
    with pytest.raises(ValueError, match="always has a hotkey"):
        registry.set_keys(ticket, "Ctrl+Shift+K")
    registry.set_keys(kill, "Ctrl+Shift+X")
    station.window.activateWindow()
    station.qtbot.keyClick(station.window, Qt.Key.Key_X, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert station.engine.account().killed


def test_a_source_that_fails_does_not_hinder_the_kill(station: Workstation) -> None:
    def fails() -> list[Action]:
        raise RuntimeError("nothing can be listed")

    station.window.registry._sources.append(fails)
    try:
        assert station.window.registry.run("trade.kill")
    finally:
        station.window.registry._sources.remove(fails)
    assert station.engine.account().killed


def test_no_two_actions_share_a_name_or_a_hotkey(station: Workstation) -> None:
    every = station.window.registry.all()
    names = [action.name for action in every]
    keys = [action.keys for action in every if action.keys]
    assert len(names) == len(set(names)) and len(keys) == len(set(keys))
    assert all(action.help for action in every if action.group != "Panels")
    assert {action.name for action in every if action.group == "Trade" and not action.trades} == {"trade.ticket"}


def test_kept_hotkeys_of_another_version_do_no_harm() -> None:
    registry = Actions()
    registry.take_keys({"gone.action": "Ctrl+G"})
    registry.add_source(lambda: [Action("a", "G", "A", lambda: None, keys="Ctrl+A")])
    assert registry.holder_of("Ctrl+G") is None
    assert not registry.run("gone.action")


def test_a_hotkey_of_what_comes_and_goes_works_whenever_it_is_there(open_workstation: Open) -> None:
    first = open_workstation()
    first.buy()
    first.pass_time(2)
    flatten = first.window.registry.find("trade.flatten.BTCUSDT")
    assert flatten is not None
    first.window.registry.set_keys(flatten, "Ctrl+J")
    first.click(first.area.ladder.foot.flatten)
    first.pass_time(2)
    first.window.keep()
    second = open_workstation(start_ns=first.clock.now)
    second.window.activateWindow()
    second.qtbot.keyClick(second.window, Qt.Key.Key_J, CONTROL)
    told = second.window.banner.accessibleDescription()
    assert told == "Ctrl+J did nothing: what it acts on (trade.flatten.BTCUSDT) is not there now."
    second.buy()
    second.pass_time(2)
    second.qtbot.keyClick(second.window, Qt.Key.Key_J, CONTROL)
    second.pass_time(2)
    assert not second.engine.positions()


def test_a_hotkey_of_what_is_not_there_now_is_told_and_taken() -> None:
    registry = Actions()
    registry.take_keys({"trade.flatten.X": "Ctrl+G"})
    here = Action("a", "G", "A", lambda: None)
    registry.add_source(lambda: [here])
    assert registry.held_by("Ctrl+G", "a") == "“trade.flatten.X”, which is not there now"
    assert registry.held_by("Ctrl+C", "a").startswith("“Copy”") and not registry.held_by("Ctrl+H", "a")
    registry.set_keys(here, "Ctrl+G")
    assert registry.chosen_keys == {"a": "Ctrl+G"}


def test_a_key_that_two_actions_have_is_the_first_ones(qtbot: QtBot) -> None:
    done: list[str] = []
    registry, window = Actions(), QWidget()
    qtbot.addWidget(window)
    registry.take_keys({"other": "Ctrl+Shift+K"})  # of a file that was edited, or of another version
    for name in ("kill", "other"):
        action = Action(name, "G", name, lambda name=name: done.append(name), keys="Ctrl+Shift+K")  # type: ignore[misc]
        registry.add_source(lambda action=action: [action])  # type: ignore[misc]
    hotkeys = Hotkeys(registry, window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_K, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert done == ["kill"] and hotkeys.parent() is window


def test_the_palette_acts_on_the_panel_whose_tab_was_pressed(station: Workstation) -> None:
    station.click(station.area.watchlist.search)
    depth = station.area.panel("depth")
    strip = station.area.panel("ladder").tabs
    place = next(area.center() for panel, area in strip.tabs() if panel is depth)
    station.qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=place)
    docked_at = depth.mapToGlobal(QPoint(0, 0))
    palette = open_palette(station)
    station.qtbot.keyClicks(palette.field, "float the panel")
    assert palette.list.entry is not None and palette.list.entry.scope == "Depth"
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert [panel.name for panel in station.area.panels() if panel.isFloating()] == ["depth"]
    assert depth.mapToGlobal(QPoint(0, 0)) != docked_at, "it is seen to float"


def test_the_keyboard_is_where_it_was_after_the_palette(station: Workstation) -> None:
    field = station.area.watchlist.search
    field.setFocus()
    palette = open_palette(station)
    station.qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is field
