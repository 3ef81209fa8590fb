"""Files dropped onto the window."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from tests.gui.conftest import ROOT, Workstation
from tests.unit.backtest.test_job import job_in
from widgets.window.file_actions import FileActions
from workstation.backtest.job import run_job
from workstation.storage.candles import CandleDatabase
from workstation.storage.database import open_database

CANDLES = "open_time,open,high,low,close,volume\n" + "".join(
    f"2023-01-01T{hour:02}:00:00Z,1,2,0.5,1.5,10\n" for hour in range(24)
)


def drop(station: Workstation, *files: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(400, 300), Qt.DropAction.CopyAction, mime, buttons, keys)
    station.window.dragEnterEvent(enter)
    assert enter.isAccepted()
    station.window.dropEvent(QDropEvent(QPointF(400, 300), Qt.DropAction.CopyAction, mime, buttons, keys))


def place(station: Workstation, data: Path) -> None:
    configuration = str(ROOT / "config" / "strategy.yaml")
    station.window.outside.drops._places = ("--config", configuration, "--data", str(data))


def told(station: Workstation) -> str:
    return station.window.banner.accessibleDescription()


def test_candles_are_imported_by_a_process_of_their_own(station: Workstation, tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT_1h.csv"
    file.write_text(CANDLES)
    target = tmp_path / "other"
    place(station, target)
    drop(station, file)
    assert told(station) == "Importing BTCUSDT_1h.csv …" and station.window.banner.action.text() == "Cancel"
    drop(station, file)
    assert "Another import runs" in told(station)
    station.qtbot.waitUntil(lambda: not station.window.outside.drops.busy, timeout=60_000)
    assert told(station).startswith("Imported 24 candles of 1h of BTCUSDT, 2023-01-01 00:00:00 to ")
    database = open_database(target / "history.sqlite3")
    try:
        assert [symbol for symbol, *_ in CandleDatabase(database).ranges()] == ["BTCUSDT"]
    finally:
        database.close()


def test_what_fails_is_told_in_its_own_words_and_a_run_is_cancelled(station: Workstation, tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT_1h.csv"
    file.write_text("open_time,open\n1,2\n")
    station.window.outside.drops._places = (
        "--config",
        str(ROOT / "config" / "strategy.yaml"),
        "--data",
        str(tmp_path / "d"),
    )
    drop(station, file)
    station.click(station.window.banner.action)
    station.qtbot.waitUntil(lambda: not station.window.outside.drops.busy, timeout=60_000)
    assert told(station).startswith("The import was cancelled")
    drop(station, file)
    station.qtbot.waitUntil(lambda: not station.window.outside.drops.busy, timeout=60_000)
    assert "BTCUSDT_1h.csv" in told(station) and "Traceback" not in told(station)


def test_a_workspace_is_added_and_other_files_are_refused(station: Workstation, tmp_path: Path) -> None:
    assert station.window.workspaces is not None
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(station.window.workspaces.export()))
    drop(station, file)
    assert station.window.workspaces.current == "Trading 2"
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"")
    drop(station, picture)
    assert told(station).startswith("picture.png was not imported: drop CSV")


def test_an_attached_window_imports_nothing(station: Workstation, tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT_1h.csv"
    file.write_text(CANDLES)
    drop(station, file)
    assert "imported where the engine runs" in told(station) and not station.window.outside.drops.busy


def test_a_run_that_is_dropped_or_opened_is_replayed(station: Workstation, tmp_path: Path) -> None:
    folder = job_in(tmp_path)
    run_job(folder, lambda event: None)
    drop(station, folder.path)
    station.qtbot.waitUntil(lambda: station.window.stage.room is not None, timeout=60_000)
    assert station.window.windowTitle().startswith("REPLAY – Run")
    assert station.window.stage.room is not None
    station.click(station.window.stage.room.bar.leave)
    dialog = station.window.findChildren(FileActions)[0].ask_folder()
    dialog.filesSelected.emit([str(folder.path)])
    station.qtbot.waitUntil(lambda: station.window.stage.room is not None, timeout=60_000)
    station.click(station.window.stage.room.bar.leave)
    dialog.close()


def test_a_folder_that_is_none_is_one_sentence_and_the_menu_offers_both(station: Workstation, tmp_path: Path) -> None:
    (tmp_path / "holidays").mkdir()
    drop(station, tmp_path / "holidays")
    station.qtbot.waitUntil(lambda: "holidays is no recorded session" in told(station), timeout=10_000)
    assert station.window.stage.room is None
    offered = {action.name for action in station.window.registry.all()}
    assert {"file.open", "file.folder"} <= offered
    menu = station.window.main_menu()
    texts = {each.text().partition("\t")[0] for each in menu.actions()}
    assert {"Open files…", "Replay a session or run folder…"} <= texts
    menu.deleteLater()
