"""Work that reads the disk, done by the engine's room in a thread of its own; what comes of it is heard in the loop."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QTimer
from shiboken6 import isValid

from workstation.core.errors import WorkstationError
from workstation.storage.background import in_background

LOOK_MS = 15
CLOSING_S = 10.0

log = logging.getLogger("widgets.research.background")


class _Work(NamedTuple):
    do: Callable[[], Any]
    then: Callable[[Any], None]
    failed: Callable[[str], None]


class Background(QObject):
    """One piece of work after the other; after ``close`` nothing is heard of any.

    No Qt object is touched by the work: the loop looks whether it is done.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[_Work] = deque()
        self._now: tuple[_Work, Future[Any]] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)

    def run(self, work: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Do ``work`` elsewhere, then call ``then`` with its result here, or ``failed`` with a sentence.

        A method of a widget that is gone by then is not called.
        """
        self._waiting.append(_Work(work, then, failed))
        self._begin_next()

    def close(self) -> None:
        """Wait for what is being done, and hear of nothing more."""
        self._timer.stop()
        self._waiting.clear()
        now, self._now = self._now, None
        if now is not None:
            wait([now[1]], CLOSING_S)

    def _begin_next(self) -> None:
        if self._now is None and self._waiting:
            work = self._waiting.popleft()
            self._now = work, in_background(work.do)
            self._timer.start()

    def _look(self) -> None:
        if self._now is None or not self._now[1].done():
            return
        (work, future), self._now = self._now, None
        self._timer.stop()
        self._begin_next()
        try:
            result = future.result()
        except WorkstationError as error:
            work.failed(str(error))
        except Exception as error:
            log.exception("Work in the background failed.")
            work.failed(f"That failed ({type(error).__name__}: {error}); the log tells more.")
        else:
            if _is_there(work.then):
                work.then(result)


def _is_there(call: Callable[[Any], None]) -> bool:
    owner = getattr(call, "__self__", None)
    return not isinstance(owner, QObject) or isValid(owner)
