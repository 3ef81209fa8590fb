"""The tape of the linked symbol: every trade, whatever the display's pace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.controls.shown_size import ShownStep, shown_step
from widgets.engine.engine_model import SLOW_FRAMES, EngineModel
from widgets.panels.live_panel import LivePanel
from widgets.tape.tape_view import TapeView
from workstation.core.instrument import Instrument


def threshold_lots(instrument: Instrument, ticks: int, worth: Decimal) -> int | None:
    """Lots that are worth so much at a price; None without one."""
    if not ticks or not worth:
        return None
    quantity = worth / (Decimal(1) if instrument.valuation.inverse else instrument.price(ticks))
    return max(1, int(quantity / instrument.contract_size / instrument.lot))


class TapePanel(LivePanel):
    def __init__(self, model: EngineModel, threshold: Decimal, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._threshold = threshold
        self._symbol = ""
        self._count = 0
        self._shown = ShownStep(Decimal(1), 1)
        self.view = TapeView(self)
        model.market_began.connect(self._begin_anew)
        model.reloaded.connect(self._begin_anew)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.ticked, self._tick), (self.model.symbol_chosen, self.refresh))

    def refresh(self) -> None:
        symbol = self.model.symbol
        instrument = self.model.engine.market(symbol).instrument
        if symbol != self._symbol:
            self._symbol, self._count = symbol, 0
            self._shown = shown_step(instrument, self.model.engine.market(symbol).last_price)
            self.view.set_steps(instrument.tick, self._shown.step)
        self._measure()
        self._take()

    def _begin_anew(self) -> None:
        """Steps follow the first prices."""
        self._symbol = ""
        if self.listening:
            self.refresh()

    def _tick(self, frame: int) -> None:
        self._take()
        if frame % (SLOW_FRAMES * 4) == 0:
            self._measure()

    def _take(self) -> None:
        trades, self._count = self.model.trades_since(self._symbol, self._count)
        if trades:
            self.view.append([trade._replace(lots=self._shown.of(trade.lots)) for trade in trades])

    def _measure(self) -> None:
        market = self.model.engine.market(self._symbol)
        lots = threshold_lots(market.instrument, market.last_price, self._threshold)
        self.view.set_threshold(None if lots is None else self._shown.of(lots))
        age = self.model.engine.now_ns() - market.last_ns
        self.view.set_stale(bool(market.last_ns) and age > self.model.engine.stale_ns)
