"""Configuration and data: beside a checkout, in the platform's folders for the built application."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from workstation.commands import places
from workstation.commands.arguments import parser
from workstation.core.errors import ConfigurationError
from workstation.core.resources import bundle_folder


def asked(*arguments: str) -> argparse.Namespace:
    return parser().parse_args(list(arguments))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The built application, started by somebody whose folders are those below the path."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(places, "user_config_path", lambda name, **_: tmp_path / "config of" / name)
    monkeypatch.setattr(places, "user_data_path", lambda name, **_: tmp_path / "data of" / name)
    monkeypatch.delenv("WORKSTATION_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_checkout_keeps_all_beside_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WORKSTATION_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert places.configuration_file(asked()) == bundle_folder() / "config" / "strategy.yaml"
    assert places.data_folder(asked()).path == bundle_folder() / "data"
    assert places.places_text() == ""


def test_the_first_start_writes_the_configuration_and_later_ones_leave_it(installed: Path) -> None:
    own = installed / "config of" / "trading-workstation" / "config"
    shipped = bundle_folder() / "config"
    assert places.settings(asked()).file == own / "strategy.yaml"
    assert places.data_folder(asked()).path == installed / "data of" / "trading-workstation" / "data"
    written = {path.relative_to(own): path.read_bytes() for path in own.rglob("*") if path.is_file()}
    assert written == {path.relative_to(shipped): path.read_bytes() for path in shipped.rglob("*.yaml")}
    text = (own / "strategy.yaml").read_text(encoding="utf-8").replace("name: paper-01", "name: mine", 1)
    (own / "strategy.yaml").write_text(text, encoding="utf-8")
    (own / "profiles" / "demo.yaml").write_text("account:\n  name: shown\n", encoding="utf-8")
    assert places.settings(asked()).settings.account.name == "mine"
    assert places.settings(asked("--profile", "demo")).settings.account.name == "shown"


def test_what_the_command_line_names_goes_first(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(bundle_folder() / "config" / "strategy.yaml")
    assert places.configuration_file(asked("--config", file)) == Path(file)
    assert places.data_folder(asked("--config", file)).path == bundle_folder() / "data"
    assert places.data_folder(asked("--data", "elsewhere")).path == installed / "elsewhere"
    monkeypatch.setenv("WORKSTATION_DATA", str(installed / "named"))
    assert places.data_folder(asked()).path == installed / "named"
    assert not (installed / "config of").exists()


def test_an_older_configuration_is_told_where_the_shipped_one_is(installed: Path) -> None:
    own = installed / "config of" / "trading-workstation" / "config"
    own.mkdir(parents=True)
    text = (bundle_folder() / "config" / "strategy.yaml").read_text(encoding="utf-8")
    (own / "strategy.yaml").write_text(text.replace("mode: paper\n", "", 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"mode.*this version came with is .*strategy\.yaml\.$"):
        places.settings(asked())


def test_a_folder_that_cannot_be_written_is_one_sentence(installed: Path) -> None:
    (installed / "config of").write_text("a file is in the way")
    with pytest.raises(ConfigurationError, match=r"cannot be written to .*--config FILE\.$"):
        places.settings(asked())


def test_help_tells_the_folders_of_an_installed_application(installed: Path) -> None:
    text = " ".join(parser().format_help().split())
    assert "trading-workstation/config/strategy.yaml" in text.replace("\\", "/").replace(" ", "")
    assert "data of" in text
