"""A picture of the window goes where the system keeps pictures, and else where it can."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from widgets.window import pictures
from widgets.window.pictures import save_picture

NOON_NS = 1_704_110_400_000_000_000


@pytest.fixture
def label(qtbot: QtBot) -> QLabel:
    label = QLabel("shown")
    qtbot.addWidget(label)
    label.resize(120, 40)
    return label


def test_it_is_kept_under_its_time_and_none_replaces_another(
    label: QLabel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "pictures_folder", lambda: tmp_path / "Pictures" / pictures.FOLDER)
    told = [save_picture(label, tmp_path / "reports", NOON_NS) for _ in range(2)]
    names = sorted(path.name for path in (tmp_path / "Pictures" / pictures.FOLDER).iterdir())
    assert names == ["workstation 2024-01-01 12-00-00 (2).png", "workstation 2024-01-01 12-00-00.png"]
    assert told[0] == (f"Picture saved as {tmp_path / 'Pictures' / pictures.FOLDER / names[1]}.", True)
    assert QImage(str(tmp_path / "Pictures" / pictures.FOLDER / names[0])).width() >= 120


def test_without_a_folder_of_pictures_it_goes_to_the_data_folder_and_says_so_where_nothing_can_be_written(
    label: QLabel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setattr(pictures, "pictures_folder", lambda: blocked / "within")
    text, good = save_picture(label, tmp_path / "reports", NOON_NS)
    assert good and str(tmp_path / "reports") in text
    assert save_picture(label, blocked / "too", NOON_NS)[1] is False
