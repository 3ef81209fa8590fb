"""The shown run on a chart of its own: its candles, entries and exits, and what each trade came to."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.chart.chart_feed import KIND_WORDS, spaced
from widgets.chart.chart_view import ChartView
from widgets.chart.kinds import PriceScale
from widgets.chart.model import Fill
from widgets.controls.controls import Button, IconButton, ToneLabel
from widgets.controls.toolbar import TextButton, Toolbar
from widgets.engine.engine_model import EngineModel
from widgets.look.numbers import format_money, format_multiple_of_risk
from widgets.look.tokens import Tone
from widgets.research.research import Research
from widgets.research.result_panels import ResultPanel
from widgets.research.shown_result import Shown
from widgets.research.trade_layer import TradeLayer, TradeMark
from workstation.backtest.round_trips import Trade
from workstation.core.money import from_money
from workstation.core.timeframe import TIMEFRAMES

SHOWN_BARS = 160


class RunChartPanel(ResultPanel):
    def __init__(self, model: EngineModel, research: Research, parent: QWidget | None = None) -> None:
        super().__init__(model, research.shown, parent)
        self._research = research
        research.trade_wanted.connect(self.show_time)
        self._drawn: Shown | None = None

    def build(self) -> None:
        self.view = ChartView(self)
        self.trades = TradeLayer()
        self.view.price_pane.surface.add_layer(self.trades)
        self.words = ToneLabel("", Tone.LABEL)
        self.replay = Button("Replay", icon="play")
        self.replay.setToolTip("Go through this run bar by bar, as it was, with nothing of what came later.")
        self.replay.clicked.connect(self._replay)
        self.logarithmic = TextButton("Log", "Logarithmic prices", checkable=True)
        self.logarithmic.toggled.connect(self._scale)
        self.newest = IconButton("last", "Go to the last bar")
        self.newest.clicked.connect(self.view.follow)
        self.whole = IconButton("expand", "Show all bars")
        self.whole.clicked.connect(self.view.show_all)
        bar = Toolbar()
        bar.row.addWidget(self.words, 1)
        self.report = Button("Report")
        self.report.setToolTip("Open the HTML report of this run in the browser.")
        self.report.clicked.connect(self._open_report)
        for widget in (self.replay, self.report, self.logarithmic, self.newest, self.whole):
            bar.row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self.view, 1)

    def show_result(self, shown: Shown | None) -> None:
        self.replay.setEnabled(shown is not None)
        self.report.setEnabled(shown is not None and shown.report is not None)
        if shown is self._drawn and shown is not None:
            return
        self._drawn = shown
        if shown is None:
            self.words.setText(self.shown.hint)
            self._clear()
            return
        run, rows = shown.result.run, shown.market.rows if shown.market is not None else np.empty((0, 6), np.int64)
        interval_ns = TIMEFRAMES[run.timeframe]
        instrument = shown.instrument
        title = f"{KIND_WORDS[instrument.kind]} · {spaced(run.timeframe)}"
        self.view.set_instrument(run.symbol, title, instrument.tick)
        self.words.setText(
            shown.title if len(rows) else f"{shown.title}: run over a recording; its chart is in the replay."
        )
        prices = rows[:, 1:5] * float(instrument.tick)
        volume = rows[:, 5] * instrument.lot_lossy
        open_, high, low, close = prices.T
        self.view.set_bars(rows[:, 0] - interval_ns, open_, high, low, close, volume, bar_ns=interval_ns)
        fills = [fill for trade in shown.result.trades for fill in _fills(trade)]
        self.view.set_fills(fills if len(rows) else [])
        self.trades.set_marks([_mark(trade) for trade in shown.result.trades] if len(rows) else [])
        self.view.price_pane.surface.update()

    def _scale(self, logarithmic: bool) -> None:
        self.view.set_price_scale(PriceScale.LOGARITHMIC if logarithmic else PriceScale.LINEAR)

    def show_time(self, time_ns: int) -> None:
        """Bring a moment into the middle of the chart."""
        series = self.view.model.series
        if not len(series):
            return
        state = self.view.viewport_state
        middle = (state.left + state.right) / 2
        state.pan(float(series.index_at(time_ns)) - middle)
        self.view.refresh_ranges()

    def _clear(self) -> None:
        empty = np.empty(0)
        self.view.set_bars(np.empty(0, np.int64), empty, empty, empty, empty, empty)
        self.view.set_fills([])
        self.trades.set_marks([])

    def _open_report(self) -> None:
        if self._drawn is not None and self._drawn.report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._drawn.report)))

    def _replay(self) -> None:
        if self._drawn is not None:
            self._research.replay_run(self._drawn.number)


def _fills(trade: Trade) -> list[Fill]:
    bought = trade.side > 0
    entry = Fill(trade.entry_ns, float(trade.entry_price), "buy" if bought else "sell")
    leave = Fill(trade.exit_ns, float(trade.exit_price), "sell" if bought else "buy")
    return [entry] if trade.is_open else [entry, leave]


def _mark(trade: Trade) -> TradeMark:
    r = trade.r_multiple
    result = format_money(from_money(trade.net), signed=True) if r is None else format_multiple_of_risk(r, 1)
    return TradeMark(
        trade.entry_ns, trade.exit_ns, float(trade.entry_price), float(trade.exit_price), trade.net > 0, result
    )
