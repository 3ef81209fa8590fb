"""The footprint of the linked symbol, counted from its trades since the panel was first shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from widgets.controls.controls import IconButton, ToneLabel
from widgets.controls.segmented import Segmented
from widgets.controls.toolbar import Separator, TextButton, Toolbar, popup_below
from widgets.engine.engine_model import SLOW_FRAMES, EngineModel
from widgets.footprint.footprint_view import FootprintView
from widgets.ladder.ladder_panel import default_group
from widgets.ladder.ladder_view import next_group
from widgets.look.numbers import format_price
from widgets.look.tokens import Tone
from widgets.panels.recording_panel import RecordingPanel
from workstation.core.timeframe import TIMEFRAMES
from workstation.market.order_flow.footprint import Footprint

NAMES: Final = ("1m", "5m", "15m", "30m", "1h")
IMBALANCES: Final = (150, 200, 250, 300, 400, 500)
ROWS_A_BAR: Final = 9
BARS_LOOKED_AT: Final = 50
MOST_AT_ONCE: Final = 20_000
"""Trades that are counted when it is opened, in some hundredths of a second."""


class FootprintPanel(RecordingPanel):
    """Trades that the window still has are counted at once; hidden, counting goes on once a second."""

    def __init__(self, model: EngineModel, imbalance_percent: int, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self._symbol = ""
        self._count = 0
        self._grouped = False
        self._footprint = Footprint()
        self.view = FootprintView(self)
        self.view.scene.imbalance_percent = imbalance_percent
        self.bar = Toolbar(self)
        self.name = ToneLabel(weight=600)
        self.timeframes = Segmented(NAMES, framed=False)
        self.row = TextButton("1", "Price step of a row", opens=True)
        self.imbalance = TextButton(
            f"{imbalance_percent} %", "From how many times the other side, diagonally, a side stands out", opens=True
        )
        self.newest = IconButton("centre", "Show the newest bar and the price")
        self.timeframes.chosen.connect(lambda index: self.choose_timeframe(NAMES[index]))
        self.row.clicked.connect(lambda: popup_below(self.row_menu(), self.row))
        self.imbalance.clicked.connect(lambda: popup_below(self.imbalance_menu(), self.imbalance))
        self.newest.clicked.connect(self.view.scene.resume)
        self.newest.clicked.connect(self.view.update)
        self.view.group_changed.connect(self._show_group)
        model.market_began.connect(self._begin_anew)
        row = self.bar.row
        row.addWidget(self.name)
        row.addSpacing(6)
        row.addWidget(self.timeframes)
        row.addWidget(Separator())
        labels = [ToneLabel(text, Tone.LABEL) for text in ("Row", "Imbalance")]
        for label, button in zip(labels, (self.row, self.imbalance), strict=True):
            row.addWidget(label)
            row.addWidget(button)
        self.bar.leave_out(*labels, self.name, self.imbalance, self.row)
        row.addStretch(1)
        row.addWidget(self.newest)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.view, 1)

    def connections(self) -> Sequence[tuple[SignalInstance, Callable[..., Any]]]:
        return ((self.model.symbol_chosen, self.refresh),)

    def refresh(self) -> None:
        if self.model.symbol != self._symbol:
            self._take_symbol(self.model.symbol)
        self.record()
        self._show()

    def _take_symbol(self, symbol: str) -> None:
        instrument, scene = self.model.engine.market(symbol).instrument, self.view.scene
        self._symbol, self._grouped = symbol, False
        self._begin_record()
        self.name.setText(symbol)
        scene.tick, scene.lot = instrument.tick, instrument.lot

    def _begin_record(self) -> None:
        interval_ns = self._footprint.interval_ns
        self._count, self._footprint = 0, Footprint()
        self._footprint.choose(interval_ns)

    def _begin_anew(self) -> None:
        """Rows follow the first prices."""
        self._grouped = False

    @property
    def footprint(self) -> Footprint:
        return self._footprint

    # --- What is chosen ---------------------------------------------------------------------------------------------

    def choose_timeframe(self, name: str) -> None:
        """One of ``NAMES``."""
        self.timeframes.set_index(NAMES.index(name))
        self._footprint.choose(TIMEFRAMES[name])
        self._grouped = False
        self.view.scene.resume()
        self._show()

    def choose_imbalance(self, percent: int) -> None:
        """How much a side must have of the other, diagonally, to stand out."""
        self.view.scene.imbalance_percent = percent
        self.imbalance.set_text(f"{percent} %")
        self.view.update()

    def imbalance_menu(self) -> QMenu:
        menu, chosen = QMenu(self), self.view.scene.imbalance_percent
        for percent in sorted({*IMBALANCES, chosen}):
            action = menu.addAction(f"{percent} %")
            action.setCheckable(True)
            action.setChecked(percent == chosen)
            action.triggered.connect(lambda _=False, percent=percent: self.choose_imbalance(percent))
        return menu

    def row_menu(self) -> QMenu:
        menu, instrument = QMenu(self), self.model.engine.market(self._symbol).instrument
        group = self._fitting_group()
        for _ in range(4):
            group = next_group(group, up=False)
        for _ in range(9):
            action = menu.addAction(format_price(instrument.price(group), instrument.tick))
            action.setCheckable(True)
            action.setChecked(group == self.view.scene.group)
            action.triggered.connect(lambda _=False, group=group: self.view.set_group(group))
            group = next_group(group, up=True)
        return menu

    def _show_group(self, group: int) -> None:
        instrument = self.model.engine.market(self._symbol).instrument
        self.row.set_text(format_price(instrument.price(group), instrument.tick))

    def _fitting_group(self) -> int:
        """The grouping at which a usual bar of this timeframe takes some rows."""
        market = self.model.engine.market(self._symbol)
        series = market.series(self._footprint.interval_ns)
        if series is None or not len(series):
            return default_group(market)
        newest = slice(-BARS_LOOKED_AT, None)
        span = float(np.median(series.high[newest] - series.low[newest])) / market.instrument.tick_lossy
        group = 1
        while group * ROWS_A_BAR < span:
            group = next_group(group, up=True)
        return group

    # --- Taking in and showing --------------------------------------------------------------------------------------

    def record(self) -> None:
        if not self._symbol:
            return
        tape = self.model.heard.tapes[self._symbol]
        if tape.total < self._count:
            self._begin_record()  # a replay went back: what it has not come to is not shown
        before, self._count = self._count, tape.total
        trades = tape.since(max(before, tape.total - MOST_AT_ONCE))
        if before and tape.total - before > len(trades.ts_ns):
            self._footprint.missed()
        for ts_ns, ticks, lots, side in zip(*(column.tolist() for column in trades), strict=True):
            self._footprint.add(ts_ns, ticks, lots, side > 0)

    def draw(self, frame: int) -> None:
        if self.due(frame, SLOW_FRAMES):
            self._show()

    def _show(self) -> None:
        engine, scene = self.model.engine, self.view.scene
        market = engine.market(self._symbol)
        if not self._grouped and market.last_price:
            self._grouped = True
            self.view.set_group(self._fitting_group())
            self._show_group(self.view.scene.group)
        scene.bars, scene.interval_ns = self._footprint.bars, self._footprint.interval_ns
        scene.last_ticks = market.last_price
        scene.last_side = self.model.heard.last_side(self._symbol)
        scene.stale = bool(market.last_ns) and engine.now_ns() - market.last_ns > engine.stale_ns
        self.view.show_newest()
