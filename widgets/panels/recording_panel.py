"""The base of panels whose picture is made of what happened: once seen, they go on taking it in while hidden."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QShowEvent

from widgets.panels.live_panel import LivePanel

HIDDEN_FRAMES: Final = 30
"""A hidden panel looks once in so many frames, about once a second: some tenths of a millisecond."""


class RecordingPanel(LivePanel):
    """``record`` takes in what is new; ``draw`` shows it, on each frame while the panel is shown."""

    _recording = False

    def record(self) -> None:
        """Take in what happened since the last call."""

    def record_on_the_way(self) -> None:
        """The same while a replay takes in more than a frame shows: it may have gone back, too."""
        self.record()

    def draw(self, frame: int) -> None:
        """Show it."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._recording:
            self._recording = True
            self.frames.connect(self._pulse)
            self.model.way.went_on.connect(self.record_on_the_way)

    def _pulse(self, frame: int) -> None:
        if self.listening:
            self.record()
            self.draw(frame)
        elif self.due(frame, HIDDEN_FRAMES):
            self.record()
