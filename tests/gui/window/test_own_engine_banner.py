"""What the banner says when a window's own engine has ended, and the button that starts it again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Workstation
from tests.gui.elsewhere import elsewhere
from widgets.docks.workspaces import Workspaces
from widgets.engine.engine_model import EngineModel
from widgets.window.attached_banner import CLOCK_FRAMES, AttachedBanner
from widgets.window.banner import Banner

GONE = "The engine has ended, no strategy runs."


class Process:
    """An engine's process that a test ends."""

    def __init__(self) -> None:
        self.trouble = ""
        self.ended = False
        self.started = 0

    def start_again(self) -> None:
        self.started += 1
        self.ended, self.trouble = False, "The engine is being started again …"


class Model(QObject):
    ticked = Signal(int)
    control_changed = Signal()

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.process = process
        self.symbol = "BTCUSDT"
        market = SimpleNamespace(last_ns=0)
        self.engine = SimpleNamespace(market=lambda symbol: market, now_ns=lambda: 0, stale_ns=1)

    @property
    def blocked(self) -> str:
        return self.process.trouble


class Desk:
    def __init__(self, qtbot: QtBot) -> None:
        self.process = Process()
        self.model = Model(self.process)
        self.banner = Banner()
        qtbot.addWidget(self.banner)
        self.banner.resize(1600, 42)
        self.banner.show()
        workspaces = SimpleNamespace(area=SimpleNamespace(panels=tuple))
        attachment = elsewhere(self.process)
        self.attached = AttachedBanner(
            cast(EngineModel, self.model), attachment, self.banner, cast(Workspaces, workspaces)
        )
        self.titles: list[str] = []
        self.attached.title_changed.connect(lambda: self.titles.append(self.attached.title))

    def tick(self) -> str:
        """Let the banner look; what it says."""
        self.model.ticked.emit(CLOCK_FRAMES)
        return self.banner.accessibleDescription()


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    return Desk(qtbot)


def test_nothing_of_control_is_shown_while_it_is_had(desk: Desk) -> None:
    assert desk.tick() == ""
    assert not desk.banner.control.isVisible() and desk.attached.title == "Trading Workstation"


def test_its_end_is_told_with_a_button_that_starts_it_again(desk: Desk, qtbot: QtBot) -> None:
    desk.process.trouble, desk.process.ended = GONE, True
    assert desk.tick() == GONE
    assert not desk.banner.panic.flatten.isEnabled() and desk.banner.panic.kill.isEnabled()
    assert desk.banner.action.text() == "Start it again"
    qtbot.mouseClick(desk.banner.action, Qt.MouseButton.LeftButton)
    assert desk.process.started == 1
    assert desk.tick() == "The engine is being started again …" and not desk.banner.action.isVisible()
    desk.process.trouble = ""
    assert desk.tick() == "The engine speaks again." and desk.banner.panic.flatten.isEnabled()
    assert desk.titles == ["Trading Workstation – NO ENGINE", "Trading Workstation"]


def test_a_window_can_be_closed_without_its_engine(station: Workstation) -> None:
    window = station.window
    assert window.registry.find("window.leave") is None, "an engine in the window's process ends with it"
    station.engine.attachment = elsewhere(Process())
    wanted: list[bool] = []
    window.close_wanted.connect(lambda: wanted.append(window.leaves_engine))
    window.close()
    assert window.banner.accessibleDescription().startswith("Stopping")
    window.registry.run("window.leave")
    assert window.banner.accessibleDescription() == "Detaching: the engine goes on."
    assert wanted == [False, True]
