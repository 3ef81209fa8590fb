"""Pictures of the chart in the trade journal: attached by hand and at an exit, seen, and removed with their files."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Open, Workstation, small_settings
from tests.gui.panels.test_journal_panel import journal_of, trade
from widgets.panels.picture_strip import PictureWindow, read_picture
from widgets.panels.trade_notes import TradeNote, TradeNotes
from widgets.panels.trade_pictures import NO_FOLDER, TradePictures, picture_name, save_picture
from workstation.core.types import Side


def test_a_picture_is_attached_by_key_seen_and_removed_with_its_file(station: Workstation, qtbot: QtBot) -> None:
    panel = journal_of(station)
    trade(station)
    (row,) = panel.table.shown_rows()
    panel.table.select_key(row["name"])
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: bool(panel._notes.of(row["name"]).pictures))
    station.frame()
    (name,) = panel._notes.of(row["name"]).pictures
    folder = panel.pictures.folder
    assert folder is not None
    assert (folder / name).exists()
    assert (panel.table.shown_rows()[0]["pictures"], panel.strip.isVisible()) == (1, True)
    (thumbnail,) = panel.strip.thumbnails
    station.click(thumbnail)
    qtbot.waitUntil(lambda: bool(station.window.findChildren(PictureWindow)))
    (window,) = station.window.findChildren(PictureWindow)
    assert window.image.size() == station.area.chart.view.size(), "at its full size"
    window.close()
    write = station.model.result_told
    told: list[str] = []
    write.connect(lambda result: told.append(result.text))
    panel.table.clearSelection()
    station.click(panel.camera)
    assert told == ["Select one round trip, then attach the chart's picture."] and panel.strip.isHidden()
    panel.table.select_key(row["name"])
    station.trigger(panel.strip.thumbnails[0].make_menu(), "Remove this picture")
    qtbot.waitUntil(lambda: not (folder / name).exists())
    assert panel._notes.of(row["name"]) == TradeNote() and panel.strip.isHidden()


def test_an_exit_has_its_picture_by_itself_where_the_setting_says_so(open_workstation: Open, qtbot: QtBot) -> None:
    settings = small_settings()
    desktop = msgspec.structs.replace(settings.desktop, journal_pictures=True)
    station = open_workstation(msgspec.structs.replace(settings, desktop=desktop))
    panel = journal_of(station)
    trade(station)
    trade(station, "XRPUSDT")
    station.frame()

    def pictures() -> dict[str, tuple[str, ...]]:
        return {row["symbol"]: panel._notes.of(row["name"]).pictures for row in panel.table.shown_rows()}

    qtbot.waitUntil(lambda: any(pictures().values()))
    named = pictures()
    assert len(named["BTCUSDT"]) == 1 and named["XRPUSDT"] == (), "only the chart's own symbol is on the screen"
    folder = panel.pictures.folder
    assert folder is not None
    assert (folder / named["BTCUSDT"][0]).exists()
    station.buy(lots=1000)
    station.pass_time(6)
    station.buy(lots=2000, side=Side.SELL)
    station.pass_time(1)
    station.frame()
    turned = panel.table.shown_rows()[0]
    assert turned["symbol"] == "BTCUSDT"
    qtbot.waitUntil(lambda: len(panel._notes.of(turned["name"]).pictures) == 1)


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
