"""Starts and stops the recording of a symbol, and shows that it runs and how large it is."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from widgets.controls import IconButton
from widgets.engine_model import EngineModel, Result
from widgets.numbers import format_number
from workstation.core.errors import WorkstationError
from workstation.market.recordings.recorder import RunningRecording

MEGABYTE = 1_000_000


def size_words(size: int) -> str:
    """``640 bytes``, ``1.2 MB``."""
    if size < MEGABYTE // 10:
        return f"{format_number(size, 0)} bytes"
    return format_number(size / MEGABYTE, 1, unit="MB")


class RecordButton(IconButton):
    """Checked while the symbol is recorded. What is in the way is told in the banner."""

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
        words = f"Record books and trades of {symbol}" if running is None else self._running_words(running)
        self.setToolTip(words)
        self.setAccessibleName(words)

    def _running_words(self, running: RunningRecording) -> str:
        if not running.name:
            return f"Recording {running.symbol} begins with its next book. Press to stop."
        return f"Recording {running.symbol} in {running.name}, {size_words(running.size)}. Press to stop."

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
