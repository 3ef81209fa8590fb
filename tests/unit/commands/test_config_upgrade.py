"""On the command line: an earlier version's file is told from a wrong one, and brought up to this version."""

from __future__ import annotations

from pathlib import Path

import pytest

from workstation.__main__ import main
from workstation.config.loader import load_settings
from workstation.config.upgrading import SHIPPED
from workstation.core.resources import resource_path


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A file that knows neither ``engine`` nor the maker's fee."""
    shipped = resource_path(SHIPPED).read_text(encoding="utf-8").splitlines(keepends=True)
    known = [line for line in shipped if not line.startswith(("engine:", "  maker_bps:"))]
    file = tmp_path / "strategy.yaml"
    file.write_text("".join(known), encoding="utf-8")
    return file


def places(file: Path) -> list[str]:
    return ["--config", str(file), "--data", str(file.parent / "data")]


def test_a_start_says_what_mends_it(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*places(earlier), "--no-gui", "--for", "1"]) != 0
    said = capsys.readouterr().err
    assert "paper.maker_bps is missing" in said
    assert said.endswith("“workstation config-upgrade” adds the 2 settings that the file lacks, as shipped.\n")


def test_a_wrong_file_gets_no_such_advice(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = earlier.read_text(encoding="utf-8")
    earlier.write_text(text.replace("mode: paper", "mode: sideways", 1), encoding="utf-8")
    assert main([*places(earlier), "--no-gui", "--for", "1"]) != 0
    assert "config-upgrade" not in capsys.readouterr().err
    before = earlier.read_text(encoding="utf-8")
    assert main(["config-upgrade", *places(earlier)]) != 0
    assert "sideways" in capsys.readouterr().err
    assert earlier.read_text(encoding="utf-8") == before


def test_they_are_listed_then_written_then_nothing_is_left_to_do(
    earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = earlier.read_text(encoding="utf-8")
    assert main(["config-upgrade", "--list", *places(earlier)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["engine: in_process", "paper.maker_bps: -1"]
    assert told[2].endswith("lacks 2 settings; nothing was written.")
    assert earlier.read_text(encoding="utf-8") == before
    assert main(["config-upgrade", *places(earlier)]) == 0
    assert capsys.readouterr().out.splitlines()[2].startswith("2 settings added to ")
    assert load_settings(earlier).json == load_settings(resource_path(SHIPPED)).json
    assert main(["config-upgrade", *places(earlier)]) == 0
    assert capsys.readouterr().out.endswith("has every setting of this version.\n")
