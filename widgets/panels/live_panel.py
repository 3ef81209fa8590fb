"""The base of panels that show an engine: they listen while they are on the screen and only then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from PySide6.QtCore import QSize, SignalInstance
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from widgets.engine.engine_model import EngineModel
from widgets.look.theme import current


class LivePanel(QWidget):
    """Subclasses name what they listen to, and bring everything up to date in ``refresh``."""

    _turns = count()

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self._turn = next(self._turns)
        self._connected: list[tuple[SignalInstance, Callable[..., Any]]] = []
        self._in_front = True

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        """Signals of the model and the slots that hear them while the panel is shown."""
        return ()

    def refresh(self) -> None:
        """Bring the panel up to date after it was hidden."""

    def rest(self) -> None:
        """Called when the panel is hidden: let go of what only a shown panel needs."""

    @property
    def frames(self) -> SignalInstance:
        """The model's frames, in the turn that this panel takes: every other panel takes the second."""
        return self.model.ticked_between if self._turn % 2 else self.model.ticked

    def due(self, frame: int, every: int) -> bool:
        """Whether it is time for what is done once in so many frames; panels do it in different ones."""
        return (frame + self._turn) % every == 0

    @property
    def listening(self) -> bool:
        return bool(self._connected)

    def set_in_front(self, in_front: bool) -> None:
        """Whether the panel is the front one of its tabs: Qt keeps those behind shown, outside the window."""
        self._in_front = in_front
        self._listen(in_front and self.isVisible())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._listen(self._in_front)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._listen(False)

    def _listen(self, wanted: bool) -> None:
        if wanted == bool(self._connected):
            return
        if wanted:
            self._connected = [*self.connections(), (self.model.reloaded, self.refresh)]
            for signal, slot in self._connected:
                signal.connect(slot)
            self.refresh()
            return
        connected, self._connected = self._connected, []
        if isValid(self.model):
            for signal, slot in connected:
                signal.disconnect(slot)
            self.rest()

    def minimumSizeHint(self) -> QSize:
        """Small: a panel gives way to the layout of the window, and shows less."""
        return QSize(120, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), current().tokens.ground)
