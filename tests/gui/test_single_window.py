"""One window to a data folder: a second start calls the first one; what a killed one left behind hinders nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import ROOT
from widgets import single_window
from widgets.single_window import SingleWindow, socket_name
from workstation.config.loader import load_settings
from workstation.core.own_program import own_environment
from workstation.services.own_engine import OwnEngine
from workstation.storage.layout import DataFolder

Start = Callable[[], SingleWindow]
PROGRAM = """
import sys
from PySide6.QtCore import QCoreApplication
from widgets.single_window import SingleWindow
from workstation.storage.layout import DataFolder
application = QCoreApplication([])
print(SingleWindow(DataFolder(sys.argv[1]), 2).claim())
"""


@pytest.fixture
def start(tmp_path: Path, qtbot: QtBot) -> Iterator[Start]:
    made: list[SingleWindow] = []

    def again() -> SingleWindow:
        made.append(SingleWindow(DataFolder(tmp_path / "data"), 1))
        return made[-1]

    yield again
    for each in made:
        each.release()


class Other:
    """A second start on the folder, in a process of its own, which prints whether it may open a window."""

    def __init__(self, folder: Path) -> None:
        environment = {**own_environment(), "QT_QPA_PLATFORM": "offscreen"}
        command = [sys.executable, "-c", PROGRAM, str(folder)]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    def ended(self) -> bool:
        return self._process.poll() is not None

    def answer(self) -> str:
        return self._process.communicate(timeout=20)[0].strip()


def test_a_second_start_brings_the_first_window_forward(start: Start, tmp_path: Path, qtbot: QtBot) -> None:
    first = start()
    assert first.claim()
    first.listen()
    with qtbot.waitSignal(first.called, timeout=10_000):
        other = Other(tmp_path / "data")
    qtbot.waitUntil(other.ended, timeout=10_000)
    assert other.answer() == "False"


def test_a_window_that_listens_a_moment_later_is_called_all_the_same(
    start: Start, tmp_path: Path, qtbot: QtBot
) -> None:
    first = start()
    assert first.claim()
    other = Other(tmp_path / "data")
    qtbot.wait(400)
    with qtbot.waitSignal(first.called, timeout=10_000):
        first.listen()
    qtbot.waitUntil(other.ended, timeout=10_000)
    assert other.answer() == "False"


def test_the_next_one_may_open_when_the_first_has_ended(start: Start) -> None:
    first = start()
    assert first.claim()
    first.listen()
    first.release()
    second = start()
    assert second.claim()


def test_a_start_while_the_window_closes_waits_for_its_end(start: Start, tmp_path: Path, qtbot: QtBot) -> None:
    """It was told that the closing window had come to the front, and no window was left."""
    first = start()
    assert first.claim()
    first.listen()
    first.fall_silent()
    called: list[bool] = []
    first.called.connect(lambda: called.append(True))
    other = Other(tmp_path / "data")
    qtbot.wait(600)
    assert not other.ended()
    first.release()
    qtbot.waitUntil(other.ended, timeout=10_000)
    assert other.answer() == "True" and not called


def test_a_socket_left_by_a_killed_window_is_taken_over(start: Start, tmp_path: Path, qtbot: QtBot) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    Path(socket_name(folder)).write_bytes(b"nobody listens here")
    first = start()
    assert first.claim()
    first.listen()
    with qtbot.waitSignal(first.called, timeout=10_000):
        other = Other(tmp_path / "data")
    qtbot.waitUntil(other.ended, timeout=10_000)
    assert other.answer() == "False"


def test_the_window_of_an_engine_beside_it_is_hindered_by_nobody_but_another(start: Start, tmp_path: Path) -> None:
    assert start().claim()
    beside = OwnEngine(load_settings(ROOT / "config" / "strategy.yaml"), DataFolder(tmp_path / "data"), None)
    beside.claim()
    assert beside.window_lock is not None
    beside.window_lock.release()


def test_one_that_never_answers_lets_the_session_say_what_is_wrong(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_window, "PATIENCE_MS", 60)
    first = start()
    assert first.claim()
    assert start().claim()


def test_a_path_too_long_for_a_socket_does_no_harm(tmp_path: Path, qtbot: QtBot) -> None:
    deep = DataFolder(tmp_path / ("deep" * 30))
    assert len(socket_name(deep)) < 108, "what a socket's path may have"
    assert socket_name(deep) != socket_name(DataFolder(tmp_path / ("deep" * 31)))
    first = SingleWindow(deep, 1)
    assert first.claim()
    first.listen()
    with qtbot.waitSignal(first.called, timeout=10_000):
        other = Other(deep.path)
    qtbot.waitUntil(other.ended, timeout=10_000)
    assert other.answer() == "False"
    first.release()
    assert not Path(socket_name(deep)).exists()
