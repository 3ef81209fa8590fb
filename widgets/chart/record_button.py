"""Starts and stops the recording of a symbol, and shows that it runs and how large it is."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from widgets.controls.controls import IconButton
from widgets.engine.engine_model import EngineModel, Result
from widgets.look.numbers import format_number
from workstation.core.errors import WorkstationError
from workstation.market.recordings.recorder import RunningRecording

MEGABYTE = 1_000_000


def size_words(size: int) -> str:
    """``640 bytes``, ``1.2 MB``."""
    if size < MEGABYTE // 10:
        return f"{format_number(size, 0)} bytes"
    return format_number(size / MEGABYTE, 1, unit="MB")


class RecordButton(IconButton):
    """Checked while the engine records the symbol. What is in the way is told in the banner."""

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__("record", "Record", checkable=True, parent=parent)
        self._model = model
        self._symbol = ""
        self.clicked.connect(self._press)

    def show_symbol(self, symbol: str) -> None:
        """The state of the symbol's recording now."""
        self._symbol = symbol
        running = next((each for each in self._model.engine.recordings() if each.symbol == symbol), None)
        self.setChecked(running is not None)
        self.set_icon_tone("bad" if running is not None else "")
        words = self._words(running)
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.setEnabled(not self._model.blocked)

    def _words(self, running: RunningRecording | None) -> str:
        blocked = self._model.blocked
        if running is None:
            attached = self._model.engine.attachment is not None
            words = f"Record books and trades of {self._symbol}" + (" where the engine runs" if attached else "")
            return f"{words}. {blocked}" if blocked else words
        then = blocked or "Press to stop."
        if not running.name:
            return f"Recording {running.symbol} begins with its next book. {then}"
        return f"Recording {running.symbol} in {running.name}, {size_words(running.size)}. {then}"

    def _press(self, on: bool) -> None:
        engine = self._model.engine
        try:
            if on:
                engine.start_recording(self._symbol)
            else:
                engine.stop_recording(self._symbol)
        except WorkstationError as error:
            self._model.result_told.emit(Result(str(error), False))
        self.show_symbol(self._symbol)
