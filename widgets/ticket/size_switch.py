"""The sizes of a symbol in a row; a right click opens what edits them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QWidget

from widgets.controls.segmented import Segmented
from widgets.engine.engine_model import EngineModel
from widgets.look.theme import current
from widgets.ticket.size_presets import SizePresets, size_texts
from widgets.ticket.sizes_editor import SizesEditor


class SizeSwitch(Segmented):
    """``picked`` carries the lots of the size that was clicked."""

    picked = Signal(int)

    def __init__(self, model: EngineModel, presets: SizePresets, *, stretch: bool, parent: QWidget) -> None:
        super().__init__(["–", "–", "–"], stretch=stretch, parent=parent)
        self._model = model
        self._presets = presets
        self._symbol = ""
        self.lots: list[int] = []
        self.chosen.connect(lambda index: self.picked.emit(self.lots[index]))
        presets.changed.connect(self._take_change)
        current().changed.connect(self._follow_marks)

    def take_symbol(self, symbol: str, index: int = 1) -> None:
        """Show the sizes of a symbol, with one of them chosen; -1 is none."""
        self._symbol = symbol
        market = self._model.engine.market(symbol)
        self.lots = self._presets.lots(market.instrument, market.last_price, self._model.account.equity)
        self.set_texts(size_texts(market.instrument, self.lots), min(index, len(self.lots) - 1))

    def _follow_marks(self) -> None:
        self._take_change(self._symbol)

    def _take_change(self, symbol: str) -> None:
        if symbol and symbol == self._symbol:
            self.take_symbol(symbol, self.index)

    def edit(self, below: QWidget) -> SizesEditor:
        """Open what edits them, below a widget."""
        instrument = self._model.engine.market(self._symbol).instrument
        editor = SizesEditor(instrument, self.lots, self)
        editor.kept.connect(lambda lots: self._presets.put(instrument, lots))
        editor.open_below(below)
        return editor

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.lots:
            self.edit(self)
