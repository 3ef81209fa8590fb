"""Named watchlists: search over the venue, watched symbols, drag between lists, and the file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation, small_settings
from widgets.controls.dialogs import NameDialog
from widgets.watchlist.symbol_search import found_symbols
from widgets.watchlist.watchlist_panel import NO_LISTING, ONLY_WATCHED, WatchlistPanel
from widgets.watchlist.watchlist_table import Standing
from widgets.watchlist.watchlists import MAIN, VERSION, Watchlists, WatchlistsFile
from workstation.core.timeframe import SECOND_NS
from workstation.market.built_in.watching import BuiltInWatching
from workstation.storage.document import read_document


def panel_of(station: Workstation) -> WatchlistPanel:
    panel: WatchlistPanel = station.area.watchlist
    return panel


def symbols(panel: WatchlistPanel) -> list[str]:
    return [row["symbol"] for row in panel.table.shown_rows()]


def new_list(station: Workstation, qtbot: QtBot, name: str) -> None:
    station.click(panel_of(station).strip.new)
    dialog = next(each for each in station.window.findChildren(NameDialog) if each.isVisible())
    qtbot.keyClicks(dialog.name, name)
    station.click(dialog.action_button)
    station.frame()


def test_a_symbol_of_the_venue_is_found_added_watched_and_kept(station: Workstation, qtbot: QtBot) -> None:
    panel = panel_of(station)
    qtbot.keyClicks(panel.search, "dot perp")
    (row,) = panel.table.shown_rows()
    assert (row["symbol"], row["standing"]) == ("DOTUSDT", Standing.FOUND)
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert panel.search.text() == "" and symbols(panel) == ["BTCUSDT", "ETHUSDT", "XRPUSDT", "DOTUSDT"]
    row = panel.table.rows_model.row_of("DOTUSDT") or {}
    first = row["last"]
    assert row["standing"] is Standing.WATCHED and first and len(row["spark"]) == 97 and row["change"] is not None
    assert panel.note.isVisible() and panel.note.text() == ONLY_WATCHED
    assert station.model.symbol == "BTCUSDT", "what the engine does not run is shown nowhere else"
    station.clock.now += 60 * SECOND_NS
    for _ in range(30):
        station.model.tick()
    panel.table.flush()
    assert (panel.table.rows_model.row_of("DOTUSDT") or {})["last"] != first
    watching = station.engine.watching
    assert watching is not None and set(watching.quotes()) == {"DOTUSDT"}
    station.area.show_panel("alerts")
    assert watching.quotes() == {}, "a hidden panel asks for nothing"
    panel.lists.writer.wait()
    station.area.show_panel("watchlist")
    listed = symbols(panel)
    file = station.session.folder.window.parent / "watchlists.json"
    assert Watchlists(station.engine, file).symbols(MAIN) == listed


def test_rows_are_dragged_and_moved_between_named_lists(station: Workstation, qtbot: QtBot) -> None:
    panel = panel_of(station)
    new_list(station, qtbot, "Majors")
    assert panel.shown == "Majors" and symbols(panel) == []
    station.click(panel.strip.buttons[MAIN])
    panel.table.select_key("ETHUSDT")
    viewport = panel.table.viewport()
    index = panel.table.selectionModel().selectedRows()[0]
    start = panel.table.visualRect(index).center()
    onto = panel.strip.buttons["Majors"]
    end = viewport.mapFromGlobal(onto.mapToGlobal(onto.rect().center()))
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, start + QPoint(3, 12))
    qtbot.mouseMove(viewport, end)
    assert onto.isDown(), "the target is marked"
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    assert not onto.isDown()
    station.click(onto)
    assert symbols(panel) == ["ETHUSDT"]
    station.choose(panel.table, "ETHUSDT", "Remove from Majors")
    assert panel.lists.symbols("Majors") == []
    station.click(panel.strip.buttons[MAIN])
    assert "ETHUSDT" in symbols(panel), "what the engine runs stays in the main list"
    panel.table.select_key("ETHUSDT")
    menu = panel.table.make_menu()
    assert not next(each for each in menu.actions() if each.text() == "Remove from Main").isEnabled()
    menu.deleteLater()
    station.click(panel.strip.buttons["Majors"])
    station.trigger(panel.lists_menu(), "Delete Majors")
    assert panel.shown == MAIN and list(panel.strip.buttons) == [MAIN]
    only_the_engines_symbols(station, qtbot)


def engine_of(*symbols: str) -> Any:
    """As much of an engine as lists need."""
    return SimpleNamespace(symbols=symbols, watching=None)


@pytest.mark.allow_log_warnings("was not read")
def test_names_are_checked_and_the_file_holds_every_list(tmp_path: Path, qapp: object) -> None:
    file = tmp_path / "watchlists.json"
    engine = engine_of("BTCUSDT")
    lists = Watchlists(engine, file)
    assert lists.create("  Low   caps ") == "Low caps"
    lists.add("Low caps", ("ADAUSDT", "ADAUSDT", "DOTUSDT"))
    lists.rename("Low caps", "Small")
    lists.choose("Small")
    for name in ("", "small", "x" * 25):
        with pytest.raises(ValueError, match=r"\.$"):
            lists.create(name)
    with pytest.raises(ValueError, match="keeps its name"):
        lists.rename(MAIN, "Other")
    lists.writer.wait()
    found = read_document(file, WatchlistsFile, VERSION)
    assert found is not None and found.shown == "Small"
    again = Watchlists(engine, file)
    assert again.shown == "Small" and again.symbols("Small") == ["ADAUSDT", "DOTUSDT"]
    file.write_text("{")
    damaged = Watchlists(engine, file)
    assert "is kept as watchlists.json.damaged-1" in damaged.problem and damaged.names == [MAIN]
    assert damaged.symbols(MAIN) == ["BTCUSDT"]


def only_the_engines_symbols(station: Workstation, qtbot: QtBot) -> None:
    """Where there is no listing the panel says so."""
    station.session.watching = None
    panel = WatchlistPanel(station.model)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.note.isHidden()
    qtbot.keyClicks(panel.search, "dot")
    assert symbols(panel) == [] and panel.note.text() == NO_LISTING


def test_the_best_match_comes_first() -> None:
    settings = small_settings()
    watching = BuiltInWatching(settings.market.built_in, settings.instruments, settings.market.symbols, 7, lambda: 0)
    found = [each.symbol for each in found_symbols(watching.listing, "usdt", but=("BTCUSDT",))]
    assert "BTCUSDT" not in found and {"DOTUSDT", "LTCUSDT", "SOLUSDT"} <= set(found)
    assert [each.symbol for each in found_symbols(watching.listing, "l", but=())][:2] == ["LTCUSDT", "LINKUSDT"]
    assert found_symbols(watching.listing, "  ", but=()) == []
    assert found_symbols(watching.listing, "dot spot", but=()) == []


def test_a_search_leaves_the_order_of_the_list_and_says_when_nothing_matches(
    station: Workstation, qtbot: QtBot
) -> None:
    panel = panel_of(station)
    before = symbols(panel)
    qtbot.keyClicks(panel.search, "nothing like it")
    assert symbols(panel) == [] and panel.table.empty.startswith("No symbol matches")
    panel.search.clear()
    qtbot.keyClicks(panel.search, "xrp")
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert station.model.symbol == "XRPUSDT" and symbols(panel) == before
    assert panel.table.selected_keys() == ["XRPUSDT"]
