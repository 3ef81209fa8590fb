"""Short sounds by what the system has to play them with; a beep where it has nothing."""

from __future__ import annotations

import shutil
import sys

from PySide6.QtCore import QObject, QProcess, QTimer
from PySide6.QtWidgets import QApplication

from widgets.look.tokens import RESOURCES
from widgets.window.notices import Sound

PLAYERS = ("pw-play", "paplay", "aplay", "afplay")
PAUSE_MS = 250
"""Sounds that come faster are left out."""


class Sounds(QObject):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._player = next((found for name in PLAYERS if (found := shutil.which(name))), "")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)

    def play(self, sound: Sound) -> None:
        """Begin to play it and go on at once."""
        if self._pause.isActive():
            return
        self._pause.start()
        file = str(RESOURCES / "sounds" / f"{sound}.wav")
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(file, winsound.SND_FILENAME | winsound.SND_ASYNC)
        elif not self._player or not QProcess.startDetached(self._player, [file]):
            QApplication.beep()
