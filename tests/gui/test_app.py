"""The application as a process: pictures, failures at the start, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.gui.conftest import ROOT
from workstation.core.clock import WallClock
from workstation.storage.disk_journal import JournalReader
from workstation.storage.kill_latch import KillLatch
from workstation.storage.lock import FolderLock

PROGRAM = """
import sys
import time
from pathlib import Path
from workstation.config.loader import load_settings
from widgets.app import run
from widgets.start_options import StartOptions
loaded = load_settings(Path("config/strategy.yaml"))
data, seconds, picture, width, height = sys.argv[1:]
options = StartOptions(data=Path(data), seed=3, seconds=float(seconds) or None,
                       screenshot=Path(picture) if picture else None, size=(int(width), int(height)))
sys.exit(run(loaded, options))
"""


def start(data: Path, seconds: float, picture: str = "", size: tuple[int, int] = (1280, 720)) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data), str(seconds), picture, str(size[0]), str(size[1])],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("size", [(1600, 900), (1280, 720)])
def test_a_picture_is_written_and_it_stops_by_itself(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = tmp_path / "window.png"
    process = start(tmp_path / "data", 1.5, str(picture), size)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    image = QImage(str(picture))
    assert (image.width(), image.height()) == size
    assert image.pixelColor(4, 4).name() == "#2b6cc8"
    assert "Traceback" not in errors


def test_a_second_start_on_the_same_folder_says_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    lock = FolderLock(folder / "lock", WallClock().now_ns())
    try:
        process = start(folder, 0)
        _, errors = process.communicate(timeout=90)
    finally:
        lock.release()
    assert process.returncode == 3
    sentences = [line for line in errors.splitlines() if "plugin does not support" not in line]
    assert len(sentences) == 1
    assert str(os.getpid()) in sentences[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    process = start(data, 0)
    try:
        while process.poll() is None and not (data / "inputs").exists():
            time.sleep(0.05)
        try:
            process.wait(timeout=4)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert (data / "window.ini").exists()
    reader = JournalReader(data / "journal.sqlite3")
    try:
        (entry,) = reader.sessions()
    finally:
        reader.close()
    assert entry.summary is not None
    assert entry.summary.reason == number.name


def test_a_signal_kills_and_the_latch_stays(tmp_path: Path) -> None:
    data = tmp_path / "data"
    process = start(data, 0)
    latch = KillLatch(data)
    try:
        deadline = time.monotonic() + 60
        while not latch.engaged and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.3)
            if (data / "inputs").exists():
                process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    record = latch.read()
    assert record is not None
    assert "SIGUSR1" in record.reason
