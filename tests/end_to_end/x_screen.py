"""An X display of its own, with a hand that moves its mouse and presses its keys, and an eye for its pixels."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage

SIZE = (1600, 900)
PATIENCE_S = 60.0
STILL_S = 1.0
TRIES = 5


class _Picture(NamedTuple):
    """Where the pixels stand in an XWD file: numbers of 32 bits, the highest byte first."""

    header: int
    colours: int
    width: int
    height: int
    line: int


class XScreen:
    """``folder`` is where Xvfb keeps its picture, which is read without asking a program."""

    def __init__(self, display: str, folder: Path) -> None:
        self.display = display
        self._file = folder / "Xvfb_screen0"

    def environment(self) -> dict[str, str]:
        return {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def hand(self, *words: str | int) -> str:
        """Let xdotool do something; what it says."""
        environment = {**os.environ, "DISPLAY": self.display}
        done = subprocess.run(
            ["xdotool", *map(str, words)], env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        return done.stdout.strip()

    def focus(self, title: str) -> None:
        """Give the keyboard to the window with this title, as soon as it is there and takes it."""

        def has_it() -> bool:
            self.hand("search", "--onlyvisible", "--name", title, "windowfocus")
            return self.hand("getwindowfocus", "getwindowname") == title

        self.wait_for(has_it, f"the keyboard in a window {title!r}")

    def press(self, *keys: str) -> None:
        self.hand("key", "--clearmodifiers", *keys)

    def type(self, text: str) -> None:
        self.hand("type", "--delay", "15", text)

    def click(self, place: QPoint, button: int = 1) -> None:
        self.hand("mousemove", place.x(), place.y(), "click", button)

    def picture(self) -> QImage:
        content = self._file.read_bytes()
        number = [int.from_bytes(content[place : place + 4]) for place in range(0, 100, 4)]
        found = _Picture(number[0], number[19], number[4], number[5], number[12])
        pixels = content[found.header + 12 * found.colours :]
        return QImage(pixels, found.width, found.height, found.line, QImage.Format.Format_RGB32).copy()

    def colour(self, place: QPoint) -> str:
        """As ``#rrggbb``; the mouse's arrow counts as part of the picture."""
        return QColor(self.picture().pixel(place)).name()

    def wait_until_still(self, area: QRect) -> None:
        """Until nothing has changed there for a while: what was clicked has been followed."""
        seen, since_s = self.picture().copy(area), time.monotonic()

        def is_still() -> bool:
            nonlocal seen, since_s
            now = self.picture().copy(area)
            if now != seen:
                seen, since_s = now, time.monotonic()
            return time.monotonic() - since_s > STILL_S

        self.wait_for(is_still, "a form that stands still")

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        ends_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < ends_s, f"{what} was not there within {PATIENCE_S:.0f} s"
            time.sleep(0.1)


@contextmanager
def x_screen(folder: Path) -> Iterator[XScreen]:
    """A display that no other program uses, until the end of the block."""
    for _ in range(TRIES):
        server, number = _start(folder)
        screen = XScreen(f":{number}", folder)
        try:
            # Of two servers that start at once and take the same number only one answers.
            if number and server.poll() is None and screen.hand("getdisplaygeometry"):
                yield screen
                return
        finally:
            server.terminate()
            server.wait(timeout=10)
    raise AssertionError("Xvfb did not start")


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A server, and the number of the display that it says it has.

    It must not reset itself when xdotool, its only client so far, has gone: whoever comes just then is refused.
    """
    read, write = os.pipe()
    size = "x".join(map(str, (*SIZE, 24)))
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-fbdir", str(folder), "-nolisten", "tcp", "-noreset"],
        pass_fds=(write,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        return server, told.readline().strip()
