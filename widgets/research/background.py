"""Work that reads the disk, in a thread of its own; what comes of it arrives in the loop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal

from workstation.core.errors import WorkstationError

log = logging.getLogger("widgets.research.background")


class Background(QObject):
    """One piece of work after the other; after ``close`` nothing is heard of any."""

    _ended = Signal(object, object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._closed = False
        self._ended.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)

    def run(self, work: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Do ``work`` elsewhere, then call ``then`` with its result here, or ``failed`` with a sentence."""

        def do() -> None:
            try:
                result = work()
            except WorkstationError as error:
                self._ended.emit(failed, None, str(error))
            except Exception as error:
                log.exception("Work in the background failed.")
                self._ended.emit(failed, None, f"That failed ({type(error).__name__}: {error}); the log tells more.")
            else:
                self._ended.emit(then, result, "")

        self._pool.start(do)

    def close(self) -> None:
        """Wait for what is being done, and hear of nothing more."""
        self._closed = True
        self._pool.clear()
        self._pool.waitForDone()

    def _hand_over(self, hear: Callable[[Any], None], result: Any, sentence: str) -> None:
        if not self._closed:
            hear(sentence or result)
