"""Started by a double click, a configuration that is wrong is told in a window, mended, and tried again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

import widgets.app
from tests.gui.conftest import ROOT
from widgets.app import ask_to_mend
from widgets.window.start_page import StartPage
from workstation.commands.arguments import parser
from workstation.commands.run import run
from workstation.config.loader import Loaded
from workstation.core.errors import ConfigurationError


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
