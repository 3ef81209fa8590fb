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
from workstation.core.timeframe import MINUTE_NS, TIMEFRAME_NAMES, TIMEFRAMES

ROOM_ROUND_A_TRADE = 1.6
MOST_BARS = 2_000


class RunChartPanel(ResultPanel):
    def __init__(self, model: EngineModel, research: Research, parent: QWidget | None = None) -> None:
        super().__init__(model, research.shown, parent)
        self._research = research
        research.shown.trade_chosen.connect(self.show_trade)
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
        self.trades.chosen = self.shown.trade
        if shown is None:
            self.words.setText(self.shown.hint)
            self._clear()
            return
        run, rows = shown.result.run, shown.market.rows if shown.market is not None else np.empty((0, 6), np.int64)
        recorded = run.matching == "book"
        interval_ns = MINUTE_NS if recorded else TIMEFRAMES[run.timeframe]
        instrument = shown.instrument
        title = f"{KIND_WORDS[run.kind]} · {spaced(TIMEFRAME_NAMES[interval_ns])}"
        self.view.set_instrument(run.symbol, title, instrument.tick)
        self.words.setText(
            shown.title if len(rows) else f"{shown.title}: no bars of it were kept; its chart is in the replay."
        )
        prices = rows[:, 1:5] * float(instrument.tick)
        volume = rows[:, 5] * instrument.lot_lossy
        open_, high, low, close = prices.T
        self.view.set_bars(rows[:, 0] - interval_ns, open_, high, low, close, volume, bar_ns=interval_ns)
        fills = [fill for trade in shown.result.trades for fill in executions_of(trade)]
        self.view.set_fills(fills if len(rows) else [])
        self.trades.set_marks([mark_of(trade) for trade in shown.result.trades] if len(rows) else [])
        self.view.price_pane.surface.update()

    def _scale(self, logarithmic: bool) -> None:
        self.view.set_price_scale(PriceScale.LOGARITHMIC if logarithmic else PriceScale.LINEAR)

    def show_trade(self, number: int) -> None:
        """Mark a trade and bring it into the middle of the chart, whole where it is not too long."""
        shown = self._drawn
        if shown is None or not self._built:
            return
        self.trades.chosen = number
        trade = next((each for each in shown.result.trades if each.number == number), None)
        if trade is not None:
            bring_into_view(self.view, trade)
        self.view.price_pane.surface.update()

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


def bring_into_view(view: ChartView, trade: Trade) -> None:
    """Into the middle of a chart, whole where it is not too long; nothing where the chart has no bars."""
    series, state = view.model.series, view.viewport_state
    if not len(series):
        return
    entry, leave = float(series.index_at(trade.entry_ns)), float(series.index_at(trade.exit_ns))
    wanted = (leave - entry) * ROOM_ROUND_A_TRADE
    if state.bars < wanted <= MOST_BARS:
        state.zoom(state.bars / wanted, state.right)
    middle = (entry + leave) / 2 if leave - entry < state.bars else entry
    state.pan(middle - (state.left + state.right) / 2)
    view.refresh_ranges()


def executions_of(trade: Trade) -> list[Fill]:
    """Each where it was; of a run of an earlier version, which kept none, the averages at both ends."""
    if trade.executions:
        return [Fill(each.ts_ns, float(each.price), "buy" if each.side > 0 else "sell") for each in trade.executions]
    bought = trade.side > 0
    entry = Fill(trade.entry_ns, float(trade.entry_price), "buy" if bought else "sell")
    leave = Fill(trade.exit_ns, float(trade.exit_price), "sell" if bought else "buy")
    return [entry] if trade.is_open else [entry, leave]


def mark_of(trade: Trade) -> TradeMark:
    """As the chart draws it, with its result in R where its risk is known."""
    r = trade.r_multiple
    result = format_money(from_money(trade.net), signed=True) if r is None else format_multiple_of_risk(r, 1)
    return TradeMark(
        trade.entry_ns,
        trade.exit_ns,
        float(trade.entry_price),
        float(trade.exit_price),
        trade.net > 0,
        result,
        trade.number,
    )
