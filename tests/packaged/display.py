"""A screen of its own, and the hands in front of it: Xvfb and xdotool."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtGui import QColor, QImage

SIZE = (1600, 900)
WIDE, HIGH = 40, 12
"""Pixels of one colour that are a button's, and not a line's."""
GRAB = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
sys.exit(not application.primaryScreen().grabWindow(0).save(sys.argv[1]))
"""


class Display:
    """What is on the screen, and keys and clicks on it as a person makes them."""

    def __init__(self, name: str) -> None:
        self.name = name

    def windows(self, title: str) -> list[str]:
        """Those that are shown and have the text in their title."""
        found = self._xdotool("search", "--onlyvisible", "--name", title, check=False)
        return found.split()

    def focus(self, window: str) -> None:
        """The keyboard goes there; without a window manager nobody else sees to it."""
        self._xdotool("windowfocus", "--sync", window)

    def press(self, *keys: str) -> None:
        self._xdotool("key", "--delay", "60", *keys)

    def type(self, text: str) -> None:
        self._xdotool("type", "--delay", "30", text)

    def click(self, x: int, y: int) -> None:
        self._xdotool("mousemove", str(x), str(y), "click", "1")

    def picture(self, file: Path) -> QImage:
        """Of the whole screen, kept as PNG."""
        environment = {**os.environ, "DISPLAY": self.name, "QT_QPA_PLATFORM": "xcb"}
        subprocess.run([sys.executable, "-c", GRAB, str(file)], env=environment, check=True)
        return QImage(str(file))

    def find_button(self, picture: QImage, colour: str) -> tuple[int, int] | None:
        """A place on a button of this colour, #rrggbb; None where there is no area as large as a button."""
        wanted = QColor(colour).rgb()
        for y in range(HIGH, picture.height(), HIGH // 2):
            run = 0
            for x in range(picture.width()):
                run = run + 1 if picture.pixel(x, y) == wanted == picture.pixel(x, y - HIGH) else 0
                if run == WIDE:
                    return x - WIDE // 2, y
        return None

    def _xdotool(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["xdotool", *arguments],
            env={**os.environ, "DISPLAY": self.name},
            capture_output=True,
            text=True,
            check=check,
        )
        return done.stdout


@contextmanager
def display() -> Iterator[Display]:
    """A new one, which ends with the test."""
    for program in ("Xvfb", "xdotool"):
        assert shutil.which(program), f"{program} is missing: install it (on Debian: apt install xvfb xdotool)"
    reads, writes = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writes), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(writes,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writes)
    try:
        with os.fdopen(reads) as told:
            number = told.readline().strip()
        assert number, "Xvfb did not start"
        yield Display(f":{number}")
    finally:
        server.terminate()
        server.wait()
