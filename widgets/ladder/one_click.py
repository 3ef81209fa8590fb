"""One-click trading that must be armed, and disarms itself."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QDeadlineTimer, QObject, QTimer, Signal

SECOND_MS: Final = 1000


class OneClick(QObject):
    """``changed`` tells when it was armed or disarmed, and each second in between."""

    changed = Signal()

    def __init__(self, minutes: int, parent: QObject) -> None:
        super().__init__(parent)
        self._minutes = minutes
        self._deadline = QDeadlineTimer(0)
        self._clock = QTimer(self)
        self._clock.setInterval(SECOND_MS)
        self._clock.timeout.connect(self._look)

    @property
    def armed(self) -> bool:
        return self._clock.isActive() and not self._deadline.hasExpired()

    @property
    def remaining(self) -> str:
        """``9:59``, minutes and seconds."""
        seconds = -(-self._deadline.remainingTime() // SECOND_MS) if self.armed else 0
        return f"{seconds // 60}:{seconds % 60:02}"

    def arm(self) -> None:
        """From now on, for the whole time again."""
        self._deadline.setRemainingTime(self._minutes * 60 * SECOND_MS)
        self._clock.start()
        self.changed.emit()

    def disarm(self) -> None:
        if self._clock.isActive():
            self._clock.stop()
            self.changed.emit()

    def _look(self) -> None:
        if self._deadline.hasExpired():
            self._clock.stop()
        self.changed.emit()
