"""The depth chart of the linked symbol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.depth.depth_view import DepthView
from widgets.engine.engine_model import EngineModel
from widgets.panels.live_panel import LivePanel

LEVELS: Final = 500
EVERY_FRAMES: Final = 3


class DepthPanel(LivePanel):
    """Draws ten times a second: what stands far from the price moves slowly."""

    def __init__(self, model: EngineModel, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._symbol = ""
        self.view = DepthView(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.frames, self._tick), (self.model.symbol_chosen, self.refresh))

    def refresh(self) -> None:
        if self.model.symbol != self._symbol:
            self._symbol = self.model.symbol
            instrument = self.model.engine.market(self._symbol).instrument
            self.view.set_steps(instrument.tick, instrument.lot, instrument.base)
        self._show()

    def _tick(self, frame: int) -> None:
        if self.due(frame, EVERY_FRAMES):
            self._show()

    def _show(self) -> None:
        engine, market = self.model.engine, self.model.engine.market(self._symbol)
        old = bool(market.last_ns) and engine.now_ns() - market.last_ns > engine.stale_ns
        self.view.set_book(*market.top(LEVELS), stale=old or not market.synchronised)
