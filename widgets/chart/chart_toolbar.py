"""The toolbar of a chart: timeframe or bars of trades, kind, indicators, drawing tools, scale."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from widgets.chart.chart_view import ChartView
from widgets.chart.kinds import ChartKind, PriceScale
from widgets.controls.controls import IconButton
from widgets.controls.segmented import Segmented
from widgets.controls.toolbar import Separator, TextButton, Toolbar, popup_below
from workstation.core.timeframe import TIMEFRAMES
from workstation.market.trade_bars import TradeBarKind

NEAR_TIMEFRAMES = ("1m", "5m", "15m", "1h", "4h", "1d")
TRADE_BAR_WORDS = {
    TradeBarKind.TICK: "Tick bars…",
    TradeBarKind.VOLUME: "Volume bars…",
    TradeBarKind.RANGE: "Range bars…",
    TradeBarKind.RENKO: "Renko bricks…",
}


class ChartToolbar(Toolbar):
    """Changes the view itself; what needs the engine it asks for."""

    timeframe_chosen = Signal(str)
    trade_bars_wanted = Signal(object)  # TradeBarKind
    indicators_wanted = Signal()
    new_chart_wanted = Signal()

    def __init__(self, view: ChartView, strip: QWidget, record: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.timeframe = ""
        self.timeframes = Segmented(NEAR_TIMEFRAMES, framed=False)
        self.timeframes.chosen.connect(lambda index: self.timeframe_chosen.emit(NEAR_TIMEFRAMES[index]))
        self.further = IconButton("chevron-down", "Further timeframes and bars of trades")
        self.further.clicked.connect(lambda: popup_below(self.timeframes_menu(), self.further))
        self.kind = TextButton(view.model.kind.word, "How bars are drawn", opens=True)
        self.kind.clicked.connect(lambda: popup_below(self.kinds_menu(), self.kind))
        view.kind_changed.connect(lambda kind: self.kind.set_text(kind.word))
        self.indicators = TextButton("Indicators", "Add, change and remove indicators")
        self.indicators.clicked.connect(self.indicators_wanted)
        self.auto = TextButton("Auto", "Fit prices to what is visible (Alt+A)", checkable=True)
        self.auto.setChecked(True)
        self.auto.toggled.connect(view.set_auto_scale)
        view.auto_scale_changed.connect(self.auto.setChecked)
        self.logarithmic = self._scale_switch("Log", "Logarithmic prices (Alt+L)", PriceScale.LOGARITHMIC)
        self.percent = self._scale_switch("%", "Percent since the first visible bar (Alt+P)", PriceScale.PERCENT)
        view.price_scale_changed.connect(self._show_scale)
        self.newest = IconButton("last", "Go to the newest bar and stay with it (End)")
        self.newest.clicked.connect(view.follow)
        self.whole = IconButton("expand", "Show all bars (Alt+F)")
        self.whole.clicked.connect(view.show_all)
        self.arm = IconButton("one-click", "Arm one-click trading: Ctrl+click on the chart orders", checkable=True)
        self.arm.hide()
        self.new = IconButton("plus", "New chart")
        self.new.clicked.connect(self.new_chart_wanted)
        left = (self.timeframes, self.further, Separator(), self.kind, self.indicators, Separator(), strip)
        for widget in left:
            self.row.addWidget(widget)
        self.row.addStretch(1)
        for widget in (self.arm, record, self.auto, self.logarithmic, self.percent, self.newest, self.whole, self.new):
            self.row.addWidget(widget)

    def show_timeframe(self, timeframe: str) -> None:
        """Mark what the chart shows, 15m or range 50."""
        self.timeframe = timeframe
        near = timeframe in NEAR_TIMEFRAMES
        self.timeframes.set_index(NEAR_TIMEFRAMES.index(timeframe) if near else -1)
        self.further.setToolTip("Further timeframes and bars of trades" if near else f"Now {timeframe}")

    def timeframes_menu(self) -> QMenu:
        """Further timeframes, then bars of trades, whose size is asked for."""
        menu = QMenu(self)
        for name in TIMEFRAMES:
            if name not in NEAR_TIMEFRAMES:
                _offer(menu, name, name == self.timeframe, partial(self.timeframe_chosen.emit, name))
        menu.addSeparator()
        for kind, words in TRADE_BAR_WORDS.items():
            on = self.timeframe.startswith(f"{kind} ")
            _offer(menu, words, on, partial(self.trade_bars_wanted.emit, kind))
        return menu

    def kinds_menu(self) -> QMenu:
        menu = QMenu(self)
        for kind in ChartKind:
            _offer(menu, kind.word, kind is self._view.model.kind, partial(self._view.set_kind, kind))
        return menu

    def _scale_switch(self, text: str, tip: str, scale: PriceScale) -> TextButton:
        button = TextButton(text, tip, checkable=True)
        button.clicked.connect(lambda on: self._view.set_price_scale(scale if on else PriceScale.LINEAR))
        return button

    def _show_scale(self, scale: PriceScale) -> None:
        self.logarithmic.setChecked(scale is PriceScale.LOGARITHMIC)
        self.percent.setChecked(scale is PriceScale.PERCENT)


def _offer(menu: QMenu, text: str, on: bool, act: Callable[[], object]) -> QAction:
    action = menu.addAction(text)
    action.setCheckable(True)
    action.setChecked(on)
    action.triggered.connect(lambda _=False: act())
    return action
