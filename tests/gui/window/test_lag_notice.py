"""The proposal of an engine in a process of its own: after a minute above the bound, once, written by its button."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.qtbot import QtBot

from tests.gui.conftest import ROOT
from widgets.engine.engine_model import EngineModel
from widgets.engine.protocol import Health
from widgets.window import lag_notice
from widgets.window.banner import Banner
from widgets.window.lag_notice import ACTION, LagNotice
from workstation.config.loader import load_settings
from workstation.core.timeframe import SECOND_NS
from workstation.core.views import HealthView
from workstation.services.configuration_editor import ConfigurationEditor

BOUND_MS = 50
HEALTH = Health(HealthView(0, 1, 0, 0, 0, 0), 0)


class Model(QObject):
    """A model of which only the health is heard."""

    health_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = SECOND_NS
        self.engine = SimpleNamespace(now_ns=lambda: self.now_ns)

    def be_late(self, lag_ms: float, seconds: int) -> None:
        for _ in range(seconds):
            self.now_ns += SECOND_NS
            self.health_changed.emit(HEALTH._replace(loop_lag_ms=lag_ms))


class Desk:
    def __init__(self, qtbot: QtBot, file: Path) -> None:
        self.qtbot = qtbot
        self.model = Model()
        self.banner = Banner()
        qtbot.addWidget(self.banner)
        self.banner.resize(1600, 42)
        self.banner.show()
        self.editor = ConfigurationEditor(load_settings(file), file.parent / "kept", lambda: self.model.now_ns)
        self.notice = LagNotice(cast(EngineModel, self.model), self.banner, self.editor, BOUND_MS, self.model)

    def message(self) -> str:
        return self.banner.accessibleDescription()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "config" / "strategy.yaml", tmp_path))


@pytest.fixture
def desk(qtbot: QtBot, file: Path) -> Iterator[Desk]:
    made = Desk(qtbot, file)
    yield made
    made.editor.close()


def test_a_minute_above_the_bound_is_told_once(desk: Desk) -> None:
    desk.model.be_late(BOUND_MS + 1, 59)
    desk.model.be_late(BOUND_MS, 1)
    desk.model.be_late(BOUND_MS + 1, 60)
    assert not desk.message()
    desk.model.be_late(120, 1)
    assert desk.message() == "The loop of engine and window is 120 ms late, for a minute now."
    assert desk.banner.action.text() == ACTION and desk.banner.action.isVisible()
    desk.banner.set_message("")
    desk.model.be_late(500, 200)
    assert not desk.message()


def test_without_a_nats_server_there_is_nothing_to_press(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag_notice, "server_program", lambda: None)
    desk.model.be_late(80, 62)
    assert desk.message().endswith("but needs nats-server: nats.io/download.")
    assert not desk.banner.action.isVisible()


def test_its_button_writes_the_setting_and_keeps_every_comment(desk: Desk, file: Path) -> None:
    before = file.read_text()
    desk.model.be_late(80, 62)
    desk.qtbot.mouseClick(desk.banner.action, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: "next start" in desk.message(), timeout=20_000)
    assert desk.message() == "engine: process is written to strategy.yaml. It takes effect at the next start."
    assert not desk.banner.action.isVisible()
    assert file.read_text() == before.replace("\nengine: in_process\n", "\nengine: process\n")
    assert load_settings(file).settings.engine == "process"


def test_what_keeps_it_from_being_written_is_told(desk: Desk, file: Path) -> None:
    file.write_text(file.read_text().replace("  use: none\n", "  use: servers\n"))
    desk.model.be_late(80, 62)
    desk.qtbot.mouseClick(desk.banner.action, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(lambda: "Nothing was written" in desk.message(), timeout=20_000)
    assert "engine is process, which talks over a server of its own" in desk.message()
    assert load_settings(file).settings.engine == "in_process"
