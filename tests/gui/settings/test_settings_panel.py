"""The settings panel over a file of its own: search, change, what is wrong, and the file with its comments."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.gui.conftest import ROOT, Workstation
from tests.gui.elsewhere import elsewhere
from widgets.settings.settings_panel import ELSEWHERE, SettingsPanel
from workstation import __version__
from workstation.config.loader import load_settings
from workstation.config.upgrading import SHIPPED
from workstation.core.resources import resource_path
from workstation.services.configuration_editor import ConfigurationEditor


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    return Path(shutil.copy(ROOT / "config" / "strategy.yaml", folder))


@pytest.fixture
def panel(station: Workstation, file: Path, tmp_path: Path) -> Iterator[SettingsPanel]:
    editor = ConfigurationEditor(load_settings(file), tmp_path / "former", station.clock.now_ns)
    station.window.configuration = editor
    station.window.open_setting()
    panel = station.area.settings
    assert isinstance(panel, SettingsPanel)
    wait(station, panel)
    yield panel
    editor.close()


def wait(station: Workstation, panel: SettingsPanel) -> None:
    station.qtbot.waitUntil(lambda: panel._awaited is None)
    station.frame()


def change(station: Workstation, panel: SettingsPanel, path: str, text: str) -> None:
    panel.show_setting(path)
    panel.side.field.selectAll()
    station.qtbot.keyClicks(panel.side.field, text)
    wait(station, panel)


def test_shipped_is_what_is_in_the_repository() -> None:
    assert resource_path(SHIPPED).read_text() == (ROOT / "config" / "strategy.yaml").read_text(), (
        f"copy the file to {SHIPPED}"
    )


def test_every_setting_is_there_and_is_searched(station: Workstation, panel: SettingsPanel) -> None:
    rows = {row["path"]: row for row in panel.table.shown_rows()}
    assert len(rows) > 300
    day = rows["risk.day_loss_percent"]
    assert (day["value"], day["shipped"], day["unit"], day["range"]) == ("3", "3", "%", "above 0 to 100")
    assert day["holds"] == "next start" and rows["desktop.theme"]["holds"] == "at once"
    station.qtbot.keyClicks(panel.search, "day_loss_percent")
    assert [row["path"] for row in panel.table.shown_rows()] == ["risk.day_loss_percent"]
    panel.table.select_key("risk.day_loss_percent")
    assert panel.side.about.text().startswith("Loss of a UTC day that halts trading until the next.")


def test_a_change_is_written_with_the_comments_kept(station: Workstation, panel: SettingsPanel, file: Path) -> None:
    before = file.read_text()
    change(station, panel, "risk.day_loss_percent", "2.5")
    assert panel.write.text() == "Write 1" and panel.told.text() == "1 of 1 hold from the next start."
    assert file.read_text() == before
    station.click(panel.only_changed)
    assert [row["path"] for row in panel.table.shown_rows()] == ["risk.day_loss_percent"]
    station.click(panel.write)
    wait(station, panel)
    assert file.read_text() == before.replace("  day_loss_percent: 3\n", "  day_loss_percent: 2.5\n")
    assert panel.told.text() == "Written to strategy.yaml. From the next start: risk.day_loss_percent."
    station.area.show_panel("news")
    station.frame()
    newest = station.area.news.table.shown_rows()[0]["text"]
    assert newest == "Settings written to the file: risk.day_loss_percent = 2.5 (next start)"
    station.area.show_panel("settings")
    assert not panel.pending and not panel.write.isEnabled()
    panel.show_setting("risk.day_loss_percent")
    station.click(panel.side.take_shipped)
    wait(station, panel)
    station.click(panel.write)
    wait(station, panel)
    assert file.read_text() == before


def test_what_is_plainly_wrong_is_told_at_the_field(station: Workstation, panel: SettingsPanel) -> None:
    change(station, panel, "risk.day_loss_percent", "200")
    assert panel.side.checked.error == "It is 200; it must be a number above 0 to 100."
    panel.show_setting("risk.open_positions")
    change(station, panel, "risk.open_positions", "x")
    assert panel.side.checked.error == "It needs a whole number from 1 to 1,000."
    assert not panel.write.isEnabled()


def test_what_the_loader_refuses_is_not_written(station: Workstation, panel: SettingsPanel, file: Path) -> None:
    before = file.read_text()
    change(station, panel, "account.leverage", "120")
    assert "leverage" in panel.told.text() and not panel.write.isEnabled()
    station.click(panel.discard)
    assert not panel.pending and panel.side.field.text() == "1"
    assert file.read_text() == before


def test_a_choice_a_switch_and_a_text(station: Workstation, panel: SettingsPanel, file: Path) -> None:
    panel.show_setting("desktop.theme")
    panel.side.box.setFocus()
    station.qtbot.keyClick(panel.side.box, Qt.Key.Key_Down)
    wait(station, panel)
    panel.show_setting("risk.flatten_on_kill")
    panel.side.switch.click()
    wait(station, panel)
    change(station, panel, "account.name", "my: account")
    station.click(panel.write)
    wait(station, panel)
    settings = load_settings(file).settings
    assert (settings.desktop.theme, settings.risk.flatten_on_kill, settings.account.name) == (
        "light",
        True,
        "my: account",
    )
    assert station.window.appearance.choice("theme") == "light", "it holds at once"


def test_panel_and_about_tell_which_file_it_is(station: Workstation, panel: SettingsPanel, file: Path) -> None:
    assert panel.told.toolTip() == str(file)
    station.window.registry.run("help.about")
    message = station.window.banner._message
    assert message.lead.endswith(__version__) and str(file) in message.text


def test_the_palette_opens_a_setting(station: Workstation, panel: SettingsPanel) -> None:
    assert station.window.registry.run("setting.risk.day_loss_percent")
    wait(station, panel)
    assert panel.side.title.text() == "risk.day_loss_percent"


def test_an_attached_window_says_where_its_settings_are(station: Workstation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station.engine, "attachment", elsewhere())
    panel = SettingsPanel(station.model, None)
    station.qtbot.addWidget(panel)
    panel.refresh()
    assert panel.told.text() == ELSEWHERE
    panel.show_setting("risk.day_loss_percent")
    assert not panel.table.shown_rows()
