"""Shipped files are found in the source tree and in the frozen program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workstation.core.errors import WorkstationError
from workstation.core.resources import bundle_folder, resource_path


def test_resources_lie_beside_the_package() -> None:
    assert (bundle_folder() / "workstation" / "core" / "resources.py").is_file()
    assert resource_path("data", "BTCUSDT_1h_2023.csv.gz").is_file()


def test_the_frozen_program_has_its_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "sound.wav").touch()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resource_path("sound.wav") == tmp_path / "resources" / "sound.wav"


def test_a_missing_file_is_named() -> None:
    with pytest.raises(WorkstationError, match=r"no_such_icon\.svg is missing"):
        resource_path("icons", "no_such_icon.svg")
