"""Started by a double click, a configuration that is wrong is told in a window, mended, and tried again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

import widgets.app
from tests.gui.conftest import ROOT
from widgets.app import ask_to_mend
from widgets.window.start_page import StartPage
from workstation.commands.arguments import parser
from workstation.commands.run import run
from workstation.config.loader import Loaded
from workstation.core.errors import ConfigurationError, StorageError


def when_shown(do: Callable[[StartPage], object]) -> None:
    """What a person does with the page, once its loop runs."""

    def act() -> None:
        page = next(each for each in QApplication.topLevelWidgets() if isinstance(each, StartPage) and each.isVisible())
        do(page)

    QTimer.singleShot(0, act)


def press_again(page: StartPage) -> None:
    QTest.mouseClick(page.again, Qt.MouseButton.LeftButton)


def test_the_sentence_is_shown_until_it_is_closed(qapp: QApplication, qtbot: QtBot) -> None:
    seen: list[str] = []
    other = QWidget()
    qtbot.addWidget(other)
    other.show()  # another window does not keep the page's loop running

    def read(page: StartPage) -> None:
        seen.append(page.text)
        page.close()

    when_shown(read)
    assert not ask_to_mend("Line 3 is wrong.")
    assert seen == ["Line 3 is wrong."]
    when_shown(press_again)
    assert ask_to_mend("Line 3 is wrong.")


def test_what_a_new_version_needs_is_added_on_a_click(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file, opened = tmp_path / "config" / "strategy.yaml", list[Loaded]()
    shipped = (ROOT / "config" / "strategy.yaml").read_text(encoding="utf-8")
    earlier = "".join(line for line in shipped.splitlines(True) if not line.startswith("engine:"))
    file.parent.mkdir()
    file.write_text(earlier + "# my own note\n", encoding="utf-8")
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    def open_window(loaded: Loaded, *_: object, **__: object) -> int:
        opened.append(loaded)
        return 0

    monkeypatch.setattr(widgets.app, "run", open_window)
    seen: list[str] = []

    def add(page: StartPage) -> None:
        seen.append(page.text)
        QTest.mouseClick(page.add, Qt.MouseButton.LeftButton)

    when_shown(add)
    assert run(parser().parse_args(["--config", str(file), "--data", str(tmp_path / "data")])) == 0
    assert "engine is missing" in seen[0] and "it lacks 1 setting, shipped as\nengine: in_process" in seen[0]
    assert [each.settings.engine for each in opened] == ["in_process"]
    assert file.read_text(encoding="utf-8").endswith("# my own note\n")
    (before,) = (tmp_path / "data" / "ops" / "configuration" / "history").iterdir()
    assert "my own note" in before.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_told_and_left(qapp: QApplication, tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    def refuse() -> None:
        raise StorageError("The disk is full.")

    def act(page: StartPage) -> None:
        QTest.mouseClick(page.add, Qt.MouseButton.LeftButton)
        seen.append((page.text, page.add.isVisible()))
        page.close()

    when_shown(act)
    assert not ask_to_mend("engine is missing.", "engine: in_process", refuse)
    assert seen == [("The disk is full.", False)]


def test_it_is_read_again_once_it_is_mended(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file, opened = tmp_path / "strategy.yaml", list[Loaded]()
    good = (ROOT / "config" / "strategy.yaml").read_text(encoding="utf-8")
    file.write_text(good.replace("mode: paper", "mode: sideways", 1), encoding="utf-8")
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    def open_window(loaded: Loaded, *_: object, **__: object) -> int:
        opened.append(loaded)
        return 0

    monkeypatch.setattr(widgets.app, "run", open_window)

    def mend(page: StartPage) -> None:
        assert "sideways" in page.text
        file.write_text(good, encoding="utf-8")
        press_again(page)

    when_shown(mend)
    arguments = parser().parse_args(["--config", str(file), "--data", str(tmp_path / "data")])
    assert run(arguments) == 0
    assert [str(each.settings.mode) for each in opened] == ["paper"]
    file.unlink()
    when_shown(StartPage.close)
    with pytest.raises(ConfigurationError, match="no configuration file"):
        run(arguments)


def test_a_long_sentence_is_whole_and_the_button_has_the_keyboard(qapp: QApplication, qtbot: QtBot) -> None:
    page = StartPage()
    qtbot.addWidget(page)
    page.resize(1600, 800)
    page.show()
    sentence = f"The disk is full: {'/folder' * 12}/history.sqlite3 could not be written. Nothing is lost."
    page.tell("It did not start", sentence, again=True)
    QApplication.processEvents()
    text = next(label for label in page.findChildren(QLabel) if "disk" in label.text())
    assert text.height() >= text.heightForWidth(text.width()) > text.fontMetrics().height()
    assert page.again.hasFocus()
