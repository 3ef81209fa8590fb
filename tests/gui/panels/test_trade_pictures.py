"""Pictures of the chart in the trade journal: attached by hand and at an exit, seen, and removed with their files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, small_settings
from tests.gui.panels.test_journal_panel import journal_of, trade
from widgets.panels.journal_panel import JournalPanel
from widgets.panels.picture_strip import PictureWindow, read_picture
from widgets.panels.trade_notes import TradeNote, TradeNotes
from widgets.panels.trade_pictures import NO_FOLDER, TradePictures, picture_name, save_picture
from workstation.core.types import Side


def is_gone(path: Path) -> bool:
    return not path.exists()


def pictures_of(panel: JournalPanel) -> dict[str, tuple[str, ...]]:
    """By symbol."""
    return {row["symbol"]: panel._notes.of(row["name"]).pictures for row in panel.table.shown_rows()}


def test_a_picture_comes_at_an_exit_or_by_key_is_seen_and_removed_with_its_file(
    open_workstation: Open, qtbot: QtBot
) -> None:
    settings = small_settings()
    desktop = msgspec.structs.replace(settings.desktop, journal_pictures=True)
    station = open_workstation(msgspec.structs.replace(settings, desktop=desktop))
    panel = journal_of(station)
    folder = panel.pictures.folder
    assert folder is not None
    trade(station, "XRPUSDT")
    trade(station)
    qtbot.waitUntil(lambda: any(pictures_of(panel).values()))
    (first,) = pictures_of(panel)["BTCUSDT"]
    assert pictures_of(panel)["XRPUSDT"] == (), "only the chart's own symbol is on the screen"
    row = panel.table.shown_rows()[0]
    panel.table.select_key(row["name"])
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: len(pictures_of(panel)["BTCUSDT"]) == 2)
    station.frame()
    second = pictures_of(panel)["BTCUSDT"][1]
    assert (folder / first).exists() and (folder / second).exists()
    assert panel.table.shown_rows()[0]["pictures"] == len(panel.strip.thumbnails) == 2 and panel.strip.isVisible()
    station.click(panel.strip.thumbnails[1])
    qtbot.waitUntil(lambda: bool(station.window.findChildren(PictureWindow)))
    (window,) = station.window.findChildren(PictureWindow)
    assert window.image.size() == station.area.chart.view.size(), "at its full size"
    window.close()
    told: list[str] = []
    station.model.result_told.connect(lambda result: told.append(result.text))
    panel.table.clearSelection()
    station.click(panel.camera)
    assert told == ["Select one round trip, then attach the chart's picture."] and panel.strip.isHidden()
    panel.table.select_key(row["name"])
    for name in (first, second):
        station.trigger(panel.strip.thumbnails[0].make_menu(), "Remove this picture")
        qtbot.waitUntil(partial(is_gone, folder / name))
    assert panel._notes.of(row["name"]) == TradeNote() and panel.strip.isHidden()
    station.pass_time(6)
    station.buy(lots=1000)
    station.pass_time(6)
    station.buy(lots=2000, side=Side.SELL)
    station.pass_time(1)
    station.frame()
    turned = panel.table.shown_rows()[0]["name"]
    qtbot.waitUntil(lambda: len(panel._notes.of(turned).pictures) == 1)


def test_without_a_folder_or_a_chart_the_reason_is_a_sentence(tmp_path: Path, qtbot: QtBot) -> None:
    notes = TradeNotes(None)
    assert TradePictures(None, notes, lambda symbol: None).attach("a", "BTCUSDT") == NO_FOLDER
    problem = TradePictures(tmp_path, notes, lambda symbol: None).attach("a", "BTCUSDT")
    assert problem.startswith("No chart of BTCUSDT is on the screen") and notes.of("a").pictures == ()
    (tmp_path / "file").write_text("")
    told: list[str] = []
    notes.problem_told.connect(told.append)
    image = QImage(40, 20, QImage.Format.Format_RGB32)
    unwritable = TradePictures(tmp_path / "file", notes, lambda symbol: image)
    assert unwritable.attach("a", "BTCUSDT") == ""
    qtbot.waitUntil(lambda: bool(told))
    assert "could not be written" in told[0]


def test_names_are_free_and_large_pictures_are_read_small(tmp_path: Path, qapp: object) -> None:
    first = picture_name("BTCUSDT manual 17", ())
    assert first == "BTCUSDT_manual_17-1.png" and picture_name("BTCUSDT manual 17", (first,)).endswith("-2.png")
    image = QImage(400, 100, QImage.Format.Format_RGB32)
    image.fill(0)
    save_picture(image, tmp_path / "new" / first)
    assert read_picture(tmp_path / "new" / first, QSize(128, 72)).size() == QSize(128, 32)
    assert read_picture(tmp_path / "gone.png", QSize(128, 72)).isNull()
