"""What the window keeps between runs: its workspaces, its place on the screens, and what was chosen in it."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import QWidget

VERSION = 2
EVERY_MS = 15_000
FRAME = QSize(16, 48)
"""What the system puts around a window, at most; it is not known before the window is shown."""
log = logging.getLogger("widgets.window.window_state")


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all, without waiting for the disk. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def load(path: Path) -> tuple[dict[str, Any], str]:
    """What was kept, and a sentence when it could not be read: then it is put aside under another name."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(kept, dict) or kept.get("version") != VERSION or not _is_sound(kept.get("window")):
            raise ValueError("it has another form")
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"The layout of the window in {path} cannot be read ({error.strerror}); the shipped one is shown."
    except ValueError:
        return {}, f"The layout of the window was damaged; it is kept as {_put_aside(path)}, the shipped one is shown."
    return kept, ""


def _is_sound(window: object) -> bool:
    """Whether what the window itself keeps is of the kinds that it is read as."""
    if not isinstance(window, dict):
        return False
    size = window.get("size", [0, 0])
    if not (isinstance(size, list) and len(size) == 2 and all(type(each) is int for each in size)):
        return False
    words = [window.get("symbol", ""), window.get("geometry", "")]
    for choices in (window.get("chosen", {}), window.get("keys", {})):
        if not isinstance(choices, dict):
            return False
        words += choices.values()
    return all(isinstance(word, str) for word in words)


def geometry_of(window: QWidget) -> str:
    """Where the window stands, on which screen, and whether it fills it, for ``stand``."""
    return base64.b64encode(window.saveGeometry().data()).decode("ascii")


def stand(window: QWidget, geometry: str) -> None:
    """Put the window where it stood, or fill a screen that is too small for it; always within a screen that is there.

    Called before it is shown. A ``geometry`` that cannot be read counts as none.
    """
    try:
        before = QByteArray(base64.b64decode(geometry, validate=True))
    except (binascii.Error, ValueError):
        before = QByteArray()
    if before.isEmpty() or not window.restoreGeometry(before):
        room = window.screen().availableSize() - FRAME
        if window.width() > room.width() or window.height() > room.height():
            window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)


def _put_aside(path: Path) -> str:
    number = 1
    while (aside := path.with_name(f"{path.stem}-damaged-{number}{path.suffix}")).exists():
        number += 1
    try:
        path.replace(aside)
    except OSError:
        return path.name
    return aside.name


class StateKeeper(QObject):
    """Writes what ``document`` gives every few seconds where it has changed, so that a crash loses little.

    A failure is logged once.
    """

    def __init__(self, path: Path, document: Callable[[], dict[str, Any] | None], parent: QObject) -> None:
        super().__init__(parent)
        self._path = path
        self._document = document
        self._written = ""
        self._failed = False
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.keep)
        self._timer.start()

    def keep(self) -> None:
        """Write what has changed."""
        document = self._document()
        text = "" if document is None else json.dumps({"version": VERSION, **document}, indent=1)
        if not text or text == self._written:
            return
        try:
            write_whole(self._path, text)
        except OSError as error:
            if not self._failed:
                log.warning("The layout of the window was not kept in %s: %s.", self._path, error.strerror)
            self._failed = True
        else:
            self._written, self._failed = text, False
