"""The scripts that put the built application into the menu of a Linux desktop, and take it out."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[3]
LINUX = ROOT / "packaging" / "linux"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A folder as `make package` builds it, with all that the scripts touch, in a place with a difficult name."""
    folder = tmp_path / 'My "$HOME" apps 100%' / "workstation"
    desktop = folder / "_internal" / "desktop"
    desktop.mkdir(parents=True)
    (folder / "workstation").write_text("#!/bin/sh\n")
    (folder / "workstation").chmod(0o755)
    for file in LINUX.iterdir():
        shutil.copy(file, desktop)
    for size in SIZES:
        (desktop / f"workstation-{size}.png").write_bytes(b"png")
    shutil.copytree(ROOT / "resources" / "application", folder / "_internal" / "resources" / "application")
    return folder


def run(script: Path, prefix: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PREFIX": str(prefix), "HOME": "/nowhere", "PATH": "/usr/bin:/bin"}
    return subprocess.run(["/bin/sh", str(script)], env=environment, capture_output=True, text=True, check=False)


def entry_of(file: Path) -> configparser.ConfigParser:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment, method-assign]
    entry.read(file, encoding="utf-8")
    return entry


def test_the_menu_starts_the_program_where_it_lies(application: Path, tmp_path: Path) -> None:
    prefix, scripts = tmp_path / "prefix", application / "_internal" / "desktop"
    done = run(scripts / "install.sh", prefix)
    assert done.returncode == 0, done.stderr
    entry = entry_of(prefix / "share" / "applications" / "trading-workstation.desktop")
    written = entry["Desktop Entry"]["Exec"]
    # As the Desktop Entry Specification reads a quoted argument: the string's escapes first, then the quoting's.
    assert written.startswith('"') and written.endswith('"')
    inside = written[1:-1].replace("\\\\", "\\").replace('\\"', '"').replace("\\$", "$").replace("%%", "%")
    assert inside == str(application / "workstation")
    assert entry["Desktop Action kill"]["Exec"] == f'{written} kill --reason "desktop menu"'
    assert (prefix / "bin" / "workstation").resolve() == application / "workstation"
    icons = prefix / "share" / "icons" / "hicolor"
    assert {path.parents[1].name for path in icons.rglob("*.png")} == {f"{size}x{size}" for size in SIZES}
    assert (icons / "scalable" / "apps" / "trading-workstation.svg").is_file()
    assert run(scripts / "install.sh", prefix).returncode == 0, "again, over the same"
    assert run(scripts / "uninstall.sh", prefix).returncode == 0
    left = {path.name for path in prefix.rglob("*") if not path.is_dir()}
    assert left <= {"icon-theme.cache", "mimeinfo.cache"}, "all but the desktop's own caches"
    assert (application / "workstation").is_file()


def test_a_script_that_lost_its_program_says_so(application: Path, tmp_path: Path) -> None:
    (application / "workstation").unlink()
    done = run(application / "_internal" / "desktop" / "install.sh", tmp_path / "prefix")
    assert done.returncode == 1 and "there is no program" in done.stderr
    assert not (tmp_path / "prefix").exists()


def test_the_entry_and_what_software_centres_read_name_each_other() -> None:
    entry = entry_of(LINUX / "trading-workstation.desktop")["Desktop Entry"]
    about = ElementTree.parse(LINUX / "org.tradingworkstation.Workstation.metainfo.xml").getroot()
    assert about.findtext("launchable") == "trading-workstation.desktop"
    assert about.findtext("icon") == entry["Icon"] == "trading-workstation"
    assert (about.findtext("name"), about.findtext("summary")) == (entry["Name"], entry["Comment"])
    assert 'DESKTOP_FILE = "trading-workstation"' in (ROOT / "widgets" / "app.py").read_text(encoding="utf-8")
    assert f'PROGRAM = "{entry["StartupWMClass"]}"' in (ROOT / "widgets" / "window" / "start_page.py").read_text(
        encoding="utf-8"
    )
